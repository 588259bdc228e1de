//! Workload identity: a token that Kubernetes keeps in a file, exchanged for one
//! of a service account (RFC 8693; `iam/operations/wlif` in the cloud's docs).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::AuthError;
use super::source::{IamToken, issued};
use crate::endpoint::{ApiEndpoint, EndpointError};
use crate::error::ApiError;
use crate::model::workload::{TokenExchangeRefusal, TokenExchangeResponse};

/// Where the cloud exchanges tokens. Discovery doesn't list it.
pub const TOKEN_EXCHANGE_URL: &str = "https://auth.yandex.cloud/oauth/token";

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// Whose tokens, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadIdentity {
    url: String,
    service_account_id: String,
    token_file: PathBuf,
}

impl WorkloadIdentity {
    /// Exchanges what is in `token_file` at `url` ([`TOKEN_EXCHANGE_URL`]) for a
    /// token of the service account. The file is read for each exchange.
    ///
    /// # Errors
    /// When the URL is none, or is plain HTTP to another machine.
    pub fn new(
        url: &str,
        service_account_id: &str,
        token_file: &Path,
    ) -> Result<Self, EndpointError> {
        ApiEndpoint::parse(url)?;
        Ok(Self {
            url: url.to_owned(),
            service_account_id: service_account_id.to_owned(),
            token_file: token_file.to_owned(),
        })
    }

    pub(super) async fn exchange(&self, http: &reqwest::Client) -> Result<IamToken, AuthError> {
        let subject = self.subject_token().await?;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", GRANT)
            .append_pair("requested_token_type", ACCESS_TOKEN)
            .append_pair("audience", &self.service_account_id)
            .append_pair("subject_token", &subject)
            .append_pair("subject_token_type", ID_TOKEN)
            .finish();
        let failed = |error| AuthError::Transport {
            url: self.url.clone(),
            cause: Arc::new(error),
        };
        let call = http
            .post(&self.url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let answer = call.send().await.map_err(failed)?;
        let status = answer.status();
        if status.is_success() {
            let token: TokenExchangeResponse = answer.json().await.map_err(failed)?;
            let life = Duration::from_secs(token.expires_in);
            return issued(token.access_token, life);
        }
        let body = answer.text().await.unwrap_or_default();
        match serde_json::from_str::<TokenExchangeRefusal>(&body) {
            Ok(refusal) if status.is_client_error() && !refusal.error.is_empty() => {
                Err(AuthError::Exchange {
                    service_account_id: self.service_account_id.clone(),
                    reason: refusal.to_string(),
                })
            }
            _ => Err(AuthError::Failed {
                error: ApiError::parse(status.as_u16(), &body, None),
            }),
        }
    }

    async fn subject_token(&self) -> Result<String, AuthError> {
        let refuse = |reason: String| AuthError::SubjectToken {
            path: self.token_file.clone(),
            reason,
        };
        let text = tokio::fs::read_to_string(&self.token_file).await;
        let text = text.map_err(|error| refuse(error.to_string()))?;
        match text.trim() {
            "" => Err(refuse("it is empty".to_owned())),
            token => Ok(token.to_owned()),
        }
    }
}
