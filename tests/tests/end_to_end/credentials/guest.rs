//! A folder that the operator has no rights in, and somebody there who gives
//! keys to chats.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, ObjectMeta, Patch, PatchParams};
use kube::{Api, ResourceExt};
use libtest_mimic::Failed;
use wschat_crds::CREDENTIALS_FINALIZER;
use wschat_tests::cloud::AccessBindingAction::Remove;
use wschat_tests::cloud::Cloud;
use wschat_tests::emulator::Options;
use wschat_tests::namespace::Namespace;
use wschat_tests::wait::wait_gone;
use yc_emulator::server::OPERATOR_ROLES;

use crate::stage::{SOON, Stage};
use crate::suite::Scene;

pub(crate) const SECRET: &str = "guests-key";
const OPERATORS_FOLDER: &str = "b1gemulator000000000";
const FOLDER: &str = "b1gguests00000000000";
/// The folder's administrator.
pub(crate) struct Guest {
    admin: Cloud,
    secrets: Api<Secret>,
    chats: Api<wschat_crds::WsChat>,
    api: String,
}

impl Guest {
    /// A stage whose operator may do nothing in the guest's folder.
    pub(crate) async fn set(scene: Scene) -> Result<(Stage, Self), Failed> {
        let namespace = scene.namespace.clone();
        Self::set_for(scene, namespace).await
    }

    /// The same for chats in another namespace than the operator's Lease.
    pub(crate) async fn set_for(
        scene: Scene,
        namespace: Namespace,
    ) -> Result<(Stage, Self), Failed> {
        let admin_key = scene.folder.join("admin-key.json").display().to_string();
        let folders = ["--folder-id", OPERATORS_FOLDER, "--folder-id", FOLDER];
        let options = [&folders[..], &["--admin-key", &admin_key]].concat();
        let options = options
            .into_iter()
            .fold(Options::default(), Options::argument);
        let stage = Stage::set_for(scene, namespace, &options).await?;
        let addresses = stage.emulator.addresses();
        assert_eq!(addresses.folder_id, OPERATORS_FOLDER);
        let operator = Cloud::of(addresses)?;
        let admin = Cloud::of_admin(addresses)?.in_folder(FOLDER);
        for role in OPERATOR_ROLES {
            admin.bind(Remove, role, operator.account()).await?;
        }
        let guest = Self {
            admin,
            secrets: stage.namespace.api(),
            chats: stage.chats(),
            api: addresses.api.clone(),
        };
        Ok((stage, guest))
    }

    pub(crate) fn folder(&self) -> &str {
        self.admin.folder()
    }

    /// A new account that may make chats in the folder.
    pub(crate) async fn account(&self, name: &str) -> Result<String, Failed> {
        Ok(self.admin.make_account(name, &OPERATOR_ROLES).await?)
    }

    /// A new key of an account, as a file.
    pub(crate) async fn key(&self, account: &str) -> Result<String, Failed> {
        Ok(self.admin.key_file(account).await?)
    }

    pub(crate) async fn revoke(&self, key: &str) -> Result<(), Failed> {
        Ok(self.admin.delete_key(key).await?)
    }

    /// How many calls of the cloud an account made.
    pub(crate) async fn calls(&self, account: &str) -> Result<usize, Failed> {
        let url = format!("{}/_emulator/requests?subject={account}", self.api);
        let all: Vec<serde_json::Value> = reqwest::get(url).await?.json().await?;
        Ok(all.len())
    }

    /// The spec of a chat in the folder, with the usual Secret.
    pub(crate) fn spec(&self, more: &str) -> String {
        self.spec_with(SECRET, more)
    }

    pub(crate) fn spec_with(&self, secret: &str, more: &str) -> String {
        let folder = self.folder();
        format!("{{folderId: {folder}, credentialsSecretRef: {{name: {secret}}}, {more}}}")
    }

    /// Writes a Secret with one entry.
    pub(crate) async fn put(&self, name: &str, key: &str, text: &str) -> Result<(), Failed> {
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                ..ObjectMeta::default()
            },
            data: Some(BTreeMap::from([(
                key.to_owned(),
                ByteString(text.as_bytes().to_vec()),
            )])),
            ..Secret::default()
        };
        let applied = PatchParams::apply("wschat-tests").force();
        self.secrets
            .patch(name, &applied, &Patch::Apply(&secret))
            .await?;
        Ok(())
    }

    pub(crate) async fn delete(&self, name: &str) -> Result<(), Failed> {
        self.secrets.delete(name, &DeleteParams::default()).await?;
        Ok(())
    }

    /// Deletes a chat and doesn't wait.
    pub(crate) async fn start_delete(&self, chat: &str) -> Result<(), Failed> {
        self.chats.delete(chat, &DeleteParams::default()).await?;
        Ok(())
    }

    /// Whether a Secret is there, and has the operator's finalizer.
    pub(crate) async fn is_held(&self, name: &str) -> Result<bool, Failed> {
        let secret = self.secrets.get_opt(name).await?;
        let is_ours = |finalizer: &String| finalizer == CREDENTIALS_FINALIZER;
        Ok(secret.is_some_and(|secret| secret.finalizers().iter().any(is_ours)))
    }

    /// Waits until a Secret is gone.
    pub(crate) async fn gone(&self, name: &str) -> Result<(), Failed> {
        Ok(wait_gone(&self.secrets, name, SOON).await?)
    }
}
