//! The operator's key file. It holds a private key, so only its owner reads it.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{OPERATOR_ACCOUNT, OPERATOR_ROLES, StartError};
use crate::iam::{Iam, Resource};

/// Makes the operator's account with its roles on all folders, and its key.
pub(super) fn write(iam: &Iam, folders: &[String], path: &Path) -> Result<(), StartError> {
    let failed = |reason: String| StartError::Key {
        path: path.to_owned(),
        reason,
    };
    let Some((first, others)) = folders.split_first() else {
        return Err(failed("there is no folder".to_owned()));
    };
    let account = iam
        .add_account(first, OPERATOR_ACCOUNT, &OPERATOR_ROLES)
        .map_err(|status| failed(status.message))?;
    for folder in others {
        for role in OPERATOR_ROLES {
            iam.grant(&Resource::folder(folder), role, &account);
        }
    }
    let key = iam
        .key_file(&account)
        .map_err(|status| failed(status.message))?;
    let text = serde_json::to_string_pretty(&key).map_err(|error| failed(error.to_string()))?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options
        .open(path)
        .map_err(|error| failed(error.to_string()))?;
    file.write_all(text.as_bytes())
        .map_err(|error| failed(error.to_string()))
}
