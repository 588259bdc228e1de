//! What tests see and break: recorded requests, state, faults.
