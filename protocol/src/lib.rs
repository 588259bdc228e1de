//! What chat clients and the handler say to each other: JSON in camel case,
//! one object per message. No I/O.
//!
//! * [`client`]: what a client sends. `SEND` is content for everybody,
//!   `PING` is answered by `PONG`, `DISCONNECT` says goodbye.
//! * [`server`]: what a client receives, alone or in the `{"messages":[…]}`
//!   wrapper that the cloud's trigger puts around broadcasts. Unknown types and
//!   fields are passed over, so that old clients live with new servers.
//! * [`limits`]: how long and how odd a user id or content may be.
//! * [`recent`]: what was seen lately; delivery is at least once, so receivers
//!   drop a repeated pair of `userId` and `id`.
//! * [`code`]: why the handler refused a message. The socket stays open.

pub mod client;
pub mod code;
pub mod limits;
pub mod recent;
pub mod server;

pub use client::{ClientMessage, Refusal};
pub use code::ErrorCode;
pub use recent::Recent;
pub use server::{Broadcasts, ServerMessage};
