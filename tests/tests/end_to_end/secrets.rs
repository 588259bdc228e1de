//! Keys and tokens never come to light: not in logs, however loud, not in
//! Events, status or metrics, not in what the system shows of a process.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Event, Secret};
use kube::Api;
use kube::api::{DeleteParams, ListParams, ObjectMeta, PostParams};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use wschat_crds::WsChat;
use wschat_tests::custom_resource::{newest_is_ready, smallest_chat};
use wschat_tests::emulator::{self, Emulator};
use wschat_tests::measure::processes::only_child;
use wschat_tests::operator::{Operator, Options, handler_zip};
use wschat_tests::wait::{wait_for, wait_gone};

use crate::stage::SOON;
use crate::suite::{Handle, Scene};

/// Everything that any library says.
const ALL: &str = "trace";
/// What stands in a Secret that holds no key.
const MARK: &str = "PRIVATE-0f3a9c51d2e84b77";
/// A token that nobody gave.
const STOLEN: &str = "t1.c3RvbGVuLXN0b2xlbi1zdG9sZW4.c3RvbGVuLXN0b2xlbg";
/// How tokens begin: the cloud's own, and those that are signed with a key.
const TOKENS: [&str; 2] = ["t1.", "eyJ"];
/// A key is shown when so much of it is; a token as well.
const PIECE: usize = 24;

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![suite.trial(
        "keys and tokens never come to light",
        nothing_comes_to_light,
    )]
}

async fn nothing_comes_to_light(scene: Scene) -> Result<(), Failed> {
    let emulator = Emulator::start(&scene.folder, &emulator::Options::default()).await?;
    let key = emulator.addresses().operator_key.clone().ok_or("no key")?;
    let hidden = Hidden::of(&fs::read_to_string(&key)?)?;
    let chats: Api<WsChat> = scene.namespace.api();

    let flag = "--service-account-key-file";
    let mut operator = start(&scene, &emulator, "keyed", flag, &key).await?;
    let folder_id = &emulator.addresses().folder_id;
    let no_key = format!(r#"{{ "private_key": "{MARK}", "id": "{MARK}", "#);
    for chat in [
        smallest_chat("keyed")?,
        guest(&scene, "good", fs::read_to_string(&key)?, folder_id).await?,
        guest(&scene, "guest", no_key, "b1gguests00000000000").await?,
    ] {
        chats.create(&PostParams::default(), &chat).await?;
    }
    let is_ready = |chat: Option<&WsChat>| chat.is_some_and(newest_is_ready);
    for name in ["keyed", "good"] {
        wait_for(&chats, name, "it to be Ready", SOON, is_ready).await?;
    }
    told(&chats, "guest", "CredentialsUnreadable").await?;
    hidden.not_shown_by(&mut operator).await?;
    hidden.not_in_kubernetes(&scene).await?;
    for name in ["keyed", "good", "guest"] {
        chats.delete(name, &DeleteParams::default()).await?;
        wait_gone(&chats, name, SOON).await?;
    }
    operator.stop().await?;

    let stolen = scene.folder.join("stolen-token");
    fs::write(&stolen, STOLEN)?;
    let mut operator = start(&scene, &emulator, "thief", "--iam-token-file", &stolen).await?;
    chats
        .create(&PostParams::default(), &smallest_chat("thief")?)
        .await?;
    told(&chats, "thief", "InvalidCredentials").await?;
    hidden.not_shown_by(&mut operator).await?;
    hidden.not_in_kubernetes(&scene).await?;
    operator.stop().await?;

    let url = format!("{}/_emulator/calls", emulator.addresses().api);
    let calls = reqwest::get(url).await?.text().await?;
    hidden.not_in("the functions' logs", &calls)?;
    emulator.stop().await?;
    Ok(())
}

/// A loud operator that signs in by what is in a file.
async fn start(
    scene: &Scene,
    emulator: &Emulator,
    name: &str,
    flag: &str,
    file: &Path,
) -> Result<Operator, Failed> {
    let cloud = emulator.addresses();
    let options = Options::new(scene.control_plane().administrator())
        .name(name)
        .only_in(scene.namespace.name())
        .argument("--folder-id", &cloud.folder_id)
        .argument("--api-endpoint", &cloud.api)
        .argument("--handler-zip", &handler_zip()?.to_string_lossy())
        .argument(flag, &file.to_string_lossy())
        .log(ALL);
    let mut operator = Operator::start(&scene.folder, &options)?;
    operator.ready().await?;
    Ok(operator)
}

/// A chat with a Secret of its name that holds this text, and the Secret.
async fn guest(scene: &Scene, name: &str, text: String, folder_id: &str) -> Result<WsChat, Failed> {
    let secrets: Api<Secret> = scene.namespace.api();
    let secret = Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        data: Some(BTreeMap::from([(
            "key.json".to_owned(),
            ByteString(text.into_bytes()),
        )])),
        ..Secret::default()
    };
    secrets.create(&PostParams::default(), &secret).await?;
    let mut chat = smallest_chat(name)?;
    let reference = serde_json::json!({ "name": name });
    chat.spec.folder_id = Some(folder_id.to_owned());
    chat.spec.credentials_secret_ref = serde_json::from_value(reference)?;
    Ok(chat)
}

/// Waits until the chat isn't Ready for this reason.
async fn told(chats: &Api<WsChat>, name: &str, reason: &str) -> Result<(), Failed> {
    wait_for(chats, name, reason, SOON, |chat| {
        let status = chat.and_then(|chat| chat.status.as_ref());
        let mut all = status.into_iter().flat_map(|status| &status.conditions);
        all.any(|one| one.type_ == "Ready" && one.reason == reason)
    })
    .await?;
    Ok(())
}

/// What base64 makes of a piece in the midst of a longer text: three things, by where
/// it begins. Characters that tell of its neighbours as well are left out.
fn in_base64(piece: &str) -> [String; 3] {
    [(0, 0), (1, 2), (2, 3)].map(|(before, shared)| {
        let text = [&vec![0; before], piece.as_bytes()].concat();
        let whole = text.len() * 8 / 6;
        STANDARD.encode(text)[shared..whole].to_owned()
    })
}

/// What nobody may see.
struct Hidden {
    pieces: Vec<String>,
}

impl Hidden {
    /// What is in an authorized key's file, and what else a trial made up; as it is,
    /// and as Kubernetes hands it over in a Secret.
    fn of(key: &str) -> Result<Self, Failed> {
        let key: Value = serde_json::from_str(key)?;
        let key = key["private_key"].as_str().ok_or("no private key")?;
        let lines = key
            .lines()
            .filter(|line| line.len() >= PIECE && !line.contains(' '));
        let mut pieces: Vec<_> = lines.map(|line| line[..PIECE].to_owned()).collect();
        assert!(pieces.len() > 5, "the key has {} lines", pieces.len());
        pieces.push(MARK.to_owned());
        let encoded = pieces.iter().flat_map(|piece| in_base64(piece));
        let encoded: Vec<String> = encoded.collect();
        pieces.extend(encoded);
        Ok(Self { pieces })
    }

    /// Fails when the text shows a piece of a key, or a token.
    fn not_in(&self, place: &str, text: &str) -> Result<(), Failed> {
        let is_token_like = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let tokens = TOKENS.iter().flat_map(|start| text.match_indices(start));
        let token = tokens.map(|(at, _)| at).find(|at| {
            let length = text[*at..]
                .chars()
                .take_while(|c| is_token_like(*c))
                .count();
            // Not in the midst of another word.
            let before = text[..*at].chars().next_back();
            length >= PIECE && !before.is_some_and(is_token_like)
        });
        let piece = self
            .pieces
            .iter()
            .find_map(|piece| text.find(piece.as_str()));
        let Some(at) = token.or(piece) else {
            return Ok(());
        };
        let line = text[..at].lines().count();
        let around = text[..at]
            .char_indices()
            .rev()
            .nth(120)
            .map_or(0, |(start, _)| start);
        Err(format!(
            "{place} shows a secret in line {line}: {}",
            &text[around..at]
        )
        .into())
    }

    /// In its log, its metrics, and what the system shows of its process.
    async fn not_shown_by(&self, operator: &mut Operator) -> Result<(), Failed> {
        let process = only_child(operator.process().guard_id())?;
        for file in ["cmdline", "environ"] {
            let shown = fs::read(format!("/proc/{process}/{file}"))?;
            self.not_in(file, &String::from_utf8_lossy(&shown))?;
        }
        self.not_in("metrics", &operator.metrics().await?)?;
        let log = fs::read_to_string(operator.process().log())?;
        assert!(log.contains("TRACE"), "the operator isn't loud");
        self.not_in("the log", &log)
    }

    /// In what Kubernetes shows to whoever may not read Secrets.
    async fn not_in_kubernetes(&self, scene: &Scene) -> Result<(), Failed> {
        let all = ListParams::default();
        let chats: Api<WsChat> = scene.namespace.api();
        for chat in chats.list(&all).await?.items {
            self.not_in("a WsChat", &serde_json::to_string(&chat)?)?;
        }
        let events: Api<Event> = scene.namespace.api();
        let events = events.list(&all).await?.items;
        assert!(!events.is_empty(), "there are no Events");
        for event in events {
            self.not_in("an Event", &serde_json::to_string(&event)?)?;
        }
        Ok(())
    }
}
