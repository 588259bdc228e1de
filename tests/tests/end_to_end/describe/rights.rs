//! An operator that lacks rights of its own: its key was revoked, and its chart
//! was installed without the right to read chats' Secrets.

use libtest_mimic::{Failed, Trial};
use wschat_tests::cloud::Cloud;
use wschat_tests::emulator::{Emulator, Options as EmulatorOptions};
use wschat_tests::operator::{Operator, Options, handler_zip};

use super::{as_approved, chat_of};
use crate::charts::{NEEDED, install};
use crate::suite::{Handle, Scene};

pub(super) const GOLDEN: [&str; 2] = ["CredentialsForbidden", "InvalidCredentials"];

pub(super) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![suite.trial(
        "kubectl describes what an operator without rights tells of its chats",
        without_rights,
    )]
}

async fn without_rights(scene: Scene) -> Result<(), Failed> {
    let emulator = Emulator::start(&scene.folder, &EmulatorOptions::default()).await?;
    let cloud = Cloud::of(emulator.addresses())?;
    let revoked = cloud.make_account("revoked", &[]).await?;
    let revoked = cloud.key_file(&revoked).await?;
    cloud.delete_key(&revoked).await?;
    let key = scene.folder.join("revoked.json");
    std::fs::write(&key, revoked)?;
    let operator = operator(
        &scene,
        emulator.addresses().api.as_str(),
        cloud.folder(),
        &key,
    )
    .await?;
    let with_key = format!(
        "{{folderId: {}, credentialsSecretRef: {{name: some-key}}}}",
        cloud.folder()
    );
    for (golden, spec) in [
        ("CredentialsForbidden", with_key.as_str()),
        ("InvalidCredentials", "{}"),
    ] {
        let manifest = format!(
            "apiVersion: wschat.dev/v1alpha1\nkind: WsChat\nmetadata: {{ name: {} }}\nspec: {spec}\n",
            chat_of(golden)
        );
        let arguments = ["apply", "-n", scene.namespace.name(), "-f", "-"];
        let applied = scene.kubectl().output(arguments, &manifest).await?;
        applied.success()?;
    }
    as_approved(&scene, &GOLDEN).await?;
    operator.stop().await?;
    emulator.stop().await?;
    Ok(())
}

/// With the account that the chart makes.
async fn operator(
    scene: &Scene,
    api: &str,
    folder: &str,
    key: &std::path::Path,
) -> Result<Operator, Failed> {
    let without = [&NEEDED[..], &["--set", "chatCredentials.enabled=false"]].concat();
    install(scene, &without).await?;
    let namespace = scene.namespace.name();
    let file = scene
        .control_plane()
        .kubeconfig_for_service_account(namespace, "chats-wschat-operator")
        .await?;
    let options = Options::new(&file)
        .only_in(namespace)
        .argument("--lease-name", "chats-wschat-operator")
        .argument("--installation-id", "here")
        .argument("--folder-id", folder)
        .argument("--api-endpoint", api)
        .argument("--service-account-key-file", &key.to_string_lossy())
        .argument("--handler-zip", &handler_zip()?.to_string_lossy());
    let mut operator = Operator::start(&scene.folder, &options)?;
    operator.ready().await?;
    Ok(operator)
}
