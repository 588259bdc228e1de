//! The cache alone, with a source that counts and a clock that is moved by hand.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::future::join_all;
use tokio::sync::Semaphore;

use super::*;
use crate::code::Code;
use crate::error::ApiError;

/// Gives `token 1`, `token 2`, … as long as it has permits; errors while `down`.
#[derive(Debug)]
struct Counter {
    life: Duration,
    asked: AtomicUsize,
    permits: Semaphore,
    down: Mutex<Option<Code>>,
}

impl Counter {
    fn new(life: Duration) -> Arc<Self> {
        Arc::new(Self {
            life,
            asked: AtomicUsize::new(0),
            permits: Semaphore::new(1000),
            down: Mutex::new(None),
        })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn fail(&self, code: impl Into<Option<Code>>) {
        *self.down.lock().unwrap() = code.into();
    }
}

#[async_trait]
impl Source for Counter {
    async fn fetch(&self) -> Result<IamToken, AuthError> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let _permit = self.permits.acquire().await.unwrap();
        let down = *self.down.lock().unwrap();
        match down {
            Some(Code::Unauthenticated) => Err(AuthError::Refused {
                key: "ajk".to_owned(),
                error: ApiError::parse(401, "", None),
            }),
            Some(_) => Err(AuthError::Failed {
                error: ApiError::parse(503, "", None),
            }),
            None => Ok(IamToken {
                value: format!("token {number}"),
                fetched: Instant::now(),
                life: self.life,
            }),
        }
    }
}

fn cache(counter: &Arc<Counter>) -> TokenCache {
    let source: Arc<dyn Source> = counter.clone();
    TokenCache::of(source)
}

async fn value(cache: &TokenCache) -> String {
    cache.get().await.unwrap().value
}

/// Lets a request that nobody waits for end.
async fn landed(cache: &TokenCache) {
    let flight = lock(&cache.state).flight.clone();
    if let Some(flight) = flight {
        let _result = flight.await;
    }
}

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test(start_paused = true)]
async fn a_hundred_callers_make_one_request() {
    let counter = Counter::new(12 * HOUR);
    let cache = cache(&counter);
    let values = join_all((0..100).map(|_| value(&cache))).await;
    assert!(values.iter().all(|value| value == "token 1"), "{values:?}");
    assert_eq!(counter.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_callers_share_one_failure() {
    let counter = Counter::new(12 * HOUR);
    counter.fail(Code::Unavailable);
    let cache = cache(&counter);
    let results = join_all((0..100).map(|_| cache.get())).await;
    assert!(results.iter().all(Result::is_err));
    assert_eq!(counter.asked(), 1);
    counter.fail(None);
    assert_eq!(value(&cache).await, "token 2");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_after_an_hour_behind_the_callers_backs() {
    let counter = Counter::new(12 * HOUR);
    let cache = cache(&counter);
    assert_eq!(value(&cache).await, "token 1");
    tokio::time::advance(59 * MINUTE).await;
    assert_eq!(value(&cache).await, "token 1");
    assert_eq!(counter.asked(), 1);
    tokio::time::advance(2 * MINUTE).await;
    assert_eq!(value(&cache).await, "token 1");
    landed(&cache).await;
    assert_eq!(counter.asked(), 2);
    assert_eq!(value(&cache).await, "token 2");
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_a_token_in_its_last_tenth() {
    let counter = Counter::new(MINUTE);
    let cache = cache(&counter);
    assert_eq!(value(&cache).await, "token 1");
    tokio::time::advance(Duration::from_secs(54)).await;
    assert_eq!(value(&cache).await, "token 2");
}

#[tokio::test(start_paused = true)]
async fn a_living_token_outlasts_an_outage_and_a_dead_one_does_not() {
    let counter = Counter::new(MINUTE);
    let cache = cache(&counter);
    assert_eq!(value(&cache).await, "token 1");
    counter.fail(Code::Unavailable);
    tokio::time::advance(Duration::from_secs(55)).await;
    assert_eq!(value(&cache).await, "token 1");
    tokio::time::advance(Duration::from_secs(5)).await;
    assert!(cache.get().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_is_told_at_once_when_the_token_nears_its_end() {
    let counter = Counter::new(MINUTE);
    let cache = cache(&counter);
    assert_eq!(value(&cache).await, "token 1");
    counter.fail(Code::Unauthenticated);
    tokio::time::advance(Duration::from_secs(55)).await;
    let error = cache.get().await.unwrap_err();
    assert!(matches!(error, AuthError::Refused { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_renewal_rests_before_the_next_one() {
    let counter = Counter::new(12 * HOUR);
    let cache = cache(&counter);
    assert_eq!(value(&cache).await, "token 1");
    counter.fail(Code::Unavailable);
    tokio::time::advance(2 * HOUR).await;
    for _ in 0..10 {
        assert_eq!(value(&cache).await, "token 1");
        landed(&cache).await;
    }
    assert_eq!(counter.asked(), 2);
    tokio::time::advance(REST).await;
    assert_eq!(value(&cache).await, "token 1");
    landed(&cache).await;
    assert_eq!(counter.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_request_goes_on_when_the_caller_who_started_it_gives_up() {
    let counter = Counter::new(12 * HOUR);
    let held = counter.permits.acquire_many(1000).await.unwrap();
    let cache = cache(&counter);
    let impatient = tokio::time::timeout(MINUTE, cache.get()).await;
    assert!(impatient.is_err());
    drop(held);
    assert_eq!(value(&cache).await, "token 1");
    assert_eq!(counter.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_the_refused_token_is_forgotten() {
    let counter = Counter::new(12 * HOUR);
    let cache = cache(&counter);
    assert_eq!(value(&cache).await, "token 1");
    cache.invalidate("an older one");
    assert_eq!(value(&cache).await, "token 1");
    cache.invalidate("token 1");
    assert_eq!(value(&cache).await, "token 2");
}
