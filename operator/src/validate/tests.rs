//! From specs to wishes, and what is refused.

use wschat_crds::{WsChatSpec, WsChatStatus};

use super::*;

fn defaults() -> Defaults {
    Defaults {
        folder_id: "b1gown".to_owned(),
        installation_id: "here".to_owned(),
        allowed_folders: vec!["team=b1gteam".parse().unwrap()],
        own_account: None,
    }
}

fn chat(namespace: &str, spec: WsChatSpec) -> WsChat {
    let mut chat = WsChat::new("lobby", spec);
    chat.metadata.namespace = Some(namespace.to_owned());
    chat.metadata.uid = Some("uid".to_owned());
    chat.metadata.generation = Some(1);
    chat
}

fn check(chat: &WsChat) -> Result<Desired, Refusal> {
    validate(
        chat,
        &identity(chat, &defaults()),
        &defaults(),
        Signer::Operator,
    )
}

#[test]
fn the_default_spec_becomes_the_documented_chat() {
    let desired = check(&chat("team", WsChatSpec::default())).unwrap();
    assert_eq!(desired.path, "/ws");
    assert_eq!(desired.database.storage, 1 << 30);
    assert_eq!(desired.handler.memory, 256 << 20);
    assert_eq!(desired.handler.timeout, Duration::from_secs(30));
    assert_eq!(desired.topic.retention, Duration::from_hours(1));
    assert_eq!(desired.broadcast.batch_bytes, 1);
}

#[test]
fn a_namespace_uses_the_operators_folder_and_those_it_was_given() {
    let folder = |id: &str| WsChatSpec {
        folder_id: Some(id.to_owned()),
        ..WsChatSpec::default()
    };
    assert!(check(&chat("team", folder("b1gown"))).is_ok());
    assert!(check(&chat("team", folder("b1gteam"))).is_ok());
    let refusal = check(&chat("other", folder("b1gteam"))).unwrap_err();
    assert_eq!(refusal.reason, Reason::FolderNotAllowed);
    assert!(
        refusal.message.contains("--allow-folder other=b1gteam"),
        "{}",
        refusal.message
    );
}

#[test]
fn what_the_status_keeps_wins_over_new_defaults() {
    let mut chat = chat("team", WsChatSpec::default());
    chat.status = Some(WsChatStatus {
        folder_id: Some("b1gteam".to_owned()),
        installation_id: Some("there".to_owned()),
        ..WsChatStatus::default()
    });
    let identity = identity(&chat, &defaults());
    assert_eq!(identity.folder_id, "b1gteam");
    assert_eq!(identity.labels["wschat-installation"], "there");
    let refusal = validate(&chat, &identity, &defaults(), Signer::Operator).unwrap_err();
    assert_eq!(refusal.reason, Reason::InstallationChanged);
    assert!(
        refusal.message.contains("--installation-id there"),
        "{}",
        refusal.message
    );
}

#[test]
fn a_chat_does_not_move_to_another_folder() {
    let spec = WsChatSpec {
        folder_id: Some("b1gown".to_owned()),
        ..WsChatSpec::default()
    };
    let mut chat = chat("team", spec);
    chat.status = Some(WsChatStatus {
        folder_id: Some("b1gteam".to_owned()),
        ..WsChatStatus::default()
    });
    assert_eq!(check(&chat).unwrap_err().reason, Reason::Invalid);
}

#[test]
fn what_an_older_definition_let_through_is_refused_with_the_limit() {
    let mut spec = WsChatSpec::default();
    spec.handler.timeout = "11m".into();
    let refusal = check(&chat("team", spec)).unwrap_err();
    assert_eq!(
        refusal.message,
        "spec.handler.timeout must be between 1s and 600s"
    );

    let mut spec = WsChatSpec::default();
    spec.handler.memory = "lots".into();
    let refusal = check(&chat("team", spec)).unwrap_err();
    assert!(
        refusal.message.starts_with("spec.handler.memory: `lots`"),
        "{}",
        refusal.message
    );
}

#[test]
fn names_that_nothing_can_have_are_refused_before_anything_is_made() {
    let mut spec = WsChatSpec::default();
    spec.names.gateway = Some("a\"b".to_owned());
    let refusal = check(&chat("team", spec)).unwrap_err();
    let words = "spec.names.gateway must have at most 63 characters";
    assert!(refusal.message.starts_with(words), "{}", refusal.message);
}

#[test]
fn with_its_own_key_a_chat_may_use_any_folder_and_must_name_it() {
    let chat = |folder: Option<&str>| {
        let folder_id = folder.map(str::to_owned);
        chat(
            "other",
            WsChatSpec {
                folder_id,
                ..WsChatSpec::default()
            },
        )
    };
    let check = |chat: &WsChat, signer| {
        validate(chat, &identity(chat, &defaults()), &defaults(), signer)
            .map(drop)
            .map_err(|refusal| refusal.reason)
    };
    let named = chat(Some("b1gteam"));
    assert_eq!(check(&named, Signer::Chat), Ok(()));
    // A key of the operator's own account opens no further folder.
    assert_eq!(
        check(&named, Signer::Operator),
        Err(Reason::FolderNotAllowed)
    );
    assert_eq!(check(&chat(None), Signer::Chat), Err(Reason::Invalid));
}
