//! The operator inside another program, without a Lease and without a watch:
//! the program says when to look at a chat. Tests let such an operator die
//! between any two of its calls, by dropping it, and begin another that
//! remembers nothing.

use std::sync::Arc;
use std::time::Duration;

use kube::ResourceExt;
use kube::runtime::events::Reporter;
use wschat_crds::{MANAGER, NamesSpec, ResourceStatus, WsChat};

use crate::cloud::Cloud;
use crate::context::{Context, Handler, Settings};
use crate::controller::reconcile;
use crate::error::root_cause;
use crate::lease::Leadership;
use crate::names::Names;
use crate::steps::account::Account;
use crate::steps::database::Database;
use crate::steps::function::Function;
use crate::steps::version::{self, Parts};
use crate::validate::{Defaults, identity, validate};
use crate::watched::WatchedChat;

pub use crate::patch::apply as apply_merge_patch;

/// An operator that leads, whatever others do.
pub struct Embedded {
    context: Arc<Context>,
}

/// What it is started with.
#[derive(Clone, Debug)]
pub struct Start {
    /// The folder of chats that name none.
    pub folder_id: String,
    /// This installation's id.
    pub installation_id: String,
    /// The handler that chats run.
    pub handler_zip: Vec<u8>,
    /// How long the cloud may take to show what it made or changed.
    pub showing_up: Duration,
}

/// What the things of a chat that fixes no names are called in the cloud.
#[must_use]
pub fn derived_name(installation_id: &str, namespace: &str, name: &str) -> String {
    Names::new(&NamesSpec::default(), installation_id, namespace, name).database
}

impl Embedded {
    /// An operator that remembers nothing. It calls nobody yet.
    #[must_use]
    pub fn new(kube: kube::Client, cloud: yandex_cloud_rest::Client, start: Start) -> Self {
        let settings = Settings {
            defaults: Defaults {
                folder_id: start.folder_id,
                installation_id: start.installation_id,
                allowed_folders: Vec::new(),
                own_account: None,
            },
            handler: Handler::new(start.handler_zip),
            probe_interval: None,
            resync: Duration::from_mins(10),
            showing_up: start.showing_up,
        };
        let cloud = Cloud::new(cloud);
        let leadership = Leadership::of_a_test();
        let reporter = Reporter {
            controller: MANAGER.to_owned(),
            instance: None,
        };
        let context = Context::new(kube, cloud, settings, leadership, reporter);
        Self {
            context: Arc::new(context),
        }
    }

    /// Looks at the chat now, whether it is due or not. Answers how long the
    /// operator wants to wait until it looks again.
    ///
    /// # Errors
    /// What ended the look before there was a status to write.
    pub async fn look(&self, chat: WsChat) -> Result<Duration, String> {
        let uid = chat.uid().unwrap_or_default();
        let generation = chat.metadata.generation.unwrap_or_default();
        let schedule = &self.context.schedule;
        schedule.forget(&uid);
        reconcile(
            Arc::new(WatchedChat::from(&chat)),
            Arc::clone(&self.context),
        )
        .await
        .map_err(|error| root_cause(&error))?;
        let wait = schedule.wait(&uid, generation, self.context.clock.now());
        Ok(wait.unwrap_or_default())
    }

    /// The hash of the version of a chat's function, as its status remembers it
    /// and its description tells, if the chat has the things that its status
    /// knows.
    ///
    /// # Errors
    /// When its spec or its status is no good, or the cloud doesn't answer.
    pub async fn version_hash(&self, chat: &WsChat) -> Result<String, String> {
        let context = &*self.context;
        let defaults = &context.settings.defaults;
        let identity = identity(chat, defaults);
        let desired = validate(chat, &identity, defaults, context.signer);
        let desired = desired.map_err(|refusal| refusal.to_string())?;
        let status = chat.status.clone().unwrap_or_default();
        let id = |of: ResourceStatus| of.id.unwrap_or_default();
        let endpoint = status.resources.database.endpoint.unwrap_or_default();
        let database = Database::at(&endpoint).ok_or("the status knows no database")?;
        let parts = Parts {
            function: &Function {
                id: id(status.resources.function),
                invoke_url: String::new(),
            },
            account: &Account {
                id: id(status.resources.service_account),
            },
            database: &database,
            handler: &desired.handler,
            topic: &desired.topic,
            serving: None,
        };
        let connections = context.cloud.connections_endpoint().await;
        let connections = connections.map_err(|error| root_cause(&error))?;
        version::hash(context, parts, &connections).map_err(|error| error.to_string())
    }

    /// Has the next look read everything, as after something that puts in doubt what
    /// is remembered of the chat.
    pub fn doubt(&self, chat: &WsChat) {
        let uid = chat.uid().unwrap_or_default();
        self.context.surveys.doubt(&uid, self.context.clock.now());
    }

    /// Lets time pass for the operator: its lists and looks grow older by that.
    pub fn advance(&self, time: Duration) {
        self.context.clock.advance(time);
    }
}
