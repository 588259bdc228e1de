//! A local Yandex Cloud: REST control plane, YDB, functions, WebSocket gateways, triggers.

fn main() {}
