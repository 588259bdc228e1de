//! Many chats at once: one is made, the others are copied, with all that they
//! have in the cloud.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use serde_json::{Value, json};
use uuid::Uuid;
use wschat_crds::WsChat;
use wschat_operator::embedded::{Embedded, derived_name};
use wschat_tests::custom_resource::newest_is_ready;
use yc_emulator::store::{Renaming, add_copies, renamed};

use crate::world::{INSTALLATION, NAME, NAMESPACE, Problem, Setting, World};

/// Before all addresses of copies' gateways; loopback is all of 127.0.0.0/8.
const FIRST: Ipv4Addr = Ipv4Addr::new(127, 64, 0, 0);

/// Makes the state of a cloud with so many chats, and answers these as Kubernetes
/// would store them.
pub(super) async fn make(
    setting: &Setting,
    state: &Path,
    chats: usize,
) -> Result<Vec<Value>, Problem> {
    let world = World::make(setting.clone()).await?;
    world.create_chat();
    let done = |chat: Option<&WsChat>| chat.is_some_and(newest_is_ready);
    world.look_until(done, None).await?;
    let chat = world.chat().ok_or("the chat is gone")?;
    let operator = world.operator()?;
    let mut all = vec![json!(chat)];
    let mut renamings = Vec::new();
    for number in 1..chats {
        let (renaming, copy) = copy(&operator, &chat, number).await?;
        renamings.push(renaming);
        all.push(copy);
    }
    world.end().await;
    let nothing = wschat_tests::cloud::packed("exports.handler = async () => ({});");
    let nothing = nothing.map_err(|error| error.to_string())?;
    add_copies(state, &nothing, &renamings).map_err(|error| error.to_string())?;
    Ok(all)
}

/// One copy: which texts it has instead of the chat's, and the copied chat.
async fn copy(
    operator: &Embedded,
    chat: &WsChat,
    number: usize,
) -> Result<(Renaming, Value), Problem> {
    let mut renaming = names(chat, number)?;
    let mut copy = renamed_chat(chat, &renaming)?;
    let read = serde_json::from_value(copy.clone()).map_err(|error| error.to_string())?;
    // The version is known by a hash of its environment, which has other ids.
    let hashes = (
        json!(chat)["status"]["resources"]["version"]["hash"].take(),
        operator.version_hash(&read).await?,
    );
    let (Value::String(former), hash) = hashes else {
        return Err("the chat's version has no hash".to_owned());
    };
    renaming.push((former, hash));
    copy = renamed_chat(chat, &renaming)?;
    copy["metadata"]["uid"] = json!(Uuid::new_v4().to_string());
    Ok((renaming, copy))
}

/// Ids, names, labels and addresses.
fn names(chat: &WsChat, number: usize) -> Result<Renaming, Problem> {
    let name = format!("{NAME}-{number}");
    let mut renaming = vec![
        (
            derived_name(INSTALLATION, NAMESPACE, NAME),
            derived_name(INSTALLATION, NAMESPACE, &name),
        ),
        (format!("\"{NAME}\""), format!("\"{name}\"")),
        (
            format!("WsChat {NAMESPACE}/{NAME},"),
            format!("WsChat {NAMESPACE}/{name},"),
        ),
    ];
    let mut resources = json!(chat)["status"]["resources"].take();
    let domain = resources["gateway"]["endpoint"].take();
    let domain = domain.as_str().ok_or("the gateway has no address")?;
    renaming.push((domain.to_owned(), address(domain, number)?));
    let resources = resources.as_object().ok_or("the chat has no resources")?;
    for id in resources.values().filter_map(|one| one["id"].as_str()) {
        let kind = id.get(..3).ok_or("an id is too short")?;
        let copied = (id.to_owned(), format!("{kind}{number:017}"));
        if !renaming.contains(&copied) {
            renaming.push(copied);
        }
    }
    Ok(renaming)
}

/// Where a copy's gateway listens: on a loopback address that is nobody else's.
/// So many ports of one address aren't free for long.
fn address(domain: &str, number: usize) -> Result<String, Problem> {
    let original: SocketAddr = domain
        .parse()
        .map_err(|_| format!("{domain} is no address"))?;
    let number = u32::try_from(number).map_err(|error| error.to_string())?;
    let own = Ipv4Addr::from_bits(FIRST.to_bits() + number);
    Ok(SocketAddr::from((own, original.port())).to_string())
}

fn renamed_chat(chat: &WsChat, renaming: &Renaming) -> Result<Value, Problem> {
    let text = renamed(&json!(chat).to_string(), renaming);
    serde_json::from_str(&text).map_err(|error| error.to_string())
}
