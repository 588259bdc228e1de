//! A small cloud for tests: identity and functions made of a few lines of
//! JavaScript, run by the `node` of the search path.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Deployment, Functions, LATEST, Limits};
use crate::clock::Clock;
use crate::iam::{Iam, IamSettings};
use crate::ids::Ids;
use crate::inspect::Inspector;

pub(crate) const FOLDER: &str = "b1gemulator000000000";

pub(crate) struct Stage {
    pub(crate) iam: Iam,
    pub(crate) inspector: Inspector,
    pub(crate) functions: Functions,
    /// Has `functions.functionInvoker` on the folder, and is every version's own account.
    pub(crate) account: String,
    pub(crate) work: TempDir,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    pub(crate) fn with_limits(limits: Limits) -> Self {
        let iam = Iam::new(IamSettings::default(), Clock::default(), Ids::new(7));
        let account = iam
            .add_account(FOLDER, "tester", &["functions.functionInvoker"])
            .unwrap();
        let inspector = Inspector::new(iam.clone());
        let work = TempDir::new().unwrap();
        let code = work.path().join("functions");
        let node = PathBuf::from("node");
        let functions = Functions::with_limits(inspector.clone(), node, code, None, limits);
        Self {
            iam,
            inspector,
            functions,
            account,
            work,
        }
    }

    pub(crate) fn deployment(&self, function_id: &str, javascript: &str) -> Deployment {
        Deployment {
            function_id: function_id.to_owned(),
            folder_id: FOLDER.to_owned(),
            version_id: format!("{function_id}-version"),
            entrypoint: "index.handler".to_owned(),
            zip: archive(&[("index.js", javascript)]),
            environment: BTreeMap::from([("GREETING".to_owned(), "hello".to_owned())]),
            memory_bytes: 128 << 20,
            timeout: Duration::from_mins(1),
            concurrency: 16,
            service_account_id: Some(self.account.clone()),
            metadata: true,
        }
    }

    /// Deploys and tags `$latest`.
    pub(crate) async fn deploy(&self, deployment: Deployment) {
        let (function, version) = (
            deployment.function_id.clone(),
            deployment.version_id.clone(),
        );
        self.functions.deploy(deployment).await.unwrap();
        self.functions.set_tag(&function, LATEST, &version);
    }

    pub(crate) async fn deploy_code(&self, function_id: &str, javascript: &str) {
        self.deploy(self.deployment(function_id, javascript)).await;
    }
}

/// A zip archive of these files.
pub(crate) fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer
            .start_file(*name, SimpleFileOptions::default().unix_permissions(0o755))
            .unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
