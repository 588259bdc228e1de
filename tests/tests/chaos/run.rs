//! A run: chaos, then its end, which shows what is left of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::future::join_all;
use libtest_mimic::{Failed, Trial};
use serde_json::json;
use tokio::runtime::Runtime;
use wschat_tests::binaries::target_folder;
use wschat_tests::chaos::history::{Happened, History, Rows, Survey};
use wschat_tests::chaos::plan::{PEOPLE, Plan};
use wschat_tests::run_folder::RunFolder;
use wschat_tests::wait::eventually;

use crate::person::Person;
use crate::recorder::Recorder;
use crate::stage::Stage;
use crate::{verdict, weather};

/// A run that hangs is a failed one.
const LIMIT: Duration = Duration::from_mins(4);
/// How long what is acknowledged may take to be heard.
const HEARD_LIMIT: Duration = Duration::from_secs(20);
/// How long the function may take to learn who left, and the table to forget.
const GONE_LIMIT: Duration = Duration::from_secs(30);
/// Users who are replaced when nothing is broken any more.
const REPLACED: usize = 10;

/// The trial of a seed.
pub(crate) fn trial(seed: u64) -> Trial {
    trial_of(format!("seed {seed}"), move |folder| async move {
        run(&Plan::of(seed), &folder).await
    })
}

/// A trial: its own folder, a time limit, and the laws.
pub(crate) fn trial_of<Body, Outcome>(name: String, body: Body) -> Trial
where
    Body: FnOnce(PathBuf) -> Outcome + Send + 'static,
    Outcome: Future<Output = Result<History, Failed>>,
{
    Trial::test(name.clone(), move || {
        let folder = RunFolder::create(&target_folder().join("run"), "chaos")?;
        let outcome = Runtime::new()?.block_on(async {
            let late = |_| Err(format!("{name} took longer than {LIMIT:?}").into());
            tokio::time::timeout(LIMIT, body(folder.path().to_path_buf()))
                .await
                .unwrap_or_else(late)
        });
        verdict::pass(&name, &outcome?, folder.path())?;
        Ok(folder.remove()?)
    })
}

async fn run(plan: &Plan, folder: &Path) -> Result<History, Failed> {
    let stage = Stage::set(folder, plan).await?;
    let recorder = Recorder::new();
    let people = plan.people.iter().enumerate().map(|(number, steps)| {
        let person = Person::new(number, &stage.chat.url, &recorder);
        tokio::spawn(person.live(steps.clone()))
    });
    let people = join_all(people.collect::<Vec<_>>());
    let (people, doubled) = tokio::join!(people, weather::blow(&stage, &plan.spells, &recorder));
    let people = people.into_iter().collect::<Result<Vec<Person>, _>>()?;
    recorder.note(Happened::Mended);

    let people = heal(&stage, people, &recorder).await?;
    let people = last_words(&stage, people, &recorder).await?;
    part(&stage, people, &recorder).await?;
    // Records live for a day, too.
    let topic = stage.topic().await?;
    outlive(&stage, &recorder).await?;
    let history = History {
        topic,
        doubled: doubled? * recorder.largest_frame() as u64,
        moments: recorder.take(),
    };
    stage.emulator.stop_unjudged().await?;
    Ok(history)
}

async fn all<Outcome>(
    people: Vec<Person>,
    act: impl Fn(Person) -> Outcome,
) -> Result<Vec<Person>, Failed>
where
    Outcome: Future<Output = Person> + Send + 'static,
{
    let tasks = people.into_iter().map(|person| tokio::spawn(act(person)));
    let done = join_all(tasks.collect::<Vec<_>>()).await;
    Ok(done.into_iter().collect::<Result<_, _>>()?)
}

/// Everybody comes back, to the instances that went through all of it. An
/// instance may believe for half a minute who somebody was: those of a new
/// version remember nothing, and who is acknowledged by them is registered. Then
/// some are replaced, with nothing broken.
async fn heal(
    stage: &Stage,
    people: Vec<Person>,
    recorder: &Recorder,
) -> Result<Vec<Person>, Failed> {
    let people = all(people, Person::heal).await?;
    stage.quiet().await?;
    stage.cloud.deploy(&stage.chat).await?;
    let mut people = all(people, Person::heal).await?;
    stage.quiet().await?;
    let records = stage.topic().await?.len();
    recorder.note(Happened::Healed { records });
    let others = people.split_off(REPLACED);
    let mut people = all(people, Person::replace).await?;
    people.extend(others);
    Ok(people)
}

/// Each socket says one thing, and everything is heard.
async fn last_words(
    stage: &Stage,
    people: Vec<Person>,
    recorder: &Recorder,
) -> Result<Vec<Person>, Failed> {
    recorder.note(Happened::LastWords);
    let mut people = all(people, Person::last_words).await?;
    stage.quiet().await?;
    survey(stage, recorder, Survey::LastWords, |_| true).await?;
    if let Some(newest) = stage.newest().await? {
        let sockets = people.iter_mut().flat_map(Person::sockets);
        let heard = sockets.map(|socket| socket.hears(&newest, HEARD_LIMIT));
        // Who didn't is a law's matter.
        join_all(heard).await;
    }
    recorder.note(Happened::Parting);
    Ok(people)
}

/// Everybody leaves. Of one socket the function doesn't learn it.
async fn part(stage: &Stage, people: Vec<Person>, recorder: &Recorder) -> Result<(), Failed> {
    let forgotten = people.first().and_then(Person::socket);
    let connection = forgotten.map_or("", |socket| &socket.connection).to_owned();
    if let Some(socket) = forgotten {
        let rule = json!({
            "method": "DISCONNECT", "path": "/*", "subject": connection, "times": 0,
            "action": { "drop": {} },
        });
        stage.emulator.set_fault_rules(&[rule]).await?;
        socket.forget();
    }
    let leaving = people.into_iter().enumerate();
    join_all(leaving.map(|(number, person)| person.leave(number % 2 == 0))).await;
    let only_forgotten = |rows: &Rows| rows.keys().all(|found| *found == connection);
    survey(stage, recorder, Survey::AllLeft, only_forgotten).await?;
    // That all are told is a law's matter.
    let _ = eventually("everybody to be told", GONE_LIMIT, || all_told(stage)).await;
    stage.emulator.clear_faults().await?;
    stage.quiet().await
}

/// More time passes than a row may live: a day.
async fn outlive(stage: &Stage, recorder: &Recorder) -> Result<(), Failed> {
    stage.emulator.advance_clock("25h").await?;
    survey(stage, recorder, Survey::TimeToLive, Rows::is_empty).await
}

/// Whether the end of the topic tells of all but one that they left.
async fn all_told(stage: &Stage) -> Result<(), String> {
    let topic = stage
        .topic()
        .await
        .map_err(|failed| format!("{failed:?}"))?;
    let end = topic
        .iter()
        .rev()
        .take_while(|record| record.kind == "USER_LEFT");
    let left: BTreeSet<_> = end.map(|record| record.user_id.clone()).collect();
    if left.len() + 1 >= PEOPLE {
        Ok(())
    } else {
        Err(format!("{} are told", left.len()))
    }
}

/// Reads the table when it is as it should be, or when that takes too long.
async fn survey(
    stage: &Stage,
    recorder: &Recorder,
    survey: Survey,
    settled: impl Fn(&Rows) -> bool,
) -> Result<(), Failed> {
    let read = async || {
        let rows = stage.cloud.rows(&stage.chat).await;
        let rows = rows.map_err(|error| error.to_string())?;
        if settled(&rows) {
            Ok(rows)
        } else {
            Err(format!("{rows:?}"))
        }
    };
    let rows = match eventually("rows to go", GONE_LIMIT, read).await {
        Ok(rows) => rows,
        Err(_) => stage.cloud.rows(&stage.chat).await?,
    };
    recorder.note(Happened::Surveyed { survey, rows });
    Ok(())
}
