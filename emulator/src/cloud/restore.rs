//! After a start on a state: what ran before runs again.

use std::net::SocketAddr;

use super::plane::{Deployment, Scaling, TriggerDefinition};
use super::work::{Work, functions, triggers, versions};
use super::{ACTIVE, Cloud, STOPPED, State};
use crate::error::Status;
use crate::store::StateError;

/// A gateway and where its clients look for it.
struct Listening {
    id: String,
    folder_id: String,
    spec: String,
    address: SocketAddr,
    stopped: bool,
}

/// What has to run. What is being deleted doesn't run again, and what is being
/// created is the business of its operation.
struct Inventory {
    /// Ids and folders.
    databases: Vec<(String, String)>,
    deployments: Vec<Deployment>,
    /// Function, tag, version.
    tags: Vec<(String, String, String)>,
    /// By function and tag.
    policies: Vec<(String, String, Scaling)>,
    gateways: Vec<Listening>,
    triggers: Vec<TriggerDefinition>,
}

fn lives(status: &str) -> bool {
    !matches!(status, "CREATING" | "PROVISIONING" | "DELETING" | "ERROR")
}

impl Inventory {
    fn of(state: &State) -> Result<Self, Status> {
        let databases = state.databases.values();
        let databases = databases.filter(|database| lives(&database.status));
        let versions: Vec<_> = state
            .versions
            .values()
            .map(|stored| &stored.version)
            .filter(|version| {
                let function = state.function(&version.function_id);
                version.status == ACTIVE && function.is_ok_and(|function| lives(&function.status))
            })
            .collect();
        let deployments = versions.iter();
        let deployments = deployments.map(|version| versions::deployment(state, &version.id));
        let tags = versions.iter().flat_map(|version| {
            let place = |tag: &String| {
                let function_id = version.function_id.clone();
                (function_id, tag.clone(), version.id.clone())
            };
            version.tags.iter().map(place)
        });
        Ok(Self {
            databases: databases
                .map(|database| (database.id.clone(), database.folder_id.clone()))
                .collect(),
            deployments: deployments.collect::<Result<_, _>>()?,
            tags: tags.collect(),
            policies: policies(state),
            gateways: gateways(state),
            triggers: triggers(state),
        })
    }
}

fn policies(state: &State) -> Vec<(String, String, Scaling)> {
    let all = state.scaling.values();
    let obeyed = all.map(|policy| {
        let (function_id, tag) = (policy.function_id.clone(), policy.tag.clone());
        (function_id, tag, functions::scaling(policy))
    });
    obeyed.collect()
}

fn gateways(state: &State) -> Vec<Listening> {
    let living = state.gateways.values();
    let living = living.filter(|stored| lives(&stored.gateway.status));
    let listening = living.filter_map(|stored| {
        Some(Listening {
            id: stored.gateway.id.clone(),
            folder_id: stored.gateway.folder_id.clone(),
            spec: stored.spec.clone(),
            address: stored.gateway.domain.parse().ok()?,
            stopped: stored.gateway.status == STOPPED,
        })
    });
    listening.collect()
}

/// A trigger has no status that tells that it is being created.
fn triggers(state: &State) -> Vec<TriggerDefinition> {
    let new = |id: &str| {
        state.operations.unfinished().any(
            |record| matches!(&record.work, Some(Work::CreateTrigger { id: own }) if own == id),
        )
    };
    let old = state.triggers.values().filter(|trigger| !new(&trigger.id));
    old.filter_map(triggers::running).collect()
}

impl Cloud {
    /// Brings back what ran when the state was left, and goes on with its
    /// operations.
    ///
    /// # Errors
    /// [`StateError::Service`] for what can't run as it did.
    pub async fn restore(&self) -> Result<(), StateError> {
        let inventory = Inventory::of(&self.state()).map_err(failed("a version"))?;
        let plane = self.plane();
        for (id, folder_id) in inventory.databases {
            let path = self.database_path(&id);
            let opened = plane.open_database(&path, &folder_id, &id).await;
            opened.map_err(failed(&format!("database {id}")))?;
        }
        for deployment in inventory.deployments {
            let what = format!("version {}", deployment.version_id);
            let deployed = plane.deploy(deployment).await;
            deployed.map_err(failed(&what))?;
        }
        for (function_id, tag, version_id) in inventory.tags {
            plane.set_tag(&function_id, &tag, &version_id);
        }
        for (function_id, tag, scaling) in inventory.policies {
            plane.scale(&function_id, &tag, scaling);
        }
        for gateway in inventory.gateways {
            let what = format!("API gateway {}", gateway.id);
            let Listening {
                id,
                folder_id,
                spec,
                address,
                stopped,
            } = gateway;
            let opened = plane.open_gateway(&id, &folder_id, &spec, address).await;
            opened.map_err(failed(&what))?;
            if stopped {
                plane.stop_gateway(&id).await.map_err(failed(&what))?;
            }
        }
        for definition in inventory.triggers {
            plane.start_trigger(definition);
        }
        self.go_on();
        Ok(())
    }
}

fn failed(what: &str) -> impl FnOnce(Status) -> StateError {
    let what = what.to_owned();
    move |status| StateError::Service {
        what,
        reason: status.message,
    }
}
