//! What YDB takes from outside: scripts and gRPC messages.

mod bench;
mod messages;
mod requests;
mod streams;

use super::engine::Query;
use super::yql::parse;
use bench::Bench;

pub(crate) use requests::grpc;

/// A script is understood or refused, in the same way when a comment follows.
pub(crate) fn yql(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let parsed = parse(text);
    let commented = parse(&format!("{text}\n-- the end"));
    match (parsed, commented) {
        (Ok(script), commented) => assert_eq!(Ok(script), commented),
        // Where something is missing at the end, the comment may be the wrong thing
        // inside of quotes.
        (Err(_), commented) => assert!(commented.is_err(), "{commented:?}"),
    }
}

/// A script runs in a database or is refused, as its plan says; afterwards the
/// database works.
pub(crate) fn queries(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    Bench::with(|bench| {
        let query = Query {
            text: text.to_owned(),
            parameters: bench::parameters(),
            rights: bench::ALL_RIGHTS,
        };
        let database = bench.database();
        let explained = database.explain(&query);
        assert_eq!(database.explain(&query), explained, "a second look");
        let ran = database.run_alone(&query);
        // A definition changes what later statements of its script mean.
        let defines = parse(text).is_ok_and(|script| {
            let mut statements = script.statements.iter();
            statements.any(super::yql::ast::Statement::is_definition)
        });
        if let Err(refused) = explained
            && !defines
        {
            assert_eq!(ran, Err(refused), "what can't be planned ran");
        }
    });
}
