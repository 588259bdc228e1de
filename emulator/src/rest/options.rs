//! Options that versions and gateways carry. Where logs go is kept and not
//! obeyed: the emulator shows all of them.

use yandex_cloud_rest::model::version::{LogOptions, MetadataOptions};

use super::validate::Violations;

/// Proto `logging/v1/log_entry.proto`; none is the first.
const LEVELS: [&str; 8] = [
    "",
    "LEVEL_UNSPECIFIED",
    "TRACE",
    "DEBUG",
    "INFO",
    "WARN",
    "ERROR",
    "FATAL",
];

/// Proto `MetadataOption`; none is the first.
const SWITCHES: [&str; 4] = ["", "METADATA_OPTION_UNSPECIFIED", "ENABLED", "DISABLED"];

/// Where logs go: one place at most.
pub(super) fn check_logs(violations: &mut Violations, options: Option<&LogOptions>) {
    let Some(options) = options else { return };
    let places = [&options.log_group_id, &options.folder_id];
    violations.check(
        "logOptions.destination",
        places.iter().filter(|place| place.is_some()).count() < 2,
        "At most one of logGroupId and folderId may be set",
    );
    for (field, place) in ["logOptions.logGroupId", "logOptions.folderId"]
        .iter()
        .zip(places)
    {
        let good = place.as_deref().is_none_or(is_place);
        let text = "Must match the pattern ([a-zA-Z][-a-zA-Z0-9_.]{0,63})?";
        violations.check(field, good, text);
    }
    let known = LEVELS.contains(&options.min_level.as_str());
    violations.check("logOptions.minLevel", known, "Must be TRACE to FATAL");
}

fn is_place(id: &str) -> bool {
    id.is_empty()
        || (id.len() <= 64
            && id.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && id
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.')))
}

/// Which metadata services a version has.
pub(super) fn check_metadata(violations: &mut Violations, options: Option<&MetadataOptions>) {
    let Some(options) = options else { return };
    for (field, switch) in [
        (
            "metadataOptions.gceHttpEndpoint",
            &options.gce_http_endpoint,
        ),
        (
            "metadataOptions.awsV1HttpEndpoint",
            &options.aws_v1_http_endpoint,
        ),
    ] {
        let known = SWITCHES.contains(&switch.as_str());
        violations.check(field, known, "Must be ENABLED or DISABLED");
    }
}
