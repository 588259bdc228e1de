//! What an instance of a function says.

use super::channel::Said;
use super::reply::FunctionReply;

/// A line is understood or passed over.
pub(crate) fn instance(line: &[u8]) {
    if let Ok(Said::Result { result, .. }) = serde_json::from_slice(line)
        && let Ok(reply) = FunctionReply::parse(&result)
    {
        assert!(result.is_object(), "{reply:?}");
    }
}
