//! Data Streams triggers: from a topic to every socket of a path.
