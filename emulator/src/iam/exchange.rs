//! The token exchange of workload identity (RFC 8693; reference §2): a token of a
//! federation's issuer for an IAM token of a service account.

use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use yandex_cloud_rest::model::workload::Federation;

use super::{Iam, IssuedToken};

/// How long an issuer may take to show its keys (a guess).
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest list of keys, in bytes (a guess).
const LONGEST: usize = 1024 * 1024;

/// Why a token isn't exchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The outside token is no good, or nobody linked its subject.
    #[error("{0}")]
    Grant(String),
    /// The issuer's keys can't be had.
    #[error("the keys at {url} can't be read: {reason}")]
    Keys {
        /// `jwksUrl`
        url: String,
        /// Why.
        reason: String,
    },
}

fn grant(why: impl Into<String>) -> Refusal {
    Refusal::Grant(why.into())
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audiences,
    exp: i64,
    nbf: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audiences {
    One(String),
    Many(Vec<String>),
}

impl Audiences {
    fn any_of(&self, wanted: &[String]) -> bool {
        match self {
            Self::One(own) => wanted.contains(own),
            Self::Many(own) => own.iter().any(|own| wanted.contains(own)),
        }
    }
}

impl Iam {
    /// Exchanges a token of a federation's issuer for one of the account.
    ///
    /// # Errors
    /// What is wrong with the token, or that the issuer's keys can't be had.
    pub async fn exchange_token(
        &self,
        service_account_id: &str,
        token: &str,
    ) -> Result<IssuedToken, Refusal> {
        let claims = unproven(token)?;
        let federation = self.federation_for(service_account_id, &claims)?;
        let keys = keys(&federation.jwks_url).await?;
        prove(token, &keys)?;
        let now = self.clock().now().as_second();
        check_claims(&claims, &federation, now)?;
        self.issue_token(service_account_id)
            .map_err(|status| grant(status.message))
    }

    /// The federation by which the token's subject is linked to the account.
    fn federation_for(
        &self,
        service_account_id: &str,
        claims: &Claims,
    ) -> Result<Federation, Refusal> {
        let credentials = self.federated_credentials();
        let linked = credentials.iter().filter(|credential| {
            credential.service_account_id == service_account_id
                && credential.external_subject_id == claims.sub
        });
        let mut federations =
            linked.filter_map(|credential| self.federation(&credential.federation_id).ok());
        federations
            .find(|federation| federation.issuer == claims.iss)
            .ok_or_else(|| {
                grant(format!(
                    "no federated credential links subject {} of issuer {} to service account {service_account_id}",
                    claims.sub, claims.iss
                ))
            })
    }
}

/// What a token says, before anybody looked at its signature.
fn unproven(token: &str) -> Result<Claims, Refusal> {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.insecure_disable_signature_validation();
    validation.algorithms = vec![Algorithm::RS256, Algorithm::ES256];
    decode(token, &DecodingKey::from_secret(&[]), validation)
}

/// Claims are compared elsewhere, by this cloud's clock.
fn decode(token: &str, key: &DecodingKey, mut validation: Validation) -> Result<Claims, Refusal> {
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let decoded = jsonwebtoken::decode(token, key, &validation);
    decoded
        .map(|decoded| decoded.claims)
        .map_err(|error| grant(format!("the subject token is invalid: {error}")))
}

/// The issuer's public keys, fetched anew for each exchange: what the cloud
/// remembers of them isn't documented.
async fn keys(url: &str) -> Result<JwkSet, Refusal> {
    let refuse = |reason: String| Refusal::Keys {
        url: url.to_owned(),
        reason,
    };
    let failed = |error: reqwest::Error| refuse(error.without_url().to_string());
    let client = reqwest::Client::builder().timeout(PATIENCE).build();
    let mut answer = client
        .map_err(failed)?
        .get(url)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(failed)?;
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(failed)? {
        body.extend_from_slice(&part);
        if body.len() > LONGEST {
            return Err(refuse(format!("more than {LONGEST} bytes")));
        }
    }
    serde_json::from_slice(&body).map_err(|error| refuse(error.to_string()))
}

/// Whether one of the keys signed the token.
fn prove(token: &str, keys: &JwkSet) -> Result<(), Refusal> {
    let header = jsonwebtoken::decode_header(token)
        .map_err(|error| grant(format!("the subject token is invalid: {error}")))?;
    let id = header.kid.unwrap_or_default();
    let key = keys
        .find(&id)
        .ok_or_else(|| grant(format!("the issuer has no key {id:?}")))?;
    let key = DecodingKey::from_jwk(key)
        .map_err(|error| grant(format!("the issuer's key {id:?} is of no use: {error}")))?;
    decode(token, &key, Validation::new(header.alg)).map(drop)
}

fn check_claims(claims: &Claims, federation: &Federation, now: i64) -> Result<(), Refusal> {
    if !federation.enabled {
        return Err(grant(format!("federation {} is disabled", federation.id)));
    }
    if !claims.aud.any_of(&federation.audiences) {
        return Err(grant(format!(
            "the subject token is for none of the federation's audiences ({})",
            federation.audiences.join(", ")
        )));
    }
    if claims.exp <= now {
        return Err(grant("the subject token has expired"));
    }
    if claims.nbf.is_some_and(|begin| begin > now) {
        return Err(grant("the subject token isn't good yet"));
    }
    Ok(())
}
