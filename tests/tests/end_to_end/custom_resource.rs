//! The `WsChat` definition on a real API server: what it accepts, refuses and
//! fills in.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use libtest_mimic::{Failed, Trial};
use wschat_tests::binaries::workspace_root;
use wschat_tests::custom_resource::is_established;

use crate::suite::{Handle, Scene};

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial("the definition is established", established),
        suite.trial("a chat with nothing in its spec gets defaults", defaults),
        suite.trial("a bad chat is refused in words", bad_chats_are_refused),
        suite.trial("a fixed field can't be changed", fixed_fields_stay),
        suite.trial("every example is accepted", examples),
    ]
}

async fn established(scene: Scene) -> Result<(), Failed> {
    let definitions: Api<CustomResourceDefinition> = Api::all(scene.client());
    let definition = definitions.get("wschats.wschat.dev").await?;
    assert!(is_established(&definition));
    let names = scene
        .kubectl()
        .run(["get", "wsc", "-n", scene.namespace.name(), "-o", "name"])
        .await?;
    assert_eq!(names, "", "the short name is served");
    Ok(())
}

async fn defaults(scene: Scene) -> Result<(), Failed> {
    apply(&scene, "lobby", "{}").await?.success()?;
    let kubectl = scene.kubectl();
    let namespace = scene.namespace.name();
    let printed = kubectl
        .run([
            "get",
            "wschat",
            "lobby",
            "-n",
            namespace,
            "-o",
            "jsonpath={.spec.path}",
        ])
        .await?;
    assert_eq!(printed, "/ws");
    Ok(())
}

async fn bad_chats_are_refused(scene: Scene) -> Result<(), Failed> {
    let long = "a".repeat(64);
    // Name, spec, and what the answer must mention.
    let cases = [
        ("a.dotted.name", "{}", "name"),
        (long.as_str(), "{}", "63"),
        ("path", "{path: no-slash}", "spec.path"),
        ("policy", "{deletionPolicy: Forget}", "deletionPolicy"),
        ("topic", "{topic: {retention: 2 fortnights}}", "retention"),
        ("memory", "{handler: {memory: much}}", "memory"),
        (
            "secret",
            "{credentialsSecretRef: {name: yandex}}",
            "folderId must be set with credentialsSecretRef",
        ),
    ];
    for (name, spec, mentioned) in cases {
        let output = apply(&scene, name, spec).await?;
        if output.status.success() {
            return Err(format!("{name} with {spec} was accepted").into());
        }
        assert!(
            output.stderr.contains(mentioned),
            "{name}: {}",
            output.stderr
        );
        assert!(
            !output.stderr.contains("no such key"),
            "{name}: {}",
            output.stderr
        );
    }
    Ok(())
}

async fn fixed_fields_stay(scene: Scene) -> Result<(), Failed> {
    apply(
        &scene,
        "lobby",
        "{folderId: b1gfirst, topic: {name: first}}",
    )
    .await?
    .success()?;
    apply(
        &scene,
        "lobby",
        "{folderId: b1gfirst, topic: {name: first}, path: /other}",
    )
    .await?
    .success()?;
    for changed in [
        "{folderId: b1gsecond, topic: {name: first}}",
        "{folderId: b1gfirst, topic: {name: second}}",
        "{folderId: b1gfirst, topic: {name: first}, names: {gateway: front-door}}",
        "{topic: {name: first}}",
    ] {
        let output = apply(&scene, "lobby", changed).await?;
        assert!(!output.status.success(), "{changed} was accepted");
        assert!(output.stderr.contains("immutable"), "{}", output.stderr);
    }
    Ok(())
}

/// The server judges them; nothing is stored.
async fn examples(scene: Scene) -> Result<(), Failed> {
    let folder = workspace_root().join("examples").display().to_string();
    let namespace = scene.namespace.name();
    let arguments = [
        "apply",
        "--dry-run=server",
        "-n",
        namespace,
        "-f",
        &folder,
        "-o",
        "name",
    ];
    let accepted = scene.kubectl().run(arguments).await?;
    let files = std::fs::read_dir(&folder)?.count();
    assert_eq!(accepted.lines().count(), files, "{accepted}");
    Ok(())
}

/// `kubectl apply` of a chat, with its spec in YAML's flow style.
async fn apply(
    scene: &Scene,
    name: &str,
    spec: &str,
) -> Result<wschat_tests::program::Output, Failed> {
    let manifest = format!(
        "apiVersion: wschat.dev/v1alpha1\nkind: WsChat\nmetadata: {{ name: {name} }}\nspec: {spec}\n"
    );
    let arguments = ["apply", "-n", scene.namespace.name(), "-f", "-"];
    Ok(scene.kubectl().output(arguments, &manifest).await?)
}
