//! API gateways: one listener each, WebSocket operations to functions.
