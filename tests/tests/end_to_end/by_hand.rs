//! What people do to a chat's cloud resources with their own tools.

use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use uuid::Uuid;
use wschat_tests::emulator::State;
use wschat_tests::wait::eventually;
use yandex_cloud_rest::auth::{AuthorizedKey, Credentials};
use yandex_cloud_rest::model::FieldMask;
use yandex_cloud_rest::model::apigateway::UpdateApiGatewayRequest;
use yandex_cloud_rest::model::database::UpdateDatabaseRequest;
use yandex_cloud_rest::model::function::UpdateFunctionRequest;
use yandex_cloud_rest::model::iam::UpdateServiceAccountRequest;
use yandex_cloud_rest::model::operation::Operation;
use yandex_cloud_rest::model::trigger::UpdateTriggerRequest;
use yandex_cloud_rest::{Client, Config, Error};

use crate::delete::{delete, made};
use crate::stage::{SOON, Stage};
use crate::suite::{Handle, Scene};

const NEW_NAME: &str = "renamed-by-hand";

pub(crate) fn trials(suite: &Handle) -> Vec<Trial> {
    vec![suite.trial(
        "a protected chat whose parts were renamed is deleted with them",
        renamed_parts_are_deleted,
    )]
}

async fn renamed_parts_are_deleted(scene: Scene) -> Result<(), Failed> {
    let stage = Stage::set(scene).await?;
    let spec = "{database: {deletionProtection: true}, handler: {minInstances: 1}}";
    stage.apply("lobby", spec).await?;
    stage.ready("lobby").await?;

    let person = Person::with_operators_key(&stage)?;
    person.rename_all(&stage.emulator.state().await?).await?;
    let renamed = stage.emulator.state().await?;
    for all in [
        &renamed.databases,
        &renamed.functions,
        &renamed.gateways,
        &renamed.triggers,
    ] {
        assert_eq!(all[0]["name"], NEW_NAME, "{all:?}");
    }

    // What protects the database is lifted with the object's own protection.
    stage.apply("lobby", "{handler: {minInstances: 1}}").await?;
    delete(&stage, "lobby").await?;
    assert_eq!(made(&stage).await?, Vec::<String>::new());
    stage.clear().await
}

/// Somebody with rights in the folder and a client of the cloud's API.
struct Person(Client);

impl Person {
    fn with_operators_key(stage: &Stage) -> Result<Self, Failed> {
        let addresses = stage.emulator.addresses();
        let file = addresses.operator_key.as_deref().ok_or("no operator key")?;
        let key = AuthorizedKey::read(file)?;
        let mut config = Config::new(Credentials::AuthorizedKey(Box::new(key)));
        config.api_endpoint.clone_from(&addresses.api);
        Ok(Self(Client::new(config)?))
    }

    /// Gives everything that the chat is made of the same other name.
    async fn rename_all(&self, made: &State) -> Result<(), Failed> {
        let of_chat = |account: &&Value| !account["labels"]["wschat-name"].is_null();
        let account = made.service_accounts.iter().find(of_chat);
        let operations = [
            self.rename_account(id(account)?).await?,
            self.rename_database(id(made.databases.first())?).await?,
            self.rename_function(id(made.functions.first())?).await?,
            self.rename_gateway(id(made.gateways.first())?).await?,
            self.rename_trigger(id(made.triggers.first())?).await?,
        ];
        for operation in operations {
            self.end_of(operation).await?;
        }
        Ok(())
    }

    async fn rename_account(&self, id: &str) -> Result<Operation, Error> {
        let request = UpdateServiceAccountRequest {
            update_mask: Some(mask()),
            name: NEW_NAME.to_owned(),
            ..UpdateServiceAccountRequest::default()
        };
        let accounts = self.0.service_accounts();
        accounts.update(id, &request, Uuid::new_v4()).await
    }

    async fn rename_database(&self, id: &str) -> Result<Operation, Error> {
        let request = UpdateDatabaseRequest {
            update_mask: Some(mask()),
            name: NEW_NAME.to_owned(),
            ..UpdateDatabaseRequest::default()
        };
        let databases = self.0.databases();
        databases.update(id, &request, Uuid::new_v4()).await
    }

    async fn rename_function(&self, id: &str) -> Result<Operation, Error> {
        let request = UpdateFunctionRequest {
            update_mask: Some(mask()),
            name: NEW_NAME.to_owned(),
            ..UpdateFunctionRequest::default()
        };
        let functions = self.0.functions();
        functions.update(id, &request, Uuid::new_v4()).await
    }

    async fn rename_gateway(&self, id: &str) -> Result<Operation, Error> {
        let gateways = self.0.api_gateways();
        let request = UpdateApiGatewayRequest {
            update_mask: Some(mask()),
            name: NEW_NAME.to_owned(),
            openapi_spec: gateways.spec(id).await?.openapi_spec,
            ..UpdateApiGatewayRequest::default()
        };
        gateways.update(id, &request, Uuid::new_v4()).await
    }

    async fn rename_trigger(&self, id: &str) -> Result<Operation, Error> {
        let request = UpdateTriggerRequest {
            update_mask: Some(mask()),
            name: NEW_NAME.to_owned(),
            ..UpdateTriggerRequest::default()
        };
        let triggers = self.0.triggers();
        triggers.update(id, &request, Uuid::new_v4()).await
    }

    /// Waits for an operation's good end.
    async fn end_of(&self, operation: Operation) -> Result<(), Failed> {
        let what = format!("{} to end", operation.description);
        let ended = eventually(what, SOON, || async {
            match self.0.operations().get(&operation.id).await {
                Ok(operation) if operation.done => Ok(operation),
                Ok(_) => Err("it goes on".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        });
        match ended.await?.error {
            None => Ok(()),
            Some(error) => Err(format!("{}: {}", operation.description, error.message).into()),
        }
    }
}

fn mask() -> FieldMask {
    FieldMask::of(["name"])
}

fn id(resource: Option<&Value>) -> Result<&str, Failed> {
    let id = resource.and_then(|resource| resource["id"].as_str());
    id.ok_or_else(|| "the chat lacks a part".into())
}
