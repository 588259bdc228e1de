//! What a chat uses in a month, and what that costs. Pure arithmetic, by the
//! cloud's price rules (functions/pricing, ydb/pricing/ru-yql and ru-topics,
//! api-gateway/pricing).

pub mod prices;

use prices::{Price, Prices};

const MILLION: f64 = 1e6;
/// Bytes of a GB, in all of the cloud's prices.
const GIGABYTE: f64 = 1_073_741_824.0;
const MEGABYTES_OF_GIGABYTE: f64 = 1_024.0;
/// A call's time is rounded up to a multiple of this.
const CALL_STEP_MILLISECONDS: f64 = 100.0;
const MILLISECONDS_OF_HOUR: f64 = 3_600_000.0;
const SECONDS_OF_HOUR: f64 = 3_600.0;

/// Bytes that cost a request unit when they are written to a topic.
const TOPIC_WRITE_BLOCK: f64 = 4_096.0;
/// The same for what is read.
const TOPIC_READ_BLOCK: f64 = 8_192.0;

/// Request units of a CONNECT: two reads, of the index and of an older row, and
/// the new row in table and index, two units each.
const CONNECT_UNITS: f64 = 6.0;
/// Of an end: two reads, and the row in table and index that goes.
const DISCONNECT_UNITS: f64 = 6.0;
/// Of a look at whose connection it is.
const LOOK_UNITS: f64 = 1.0;
/// An instance looks again after half a minute.
const LOOKS_PER_HOUR: f64 = 120.0;

/// Bytes of a BROADCAST beside its content, with names of usual length.
const BROADCAST_BYTES: f64 = 110.0;
/// Bytes of a `USER_JOINED` or `USER_LEFT`.
const PRESENCE_BYTES: f64 = 80.0;
/// Bytes of an ACK.
const ACK_BYTES: f64 = 95.0;
/// Bytes of a frame beside its records: `{"messages":[]}` and WebSocket's header.
const FRAME_BYTES: f64 = 19.0;

/// A chat. A socket lives for an hour at most, so everybody connects anew each
/// hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chat {
    /// People who are connected at once.
    pub users: f64,
    /// Hours of a month during which they are.
    pub hours: f64,
    /// Messages that each of them sends in an hour.
    pub messages_per_hour: f64,
    /// Bytes of a message's content.
    pub message_bytes: f64,
    /// Memory of the handler, in MB.
    pub memory_megabytes: f64,
    /// How long a call takes, in milliseconds.
    pub call_milliseconds: f64,
    /// Bytes of records after which the trigger sends a batch.
    pub batch_bytes: f64,
    /// Seconds that an incomplete batch waits.
    pub cutoff_seconds: f64,
}

/// What it uses in a month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Used {
    /// Messages that are sent.
    pub messages: f64,
    /// Records of a frame, on average.
    pub records_per_frame: f64,
    /// Calls of the function.
    pub calls: f64,
    /// Memory of the function by the time that is paid for.
    pub gigabyte_hours: f64,
    /// Request units of the database.
    pub units: f64,
    /// Requests to the gateway.
    pub requests: f64,
    /// Bytes that go out to the internet.
    pub bytes_out: f64,
}

/// One line of a bill.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// What is paid for.
    pub what: &'static str,
    /// How much of it, in the unit that the price is for.
    pub amount: f64,
    /// What such a unit costs.
    pub price: Price,
}

impl Line {
    /// What it costs, in dollars.
    #[must_use]
    pub fn dollars(&self) -> f64 {
        (self.amount - self.price.free).max(0.0) * self.price.dollars
    }

    /// What it costs when everything that is free was used up by others.
    #[must_use]
    pub fn dollars_without_free(&self) -> f64 {
        self.amount * self.price.dollars
    }
}

impl Chat {
    /// What it uses in a month.
    #[must_use]
    pub fn used(&self) -> Used {
        let sessions = self.users * self.hours;
        let messages = sessions * self.messages_per_hour;
        let records_per_frame = self.records_per_frame();
        let calls = messages + 2.0 * sessions;
        let steps = (self.call_milliseconds / CALL_STEP_MILLISECONDS).ceil();
        let call_hours = steps.max(1.0) * CALL_STEP_MILLISECONDS / MILLISECONDS_OF_HOUR;
        let memory = self.memory_megabytes / MEGABYTES_OF_GIGABYTE;
        let topic_bytes = messages * self.record_bytes() + 2.0 * sessions * PRESENCE_BYTES;
        let looks = messages.min(sessions * LOOKS_PER_HOUR);
        // One stream to write and one to read are opened each hour, or about that.
        let topic_units =
            topic_bytes / TOPIC_WRITE_BLOCK + topic_bytes / TOPIC_READ_BLOCK + 2.0 * self.hours;
        let row_units = looks * LOOK_UNITS + sessions * (CONNECT_UNITS + DISCONNECT_UNITS);
        let records = messages + 2.0 * sessions;
        let to_each = topic_bytes + records / records_per_frame * FRAME_BYTES;
        Used {
            messages,
            records_per_frame,
            calls,
            gigabyte_hours: calls * call_hours * memory,
            units: topic_units + row_units,
            requests: messages + sessions,
            bytes_out: to_each * self.users + messages * ACK_BYTES,
        }
    }

    fn record_bytes(&self) -> f64 {
        BROADCAST_BYTES + self.message_bytes
    }

    /// As many as fit, or as come while the first one waits.
    fn records_per_frame(&self) -> f64 {
        let fit = (self.batch_bytes / self.record_bytes()).floor();
        let rate = self.users * self.messages_per_hour / SECONDS_OF_HOUR;
        fit.min(1.0 + rate * self.cutoff_seconds).max(1.0)
    }
}

impl Used {
    /// What that costs, line by line.
    #[must_use]
    pub fn bill(&self, prices: &Prices) -> [Line; 5] {
        let line = |what, amount, price| Line {
            what,
            amount,
            price,
        };
        [
            line(
                "million function calls",
                self.calls / MILLION,
                prices.million_calls,
            ),
            line(
                "GB·hours of function memory",
                self.gigabyte_hours,
                prices.gigabyte_hour,
            ),
            line(
                "million request units of YDB",
                self.units / MILLION,
                prices.million_units,
            ),
            line(
                "million gateway requests",
                self.requests / MILLION,
                prices.million_requests,
            ),
            line(
                "GB out to the internet",
                self.bytes_out / GIGABYTE,
                prices.gigabyte_out,
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::prices::Source;
    use super::*;

    const SMALL: Chat = Chat {
        users: 100.0,
        hours: 200.0,
        messages_per_hour: 60.0,
        message_bytes: 50.0,
        memory_megabytes: 256.0,
        call_milliseconds: 20.0,
        batch_bytes: 1.0,
        cutoff_seconds: 1.0,
    };

    fn close(found: f64, wanted: f64) {
        let difference = (found - wanted).abs();
        assert!(
            difference <= wanted.abs() * 1e-6,
            "{found} instead of {wanted}"
        );
    }

    #[test]
    fn the_example_of_the_functions_page_comes_out() {
        // 10 million calls of 800 ms with 512 MB: $49.336622.
        let used = Used {
            calls: 10_000_000.0,
            gigabyte_hours: 0.5 * 0.8 / 3_600.0 * 10_000_000.0,
            ..SMALL.used()
        };
        let price = |dollars, free| Price {
            dollars,
            free,
            source: Source::OlderPage,
        };
        let prices = Prices {
            million_calls: price(0.128, 1.0),
            gigabyte_hour: price(0.043_76, 10.0),
            ..Prices::NEWEST
        };
        let [calls, memory, ..] = used.bill(&prices);
        close(calls.dollars(), 1.152);
        close(calls.dollars() + memory.dollars(), 49.336_622_2);
    }

    #[test]
    fn the_example_of_the_database_page_comes_out() {
        // 1,310,720 request units: $0.0531455488.
        let used = Used {
            units: 1_310_720.0,
            ..SMALL.used()
        };
        let [_, _, units, ..] = used.bill(&Prices::NEWEST);
        close(units.dollars(), 0.053_145_548_8);
    }

    #[test]
    fn a_small_chat_is_as_computed_by_hand() {
        let used = SMALL.used();
        // 20,000 hours of people: 1.2 million messages, 40,000 ends of sockets.
        close(used.messages, 1_200_000.0);
        close(used.calls, 1_240_000.0);
        close(used.requests, 1_220_000.0);
        // 1,240,000 × 0.1 s × 0.25 GB = 31,000 GB·s.
        close(used.gigabyte_hours, 31_000.0 / 3_600.0);
        // 1.2 million × 160 + 40,000 × 80 = 195.2 million bytes: 47,656.25 units to
        // write, 23,828.125 to read, 400 streams; 1.2 million looks; 20,000 × 12.
        close(used.units, 71_484.375 + 400.0 + 1_200_000.0 + 240_000.0);
        // To each 195.2 million and 1.24 million × 19, times 100; ACKs.
        close(used.bytes_out, 21_876_000_000.0 + 114_000_000.0);
        let total: f64 = used.bill(&Prices::NEWEST).iter().map(Line::dollars).sum();
        // 0.24 × 0.1554917784 + 0.511884375 × 0.17104 + 1.12 × 0.6.
        close(total, 0.037_318_027 + 0.087_552_703_5 + 0.672);
    }

    #[test]
    fn a_call_is_paid_in_steps_of_100_milliseconds() {
        let hours = |call_milliseconds| {
            let chat = Chat {
                call_milliseconds,
                ..SMALL
            };
            chat.used().gigabyte_hours
        };
        close(hours(1.0), hours(100.0));
        close(hours(101.0), 2.0 * hours(100.0));
    }

    #[test]
    fn a_frame_holds_what_fits_or_what_comes_in_time() {
        let records = |batch_bytes, cutoff_seconds| {
            let chat = Chat {
                users: 3_600.0,
                messages_per_hour: 10.0,
                batch_bytes,
                cutoff_seconds,
                ..SMALL
            };
            chat.used().records_per_frame
        };
        close(records(1.0, 60.0), 1.0);
        close(records(1_600.0, 60.0), 10.0);
        close(records(65_536.0, 1.0), 11.0);
        close(records(65_536.0, 5.0), 51.0);
    }

    #[test]
    fn who_talks_seldom_is_looked_up_each_time_and_who_talks_much_is_not() {
        let quiet = SMALL.used().units;
        let loud = Chat {
            messages_per_hour: 600.0,
            ..SMALL
        };
        // Looks grow from 60 to 120 an hour, bytes tenfold.
        let bytes = 12_000_000.0 * 160.0 + 3_200_000.0;
        let wanted = bytes / 4_096.0 * 1.5 + 400.0 + 20_000.0 * (120.0 + 12.0);
        close(loud.used().units, wanted);
        assert!(quiet < wanted);
    }
}
