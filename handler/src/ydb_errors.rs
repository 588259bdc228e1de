//! What the crate `ydb`'s errors mean for a call.

use ydb::{YdbError, YdbIssue, YdbOrCustomerError};

/// UNAUTHORIZED in proto `Ydb.StatusIds`.
const UNAUTHORIZED: i32 = 400_020;
/// ABORTED in proto `Ydb.StatusIds`.
const ABORTED: i32 = 400_040;
/// UNAUTHENTICATED among gRPC's codes; the crate's `tonic` is not ours to name.
const UNAUTHENTICATED: i32 = 16;

/// The crate's transactions return a union with the caller's own errors, of
/// which there are none here.
pub(crate) fn plain(error: YdbOrCustomerError) -> YdbError {
    error.to_ydb_error()
}

/// Whether the token is the trouble.
pub(crate) fn is_unauthenticated(error: &YdbError) -> bool {
    match error {
        YdbError::TransportGRPCStatus(status) => i32::from(status.code()) == UNAUTHENTICATED,
        YdbError::YdbStatusError(status) => status.operation_status == UNAUTHORIZED,
        _ => false,
    }
}

/// Whether a transaction lost a race, so that nothing of it was done.
pub(crate) fn is_aborted(error: &YdbError) -> bool {
    matches!(error, YdbError::YdbStatusError(status) if status.operation_status == ABORTED)
}

/// Whether the way to YDB is the trouble, so that another try may do better.
/// What YDB itself asks to be repeated, the crate repeats.
pub(crate) fn is_transport(error: &YdbError) -> bool {
    is_silence(error) || matches!(error, YdbError::TransportGRPCStatus(_))
}

/// Whether YDB didn't answer at all. The crate opens a connection again that
/// broke, but one that is silent it keeps.
pub(crate) fn is_silence(error: &YdbError) -> bool {
    matches!(
        error,
        YdbError::TransportDial(_) | YdbError::Transport(_) | YdbError::DeadlineExceeded
    )
}

/// The error for a person; the crate prints its structure.
pub(crate) fn words(error: &YdbError) -> String {
    match error {
        YdbError::Custom(text)
        | YdbError::Convert(text)
        | YdbError::InternalError(text)
        | YdbError::Transport(text) => text.clone(),
        YdbError::TransportGRPCStatus(status) => {
            format!("{}: {}", status.code(), status.message())
        }
        YdbError::YdbStatusError(status) => {
            let mut words = format!("status {}", status.operation_status);
            for issue in &status.issues {
                add_issue(issue, &mut words);
            }
            words
        }
        YdbError::DeadlineExceeded => "no answer in time".to_owned(),
        other => other.to_string(),
    }
}

/// Issues nest; the inner ones say what is wrong.
fn add_issue(issue: &YdbIssue, words: &mut String) {
    if !issue.message.is_empty() {
        words.push_str(": ");
        words.push_str(&issue.message);
    }
    for inner in &issue.issues {
        add_issue(inner, words);
    }
}

#[cfg(test)]
mod tests {
    use ydb::YdbStatusError;

    use super::*;

    fn status(code: i32, message: &str) -> YdbError {
        let mut inner = YdbIssue::default();
        inner.message = message.to_owned();
        let mut outer = YdbIssue::default();
        outer.issues = vec![inner];
        let mut status = YdbStatusError::default();
        status.operation_status = code;
        status.issues = vec![outer];
        YdbError::YdbStatusError(status)
    }

    #[test]
    fn errors_are_told_in_words() {
        assert_eq!(words(&YdbError::Custom("no way".into())), "no way");
        let missing = status(400_070, "Cannot find table 'connections'");
        let expected = "status 400070: Cannot find table 'connections'";
        assert_eq!(words(&missing), expected);
    }

    #[test]
    fn a_lost_race_is_told_from_a_lost_answer() {
        let undetermined = 400_170;
        assert!(is_aborted(&status(ABORTED, "locks are broken")));
        assert!(!is_aborted(&status(undetermined, "")));
        assert!(!is_aborted(&YdbError::Transport("reset".into())));
    }

    #[test]
    fn a_bad_token_is_told_from_a_bad_way() {
        assert!(is_unauthenticated(&status(UNAUTHORIZED, "")));
        assert!(!is_unauthenticated(&status(400_070, "")));
        assert!(is_transport(&YdbError::Transport("reset".into())));
        assert!(!is_transport(&status(400_070, "")));
    }
}
