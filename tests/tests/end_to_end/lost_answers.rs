//! YDB does what it is asked and its answer gets lost, or two calls ask for the
//! same: the handler asks again, and others hear of it exactly once.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use wschat_tests::chat_socket::{ChatSocket, End};
use wschat_tests::cloud::Cloud;
use wschat_tests::emulator::{Action, Fault, Phase};

use crate::stage::{SOON, Stage, alice_and_bob, all_until, hear_of};
use crate::suite::{Handle, Scene};

const QUERY: &str = "/Ydb.Query.V1.QueryService/ExecuteQuery";

/// Statements of a transaction that takes a row away: who it was, the deletion.
const LEAVING: [u32; 2] = [1, 2];

/// Statements with which a connection replaces another: who was there, the
/// deletion, its own row, and whether that is still there.
const REPLACING: [u32; 4] = [1, 2, 3, 4];

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial("who leaves is told once, whatever answer gets lost", leaves),
        suite.trial(
            "who is replaced is told, whatever answer gets lost",
            replaces,
        ),
        suite.trial("two calls about one end tell it once", ends_twice),
    ]
}

/// Loses the answer of a statement, by its number from now on.
async fn lose(stage: &Stage, statement: u32) -> Result<(), Failed> {
    let fault = Fault {
        nth: statement,
        ..Fault::once("GRPC", QUERY, Phase::After, Action::Cut {})
    };
    Ok(stage.emulator.set_faults(&[fault]).await?)
}

async fn is_lost(stage: &Stage, statement: u32) -> Result<(), Failed> {
    let hits = stage.emulator.fault_hits().await?;
    assert_eq!(hits, [1], "statement {statement} was never executed");
    Ok(stage.emulator.clear_faults().await?)
}

async fn leaves(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    let url = stage.lobby().await?;
    let (mut alice, mut bob) = alice_and_bob(&url).await?;
    for statement in LEAVING {
        lose(&stage, statement).await?;
        bob.cut();
        hears_once(&mut alice, "USER_LEFT").await?;
        is_lost(&stage, statement).await?;
        bob = ChatSocket::join(&url, "bob").await?;
        hears_once(&mut alice, "USER_JOINED").await?;
    }
    stage.clear().await
}

async fn replaces(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    let url = stage.lobby().await?;
    let (mut alice, mut bob) = alice_and_bob(&url).await?;
    for statement in REPLACING {
        lose(&stage, statement).await?;
        let newer = ChatSocket::join(&url, "bob").await?;
        is_lost(&stage, statement).await?;
        let error = bob.expect_type("ERROR", SOON).await?;
        assert_eq!(error["code"], "REPLACED", "{error}");
        assert_eq!(bob.expect_end(SOON).await?, End::Closed(1000));
        hears_once(&mut alice, "USER_JOINED").await?;
        bob = newer;
    }
    stage.clear().await
}

/// Both look for the row before one of them deletes it.
async fn ends_twice(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    let url = stage.lobby().await?;
    let mut alice = ChatSocket::join(&url, "alice").await?;
    let others = stage.emulator.state().await?.connections;
    let bob = ChatSocket::join(&url, "bob").await?;
    hear_of(&mut alice, "USER_JOINED", "bob").await?;
    let cloud_now = stage.emulator.state().await?;
    let own = cloud_now
        .connections
        .iter()
        .find(|one| !others.contains(one));
    let connection = &own.ok_or("bob has no connection")?["connectionId"];
    let context = json!({ "connectionId": connection, "eventType": "DISCONNECT" });
    let event = json!({ "requestContext": context });
    let address = cloud_now.functions[0]["httpInvokeUrl"].as_str();
    let address = address.ok_or("the function has no address")?;

    let late = Fault {
        times: 0,
        ..Fault::once("GRPC", QUERY, Phase::Before, Action::DelayMs(300))
    };
    stage.emulator.set_faults(&[late]).await?;
    let cloud = Cloud::of(stage.emulator.addresses())?;
    let functions = cloud.client().functions();
    let call = || functions.invoke::<Value>(address, "live", &event);
    let (one, other) = tokio::join!(call(), call());
    one.and(other)?;
    stage.emulator.clear_faults().await?;
    hears_once(&mut alice, "USER_LEFT").await?;
    bob.cut();
    stage.clear().await
}

/// Nothing about bob but this: alice hears her own words last.
async fn hears_once(alice: &mut ChatSocket, kind: &str) -> Result<(), Failed> {
    hear_of(alice, kind, "bob").await?;
    let words = json!({ "type": "SEND", "content": "enough" });
    alice.send(&words).await?;
    let is_last = |message: &Value| message["type"] == "BROADCAST";
    let rest = all_until(alice, "her own words", is_last).await?;
    let more = rest.iter().find(|message| message["userId"] == "bob");
    assert!(more.is_none(), "{rest:#?}");
    Ok(())
}
