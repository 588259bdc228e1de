//! How long does a chat take to be Ready, beside the time in which the cloud's
//! operations run? Those that may run side by side do, so that time is their
//! critical path.

use std::path::Path;
use std::time::{Duration, Instant};

use kube::Api;
use kube::api::PostParams;
use wschat_crds::WsChat;
use wschat_tests::control_plane::ControlPlane;
use wschat_tests::custom_resource::{newest_is_ready, smallest_chat};
use wschat_tests::emulator::{self, Emulator};
use wschat_tests::measure::operations::time_of_operations;
use wschat_tests::measure::table::{Table, milliseconds};
use wschat_tests::namespace::Namespace;
use wschat_tests::wait::wait_for;

use crate::Failure;
use crate::stage::{archive, control_plane, operator};

/// How long operations take: not at all, as the emulator has them, and as the
/// cloud's slow ones.
const DELAYS: [&str; 3] = ["0ms", "300ms..1500ms", "3s..9s"];
/// One after another, in one folder.
const CHATS: u32 = 3;
/// More than ten operations of 9 s and all else.
const PATIENCE: Duration = Duration::from_mins(5);

/// How one chat came to be Ready.
struct Made {
    total: Duration,
    /// While operations ran.
    cloud: Duration,
}

impl Made {
    /// What is left for the operator, YDB and the first round trip.
    fn beside(&self) -> Duration {
        self.total.saturating_sub(self.cloud)
    }
}

/// Durations of operations, a row for each.
pub(crate) async fn table(folder: &Path) -> Result<Table, Failure> {
    let header = [
        "operations take",
        "chats",
        "Ready in",
        "of the cloud",
        "beside",
        "most",
    ];
    let title = "ready: from a chat's creation until it is Ready, the time in which operations \
                 ran, and all other time; means, and the most of the other time; times in ms";
    let control_plane = control_plane(folder).await?;
    let mut table = Table::new(title, &header);
    for delay in DELAYS {
        table = table.row(Box::pin(row(folder, &control_plane, delay)).await?);
    }
    control_plane.stop().await?;
    Ok(table)
}

async fn row(
    folder: &Path,
    control_plane: &ControlPlane,
    delay: &str,
) -> Result<Vec<String>, Failure> {
    let namespace = Namespace::create(control_plane.client(), "bench").await?;
    let options = emulator::Options::default().name(format!("emulator-{delay}"));
    let emulator = Emulator::start(folder, &options.operation_delay(delay)).await?;
    let (cluster, handler) = ((control_plane, &namespace), archive("handler.zip")?);
    let operator = operator(folder, cluster, &emulator, (delay, &handler)).await?;
    let mut all = Vec::new();
    for number in 0..CHATS {
        all.push(make(&namespace.api(), &emulator, number).await?);
    }
    operator.stop().await?;
    emulator.stop().await?;
    let mean = |part: fn(&Made) -> Duration| all.iter().map(part).sum::<Duration>() / CHATS;
    let most = all.iter().map(Made::beside).max().unwrap_or_default();
    Ok(vec![
        delay.to_owned(),
        CHATS.to_string(),
        milliseconds(mean(|made| made.total)),
        milliseconds(mean(|made| made.cloud)),
        milliseconds(mean(Made::beside)),
        milliseconds(most),
    ])
}

async fn make(chats: &Api<WsChat>, emulator: &Emulator, number: u32) -> Result<Made, Failure> {
    let before = emulator.requests(None).await?;
    let last = before.last().map_or(0, |call| call.sequence);
    let name = format!("lobby-{number}");
    // An API server holds the first create for 2 s when the definition is new.
    chats
        .create(&PostParams::default(), &smallest_chat(&name)?)
        .await?;
    let begun = Instant::now();
    let is_ready = |chat: Option<&WsChat>| chat.is_some_and(newest_is_ready);
    wait_for(chats, &name, "the chat to be Ready", PATIENCE, is_ready).await?;
    let total = begun.elapsed();
    let mut calls = emulator.requests(None).await?;
    calls.retain(|call| call.sequence > last);
    let cloud = time_of_operations(&calls);
    Ok(Made { total, cloud })
}
