//! What do larger batches of the trigger gain, and how late do they make
//! messages? The same participants talk at the same rate, whatever the batch.

use std::path::Path;
use std::time::Duration;

use uuid::Uuid;
use wschat_tests::cloud::Cloud;
use wschat_tests::cost::prices::Prices;
use wschat_tests::cost::{Chat as Estimated, Line, Used};
use wschat_tests::crowd::load::{Outcome, Plan};
use wschat_tests::measure::table::{Table, milliseconds};
use yandex_cloud_rest::model::FieldMask;
use yandex_cloud_rest::model::trigger::{BatchSettings, UpdateTriggerRequest};

use crate::Failure;
use crate::fan_out::is_empty;
use crate::load::{options, whole};
use crate::stage::{crowd, single_chat};

const BATCH_BYTES: [i64; 4] = [1, 1 << 10, 16 << 10, 64 << 10];
/// In seconds; the cloud takes none below a second.
const CUTOFFS: [u64; 2] = [1, 5];
const PARTICIPANTS: usize = 20;
/// Messages a second, of all together.
const RATE: u32 = 100;
const MESSAGES: usize = 600;
const LIMIT: Duration = Duration::from_mins(3);

pub(crate) async fn table(folder: &Path) -> Result<Table, Failure> {
    let mut chat = single_chat(folder, options("batching")).await?;
    let cloud = Cloud::of(chat.emulator.addresses())?;
    let plan = Plan {
        process: chat.cloud_process()?,
        url: chat.url.clone(),
        participants: PARTICIPANTS,
        rate: RATE,
        messages: MESSAGES,
    };
    let title = format!(
        "batching: {PARTICIPANTS} participants, {RATE} messages a second in all; times in ms from \
         when a message is due; dollars of a million messages to 1,000 people, free amounts used up"
    );
    let header = [
        "batchBytes",
        "cutoff",
        "p50",
        "p99",
        "longest",
        "sends/message",
        "bytes/message",
        "cost",
    ];
    let mut table = Table::new(title, &header);
    for cutoff in CUTOFFS {
        for bytes in BATCH_BYTES {
            set(&cloud, bytes, cutoff).await?;
            let outcome: Outcome = crowd(folder, "load", &plan, LIMIT).await?;
            is_empty(&chat.emulator).await?;
            table = table.row(row((bytes, cutoff), &whole(outcome)?)?);
        }
    }
    chat.emulator.stop().await?;
    Ok(table)
}

/// Gives the only trigger other batches.
async fn set(cloud: &Cloud, size: i64, cutoff: u64) -> Result<(), Failure> {
    let triggers = cloud.client().triggers();
    let [trigger] = &triggers.list(cloud.folder(), None).await?[..] else {
        return Err("there is more or less than one trigger".into());
    };
    let mut rule = trigger.rule.clone();
    let stream = rule.data_stream.as_mut();
    stream.ok_or("the trigger reads no stream")?.batch_settings = Some(BatchSettings {
        size,
        cutoff: Some(Duration::from_secs(cutoff).into()),
    });
    let request = UpdateTriggerRequest {
        update_mask: Some(FieldMask::of(["rule"])),
        rule: Some(rule),
        ..UpdateTriggerRequest::default()
    };
    let operation = triggers.update(&trigger.id, &request, Uuid::new_v4());
    cloud.end(&operation.await?).await?;
    Ok(())
}

fn row((bytes, cutoff): (i64, u64), outcome: &Outcome) -> Result<Vec<String>, Failure> {
    let messages = f64::from(u32::try_from(MESSAGES)?);
    let sends = f64::from(u32::try_from(outcome.frames)?) / messages;
    let bytes_each = f64::from(u32::try_from(outcome.bytes)?) / messages;
    let names = [bytes.to_string(), format!("{cutoff} s")];
    let figures = [
        format!("{sends:.3}"),
        format!("{bytes_each:.1}"),
        format!("{:.2}", dollars(bytes_each)),
    ];
    let times = outcome.broadcast.map(milliseconds);
    Ok(names.into_iter().chain(times).chain(figures).collect())
}

/// What a million messages to 1,000 people cost, each so long on its way out.
fn dollars(bytes_each: f64) -> f64 {
    let chat = Estimated {
        users: 1_000.0,
        hours: 1.0,
        messages_per_hour: 1_000.0,
        message_bytes: 50.0,
        memory_megabytes: 256.0,
        call_milliseconds: 20.0,
        batch_bytes: 1.0,
        cutoff_seconds: 1.0,
    };
    let used = Used {
        bytes_out: bytes_each * 1e9,
        ..chat.used()
    };
    let lines = used.bill(&Prices::NEWEST);
    lines.iter().map(Line::dollars_without_free).sum()
}
