//! The emulator's page, in a real browser: whoever asks where a message is
//! finds it there.

use std::path::Path;

use libtest_mimic::{Failed, Trial};
use serde_json::json;
use wschat_tests::browser::Browser;

use crate::stage::{Stage, alice_and_bob, hear_of};
use crate::suite::{Handle, Scene};

const TEXT: &str = "where-is-this-one";

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    let trial = suite.trial("the emulator's page tells where a message is", page);
    let is_here = Browser::find(Path::new("")).is_some();
    if !is_here {
        eprintln!("left out: the emulator's page; it needs Chromium (Debian: chromium)");
    }
    vec![trial.with_ignored_flag(!is_here)]
}

async fn page(scene: Scene) -> Result<(), Failed> {
    let browser = Browser::find(&scene.folder).ok_or("no browser")?;
    let stage = Stage::set(scene).await?;
    let url = stage.lobby().await?;
    let (mut alice, mut bob) = alice_and_bob(&url).await?;
    alice
        .send(&json!({ "type": "SEND", "content": TEXT }))
        .await?;
    hear_of(&mut bob, "BROADCAST", "alice").await?;

    let page = format!("{}/_emulator/", stage.emulator.addresses().api);
    for (section, words) in [
        (
            "messages",
            [TEXT, "received", "replied", "delivered", "2 sockets"].as_slice(),
        ),
        ("topics", &["broadcast-topic", TEXT, "USER_JOINED"]),
        ("functions", &["Calls, newest first", "ok"]),
        ("resources", &["wschat-lobby", "Gateways (1)", "ACTIVE"]),
        ("operations", &["Create function", "done"]),
        ("requests", &["/functions/v1/functions", "200"]),
    ] {
        let document = browser.document(&format!("{page}#{section}")).await?;
        assert!(document.contains("live; "), "{section}: {document}");
        for word in words {
            assert!(
                document.contains(word),
                "no {word:?} in {section}: {document}"
            );
        }
    }
    stage.clear().await
}
