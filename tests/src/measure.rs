//! What benchmarks share: statistics, what processes use, a way that takes time,
//! tables. Nothing here starts or judges anything.

pub mod delay;
pub mod machine;
pub mod percentiles;
pub mod processes;
pub mod table;
