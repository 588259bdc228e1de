//! What the API server refuses beyond types and ranges: CEL rules, each with a
//! message that says what is allowed.

/// One rule of the definition.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The property that it guards, from the object's root; empty for the root.
    pub path: &'static [&'static str],
    /// The CEL expression that must hold.
    pub rule: &'static str,
    /// What the user reads when it doesn't.
    pub message: &'static str,
}

/// Names of service accounts and gateways (proto iam/v1, serverless/apigateway/v1).
const SHORT_NAME: &str = "self.matches('^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$')";
const SHORT_NAME_MESSAGE: &str = "must have 1 to 63 characters: lowercase letters, digits and \
     hyphens, beginning with a letter and not ending with a hyphen";

/// Names of functions and triggers (proto serverless/functions/v1, serverless/triggers/v1).
const LONG_NAME: &str = "self.matches('^[a-z][-a-z0-9]{1,61}[a-z0-9]$')";
const LONG_NAME_MESSAGE: &str = "must have 3 to 63 characters: lowercase letters, digits and \
     hyphens, beginning with a letter and not ending with a hyphen";

/// All rules.
pub const RULES: &[Rule] = &[
    Rule {
        path: &[],
        rule: "self.metadata.name.size() <= 63 && !self.metadata.name.contains('.')",
        message: "metadata.name must have at most 63 characters and no dots: it becomes a label \
                  in the cloud",
    },
    Rule {
        path: &["spec"],
        rule: "has(self.folderId) == has(oldSelf.folderId) && \
               (!has(self.folderId) || self.folderId == oldSelf.folderId)",
        message: "folderId is immutable: delete the WsChat and make it anew in the other folder",
    },
    Rule {
        path: &["spec"],
        rule: "!has(self.credentialsSecretRef) || has(self.folderId)",
        message: "folderId must be set with credentialsSecretRef: the operator's own folder is no \
                  default for another account",
    },
    Rule {
        path: &["spec", "path"],
        rule: "self.matches('^(/|(/[A-Za-z0-9._~-]+)+)$')",
        message: "path must begin with a slash, must not end with one, and may contain letters, \
                  digits, and . _ ~ - between slashes, for example /ws",
    },
    Rule {
        path: &["spec", "database", "storageLimit"],
        rule: "isQuantity(string(self)) && quantity(string(self)).isInteger() && \
               quantity(string(self)).compareTo(quantity('1Gi')) >= 0",
        message: "storageLimit must be a whole number of bytes, at least 1Gi",
    },
    Rule {
        path: &["spec", "topic", "name"],
        rule: "self == oldSelf",
        message: "topic.name is immutable: delete the WsChat and make it anew",
    },
    Rule {
        path: &["spec", "topic", "name"],
        rule: "self.matches('^[A-Za-z][A-Za-z0-9_-]*$')",
        message: "topic.name must begin with a letter and may contain letters, digits, _ and -",
    },
    Rule {
        path: &["spec", "topic", "retention"],
        rule: "duration(self) >= duration('1h') && duration(self) <= duration('24h')",
        message: "retention must be between 1h and 24h",
    },
    Rule {
        path: &["spec", "handler", "memory"],
        rule: "isQuantity(string(self)) && quantity(string(self)).isInteger() && \
               quantity(string(self)).asInteger() >= 134217728 && \
               quantity(string(self)).asInteger() <= 8589934592 && \
               quantity(string(self)).asInteger() % 134217728 == 0",
        message: "memory must be between 128Mi and 8Gi, in steps of 128Mi",
    },
    Rule {
        path: &["spec", "handler", "timeout"],
        rule: "duration(self) >= duration('1s') && duration(self) <= duration('10m')",
        message: "timeout must be between 1s and 10m",
    },
    Rule {
        path: &["spec", "broadcast", "cutoff"],
        rule: "duration(self) >= duration('1s') && duration(self) <= duration('60s')",
        message: "cutoff must be between 1s and 60s",
    },
    Rule {
        path: &["spec", "names"],
        rule: "self == oldSelf",
        message: "names are immutable: delete the WsChat and make it anew",
    },
    Rule {
        path: &["spec", "names", "serviceAccount"],
        rule: SHORT_NAME,
        message: SHORT_NAME_MESSAGE,
    },
    Rule {
        path: &["spec", "names", "database"],
        rule: LONG_NAME,
        message: LONG_NAME_MESSAGE,
    },
    Rule {
        path: &["spec", "names", "function"],
        rule: LONG_NAME,
        message: LONG_NAME_MESSAGE,
    },
    Rule {
        path: &["spec", "names", "gateway"],
        rule: SHORT_NAME,
        message: SHORT_NAME_MESSAGE,
    },
    Rule {
        path: &["spec", "names", "trigger"],
        rule: LONG_NAME,
        message: LONG_NAME_MESSAGE,
    },
];
