//! What is in a Secret, and what isn't.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use wschat_crds::Reason;

use super::*;
use crate::report::Report;

fn reference() -> SecretRef {
    SecretRef {
        name: "yandex".to_owned(),
        key: "key.json".to_owned(),
    }
}

fn secret(key: &str, content: &[u8]) -> Secret {
    Secret {
        data: Some(BTreeMap::from([(
            key.to_owned(),
            ByteString(content.to_vec()),
        )])),
        ..Secret::default()
    }
}

fn reason(error: &SecretError) -> Reason {
    Report::from(error).reason()
}

#[test]
fn a_key_is_found_under_its_name() {
    let there = secret("key.json", b"{}");
    assert_eq!(content(&there, &reference()), Ok("{}"));
    for lacking in [Secret::default(), secret("other.json", b"{}")] {
        let error = content(&lacking, &reference()).unwrap_err();
        assert_eq!(reason(&error), Reason::CredentialsMissing);
        assert!(
            error.to_string().contains("credentialsSecretRef.key"),
            "{error}"
        );
    }
}

#[test]
fn what_is_no_key_is_told_without_its_content() {
    let error = content(&secret("key.json", b"\xffhush"), &reference()).unwrap_err();
    assert_eq!(reason(&error), Reason::CredentialsUnreadable);
    let parsed = AuthorizedKey::parse(r#"{"id": "hush"}"#).unwrap_err();
    for told in [error.to_string(), parsed.to_string()] {
        assert!(!told.contains("hush"), "{told}");
    }
}

#[test]
fn a_missing_right_names_the_charts_value() {
    let forbidden = kube::core::Status::failure("no", "Forbidden").with_code(403);
    let error = SecretError::kube("read", "yandex", kube::Error::Api(Box::new(forbidden)));
    assert_eq!(reason(&error), Reason::CredentialsForbidden);
    assert!(
        error.to_string().contains("chatCredentials.enabled=true"),
        "{error}"
    );
}

#[test]
fn what_no_secret_is_called_is_not_asked_for() {
    assert_eq!(check(&reference()), Ok(()));
    for (name, key, field) in [
        ("", "key.json", "name"),
        ("\0\n", "key.json", "name"),
        ("a/b", "key.json", "name"),
        ("..", "key.json", "name"),
        ("Yandex", "key.json", "name"),
        ("yandex", "a b\n", "key"),
        ("yandex", "..", "key"),
    ] {
        let odd = SecretRef {
            name: name.to_owned(),
            key: key.to_owned(),
        };
        let error = check(&odd).unwrap_err();
        assert_eq!(reason(&error), Reason::Invalid);
        let told = error.to_string();
        assert!(told.contains(field) && !told.contains('\n'), "{told}");
    }
}
