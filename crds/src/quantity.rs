//! Amounts of bytes as Kubernetes users write them: `268435456` or `256Mi`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A Kubernetes quantity, written as a number or as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Quantity {
    /// A plain number.
    Number(i64),
    /// A number with a suffix, for example `1Gi`, `500M` or `1e9`.
    Text(String),
}

/// The text isn't a whole, non-negative amount.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not an amount of bytes; write for example 256Mi, 1Gi or 268435456")]
pub struct InvalidQuantity(String);

impl Quantity {
    /// The amount in bytes.
    pub fn bytes(&self) -> Result<u64, InvalidQuantity> {
        let bytes = match self {
            Self::Number(number) => u64::try_from(*number).ok(),
            Self::Text(text) => parse(text),
        };
        bytes.ok_or_else(|| InvalidQuantity(self.to_string()))
    }
}

impl From<&str> for Quantity {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl JsonSchema for Quantity {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "x-kubernetes-int-or-string": true })
    }
}

fn parse(text: &str) -> Option<u64> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
    let divisor = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let amount = digits.checked_mul(multiplier(suffix)?)?;
    if amount % divisor != 0 {
        return None;
    }
    u64::try_from(amount / divisor).ok()
}

/// The factor that a suffix stands for (Kubernetes' `resource.Quantity`).
fn multiplier(suffix: &str) -> Option<u128> {
    let decimal = |power: u32| Some(10_u128.pow(power));
    let binary = |power: u32| Some(1_u128 << (10 * power));
    match suffix {
        "" => Some(1),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            10_u128.checked_pow(exponent.parse().ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_understood() {
        for (text, bytes) in [
            ("256Mi", 268_435_456),
            ("1Gi", 1 << 30),
            ("0.5Gi", 1 << 29),
            ("1G", 1_000_000_000),
            ("1e9", 1_000_000_000),
            ("2E", 2_000_000_000_000_000_000),
            ("268435456", 268_435_456),
        ] {
            assert_eq!(Quantity::from(text).bytes(), Ok(bytes), "{text}");
        }
        assert_eq!(Quantity::Number(42).bytes(), Ok(42));
    }

    #[test]
    fn everything_else_is_refused() {
        for text in ["", "Mi", ".", "1.5", "-1Gi", "1 Gi", "1gi", "100m", "99Ei"] {
            assert!(Quantity::from(text).bytes().is_err(), "{text}");
        }
        assert!(Quantity::Number(-1).bytes().is_err());
    }
}
