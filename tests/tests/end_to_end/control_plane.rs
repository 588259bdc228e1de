//! The API server itself: a suite on something else than Kubernetes as users
//! have it would prove nothing.

use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
use kube::Api;
use kube::api::{ObjectMeta, PostParams};
use libtest_mimic::{Failed, Trial};
use wschat_tests::control_plane::{ControlPlane, ControlPlaneError, Source, User};
use wschat_tests::kubeconfig::{self, Cluster};
use wschat_tests::wait::{wait_for, wait_gone};

use crate::suite::{Handle, Scene};

const LIMIT: Duration = Duration::from_secs(30);
/// On a machine with nothing else to do.
const START_LIMIT: Duration = Duration::from_secs(5);

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial(
            "a cluster that is there is used if it is local",
            uses_clusters_that_are_there,
        ),
        suite.trial(
            "control plane starts within 5 s on an idle machine",
            starts_soon,
        ),
        suite.trial(
            "control plane deletes a namespace with its objects",
            deletes_namespaces,
        ),
        suite.trial(
            "control plane gives a stranger no rights",
            refuses_strangers,
        ),
        suite.trial(
            "control plane knows tokens of service accounts",
            knows_service_accounts,
        ),
        suite.trial(
            "kubectl and server versions can be read",
            versions_are_stamped,
        ),
    ]
}

async fn starts_soon(scene: Scene) -> Result<(), Failed> {
    let took = scene.control_plane().started_in();
    // Another suite or a compiler beside this one slows it down.
    let limit = if machine_is_busy() {
        START_LIMIT * 6
    } else {
        START_LIMIT
    };
    assert!(took <= limit, "it took {took:?}, and may take {limit:?}");
    Ok(())
}

/// Whether more wants to run than there are processors, in the last minute.
pub(crate) fn machine_is_busy() -> bool {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load
        .split(' ')
        .next()
        .and_then(|load| load.parse::<f64>().ok());
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    load.is_none_or(|load| load > f64::from(u32::try_from(processors).unwrap_or(1)))
}

async fn deletes_namespaces(scene: Scene) -> Result<(), Failed> {
    if !scene.control_plane().has_controllers() {
        return Ok(());
    }
    let maps: Api<ConfigMap> = scene.namespace.api();
    maps.create(&PostParams::default(), &config_map("left-behind"))
        .await?;
    let other = wschat_tests::namespace::Namespace::create(scene.client(), "doomed").await?;
    let others: Api<ConfigMap> = other.api();
    others
        .create(&PostParams::default(), &config_map("doomed"))
        .await?;
    let name = other.name().to_owned();
    other.delete().await?;
    wait_gone(&others, "doomed", LIMIT).await?;
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(scene.client());
    wait_gone(&namespaces, &name, LIMIT).await?;
    assert!(maps.get_opt("left-behind").await?.is_some());
    Ok(())
}

async fn refuses_strangers(scene: Scene) -> Result<(), Failed> {
    let Some(kubeconfig) = scene.control_plane().kubeconfig(User::Stranger) else {
        return Ok(());
    };
    let client = kubeconfig::client(kubeconfig).await?;
    let maps: Api<ConfigMap> = Api::namespaced(client, scene.namespace.name());
    let refused = maps.get("anything").await;
    let Err(kube::Error::Api(status)) = refused else {
        return Err(format!("expected a refusal, got {refused:?}").into());
    };
    assert_eq!(status.code, 403, "{status:?}");
    Ok(())
}

async fn knows_service_accounts(scene: Scene) -> Result<(), Failed> {
    let namespace = scene.namespace.name();
    let accounts: Api<ServiceAccount> = scene.namespace.api();
    let account = ServiceAccount {
        metadata: ObjectMeta {
            name: Some("robot".to_owned()),
            ..ObjectMeta::default()
        },
        ..ServiceAccount::default()
    };
    accounts.create(&PostParams::default(), &account).await?;
    let file = scene
        .control_plane()
        .kubeconfig_for_service_account(namespace, "robot")
        .await?;
    let text = std::fs::read_to_string(&file)?;
    assert!(text.contains(namespace), "its namespace is the default one");
    let client = kubeconfig::client(&file).await?;
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    let Err(kube::Error::Api(status)) = maps.get("anything").await else {
        return Err("a service account without roles may read".into());
    };
    let who = format!("system:serviceaccount:{namespace}:robot");
    assert!(status.message.contains(&who), "{status:?}");
    // Its own controller gives every namespace a default account.
    if scene.control_plane().has_controllers() {
        let found = |account: Option<&ServiceAccount>| account.is_some();
        wait_for(&accounts, "default", "the default account", LIMIT, found).await?;
    }
    Ok(())
}

async fn uses_clusters_that_are_there(scene: Scene) -> Result<(), Failed> {
    let there = |path: &Path| Source::Kubeconfig {
        path: path.to_path_buf(),
        remote: false,
    };
    let administrator = scene.control_plane().administrator();
    let same = ControlPlane::start(&there(administrator), &scene.folder).await?;
    assert!(!same.is_own(), "it would be stopped");
    let maps: Api<ConfigMap> = Api::namespaced(same.client(), scene.namespace.name());
    maps.create(&PostParams::default(), &config_map("seen"))
        .await?;
    same.stop().await?;
    let mine: Api<ConfigMap> = scene.namespace.api();
    assert!(
        mine.get_opt("seen").await?.is_some(),
        "it is the same cluster, and still there"
    );

    let elsewhere = scene.folder.join("elsewhere.kubeconfig");
    Cluster::new("https://192.0.2.1:6443", "").write(&elsewhere, "token", None)?;
    let refused = ControlPlane::start(&there(&elsewhere), &scene.folder).await;
    assert!(matches!(refused, Err(ControlPlaneError::Remote { .. })));
    Ok(())
}

async fn versions_are_stamped(scene: Scene) -> Result<(), Failed> {
    let printed = scene.kubectl().run(["version", "--output=json"]).await?;
    let versions: serde_json::Value = serde_json::from_str(&printed)?;
    for side in ["clientVersion", "serverVersion"] {
        let version = versions[side]["gitVersion"].as_str().unwrap_or_default();
        assert!(version.starts_with("v1."), "{side}: {versions}");
    }
    Ok(())
}

fn config_map(name: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        ..ConfigMap::default()
    }
}
