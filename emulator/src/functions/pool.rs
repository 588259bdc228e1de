//! The instances of one version: reuse, growth, the queue.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use super::error::InvokeError;
use super::instance::Instance;
use super::launch::Launch;

/// How far a version scales.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Processes of one version. Default 10, the cloud's default quota
    /// (reference §7).
    pub instances: usize,
    /// Calls that wait for a free place before 429. Default 1,000, a guess.
    pub queue: usize,
    /// How long an instance without a call lives. Default 10 minutes, a guess:
    /// the cloud doesn't promise any time.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            instances: 10,
            queue: 1000,
            idle: Duration::from_mins(10),
        }
    }
}

#[derive(Debug)]
struct Place {
    instance: Arc<Instance>,
    busy: usize,
}

/// Instances of a version.
#[derive(Debug)]
pub(super) struct Pool {
    launch: Launch,
    concurrency: usize,
    queue: usize,
    room: Arc<Semaphore>,
    waiting: AtomicUsize,
    places: Mutex<Vec<Place>>,
    tasks: TaskTracker,
}

impl Pool {
    pub(super) fn new(
        launch: Launch,
        concurrency: usize,
        limits: Limits,
        tasks: TaskTracker,
    ) -> Self {
        let concurrency = concurrency.max(1);
        Self {
            launch,
            concurrency,
            queue: limits.queue,
            room: Arc::new(Semaphore::new(concurrency * limits.instances.max(1))),
            waiting: AtomicUsize::new(0),
            places: Mutex::default(),
            tasks,
        }
    }

    fn places(&self) -> MutexGuard<'_, Vec<Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one call: on an instance that has room, else on a new one,
    /// else in the queue.
    pub(super) async fn acquire(self: &Arc<Self>) -> Result<Lease, InvokeError> {
        let permit = self.permit().await?;
        let mut places = self.places();
        places.retain(|place| !place.instance.has_ended());
        // An idle instance may end at this very moment.
        let free = places
            .iter_mut()
            .filter(|place| place.busy < self.concurrency)
            .find(|place| place.instance.thaw());
        let instance = if let Some(place) = free {
            place.busy += 1;
            Arc::clone(&place.instance)
        } else {
            let instance = Instance::start(&self.launch, &self.tasks).map_err(|error| {
                let node = self.launch.node.display();
                InvokeError::Internal(format!(
                    "can't start {node}: {error}; choose another with --node"
                ))
            })?;
            places.push(Place {
                instance: Arc::clone(&instance),
                busy: 1,
            });
            instance
        };
        Ok(Lease {
            pool: Arc::clone(self),
            instance,
            _permit: permit,
        })
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, InvokeError> {
        if let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() {
            return Ok(permit);
        }
        let id = || self.launch.function_id.clone();
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.queue {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(InvokeError::TooManyCalls(id()));
        }
        let permit = Arc::clone(&self.room).acquire_owned().await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        permit.map_err(|_| InvokeError::Unavailable(id()))
    }

    fn release(&self, instance: &Arc<Instance>) {
        let mut places = self.places();
        if let Some(place) = places
            .iter_mut()
            .find(|place| Arc::ptr_eq(&place.instance, instance))
        {
            place.busy = place.busy.saturating_sub(1);
            if place.busy == 0 {
                place.instance.freeze();
            }
        }
    }

    /// Ends all instances and refuses further calls.
    pub(super) fn stop(&self) {
        self.room.close();
        for place in self.places().drain(..) {
            place
                .instance
                .end(InvokeError::Unavailable(self.launch.function_id.clone()));
        }
    }
}

/// A call's place; gives it back when dropped.
#[derive(Debug)]
pub(super) struct Lease {
    pool: Arc<Pool>,
    instance: Arc<Instance>,
    // Dropped after the place was given back, so that who gets it finds one.
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    pub(super) fn instance(&self) -> &Instance {
        &self.instance
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.release(&self.instance);
    }
}
