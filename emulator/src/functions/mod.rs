//! Functions: uploaded zips run in child processes.
