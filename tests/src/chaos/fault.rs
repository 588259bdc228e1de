//! What can break, and how the emulator is told so (`docs/faults.md`).

use serde_json::{Value, json};

const WRITES: &str = "/Ydb.Topic.V1.TopicService/StreamWrite";
const QUERIES: &str = "/Ydb.Query.V1.QueryService/ExecuteQuery";
const COMMITS: &str = "/Ydb.Query.V1.QueryService/CommitTransaction";
const SESSIONS: &str = "/Ydb.Query.V1.QueryService/AttachSession";
const CONNECTION_API: &str = "/apigateways/websocket/v1/connections/*";

/// Something that breaks for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 20 minutes pass in which every instance is frozen; its connections to YDB
    /// are dead when it wakes up, and all sockets are closed for being idle.
    Frozen,
    /// All connections to YDB are reset.
    ConnectionsReset,
    /// All connections to YDB fall silent.
    ConnectionsSilent,
    /// A node of YDB answers nothing but UNAVAILABLE.
    NodeGone,
    /// YDB has forgotten the sessions.
    SessionsLost,
    /// YDB aborts transactions.
    Aborted,
    /// Transactions are carried out, and the answers get lost.
    CommitsUnanswered,
    /// YDB ends the topic's writers.
    WritersKilled,
    /// The topic has too much to do.
    TopicOverloaded,
    /// The topic takes records, and the acknowledgements get lost.
    AcksLost,
    /// What is written to the topic is held on its way.
    WritesHeld,
    /// Functions get tokens that have expired.
    TokensExpired,
    /// The connection API answers 503.
    ConnectionApiDown,
    /// The connection API does what it is told, and answers nothing.
    ConnectionApiUnanswered,
    /// Replies to messages get lost.
    RepliesLost,
    /// Frames come late.
    FramesLate,
    /// Frames come twice.
    FramesDoubled,
    /// Sockets are cut when they are written to.
    SocketsCut,
    /// Events reach the function twice.
    EventsDoubled,
    /// Ends of sockets reach the function late.
    EndsLate,
    /// Ends of sockets don't reach the function.
    EndsLost,
    /// Calls of the function fail.
    CallsFail,
    /// The trigger sends batches twice.
    BatchesDoubled,
    /// The trigger sends batches late.
    BatchesLate,
    /// An instance is killed.
    InstanceKilled,
    /// An instance is told to end, with SIGTERM.
    InstanceEnded,
    /// A new version of the function goes live.
    Upgrade,
}

/// What breaks, and how likely it is beside the others.
pub const WEIGHTS: [(Fault, u32); 27] = [
    (Fault::Frozen, 2),
    (Fault::ConnectionsReset, 4),
    (Fault::ConnectionsSilent, 3),
    (Fault::NodeGone, 4),
    (Fault::SessionsLost, 4),
    (Fault::Aborted, 2),
    (Fault::CommitsUnanswered, 3),
    (Fault::WritersKilled, 5),
    (Fault::TopicOverloaded, 4),
    (Fault::AcksLost, 3),
    (Fault::WritesHeld, 2),
    (Fault::TokensExpired, 4),
    (Fault::ConnectionApiDown, 4),
    (Fault::ConnectionApiUnanswered, 2),
    (Fault::RepliesLost, 4),
    (Fault::FramesLate, 2),
    (Fault::FramesDoubled, 2),
    (Fault::SocketsCut, 3),
    (Fault::EventsDoubled, 3),
    (Fault::EndsLate, 2),
    (Fault::EndsLost, 3),
    (Fault::CallsFail, 3),
    (Fault::BatchesDoubled, 2),
    (Fault::BatchesLate, 1),
    (Fault::InstanceKilled, 3),
    (Fault::InstanceEnded, 2),
    (Fault::Upgrade, 2),
];

impl Fault {
    /// The emulator's rules for it; `times` is how often each strikes, where
    /// that is limited. None for what is no matter of rules.
    #[must_use]
    pub fn rules(self, times: u32) -> Vec<Value> {
        let rule = |method: &str, path: &str, phase: &str, times: u32, action: Value| {
            json!({
                "method": method, "path": path, "phase": phase, "times": times, "action": action,
            })
        };
        let before = |method: &str, path: &str, action| rule(method, path, "before", times, action);
        let after = |method: &str, path: &str, action| rule(method, path, "after", times, action);
        match self {
            Self::Frozen
            | Self::ConnectionsReset
            | Self::ConnectionsSilent
            | Self::InstanceKilled
            | Self::InstanceEnded
            | Self::Upgrade => Vec::new(),
            Self::NodeGone => {
                let action = json!({ "grpc": "UNAVAILABLE" });
                vec![
                    rule("GRPC", "/Ydb.*", "before", 0, action.clone()),
                    rule("GRPC_OUT", "/Ydb.*", "before", 0, action),
                ]
            }
            Self::SessionsLost => vec![
                before("GRPC", QUERIES, json!({ "ydb": "BAD_SESSION" })),
                before("GRPC_OUT", SESSIONS, json!({ "ydb": "SESSION_EXPIRED" })),
            ],
            Self::Aborted => vec![before("GRPC", QUERIES, json!({ "ydb": "ABORTED" }))],
            Self::CommitsUnanswered => vec![
                after("GRPC", QUERIES, json!({ "cut": {} })),
                after("GRPC", COMMITS, json!({ "cut": {} })),
            ],
            Self::WritersKilled => vec![
                before("GRPC_IN", WRITES, json!({ "cut": {} })),
                before("GRPC_OUT", WRITES, json!({ "ydb": "SESSION_EXPIRED" })),
            ],
            Self::TopicOverloaded => {
                vec![before("GRPC_OUT", WRITES, json!({ "ydb": "OVERLOADED" }))]
            }
            Self::AcksLost => vec![before("GRPC_OUT", WRITES, json!({ "drop": {} }))],
            Self::WritesHeld => vec![rule("GRPC_IN", WRITES, "before", 0, json!({ "hang": {} }))],
            Self::TokensExpired => {
                vec![rule(
                    "TOKEN",
                    "/*/context",
                    "before",
                    0,
                    json!({ "expired": {} }),
                )]
            }
            Self::ConnectionApiDown => ["POST", "DELETE"]
                .map(|method| {
                    rule(
                        method,
                        CONNECTION_API,
                        "before",
                        0,
                        json!({ "status": 503 }),
                    )
                })
                .into(),
            Self::ConnectionApiUnanswered => ["POST", "DELETE"]
                .map(|method| rule(method, CONNECTION_API, "after", 0, json!({ "cut": {} })))
                .into(),
            Self::RepliesLost => vec![after("MESSAGE", "/*", json!({ "drop": {} }))],
            Self::FramesLate => vec![before("FRAME", "/*", json!({ "delayMs": 300 }))],
            Self::FramesDoubled => vec![before("FRAME", "/*", json!({ "duplicate": {} }))],
            Self::SocketsCut => vec![before("FRAME", "/*", json!({ "cut": {} }))],
            Self::EventsDoubled => ["CONNECT", "MESSAGE", "DISCONNECT"]
                .map(|method| before(method, "/*", json!({ "duplicate": {} })))
                .into(),
            Self::EndsLate => vec![before("DISCONNECT", "/*", json!({ "delayMs": 1500 }))],
            Self::EndsLost => vec![before("DISCONNECT", "/*", json!({ "drop": {} }))],
            Self::CallsFail => vec![before("INVOKE", "/*", json!({ "status": 503 }))],
            Self::BatchesDoubled => vec![before("DELIVER", "/*", json!({ "duplicate": {} }))],
            Self::BatchesLate => vec![before("DELIVER", "/*", json!({ "delayMs": 200 }))],
        }
    }

    /// Whether it makes something come twice to clients.
    #[must_use]
    pub fn doubles(self) -> bool {
        matches!(self, Self::FramesDoubled | Self::BatchesDoubled)
    }
}
