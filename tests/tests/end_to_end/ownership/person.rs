//! Somebody who labels things in the cloud.

use libtest_mimic::Failed;
use serde_json::Value;
use wschat_tests::cloud::{Cloud, Thing};

use crate::stage::Stage;

const NAME: &str = "given";

/// The condition that tells about a thing.
pub(super) fn condition(thing: Thing) -> &'static str {
    match thing {
        Thing::Account => "ServiceAccountReady",
        Thing::Database => "DatabaseReady",
        Thing::Function => "FunctionReady",
        Thing::Gateway => "GatewayReady",
        Thing::Trigger => "TriggerReady",
    }
}

/// Somebody with the operator's rights.
pub(super) struct Person<'a> {
    stage: &'a Stage,
    cloud: Cloud,
}

impl<'a> Person<'a> {
    pub(super) fn in_cloud_of(stage: &'a Stage) -> Result<Self, Failed> {
        let cloud = Cloud::of(stage.emulator.addresses())?;
        Ok(Self { stage, cloud })
    }

    /// Replaces the labels of one of the things called `given`.
    pub(super) async fn label(&self, thing: Thing, labels: &Value) -> Result<(), Failed> {
        let found = self.find(thing).await?;
        Ok(self.cloud.label(thing, &found, labels).await?)
    }

    /// The labels of one of the things called `given`.
    pub(super) async fn labels(&self, thing: Thing) -> Result<Value, Failed> {
        Ok(self.find(thing).await?["labels"].clone())
    }

    async fn find(&self, thing: Thing) -> Result<Value, Failed> {
        let state = self.stage.emulator.state().await?;
        let mut all = thing.all_in(&state).iter();
        let found = all.find(|one| one["name"] == NAME).cloned();
        Ok(found.ok_or_else(|| format!("{thing:?} is gone"))?)
    }
}
