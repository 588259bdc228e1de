//! What may become of a good answer on its way.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};

/// An answer of the cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
}

const JSON: &str = "application/json";
const STATUSES: [u16; 18] = [
    200, 201, 202, 204, 301, 400, 401, 403, 404, 405, 409, 412, 418, 429, 500, 501, 503, 504,
];
/// Of texts: what an enumeration doesn't have, what would be another path, what
/// isn't a name, a number, a time or a duration.
const TEXTS: [&str; 12] = [
    "",
    " ",
    "SOMETHING_NEW",
    "../../endpoints",
    "a/b?c=d#e",
    "-1",
    "99999999999999999999999999",
    "0001-01-01T00:00:00Z",
    "2026-13-45T99:99:99Z",
    "1e9s",
    "\u{202e}\u{0}\u{feff}",
    "http://127.0.0.1:1/nowhere",
];

/// A good answer, spoilt in one way.
pub(crate) fn spoilt(mut answer: Answer, random: &mut StdRng) -> Answer {
    match random.random_range(0..12) {
        0 => {
            let end = random.random_range(0..=answer.body.len());
            answer.body.truncate(end);
        }
        1 => {
            answer.status = *[200, 404, 502, 503].choose(random).unwrap_or(&502);
            answer.content_type = "text/html";
            answer.body = b"<html><body><h1>502 Bad Gateway</h1></body></html>".to_vec();
        }
        2 => answer.status = *STATUSES.choose(random).unwrap_or(&500),
        3 => answer.body.clear(),
        4 => {
            let code = random.random_range(-1..20);
            let message = *TEXTS.choose(random).unwrap_or(&"");
            answer.status = *STATUSES.choose(random).unwrap_or(&500);
            answer.body = json!({ "code": code, "message": message, "details": [{}, 7] })
                .to_string()
                .into_bytes();
        }
        5 => {
            let depth = random.random_range(1..2000);
            answer.body = ["[".repeat(depth), "]".repeat(depth)].concat().into_bytes();
        }
        6 => {
            let place = random.random_range(0..=answer.body.len());
            answer.body.insert(place, random.random());
        }
        _ => {
            if let Ok(mut value) = serde_json::from_slice(&answer.body) {
                for _ in 0..random.random_range(1..=3) {
                    spoil(&mut value, random);
                }
                answer.content_type = JSON;
                answer.body = value.to_string().into_bytes();
            }
        }
    }
    answer
}

/// Spoils something within: a field goes, or something becomes another thing.
fn spoil(value: &mut Value, random: &mut StdRng) {
    let deeper = random.random_bool(0.75);
    match value {
        Value::Object(fields) if deeper && !fields.is_empty() => {
            let chosen = random.random_range(0..fields.len());
            let Some(name) = fields.keys().nth(chosen).cloned() else {
                return;
            };
            if random.random_bool(0.2) {
                fields.remove(&name);
            } else if let Some(field) = fields.get_mut(&name) {
                spoil(field, random);
            }
        }
        Value::Array(all) if deeper && !all.is_empty() => {
            let chosen = random.random_range(0..all.len());
            match random.random_range(0..4) {
                0 => drop(all.remove(chosen)),
                1 => all.push(all[chosen].clone()),
                _ => spoil(&mut all[chosen], random),
            }
        }
        _ => *value = nonsense(random),
    }
}

fn nonsense(random: &mut StdRng) -> Value {
    match random.random_range(0..9) {
        0 => Value::Null,
        1 => json!([]),
        2 => json!({}),
        3 => json!(random.random_bool(0.5)),
        4 => json!(i64::MIN),
        5 => json!(u64::MAX),
        6 => json!(1.5e300),
        7 => json!("x".repeat(random.random_range(0..100_000))),
        _ => json!(TEXTS.choose(random)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng;

    use super::*;

    #[test]
    fn answers_are_spoilt_in_many_ways() {
        let answer = Answer {
            status: 200,
            content_type: JSON,
            body: json!({ "functions": [{ "id": "a", "status": "ACTIVE" }], "next": "b" })
                .to_string()
                .into_bytes(),
        };
        let mut seen = BTreeSet::new();
        for seed in 0..300 {
            let spoilt = spoilt(answer.clone(), &mut StdRng::seed_from_u64(seed));
            seen.insert((spoilt.status, spoilt.body));
        }
        assert!(seen.len() > 150, "{} ways", seen.len());
    }
}
