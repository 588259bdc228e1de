//! The definition that is installed into a cluster.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps, ValidationRule,
};
use kube::CustomResourceExt;
use serde_json::json;

use crate::rules::{RULES, Rule};
use crate::spec::WsChat;

/// The properties that are quantities.
const QUANTITIES: [&[&str]; 2] = [
    &["spec", "database", "storageLimit"],
    &["spec", "handler", "memory"],
];

/// The definition couldn't be rendered: types and rules disagree.
#[derive(Debug, thiserror::Error)]
pub enum CrdError {
    /// A rule guards a property that the types don't have.
    #[error("a rule guards `{0}`, which the types of the CRD do not have")]
    UnknownProperty(String),
    /// The definition doesn't become YAML.
    #[error("the CRD cannot be written as YAML")]
    Yaml(#[from] serde_norway::Error),
}

/// The definition of `WsChat`, with rules and defaults.
pub fn definition() -> Result<CustomResourceDefinition, CrdError> {
    let mut crd = WsChat::crd();
    for version in &mut crd.spec.versions {
        let Some(root) = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut())
        else {
            continue;
        };
        // Everything has a default, so a manifest needs no spec at all.
        root.required = None;
        property(root, &["spec"])?.default = Some(JSON(json!({})));
        for quantity in QUANTITIES {
            // The generator takes a schema without a type for an optional one.
            property(root, quantity)?.nullable = None;
        }
        for rule in RULES {
            add(root, rule)?;
        }
        let conditions = property(root, &["status", "conditions"])?;
        conditions.x_kubernetes_list_type = Some("map".to_owned());
        conditions.x_kubernetes_list_map_keys = Some(vec!["type".to_owned()]);
    }
    Ok(crd)
}

/// [`definition`] as YAML, ready for `kubectl apply`.
pub fn yaml() -> Result<String, CrdError> {
    let body = serde_norway::to_string(&definition()?)?;
    Ok(format!(
        "# Generated from the types in crds/src by `wschat-operator crd`; don't edit.\n{body}"
    ))
}

fn add(root: &mut JSONSchemaProps, rule: &Rule) -> Result<(), CrdError> {
    property(root, rule.path)?
        .x_kubernetes_validations
        .get_or_insert_default()
        .push(ValidationRule {
            rule: rule.rule.to_owned(),
            message: Some(rule.message.to_owned()),
            ..ValidationRule::default()
        });
    Ok(())
}

fn property<'a>(
    root: &'a mut JSONSchemaProps,
    path: &[&str],
) -> Result<&'a mut JSONSchemaProps, CrdError> {
    let mut at = root;
    for name in path {
        at = at
            .properties
            .as_mut()
            .and_then(|properties| properties.get_mut(*name))
            .ok_or_else(|| CrdError::UnknownProperty(path.join(".")))?;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_file_is_what_the_types_say() {
        let committed = include_str!("../wschat.yaml");
        assert_eq!(
            committed,
            yaml().unwrap(),
            "crds/wschat.yaml is stale: cargo run -p wschat-operator -- crd > crds/wschat.yaml"
        );
    }

    #[test]
    fn an_empty_spec_has_every_default() {
        let chat: WsChat = serde_json::from_value(json!({
            "apiVersion": "wschat.dev/v1alpha1",
            "kind": "WsChat",
            "metadata": { "name": "lobby" },
            "spec": {},
        }))
        .unwrap();
        assert_eq!(chat.spec, crate::spec::WsChatSpec::default());
    }

    #[test]
    fn defaults_reach_the_schema() {
        let mut crd = definition().unwrap();
        let root = crd.spec.versions[0].schema.as_mut().unwrap();
        let root = root.open_api_v3_schema.as_mut().unwrap();
        for (path, default) in [
            (&["spec", "path"][..], json!("/ws")),
            (&["spec", "handler", "memory"], json!("256Mi")),
            (&["spec", "handler", "concurrency"], json!(16)),
            (&["spec", "broadcast", "cutoff"], json!("1s")),
            (&["spec", "deletionPolicy"], json!("Delete")),
        ] {
            assert_eq!(
                property(root, path).unwrap().default,
                Some(JSON(default)),
                "{path:?}"
            );
        }
        assert!(
            property(root, &["spec", "folderId"])
                .unwrap()
                .default
                .is_none()
        );
    }
}
