//! A headless Chromium that looks at a page.

use std::path::{Path, PathBuf};

use crate::program::{Program, ProgramError, find};

/// Names that distributions give it.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// How long a page gets to settle, in the browser's own time.
const SETTLES_MILLIS: u32 = 3_000;

/// An installed browser.
#[derive(Debug, Clone)]
pub struct Browser {
    path: PathBuf,
    profile: PathBuf,
}

impl Browser {
    /// The one in PATH, with its profile in `folder`; `None` when there is none.
    #[must_use]
    pub fn find(folder: &Path) -> Option<Self> {
        Some(Self {
            path: find(&NAMES)?,
            profile: folder.join("browser"),
        })
    }

    /// The document, as it is when the page has settled.
    pub async fn document(&self, url: &str) -> Result<String, ProgramError> {
        let mut arguments = self.arguments();
        arguments.extend(["--dump-dom".to_owned(), url.to_owned()]);
        self.program().run(arguments).await
    }

    fn program(&self) -> Program {
        Program::new(&self.path).environment("HOME", &self.profile)
    }

    /// Without a sandbox, which needs more rights than a container gives; the
    /// pages are the project's own.
    fn arguments(&self) -> Vec<String> {
        let profile = format!("--user-data-dir={}", self.profile.display());
        let settles = format!("--virtual-time-budget={SETTLES_MILLIS}");
        let fixed = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--no-first-run",
            "--disable-background-networking",
        ];
        let mut arguments: Vec<String> = fixed.map(str::to_owned).to_vec();
        arguments.extend([profile, settles]);
        arguments
    }
}
