use std::fmt::Write;

use super::parse;

fn refused(text: &str) -> String {
    parse(text).expect_err("refused").message
}

#[test]
fn what_is_nested_too_deeply_is_refused_and_not_followed() {
    for (open, close) in [("(", ")"), ("CAST(", " AS Utf8)"), ("a IN (", ")")] {
        let nested = |levels: usize| {
            let (open, close) = (open.repeat(levels), close.repeat(levels));
            format!("SELECT {open}1{close}")
        };
        parse(&nested(60)).expect("some levels");
        assert!(refused(&nested(100_000)).contains("levels"), "{open}");
    }
    let selects = "SELECT * FROM (".repeat(10_000);
    assert!(refused(&selects).contains("levels of brackets"));
}

#[test]
fn a_long_chain_is_refused_before_it_is_too_high() {
    for link in [" + 1", " AND 1", " OR 1", " || 1", " ?? 1", " * 1"] {
        let chain = |links: usize| format!("SELECT 1{}", link.repeat(links));
        parse(&chain(199)).expect("some links");
        assert!(refused(&chain(100_000)).contains("levels"), "{link}");
    }
    for sign in ["NOT ", "- "] {
        let signs = format!("SELECT {}1", sign.repeat(100_000));
        assert!(refused(&signs).contains("levels"), "{sign}");
    }
    let list = format!("SELECT 1 IN (1{})", ", 1".repeat(100_000));
    parse(&list).expect("a list isn't high");
}

#[test]
fn names_that_stand_for_ever_more_are_refused() {
    for (first, next) in [
        ("1", "$a{n} + $a{n}"),
        (
            "(SELECT 1 AS x)",
            "(SELECT * FROM $a{n} AS l CROSS JOIN $a{n} AS r)",
        ),
        ("1", "CASE $a{n} WHEN 1 THEN 2 WHEN 3 THEN 4 ELSE 5 END"),
    ] {
        let mut script = format!("$a0 = {first};\n");
        for number in 0..60 {
            let next = next.replace("{n}", &number.to_string());
            writeln!(script, "$a{} = {next};", number + 1).expect("text");
        }
        assert!(refused(&script).contains("names that stand for"), "{next}");
    }
}

#[test]
fn names_of_names_are_not_followed_for_ever() {
    let mut higher = "$a = 1;\n".to_owned();
    let mut deeper = "$a = (SELECT 1 AS x);\n".to_owned();
    for _ in 0..300 {
        higher.push_str("$a = $a + 1;\n");
        deeper.push_str("$a = (SELECT * FROM $a);\n");
    }
    assert!(refused(&higher).contains("levels"));
    assert!(refused(&deeper).contains("levels"));
}

/// Every token has its place, and a megabyte of them isn't looked at a million times.
#[test]
fn places_of_a_long_script_are_counted_once() {
    let script = format!("SELECT 1;\n{}", "SELECT 2;\n".repeat(100_000));
    let end = parse(&format!("{script}  ?")).expect_err("no statement");
    let place = end.place.expect("a place");
    assert_eq!((place.row, place.column), (100_002, 3));
}
