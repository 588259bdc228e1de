//! Expressions, by precedence: `OR`, `AND`, `NOT`, comparisons, `??`, sums,
//! products, signs.

use super::ast::{Expression, List, Name, Operator};
use super::bound::{Bound, What};
use super::cursor::Cursor;
use super::lexer::Token;
use super::part::Part;
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
    let part = part(cursor)?;
    cursor.saw_height(part.height);
    Ok(part.value)
}

/// The same with its height; brackets inside of brackets are read by this.
pub(super) fn part(cursor: &mut Cursor) -> Result<Part, YdbError> {
    cursor.deeper(|cursor| {
        let mut left = conjunction(cursor)?;
        while cursor.keyword("OR") {
            let right = conjunction(cursor)?;
            left = Part::binary(cursor, Operator::Or, left, right)?;
        }
        Ok(left)
    })
}

fn conjunction(cursor: &mut Cursor) -> Result<Part, YdbError> {
    let mut left = negation(cursor)?;
    while cursor.keyword("AND") {
        let right = negation(cursor)?;
        left = Part::binary(cursor, Operator::And, left, right)?;
    }
    Ok(left)
}

fn negation(cursor: &mut Cursor) -> Result<Part, YdbError> {
    let mut negations = 0;
    while cursor.keyword("NOT") {
        negations += 1;
    }
    let mut value = comparison(cursor)?;
    for _ in 0..negations {
        let not = Expression::Not(Box::new(value.value));
        value = Part::round(cursor, value.height, not)?;
    }
    Ok(value)
}

fn comparison(cursor: &mut Cursor) -> Result<Part, YdbError> {
    let left = coalesced(cursor)?;
    if cursor.keyword("IS") {
        let negated = cursor.keyword("NOT");
        cursor.expect_keyword("NULL")?;
        let value = Box::new(left.value);
        return Part::round(cursor, left.height, Expression::IsNull { value, negated });
    }
    let negated = cursor.keywords("NOT", "IN");
    if negated || cursor.keyword("IN") {
        let (list, height) = list(cursor)?;
        let value = Box::new(left.value);
        let found = Expression::In {
            value,
            list,
            negated,
        };
        return Part::round(cursor, height.max(left.height), found);
    }
    if cursor.keyword("LIKE") {
        let right = coalesced(cursor)?;
        return Part::binary(cursor, Operator::Like, left, right);
    }
    match COMPARISONS.iter().find(|(mark, _)| cursor.mark(mark)) {
        Some((_, operator)) => {
            let right = coalesced(cursor)?;
            Part::binary(cursor, *operator, left, right)
        }
        None => Ok(left),
    }
}

/// What follows `IN`, and its height.
fn list(cursor: &mut Cursor) -> Result<(List, usize), YdbError> {
    if cursor.bracketed_select() {
        let (select, height) = cursor.measured(select)?;
        cursor.expect_mark(")")?;
        return Ok((List::Select(Box::new(select)), height));
    }
    if let Some(Token::Parameter(name)) = cursor.peek().cloned() {
        let bound = cursor.bound(&name)?;
        let parameter = cursor.parameter()?;
        return Ok(match bound {
            Some(Bound {
                what: What::Select(select),
                height,
                ..
            }) => (List::Select(select), height),
            _ => (List::Parameter(parameter), 1),
        });
    }
    cursor.expect_mark("(")?;
    let (items, height) = parts(cursor)?;
    cursor.expect_mark(")")?;
    Ok((List::Items(items), height))
}

/// One or more with commas between, and the height of the highest.
fn parts(cursor: &mut Cursor) -> Result<(Vec<Expression>, usize), YdbError> {
    let parts = cursor.list(part)?;
    let height = parts.iter().map(|part| part.height).max();
    let values = parts.into_iter().map(|part| part.value).collect();
    Ok((values, height.unwrap_or_default()))
}

/// `a ?? b ?? c` is `a ?? (b ?? c)`.
fn coalesced(cursor: &mut Cursor) -> Result<Part, YdbError> {
    let mut parts = vec![sum(cursor)?];
    while cursor.mark("??") {
        parts.push(sum(cursor)?);
    }
    let last = parts.pop();
    let Some(mut right) = last else {
        return Err(cursor.unexpected("an expression"));
    };
    while let Some(left) = parts.pop() {
        right = Part::binary(cursor, Operator::Coalesce, left, right)?;
    }
    Ok(right)
}

fn sum(cursor: &mut Cursor) -> Result<Part, YdbError> {
    level(cursor, SUMS, |cursor| level(cursor, PRODUCTS, signed))
}

fn level(
    cursor: &mut Cursor,
    operators: &[(&str, Operator)],
    next: impl Fn(&mut Cursor) -> Result<Part, YdbError>,
) -> Result<Part, YdbError> {
    let mut left = next(cursor)?;
    while let Some((_, operator)) = operators.iter().find(|(mark, _)| cursor.mark(mark)) {
        let right = next(cursor)?;
        left = Part::binary(cursor, *operator, left, right)?;
    }
    Ok(left)
}

fn signed(cursor: &mut Cursor) -> Result<Part, YdbError> {
    let mut signs = 0;
    while cursor.mark("-") {
        signs += 1;
    }
    let mut value = atom(cursor)?;
    for _ in 0..signs {
        let negative = Expression::Negative(Box::new(value.value));
        value = Part::round(cursor, value.height, negative)?;
    }
    Ok(value)
}

fn atom(cursor: &mut Cursor) -> Result<Part, YdbError> {
    if cursor.mark("(") {
        let inner = part(cursor)?;
        cursor.expect_mark(")")?;
        return Ok(inner);
    }
    let leaf = match cursor.peek().cloned() {
        Some(Token::Integer(digits, suffix)) => {
            let value = digits
                .parse()
                .map_err(|_| cursor.unexpected("a 64-bit number"))?;
            cursor.next();
            let kind = SUFFIXES.iter().find(|(own, _)| *own == suffix);
            Expression::Integer {
                value,
                kind: kind.map(|(_, kind)| *kind),
            }
        }
        Some(Token::Decimal(digits)) => {
            let number = digits.parse().map_err(|_| cursor.unexpected("a number"))?;
            cursor.next();
            Expression::Decimal(number)
        }
        Some(Token::Text(text)) => {
            cursor.next();
            Expression::Text(text)
        }
        Some(Token::Utf8(text)) => {
            cursor.next();
            Expression::Utf8(text)
        }
        Some(Token::Parameter(text)) => return parameter(cursor, &text),
        Some(Token::Quoted(_)) => column(cursor)?,
        Some(Token::Word(_)) => return word(cursor),
        Some(Token::Mark(_)) | None => return Err(cursor.unexpected("an expression")),
    };
    Ok(Part::leaf(leaf))
}

/// `$name`: what it is bound to, or a parameter.
fn parameter(cursor: &mut Cursor, name: &str) -> Result<Part, YdbError> {
    match cursor.bound(name)? {
        None => Ok(Part::leaf(Expression::Parameter(cursor.parameter()?))),
        Some(Bound {
            what: What::Expression(value),
            height,
            ..
        }) => {
            cursor.next();
            Part::round(cursor, height, *value)
        }
        Some(Bound {
            what: What::Select(_),
            ..
        }) => Err(cursor.unsupported("a SELECT as a value")),
    }
}

/// A constant, a cast, a call, or a column.
fn word(cursor: &mut Cursor) -> Result<Part, YdbError> {
    for (keyword, constant) in [
        ("NULL", Expression::Null),
        ("TRUE", Expression::Bool(true)),
        ("FALSE", Expression::Bool(false)),
    ] {
        if cursor.keyword(keyword) {
            return Ok(Part::leaf(constant));
        }
    }
    if cursor.is_keyword("SELECT") {
        return Err(cursor.unsupported("SELECT inside an expression"));
    }
    if cursor.keyword("CASE") {
        return super::case::case(cursor);
    }
    if cursor.keyword("CAST") {
        cursor.expect_mark("(")?;
        let Part { value, height } = part(cursor)?;
        cursor.expect_keyword("AS")?;
        let kind = cursor.primitive()?;
        cursor.expect_mark(")")?;
        let value = Box::new(value);
        return Part::round(cursor, height, Expression::Cast { value, kind });
    }
    let name = cursor.name("an expression")?;
    if cursor.mark("::") {
        return Err(cursor.unsupported(&format!("the module {}", name.text)));
    }
    if cursor.mark("(") {
        return call(cursor, name);
    }
    member(cursor, name).map(Part::leaf)
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

fn call(cursor: &mut Cursor, function: Name) -> Result<Part, YdbError> {
    let counts = function.text.eq_ignore_ascii_case("COUNT");
    if counts && cursor.mark("*") {
        cursor.expect_mark(")")?;
        return Ok(Part::leaf(Expression::CountAll));
    }
    if counts && cursor.keyword("DISTINCT") {
        let Part { value, height } = part(cursor)?;
        cursor.expect_mark(")")?;
        let count = Expression::CountDistinct(Box::new(value));
        return Part::round(cursor, height, count);
    }
    if function.text.eq_ignore_ascii_case("IF") {
        return super::case::condition(cursor);
    }
    let (arguments, height) = if cursor.mark(")") {
        (Vec::new(), 0)
    } else {
        let arguments = parts(cursor)?;
        cursor.expect_mark(")")?;
        arguments
    };
    let call = Expression::Call {
        function,
        arguments,
    };
    Part::round(cursor, height, call)
}
