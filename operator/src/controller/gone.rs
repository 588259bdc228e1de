//! Chats that are gone without a last look: one that never had the finalizer isn't
//! there any more when its turn comes, and the controller doesn't look at what isn't
//! there.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use kube::ResourceExt;
use kube::runtime::reflector::Store;
use tokio::time::{MissedTickBehavior, interval};

use super::forget;
use crate::context::Context;
use crate::watched::WatchedChat;

/// How often they are looked for: nobody should be alarmed by a chat that isn't
/// there (the alerts wait for minutes).
const OFTEN: Duration = Duration::from_secs(5);

/// Forgets them, for ever.
pub(super) async fn forget_the_gone(context: Arc<Context>, chats: Store<WatchedChat>) {
    let mut ticks = interval(OFTEN);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Before the chats are asked for: what is scheduled later may be new.
        let scheduled = context.schedule.uids();
        let there = chats.state();
        let there: HashSet<String> = there.iter().filter_map(|chat| chat.uid()).collect();
        for uid in scheduled.iter().filter(|uid| !there.contains(*uid)) {
            forget(&context, uid);
        }
    }
}
