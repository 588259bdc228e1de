//! Where tokens come from.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use tokio::time::Instant;

use super::{AuthError, AuthorizedKey, WorkloadIdentity};
use crate::code::Code;
use crate::endpoint::{Endpoints, Service};
use crate::error::ApiError;
use crate::model::iam::{CreateIamTokenRequest, CreateIamTokenResponse};

/// The metadata service of the cloud's machines.
pub(super) const METADATA_ADDRESS: &str = "169.254.169.254";
/// A metadata token is asked for again after this time, so that a machine's new
/// service account is noticed.
const METADATA_LIFE: Duration = Duration::from_mins(1);
/// A token file is read again after this time.
const FILE_LIFE: Duration = Duration::from_mins(1);
/// What a static token is taken to live; nobody can renew it.
const STATIC_LIFE: Duration = Duration::from_hours(12);

/// How to get a token.
#[derive(Clone)]
pub enum Credentials {
    /// An authorized key, exchanged at IAM.
    AuthorizedKey(Box<AuthorizedKey>),
    /// A file with an authorized key, read anew for each token, so that the key
    /// can be exchanged for another while the program runs.
    KeyFile(PathBuf),
    /// The metadata service at this address (host, maybe with a port).
    Metadata {
        /// [`METADATA_ADDRESS`], or what `YC_METADATA_ADDR` says.
        address: String,
    },
    /// A token from elsewhere.
    Token(String),
    /// A file that somebody else keeps a fresh token in.
    TokenFile(PathBuf),
    /// A token of Kubernetes, exchanged.
    WorkloadIdentity(WorkloadIdentity),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AuthorizedKey(key) => key.fmt(formatter),
            Self::KeyFile(path) => write!(formatter, "KeyFile({})", path.display()),
            Self::Metadata { address } => write!(formatter, "Metadata({address})"),
            Self::Token(_) => formatter.write_str("Token(secret)"),
            Self::TokenFile(path) => write!(formatter, "TokenFile({})", path.display()),
            Self::WorkloadIdentity(identity) => identity.fmt(formatter),
        }
    }
}

impl Credentials {
    /// The metadata service, where `YC_METADATA_ADDR` says or at its usual address.
    #[must_use]
    pub fn metadata() -> Self {
        let told = std::env::var("YC_METADATA_ADDR").ok();
        let told = told.filter(|address| !address.is_empty());
        Self::Metadata {
            address: told.unwrap_or_else(|| METADATA_ADDRESS.to_owned()),
        }
    }
}

/// A token, and until when it may be used.
#[derive(Clone)]
pub struct IamToken {
    /// For `Authorization: Bearer`.
    pub value: String,
    /// When it was fetched.
    pub fetched: Instant,
    /// How long it lives from then on.
    pub life: Duration,
}

impl fmt::Debug for IamToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "IamToken(for {:?})", self.life)
    }
}

#[derive(Deserialize)]
struct MetadataToken {
    access_token: String,
    expires_in: u64,
}

/// Fetches tokens; the cache decides when.
#[derive(Debug)]
pub(super) struct Fetcher {
    pub(super) credentials: Credentials,
    pub(super) http: reqwest::Client,
    /// For the metadata service, past any proxy.
    pub(super) metadata: reqwest::Client,
    pub(super) endpoints: Arc<Endpoints>,
}

/// Where the cache gets its tokens.
#[async_trait]
pub(super) trait Source: fmt::Debug + Send + Sync {
    /// A new token, or the same one again.
    async fn fetch(&self) -> Result<IamToken, AuthError>;
}

#[async_trait]
impl Source for Fetcher {
    async fn fetch(&self) -> Result<IamToken, AuthError> {
        match &self.credentials {
            Credentials::AuthorizedKey(key) => self.exchange(key).await,
            Credentials::KeyFile(path) => {
                let key = AuthorizedKey::read(path).map_err(Arc::new)?;
                self.exchange(&key).await
            }
            Credentials::Metadata { address } => self.ask_metadata(address).await,
            Credentials::Token(token) => Ok(token_for(token.clone(), STATIC_LIFE)),
            Credentials::TokenFile(path) => read_token(path).await,
            Credentials::WorkloadIdentity(identity) => identity.exchange(&self.http).await,
        }
    }
}

impl Fetcher {
    async fn exchange(&self, key: &AuthorizedKey) -> Result<IamToken, AuthError> {
        let base = self.endpoints.base(&self.http, Service::Iam).await?;
        let url = format!("{base}/iam/v1/tokens");
        let now = jiff::Timestamp::now();
        let jwt = key.sign(now.as_second()).map_err(Arc::new)?;
        let body = CreateIamTokenRequest {
            jwt: Some(jwt),
            ..CreateIamTokenRequest::default()
        };
        let failed = |error| AuthError::Transport {
            url: url.clone(),
            cause: Arc::new(error),
        };
        let answer = self
            .http
            .post(&url)
            .json(&body)
            .send()
            .await
            .map_err(failed)?;
        let status = answer.status();
        if !status.is_success() {
            let body = answer.text().await.unwrap_or_default();
            let error = ApiError::parse(status.as_u16(), &body, None);
            return Err(refusal(key, error));
        }
        let token: CreateIamTokenResponse = answer.json().await.map_err(failed)?;
        issued(token.iam_token, life(&token.expires_at, now))
    }

    async fn ask_metadata(&self, address: &str) -> Result<IamToken, AuthError> {
        let path = "computeMetadata/v1/instance/service-accounts/default/token";
        let url = format!("http://{address}/{path}");
        let failed = |error| AuthError::Transport {
            url: url.clone(),
            cause: Arc::new(error),
        };
        let call = self.metadata.get(&url).header("Metadata-Flavor", "Google");
        let answer = call.send().await.map_err(failed)?;
        let status = answer.status();
        if status.is_client_error() {
            return Err(AuthError::Metadata {
                address: address.to_owned(),
                reason: status.to_string(),
            });
        }
        if !status.is_success() {
            let body = answer.text().await.unwrap_or_default();
            let error = ApiError::parse(status.as_u16(), &body, None);
            return Err(AuthError::Failed { error });
        }
        let token: MetadataToken = answer.json().await.map_err(failed)?;
        let life = METADATA_LIFE.min(Duration::from_secs(token.expires_in));
        issued(token.access_token, life)
    }
}

async fn read_token(path: &Path) -> Result<IamToken, AuthError> {
    let refuse = |reason: String| AuthError::TokenFile {
        path: path.to_owned(),
        reason,
    };
    let text = tokio::fs::read_to_string(path)
        .await
        .map_err(|error| refuse(error.to_string()))?;
    match text.trim() {
        "" => Err(refuse("it is empty".to_owned())),
        token if is_token(token) => Ok(token_for(token.to_owned(), FILE_LIFE)),
        _ => Err(refuse("it holds more than a token".to_owned())),
    }
}

fn refusal(key: &AuthorizedKey, error: ApiError) -> AuthError {
    match error.code {
        Code::Unauthenticated | Code::PermissionDenied | Code::NotFound | Code::InvalidArgument => {
            AuthError::Refused {
                key: key.id().to_owned(),
                error,
            }
        }
        _ => AuthError::Failed { error },
    }
}

fn token_for(value: String, life: Duration) -> IamToken {
    IamToken {
        value,
        fetched: Instant::now(),
        life,
    }
}

/// A token that somebody answered with. One that no header takes would be kept
/// for hours, and no call could be made.
pub(super) fn issued(value: String, life: Duration) -> Result<IamToken, AuthError> {
    if is_token(&value) {
        return Ok(token_for(value, life));
    }
    let error = ApiError::parse(502, "the token in the answer is empty or garbled", None);
    Err(AuthError::Failed { error })
}

/// Whether a header can carry it.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_graphic())
}

/// How long a token lives; a minute when its end can't be read.
fn life(expires_at: &str, now: jiff::Timestamp) -> Duration {
    let end = expires_at.parse::<jiff::Timestamp>();
    let left = end.ok().map(|end| end.duration_since(now));
    left.and_then(|left| Duration::try_from(left).ok())
        .unwrap_or(Duration::from_mins(1))
}
