//! Watches chats and looks at each whenever it changes or its time has come.

mod gone;
mod holding;
mod pace;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::api::PartialObjectMeta;
use kube::runtime::controller::{Action, Config as ControllerConfig};
use kube::runtime::{Controller, watcher};
use kube::{Api, ResourceExt};
use tokio_util::sync::CancellationToken;
use wschat_crds::{DeletionPolicy, FINALIZER, Resources, WsChat, WsChatStatus};

use crate::change::Changes;
use crate::context::{Context, Pass};
use crate::credentials::{self, Entry, SecretError};
use crate::error::{Class, StepError, root_cause};
use crate::events;
use crate::finalizers;
use crate::journal::Journal;
use crate::plan::forecast;
use crate::preflight;
use crate::provision::provision;
use crate::report::Report;
use crate::status::{Notice, Verdict, next, notices};
use crate::teardown::teardown;
use crate::validate::{Identity, identity, validate};
use crate::watched::WatchedChat;

/// How many chats are looked at side by side.
const CONCURRENCY: u16 = 32;

/// Why a look at a chat ended early; the status couldn't tell.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookError {
    #[error("cannot {action}: {}", root_cause(source))]
    Kube {
        action: &'static str,
        source: Box<kube::Error>,
    },
    #[error(transparent)]
    Step(#[from] StepError),
}

/// What the controller follows in Kubernetes.
#[derive(Clone)]
pub(crate) struct Watched {
    pub(crate) chats: Api<WatchedChat>,
    pub(crate) secrets: Api<PartialObjectMeta<Secret>>,
}

/// Looks at chats until `stop`, then lets looks that are under way end.
pub(crate) async fn run(context: Arc<Context>, watched: Watched, stop: CancellationToken) {
    let (ended, end) = futures::channel::oneshot::channel::<()>();
    tokio::spawn(async move {
        stop.cancelled().await;
        // Nobody listens any more when the controller ended by itself.
        let _nobody = ended.send(());
    });
    let controller = Controller::new(watched.chats, watcher::Config::default());
    let chats = controller.store();
    let forgetting = gone::forget_the_gone(Arc::clone(&context), chats.clone());
    let secrets = credentials::changes(Arc::clone(&context), watched.secrets, chats);
    let looking = controller
        .reconcile_all_on(secrets)
        .with_config(ControllerConfig::default().concurrency(CONCURRENCY))
        .graceful_shutdown_on(async move {
            let _either_way = end.await;
        })
        .run(reconcile, on_error, context)
        .for_each(|result| async move {
            if let Err(error) = result {
                tracing::debug!(error = root_cause(&error), "a look at a chat failed");
            }
        });
    tokio::select! {
        () = looking => {}
        () = forgetting => {}
    }
}

/// Looks at the chat, if it is due.
pub(crate) async fn reconcile(
    seen: Arc<WatchedChat>,
    context: Arc<Context>,
) -> Result<Action, LookError> {
    let began = Instant::now();
    let looked = try_reconcile(&seen, &context, began).await;
    if looked.is_err() {
        context.metrics.looked("broken_off", began.elapsed());
    }
    looked
}

async fn try_reconcile(
    seen: &WatchedChat,
    context: &Arc<Context>,
    began: Instant,
) -> Result<Action, LookError> {
    let uid = seen.uid().unwrap_or_default();
    let generation = seen.metadata.generation.unwrap_or_default();
    // The watch also brings what we wrote ourselves.
    if let Some(wait) = context.schedule.wait(&uid, generation, context.clock.now()) {
        return Ok(Action::requeue(wait));
    }
    context.schedule.begins(&uid);
    let api: Api<WsChat> =
        Api::namespaced(context.kube.clone(), &seen.namespace().unwrap_or_default());
    // The watch may lag behind what was written down last.
    let fresh = api
        .get_opt(&seen.name_any())
        .await
        .map_err(|source| LookError::Kube {
            action: "read the WsChat",
            source: Box::new(source),
        })?;
    let Some(chat) = fresh.filter(|chat| chat.uid().as_ref() == Some(&uid)) else {
        forget(context, &uid);
        return Ok(Action::await_change());
    };
    let generation = chat.metadata.generation.unwrap_or_default();
    let look = Look { context, api, chat };
    // On the heap: it holds the state of the whole graph.
    match Box::pin(look.look()).await? {
        Next::Gone => {
            forget(context, &uid);
            context.metrics.looked("gone", began.elapsed());
            Ok(Action::await_change())
        }
        Next::Failed(class) => {
            context.metrics.looked("failed", began.elapsed());
            let wait = context
                .schedule
                .failed(&uid, generation, class, context.clock.now());
            Ok(Action::requeue(wait))
        }
        Next::Again(wait) => {
            context.metrics.looked("done", began.elapsed());
            let (schedule, now) = (&context.schedule, context.clock.now());
            let wait = schedule.progressed(&uid, generation, wait, now);
            Ok(Action::requeue(wait))
        }
        Next::Rest(wait) => {
            context.metrics.looked("done", began.elapsed());
            let (schedule, now) = (&context.schedule, context.clock.now());
            Ok(Action::requeue(schedule.rests(&uid, generation, wait, now)))
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the controller's signature")]
fn on_error(chat: Arc<WatchedChat>, error: &LookError, context: Arc<Context>) -> Action {
    tracing::warn!(
        chat = chat.name_any(),
        namespace = chat.namespace(),
        error = root_cause(error),
        "could not look at the chat; trying again"
    );
    let generation = chat.metadata.generation.unwrap_or_default();
    let uid = chat.uid().unwrap_or_default();
    let wait = context
        .schedule
        .failed(&uid, generation, Class::Transient, context.clock.now());
    Action::requeue(wait)
}

fn forget(context: &Context, uid: &str) {
    context.schedule.forget(uid);
    context.prober.forget(uid);
    context.reach.forget(uid);
    context.surveys.forget(uid);
    context.slots.forget(uid);
    context.metrics.chat(uid, &[]);
}

/// What follows a look.
enum Next {
    /// The object is gone, or isn't ours any more.
    Gone,
    Failed(Class),
    /// Something is under way.
    Again(Duration),
    /// Nothing is left to be done.
    Rest(Duration),
}

/// One look at one chat.
struct Look<'a> {
    context: &'a Arc<Context>,
    api: Api<WsChat>,
    chat: WsChat,
}

impl Look<'_> {
    async fn look(self) -> Result<Next, LookError> {
        let identity = identity(&self.chat, &self.context.settings.defaults);
        let deleting = self.chat.metadata.deletion_timestamp.is_some();
        if deleting && !finalizers::has(&self.chat, FINALIZER) {
            self.let_secrets_go().await?;
            return Ok(Next::Gone);
        }
        let journal = Journal::open(
            self.api.clone(),
            &self.chat,
            self.context.leadership.clone(),
        )?;
        let prior = self.chat.status.clone().unwrap_or_default();
        let mut resources = prior.resources.clone();
        let changes = Changes::default();
        let entered = self.enter(deleting).await;
        let verdict = match &entered {
            Err(error) if deleting => Verdict::Deleting(error.into()),
            Err(error) => Verdict::Locked(error.into()),
            Ok(entry) => {
                let (context, began) = (&entry.context, self.context.clock.now());
                let survey = self.survey(context, &identity, &prior, deleting).await;
                let pass = Pass {
                    context,
                    began,
                    identity: &identity,
                    journal: &journal,
                    leadership: &context.leadership,
                    plans: false,
                    survey: &survey,
                    changes: &changes,
                };
                let verdict = if deleting {
                    Verdict::Deleting(teardown(&pass, &mut resources).await)
                } else {
                    self.forwards(&pass, &prior, &mut resources, entry).await?
                };
                if verdict.is_gone() {
                    self.release(&identity).await?;
                    return Ok(Next::Gone);
                }
                verdict
            }
        };
        let mut status = next(&prior, resources, &identity, &verdict, Timestamp::now());
        if let Ok(entry) = &entered
            && verdict.was_begun()
        {
            status.credentials_secret = entry.secret_name();
        }
        let told = self.tell(&journal, &prior, &status).await;
        let changes = changes.take();
        for repair in changes.iter().filter(|change| change.repairs_drift()) {
            self.context.metrics.repaired(repair.resource);
        }
        self.announce(changes.iter().map(Notice::from).collect())
            .await;
        self.announce(told?).await;
        Ok(self.next(&verdict, &identity))
    }

    /// What this look may use of the cloud. Who leaves without touching it needs
    /// no key for that.
    async fn enter(&self, deleting: bool) -> Result<Entry, SecretError> {
        if deleting && self.chat.spec.deletion_policy == DeletionPolicy::Retain {
            return Ok(Entry::own(self.context));
        }
        credentials::enter(self.context, &self.chat).await
    }

    /// Brings the cloud closer to what is wished, if that can be wished.
    async fn forwards(
        &self,
        pass: &Pass<'_>,
        prior: &WsChatStatus,
        resources: &mut Resources,
        entry: &Entry,
    ) -> Result<Verdict, LookError> {
        let (context, defaults) = (&*entry.context, &self.context.settings.defaults);
        match validate(&self.chat, pass.identity, defaults, context.signer) {
            Err(refusal) => Ok(Verdict::Refused(refusal)),
            Ok(desired) if self.chat.spec.suspend => {
                let (chat, api) = (&self.chat, self.api.clone());
                let forecast = forecast(context, api, chat, pass.identity, &desired);
                Ok(Verdict::Suspended(forecast.await?.summary()))
            }
            Ok(desired) => {
                if let Err(error) = self.hold(entry, prior).await? {
                    return Ok(Verdict::Locked((&error).into()));
                }
                pass.journal.pin(pass.identity, prior).await?;
                if let Some(shortfall) = preflight::check(pass, prior).await {
                    return Ok(Verdict::Short(shortfall));
                }
                let verdict = provision(pass, &desired, prior, resources).await;
                let (uid, now) = (&pass.identity.uid, self.context.clock.now());
                let surveys = &self.context.surveys;
                surveys.end(uid, pass.survey, verdict.unready(), now);
                if verdict.misses() {
                    pass.doubt();
                }
                Ok(verdict)
            }
        }
    }

    /// Writes the status if it differs. Answers what there is to tell about it.
    async fn tell(
        &self,
        journal: &Journal,
        prior: &WsChatStatus,
        status: &WsChatStatus,
    ) -> Result<Vec<Notice>, LookError> {
        let uid = self.chat.uid().unwrap_or_default();
        self.context.metrics.chat(&uid, &status.conditions);
        if journal.write(status).await? {
            Ok(notices(&prior.conditions, &status.conditions))
        } else {
            Ok(Vec::new())
        }
    }

    /// Logs and publishes what happened.
    async fn announce(&self, notices: Vec<Notice>) {
        for notice in &notices {
            tracing::info!(
                chat = self.chat.name_any(),
                namespace = self.chat.namespace(),
                warning = notice.warning,
                reason = notice.reason,
                "{}",
                notice.note
            );
        }
        events::publish(&self.context.recorder, &self.chat, notices).await;
    }

    fn next(&self, verdict: &Verdict, identity: &Identity) -> Next {
        let mut resync = self.resync(verdict, identity);
        let surveys = &self.context.surveys;
        let (reports, again): (Vec<&Report>, Option<Duration>) = match verdict {
            Verdict::Provisioned { reports, .. } => {
                resync = resync.min(reports.reach.again);
                (reports.all().to_vec(), reports.again())
            }
            Verdict::Deleting(report) | Verdict::Short(report) | Verdict::Locked(report) => {
                (vec![report], report.again())
            }
            Verdict::Refused(refusal) => {
                self.context.metrics.failed(Class::Terminal, refusal.reason);
                (Vec::new(), None)
            }
            Verdict::Suspended(_) => (Vec::new(), None),
        };
        let mut soonest = None;
        for report in reports {
            if let Some((class, reason)) = report.failure() {
                self.context.metrics.failed(class, reason);
                soonest = Some(soonest.map_or(class, |soonest: Class| soonest.min(class)));
            }
        }
        // What else is under way waits as long: it may not make the failing
        // step be tried more often.
        match (soonest, again) {
            (Some(class), _) => Next::Failed(class),
            (None, Some(again)) => Next::Again(again),
            // What was changed just now is read before one rests.
            (None, None) if verdict.is_fine() && surveys.is_unsettled(&identity.uid) => {
                Next::Again(Duration::ZERO)
            }
            (None, None) => Next::Rest(resync),
        }
    }
}

#[cfg(test)]
mod tests;
