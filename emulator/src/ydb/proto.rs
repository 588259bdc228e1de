//! YDB's gRPC services (server side, generated) and the one that the crate of
//! messages lacks.

/// `Ydb.Discovery.V1`.
pub(crate) mod discovery {
    #![allow(
        clippy::pedantic,
        missing_docs,
        unreachable_pub,
        reason = "generated; which of them it needs varies"
    )]
    include!(concat!(env!("OUT_DIR"), "/ydb.discovery.v1.rs"));
}
/// `Ydb.Query.V1`.
pub(crate) mod query {
    #![allow(
        clippy::pedantic,
        missing_docs,
        unreachable_pub,
        reason = "generated; which of them it needs varies"
    )]
    include!(concat!(env!("OUT_DIR"), "/ydb.query.v1.rs"));
}
/// `Ydb.Table.V1`.
pub(crate) mod table {
    #![allow(
        clippy::pedantic,
        missing_docs,
        unreachable_pub,
        reason = "generated; which of them it needs varies"
    )]
    include!(concat!(env!("OUT_DIR"), "/ydb.table.v1.rs"));
}
/// `Ydb.Topic.V1`.
pub(crate) mod topic {
    #![allow(
        clippy::pedantic,
        missing_docs,
        unreachable_pub,
        reason = "generated; which of them it needs varies"
    )]
    include!(concat!(env!("OUT_DIR"), "/ydb.topic.v1.rs"));
}
/// `Ydb.Scheme.V1`.
pub(crate) mod scheme {
    #![allow(
        clippy::pedantic,
        missing_docs,
        unreachable_pub,
        reason = "generated; which of them it needs varies"
    )]
    include!(concat!(env!("OUT_DIR"), "/ydb.scheme.v1.rs"));
}
/// `Ydb.Scripting.V1`, whose messages are written here as well.
pub(crate) mod scripting {
    #![allow(
        clippy::pedantic,
        missing_docs,
        unreachable_pub,
        reason = "generated; which of them it needs varies"
    )]
    include!(concat!(
        env!("OUT_DIR"),
        "/Ydb.Scripting.V1.ScriptingService.rs"
    ));
}

/// Public to the generated traits only.
/// Messages of `Ydb.Scripting` (`ydb_scripting.proto`), those that are served.
pub(crate) mod scripting_messages {
    #![expect(
        unreachable_pub,
        reason = "generated traits name these, so they can't be crate-private"
    )]

    use std::collections::HashMap;

    use ydb_grpc::ydb_proto as ydb;

    /// A script with its parameters.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct ExecuteYqlRequest {
        #[prost(message, optional, tag = "1")]
        pub operation_params: Option<ydb::operations::OperationParams>,
        #[prost(string, tag = "2")]
        pub script: String,
        #[prost(map = "string, message", tag = "3")]
        pub parameters: HashMap<String, ydb::TypedValue>,
        #[prost(int32, tag = "4")]
        pub collect_stats: i32,
    }

    /// All results at once.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct ExecuteYqlResponse {
        #[prost(message, optional, tag = "1")]
        pub operation: Option<ydb::operations::Operation>,
    }

    /// What the operation of [`ExecuteYqlResponse`] holds.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct ExecuteYqlResult {
        #[prost(message, repeated, tag = "1")]
        pub result_sets: Vec<ydb::ResultSet>,
    }

    /// A part of a streamed answer.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct ExecuteYqlPartialResponse {
        #[prost(int32, tag = "1")]
        pub status: i32,
        #[prost(message, repeated, tag = "2")]
        pub issues: Vec<ydb::issue::IssueMessage>,
        #[prost(message, optional, tag = "3")]
        pub result: Option<ExecuteYqlPartialResult>,
    }

    /// A result set in a streamed answer.
    #[derive(Clone, PartialEq, prost::Message)]
    pub struct ExecuteYqlPartialResult {
        #[prost(uint32, tag = "1")]
        pub result_set_index: u32,
        #[prost(message, optional, tag = "2")]
        pub result_set: Option<ydb::ResultSet>,
    }
}
