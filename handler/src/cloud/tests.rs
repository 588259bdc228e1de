use std::sync::atomic::AtomicUsize;

use futures::FutureExt as _;
use futures::future::join_all;
use ydb::YdbStatusError;

use super::*;
use crate::log::Level;

/// Numbers the links that it opens, from 1.
#[derive(Default)]
struct Numbers(AtomicUsize);

#[async_trait]
impl Opener for Numbers {
    type Link = usize;

    async fn open(&self, _token: &Token) -> YdbResult<Arc<usize>> {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Ok(Arc::new(self.0.fetch_add(1, Ordering::Relaxed) + 1))
    }
}

fn cloud() -> Cloud<Numbers> {
    Cloud::new(Numbers::default(), Log::new(Level::Error))
}

fn token(text: &str, lifetime: Duration) -> Token {
    Token {
        text: text.to_owned(),
        lifetime: Some(lifetime),
    }
}

/// What YDB answers to a token that isn't good (UNAUTHORIZED).
fn refused() -> YdbError {
    let mut status = YdbStatusError::default();
    status.operation_status = 400_020;
    YdbError::YdbStatusError(status)
}

/// Which link a call gets, when those up to `bad` fail like this.
async fn link(
    cloud: &Cloud<Numbers>,
    token: &Token,
    bad: usize,
    fail: fn() -> YdbError,
) -> Result<usize, Unavailable> {
    let deadline = Instant::now() + Duration::from_secs(15);
    cloud
        .with_link("cannot", token, deadline, |link, _deadline| async move {
            // Others get their turn, as while YDB is asked.
            tokio::task::yield_now().await;
            if *link > bad { Ok(*link) } else { Err(fail()) }
        })
        .await
}

const DAY: Duration = Duration::from_hours(24);

#[tokio::test(start_paused = true)]
async fn sixteen_calls_at_once_open_one_link() {
    let (cloud, token) = (cloud(), token("a", DAY));
    let calls = (0..16).map(|_| link(&cloud, &token, 0, refused));
    assert_eq!(join_all(calls).await, vec![Ok(1); 16]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_rebuilds_the_link_once_for_all_who_meet_it() {
    let (cloud, token) = (cloud(), token("a", DAY));
    let calls = (0..16).map(|_| link(&cloud, &token, 1, refused));
    assert_eq!(join_all(calls).await, vec![Ok(2); 16]);
    assert_eq!(link(&cloud, &token, 1, refused).await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_stays_refused_is_tried_twice_and_told() {
    let (cloud, token) = (cloud(), token("a", DAY));
    let told = link(&cloud, &token, 9, refused).await;
    assert!(told.is_err_and(|told| told.why.starts_with("status 400020")));
    assert_eq!(cloud.opener.0.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn what_ydb_repeats_itself_leaves_the_link_alone() {
    let (cloud, token) = (cloud(), token("a", DAY));
    let told = link(&cloud, &token, 9, || YdbError::Custom("no".into())).await;
    assert!(told.is_err());
    assert_eq!(link(&cloud, &token, 0, refused).await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_new_token_is_used_past_half_of_the_old_ones_life() {
    let cloud = cloud();
    // Half of nothing is over at once.
    let (old, new) = (token("old", Duration::ZERO), token("new", DAY));
    assert_eq!(link(&cloud, &old, 0, refused).await, Ok(1));
    assert_eq!(link(&cloud, &old, 0, refused).await, Ok(1), "nothing newer");
    assert_eq!(link(&cloud, &new, 0, refused).await, Ok(2));
    let newer = token("newer", DAY);
    assert_eq!(link(&cloud, &newer, 0, refused).await, Ok(2), "young");
}

#[test]
fn half_of_a_tokens_life_is_reckoned_from_its_use() {
    let now = SystemTime::UNIX_EPOCH + DAY;
    let hours = |hours| now + Duration::from_hours(hours);
    let age = Age::new(&token("a", Duration::from_hours(12)), now);
    let newer = token("b", DAY);
    assert!(!age.is_over(&newer, hours(5)));
    assert!(age.is_over(&newer, hours(6)));
    assert!(!age.is_over(&token("a", DAY), hours(11)));
    let ageless = Age::new(&Token::default(), now);
    assert!(!ageless.is_over(&newer, hours(1000)));
}

#[tokio::test(start_paused = true)]
async fn a_silent_link_is_given_up_sooner_after_a_pause() {
    let (cloud, token) = (cloud(), token("a", DAY));
    assert_eq!(link(&cloud, &token, 0, refused).await, Ok(1));
    tokio::time::advance(SUSPICIOUS_PAUSE * 2).await;
    let began = Instant::now();
    let deadline = began + Duration::from_secs(15);
    let answer = cloud.with_link("cannot", &token, deadline, |link, _deadline| async move {
        if *link == 1 {
            std::future::pending::<()>().await;
        }
        Ok(*link)
    });
    assert_eq!(answer.await, Ok(2));
    assert_eq!(began.elapsed().as_secs(), SHORT_ATTEMPT.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_panics_leaves_the_link_to_others() {
    let (cloud, token) = (cloud(), token("a", DAY));
    let deadline = Instant::now() + Duration::from_secs(15);
    let call = cloud.with_link("cannot", &token, deadline, |_link, _deadline| async {
        panic!("on purpose");
        #[expect(unreachable_code, reason = "it has to be of a call's type")]
        Ok(())
    });
    assert!(
        std::panic::AssertUnwindSafe(call)
            .catch_unwind()
            .await
            .is_err()
    );
    assert_eq!(link(&cloud, &token, 0, refused).await, Ok(1));
}
