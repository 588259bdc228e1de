//! YDB: tables and topics behind its gRPC API.
