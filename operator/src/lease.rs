//! One replica at a time writes to the cloud: the one that holds the Lease.
//!
//! `kube-lease-manager` takes and renews the Lease. Whether this process may
//! write follows from the Lease itself, as it is watched: a process that was
//! stopped for a while finds its deadline passed, before it can harm.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::{StreamExt, pin_mut};
use k8s_openapi::api::coordination::v1::Lease;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client};
use kube_lease_manager::{LeaseManager, LeaseManagerBuilder};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// How long to wait after the API server refused something about the Lease.
const RETRY: Duration = Duration::from_secs(1);

/// Which Lease, and how it is held.
#[derive(Clone, Debug)]
pub(crate) struct LeaseSettings {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// Whole seconds, at least 3.
    pub(crate) duration: Duration,
    /// Unique among replicas and restarts.
    pub(crate) identity: String,
}

/// Whether this process leads, and until when it does for sure.
#[derive(Clone, Debug)]
pub(crate) struct Leadership {
    until: watch::Receiver<Option<Instant>>,
}

impl Leadership {
    /// A leader without a Lease, for as long as a test may take.
    pub(crate) fn of_a_test() -> Self {
        let until = Instant::now() + Duration::from_hours(24);
        Self {
            until: watch::channel(Some(until)).1,
        }
    }
}

impl Leadership {
    /// Of a look that only plans: it never leads, so nothing can be written.
    pub(crate) fn none() -> Self {
        Self {
            until: watch::channel(None).1,
        }
    }

    /// Whether a write that is begun now is covered by the Lease.
    pub(crate) fn holds(&self) -> bool {
        self.until
            .borrow()
            .is_some_and(|until| until > Instant::now())
    }

    /// Waits until this process leads. Ends with false when nobody tries any
    /// more.
    pub(crate) async fn gained(&mut self) -> bool {
        let leads = |until: &Option<Instant>| until.is_some_and(|until| until > Instant::now());
        self.until.wait_for(leads).await.is_ok()
    }

    /// Waits until this process doesn't lead any more.
    pub(crate) async fn lost(&mut self) {
        loop {
            let Some(until) = *self.until.borrow_and_update() else {
                return;
            };
            tokio::select! {
                () = sleep_until(until) => {
                    if !self.holds() {
                        return;
                    }
                }
                changed = self.until.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// Tries to lead until `stop`, then gives the Lease back.
pub(crate) fn campaign(
    client: Client,
    settings: LeaseSettings,
    stop: CancellationToken,
) -> (Leadership, tokio::task::JoinHandle<()>) {
    let (sender, until) = watch::channel(None);
    let task = tokio::spawn(async move {
        let freed = Arc::new(Notify::new());
        let observed = observe(client.clone(), settings.clone(), sender, Arc::clone(&freed));
        tokio::select! {
            () = observed => {}
            () = hold(client, settings, freed, stop) => {}
        }
    });
    (Leadership { until }, task)
}

/// Takes the Lease whenever it can, and renews it.
async fn hold(
    client: Client,
    settings: LeaseSettings,
    freed: Arc<Notify>,
    stop: CancellationToken,
) {
    loop {
        let manager = tokio::select! {
            built = build(client.clone(), &settings) => built,
            () = stop.cancelled() => return,
        };
        let manager = match manager {
            Ok(manager) => manager,
            Err(error) => {
                tracing::warn!(%error, lease = settings.name, "cannot use the Lease; trying again");
                sleep(RETRY).await;
                continue;
            }
        };
        if renew(&manager, &freed, &stop).await {
            if let Err(error) = manager.release().await {
                tracing::warn!(%error, "could not give the Lease back; it expires by itself");
            }
            return;
        }
    }
}

async fn build(
    client: Client,
    settings: &LeaseSettings,
) -> Result<LeaseManager, kube_lease_manager::LeaseManagerError> {
    let seconds = settings.duration.as_secs();
    LeaseManagerBuilder::new(client, &settings.name)
        .with_namespace(&settings.namespace)
        .with_identity(&settings.identity)
        .with_field_manager(&settings.identity)
        .with_duration(seconds)
        .with_grace((seconds / 3).max(1))
        .build()
        .await
}

/// Keeps the manager at work. Answers true when the program stops, and false
/// when a new manager should look at the Lease at once: this one sleeps until
/// the old holder's time is over, also when the holder gave it back early.
async fn renew(manager: &LeaseManager, freed: &Notify, stop: &CancellationToken) -> bool {
    let mut leads = false;
    loop {
        tokio::select! {
            changed = manager.changed() => match changed {
                Ok(now) => leads = now,
                Err(error) => {
                    tracing::warn!(%error, "the Lease cannot be renewed; trying again");
                    sleep(RETRY).await;
                }
            },
            () = freed.notified(), if !leads => return false,
            () = stop.cancelled() => return true,
        }
    }
}

/// Follows the Lease and tells until when this process holds it.
async fn observe(
    client: Client,
    settings: LeaseSettings,
    until: watch::Sender<Option<Instant>>,
    freed: Arc<Notify>,
) {
    let api = Api::<Lease>::namespaced(client, &settings.namespace);
    let only = watcher::Config::default().fields(&format!("metadata.name={}", settings.name));
    let leases = watcher(api, only).default_backoff().touched_objects();
    pin_mut!(leases);
    let mut last_holder = None;
    while let Some(lease) = leases.next().await {
        let lease = match lease {
            Ok(lease) => lease,
            Err(error) => {
                tracing::debug!(%error, "the watch of the Lease is interrupted");
                continue;
            }
        };
        let holder = lease
            .spec
            .as_ref()
            .and_then(|spec| spec.holder_identity.clone());
        if holder != last_holder {
            tracing::info!(
                holder = holder.as_deref().unwrap_or("nobody"),
                "the Lease changed hands"
            );
            if holder.is_none() {
                freed.notify_one();
            }
        }
        let held = holder.as_ref() == Some(&settings.identity);
        let deadline = if held {
            deadline(&lease, &settings, SystemTime::now())
        } else {
            None
        };
        until.send_replace(deadline.map(|left| Instant::now() + left));
        last_holder = holder;
    }
}

/// How long the holder may still write: until renewal plus duration, less a
/// tenth for writes that are on their way.
fn deadline(lease: &Lease, settings: &LeaseSettings, now: SystemTime) -> Option<Duration> {
    let renewed = SystemTime::from(lease.spec.as_ref()?.renew_time.as_ref()?.0);
    (renewed + settings.duration - settings.duration / 10)
        .duration_since(now)
        .ok()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::coordination::v1::LeaseSpec;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;

    use super::*;

    #[test]
    fn writing_ends_before_the_lease_does() {
        let now = SystemTime::now();
        let settings = LeaseSettings {
            namespace: "n".to_owned(),
            name: "l".to_owned(),
            duration: Duration::from_secs(10),
            identity: "me".to_owned(),
        };
        let renewed = jiff::Timestamp::try_from(now).unwrap();
        let spec = LeaseSpec {
            renew_time: Some(MicroTime(renewed)),
            ..LeaseSpec::default()
        };
        let lease = Lease {
            spec: Some(spec),
            ..Lease::default()
        };
        assert_eq!(
            deadline(&lease, &settings, now),
            Some(Duration::from_secs(9))
        );
        assert_eq!(
            deadline(&lease, &settings, now + Duration::from_secs(10)),
            None
        );
        assert_eq!(deadline(&Lease::default(), &settings, now), None);
    }

    #[tokio::test]
    async fn leadership_is_lost_when_its_time_is_over() {
        let (sender, until) = watch::channel(None);
        let mut leadership = Leadership { until };
        assert!(!leadership.holds());
        sender.send_replace(Some(Instant::now() + Duration::from_millis(20)));
        leadership.lost().await;
        assert!(!leadership.holds());
    }

    #[tokio::test]
    async fn leadership_is_gained_and_given_back() {
        let (sender, until) = watch::channel(Some(Instant::now() + Duration::from_mins(10)));
        let mut leadership = Leadership { until };
        assert!(leadership.gained().await);
        assert!(leadership.holds());
        sender.send_replace(None);
        leadership.lost().await;
        assert!(!leadership.holds());
    }
}
