//! `POST /functions/v1/versions`: limits of the request and the build.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};
use yandex_cloud_rest::model::Duration;
use yandex_cloud_rest::model::function::Function;
use yandex_cloud_rest::model::version::{CreateVersionRequest, Version};

use super::functions::find_to_change;
use super::unsupported::Lacking;
use super::validate::{Violations, message};
use super::versions::{check_tag, check_tag_quota};
use super::{Call, options, unsupported};
use crate::cloud::{Target, Work, settled};
use crate::error::Status;
use crate::ids::prefix;

const MEMORY_STEP: i64 = 128 * 1024 * 1024;
const MOST_MEMORY: i64 = 8 * 1024 * 1024 * 1024;

/// Larger archives must come from Object Storage: by the documentation; the
/// proto file's own cap is higher.
const LARGEST_ARCHIVE: usize = 3_670_016;

/// Names and values together, in bytes.
const LARGEST_ENVIRONMENT: usize = 4096;

/// Beyond this a function must be a long-lived one, by request only.
const LONGEST_CALL: u64 = 600;

/// What a call may take when the request leaves it out (a guess).
const DEFAULT_TIMEOUT: u64 = 3;

/// Set by the runtime, so not by a version.
const RESERVED: [&str; 6] = [
    "_HANDLER",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "PATH",
    "LD_LIBRARY_PATH",
];

/// Runtimes that the emulator can run.
const RUNTIMES: [&str; 1] = ["nodejs22"];

/// What the documents know and the emulator doesn't.
const LACKING: [Lacking; 8] = [
    lacking("connectivity", "it has no networks; leave it out"),
    lacking(
        "namedServiceAccounts",
        "its functions have one account; use serviceAccountId",
    ),
    lacking("secrets", "it has no Lockbox; use environment"),
    lacking("storageMounts", "it has no Object Storage; leave it out"),
    lacking("mounts", "it has no disks and buckets; leave it out"),
    lacking(
        "tmpfsSize",
        "its functions have the machine's own temporary folder; leave it out",
    ),
    lacking(
        "asyncInvocationConfig",
        "its calls wait for their results; leave it out",
    ),
    Lacking {
        path: "package",
        instead: "it has no Object Storage; send content",
        beside: &["content", "versionId"],
    },
];

const fn lacking(path: &'static str, instead: &'static str) -> Lacking {
    Lacking {
        path,
        instead,
        beside: &[],
    }
}

/// `GET /functions/v1/runtimes`: those that a version may have here.
pub(super) fn runtimes(call: &Call) -> Result<Value, Status> {
    match (&call.method, call.path.verb()) {
        (&Method::GET, None) => Ok(json!({ "runtimes": RUNTIMES })),
        _ => Err(call.unimplemented()),
    }
}

pub(super) fn create(call: &Call) -> Result<Value, Status> {
    unsupported::refuse(&call.body, &LACKING)?;
    let request: CreateVersionRequest = message(&call.body)?;
    check(&request)?;
    let function = find_to_change(call, &request.function_id)?;
    settled("Function", &function.id, &function.status)?;
    if !request.service_account_id.is_empty() {
        call.cloud
            .iam()
            .authorize_use(&call.subject, &request.service_account_id)?;
    }
    check_tag_quota(call, &function.id, &request.tag)?;
    let archive = archive(call, &request, &function)?;
    let tags = request.tag.clone();
    let version = version(call, request);
    let id = version.id.clone();
    call.cloud.state().add_version(version, archive);
    let target = Target {
        description: "Create function version",
        metadata_type: "serverless.functions.v1.CreateFunctionVersionMetadata",
        metadata: json!({ "functionVersionId": id }),
        folder_id: &function.folder_id,
        resource_id: &function.id,
    };
    call.begin(&target, Work::CreateVersion { id, tags })
}

fn check(request: &CreateVersionRequest) -> Result<(), Status> {
    let mut violations = Violations::default();
    violations.required("functionId", &request.function_id);
    violations.required("runtime", &request.runtime);
    violations.required("entrypoint", &request.entrypoint);
    violations.longest("description", &request.description, 600);
    violations.check(
        "runtime",
        request.runtime.is_empty() || RUNTIMES.contains(&request.runtime.as_str()),
        &format!("The emulator runs {} only", RUNTIMES.join(", ")),
    );
    let memory = request.resources.memory;
    violations.check(
        "resources.memory",
        (MEMORY_STEP..=MOST_MEMORY).contains(&memory) && memory % MEMORY_STEP == 0,
        "Must be in range 134217728 to 8589934592 and a multiple of 134217728",
    );
    if let Some(timeout) = request.execution_timeout {
        let good = timeout.get() <= std::time::Duration::from_secs(LONGEST_CALL);
        violations.check("executionTimeout", good, "Must be at most 600s");
    }
    let good = (0..=16).contains(&request.concurrency);
    violations.check("concurrency", good, "Must be in range 0 to 16");
    for tag in &request.tag {
        check_tag(&mut violations, "tag", tag);
    }
    let sources = [
        request.content.is_some(),
        request.package.is_some(),
        request.version_id.is_some(),
    ];
    violations.check(
        "packageSource",
        sources.iter().filter(|given| **given).count() == 1,
        "Exactly one of content, package and versionId is required",
    );
    environment(&mut violations, request);
    options::check_logs(&mut violations, request.log_options.as_ref());
    options::check_metadata(&mut violations, request.metadata_options.as_ref());
    violations.finish()
}

fn environment(violations: &mut Violations, request: &CreateVersionRequest) {
    for (name, value) in &request.environment {
        let good = name.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        let text = format!("Key {name:?} must match the pattern [a-zA-Z][a-zA-Z0-9_]*");
        violations.check("environment", good, &text);
        let reserved = RESERVED.contains(&name.as_str());
        violations.check(
            "environment",
            !reserved,
            &format!("Key {name:?} is reserved"),
        );
        let text = format!("Value of {name:?} must be at most 4096 characters long");
        violations.check("environment", value.chars().count() <= 4096, &text);
    }
    let total: usize = request
        .environment
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    violations.check(
        "environment",
        total <= LARGEST_ENVIRONMENT,
        "Names and values must be at most 4096 bytes together",
    );
}

/// The archive: uploaded, or that of an older version in the same folder.
fn archive(
    call: &Call,
    request: &CreateVersionRequest,
    function: &Function,
) -> Result<Arc<Vec<u8>>, Status> {
    if let Some(id) = &request.version_id {
        let state = call.cloud.state();
        let source = state.version(id)?;
        let folder_id = &state.function(&source.version.function_id)?.folder_id;
        if *folder_id != function.folder_id {
            return Err(Status::not_found(format!("Version {id} not found")));
        }
        return state.archive(id);
    }
    let mut violations = Violations::default();
    let decoded = STANDARD.decode(request.content.as_deref().unwrap_or_default());
    violations.check("content", decoded.is_ok(), "Must be base64");
    let bytes = decoded.unwrap_or_default();
    let text = "Archive must be at most 3670016 bytes; put a larger one into Object Storage";
    violations.check("content", bytes.len() <= LARGEST_ARCHIVE, text);
    violations.finish()?;
    Ok(Arc::new(bytes))
}

fn version(call: &Call, request: CreateVersionRequest) -> Version {
    Version {
        id: call.cloud.ids().next(prefix::FUNCTION),
        function_id: request.function_id,
        description: request.description,
        created_at: call.cloud.now(),
        runtime: request.runtime,
        entrypoint: request.entrypoint,
        resources: request.resources,
        execution_timeout: Some(
            request
                .execution_timeout
                .unwrap_or(Duration::from_secs(DEFAULT_TIMEOUT)),
        ),
        service_account_id: request.service_account_id,
        image_size: 0,
        status: "CREATING".to_owned(),
        tags: Vec::new(),
        environment: request.environment,
        log_options: request.log_options,
        concurrency: request.concurrency,
        metadata_options: request.metadata_options,
    }
}
