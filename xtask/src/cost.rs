//! `cargo xtask cost`: what a chat costs in the real cloud, in a month. An
//! estimate: docs/performance.md tells what it is made of.

use wschat_tests::cost::prices::Prices;
use wschat_tests::cost::{Chat, Line};
use wschat_tests::measure::table::Table;

/// The chat.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// People who are connected at once
    #[arg(long, default_value_t = 1_000)]
    users: u32,
    /// Hours of a month during which they are
    #[arg(long, default_value_t = 240)]
    hours: u32,
    /// Messages that each of them sends in an hour
    #[arg(long, default_value_t = 10.0)]
    messages_per_hour: f64,
    /// Bytes of a message's content
    #[arg(long, default_value_t = 50)]
    message_bytes: u32,
    /// Memory of the handler, in MB
    #[arg(long, default_value_t = 256)]
    memory: u32,
    /// How long a call takes, in milliseconds; each begun 100 are paid
    #[arg(long, default_value_t = 20)]
    call_milliseconds: u32,
    /// Bytes after which the trigger sends a batch
    #[arg(long, default_value_t = 1)]
    batch_bytes: u32,
    /// Seconds that an incomplete batch waits
    #[arg(long, default_value_t = 1)]
    cutoff: u32,
}

/// Prints the bill.
pub(crate) fn run(options: &Options) {
    print!("{}", table(options));
}

fn table(options: &Options) -> Table {
    let chat = Chat {
        users: options.users.into(),
        hours: options.hours.into(),
        messages_per_hour: options.messages_per_hour,
        message_bytes: options.message_bytes.into(),
        memory_megabytes: options.memory.into(),
        call_milliseconds: options.call_milliseconds.into(),
        batch_bytes: options.batch_bytes.into(),
        cutoff_seconds: options.cutoff.into(),
    };
    let used = chat.used();
    let title = format!(
        "a month: {:.0} messages, {:.1} to a frame on average; dollars without VAT",
        used.messages, used.records_per_frame
    );
    let header = ["", "used", "free", "price", "from", "cost"];
    let lines = used.bill(&Prices::NEWEST);
    let table = lines
        .iter()
        .fold(Table::new(title, &header), |table, line| {
            table.row([
                line.what.to_owned(),
                format!("{:.2}", line.amount),
                line.price.free.to_string(),
                format!("{:.4}", line.price.dollars),
                line.price.source.word().to_owned(),
                format!("{:.2}", line.dollars()),
            ])
        });
    let total: f64 = lines.iter().map(Line::dollars).sum();
    let empty = ["", "", "", ""];
    let total = format!("{total:.2}");
    table.row([["in all"].as_slice(), &empty, &[total.as_str()]].concat())
}
