//! What every look at a chat needs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::runtime::events::{Recorder, Reporter};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use wschat_crds::ResourceStatus;

use crate::backoff::Schedule;
use crate::change::{Change, Changes};
use crate::clock::Clock;
use crate::cloud::Cloud;
use crate::credentials::{Guests, Signer};
use crate::inventory::{Content, Index, Inventory};
use crate::journal::Journal;
use crate::lease::Leadership;
use crate::metrics::Metrics;
use crate::names::hex;
use crate::prober::Prober;
use crate::reach::Reach;
use crate::resource::Resource;
use crate::slots::Slots;
use crate::survey::{Survey, Surveys};
use crate::validate::{Defaults, Identity};

/// What the program holds for as long as it runs, and what it looks at chats
/// with that have the same credentials. Copies share everything.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) kube: kube::Client,
    pub(crate) cloud: Cloud,
    pub(crate) settings: Arc<Settings>,
    pub(crate) leadership: Leadership,
    pub(crate) recorder: Recorder,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) schedule: Arc<Schedule>,
    pub(crate) prober: Arc<Prober>,
    pub(crate) reach: Arc<Reach>,
    pub(crate) inventory: Arc<Inventory>,
    pub(crate) surveys: Arc<Surveys>,
    /// How many operations run in a folder, whoever asked for them.
    pub(crate) slots: Arc<Slots>,
    /// Changes of a folder's bindings go one after another.
    pub(crate) folder_turn: Arc<Mutex<()>>,
    /// Whose rights the cloud is called with.
    pub(crate) signer: Signer,
    /// The keys that chats brought.
    pub(crate) guests: Arc<Guests>,
}

impl Context {
    /// Of a program that has just started: it remembers nothing.
    pub(crate) fn new(
        kube: kube::Client,
        cloud: Cloud,
        settings: Settings,
        leadership: Leadership,
        reporter: Reporter,
    ) -> Self {
        let clock: Arc<Clock> = Arc::default();
        Self {
            recorder: Recorder::new(kube.clone(), reporter),
            kube,
            metrics: Arc::new(Metrics::new(cloud.calls())),
            cloud,
            settings: Arc::new(settings),
            leadership,
            schedule: Arc::default(),
            prober: Arc::default(),
            reach: Arc::default(),
            inventory: Arc::new(Inventory::new(Arc::clone(&clock))),
            clock,
            surveys: Arc::default(),
            slots: Arc::default(),
            folder_turn: Arc::default(),
            signer: Signer::Operator,
            guests: Arc::default(),
        }
    }

    /// The same program, which remembers nothing of chats: another one may have
    /// worked on them meanwhile.
    pub(crate) fn anew(&self) -> Self {
        Self {
            schedule: Arc::default(),
            prober: Arc::default(),
            reach: Arc::default(),
            inventory: Arc::new(Inventory::new(Arc::clone(&self.clock))),
            surveys: Arc::default(),
            slots: Arc::default(),
            guests: Arc::default(),
            ..self.clone()
        }
    }

    /// The same program with another account's client of the cloud, which sees
    /// other folders.
    pub(crate) fn with_cloud(&self, cloud: Cloud, signer: Signer) -> Self {
        Self {
            cloud,
            signer,
            inventory: Arc::new(Inventory::new(Arc::clone(&self.clock))),
            folder_turn: Arc::default(),
            ..self.clone()
        }
    }
}

/// What the program was started with.
pub(crate) struct Settings {
    pub(crate) defaults: Defaults,
    pub(crate) handler: Handler,
    /// How often a chat is looked at when nothing happens.
    pub(crate) resync: Duration,
    /// How often a chat that serves is probed; never when absent.
    pub(crate) probe_interval: Option<Duration>,
    /// How long the cloud may take to show what it made or changed: what isn't
    /// there before isn't gone.
    pub(crate) showing_up: Duration,
}

/// The handler that chats run.
pub(crate) struct Handler {
    pub(crate) zip: Vec<u8>,
    /// 64 hexadecimal digits.
    pub(crate) sha256: String,
}

impl Handler {
    /// The handler in this zip.
    pub(crate) fn new(zip: Vec<u8>) -> Self {
        let sha256 = hex(&Sha256::digest(&zip), 64);
        Self { zip, sha256 }
    }

    /// For `status.handlerVersion`: this release, and the start of the hash.
    pub(crate) fn version(&self) -> String {
        let start: String = self.sha256.chars().take(8).collect();
        format!("{}+{start}", env!("CARGO_PKG_VERSION"))
    }
}

impl Pass<'_> {
    /// The index of the chat's folder, by a list that was taken since then.
    pub(crate) async fn index(&self, content: Content, since: Option<Instant>) -> Arc<Index> {
        let Context {
            inventory,
            cloud,
            settings,
            ..
        } = self.context;
        let folder = &self.identity.folder_id;
        let index = inventory.index(content, cloud, folder, settings.resync, since);
        index.await
    }

    /// What is remembered of this chat may be wrong: the next look reads it all,
    /// unless that has just been done.
    pub(crate) fn doubt(&self) {
        if !self.plans {
            let now = self.context.clock.now();
            self.context.surveys.doubt(&self.identity.uid, now);
        }
    }

    /// Notes a change if this look only plans. Answers whether it does.
    pub(crate) fn planned(&self, change: &Change) -> bool {
        if self.plans {
            self.changes.add(change.clone());
        }
        self.plans
    }

    /// Whether what the status remembers of a resource is believed: it has the
    /// wished hash, was seen so, and this look doesn't read it.
    pub(crate) fn believes(&self, resource: Resource, saved: &ResourceStatus, hash: &str) -> bool {
        saved.hash.as_deref() == Some(hash)
            && saved.unseen_since.is_none()
            && !self.survey.reads(resource)
    }
}

/// One look at one chat.
pub(crate) struct Pass<'a> {
    pub(crate) context: &'a Context,
    /// When it began.
    pub(crate) began: Instant,
    pub(crate) identity: &'a Identity,
    pub(crate) journal: &'a Journal,
    /// Whether this look may write: it may not when it only plans.
    pub(crate) leadership: &'a Leadership,
    /// Whether changes are noted and not made.
    pub(crate) plans: bool,
    /// How closely this look examines what worked before.
    pub(crate) survey: &'a Survey,
    /// What this look does to the cloud.
    pub(crate) changes: &'a Changes,
}
