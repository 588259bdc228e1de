//! The charts: what they render and refuse, and whether a real API server
//! takes them.

use std::path::PathBuf;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Container, PodSpec};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use libtest_mimic::{Failed, Trial};
use wschat_tests::binaries::workspace_root;

use crate::suite::{Handle, Scene, helm};

/// The least that a user must set.
pub(crate) const NEEDED: [&str; 4] = [
    "--set",
    "folderId=b1gexample",
    "--set",
    "credentials.existingSecret=operator-key",
];

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial("charts pass helm lint", lint),
        suite.trial(
            "the operator chart says what must be set",
            says_what_is_missing,
        ),
        suite.trial(
            "the operator chart refuses values it does not know",
            refuses_bad_values,
        ),
        suite.trial(
            "the operator chart asks for a restricted pod",
            asks_for_a_restricted_pod,
        ),
        suite.trial("the operator chart renders every value", renders_values),
        suite.trial("charts install on a real API server", installs),
    ]
}

fn chart(name: &str) -> String {
    let path: PathBuf = workspace_root().join("charts").join(name);
    path.display().to_string()
}

pub(crate) fn operator_chart() -> String {
    chart("wschat-operator")
}

async fn lint(scene: Scene) -> Result<(), Failed> {
    let helm = helm(&scene.folder);
    helm.run(["lint", "--strict", &chart("wschat-crds")])
        .await?;
    let operator = operator_chart();
    let mut arguments = vec!["lint", "--strict", &operator];
    arguments.extend(NEEDED);
    helm.run(arguments).await?;
    Ok(())
}

/// `helm template` of the operator's chart.
async fn template(scene: &Scene, values: &[&str]) -> Result<wschat_tests::program::Output, Failed> {
    let operator = operator_chart();
    let mut arguments = vec!["template", "release", &operator, "--namespace", "somewhere"];
    arguments.extend(values);
    Ok(helm(&scene.folder).output(arguments, "").await?)
}

async fn says_what_is_missing(scene: Scene) -> Result<(), Failed> {
    let both = "credentials.existingSecret=a,credentials.metadata=true";
    let federated =
        "credentials.existingSecret=a,credentials.workloadIdentity.serviceAccountId=aje";
    let cases = [
        (
            vec!["--set", "credentials.existingSecret=a"],
            "folderId is not set",
        ),
        (
            vec!["--set", "folderId=b1g"],
            "kubectl create secret generic",
        ),
        (
            vec!["--set", "folderId=b1g", "--set", both],
            "exclude each other",
        ),
        (
            vec!["--set", "folderId=b1g", "--set", federated],
            "exclude each other",
        ),
    ];
    for (values, words) in cases {
        let output = template(&scene, &values).await?;
        assert!(!output.status.success(), "{values:?} was accepted");
        assert!(
            output.stderr.contains(words),
            "{values:?}: {}",
            output.stderr
        );
    }
    Ok(())
}

async fn refuses_bad_values(scene: Scene) -> Result<(), Failed> {
    // A value, and what the answer must name.
    let cases = [
        ("foldrId=b1g", "foldrId"),
        ("credentials.secret=x", "secret"),
        ("replicaCount=0", "/replicaCount"),
        ("replicaCount=two", "/replicaCount"),
        ("image.digest=sha256:short", "/image/digest"),
        ("image.pullPolicy=Sometimes", "/image/pullPolicy"),
        ("apiEndpoint=api.cloud", "/apiEndpoint"),
        ("leaseDuration=1s", "/leaseDuration"),
        ("resync=often", "/resync"),
        ("allowFolders[0].namespace=team", "folderId"),
        ("installationId=Main.Cluster", "/installationId"),
        ("log.format=xml", "/log/format"),
        (
            "credentials.workloadIdentity.tokenExchangeUrl=auth.cloud",
            "/credentials/workloadIdentity/tokenExchangeUrl",
        ),
        (
            "networkPolicy.egressPorts[0]=99999",
            "/networkPolicy/egressPorts/0",
        ),
    ];
    for (value, named) in cases {
        let mut values = NEEDED.to_vec();
        values.extend(["--set", value]);
        let output = template(&scene, &values).await?;
        assert!(!output.status.success(), "{value} was accepted");
        assert!(output.stderr.contains(named), "{value}: {}", output.stderr);
    }
    Ok(())
}

/// Every object of a rendered chart of one kind.
pub(crate) fn objects(rendered: &str, kind: &str) -> Result<Vec<serde_json::Value>, Failed> {
    use serde::Deserialize as _;
    let mut found = Vec::new();
    for document in serde_norway::Deserializer::from_str(rendered) {
        let object = serde_json::Value::deserialize(document)?;
        if object["kind"] == kind {
            found.push(object);
        }
    }
    Ok(found)
}

pub(crate) async fn render(scene: &Scene, more: &[&str]) -> Result<String, Failed> {
    let mut values = NEEDED.to_vec();
    values.extend(more);
    Ok(template(scene, &values).await?.success()?)
}

async fn asks_for_a_restricted_pod(scene: Scene) -> Result<(), Failed> {
    let rendered = render(&scene, &[]).await?;
    let mut pods = objects(&rendered, "Deployment")?;
    pods.extend(objects(&rendered, "Job")?);
    assert_eq!(pods.len(), 2, "a Deployment and the uninstall check");
    for owner in &pods {
        let pod: PodSpec = serde_json::from_value(owner["spec"]["template"]["spec"].clone())?;
        let context = pod.security_context.unwrap_or_default();
        assert_eq!(context.run_as_non_root, Some(true));
        let seccomp = context.seccomp_profile.map(|profile| profile.type_);
        assert_eq!(seccomp.as_deref(), Some("RuntimeDefault"));
        pod.containers.iter().for_each(assert_restricted);
    }
    // The API server's own judge of it.
    let namespace = scene.namespace.name();
    let enforce = "pod-security.kubernetes.io/enforce=restricted";
    scene
        .kubectl()
        .run(["label", "namespace", namespace, enforce])
        .await?;
    let pod = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": "judged", "namespace": namespace },
        "spec": pods[0]["spec"]["template"]["spec"],
    });
    let account = [
        "create",
        "serviceaccount",
        "release-wschat-operator",
        "-n",
        namespace,
    ];
    scene.kubectl().run(account).await?;
    let arguments = ["create", "--dry-run=server", "-f", "-"];
    scene
        .kubectl()
        .output(arguments, &pod.to_string())
        .await?
        .success()?;
    Ok(())
}

fn assert_restricted(container: &Container) {
    let context = container.security_context.clone().unwrap_or_default();
    assert_eq!(context.allow_privilege_escalation, Some(false));
    assert_eq!(context.read_only_root_filesystem, Some(true));
    let dropped = context
        .capabilities
        .and_then(|capabilities| capabilities.drop);
    assert_eq!(dropped, Some(vec!["ALL".to_owned()]));
    assert!(container.resources.is_some(), "requests and limits");
}

async fn renders_values(scene: Scene) -> Result<(), Failed> {
    let values = [
        "installationId=main",
        "allowFolders[0].namespace=team",
        "allowFolders[0].folderId=b1gteam",
        "apiEndpoint=https://api.example",
        "watchNamespace=chats",
        "resync=5m",
        "leaseDuration=20s",
        "image.repository=images.example/operator",
        "image.tag=v9",
        "serviceMonitor.enabled=true",
        "prometheusRule.enabled=true",
    ];
    let values: Vec<&str> = values.iter().flat_map(|value| ["--set", value]).collect();
    let rendered = render(&scene, &values).await?;
    let deployments = objects(&rendered, "Deployment")?;
    let deployment: Deployment = serde_json::from_value(deployments[0].clone())?;
    let container = &containers(&deployment)[0];
    assert_eq!(
        container.image.as_deref(),
        Some("images.example/operator:v9")
    );
    for wanted in [
        "--folder-id=b1gexample",
        "--api-endpoint=https://api.example",
        "--service-account-key-file=/etc/wschat/credentials/key.json",
        "--installation-id=main",
        "--allow-folder=team=b1gteam",
        "--watch-namespace=chats",
        "--lease-namespace=somewhere",
        "--lease-duration=20s",
        "--resync=5m",
    ] {
        let arguments = container.args.as_deref().unwrap_or_default();
        assert!(
            arguments.iter().any(|argument| argument == wanted),
            "{wanted}: {arguments:?}"
        );
    }
    // Rights in that namespace only; and with an id nobody reads kube-system.
    let cluster_roles = objects(&rendered, "ClusterRole")?;
    assert_eq!(
        cluster_roles.len(),
        1,
        "the uninstall check's only: {cluster_roles:?}"
    );
    assert_eq!(objects(&rendered, "ServiceMonitor")?.len(), 1);
    assert_eq!(objects(&rendered, "PrometheusRule")?.len(), 1);
    assert_eq!(objects(&rendered, "PodDisruptionBudget")?.len(), 1);

    let digest = format!("image.digest=sha256:{}", "a".repeat(64));
    let by_digest = render(&scene, &["--set", &digest, "--set", "image.tag=v9"]).await?;
    assert!(by_digest.contains("localhost/wschat-operator@sha256:aaaa"));
    Ok(())
}

pub(crate) fn containers(deployment: &Deployment) -> Vec<Container> {
    let template = deployment.spec.as_ref().map(|spec| &spec.template);
    let pod = template.and_then(|template| template.spec.as_ref());
    pod.map(|pod| pod.containers.clone()).unwrap_or_default()
}

/// Installs the operator's chart into the scene's namespace.
pub(crate) async fn install(scene: &Scene, values: &[&str]) -> Result<Deployment, Failed> {
    let operator = operator_chart();
    let namespace = scene.namespace.name();
    let mut arguments = vec!["install", "chats", &operator, "--namespace", namespace];
    arguments.extend(values);
    scene.helm().run(arguments).await?;
    let deployments: Api<Deployment> = scene.namespace.api();
    Ok(deployments.get("chats-wschat-operator").await?)
}

async fn installs(scene: Scene) -> Result<(), Failed> {
    let deployment = install(&scene, &NEEDED).await?;
    let replicas = deployment.spec.and_then(|spec| spec.replicas);
    assert_eq!(replicas, Some(2));
    let namespace = scene.namespace.name();
    // The suite's own definition is there: the server says whether it would
    // take the chart's.
    let rendered = helm(&scene.folder)
        .run(["template", "crds", &chart("wschat-crds")])
        .await?;
    let arguments = [
        "apply",
        "--server-side",
        "--force-conflicts",
        "--dry-run=server",
        "-f",
        "-",
    ];
    scene
        .kubectl()
        .output(arguments, &rendered)
        .await?
        .success()?;
    let definitions: Api<CustomResourceDefinition> = Api::all(scene.client());
    definitions.get("wschats.wschat.dev").await?;
    // Without the hook, which needs a node to run on.
    let uninstall = ["uninstall", "chats", "--namespace", namespace, "--no-hooks"];
    scene.helm().run(uninstall).await?;
    let left = scene
        .kubectl()
        .run(["get", "clusterrole,clusterrolebinding", "-o", "name"])
        .await?;
    assert!(!left.contains(namespace), "left behind: {left}");
    Ok(())
}
