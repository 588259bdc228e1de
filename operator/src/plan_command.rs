//! `wschat-operator plan -f chat.yaml`: what applying a manifest would do to
//! the cloud. Nothing is written, neither there nor in the cluster.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use kube::api::PostParams;
use kube::runtime::events::Reporter;
use kube::{Api, ResourceExt};
use wschat_crds::{MANAGER, WsChat};

use crate::args::PlanArgs;
use crate::context::Context;
use crate::credentials;
use crate::error::{StartError, root_cause};
use crate::lease::Leadership;
use crate::plan::forecast;
use crate::startup::{connect_cloud, connect_kube, settings};
use crate::validate::{identity, validate};

/// A survey is never due.
const NEVER: std::time::Duration = std::time::Duration::MAX;

/// Prints the plan. Answers whether anything would be changed.
pub(crate) async fn run(args: PlanArgs) -> Result<bool, StartError> {
    let manifest = read(&args.file)?;
    let (cloud, own_account) = connect_cloud(&args.cloud)?;
    let kube = connect_kube().await?;
    let settings = settings(&args.cloud, own_account, &kube, NEVER).await?;
    let namespace = args.namespace.or_else(|| manifest.namespace());
    let namespace = namespace.unwrap_or_else(|| kube.default_namespace().to_owned());
    let api: Api<WsChat> = Api::namespaced(kube.clone(), &namespace);
    let chat = judged(&api, manifest, &namespace).await?;
    let reporter = Reporter {
        controller: MANAGER.to_owned(),
        instance: None,
    };
    let context = Context::new(kube, cloud, settings, Leadership::none(), reporter);
    let entry = credentials::enter(&Arc::new(context), &chat)
        .await
        .map_err(|error| StartError::Plan(error.to_string()))?;
    let context = &*entry.context;
    let defaults = &context.settings.defaults;
    let identity = identity(&chat, defaults);
    let desired = validate(&chat, &identity, defaults, context.signer)
        .map_err(|refusal| StartError::Manifest(refusal.message))?;
    let forecast = forecast(context, api, &chat, &identity, &desired)
        .await
        .map_err(|error| StartError::Plan(error.to_string()))?;
    println!("WsChat {namespace}/{}", chat.name_any());
    if let Some(secret) = entry.secret_name() {
        println!("  with the key in the Secret {secret}, which is kept until the chat is gone");
    }
    println!("{}", forecast.text());
    if let Some(trouble) = forecast.troubles.first() {
        return Err(StartError::Plan(trouble.clone()));
    }
    Ok(!forecast.is_empty())
}

fn read(path: &Path) -> Result<WsChat, StartError> {
    let bad = |problem: String| StartError::Manifest(format!("{}: {problem}", path.display()));
    let text = if path == Path::new("-") {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        read.map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|error| bad(error.to_string()))?;
    serde_norway::from_str(&text).map_err(|error| bad(error.to_string()))
}

/// The object as the API server would store it, with defaults, if its rules
/// allow that; and with the status that it has now.
async fn judged(
    api: &Api<WsChat>,
    mut manifest: WsChat,
    namespace: &str,
) -> Result<WsChat, StartError> {
    let name = manifest.name_any();
    let failed = |source| match source {
        kube::Error::Api(status) => StartError::Manifest(status.message.clone()),
        other => StartError::KubeUnreachable(root_cause(&other)),
    };
    let dry = PostParams {
        dry_run: true,
        field_manager: Some(MANAGER.to_owned()),
    };
    manifest.metadata.namespace = Some(namespace.to_owned());
    let Some(current) = api.get_opt(&name).await.map_err(failed)? else {
        return api.create(&dry, &manifest).await.map_err(failed);
    };
    let wanted = WsChat {
        spec: manifest.spec,
        ..current.clone()
    };
    let stored = api.replace(&name, &dry, &wanted).await.map_err(failed)?;
    Ok(WsChat {
        status: current.status,
        ..stored
    })
}
