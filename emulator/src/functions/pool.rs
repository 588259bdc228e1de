//! The instances of one version: reuse, growth, the queue, and those that are
//! kept ready.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::capacity::{Capacity, Slot};
use super::error::InvokeError;
use super::instance::Instance;
use super::launch::Launch;
use super::scaling::ByTag;

/// How soon a provisioned instance that ended is replaced.
const REPLACE: Duration = Duration::from_millis(500);

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
    capacity: Arc<Capacity>,
    places: Mutex<Vec<Place>>,
    provisioned: AtomicUsize,
    stopped: CancellationToken,
    tasks: TaskTracker,
}

impl Pool {
    pub(super) fn new(
        launch: Launch,
        concurrency: usize,
        capacity: Arc<Capacity>,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            launch,
            concurrency: concurrency.max(1),
            capacity,
            places: Mutex::default(),
            provisioned: AtomicUsize::new(0),
            stopped: CancellationToken::new(),
            tasks,
        }
    }

    fn places(&self) -> MutexGuard<'_, Vec<Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one call: on an instance that has room, else on a new one if
    /// there may be more than these, else in the queue (documented).
    pub(super) async fn acquire(self: &Arc<Self>, call: &ByTag) -> Result<Lease, InvokeError> {
        let _turn = call.turn.lock().await;
        loop {
            let freed = self.capacity.freed();
            if self.stopped.is_cancelled() {
                return Err(InvokeError::Unavailable(self.launch.function_id.clone()));
            }
            if let Some(lease) = self.take(call.instances)? {
                return Ok(lease);
            }
            tokio::select! {
                () = freed => {}
                () = self.stopped.cancelled() => {}
            }
        }
    }

    fn take(self: &Arc<Self>, most: Option<usize>) -> Result<Option<Lease>, InvokeError> {
        let mut places = self.places();
        places.retain(|place| !place.instance.has_ended());
        // An idle instance may end at this very moment.
        let free = places
            .iter_mut()
            .filter(|place| place.busy < self.concurrency)
            .find(|place| place.instance.thaw());
        if let Some(place) = free {
            place.busy += 1;
            return Ok(Some(self.lease(&place.instance)));
        }
        if most.is_some_and(|most| places.len() >= most) {
            return Ok(None);
        }
        let Some(slot) = self.capacity.slot(self.launch.memory_mib) else {
            drop(places);
            self.capacity.make_room();
            return Ok(None);
        };
        let instance = self.start(slot)?;
        let lease = self.lease(&instance);
        places.push(Place { instance, busy: 1 });
        Ok(Some(lease))
    }

    fn lease(self: &Arc<Self>, instance: &Arc<Instance>) -> Lease {
        Lease {
            pool: Arc::clone(self),
            instance: Arc::clone(instance),
        }
    }

    fn start(&self, slot: Slot) -> Result<Arc<Instance>, InvokeError> {
        let started = Instance::start(&self.launch, slot, &self.tasks);
        let instance = started.map_err(|error| {
            let node = self.launch.node.display();
            InvokeError::Internal(format!(
                "can't start {node}: {error}; choose another with --node"
            ))
        })?;
        self.capacity.started(&instance);
        Ok(instance)
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
        drop(places);
        self.capacity.free();
    }

    /// Keeps so many instances ready, whether they are called or not.
    pub(super) fn provision(self: &Arc<Self>, count: usize) {
        let before = self.provisioned.swap(count, Ordering::AcqRel);
        self.top_up();
        if before == 0 && count > 0 {
            self.tasks.spawn(Arc::clone(self).keep_ready());
        }
    }

    async fn keep_ready(self: Arc<Self>) {
        loop {
            let freed = self.capacity.freed();
            self.top_up();
            if self.provisioned.load(Ordering::Acquire) == 0 {
                return;
            }
            // One that can't load doesn't start over and over at once.
            let pause = async {
                freed.await;
                tokio::time::sleep(REPLACE).await;
            };
            tokio::select! {
                () = pause => {}
                () = self.stopped.cancelled() => return,
            }
        }
    }

    /// Starts what is missing of the provisioned instances, as far as they fit.
    fn top_up(self: &Arc<Self>) {
        let count = self.provisioned.load(Ordering::Acquire);
        let mut places = self.places();
        places.retain(|place| !place.instance.has_ended());
        while places.len() < count && !self.stopped.is_cancelled() {
            let Some(slot) = self.capacity.slot(self.launch.memory_mib) else {
                break;
            };
            match self.start(slot) {
                Ok(instance) => {
                    self.tasks
                        .spawn(Arc::clone(self).settle(Arc::clone(&instance)));
                    places.push(Place { instance, busy: 0 });
                }
                Err(error) => {
                    tracing::warn!(%error, "an instance can't be provisioned");
                    break;
                }
            }
        }
        for (number, place) in places.iter().enumerate() {
            place.instance.keep(number < count);
        }
    }

    /// Freezes a new instance when it is loaded, unless it is called already.
    async fn settle(self: Arc<Self>, instance: Arc<Instance>) {
        if let Err(error) = instance.load().await {
            tracing::warn!(%error, "a provisioned instance can't load");
        }
        let places = self.places();
        let own = |place: &&Place| Arc::ptr_eq(&place.instance, &instance);
        if places.iter().find(own).is_some_and(|place| place.busy == 0) {
            instance.freeze();
        }
    }

    /// Ends all instances and refuses further calls.
    pub(super) fn stop(&self) {
        self.stopped.cancel();
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
