//! What benchmarks share: statistics, what the cloud itself takes, what processes use, a way that takes time,
//! tables. Nothing here starts or judges anything.

pub mod delay;
pub mod machine;
pub mod operations;
pub mod percentiles;
pub mod processes;
pub mod table;
