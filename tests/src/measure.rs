//! What benchmarks share: statistics, what processes use, tables. Nothing here
//! starts or judges anything.

pub mod machine;
pub mod percentiles;
pub mod processes;
pub mod table;
