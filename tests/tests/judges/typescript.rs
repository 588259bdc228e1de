//! Recorded values as a program for the TypeScript compiler, which holds them
//! against types: each must fit, and each must not fit any more when it is
//! broken in one place. So a judge that lets everything pass fails as well.

use serde_json::{Value, json};

/// Stands for a function that returns this.
const FUNCTION: &str = "$function";

/// The program.
#[derive(Debug)]
pub(crate) struct Program {
    lines: Vec<String>,
    values: usize,
}

impl Program {
    /// Types come from this module.
    pub(crate) fn new(module: &str) -> Self {
        Self {
            lines: vec![format!("import type * as Types from {};", json!(module))],
            values: 0,
        }
    }

    /// A value that must fit a type.
    pub(crate) fn fits(&mut self, kind: &str, value: &Value) {
        self.declare(kind, value);
        for (what, broken) in breakages(value) {
            self.lines.push(format!("// @ts-expect-error {what}"));
            self.declare(kind, &broken);
        }
    }

    /// An error is expected on one line, so that each declaration is one.
    fn declare(&mut self, kind: &str, value: &Value) {
        let (number, literal) = (self.values, literal(value));
        self.values += 1;
        self.lines.push(format!(
            "export const value{number}: Types.{kind} = {literal};"
        ));
    }

    /// Its text.
    pub(crate) fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }
}

/// An object literal: only these are held against a type key by key.
fn literal(value: &Value) -> String {
    let Some(fields) = value.as_object() else {
        return match value.as_array() {
            Some(items) => {
                let items: Vec<String> = items.iter().map(literal).collect();
                format!("[{}]", items.join(", "))
            }
            None => value.to_string(),
        };
    };
    if let Some(returned) = fields.get(FUNCTION) {
        return format!("() => ({})", literal(returned));
    }
    let fields = fields.iter();
    let fields: Vec<String> = fields
        .map(|(name, value)| format!("{}: {}", json!(name), literal(value)))
        .collect();
    format!("{{ {} }}", fields.join(", "))
}

/// A key too many, each key missing, and the same one level deeper. A token may
/// be missing.
fn breakages(value: &Value) -> Vec<(String, Value)> {
    let excess = ("excess", json!(1));
    let mut all = vec![("a key too many".to_owned(), with(value, &excess))];
    for name in value
        .as_object()
        .into_iter()
        .flat_map(|fields| fields.keys())
    {
        if name != "token" {
            all.push((format!("without {name}"), without(value, name)));
        }
    }
    if let Some(context) = value.get("requestContext") {
        for (what, broken) in [
            ("a key too many", with(context, &excess)),
            ("without requestId", without(context, "requestId")),
            (
                "a number as text",
                with(context, &("requestTimeEpoch", json!("1"))),
            ),
        ] {
            let broken = with(value, &("requestContext", broken));
            all.push((format!("requestContext: {what}"), broken));
        }
    }
    all
}

fn with(value: &Value, (name, new): &(&str, Value)) -> Value {
    let mut changed = value.clone();
    changed[*name] = new.clone();
    changed
}

fn without(value: &Value, name: &str) -> Value {
    let mut changed = value.clone();
    if let Some(fields) = changed.as_object_mut() {
        fields.remove(name);
    }
    changed
}
