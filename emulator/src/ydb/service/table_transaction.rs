//! Which transaction a request to the table service wants.

use ydb_grpc::ydb_proto::table::transaction_control::TxSelector;
use ydb_grpc::ydb_proto::table::transaction_settings::TxMode;
use ydb_grpc::ydb_proto::table::{TransactionControl, TransactionSettings};

use crate::ydb::engine::Mode;
use crate::ydb::sessions::Scope;

pub(super) fn mode(settings: Option<TransactionSettings>) -> Mode {
    match settings.and_then(|settings| settings.tx_mode) {
        None | Some(TxMode::SerializableReadWrite(_) | TxMode::SnapshotReadWrite(_)) => {
            Mode::Serializable
        }
        Some(
            TxMode::SnapshotReadOnly(_) | TxMode::OnlineReadOnly(_) | TxMode::StaleReadOnly(_),
        ) => Mode::ReadOnly,
    }
}

pub(super) fn scope(control: Option<TransactionControl>) -> Scope {
    let Some(control) = control else {
        return Scope::Alone;
    };
    let commit = control.commit_tx;
    match control.tx_selector {
        None => Scope::Alone,
        Some(TxSelector::TxId(id)) => Scope::Within { id, commit },
        Some(TxSelector::BeginTx(settings)) => Scope::Begin {
            mode: mode(Some(settings)),
            commit,
        },
    }
}
