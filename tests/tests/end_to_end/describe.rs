//! What `kubectl describe wschat NAME` says in each state that an on-call meets,
//! word for word: the files of `describe/golden/`, which people have read.
//!
//! A chat is called as its file, in small letters; a file is called as the
//! reason that it is about, and what else tells it from others.

mod rights;
mod scenery;
mod serving;
mod unbegun;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use wschat_crds::Reason;
use wschat_tests::binaries::workspace_root;
use wschat_tests::golden::{Golden, VARIABLE, mask, writes};
use wschat_tests::wait::eventually;

use crate::suite::{Handle, Scene};

const LIMIT: Duration = Duration::from_mins(1);
/// How often the same must be said in turn before it is written down.
const STEADY: u32 = 20;
/// Reasons that no file is about, and why.
const WITHOUT: [(Reason, &str); 3] = [
    (
        Reason::Blocked,
        "it stands beside what is waited for, as in Conflict.txt",
    ),
    (Reason::Ready, "things go their way"),
    (Reason::UpToDate, "things go their way"),
];

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    let mut all = vec![Trial::test(
        "kubectl describes each reason in a file, or it needs none",
        each_reason,
    )];
    all.extend(unbegun::trials(suite));
    all.extend(serving::trials(suite));
    all.extend(rights::trials(suite));
    all
}

fn approved() -> Golden {
    Golden::in_folder(&workspace_root().join("tests/tests/end_to_end/describe/golden"))
}

/// The name of a chat whose description is in the file `golden`.
fn chat_of(golden: &str) -> String {
    golden.to_lowercase()
}

/// Each reason has a file, which shows it, and each file is made by a trial.
fn each_reason() -> Result<(), Failed> {
    let files = approved().names()?;
    let made = [&unbegun::GOLDEN[..], &serving::GOLDEN, &rights::GOLDEN].concat();
    let mut faults = Vec::new();
    for file in &files {
        if !made.contains(&file.as_str()) {
            faults.push(format!("no trial makes {file}.txt"));
        }
        let reason = reason_of(file);
        let text = approved().read(file).unwrap_or_default();
        if Reason::named(reason).is_none() || !shows(&text, file) {
            faults.push(format!(
                "{file}.txt shows no condition with the reason {reason}"
            ));
        }
    }
    for reason in Reason::ALL {
        let is_about = |file: &String| reason_of(file) == reason.as_str();
        let has_file = files.iter().any(is_about);
        let has_excuse = WITHOUT.iter().any(|(without, _)| without == reason);
        if has_file == has_excuse {
            faults.push(format!("{reason} has no file, or a file and an excuse"));
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.join("\n").into())
    }
}

/// Waits until kubectl has said of each of these chats what was approved, at some
/// time: trouble comes and goes while something is tried again. Or writes down
/// what it says, if that is wished.
async fn as_approved(scene: &Scene, files: &[&str]) -> Result<(), Failed> {
    let seen = Mutex::new(Seen::of(files));
    let look = async || {
        let said = said(scene).await.map_err(|failed| told(&failed))?;
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.look(&said);
        seen.missing().map_or(Ok(()), Err)
    };
    eventually("what kubectl describes", LIMIT, look)
        .await
        .map_err(|late| format!("{late}\nIf that is better, run it with {VARIABLE}=write."))?;
    Ok(())
}

/// What was said of chats that weren't described as approved yet.
struct Seen<'a>(HashMap<&'a str, (String, u32)>);

impl<'a> Seen<'a> {
    fn of(files: &[&'a str]) -> Self {
        Self(
            files
                .iter()
                .map(|file| (*file, Default::default()))
                .collect(),
        )
    }

    /// Forgets who is described as approved; when that is to be written, who was
    /// described in the same words often, with the reason that the file is about.
    fn look(&mut self, said: &HashMap<String, String>) {
        self.0.retain(|file, (before, times)| {
            let now = said.get(&chat_of(file)).map(String::as_str);
            let now = about(now.unwrap_or_default(), file);
            if !writes() {
                *before = now;
                return approved().difference(file, before).is_some();
            }
            if shows(&now, file) {
                *times = if *before == now { *times + 1 } else { 0 };
                *before = now;
            }
            let is_steady = *times >= STEADY;
            !(is_steady && approved().write(file, before).is_ok())
        });
    }

    fn missing(&self) -> Option<String> {
        let texts = self.0.iter().map(|(file, (now, _))| {
            let difference = approved().difference(file, now).unwrap_or_default();
            format!("\n{file}: {difference}")
        });
        let texts: String = texts.collect();
        (!texts.is_empty()).then_some(texts)
    }
}

/// The reason that a file is about.
fn reason_of(file: &str) -> &str {
    file.split('-').next().unwrap_or_default()
}

/// The description without warnings of other trouble: on a busy machine a chat
/// may meet some before it serves.
fn about(text: &str, file: &str) -> String {
    let own = format!("  Warning  {}:", reason_of(file));
    let lines = text.split_inclusive('\n');
    lines
        .filter(|line| !line.starts_with("  Warning  ") || line.starts_with(&own))
        .collect()
}

/// Whether some condition has the reason that a file is about.
fn shows(text: &str, file: &str) -> bool {
    let reason = reason_of(file);
    text.contains(&format!("    Reason:                {reason}\n"))
}

fn told(failed: &Failed) -> String {
    failed.message().unwrap_or("failed").to_owned()
}

/// What kubectl says of each chat now, without what differs from run to run.
async fn said(scene: &Scene) -> Result<HashMap<String, String>, Failed> {
    let namespace = scene.namespace.name();
    let kubectl = scene.kubectl();
    let text = kubectl
        .run(["describe", "wschats", "--show-events", "-n", namespace])
        .await?;
    let masked = [
        (namespace, "<namespace>"),
        (path(&scene.folder), "<folder>"),
    ];
    let mut said = HashMap::new();
    for object in format!("\n{text}").split("\nName:").skip(1) {
        let name = object.split_whitespace().next().unwrap_or_default();
        let text = mask::described(&format!("Name:{object}"), &masked);
        said.insert(name.to_owned(), text);
    }
    Ok(said)
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap_or("no such folder")
}
