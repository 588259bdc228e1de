//! What the catalogue of behaviours (`emulator/behaviours/`, the source of
//! `docs/emulator.md`) says about methods.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

/// A service's methods, and whether each is refused.
pub(crate) type Services = BTreeMap<String, BTreeMap<String, bool>>;

/// All services whose names begin so.
pub(crate) fn services(package: &str) -> Services {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("behaviours");
    let mut services = Services::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let section: Value = serde_norway::from_str(&text).unwrap();
        for service in section["services"].as_array().into_iter().flatten() {
            let name = service["name"].as_str().unwrap();
            if name.starts_with(package) {
                services.insert(name.to_owned(), methods(service));
            }
        }
    }
    services
}

/// Fails unless the catalogue holds these services with exactly these methods.
pub(crate) fn assert_complete(package: &str, known: &BTreeMap<String, BTreeSet<String>>) {
    let written: BTreeMap<String, BTreeSet<String>> = services(package)
        .into_iter()
        .map(|(service, methods)| (service, methods.into_keys().collect()))
        .collect();
    assert_eq!(written, *known);
}

fn methods(service: &Value) -> BTreeMap<String, bool> {
    let supported = service["supported"].as_object().into_iter().flatten();
    let supported = supported.map(|(method, _)| (method.clone(), false));
    let refused = service["refused"].as_array().into_iter().flatten();
    let refused = refused.map(|method| (method.as_str().unwrap().to_owned(), true));
    supported.chain(refused).collect()
}
