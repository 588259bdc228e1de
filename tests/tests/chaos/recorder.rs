//! Notes what happens, in order.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use wschat_tests::chaos::history::{Happened, Moment, Socket};
use wschat_tests::chaos::message::Message;

/// The record of a run; clones share it.
#[derive(Clone)]
pub(crate) struct Recorder(Arc<Inner>);

struct Inner {
    start: Instant,
    sockets: AtomicUsize,
    moments: Mutex<Vec<Moment>>,
    /// Frames that came already: what everybody hears is kept once.
    frames: Mutex<HashMap<String, Vec<Arc<Message>>>>,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            start: Instant::now(),
            sockets: AtomicUsize::new(0),
            moments: Mutex::default(),
            frames: Mutex::default(),
        }))
    }

    /// The next socket's number.
    pub(crate) fn socket(&self) -> Socket {
        self.0.sockets.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn note(&self, happened: Happened) {
        let mut moments = lock(&self.0.moments);
        let at = self.0.start.elapsed();
        moments.push(Moment { at, happened });
    }

    /// The messages of a frame.
    pub(crate) fn messages(&self, frame: &str) -> Vec<Arc<Message>> {
        let mut frames = lock(&self.0.frames);
        if let Some(known) = frames.get(frame) {
            return known.clone();
        }
        let messages: Vec<_> = Message::all_in(frame).into_iter().map(Arc::new).collect();
        frames.insert(frame.to_owned(), messages.clone());
        messages
    }

    /// How many messages the largest frame had so far.
    pub(crate) fn largest_frame(&self) -> usize {
        let frames = lock(&self.0.frames);
        frames.values().map(Vec::len).max().unwrap_or_default()
    }

    /// All that was noted, which is forgotten here.
    pub(crate) fn take(&self) -> Vec<Moment> {
        std::mem::take(&mut *lock(&self.0.moments))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
