//! An instance is told to end while it has sixteen calls: it acknowledges all of
//! them. Told when it has none, it ends.

use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use libtest_mimic::Failed;
use rustix::process::Signal;
use serde_json::json;
use wschat_tests::chaos::frame::Frame;
use wschat_tests::chaos::history::{Happened, History};
use wschat_tests::chaos::plan::Plan;

use crate::recorder::Recorder;
use crate::socket::{Answer, Live};
use crate::stage::Stage;

const NAME: &str = "an instance ends with sixteen calls in flight";
const CALLS: usize = 16;
/// Longer than a call may take: an answer that takes so long is none.
const LIMIT: Duration = Duration::from_secs(40);

pub(crate) fn trial() -> libtest_mimic::Trial {
    crate::run::trial_of(NAME.to_owned(), |folder| async move { ends(&folder).await })
}

async fn ends(folder: &Path) -> Result<History, Failed> {
    let plan = Plan {
        concurrency: i64::try_from(CALLS)?,
        batch_bytes: 1,
        ..Plan::of(0)
    };
    let stage = Stage::set(folder, &plan).await?;
    let recorder = Recorder::new();
    let mut sockets = Vec::new();
    for number in 0..CALLS {
        let user = Plan::user(number);
        sockets.push(Live::open(&recorder, &stage.chat.url, &user).await?);
    }
    let acknowledged = ask_all(&mut sockets, 1).await;
    assert_eq!(acknowledged, [Answer::Good; CALLS]);

    // Nothing reaches the topic, so that all of them are in flight.
    let held = json!({
        "method": "GRPC_IN", "path": "/Ydb.Topic.V1.TopicService/StreamWrite", "times": 0,
        "action": { "hang": {} },
    });
    stage.emulator.set_fault_rules(&[held]).await?;
    let ending = async {
        stage.runs(CALLS).await?;
        let told = stage.signal_an_instance(Signal::TERM, 0).await?;
        // The stream is cut with what was held: it has to be written again.
        stage.emulator.clear_faults().await?;
        Ok::<_, Failed>(told)
    };
    let (answers, told) = tokio::join!(ask_all(&mut sockets, 2), ending);
    assert_eq!(answers, [Answer::Good; CALLS]);
    told?.ok_or("no instance was called")?;
    recorder.note(Happened::Mended);

    stage.quiet().await?;
    // The second is for it to learn of the first: without a call it is frozen.
    let told = stage.signal_an_instance(Signal::TERM, 0).await?;
    stage.signal_an_instance(Signal::CONT, 0).await?;
    stage.gone(told.ok_or("no instance was called")?).await?;

    // Another one takes its place.
    assert_eq!(ask_all(&mut sockets, 3).await, [Answer::Good; CALLS]);
    let newest = stage.newest().await?.ok_or("the topic is empty")?;
    let heard = sockets
        .iter_mut()
        .map(|socket| socket.hears(&newest, LIMIT));
    join_all(heard).await;
    recorder.note(Happened::Parting);
    let history = History {
        topic: stage.topic().await?,
        doubled: 0,
        moments: recorder.take(),
    };
    stage.emulator.stop_unjudged().await?;
    Ok(history)
}

/// Everybody sends his `number`th message.
async fn ask_all(sockets: &mut [Live], number: usize) -> Vec<Answer> {
    let asking = sockets
        .iter_mut()
        .enumerate()
        .map(|(user, socket)| async move {
            let id = format!("{}-{number}", Plan::user(user));
            let content = format!("{id}!");
            socket.ask(&Frame::Send { id, content }, LIMIT).await
        });
    join_all(asking).await
}
