//! Waiting for something to become true, never for time to pass.

use std::fmt::{Debug, Display};
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use k8s_openapi::api::core::v1::Event;
use kube::api::ListParams;
use kube::runtime::watcher::watch_object;
use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How often a condition without a watch is asked.
const GLANCE: Duration = Duration::from_millis(50);

/// It never became true.
#[derive(Debug, thiserror::Error)]
#[error("waited {limit:?} for {what}, in vain; last seen: {last}")]
pub struct TimedOut {
    what: String,
    limit: Duration,
    last: String,
}

/// Asks until there is an answer. `check` says in its error what is missing.
pub async fn eventually<T, E, Answer>(
    what: impl Into<String>,
    limit: Duration,
    mut check: impl FnMut() -> Answer,
) -> Result<T, TimedOut>
where
    E: Display,
    Answer: Future<Output = Result<T, E>>,
{
    let start = Instant::now();
    let mut last = "no answer".to_owned();
    loop {
        let left = limit.saturating_sub(start.elapsed());
        match tokio::time::timeout(left, check()).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(missing)) => last = missing.to_string(),
            Err(_) => {}
        }
        if start.elapsed() >= limit {
            return Err(TimedOut {
                what: what.into(),
                limit,
                last,
            });
        }
        tokio::time::sleep(GLANCE).await;
    }
}

/// Watches an object until `condition` holds and returns it as it is then
/// (none: it is gone). At the limit the error shows the object and its Events.
pub async fn wait_for<K>(
    api: &Api<K>,
    name: &str,
    what: impl Into<String>,
    limit: Duration,
    condition: impl Fn(Option<&K>) -> bool,
) -> Result<Option<K>, TimedOut>
where
    K: Resource + Clone + Debug + Send + Serialize + DeserializeOwned + 'static,
{
    let condition = &condition;
    let watch = async {
        loop {
            let seen = watch_object(api.clone(), name).try_skip_while(|object| {
                let holds = condition(object.as_ref());
                std::future::ready(Ok(!holds))
            });
            let mut seen = std::pin::pin!(seen);
            // A broken watch is started again.
            if let Ok(Some(object)) = seen.try_next().await {
                return object;
            }
            tokio::time::sleep(GLANCE).await;
        }
    };
    match tokio::time::timeout(limit, watch).await {
        Ok(object) => Ok(object),
        Err(_) => Err(TimedOut {
            what: what.into(),
            limit,
            last: describe(api, name).await,
        }),
    }
}

/// Waits until an object is gone.
pub async fn wait_gone<K>(api: &Api<K>, name: &str, limit: Duration) -> Result<(), TimedOut>
where
    K: Resource + Clone + Debug + Send + Serialize + DeserializeOwned + 'static,
{
    let what = format!("{name} to be gone");
    wait_for(api, name, what, limit, |object| object.is_none()).await?;
    Ok(())
}

/// An object as YAML, and its Events, for a reader of a failed test.
pub async fn describe<K>(api: &Api<K>, name: &str) -> String
where
    K: Resource + Clone + Debug + Serialize + DeserializeOwned,
{
    let object = match api.get_opt(name).await {
        Err(error) => return format!("the API server's answer: {error}"),
        Ok(None) => return format!("no object {name}"),
        Ok(Some(mut object)) => {
            object.managed_fields_mut().clear();
            object
        }
    };
    let yaml = serde_norway::to_string(&object).unwrap_or_else(|error| error.to_string());
    let client = api.clone().into_client();
    let events: Api<Event> = match object.namespace() {
        Some(namespace) => Api::namespaced(client, &namespace),
        None => Api::default_namespaced(client),
    };
    let about = ListParams::default().fields(&format!("involvedObject.name={name}"));
    let events = match events.list(&about).await {
        Ok(events) => events.items,
        Err(error) => return format!("\n{yaml}events: {error}"),
    };
    let lines: String = events.iter().map(event_line).collect();
    format!("\n{yaml}events:\n{lines}")
}

fn event_line(event: &Event) -> String {
    format!(
        "  {} {}: {}\n",
        event.type_.as_deref().unwrap_or("?"),
        event.reason.as_deref().unwrap_or("?"),
        event.message.as_deref().unwrap_or("")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_good_answer_is_returned() {
        let mut asked = 0;
        let answer = eventually("a third look", Duration::from_secs(5), || {
            asked += 1;
            let answer = if asked < 3 { Err("not yet") } else { Ok(asked) };
            std::future::ready(answer)
        })
        .await;
        assert_eq!(answer.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_timeout_tells_what_was_seen_last() {
        let never = || std::future::ready(Err::<(), _>("two of three"));
        let error = eventually("three", Duration::from_millis(120), never)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("two of three"), "{error}");
    }

    #[tokio::test]
    async fn a_check_that_hangs_is_cut_at_the_limit() {
        let hang = || std::future::pending::<Result<(), &str>>();
        let error = eventually("an answer", Duration::from_millis(20), hang).await;
        assert!(error.unwrap_err().to_string().contains("no answer"));
    }
}
