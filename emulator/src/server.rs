//! Puts everything together on its listeners.
