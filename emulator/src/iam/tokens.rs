//! IAM tokens: exchanged for a JWT, issued to functions, revoked, expired.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha512};

use super::Iam;
use super::accounts::account_not_found;
use crate::error::Status;
use crate::store::{Kept, Records, StateError, Store};

/// The audience that a JWT must name, on every endpoint.
pub const AUDIENCE: &str = "https://iam.api.cloud.yandex.net/iam/v1/tokens";

/// The longest life of a JWT, in seconds.
const JWT_LIFE: i64 = 3600;

/// How far a caller's clock may be ahead, in seconds (a guess).
const CLOCK_SKEW: i64 = 60;

/// A token with its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedToken {
    /// `t1.…`
    pub token: String,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// How long it still works.
    pub expires_in: Duration,
}

/// Revoked tokens, by signature.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    revoked: Records<Revoked>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Revoked;

impl Kept for Revoked {
    const KIND: &'static str = "revoked-token";
}

impl Tokens {
    pub(super) fn load(store: &Store) -> Result<Self, StateError> {
        let revoked = Records::load(store)?;
        Ok(Self { revoked })
    }
}

/// What tokens are signed with. Those that were given out stay good as long as
/// the store.
pub(super) fn secret(store: &Store) -> Result<[u8; 32], StateError> {
    const NAME: &str = "token-secret";
    if let Some(kept) = store.kept(NAME)? {
        return Ok(kept);
    }
    let new = rand::random();
    store.keep(NAME, &new);
    Ok(new)
}

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    subject: String,
    expires: i64,
    nonce: u64,
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
}

fn invalid() -> Status {
    Status::unauthenticated("The token is invalid")
}

fn bad_jwt(why: &str) -> Status {
    Status::unauthenticated(format!("The JWT is invalid: {why}"))
}

impl Iam {
    /// A new token of an account: for functions' `context.token` and metadata.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown account.
    pub fn issue_token(&self, service_account_id: &str) -> Result<IssuedToken, Status> {
        self.issue_token_at(service_account_id, self.0.clock.now())
    }

    /// A token that says it is good, and has expired: what a cache that went
    /// wrong would give.
    ///
    /// # Errors
    /// As [`Iam::issue_token`].
    pub fn issue_expired_token(&self, service_account_id: &str) -> Result<IssuedToken, Status> {
        let life = SignedDuration::try_from(self.0.settings.token_lifetime).unwrap_or_default();
        let long_ago = self.0.clock.now().checked_sub(life);
        self.issue_token_at(
            service_account_id,
            long_ago.unwrap_or(Timestamp::UNIX_EPOCH),
        )
    }

    fn issue_token_at(
        &self,
        service_account_id: &str,
        now: Timestamp,
    ) -> Result<IssuedToken, Status> {
        if !self.state().accounts.contains(service_account_id) {
            return Err(account_not_found(service_account_id));
        }
        let expires_in = self.0.settings.token_lifetime;
        let life = SignedDuration::try_from(expires_in).unwrap_or_default();
        let expires_at = now.checked_add(life).unwrap_or(Timestamp::MAX);
        let payload = Payload {
            subject: service_account_id.to_owned(),
            expires: expires_at.as_millisecond(),
            nonce: rand::random(),
        };
        let json = serde_json::to_vec(&payload).map_err(|e| Status::internal(e.to_string()))?;
        let body = URL_SAFE_NO_PAD.encode(json);
        let token = format!("t1.{body}.{}", self.signature(&body));
        Ok(IssuedToken {
            token,
            expires_at,
            expires_in,
        })
    }

    fn signature(&self, body: &str) -> String {
        let mut digest = Sha512::new();
        digest.update(self.0.secret);
        digest.update(body.as_bytes());
        digest.update(self.0.secret);
        URL_SAFE_NO_PAD.encode(digest.finalize())
    }

    /// The account of a good token.
    pub(super) fn token_subject(&self, token: &str) -> Result<String, Status> {
        let mut parts = token.split('.');
        let (Some("t1"), Some(body), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(invalid());
        };
        if self.signature(body) != signature || self.state().tokens.revoked.contains_key(signature)
        {
            return Err(invalid());
        }
        let json = URL_SAFE_NO_PAD.decode(body).map_err(|_| invalid())?;
        let payload: Payload = serde_json::from_slice(&json).map_err(|_| invalid())?;
        if payload.expires <= self.0.clock.now().as_millisecond() {
            return Err(Status::unauthenticated("The token has expired"));
        }
        Ok(payload.subject)
    }

    /// Revokes a token and returns whose it was.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` for a token that isn't good.
    pub fn revoke_token(&self, token: &str) -> Result<String, Status> {
        let subject = self.token_subject(token)?;
        if let Some((_, signature)) = token.rsplit_once('.') {
            let mut state = self.state();
            state.tokens.revoked.insert(signature.to_owned(), Revoked);
        }
        Ok(subject)
    }

    /// Exchanges a JWT signed with an authorized key (reference §2).
    ///
    /// # Errors
    /// `UNAUTHENTICATED` that says what is wrong with the JWT.
    pub fn exchange_jwt(&self, jwt: &str) -> Result<IssuedToken, Status> {
        let header = jsonwebtoken::decode_header(jwt).map_err(|_| bad_jwt("can't be parsed"))?;
        if header.alg != Algorithm::PS256 {
            return Err(bad_jwt("alg must be PS256"));
        }
        let key_id = header.kid.ok_or_else(|| bad_jwt("kid is missing"))?;
        let key = self
            .key(&key_id)
            .ok_or_else(|| bad_jwt("unknown key in kid"))?;
        let public = DecodingKey::from_rsa_pem(key.public_key.as_bytes())
            .map_err(|error| Status::internal(error.to_string()))?;
        let mut validation = Validation::new(Algorithm::PS256);
        // Times and audience are checked below, by this cloud's clock.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let claims = jsonwebtoken::decode::<Claims>(jwt, &public, &validation)
            .map_err(|error| match error.kind() {
                jsonwebtoken::errors::ErrorKind::Json(json) => bad_jwt(&json.to_string()),
                _ => bad_jwt("wrong signature"),
            })?
            .claims;
        let now = self.0.clock.now();
        check_claims(&claims, &key.service_account_id, now.as_second())?;
        self.issue_token(&key.service_account_id)
    }
}

fn check_claims(claims: &Claims, owner: &str, now: i64) -> Result<(), Status> {
    if claims.iss != owner {
        return Err(bad_jwt("iss isn't the key's service account"));
    }
    if claims.aud != AUDIENCE {
        return Err(bad_jwt(&format!("aud must be {AUDIENCE}")));
    }
    if claims.iat > now.saturating_add(CLOCK_SKEW) {
        return Err(bad_jwt("iat is in the future"));
    }
    if claims.exp > claims.iat.saturating_add(JWT_LIFE) {
        return Err(bad_jwt("exp is more than 3600 seconds after iat"));
    }
    if claims.exp <= now {
        return Err(bad_jwt("expired"));
    }
    Ok(())
}
