//! The bookkeeping in a chat's status: what the operator begins is written
//! down before and after, so that it can go on after a crash.

use std::sync::{Mutex, PoisonError};

use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use wschat_crds::{MANAGER, ResourceStatus, WsChat, WsChatStatus};

use crate::error::StepError;
use crate::lease::Leadership;
use crate::patch;
use crate::resource::Resource;
use crate::validate::Identity;

/// The status of one chat, as the API server has it.
pub(crate) struct Journal {
    /// Whether nothing is written: the look only plans.
    plans: bool,
    api: Api<WsChat>,
    name: String,
    leadership: Leadership,
    /// What the API server was last told; steps that run side by side write
    /// different parts of it.
    written: Mutex<Value>,
}

impl Journal {
    /// The journal of a chat that was just read.
    pub(crate) fn open(
        api: Api<WsChat>,
        chat: &WsChat,
        leadership: Leadership,
    ) -> Result<Self, StepError> {
        let written = match &chat.status {
            Some(status) => serde_json::to_value(status)?,
            None => json!({}),
        };
        Ok(Self {
            plans: false,
            api,
            name: chat.metadata.name.clone().unwrap_or_default(),
            leadership,
            written: Mutex::new(written),
        })
    }

    /// The same, which keeps everything to itself.
    pub(crate) fn of_plan(api: Api<WsChat>, chat: &WsChat) -> Result<Self, StepError> {
        let journal = Self::open(api, chat, Leadership::none())?;
        Ok(Self {
            plans: true,
            ..journal
        })
    }

    /// Writes down what is known of one resource.
    pub(crate) async fn save(
        &self,
        resource: Resource,
        saved: &ResourceStatus,
    ) -> Result<(), StepError> {
        let new = serde_json::to_value(saved)?;
        let change = {
            let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            let old = written.pointer(&format!("/resources/{}", resource.field()));
            patch::diff(old.unwrap_or(&json!({})), &new)
        };
        match change {
            Some(change) => {
                self.send(json!({ "resources": { resource.field(): change } }))
                    .await
            }
            None => Ok(()),
        }
    }

    /// Writes the whole status, if it differs from what is there. Answers
    /// whether it did.
    pub(crate) async fn write(&self, status: &WsChatStatus) -> Result<bool, StepError> {
        let new = serde_json::to_value(status)?;
        let change = {
            let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            patch::diff(&written, &new)
        };
        match change {
            Some(change) => self.send(change).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Writes down who the chat is before anything is made, so that tomorrow's
    /// defaults don't make it a second time.
    pub(crate) async fn pin(
        &self,
        identity: &Identity,
        prior: &WsChatStatus,
    ) -> Result<(), StepError> {
        if prior.folder_id.is_some() && prior.installation_id.is_some() {
            return Ok(());
        }
        let status = WsChatStatus {
            folder_id: Some(identity.folder_id.clone()),
            installation_id: Some(identity.installation_id.clone()),
            ..prior.clone()
        };
        self.write(&status).await.map(drop)
    }

    async fn send(&self, change: Value) -> Result<(), StepError> {
        if self.plans {
            return Ok(());
        }
        // Another replica may have written since.
        if !self.leadership.holds() {
            return Err(StepError::NotLeading);
        }
        let parameters = PatchParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PatchParams::default()
        };
        self.api
            .patch_status(
                &self.name,
                &parameters,
                &Patch::Merge(json!({ "status": change })),
            )
            .await
            .map_err(|source| StepError::Journal(Box::new(source)))?;
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        patch::apply(&mut written, &change);
        Ok(())
    }
}
