//! A cloud with whatever is wrong in it, and chats with keys of their own, so
//! that something can be wrong for one of them alone.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{ObjectMeta, Patch, PatchParams};
use libtest_mimic::Failed;
use serde_json::Value;
use wschat_tests::cloud::Cloud;
use yc_emulator::server::OPERATOR_ROLES;

use super::chat_of;
use crate::stage::Stage;

/// One stage, and somebody with the operator's rights.
pub(super) struct Scenery {
    pub(super) stage: Stage,
    pub(super) cloud: Cloud,
    faults: Vec<Value>,
}

impl Scenery {
    pub(super) fn on(stage: Stage) -> Result<Self, Failed> {
        let cloud = Cloud::of(stage.emulator.addresses())?;
        Ok(Self {
            stage,
            cloud,
            faults: Vec::new(),
        })
    }

    /// Applies the chat of a file.
    pub(super) async fn apply(&self, golden: &str, spec: &str) -> Result<(), Failed> {
        self.stage.apply(&chat_of(golden), spec).await
    }

    /// Applies the chat of a file with a key of its own: the account's id.
    pub(super) async fn apply_with_key(&self, golden: &str, more: &str) -> Result<String, Failed> {
        let account = self.key(golden).await?;
        let spec = self.spec_with_key(&chat_of(golden), more);
        self.apply(golden, &spec).await?;
        Ok(account)
    }

    /// A key for the chat of a file, in a Secret of the chat's name: the id of its
    /// account.
    pub(super) async fn key(&self, golden: &str) -> Result<String, Failed> {
        let name = chat_of(golden);
        let account = self.cloud.make_account(&name, &OPERATOR_ROLES).await?;
        let key = self.cloud.key_file(&account).await?;
        self.secret(&name, &key).await?;
        Ok(account)
    }

    /// The spec of a chat with the key in a Secret.
    pub(super) fn spec_with_key(&self, secret: &str, more: &str) -> String {
        let folder = self.cloud.folder();
        format!("{{folderId: {folder}, credentialsSecretRef: {{name: {secret}}}, {more}}}")
    }

    /// Writes a Secret with a key, or with what ought to be one.
    pub(super) async fn secret(&self, name: &str, key: &str) -> Result<(), Failed> {
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                ..ObjectMeta::default()
            },
            string_data: Some(BTreeMap::from([("key.json".to_owned(), key.to_owned())])),
            ..Secret::default()
        };
        let secrets: Api<Secret> = self.stage.namespace.api();
        let applied = PatchParams::apply("wschat-tests").force();
        secrets
            .patch(name, &applied, &Patch::Apply(&secret))
            .await?;
        Ok(())
    }

    /// Breaks something more in the cloud.
    pub(super) async fn fault(&mut self, fault: Value) -> Result<(), Failed> {
        self.faults.push(fault);
        self.stage.emulator.set_fault_rules(&self.faults).await?;
        Ok(())
    }
}
