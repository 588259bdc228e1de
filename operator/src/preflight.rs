//! Whether the cloud has room for a new chat: looked at before the first thing
//! is made, so that no half of a chat is left standing.

use std::time::Duration;

use futures::future::join_all;
use wschat_crds::{Reason, Resources, WsChatStatus};
use yandex_cloud_rest::model::Labels;
use yandex_cloud_rest::model::quota::QuotaLimit;

use crate::context::Pass;
use crate::error::Class;
use crate::inventory::{Folder, Listed};
use crate::names::{may_adopt, owns};
use crate::report::Report;

/// What a chat takes one of. Names that the cloud doesn't know are passed over:
/// only that of triggers is documented.
const QUOTAS: [&str; 5] = [
    "iam.serviceAccounts.count",
    "ydb.serverless-databases",
    "serverless.functions.count",
    "serverless.gateways.count",
    "serverless.triggers.count",
];

/// How old the lists may be that tell whether the chat is there already.
const RECENT: Duration = Duration::from_secs(30);

/// What the cloud lacks for a chat that isn't there yet, if it can be told:
/// without the right to see quotas, the first refusal tells.
pub(crate) async fn check(pass: &Pass<'_>, prior: &WsChatStatus) -> Option<Report> {
    if prior.resources != Resources::default() {
        return None;
    }
    let (context, identity) = (pass.context, pass.identity);
    let cloud = &context.cloud;
    let lists = context
        .inventory
        .folder(cloud, &identity.folder_id, RECENT)
        .await;
    if has_any(&lists, &identity.labels) {
        return None;
    }
    let cloud_id = cloud.cloud_of(&identity.folder_id).await.ok()?;
    let asked = QUOTAS.map(|quota| cloud.quota(quota, &cloud_id));
    let answers = join_all(asked).await.into_iter();
    let limits: Vec<QuotaLimit> = answers.filter_map(Result::ok).collect();
    let message = shortfall(&limits, &cloud_id)?;
    Some(Report::Failed {
        class: Class::Waiting,
        reason: Reason::QuotaExceeded,
        message,
    })
}

/// Whether the folder holds something of the chat already, as after a
/// restore, or something that was given to it.
fn has_any(lists: &Folder, labels: &Labels) -> bool {
    fn any<T>(all: &Listed<T>, ours: impl Fn(&T) -> bool) -> bool {
        all.as_ref().is_ok_and(|all| all.values().any(ours))
    }
    let ours = |found: &Labels| owns(labels, found) || may_adopt(labels, found);
    any(&lists.accounts, |one| ours(&one.labels))
        || any(&lists.databases, |one| ours(&one.labels))
        || any(&lists.functions, |one| ours(&one.labels))
        || any(&lists.gateways, |one| ours(&one.labels))
        || any(&lists.triggers, |one| ours(&one.labels))
}

/// Which quotas have no room for one more, and what to do (pure).
fn shortfall(limits: &[QuotaLimit], cloud_id: &str) -> Option<String> {
    let full: Vec<String> = limits
        .iter()
        .filter_map(|quota| {
            let (limit, usage) = (quota.limit?, quota.usage.unwrap_or_default());
            let name = &quota.quota_id;
            (usage + 1.0 > limit).then(|| format!("{name} (limit {limit}, used {usage})"))
        })
        .collect();
    if full.is_empty() {
        return None;
    }
    Some(format!(
        "nothing is made yet, since the cloud has no room for one more of: {}; raise that at \
         https://console.yandex.cloud/cloud/{cloud_id}/quotas, or delete what isn't needed; the \
         operator goes on by itself",
        full.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(name: &str, limit: Option<f64>, usage: f64) -> QuotaLimit {
        QuotaLimit {
            quota_id: name.to_owned(),
            limit,
            usage: Some(usage),
        }
    }

    #[test]
    fn only_what_has_no_room_for_one_more_is_told() {
        let room = [quota("a", Some(4.0), 3.0), quota("b", None, 1000.0)];
        assert_eq!(shortfall(&room, "b1c"), None);
        let full = [quota("a", Some(4.0), 3.0), quota("c", Some(4.0), 4.0)];
        let told = shortfall(&full, "b1c").unwrap();
        for words in ["c (limit 4, used 4)", "/cloud/b1c/quotas", "by itself"] {
            assert!(told.contains(words), "{told}");
        }
        assert!(!told.contains("a (limit"), "{told}");
    }
}
