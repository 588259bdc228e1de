//! Authorized keys: the file that the cloud's command line writes, and the JWT
//! that is signed with it.

use std::fmt;
use std::path::{Path, PathBuf};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use serde_json::error::Category;

/// The only audience that IAM accepts, whatever its address.
pub(super) const AUDIENCE: &str = "https://iam.api.cloud.yandex.net/iam/v1/tokens";
/// The longest life of a JWT.
const JWT_SECONDS: i64 = 3600;

/// A key file is no good.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Not readable.
    #[error("cannot read the key file {}: {source}; create one with `yc iam key create --output FILE`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not what the command line writes.
    #[error("the key file {} is not an authorized key ({reason}); create one with `yc iam key create --output FILE`", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What is missing or odd.
        reason: String,
    },
    /// The same of a text from elsewhere.
    #[error(
        "it is not an authorized key ({reason}); create one with `yc iam key create --output FILE`"
    )]
    NotAKey {
        /// What is missing or odd.
        reason: String,
    },
    /// The key in it isn't one.
    #[error(
        "the private key of {key} can't be used ({source}); create a new one with `yc iam key create --output FILE`"
    )]
    Unusable {
        /// The key's id.
        key: String,
        /// What the parser says.
        source: jsonwebtoken::errors::Error,
    },
}

/// A key file's content; the command line writes snake case, the API camel case.
#[derive(Default, Deserialize)]
#[serde(default)]
struct KeyFile {
    id: String,
    #[serde(alias = "serviceAccountId")]
    service_account_id: String,
    #[serde(alias = "privateKey")]
    private_key: String,
}

impl KeyFile {
    /// Says what is wrong without a word of the content, which is secret.
    fn parse(text: &str) -> Result<Self, String> {
        let file: Self = serde_json::from_str(text).map_err(|error| match error.classify() {
            Category::Data => "its fields aren't those of one".to_owned(),
            Category::Io | Category::Syntax | Category::Eof => {
                format!("not JSON, line {}", error.line())
            }
        })?;
        for (field, value) in [
            ("id", &file.id),
            ("service_account_id", &file.service_account_id),
            ("private_key", &file.private_key),
        ] {
            if value.is_empty() {
                return Err(format!("it has no {field}"));
            }
        }
        Ok(file)
    }
}

/// An authorized key of a service account.
#[derive(Clone)]
pub struct AuthorizedKey {
    id: String,
    service_account_id: String,
    signer: EncodingKey,
}

impl fmt::Debug for AuthorizedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "AuthorizedKey({} of {})",
            self.id, self.service_account_id
        )
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'static str,
    iat: i64,
    exp: i64,
}

impl AuthorizedKey {
    /// Reads a key file.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let text = std::fs::read_to_string(path).map_err(|source| KeyFileError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        Self::parse(&text).map_err(|error| match error {
            KeyFileError::NotAKey { reason } => KeyFileError::Malformed {
                path: path.to_path_buf(),
                reason,
            },
            other => other,
        })
    }

    /// From the content of a key file.
    ///
    /// # Errors
    /// When it isn't one, or its key can't sign; no word of it is told.
    pub fn parse(text: &str) -> Result<Self, KeyFileError> {
        let file = KeyFile::parse(text).map_err(|reason| KeyFileError::NotAKey { reason })?;
        Self::new(&file.id, &file.service_account_id, &file.private_key)
    }

    /// From its parts. The PEM may start with a line that warns not to remove
    /// it; that line is no part of it. The key signs once, so that one that
    /// can't is found now and not at the first call.
    pub fn new(id: &str, service_account_id: &str, pem: &str) -> Result<Self, KeyFileError> {
        let start = pem.find("-----BEGIN").unwrap_or_default();
        let signer = EncodingKey::from_rsa_pem(&pem.as_bytes()[start..]).map_err(|source| {
            KeyFileError::Unusable {
                key: id.to_owned(),
                source,
            }
        })?;
        let key = Self {
            id: id.to_owned(),
            service_account_id: service_account_id.to_owned(),
            signer,
        };
        key.sign(0)?;
        Ok(key)
    }

    /// The key's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whose key it is.
    #[must_use]
    pub fn service_account_id(&self) -> &str {
        &self.service_account_id
    }

    /// A JWT for IAM, signed now (seconds since 1970). IAM takes PS256 only.
    pub fn sign(&self, now: i64) -> Result<String, KeyFileError> {
        let mut header = Header::new(Algorithm::PS256);
        header.kid = Some(self.id.clone());
        let claims = Claims {
            iss: &self.service_account_id,
            aud: AUDIENCE,
            iat: now,
            exp: now + JWT_SECONDS,
        };
        jsonwebtoken::encode(&header, &claims, &self.signer).map_err(|source| {
            KeyFileError::Unusable {
                key: self.id.clone(),
                source,
            }
        })
    }
}
