//! Breaks what the plan wants broken, and mends it.

use libtest_mimic::Failed;
use rustix::process::Signal;
use tokio::time::sleep;
use wschat_tests::chaos::fault::Fault;
use wschat_tests::chaos::history::Happened;
use wschat_tests::chaos::plan::Spell;
use wschat_tests::emulator::Cut;

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
        Fault::InstanceKilled => {
            stage.signal_an_instance(Signal::KILL, spell.times).await?;
        }
        Fault::InstanceEnded => {
            stage.signal_an_instance(Signal::TERM, spell.times).await?;
        }
        Fault::Upgrade => stage.cloud.deploy(&stage.chat).await?,
        _ => {}
    }
    Ok(())
}
