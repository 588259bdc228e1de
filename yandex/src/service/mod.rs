//! The services, a module each; [`Client`](crate::Client) has a method for every one.

mod access;
mod api_gateways;
mod connections;
mod databases;
mod folders;
mod functions;
mod operations;
mod paging;
mod quota_limits;
mod service_accounts;
mod triggers;
mod versions;

pub use api_gateways::ApiGateways;
pub use connections::Connections;
pub use databases::Databases;
pub use folders::Folders;
pub use functions::Functions;
pub use operations::Operations;
pub use quota_limits::QuotaLimits;
pub use service_accounts::ServiceAccounts;
pub use triggers::Triggers;
pub use versions::Versions;
