//! Expressions, by precedence: `OR`, `AND`, `NOT`, comparisons, `??`, sums,
//! products, signs.

use super::ast::{Expression, List, Name, Operator};
use super::cursor::{Bound, Cursor};
use super::lexer::Token;
use super::select::select;
use crate::ydb::status::YdbError;
use crate::ydb::types::Primitive;

/// Marks of each level, loosest first.
const COMPARISONS: &[(&str, Operator)] = &[
    ("==", Operator::Equal),
    ("=", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<>", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];
const SUMS: &[(&str, Operator)] = &[
    ("+", Operator::Add),
    ("-", Operator::Subtract),
    ("||", Operator::Concatenate),
];
const PRODUCTS: &[(&str, Operator)] = &[
    ("*", Operator::Multiply),
    ("/", Operator::Divide),
    ("%", Operator::Remainder),
];

/// Suffixes of whole numbers.
const SUFFIXES: &[(&str, Primitive)] = &[
    ("t", Primitive::Int8),
    ("s", Primitive::Int16),
    ("l", Primitive::Int64),
    ("ut", Primitive::Uint8),
    ("us", Primitive::Uint16),
    ("u", Primitive::Uint32),
    ("ul", Primitive::Uint64),
];

/// Any expression.
pub(super) fn expression(cursor: &mut Cursor) -> Result<Expression, YdbError> {
    let mut left = conjunction(cursor)?;
    while cursor.keyword("OR") {
        left = binary(Operator::Or, left, conjunction(cursor)?);
    }
    Ok(left)
}

fn binary(operator: Operator, left: Expression, right: Expression) -> Expression {
    Expression::Binary {
        operator,
        left: Box::new(left),
        right: Box::new(right),
    }
}

fn conjunction(cursor: &mut Cursor) -> Result<Expression, YdbError> {
    let mut left = negation(cursor)?;
    while cursor.keyword("AND") {
        left = binary(Operator::And, left, negation(cursor)?);
    }
    Ok(left)
}

fn negation(cursor: &mut Cursor) -> Result<Expression, YdbError> {
    if cursor.keyword("NOT") {
        return Ok(Expression::Not(Box::new(negation(cursor)?)));
    }
    comparison(cursor)
}

fn comparison(cursor: &mut Cursor) -> Result<Expression, YdbError> {
    let left = coalesced(cursor)?;
    if cursor.keyword("IS") {
        let negated = cursor.keyword("NOT");
        cursor.expect_keyword("NULL")?;
        let value = Box::new(left);
        return Ok(Expression::IsNull { value, negated });
    }
    let negated = cursor.keywords("NOT", "IN");
    if negated || cursor.keyword("IN") {
        return Ok(Expression::In {
            value: Box::new(left),
            list: list(cursor)?,
            negated,
        });
    }
    if cursor.keyword("LIKE") {
        return Ok(binary(Operator::Like, left, coalesced(cursor)?));
    }
    match COMPARISONS.iter().find(|(mark, _)| cursor.mark(mark)) {
        Some((_, operator)) => Ok(binary(*operator, left, coalesced(cursor)?)),
        None => Ok(left),
    }
}

/// What follows `IN`.
fn list(cursor: &mut Cursor) -> Result<List, YdbError> {
    if cursor.bracketed_select() {
        let select = select(cursor)?;
        cursor.expect_mark(")")?;
        return Ok(List::Select(Box::new(select)));
    }
    if let Some(Token::Parameter(name)) = cursor.peek() {
        let bound = cursor.bound(name);
        let parameter = cursor.parameter()?;
        return Ok(match bound {
            Some(Bound::Select(select)) => List::Select(select),
            _ => List::Parameter(parameter),
        });
    }
    cursor.expect_mark("(")?;
    let items = cursor.list(expression)?;
    cursor.expect_mark(")")?;
    Ok(List::Items(items))
}

fn coalesced(cursor: &mut Cursor) -> Result<Expression, YdbError> {
    let left = level(cursor, SUMS, |cursor| level(cursor, PRODUCTS, signed))?;
    if cursor.mark("??") {
        return Ok(binary(Operator::Coalesce, left, coalesced(cursor)?));
    }
    Ok(left)
}

fn level(
    cursor: &mut Cursor,
    operators: &[(&str, Operator)],
    part: impl Fn(&mut Cursor) -> Result<Expression, YdbError>,
) -> Result<Expression, YdbError> {
    let mut left = part(cursor)?;
    while let Some((_, operator)) = operators.iter().find(|(mark, _)| cursor.mark(mark)) {
        left = binary(*operator, left, part(cursor)?);
    }
    Ok(left)
}

fn signed(cursor: &mut Cursor) -> Result<Expression, YdbError> {
    if cursor.mark("-") {
        return Ok(Expression::Negative(Box::new(signed(cursor)?)));
    }
    atom(cursor)
}

fn atom(cursor: &mut Cursor) -> Result<Expression, YdbError> {
    if cursor.mark("(") {
        let inner = expression(cursor)?;
        cursor.expect_mark(")")?;
        return Ok(inner);
    }
    match cursor.peek().cloned() {
        Some(Token::Integer(digits, suffix)) => {
            let value = digits
                .parse()
                .map_err(|_| cursor.unexpected("a 64-bit number"))?;
            cursor.next();
            let kind = SUFFIXES.iter().find(|(own, _)| *own == suffix);
            Ok(Expression::Integer {
                value,
                kind: kind.map(|(_, kind)| *kind),
            })
        }
        Some(Token::Decimal(digits)) => {
            let number = digits.parse().map_err(|_| cursor.unexpected("a number"))?;
            cursor.next();
            Ok(Expression::Decimal(number))
        }
        Some(Token::Text(text)) => {
            cursor.next();
            Ok(Expression::Text(text))
        }
        Some(Token::Utf8(text)) => {
            cursor.next();
            Ok(Expression::Utf8(text))
        }
        Some(Token::Parameter(text)) => match cursor.bound(&text) {
            None => Ok(Expression::Parameter(cursor.parameter()?)),
            Some(Bound::Expression(value)) => {
                cursor.next();
                Ok(*value)
            }
            Some(Bound::Select(_)) => Err(cursor.unsupported("a SELECT as a value")),
        },
        Some(Token::Quoted(_)) => column(cursor),
        Some(Token::Word(_)) => word(cursor),
        Some(Token::Mark(_)) | None => Err(cursor.unexpected("an expression")),
    }
}

/// A constant, a cast, a call, or a column.
fn word(cursor: &mut Cursor) -> Result<Expression, YdbError> {
    for (keyword, constant) in [
        ("NULL", Expression::Null),
        ("TRUE", Expression::Bool(true)),
        ("FALSE", Expression::Bool(false)),
    ] {
        if cursor.keyword(keyword) {
            return Ok(constant);
        }
    }
    if cursor.is_keyword("SELECT") {
        return Err(cursor.unsupported("SELECT inside an expression"));
    }
    if cursor.keyword("CASE") {
        return case(cursor);
    }
    if cursor.keyword("CAST") {
        cursor.expect_mark("(")?;
        let value = Box::new(expression(cursor)?);
        cursor.expect_keyword("AS")?;
        let kind = cursor.primitive()?;
        cursor.expect_mark(")")?;
        return Ok(Expression::Cast { value, kind });
    }
    let name = cursor.name("an expression")?;
    if cursor.mark("::") {
        return Err(cursor.unsupported(&format!("the module {}", name.text)));
    }
    if cursor.mark("(") {
        return call(cursor, name);
    }
    member(cursor, name)
}

/// A column, quoted or not.
fn column(cursor: &mut Cursor) -> Result<Expression, YdbError> {
    let name = cursor.name("a column")?;
    member(cursor, name)
}

/// `relation.column` when a point follows.
fn member(cursor: &mut Cursor, name: Name) -> Result<Expression, YdbError> {
    if !cursor.mark(".") {
        return Ok(Expression::Column(name));
    }
    Ok(Expression::Member {
        relation: name,
        column: cursor.name("a column")?,
    })
}

/// What follows `CASE`: conditions, or values that are compared with one.
fn case(cursor: &mut Cursor) -> Result<Expression, YdbError> {
    let sought = if cursor.is_keyword("WHEN") {
        None
    } else {
        Some(expression(cursor)?)
    };
    let mut branches = Vec::new();
    while cursor.keyword("WHEN") {
        let when = expression(cursor)?;
        let when = match &sought {
            Some(sought) => binary(Operator::Equal, sought.clone(), when),
            None => when,
        };
        cursor.expect_keyword("THEN")?;
        branches.push((when, expression(cursor)?));
    }
    if branches.is_empty() {
        return Err(cursor.unexpected("WHEN"));
    }
    // YQL has no CASE without it.
    cursor.expect_keyword("ELSE")?;
    let otherwise = Box::new(expression(cursor)?);
    cursor.expect_keyword("END")?;
    Ok(Expression::Case {
        branches,
        otherwise,
    })
}

fn call(cursor: &mut Cursor, function: Name) -> Result<Expression, YdbError> {
    let counts = function.text.eq_ignore_ascii_case("COUNT");
    if counts && cursor.mark("*") {
        cursor.expect_mark(")")?;
        return Ok(Expression::CountAll);
    }
    if counts && cursor.keyword("DISTINCT") {
        let value = Box::new(expression(cursor)?);
        cursor.expect_mark(")")?;
        return Ok(Expression::CountDistinct(value));
    }
    if function.text.eq_ignore_ascii_case("IF") {
        return condition(cursor);
    }
    let arguments = if cursor.mark(")") {
        Vec::new()
    } else {
        let arguments = cursor.list(expression)?;
        cursor.expect_mark(")")?;
        arguments
    };
    Ok(Expression::Call {
        function,
        arguments,
    })
}

/// What follows `IF(`.
fn condition(cursor: &mut Cursor) -> Result<Expression, YdbError> {
    let when = expression(cursor)?;
    cursor.expect_mark(",")?;
    let then = expression(cursor)?;
    let otherwise = if cursor.mark(",") {
        expression(cursor)?
    } else {
        Expression::Null
    };
    cursor.expect_mark(")")?;
    Ok(Expression::Case {
        branches: vec![(when, then)],
        otherwise: Box::new(otherwise),
    })
}
