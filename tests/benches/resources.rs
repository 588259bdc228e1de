//! What does a cloud with many resources cost, and is it slower to ask? Two
//! emulators are asked in turns: one has as many functions as a page of a list
//! holds, the other ten times as many.

use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use wschat_tests::cloud::{Cloud, CloudError};
use wschat_tests::emulator::{Emulator, Options};
use wschat_tests::measure::percentiles::Sorted;
use wschat_tests::measure::processes::{only_child, resident_memory};
use wschat_tests::measure::table::{Table, milliseconds, ratio};

use crate::Failure;

/// Entries of a list's page when nobody asks for more.
const PAGE: usize = 100;
const MANY: usize = 1_000;
/// Resources that are made at once.
const AT_ONCE: usize = 8;
/// How often each emulator is asked for a function and for a page.
const QUESTIONS: usize = 500;
const CODE: &str = "exports.handler = async () => ({ statusCode: 200 });\n";
const FUNCTIONS: &str = "/functions/v1/functions";
/// The cloud's own limits are lower than what is made here.
const RAISED: [&str; 4] = [
    "serverless.functions.count",
    "serverless.functions.operations-of-folder",
    "serverless.functions.operations-of-cloud",
    "serverless.gateways.count",
];

pub(crate) async fn table(folder: &Path) -> Result<Table, Failure> {
    let (mut few, few_made) = Site::start(folder, "one-page", PAGE).await?;
    let (mut many, many_made) = Site::start(folder, "ten-pages", MANY).await?;
    for _ in 0..QUESTIONS {
        few.ask().await?;
        many.ask().await?;
    }
    let gateways = many.gateways().await?;
    let title = "resources: functions with a version each, then gateways; times in ms";
    let header = [
        "", "made", "took", "memory", "each", "get p50", "get p99", "page p50", "page p99",
    ];
    let (few, many) = (few.stop().await?, many.stop().await?);
    let pairs = many.iter().zip(&few);
    let ratios = pairs.map(|(many, few)| ratio(*many, *few));
    let ratios = ["  times the first", "", "", "", ""]
        .map(str::to_owned)
        .into_iter()
        .chain(ratios);
    Ok(Table::new(title, &header)
        .row(few_made.row("one page of functions", &few))
        .row(many_made.row("ten pages of functions", &many))
        .row(ratios)
        .row(gateways.row("and as many gateways", &[])))
}

/// What making some resources cost.
struct Made {
    count: usize,
    took: Duration,
    /// What the emulator has then, in bytes.
    memory: u64,
    /// What it has more than before, in bytes.
    growth: u64,
}

impl Made {
    fn row(&self, name: &str, times: &[Duration]) -> Vec<String> {
        let each = self.growth / self.count.max(1) as u64;
        let mut cells = vec![
            name.to_owned(),
            self.count.to_string(),
            milliseconds(self.took),
            format!("{} MiB", self.memory.div_ceil(1 << 20)),
            format!("{} KiB", each.div_ceil(1 << 10)),
        ];
        cells.extend(times.iter().copied().map(milliseconds));
        cells
    }
}

/// An emulator with functions, and how it answered.
struct Site {
    emulator: Emulator,
    cloud: Cloud,
    http: reqwest::Client,
    functions: Vec<String>,
    gets: Vec<Duration>,
    pages: Vec<Duration>,
}

impl Site {
    async fn start(folder: &Path, name: &str, count: usize) -> Result<(Self, Made), Failure> {
        let options = RAISED.iter().fold(Options::default(), |options, quota| {
            options
                .argument("--quota")
                .argument(format!("{quota}={MANY}"))
        });
        let emulator = Emulator::start(folder, &options.name(name)).await?;
        let mut site = Self {
            cloud: Cloud::of(emulator.addresses())?,
            emulator,
            http: reqwest::Client::new(),
            functions: Vec::new(),
            gets: Vec::new(),
            pages: Vec::new(),
        };
        let before = site.memory()?;
        let start = Instant::now();
        site.functions = functions(&site.cloud, 0..count).await?;
        let made = site.made(count, start, before)?;
        let found = site.cloud.client().functions();
        let found = found.list(site.cloud.folder(), None).await?.len();
        if found == count {
            Ok((site, made))
        } else {
            Err(format!("{count} functions were made, and {found} are listed").into())
        }
    }

    /// Gets a function, each time another, and a page of them.
    async fn ask(&mut self) -> Result<(), Failure> {
        let at = self.gets.len() * self.functions.len() / QUESTIONS;
        let id = &self.functions[at];
        let (time, function) = self.get(&format!("{FUNCTIONS}/{id}")).await?;
        if function["id"] != **id {
            return Err(format!("asked for function {id}, got {function}").into());
        }
        self.gets.push(time);
        let list = format!("{FUNCTIONS}?folderId={}", self.cloud.folder());
        let (time, page) = self.get(&list).await?;
        if page["functions"].as_array().map(Vec::len) != Some(PAGE) {
            return Err(format!("a page of {PAGE} functions is {page}").into());
        }
        self.pages.push(time);
        Ok(())
    }

    /// As many gateways as there are functions, each to one of them.
    async fn gateways(&mut self) -> Result<Made, Failure> {
        let before = self.memory()?;
        let start = Instant::now();
        let ids: Vec<String> = stream::iter(self.functions.iter().enumerate())
            .map(|(number, function)| gateway(&self.cloud, number, function))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        self.made(ids.len(), start, before)
    }

    fn made(&mut self, count: usize, start: Instant, before: u64) -> Result<Made, Failure> {
        let took = start.elapsed();
        let memory = self.memory()?;
        Ok(Made {
            count,
            took,
            memory,
            growth: memory.saturating_sub(before),
        })
    }

    fn memory(&mut self) -> Result<u64, Failure> {
        let process = only_child(self.emulator.process().guard_id())?;
        Ok(resident_memory(process)?)
    }

    async fn get(&self, path: &str) -> Result<(Duration, Value), Failure> {
        let token = self.cloud.client().tokens().get().await?;
        let url = format!("{}{path}", self.emulator.addresses().api);
        let start = Instant::now();
        let call = self.http.get(url).bearer_auth(token.value);
        let answer = call.send().await?.error_for_status()?.bytes().await?;
        Ok((start.elapsed(), serde_json::from_slice(&answer)?))
    }

    /// Percentiles of the times to a function, then to a page.
    async fn stop(self) -> Result<Vec<Duration>, Failure> {
        self.emulator.stop().await?;
        let times = [self.gets, self.pages].map(Sorted::new);
        let times = times
            .iter()
            .flat_map(|times| [50, 99].map(|percent| times.percentile(percent)));
        let times: Option<_> = times.collect();
        Ok(times.ok_or("nothing was measured")?)
    }
}

async fn functions(cloud: &Cloud, numbers: Range<usize>) -> Result<Vec<String>, CloudError> {
    let made = |number| async move {
        let name = format!("function-{number}");
        Ok(cloud.function(&name, CODE, None).await?.id)
    };
    let made = stream::iter(numbers).map(made).buffer_unordered(AT_ONCE);
    made.try_collect().await
}

async fn gateway(cloud: &Cloud, number: usize, function: &str) -> Result<String, CloudError> {
    let paths = json!({ "/": { "get": {
        "operationId": "root",
        "x-yc-apigateway-integration": { "type": "cloud_functions", "function_id": function },
        "responses": { "200": { "description": "what the function returns" } },
    } } });
    let (id, _) = cloud.gateway(&format!("gateway-{number}"), &paths).await?;
    Ok(id)
}
