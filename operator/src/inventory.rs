//! What a folder holds: listed once per resync and shared by all chats in it,
//! so that the number of calls doesn't grow with the number of chats.

mod index;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::join;
use yandex_cloud_rest::model::apigateway::ApiGateway;
use yandex_cloud_rest::model::database::Database;
use yandex_cloud_rest::model::function::Function;
use yandex_cloud_rest::model::iam::ServiceAccount;
use yandex_cloud_rest::model::trigger::Trigger;

pub(crate) use self::index::{Content, Index};
use crate::clock::Clock;
use crate::cloud::{Cloud, CloudError};

/// How long lists that failed are believed: whoever gives the missing role
/// doesn't wait for the next resync.
const FAILED: Duration = Duration::from_secs(20);

/// One kind of resource by id, or why it can't be listed.
pub(crate) type Listed<T> = Result<HashMap<String, T>, CloudError>;

/// What a folder held when it was listed.
#[derive(Debug)]
pub(crate) struct Folder {
    /// Before the first list was asked for.
    pub(crate) taken: Instant,
    pub(crate) accounts: Listed<ServiceAccount>,
    pub(crate) databases: Listed<Database>,
    pub(crate) functions: Listed<Function>,
    pub(crate) gateways: Listed<ApiGateway>,
    pub(crate) triggers: Listed<Trigger>,
    pub(crate) bindings: Arc<Index>,
}

impl Folder {
    /// Whether every list was answered.
    pub(crate) fn is_whole(&self) -> bool {
        self.accounts.is_ok()
            && self.databases.is_ok()
            && self.functions.is_ok()
            && self.gateways.is_ok()
            && self.triggers.is_ok()
            && self.bindings.is_whole()
    }

    /// Whether it is still good enough.
    fn is_fresh(&self, resync: Duration, now: Instant) -> bool {
        now.saturating_duration_since(self.taken) < believed_for(resync, self.is_whole())
    }
}

/// How long a list is believed.
fn believed_for(resync: Duration, whole: bool) -> Duration {
    if whole { resync } else { resync.min(FAILED) }
}

fn by_id<T>(all: Result<Vec<T>, CloudError>, id: impl Fn(&T) -> &String) -> Listed<T> {
    let pairs = all?.into_iter().map(|one| (id(&one).clone(), one));
    Ok(pairs.collect())
}

/// The last lists of one folder. Who holds a lock is making them anew.
#[derive(Debug, Default)]
struct Shared {
    folder: tokio::sync::Mutex<Option<Arc<Folder>>>,
    roles: tokio::sync::Mutex<Option<Arc<Index>>>,
    databases: tokio::sync::Mutex<Option<Arc<Index>>>,
}

/// The last lists of each folder.
#[derive(Debug)]
pub(crate) struct Inventory {
    clock: Arc<Clock>,
    folders: Mutex<HashMap<String, Arc<Shared>>>,
}

impl Inventory {
    /// An empty one, whose lists grow old by this clock.
    pub(crate) fn new(clock: Arc<Clock>) -> Self {
        Self {
            clock,
            folders: Mutex::default(),
        }
    }

    /// What the folder holds, at most `resync` ago. Who comes while it is being
    /// listed waits for that.
    pub(crate) async fn folder(&self, cloud: &Cloud, id: &str, resync: Duration) -> Arc<Folder> {
        let shared = self.shared(id);
        let mut last = shared.folder.lock().await;
        let now = self.clock.now();
        match &*last {
            Some(folder) if folder.is_fresh(resync, now) => Arc::clone(folder),
            _ => {
                // Not two at once: with thousands of chats they are most of what the
                // operator remembers.
                drop(last.take());
                let folder = self.list(cloud, id, now, resync).await;
                Arc::clone(last.insert(Arc::new(folder)))
            }
        }
    }

    /// The index of the folder: made at most `resync` ago, and not before `since`.
    /// Who comes while it is being made waits for that.
    pub(crate) async fn index(
        &self,
        content: Content,
        cloud: &Cloud,
        id: &str,
        resync: Duration,
        since: Option<Instant>,
    ) -> Arc<Index> {
        let shared = self.shared(id);
        let slot = match content {
            Content::Roles => &shared.roles,
            Content::Databases => &shared.databases,
        };
        let mut last = slot.lock().await;
        let now = self.clock.now();
        match &*last {
            Some(index) if index.is_fresh(since, resync, now) => Arc::clone(index),
            _ => {
                let index = match content {
                    Content::Roles => Index::of_roles(cloud.folder_bindings(id).await, now),
                    Content::Databases => Index::of_databases(cloud.databases(id).await, now),
                };
                Arc::clone(last.insert(Arc::new(index)))
            }
        }
    }

    /// Lists everything; `taken` is now.
    async fn list(&self, cloud: &Cloud, id: &str, taken: Instant, resync: Duration) -> Folder {
        let (accounts, databases, functions, gateways, triggers, bindings) = join!(
            cloud.accounts(id),
            cloud.databases(id),
            cloud.functions(id),
            cloud.gateways(id),
            cloud.triggers(id),
            self.index(Content::Roles, cloud, id, resync, Some(taken)),
        );
        Folder {
            taken,
            accounts: by_id(accounts, |one| &one.id),
            databases: by_id(databases, |one| &one.id),
            functions: by_id(functions, |one| &one.id),
            gateways: by_id(gateways, |one| &one.id),
            triggers: by_id(triggers, |one| &one.id),
            bindings,
        }
    }

    /// How long the folder's lists are still good: whoever comes after that has
    /// them made anew.
    pub(crate) fn remaining(&self, id: &str, resync: Duration) -> Duration {
        let shared = self.shared(id);
        let last = shared.folder.try_lock();
        let taken = last.ok().and_then(|last| Some(last.as_ref()?.taken));
        let now = self.clock.now();
        let age = taken.map(|taken| now.saturating_duration_since(taken));
        resync.saturating_sub(age.unwrap_or_default())
    }

    fn shared(&self, id: &str) -> Arc<Shared> {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(folders.entry(id.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(triggers: Listed<Trigger>) -> Folder {
        let taken = Instant::now();
        Folder {
            taken,
            accounts: Ok(HashMap::new()),
            databases: Ok(HashMap::new()),
            functions: Ok(HashMap::new()),
            gateways: Ok(HashMap::new()),
            triggers,
            bindings: Arc::new(Index::of_roles(Ok(Vec::new()), taken)),
        }
    }

    #[test]
    fn lists_are_good_until_the_resync_and_failed_ones_not_for_long() {
        let resync = Duration::from_mins(10);
        let whole = folder(Ok(HashMap::new()));
        assert!(whole.is_fresh(resync, whole.taken + resync / 2));
        assert!(!whole.is_fresh(resync, whole.taken + resync));
        let failed = folder(Err(CloudError::of_a_test()));
        assert!(failed.is_fresh(resync, failed.taken));
        assert!(!failed.is_fresh(resync, failed.taken + FAILED));
    }
}
