//! What a request may hold: known fields, required ones, formats and limits
//! (reference §3.0). All violations of a request are told at once.

use serde_json::{Value, json};
use yandex_cloud_rest::model::{FieldMask, Labels};

use crate::cloud::Mask;
use crate::error::Status;

/// Longest id that a request may name (proto).
pub(crate) const LONGEST_ID: usize = 50;

/// Violations of one request.
#[derive(Debug, Default)]
pub(crate) struct Violations(Vec<(String, String)>);

impl Violations {
    pub(crate) fn add(&mut self, field: &str, text: impl Into<String>) {
        self.0.push((field.to_owned(), text.into()));
    }

    pub(crate) fn check(&mut self, field: &str, good: bool, text: &str) {
        if !good {
            self.add(field, text);
        }
    }

    pub(crate) fn required(&mut self, field: &str, value: &str) {
        self.check(field, !value.is_empty(), "Field is required");
    }

    pub(crate) fn longest(&mut self, field: &str, value: &str, limit: usize) {
        self.check(
            field,
            value.chars().count() <= limit,
            &format!("Must be at most {limit} characters long"),
        );
    }

    /// A required id of another resource.
    pub(crate) fn id(&mut self, field: &str, value: &str) {
        self.required(field, value);
        self.longest(field, value, LONGEST_ID);
    }

    /// `INVALID_ARGUMENT` with every violation, or nothing.
    pub(crate) fn finish(self) -> Result<(), Status> {
        if self.0.is_empty() {
            return Ok(());
        }
        let lines = self
            .0
            .iter()
            .map(|(field, text)| format!("\n - {}: {text}", snake(field)));
        let message = format!("Validation failed:{}", lines.collect::<String>());
        let fields = self
            .0
            .iter()
            .map(|(field, text)| json!({ "field": snake(field), "description": text }));
        let detail = json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": fields.collect::<Vec<Value>>(),
        });
        Err(Status::invalid_argument(message).with_detail(detail))
    }
}

/// The cloud's messages name fields as the proto files do.
fn snake(field: &str) -> String {
    let mut name = String::with_capacity(field.len() + 4);
    for letter in field.chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// Parses a body; no body is an empty message. Unknown fields are refused (the
/// models do that): how the cloud takes them is undocumented, and a misspelt
/// field must not look well.
pub(crate) fn message<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Status> {
    let empty = body.iter().all(u8::is_ascii_whitespace);
    let body = if empty { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| Status::invalid_argument(format!("The request body is invalid: {error}")))
}

/// The mask of an update, which names mutable fields only.
pub(crate) fn mask(mask: Option<FieldMask>, mutable: &[&str]) -> Result<Mask, Status> {
    let mask = mask.filter(|mask| !mask.is_empty());
    let mut violations = Violations::default();
    for path in mask.iter().flat_map(FieldMask::paths) {
        violations.check(
            "updateMask",
            mutable.contains(&path),
            &format!("Unknown or immutable field {path}"),
        );
    }
    violations.finish()?;
    Ok(Mask::of(mask))
}

/// Which names a service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameRule {
    /// `[a-z]([-a-z0-9]{0,61}[a-z0-9])?`, required.
    Account,
    /// As an account's, or empty.
    Gateway,
    /// Empty or `[a-z][-a-z0-9]{1,61}[a-z0-9]`.
    Function,
}

pub(crate) fn name(violations: &mut Violations, name: &str, rule: NameRule) {
    let inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let formed = name.len() <= 63
        && name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && name.ends_with(inner)
        && name.chars().all(|letter| inner(letter) || letter == '-');
    let (good, pattern) = match rule {
        NameRule::Account => (formed, "[a-z]([-a-z0-9]{0,61}[a-z0-9])?"),
        NameRule::Gateway => (
            name.is_empty() || formed,
            "|[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
        ),
        NameRule::Function => (
            name.is_empty() || (formed && name.len() >= 3),
            "|[a-z][-a-z0-9]{1,61}[a-z0-9]",
        ),
    };
    violations.check("name", good, &format!("Must match the pattern {pattern}"));
}

/// Which labels a service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LabelRule {
    /// IAM and resource manager: `[a-z][-_0-9a-z]*`, values `[-_0-9a-z]*`.
    Strict,
    /// Serverless: `./@` as well.
    Wide,
}

pub(crate) fn labels(violations: &mut Violations, labels: &Labels, rule: LabelRule) {
    violations.check(
        "labels",
        labels.len() <= 64,
        "Must have at most 64 elements",
    );
    let allowed = |letter: char| {
        letter.is_ascii_lowercase()
            || letter.is_ascii_digit()
            || matches!(letter, '-' | '_')
            || (rule == LabelRule::Wide && matches!(letter, '.' | '/' | '@'))
    };
    let pattern = match rule {
        LabelRule::Strict => "[-_0-9a-z]*",
        LabelRule::Wide => "[-_./@0-9a-z]*",
    };
    for (key, value) in labels {
        let good_key = (1..=63).contains(&key.len())
            && key.starts_with(|letter: char| letter.is_ascii_lowercase())
            && key.chars().all(allowed);
        violations.check(
            "labels",
            good_key,
            &format!("Key {key:?} must match the pattern [a-z]{pattern} and be 1-63 long"),
        );
        violations.check(
            "labels",
            value.len() <= 63 && value.chars().all(allowed),
            &format!("Value {value:?} must match the pattern {pattern} and be at most 63 long"),
        );
    }
}
