//! State of the control plane and its operations.
