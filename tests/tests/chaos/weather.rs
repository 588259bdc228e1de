//! Breaks what the plan wants broken, and mends it.

use libtest_mimic::Failed;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep;
use wschat_tests::chaos::fault::Fault;
use wschat_tests::chaos::history::Happened;
use wschat_tests::chaos::plan::Spell;
use wschat_tests::emulator::Cut;
use wschat_tests::measure::processes::only_child;

use crate::recorder::Recorder;
use crate::stage::Stage;

/// All of it, one after the other. Returns how often something was sent twice.
pub(crate) async fn blow(
    stage: &Stage,
    spells: &[Spell],
    recorder: &Recorder,
) -> Result<u64, Failed> {
    let mut doubled = 0;
    for spell in spells {
        sleep(spell.calm).await;
        recorder.note(Happened::Broke {
            what: format!("{spell:?}"),
        });
        begin(stage, *spell).await?;
        sleep(spell.lasts).await;
        if spell.fault.doubles() {
            doubled += stage.emulator.fault_hits().await?.iter().sum::<u64>();
        }
        stage.emulator.clear_faults().await?;
        recorder.note(Happened::Broke {
            what: format!("{:?} is over", spell.fault),
        });
    }
    Ok(doubled)
}

async fn begin(stage: &Stage, spell: Spell) -> Result<(), Failed> {
    let emulator = &stage.emulator;
    let rules = spell.fault.rules(spell.times);
    if !rules.is_empty() {
        emulator.set_fault_rules(&rules).await?;
    }
    match spell.fault {
        Fault::Frozen => {
            emulator.cut_ydb_connections(Cut::Silence).await?;
            emulator.advance_clock("20m").await?;
        }
        // What is open was opened with a good token.
        Fault::ConnectionsReset | Fault::TokensExpired => {
            emulator.cut_ydb_connections(Cut::Reset).await?;
        }
        Fault::ConnectionsSilent => emulator.cut_ydb_connections(Cut::Silence).await?,
        Fault::InstanceKilled => kill_an_instance(stage, spell.times).await?,
        Fault::Upgrade => stage.cloud.deploy(&stage.chat).await?,
        _ => {}
    }
    Ok(())
}

/// One of those that were called lately and still are processes of this
/// emulator.
async fn kill_an_instance(stage: &Stage, choice: u32) -> Result<(), Failed> {
    let emulator = only_child(stage.emulator.guard_id())?;
    let calls = stage.emulator.calls().await?;
    let mut processes: Vec<u32> = calls.into_iter().filter_map(|call| call.process).collect();
    processes.sort_unstable();
    processes.dedup();
    processes.retain(|process| parent(*process) == Some(emulator));
    let choice = usize::try_from(choice)?.checked_rem(processes.len());
    let process = choice.map(|choice| processes[choice]);
    if let Some(pid) = process.and_then(|process| Pid::from_raw(i32::try_from(process).ok()?)) {
        // It may be gone by now.
        let _ = kill_process(pid, Signal::KILL);
    }
    Ok(())
}

fn parent(process: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    line.trim().parse().ok()
}
