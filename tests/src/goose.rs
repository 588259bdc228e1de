//! goose, whose files the migrations are, on a database of the emulated cloud.

use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use crate::binaries::{target_folder, workspace_root};
use crate::program::{Program, ProgramError};

/// It never gives up by itself when a database doesn't answer as it likes.
const LIMIT: Duration = Duration::from_secs(30);

/// goose can't be asked, or doesn't do as it should.
#[derive(Debug, thiserror::Error)]
pub enum GooseError {
    /// The database's endpoint is no URL.
    #[error("the endpoint of the database: {0}")]
    Endpoint(#[from] url::ParseError),
    /// The database's endpoint is not as the cloud announces it.
    #[error("the endpoint {0} names no database")]
    NoDatabase(Url),
    /// The migrations can't be listed.
    #[error("cannot list {}: {source}", folder.display())]
    Migrations {
        /// Where they are.
        folder: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It failed.
    #[error(transparent)]
    Failed(#[from] ProgramError),
    /// It runs on.
    #[error("goose {0} took longer than {LIMIT:?}")]
    Late(String),
    /// It doesn't know a file.
    #[error("no {file} in\n{status}")]
    Unknown {
        /// Which one.
        file: String,
        /// What it printed.
        status: String,
    },
}

/// goose with the project's migrations and a database.
#[derive(Debug)]
pub struct Goose {
    program: Program,
    migrations: PathBuf,
    source: String,
}

impl Goose {
    /// For a database by its endpoint, as the cloud announces it, with a token.
    /// The flags are those that goose's documentation gives for YDB.
    pub fn on(endpoint: &str, token: &str, home: &Path) -> Result<Self, GooseError> {
        let mut source = Url::parse(endpoint)?;
        let path = database_of(&source).ok_or_else(|| GooseError::NoDatabase(source.clone()))?;
        source.set_path(&path);
        source
            .query_pairs_mut()
            .clear()
            .append_pair("go_query_mode", "scripting")
            .append_pair("go_fake_tx", "scripting")
            .append_pair("go_query_bind", "declare,numeric")
            .append_pair("token", token);
        let program = Program::new(target_folder().join("tools/goose"));
        Ok(Self {
            program: program.environment("HOME", home),
            migrations: workspace_root().join("migrations"),
            source: source.into(),
        })
    }

    /// Both outputs of a command that must succeed.
    pub async fn run(&self, command: &str) -> Result<String, GooseError> {
        let migrations = self.migrations.to_string_lossy();
        let arguments = ["-dir", &migrations, "ydb", &self.source, command];
        let output = tokio::time::timeout(LIMIT, self.program.output(arguments, ""))
            .await
            .map_err(|_| GooseError::Late(command.to_owned()))??;
        let printed = format!("{}{}", output.stdout, output.stderr);
        output.success()?;
        Ok(printed)
    }

    /// The names of the migrations, in their order.
    pub fn files(&self) -> Result<Vec<String>, GooseError> {
        let failed = |source| GooseError::Migrations {
            folder: self.migrations.clone(),
            source,
        };
        let mut names = std::fs::read_dir(&self.migrations)
            .and_then(|entries| {
                entries
                    .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                    .collect::<std::io::Result<Vec<String>>>()
            })
            .map_err(failed)?;
        let is_sql = |name: &String| {
            let kind = Path::new(name).extension();
            kind.is_some_and(|kind| kind == "sql")
        };
        names.retain(is_sql);
        names.sort();
        Ok(names)
    }

    /// Whether each of the files is applied, as `status` says.
    pub async fn applied(&self, files: &[String]) -> Result<Vec<bool>, GooseError> {
        let status = self.run("status").await?;
        let state = |file: &String| {
            let line = status.lines().find(|line| line.contains(file));
            let line = line.ok_or_else(|| GooseError::Unknown {
                file: file.clone(),
                status: status.clone(),
            })?;
            Ok(!line.contains("Pending"))
        };
        files.iter().map(state).collect()
    }
}

/// The path of the database that an endpoint names.
#[must_use]
pub fn database_of(endpoint: &Url) -> Option<String> {
    let mut pairs = endpoint.query_pairs();
    let (_, path) = pairs.find(|(name, _)| name == "database")?;
    Some(path.into_owned())
}
