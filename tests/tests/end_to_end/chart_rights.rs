//! What the account that the operator's chart makes may do: all that the
//! operator needs, and nothing else.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Api;
use kube::api::PostParams;
use libtest_mimic::{Failed, Trial};
use wschat_tests::kubeconfig;

use crate::charts::{NEEDED, install};
use crate::suite::{Handle, Scene};

/// An action: verb, API group, resource, name (empty: any), and whether it is
/// on something in the operator's own namespace, not in somebody else's.
type Action = (&'static str, &'static str, &'static str, &'static str, bool);

const LEASES: &str = "coordination.k8s.io";
const LEASE: &str = "chats-wschat-operator";

const NEEDS: [Action; 14] = [
    ("get", "wschat.dev", "wschats", "", false),
    ("list", "wschat.dev", "wschats", "", false),
    ("watch", "wschat.dev", "wschats", "", false),
    ("patch", "wschat.dev", "wschats", "", false),
    ("patch", "wschat.dev", "wschats/status", "", false),
    ("create", "events.k8s.io", "events", "", false),
    ("create", LEASES, "leases", "", true),
    ("patch", LEASES, "leases", LEASE, true),
    ("watch", LEASES, "leases", LEASE, true),
    ("get", "", "namespaces", "kube-system", false),
    ("get", "", "secrets", "", false),
    ("list", "", "secrets", "", false),
    ("watch", "", "secrets", "", false),
    ("patch", "", "secrets", "", false),
];
/// Nor these, when chats bring no keys.
const WITHOUT_KEYS: [Action; 4] = [
    ("get", "", "secrets", "operator-key", true),
    ("list", "", "secrets", "", false),
    ("watch", "", "secrets", "", false),
    ("patch", "", "secrets", "", false),
];
const DOES_NOT_NEED: [Action; 11] = [
    ("create", "wschat.dev", "wschats", "", false),
    ("delete", "wschat.dev", "wschats", "", false),
    ("patch", LEASES, "leases", "another", true),
    ("create", LEASES, "leases", "", false),
    ("create", "", "secrets", "", false),
    ("update", "", "secrets", "", false),
    ("delete", "", "secrets", "", false),
    ("get", "", "namespaces", "default", false),
    ("list", "", "namespaces", "", false),
    ("create", "", "pods", "", true),
    (
        "escalate",
        "rbac.authorization.k8s.io",
        "clusterroles",
        "",
        false,
    ),
];

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![
        suite.trial(
            "the operator's account may do what it needs and no more",
            rights,
        ),
        suite.trial(
            "the operator's account may not read Secrets when chats bring no keys",
            no_secrets,
        ),
    ]
}

async fn rights(scene: Scene) -> Result<(), Failed> {
    let client = installed(&scene, &NEEDED).await?;
    let namespace = scene.namespace.name();
    for action in NEEDS {
        assert!(may(&client, namespace, action).await?, "may not {action:?}");
    }
    for action in DOES_NOT_NEED {
        assert!(!may(&client, namespace, action).await?, "may {action:?}");
    }
    Ok(())
}

async fn no_secrets(scene: Scene) -> Result<(), Failed> {
    let without = [&NEEDED[..], &["--set", "chatCredentials.enabled=false"]].concat();
    let client = installed(&scene, &without).await?;
    let namespace = scene.namespace.name();
    let secrets = |action: &&Action| action.2 == "secrets";
    let others = NEEDS.iter().filter(|action| !secrets(action));
    for action in others {
        assert!(
            may(&client, namespace, *action).await?,
            "may not {action:?}"
        );
    }
    for action in WITHOUT_KEYS {
        assert!(!may(&client, namespace, action).await?, "may {action:?}");
    }
    Ok(())
}

/// The client of the account that the chart makes.
async fn installed(scene: &Scene, values: &[&str]) -> Result<kube::Client, Failed> {
    install(scene, values).await?;
    let namespace = scene.namespace.name();
    let file = scene
        .control_plane()
        .kubeconfig_for_service_account(namespace, "chats-wschat-operator")
        .await?;
    Ok(kubeconfig::client(&file).await?)
}

/// Asks the API server, as the client's own user.
async fn may(client: &kube::Client, own: &str, action: Action) -> Result<bool, kube::Error> {
    let (verb, group, resource, name, in_own) = action;
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let place = match (resource, in_own) {
        ("namespaces" | "clusterroles", _) => "",
        (_, true) => own,
        (_, false) => "default",
    };
    let some = |text: &str| Some(text.to_owned());
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                verb: some(verb),
                group: some(group),
                resource: some(resource),
                subresource: some(subresource),
                namespace: some(place),
                name: some(name),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let answer = reviews.create(&PostParams::default(), &review).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
