//! A cloud where what was granted isn't in force yet, and where tokens are short.

use libtest_mimic::{Failed, Trial};
use wschat_tests::emulator::{Options, Request};

use crate::delete::{delete, made};
use crate::stage::{Stage, alice_and_bob};
use crate::suite::{Handle, Scene};

/// The cloud's documents say about 5 s.
const PROPAGATION: &str = "5s";
/// Shorter than it takes to make a chat.
const TOKEN_LIFETIME: &str = "2s";

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial(
            "a chat becomes Ready although its roles take their time",
            roles_take_their_time,
        ),
        suite.trial("a chat outlives its makers' tokens", tokens_end),
    ]
}

async fn roles_take_their_time(scene: Scene) -> Result<(), Failed> {
    let options = Options::default()
        .argument("--iam-propagation-delay")
        .argument(PROPAGATION);
    let stage = Stage::set_in(scene, &options).await?;
    let url = stage.lobby().await?;
    alice_and_bob(&url).await?;

    let requests = stage.emulator.requests(None).await?;
    let mut health = requests.iter().filter(|call| is_health(call));
    let first = health.next().ok_or("nobody asked for the health")?;
    let refusal = first.response_body["checks"]["database"].as_str();
    assert!(
        refusal.is_some_and(|text| text.contains("denied")),
        "the roles were in force at once: {first:?}"
    );
    let last = health.next_back().ok_or("the health was asked for once")?;
    assert_eq!(last.response_body["ok"], true, "{last:?}");
    stage.clear().await
}

async fn tokens_end(scene: Scene) -> Result<(), Failed> {
    let options = Options::default()
        .argument("--iam-token-lifetime")
        .argument(TOKEN_LIFETIME);
    let stage = Stage::set_in(scene, &options).await?;
    let url = stage.lobby().await?;
    alice_and_bob(&url).await?;
    delete(&stage, "lobby").await?;
    assert_eq!(made(&stage).await?, Vec::<String>::new());

    let requests = stage.emulator.requests(None).await?;
    let exchanges = requests.iter().filter(|call| call.path == "/iam/v1/tokens");
    let count = exchanges.count();
    assert!(count > 1, "one token was enough: it lived too long");
    stage.clear().await
}

fn is_health(call: &Request) -> bool {
    call.path.starts_with("/invoke/") && call.request_body["wschat"] == "health"
}
