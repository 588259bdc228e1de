//! `check-uninstall`: fails while chats exist. Without the operator nobody
//! would remove their cloud side, nor their finalizers.

use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use wschat_crds::WsChat;

use crate::error::StartError;

/// How many chats are named at most.
const NAMED: usize = 20;

/// Succeeds when no `WsChat` exists.
pub(crate) async fn check(client: Client) -> Result<(), StartError> {
    let chats = match Api::<WsChat>::all(client)
        .list(&ListParams::default())
        .await
    {
        Ok(list) => list.items,
        // Without the definition there are no chats.
        Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
        Err(source) => return Err(StartError::list(source)),
    };
    if chats.is_empty() {
        return Ok(());
    }
    let mut names: Vec<String> = chats
        .iter()
        .take(NAMED)
        .map(|chat| {
            format!(
                "{}/{}",
                chat.namespace().unwrap_or_default(),
                chat.name_any()
            )
        })
        .collect();
    if chats.len() > NAMED {
        names.push(format!("and {} more", chats.len() - NAMED));
    }
    Err(StartError::ChatsExist(names.join(", ")))
}
