//! When a look at a chat comes, and how closely it examines the chat.

use std::time::Duration;

use wschat_crds::WsChatStatus;

use super::Look;
use crate::context::Context;
use crate::status::Verdict;
use crate::survey::{Survey, is_changing, is_settled};
use crate::validate::Identity;

/// How many chats come in a second to be compared with lists, and to have a part
/// of them read: it is a third of the calls of a service that an
/// account may make ([`crate::startup`]), so that others don't have to wait for them.
const PACE: u32 = 10;

impl Look<'_> {
    /// Until the folder's lists are due, and some time more, so that chats don't all
    /// come at once. Who doesn't compare itself with lists doesn't have them made
    /// either, so they may be as old as can be.
    pub(super) fn resync(&self, verdict: &Verdict, identity: &Identity) -> Duration {
        let resync = self.context.settings.resync;
        let inventory = &self.context.inventory;
        let wait = match verdict {
            Verdict::Refused(_) | Verdict::Suspended(_) => resync,
            _ => inventory.remaining(&identity.folder_id, resync),
        };
        let spread = spread(resync, self.context.surveys.chats());
        wait + spread.mul_f64(rand::random())
    }

    /// How closely this look examines what worked before.
    pub(super) async fn survey(
        &self,
        context: &Context,
        identity: &Identity,
        prior: &WsChatStatus,
        deleting: bool,
    ) -> Survey {
        let Context {
            surveys,
            inventory,
            cloud,
            settings,
            ..
        } = context;
        let idle = deleting || self.chat.spec.suspend || !is_settled(&prior.resources);
        match surveys.examine(&identity.uid, settings.resync, context.clock.now()) {
            // What is seen while the cloud is changing it has to be read again.
            Some(_) if is_changing(&prior.resources) => Survey::Memory,
            Some(survey) => survey,
            None if idle || prior.url.is_none() => Survey::Memory,
            None => {
                let lists = inventory.folder(cloud, &identity.folder_id, settings.resync);
                surveys.begin(&identity.uid, &lists.await)
            }
        }
    }
}

/// Within how long so many chats come that are to be compared with the same lists
/// (pure): a tenth of the resync, or more where more of them came in a second than
/// [`PACE`]. Even so, each comes once per resync on average.
fn spread(resync: Duration, chats: usize) -> Duration {
    let tenth = resync / 10;
    let seconds = u32::try_from(chats).unwrap_or(u32::MAX) / PACE;
    let paced = Duration::from_secs(seconds.into());
    paced.clamp(tenth, tenth * 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_come_at_a_pace_and_each_once_per_resync_on_average() {
        let resync = Duration::from_mins(10);
        let seconds = |chats| spread(resync, chats).as_secs();
        assert_eq!(seconds(1), 60);
        assert_eq!(seconds(1000), 100);
        assert_eq!(seconds(4000), 400);
        assert_eq!(seconds(1_000_000), 480);
    }
}
