//! What may be compared of a cloud and a chat with those of another life.

use serde_json::{Value, json};
use wschat_crds::WsChat;

use super::masked::{masked, masked_text};

/// What is to be seen after a stage.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// A line for each thing in the cloud.
    made: Vec<String>,
    status: Value,
}

impl Outcome {
    /// Of what chats made in the cloud, a line for each thing, and of a chat.
    #[must_use]
    pub fn of(made: &[String], chat: Option<&WsChat>) -> Self {
        let mut made: Vec<String> = made.iter().map(|line| masked_text(line)).collect();
        made.sort();
        Self {
            made,
            status: chat.map_or(Value::Null, comparable),
        }
    }

    /// The same without what edits leave: their number, and versions that don't
    /// serve and are kept for a while, maybe as the newest.
    #[must_use]
    pub fn of_any_generation(mut self) -> Self {
        let tagless = |line: &String| line.replace("\"$latest\",", "").replace("\"$latest\"", "");
        self.made = self.made.iter().map(tagless).collect();
        self.made.retain(|line| !line.contains("\"tags\":[]"));
        self.status["observedGeneration"].take();
        let conditions = self.status["conditions"].as_array_mut();
        for condition in conditions.into_iter().flatten() {
            condition["observedGeneration"].take();
        }
        self
    }

    /// What only this one has, and what only the other one has.
    #[must_use]
    pub fn differences(&self, other: &Self) -> String {
        let (mut these, mut others) = (self.lines(), other.lines());
        these.retain(|line| match others.iter().position(|other| other == line) {
            Some(place) => {
                others.remove(place);
                false
            }
            None => true,
        });
        let these = these.iter().map(|line| format!("\n+ {line}"));
        these
            .chain(others.iter().map(|line| format!("\n- {line}")))
            .collect()
    }

    fn lines(&self) -> Vec<String> {
        let conditions = self.status["conditions"].as_array().into_iter().flatten();
        let fields = self.status.as_object().into_iter().flatten();
        let fields = fields.filter(|(name, _)| *name != "conditions");
        let mut lines = self.made.clone();
        lines.extend(conditions.map(|condition| format!("condition {condition}")));
        lines.extend(fields.map(|(name, value)| format!("status.{name}: {value}")));
        lines
    }
}

/// A status without what differs between any two lives: ids, addresses, times,
/// hashes, and how many mutations there were.
fn comparable(chat: &WsChat) -> Value {
    let mut status = json!(chat.status);
    let resources = status["resources"].as_object_mut();
    for (_, resource) in resources.into_iter().flatten() {
        resource["sequence"].take();
    }
    masked(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(status: &Value) -> WsChat {
        serde_json::from_value(json!({
            "apiVersion": "wschat.dev/v1alpha1",
            "kind": "WsChat",
            "metadata": { "name": "lobby" },
            "spec": {},
            "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn ids_and_numbers_of_mutations_do_not_matter_and_open_operations_do() {
        let gateway =
            |fields: Value| comparable(&chat(&json!({ "resources": { "gateway": fields }})));
        let (one, other) = ("d5d0000000000000000a", "d5d0000000000000000b");
        let done = gateway(json!({ "id": one, "sequence": 1 }));
        assert_eq!(done, gateway(json!({ "id": other, "sequence": 3 })));
        assert_ne!(
            done,
            gateway(json!({ "id": one, "operation": "o", "sequence": 1 }))
        );
        assert_ne!(done, gateway(json!({ "sequence": 1 })));
    }

    #[test]
    fn a_second_one_of_the_same_kind_is_a_difference() {
        let outcome = |made: &[&str], url: &str| Outcome {
            made: made.iter().map(|line| (*line).to_owned()).collect(),
            status: json!({ "url": url, "conditions": [] }),
        };
        let one = outcome(&["topic"], "a");
        assert_eq!(one.differences(&one), "");
        assert_eq!(
            outcome(&["topic", "topic"], "a").differences(&one),
            "\n+ topic"
        );
        let told = "\n+ status.url: \"b\"\n- topic\n- status.url: \"a\"";
        assert_eq!(outcome(&[], "b").differences(&one), told);
    }
}
