//! Service accounts, keys and tokens (proto iam/v1).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{FieldMask, Labels};

/// A service account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceAccount {
    /// Such as `aje…`.
    pub id: String,
    /// Its folder.
    pub folder_id: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Unique in the cloud.
    pub name: String,
    /// Up to 256 characters.
    pub description: String,
    /// Keys `[a-z][-_0-9a-z]*`: narrower than other services'.
    pub labels: Labels,
    /// `CREATING`, `ACTIVE`, `SUSPENDED` or `DELETING`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
}

/// `POST /iam/v1/serviceAccounts`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateServiceAccountRequest {
    /// Required.
    #[serde(default)]
    pub folder_id: String,
    /// Required; `[a-z]([-a-z0-9]{0,61}[a-z0-9])?`.
    #[serde(default)]
    pub name: String,
    /// Up to 256 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// At most 64.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
}

/// `PATCH /iam/v1/serviceAccounts/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateServiceAccountRequest {
    /// What changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_mask: Option<FieldMask>,
    /// Required even when the mask leaves it out.
    #[serde(default)]
    pub name: String,
    /// Up to 256 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Replaced whole.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
}

/// `GET /iam/v1/serviceAccounts`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListServiceAccountsResponse {
    /// A page of them.
    pub service_accounts: Vec<ServiceAccount>,
    /// Empty at the end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next_page_token: String,
}

/// `POST /iam/v1/tokens`: one of the two.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateIamTokenRequest {
    /// Signed with an authorized key; up to 8,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwt: Option<String>,
    /// Of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yandex_passport_oauth_token: Option<String>,
}

impl fmt::Debug for CreateIamTokenRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CreateIamTokenRequest(secret)")
    }
}

/// What it answers.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CreateIamTokenResponse {
    /// For `Authorization: Bearer`.
    pub iam_token: String,
    /// RFC 3339; at most 12 hours away.
    pub expires_at: String,
}

impl fmt::Debug for CreateIamTokenResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "CreateIamTokenResponse(expires {})",
            self.expires_at
        )
    }
}

/// An authorized key's public side.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Key {
    /// The JWT's `kid`.
    pub id: String,
    /// Whose.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service_account_id: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Up to 256 characters.
    pub description: String,
    /// `RSA_2048` or `RSA_4096`.
    pub key_algorithm: String,
    /// PEM.
    pub public_key: String,
}

/// `POST /iam/v1/keys`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateKeyRequest {
    /// Whose; the caller's own when empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub service_account_id: String,
    /// Up to 256 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// `PEM_FILE`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub format: String,
    /// `RSA_2048` (default) or `RSA_4096`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key_algorithm: String,
}

/// What it answers, once: the private key can't be read again.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CreateKeyResponse {
    /// The public side.
    pub key: Key,
    /// PEM, PKCS#8.
    pub private_key: String,
}

impl fmt::Debug for CreateKeyResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CreateKeyResponse({:?})", self.key)
    }
}

/// `GET /iam/v1/keys`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListKeysResponse {
    /// A page of them.
    pub keys: Vec<Key>,
    /// Empty at the end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next_page_token: String,
}
