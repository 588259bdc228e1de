//! Fixed answers (docs api-gateway/concepts/extensions/dummy).

use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::listener::{Answer, text};
use super::spec::Dummy;

/// What the key `*` stands for.
const OTHERS: &str = "*";

/// Names and values of an operation's parameters.
pub(super) type Values = Vec<(String, String)>;

/// The best match of `Accept` decides which content; `*` is for what isn't
/// listed, and without it that is 415 (documented). Without `Accept` any may
/// come: here the first.
pub(super) fn answer(dummy: &Dummy, values: &Values, headers: &HeaderMap) -> Answer {
    if dummy.content.is_empty() {
        return with_headers(text(dummy.status, ""), dummy, values);
    }
    let accepted = headers.get_all(header::ACCEPT).iter();
    let accepted: Vec<&str> = accepted.filter_map(|value| value.to_str().ok()).collect();
    let chosen = chosen(dummy, &accepted.join(","));
    let Some((kind, body)) = chosen.or_else(|| dummy.content.get_key_value(OTHERS)) else {
        return text(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "no content of an accepted type",
        );
    };
    let mut answer = text(dummy.status, &filled(body, values));
    let kind = if kind == OTHERS { "text/plain" } else { kind };
    if let Ok(kind) = HeaderValue::from_str(kind) {
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    with_headers(answer, dummy, values)
}

/// The content of the type that is wanted most.
fn chosen<'a>(dummy: &'a Dummy, accept: &str) -> Option<(&'a String, &'a String)> {
    let accept = if accept.is_empty() { "*/*" } else { accept };
    let mut wanted: Vec<(&str, f64)> = accept.split(',').map(range).collect();
    wanted.retain(|(_, quality)| *quality > 0.0);
    // Stable: of two that are wanted alike, the first.
    wanted.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let listed = || dummy.content.iter().filter(|(kind, _)| *kind != OTHERS);
    wanted
        .into_iter()
        .find_map(|(range, _)| listed().find(|(kind, _)| fits(kind, range)))
}

/// A media range and its quality, 1 unless it says less (RFC 9110, 12.5.1).
fn range(text: &str) -> (&str, f64) {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().unwrap_or_default();
    let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
    (range, quality.unwrap_or(1.0))
}

fn fits(kind: &str, range: &str) -> bool {
    match range.split_once('/') {
        Some(("*", "*")) => true,
        Some((group, "*")) => kind
            .split_once('/')
            .is_some_and(|(own, _)| own.eq_ignore_ascii_case(group)),
        _ => kind.eq_ignore_ascii_case(range),
    }
}

/// A text with the values of parameters in the places of their names.
fn filled(template: &str, values: &Values) -> String {
    let fill = |text: String, (name, value): &(String, String)| {
        text.replace(&format!("{{{name}}}"), value)
    };
    values.iter().fold(template.to_owned(), fill)
}

fn with_headers(mut answer: Answer, dummy: &Dummy, values: &Values) -> Answer {
    for (name, own) in &dummy.headers {
        let Ok(name) = name.parse::<http::HeaderName>() else {
            continue;
        };
        answer.headers_mut().remove(&name);
        for value in own {
            if let Ok(value) = HeaderValue::from_str(&filled(value, values)) {
                answer.headers_mut().append(name.clone(), value);
            }
        }
    }
    answer
}
