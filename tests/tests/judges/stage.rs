//! What a judge gets: an emulated cloud, a database in it, and a token.

use std::path::{Path, PathBuf};
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use tokio::runtime::Runtime;
use url::Url;
use uuid::Uuid;
use wschat_tests::binaries::target_folder;
use wschat_tests::cloud::Cloud;
use wschat_tests::emulator::{Emulator, Options};
use wschat_tests::goose::{Goose, database_of};
use wschat_tests::process::tail;
use wschat_tests::program::Program;
use wschat_tests::run_folder::RunFolder;
use yandex_cloud_rest::model::database::{CreateDatabaseRequest, Database, ServerlessDatabase};

/// A judge that hangs is a failed one.
const LIMIT: Duration = Duration::from_mins(2);
const LOG_LINES: usize = 40;

/// A judge's own cloud.
pub(crate) struct Stage {
    /// For its files.
    pub(crate) folder: PathBuf,
    /// Its cloud.
    pub(crate) emulator: Emulator,
    /// The database's endpoint, as the cloud announces it.
    announced: String,
    /// `grpc://host:port`.
    endpoint: Url,
    /// Absolute path of the database.
    pub(crate) database: String,
    /// An IAM token of the operator's account.
    token: String,
}

/// A trial: its own folder and cloud, a time limit, and the emulator's log when
/// it fails.
pub(crate) fn trial<Body, Outcome>(name: &'static str, body: Body) -> Trial
where
    Body: FnOnce(Stage) -> Outcome + Send + 'static,
    Outcome: Future<Output = Result<Stage, Failed>> + Send,
{
    Trial::test(name, move || {
        let folder = RunFolder::create(&target_folder().join("run"), name)?;
        let outcome = Runtime::new()?.block_on(async {
            let judged = async {
                let stage = body(Stage::set(folder.path()).await?).await?;
                stage.emulator.stop().await?;
                Ok(())
            };
            let late = |_| Err(format!("took longer than {LIMIT:?}").into());
            tokio::time::timeout(LIMIT, judged)
                .await
                .unwrap_or_else(late)
        });
        match outcome {
            Ok(()) => Ok(folder.remove()?),
            Err(failed) => Err(with_log(&failed, folder.path())),
        }
    })
}

impl Stage {
    async fn set(folder: &Path) -> Result<Self, Failed> {
        let emulator = Emulator::start(folder, &Options::default()).await?;
        let addresses = emulator.addresses();
        let cloud = Cloud::of(addresses)?;
        let database = make_database(&cloud).await?;
        let mut endpoint = Url::parse(&database.endpoint)?;
        let path = database_of(&endpoint).ok_or("the endpoint names no database")?;
        endpoint.set_path("");
        endpoint.set_query(None);
        Ok(Self {
            folder: folder.to_path_buf(),
            emulator,
            announced: database.endpoint,
            endpoint,
            database: path,
            token: cloud.client().tokens().get().await?.value,
        })
    }

    /// A program with all that a judge must know in its environment.
    pub(crate) fn told(&self, program: Program) -> Program {
        program
            .environment("JUDGE_ENDPOINT", self.endpoint.as_str())
            .environment("JUDGE_DATABASE", &self.database)
            .environment("JUDGE_TOKEN", &self.token)
            .environment("JUDGE_API", &self.emulator.addresses().api)
            .environment("HOME", &self.folder)
    }

    /// goose on the database.
    pub(crate) fn goose(&self) -> Result<Goose, Failed> {
        Ok(Goose::on(&self.announced, &self.token, &self.folder)?)
    }
}

/// A serverless database over the REST API, once it is there.
async fn make_database(cloud: &Cloud) -> Result<Database, Failed> {
    let request = CreateDatabaseRequest {
        folder_id: cloud.folder().to_owned(),
        name: "judged".to_owned(),
        serverless_database: Some(ServerlessDatabase::default()),
        ..CreateDatabaseRequest::default()
    };
    let databases = cloud.client().databases();
    let operation = databases.create(&request, Uuid::new_v4()).await?;
    let id = cloud.made(&operation, "databaseId").await?;
    Ok(databases.get(&id).await?)
}

fn with_log(failed: &Failed, folder: &Path) -> Failed {
    let text = failed.message().unwrap_or("failed");
    let log = folder.join("emulator.log");
    let lines = tail(&log, LOG_LINES);
    format!("{text}\n\n{}:\n{lines}", log.display()).into()
}
