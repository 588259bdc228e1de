//! Key files of accounts that the emulator makes. They hold private keys, so
//! only their owner reads them.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::Value;

use super::{OPERATOR_ACCOUNT, OPERATOR_ROLES, StartError};
use crate::iam::{Iam, Resource};

/// An account whose key is asked for on the command line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holder {
    name: &'static str,
    roles: &'static [&'static str],
    option: &'static str,
}

/// For `--operator-key`.
pub(super) const OPERATOR: Holder = Holder {
    name: OPERATOR_ACCOUNT,
    roles: &OPERATOR_ROLES,
    option: "--operator-key",
};

/// For `--admin-key`.
pub(super) const ADMIN: Holder = Holder {
    name: "admin-local",
    roles: &["admin"],
    option: "--admin-key",
};

/// Makes the account with its roles on all folders, and its key; what a state
/// has of it stays as it is.
pub(super) fn write(
    iam: &Iam,
    folders: &[String],
    holder: Holder,
    path: &Path,
) -> Result<(), StartError> {
    let failed = |reason: String| StartError::Key {
        path: path.to_owned(),
        reason,
        option: holder.option,
    };
    let Some(first) = folders.first() else {
        return Err(failed("there is no folder".to_owned()));
    };
    let known = iam.accounts().into_iter();
    let mut known = known.filter(|account| account.name == holder.name);
    let account = match known.next() {
        Some(account) => account.id,
        None => iam
            .add_account(first, holder.name, &[])
            .map_err(|status| failed(status.message))?,
    };
    for folder in folders {
        for role in holder.roles {
            iam.grant(&Resource::folder(folder), role, &account);
        }
    }
    if is_good(iam, path, &account) {
        return Ok(());
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

/// Whether the file holds a key of the account that is still known.
fn is_good(iam: &Iam, path: &Path, account: &str) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let file: Value = serde_json::from_str(&text).unwrap_or_default();
    let id = file["id"].as_str().unwrap_or_default();
    iam.key(id).is_some_and(|key| {
        key.service_account_id == account && file["public_key"] == key.public_key.as_str()
    })
}
