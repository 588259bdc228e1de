//! Keys that make the cloud carry out a mutation once, however often it is
//! asked: the cloud answers a known `Idempotency-Key` with the operation that
//! is already there.

use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::names::hex;
use crate::resource::Resource;

/// The namespace of this operator's UUIDs; random, made once.
const NAMESPACE: Uuid = Uuid::from_u128(0x5b1d_7c0e_62a4_4f4b_9a55_0d7a_3c5e_81f6);

/// The key of a mutation: the same for the same wish, another one as soon as
/// the object, the resource, the request or the sequence differs.
pub(crate) fn key(uid: &str, resource: Resource, request_hash: &str, sequence: i64) -> Uuid {
    let text = format!("{uid}\0{}\0{request_hash}\0{sequence}", resource.field());
    Uuid::new_v5(&NAMESPACE, text.as_bytes())
}

/// A short hash of a request: 16 hexadecimal digits of its JSON's SHA-256.
pub(crate) fn request_hash(request: &impl Serialize) -> Result<String, serde_json::Error> {
    // Through a Value, whose maps are sorted: the text doesn't depend on the
    // order of fields.
    let value = serde_json::to_value(request)?;
    Ok(hex(&Sha256::digest(value.to_string()), 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_stable() {
        let first = key("uid", Resource::Database, "hash", 0);
        assert_eq!(first, key("uid", Resource::Database, "hash", 0));
        assert_eq!(first.get_version_num(), 5);
    }

    #[test]
    fn every_part_of_the_wish_changes_the_key() {
        let first = key("uid", Resource::Database, "hash", 0);
        for other in [
            key("uid2", Resource::Database, "hash", 0),
            key("uid", Resource::Gateway, "hash", 0),
            key("uid", Resource::Database, "hash2", 0),
            key("uid", Resource::Database, "hash", 1),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn the_order_of_fields_does_not_matter() {
        let one: serde_json::Value = serde_json::from_str(r#"{"a":1,"b":{"c":2,"d":3}}"#).unwrap();
        let two: serde_json::Value = serde_json::from_str(r#"{"b":{"d":3,"c":2},"a":1}"#).unwrap();
        assert_eq!(request_hash(&one).unwrap(), request_hash(&two).unwrap());
        assert_ne!(
            request_hash(&one).unwrap(),
            request_hash(&serde_json::json!({})).unwrap()
        );
    }
}
