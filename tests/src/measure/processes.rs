//! What processes use, as Linux tells in `/proc` (proc(5)).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// The length of a tick of `utime` and `stime`: `USER_HZ`, which is 100 on
/// every architecture that the project is built for (time(7)).
const TICK: Duration = Duration::from_millis(10);

/// A process could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ProcessesError {
    /// A file of `/proc` could not be read.
    #[error("cannot read {}: {source}; benchmarks need Linux", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file of `/proc` is not as documented.
    #[error("{} has no {what}", path.display())]
    Form {
        /// Which one.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// A process ended between two looks, and its processor time with it.
    #[error("process {0} ended while it was measured")]
    Ended(u32),
}

/// What `/proc/<pid>/stat` tells, as far as it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    parent: u32,
    /// In user and kernel mode, of all threads.
    processor: Duration,
}

/// Reads the line of `/proc/<pid>/stat`. The command's name, the second field,
/// may hold spaces and parentheses: what follows its last one counts.
fn stat(line: &str) -> Option<Stat> {
    let (_, fields) = line.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    // Here 0 is the third field, the state.
    let number = |field: usize| fields.get(field - 3)?.parse::<u32>().ok();
    let ticks = number(14)?.checked_add(number(15)?)?;
    Some(Stat {
        parent: number(4)?,
        processor: TICK * ticks,
    })
}

/// Processor time of each process of a group, by process id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage(BTreeMap<u32, Duration>);

impl Usage {
    /// Of all that a process started, and of what those started, and so on;
    /// not of the process itself.
    pub fn of_descendants(ancestor: u32) -> Result<Self, ProcessesError> {
        Ok(below(ancestor, &all()?))
    }

    /// Of one process alone.
    pub fn of(process: u32) -> Result<Self, ProcessesError> {
        let all = all()?;
        let stat = all.get(&process).ok_or(ProcessesError::Ended(process))?;
        Ok(Self(BTreeMap::from([(process, stat.processor)])))
    }

    /// What was used since an earlier look. A process that is new counts from
    /// its start.
    pub fn since(&self, earlier: &Self) -> Result<Duration, ProcessesError> {
        if let Some(gone) = earlier
            .0
            .keys()
            .find(|process| !self.0.contains_key(process))
        {
            return Err(ProcessesError::Ended(*gone));
        }
        let used = self.0.iter().map(|(process, now)| {
            let before = earlier.0.get(process).copied().unwrap_or_default();
            now.saturating_sub(before)
        });
        Ok(used.sum())
    }

    /// How many processes there are.
    #[must_use]
    pub fn processes(&self) -> usize {
        self.0.len()
    }
}

fn below(ancestor: u32, all: &BTreeMap<u32, Stat>) -> Usage {
    let mut family = BTreeSet::from([ancestor]);
    loop {
        let is_child = |(process, stat): &(&u32, &Stat)| {
            family.contains(&stat.parent) && !family.contains(process)
        };
        let children: Vec<u32> = all.iter().filter(is_child).map(|(id, _)| *id).collect();
        if children.is_empty() {
            break;
        }
        family.extend(children);
    }
    family.remove(&ancestor);
    let used = |process: u32| Some((process, all.get(&process)?.processor));
    Usage(family.into_iter().filter_map(used).collect())
}

/// Every process that can be seen.
fn all() -> Result<BTreeMap<u32, Stat>, ProcessesError> {
    let folder = PathBuf::from("/proc");
    let entries = std::fs::read_dir(&folder).map_err(|source| ProcessesError::Read {
        path: folder.clone(),
        source,
    })?;
    let mut found = BTreeMap::new();
    for entry in entries.flatten() {
        let Some(process) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // One that has just ended has no file any more.
        let Ok(line) = std::fs::read(entry.path().join("stat")) else {
            continue;
        };
        let line = String::from_utf8_lossy(&line);
        let stat = stat(&line).ok_or_else(|| ProcessesError::Form {
            path: entry.path().join("stat"),
            what: "parent and processor time",
        })?;
        found.insert(process, stat);
    }
    Ok(found)
}

/// The child of a process that has exactly one: what a guard guards.
pub fn only_child(parent: u32) -> Result<u32, ProcessesError> {
    let all = all()?;
    let mut children = all.iter().filter(|(_, stat)| stat.parent == parent);
    match (children.next(), children.next()) {
        (Some((child, _)), None) => Ok(*child),
        _ => Err(ProcessesError::Form {
            path: format!("/proc/{parent}").into(),
            what: "single child",
        }),
    }
}

/// The memory of a process that is in RAM (`VmRSS`), in bytes.
pub fn resident_memory(process: u32) -> Result<u64, ProcessesError> {
    let path = PathBuf::from(format!("/proc/{process}/status"));
    match std::fs::read_to_string(&path) {
        Err(source) => Err(ProcessesError::Read { path, source }),
        Ok(status) => resident(&status).ok_or(ProcessesError::Form {
            path,
            what: "VmRSS in kB",
        }),
    }
}

fn resident(status: &str) -> Option<u64> {
    let value = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests;
