//! Plans: what an edit would do to the cloud is told field by field, and
//! nothing is done; a suspended chat tells the same in its status.

use libtest_mimic::{Failed, Trial};
use wschat_tests::binaries::Binary;
use wschat_tests::operator::handler_zip;
use wschat_tests::program::{Output, Program};
use wschat_tests::wait::wait_for;

use crate::delete::made;
use crate::stage::{SOON, Stage};
use crate::suite::{Handle, Scene};
use crate::updates::changes;

const LARGER: &str = "serverlessDatabase.storageSizeLimit: 1073741824 -> 2147483648";

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial("a plan tells every field and changes nothing", plans),
        suite.trial(
            "a suspended chat tells what it would change, and changes nothing",
            suspended,
        ),
    ]
}

async fn plans(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    let new = plan(&stage, "{}").await?;
    told(
        &new,
        2,
        &[
            "+ make the database",
            "serverlessDatabase.storageSizeLimit: 1073741824",
            "+ make the topic",
            "+ make the function version",
            "+ make the trigger",
            "rule.dataStream.gatewayWebsocketBroadcast.gatewayId: (known after apply)",
        ],
    );
    assert_eq!(made(&stage).await?, Vec::<String>::new());
    assert!(stage.chats().get_opt("lobby").await?.is_none());

    stage.lobby().await?;
    let before = (stage.chats().get("lobby").await?, changes(&stage).await?);
    told(&plan(&stage, "{}").await?, 0, &["No changes"]);
    let edited = "{database: {storageLimit: 2Gi}, broadcast: {batchBytes: 9}, path: /talk, \
                   topic: {retention: 2h}, handler: {memory: 512Mi}}";
    told(
        &plan(&stage, edited).await?,
        2,
        &[
            "~ change the database",
            LARGER,
            "~ change the topic",
            "retention: 3600s -> 7200s",
            "rule.dataStream.batchSettings.size: 1 -> 9",
            "~ change the API gateway",
            "resources.memory: 536870912",
            "~ change the tag live",
        ],
    );
    told(
        &plan(&stage, "{topic: {name: other}}").await?,
        1,
        &["topic.name is immutable"],
    );
    let after = (stage.chats().get("lobby").await?, changes(&stage).await?);
    assert_eq!(after, before, "plans change nothing");
    stage.clear().await
}

async fn suspended(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    stage.lobby().await?;
    let before = changes(&stage).await?;
    let suspended = "{suspend: true, database: {storageLimit: 2Gi}}";
    stage.apply("lobby", suspended).await?;
    let what = "the pending difference";
    wait_for(&stage.chats(), "lobby", what, SOON, |chat| {
        let status = chat.and_then(|chat| chat.status.as_ref());
        let mut all = status.into_iter().flat_map(|status| &status.conditions);
        all.any(|one| one.reason == "Suspended" && one.message.contains(LARGER))
    })
    .await?;
    assert_eq!(changes(&stage).await?, before);
    stage
        .apply("lobby", "{suspend: false, database: {storageLimit: 2Gi}}")
        .await?;
    stage.ready("lobby").await?;
    let after = changes(&stage).await?;
    assert_eq!(
        after[before.len()..],
        ["PATCH /ydb/v1/databases/* serverlessDatabase"]
    );
    stage.clear().await
}

/// `wschat-operator plan -f -` of a chat called `lobby`.
pub(crate) async fn plan(stage: &Stage, spec: &str) -> Result<Output, Failed> {
    let cloud = stage.emulator.addresses();
    let key = cloud.operator_key.as_ref().ok_or("no operator key")?;
    let (key, zip) = (key.to_string_lossy(), handler_zip()?);
    let manifest = format!(
        "apiVersion: wschat.dev/v1alpha1\nkind: WsChat\nmetadata: {{ name: lobby }}\nspec: {spec}\n"
    );
    let zip = zip.to_string_lossy();
    let arguments = [
        ["plan", "-f", "-", "-n", stage.namespace.name()].as_slice(),
        &[
            "--folder-id",
            &cloud.folder_id,
            "--api-endpoint",
            &cloud.api,
        ],
        &["--service-account-key-file", &key, "--handler-zip", &zip],
    ]
    .concat();
    let program = Program::new(Binary::Operator.path()?)
        .environment("KUBECONFIG", stage.scene.control_plane().administrator());
    Ok(program.output(arguments, &manifest).await?)
}

/// Whether a plan ended so, and says all this.
pub(crate) fn told(output: &Output, code: i32, words: &[&str]) {
    let text = format!("{}{}", output.stdout, output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for word in words {
        assert!(text.contains(word), "{word} is missing in\n{text}");
    }
}
