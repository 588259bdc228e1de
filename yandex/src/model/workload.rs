//! Workload identity: federations with an outside issuer of tokens, and
//! credentials that link one of its subjects to a service account (proto
//! iam/v1/workload).

use serde::{Deserialize, Serialize};

use super::{FieldMask, Labels};

/// An issuer whose tokens are taken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Federation {
    /// Such as `aje…`.
    pub id: String,
    /// Unique in the folder.
    pub name: String,
    /// Its folder.
    pub folder_id: String,
    /// Up to 256 characters.
    pub description: String,
    /// Requests say `disabled` instead.
    pub enabled: bool,
    /// A token must be for one of them.
    pub audiences: Vec<String>,
    /// A token's `iss`, exactly.
    pub issuer: String,
    /// Where the issuer's public keys are.
    pub jwks_url: String,
    /// Key and value.
    pub labels: Labels,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
}

/// `POST /iam/v1/workload/oidc/federations`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateFederationRequest {
    /// Required.
    #[serde(default)]
    pub folder_id: String,
    /// Required; `[a-z]([-a-z0-9]{0,61}[a-z0-9])?`.
    #[serde(default)]
    pub name: String,
    /// Up to 256 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Whether its tokens are refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// 1 to 100, each 1 to 255 characters.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// Required, up to 8,000 characters; never changes.
    #[serde(default)]
    pub issuer: String,
    /// Required, up to 8,000 characters.
    #[serde(default)]
    pub jwks_url: String,
    /// At most 64.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
}

/// `PATCH /iam/v1/workload/oidc/federations/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateFederationRequest {
    /// What changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_mask: Option<FieldMask>,
    /// Unique in the folder.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Up to 256 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Whether its tokens are refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// Replaced whole; 1 to 100, each 1 to 255 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// Up to 8,000 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub jwks_url: String,
    /// Replaced whole.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
}

/// A subject of a federation's issuer that may get a service account's tokens.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FederatedCredential {
    /// Such as `aje…`.
    pub id: String,
    /// Whose tokens.
    pub service_account_id: String,
    /// Whose issuer.
    pub federation_id: String,
    /// A token's `sub`, exactly: `system:serviceaccount:<namespace>:<name>` for
    /// Kubernetes.
    pub external_subject_id: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
}

/// `POST /iam/v1/workload/federatedCredentials`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateFederatedCredentialRequest {
    /// Required.
    #[serde(default)]
    pub service_account_id: String,
    /// Required.
    #[serde(default)]
    pub federation_id: String,
    /// Up to 1,000 characters.
    #[serde(default)]
    pub external_subject_id: String,
}

/// What the token exchange answers (RFC 8693).
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenExchangeResponse {
    /// An IAM token.
    pub access_token: String,
    /// `urn:ietf:params:oauth:token-type:access_token`
    pub issued_token_type: String,
    /// `Bearer`
    pub token_type: String,
    /// Seconds.
    pub expires_in: u64,
}

impl std::fmt::Debug for TokenExchangeResponse {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "TokenExchangeResponse(for {} s)",
            self.expires_in
        )
    }
}

/// Why nothing was exchanged (RFC 6749 §5.2).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenExchangeRefusal {
    /// Such as `invalid_grant`.
    pub error: String,
    /// In words.
    pub error_description: String,
}

impl std::fmt::Display for TokenExchangeRefusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.error_description.is_empty() {
            return formatter.write_str(&self.error);
        }
        write!(formatter, "{}: {}", self.error, self.error_description)
    }
}
