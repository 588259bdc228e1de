//! Tests of identity and access.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::keys::{self, KeyPair};
use super::tokens::AUDIENCE;
use super::{Binding, Delta, DeltaAction, Iam, IamSettings, Permission, Resource, Subject};
use crate::clock::Clock;
use crate::error::Code;
use crate::ids::Ids;

const FOLDER: &str = "b1gemulator000000000";

/// Key generation is slow: one pair for all tests.
static PAIR: LazyLock<KeyPair> = LazyLock::new(|| keys::generate(2048).unwrap());

fn iam(settings: IamSettings) -> Iam {
    Iam::new(settings, Clock::default(), Ids::new(1))
}

struct Jwt {
    iam: Iam,
    account: String,
    key: String,
}

impl Jwt {
    fn new() -> Self {
        let iam = iam(IamSettings::default());
        let account = iam.add_account(FOLDER, "robot", &[]).unwrap();
        let key = iam
            .add_key(&account, "", "RSA_2048", &PAIR.public_key)
            .unwrap()
            .id;
        Self { iam, account, key }
    }

    fn claims(&self) -> Value {
        let now = self.iam.clock().now().as_second();
        json!({ "iss": self.account, "aud": AUDIENCE, "iat": now, "exp": now + 3600 })
    }

    fn sign(algorithm: Algorithm, kid: &str, claims: &Value) -> String {
        let mut header = Header::new(algorithm);
        header.kid = Some(kid.to_owned());
        let key = EncodingKey::from_rsa_pem(PAIR.private_key.as_bytes()).unwrap();
        jsonwebtoken::encode(&header, claims, &key).unwrap()
    }

    /// The refusal of a JWT whose claims were edited.
    fn refusal(&self, edit: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims();
        edit(&mut claims);
        let jwt = Self::sign(Algorithm::PS256, &self.key, &claims);
        let status = self.iam.exchange_jwt(&jwt).unwrap_err();
        assert_eq!(status.code, Code::Unauthenticated);
        status.message
    }
}

#[test]
fn a_good_jwt_becomes_a_token_of_its_account() {
    let jwt = Jwt::new();
    let signed = Jwt::sign(Algorithm::PS256, &jwt.key, &jwt.claims());
    let issued = jwt.iam.exchange_jwt(&signed).unwrap();
    let parts: Vec<&str> = issued.token.split('.').collect();
    assert_eq!((parts[0], parts.len(), parts[2].len()), ("t1", 3, 86));
    let subject = jwt
        .iam
        .authenticate(Some(&format!("Bearer {}", issued.token)))
        .unwrap();
    assert_eq!(subject.id, jwt.account);
}

#[test]
fn a_bad_jwt_is_refused_with_its_fault() {
    let jwt = Jwt::new();
    assert!(
        jwt.refusal(|claims| claims["aud"] = json!("https://elsewhere"))
            .contains("aud")
    );
    assert!(
        jwt.refusal(|claims| claims["iss"] = json!("aje0"))
            .contains("iss")
    );
    let long = |claims: &mut Value| claims["exp"] = json!(claims["iat"].as_i64().unwrap() + 3601);
    assert!(jwt.refusal(long).contains("3600"));
    let past = |claims: &mut Value| {
        claims["iat"] = json!(1000);
        claims["exp"] = json!(2000);
    };
    assert!(jwt.refusal(past).contains("expired"));
    let future = |claims: &mut Value| {
        let iat = claims["iat"].as_i64().unwrap() + 3000;
        claims["iat"] = json!(iat);
        claims["exp"] = json!(iat + 60);
    };
    assert!(jwt.refusal(future).contains("iat"));
    assert!(
        jwt.refusal(|claims| claims["exp"] = Value::Null)
            .contains("invalid")
    );
}

#[test]
fn only_a_known_key_and_ps256_count() {
    let jwt = Jwt::new();
    let unknown = Jwt::sign(Algorithm::PS256, "ajk0", &jwt.claims());
    assert!(
        jwt.iam
            .exchange_jwt(&unknown)
            .unwrap_err()
            .message
            .contains("kid")
    );
    let rs256 = Jwt::sign(Algorithm::RS256, &jwt.key, &jwt.claims());
    assert!(
        jwt.iam
            .exchange_jwt(&rs256)
            .unwrap_err()
            .message
            .contains("PS256")
    );
    let good = Jwt::sign(Algorithm::PS256, &jwt.key, &jwt.claims());
    let (head, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", "A".repeat(342));
    assert!(
        jwt.iam
            .exchange_jwt(&forged)
            .unwrap_err()
            .message
            .contains("signature")
    );
    jwt.iam.remove_key(&jwt.key);
    assert!(jwt.iam.exchange_jwt(&good).is_err());
}

#[test]
fn a_token_ends_by_time_by_revocation_and_with_its_account() {
    let iam = iam(IamSettings::default());
    let account = iam.add_account(FOLDER, "robot", &[]).unwrap();
    let issue = || iam.issue_token(&account).unwrap().token;
    let revoked = issue();
    assert_eq!(iam.revoke_token(&revoked).unwrap(), account);
    assert!(iam.authenticate(Some(&revoked)).is_err());
    let old = issue();
    iam.clock().advance(Duration::from_hours(12));
    assert!(
        iam.authenticate(Some(&old))
            .unwrap_err()
            .message
            .contains("expired")
    );
    let current = issue();
    assert!(iam.authenticate(Some(&current)).is_ok());
    iam.remove_account(&account);
    assert_eq!(
        iam.authenticate(Some(&current)).unwrap_err().code,
        Code::Unauthenticated
    );
}

#[test]
fn a_missing_foreign_or_forged_token_is_unauthenticated() {
    let iam = iam(IamSettings::default());
    let account = iam.add_account(FOLDER, "robot", &[]).unwrap();
    let token = iam.issue_token(&account).unwrap().token;
    for bad in [
        None,
        Some(""),
        Some("Basic abc"),
        Some("t1.e30.x"),
        Some("nonsense"),
    ] {
        assert_eq!(
            iam.authenticate(bad).unwrap_err().code,
            Code::Unauthenticated
        );
    }
    let (head, signature) = token.rsplit_once('.').unwrap();
    let forged = format!("{head}A.{signature}");
    assert!(iam.authenticate(Some(&forged)).is_err());
}

#[test]
fn a_folder_role_reaches_what_is_in_the_folder_and_nothing_else() {
    let iam = iam(IamSettings::default());
    let id = iam
        .add_account(FOLDER, "robot", &["functions.functionInvoker"])
        .unwrap();
    let subject = Subject { id };
    let may = |permission, resource| iam.authorize(&subject, permission, &resource).is_ok();
    assert!(may(
        Permission::FunctionInvoke,
        Resource::function(FOLDER, "d4e1")
    ));
    assert!(!may(
        Permission::FunctionInvoke,
        Resource::function("b1gother", "d4e2")
    ));
    assert!(!may(
        Permission::FunctionsManage,
        Resource::function(FOLDER, "d4e1")
    ));
}

#[test]
fn a_role_on_one_function_is_for_that_function() {
    let iam = iam(IamSettings::default());
    let id = iam.add_account(FOLDER, "robot", &[]).unwrap();
    let subject = Subject { id: id.clone() };
    let mine = Resource::function(FOLDER, "d4e1");
    iam.grant(&mine, "serverless.functions.invoker", &id);
    let invoke = |function: &str| {
        let resource = Resource::function(FOLDER, function);
        iam.authorize(&subject, Permission::FunctionInvoke, &resource)
    };
    assert!(invoke("d4e1").is_ok());
    let denied = invoke("d4e2").unwrap_err();
    assert_eq!(denied.code, Code::PermissionDenied);
    assert!(denied.message.contains("d4e2"), "{denied}");
}

#[test]
fn all_users_includes_those_without_a_token() {
    let iam = iam(IamSettings::default());
    let function = Resource::function(FOLDER, "d4e1");
    assert!(
        iam.authorize_anonymous(Permission::FunctionInvoke, &function)
            .is_err()
    );
    let public = Binding {
        role_id: "functions.functionInvoker".to_owned(),
        subject_id: "allUsers".to_owned(),
        subject_type: "system".to_owned(),
    };
    let _ = iam.set_bindings(&function, &[public]);
    assert!(
        iam.authorize_anonymous(Permission::FunctionInvoke, &function)
            .is_ok()
    );
}

#[test]
fn changed_bindings_count_after_the_propagation_delay() {
    let delay = Duration::from_secs(5);
    let iam = iam(IamSettings {
        propagation_delay: delay,
        ..IamSettings::default()
    });
    let id = iam
        .create_account(FOLDER, "robot", "", BTreeMap::new())
        .unwrap()
        .id;
    let subject = Subject { id: id.clone() };
    let folder = Resource::folder(FOLDER);
    let may = || {
        iam.authorize(&subject, Permission::YdbManage, &folder)
            .is_ok()
    };
    let binding = Binding::of_account("ydb.editor", &id);
    let add = vec![Delta {
        action: DeltaAction::Add,
        binding: binding.clone(),
    }];
    assert_eq!(iam.update_bindings(&folder, add).len(), 1);
    assert!(!may());
    iam.clock().advance(delay);
    assert!(may());
    let revoke = vec![Delta {
        action: DeltaAction::Remove,
        binding,
    }];
    assert_eq!(iam.update_bindings(&folder, revoke.clone()).len(), 1);
    assert!(
        iam.bindings(&folder).is_empty(),
        "the list shows the change at once"
    );
    assert!(may(), "the right lives on for a while");
    iam.clock().advance(delay);
    assert!(!may());
    assert!(
        iam.update_bindings(&folder, revoke).is_empty(),
        "nothing left to revoke"
    );
}
