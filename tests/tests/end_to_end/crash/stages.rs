//! What happens to a chat in its life.

use std::fmt;

use libtest_mimic::Failed;
use wschat_crds::WsChat;
use wschat_tests::custom_resource::newest_is_ready;
use wschat_tests::life::{
    edited, handlers, is_healthy, is_unhealthy, restored_and_protected, unprotected,
};
use wschat_tests::operator::handler_zip;

use super::world::World;

/// A part of a life: what is done to the chat, until the operator has followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// It is made.
    Create,
    /// Every field that decides what it is made of and may change is edited.
    Update,
    /// All of them are as they were, but for the database, which stays protected.
    Revert,
    /// A handler that isn't healthy is deployed.
    Fail,
    /// Another one that is healthy is deployed.
    Recover,
    /// It is restored from a backup: with another UID, and without a status.
    Restore,
    /// The database isn't to be protected any more, and at once it is deleted.
    Delete,
    /// The same as for `Restore`, and what is in the cloud is nobody's, and given
    /// to it by the label `wschat-adopt`; the database isn't to be protected any more.
    Adopt,
    /// It is deleted, and what was given to it stays.
    Release,
}

/// One stage after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Path {
    /// Of a chat that makes all that it has.
    Own,
    /// Of a chat that gets all that it has.
    Given,
}

impl Path {
    pub(super) const ALL: [Self; 2] = [Self::Own, Self::Given];

    pub(super) fn stages(self) -> &'static [Stage] {
        match self {
            Self::Own => &[
                Stage::Create,
                Stage::Update,
                Stage::Revert,
                Stage::Fail,
                Stage::Recover,
                Stage::Restore,
                Stage::Delete,
            ],
            Self::Given => &[Stage::Create, Stage::Update, Stage::Adopt, Stage::Release],
        }
    }
}

impl Stage {
    /// What comes before, and isn't the operator's business.
    pub(super) async fn prepare(self, world: &mut World) -> Result<(), Failed> {
        match self {
            Self::Create | Self::Update | Self::Revert | Self::Delete | Self::Release => {}
            Self::Fail => world.deploy("unhealthy", &handlers::unhealthy()?).await?,
            Self::Recover => {
                let another = handlers::another(&std::fs::read(handler_zip()?)?)?;
                world.deploy("another", &another).await?;
            }
            Self::Restore => world.lose_chat().await?,
            Self::Adopt => {
                world.lose_chat().await?;
                world.give_away().await?;
                world.unprotect();
            }
        }
        Ok(())
    }

    /// What is done to the chat.
    pub(super) async fn begin(self, world: &mut World) -> Result<(), Failed> {
        match self {
            Self::Create | Self::Restore | Self::Adopt => world.create_chat().await,
            Self::Update => world.edit_chat(&edited()).await,
            Self::Revert => world.edit_chat(&restored_and_protected()).await,
            // It is another handler that the next operator brings.
            Self::Fail | Self::Recover => Ok(()),
            Self::Delete => {
                world.edit_chat(&unprotected()).await?;
                world.delete_chat().await
            }
            Self::Release => world.delete_chat().await,
        }
    }

    /// Whether the operator has followed.
    pub(super) fn is_done(self, chat: Option<&WsChat>) -> bool {
        match self {
            Self::Create | Self::Update | Self::Revert | Self::Restore | Self::Adopt => {
                chat.is_some_and(newest_is_ready)
            }
            Self::Fail => chat.is_some_and(is_unhealthy),
            Self::Recover => chat.is_some_and(is_healthy),
            Self::Delete | Self::Release => chat.is_none(),
        }
    }

    /// Whether what was in the cloud before is there afterwards, and nothing else.
    pub(super) fn keeps_all(self) -> bool {
        matches!(self, Self::Restore | Self::Adopt | Self::Release)
    }

    /// Whether another version serves afterwards than before, if that is known.
    pub(super) fn moves_traffic(self) -> Option<bool> {
        match self {
            Self::Fail => Some(false),
            Self::Recover => Some(true),
            _ => None,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Revert => "revert",
            Self::Fail => "failing rollout",
            Self::Recover => "next rollout",
            Self::Restore => "restore",
            Self::Delete => "delete",
            Self::Adopt => "adopt",
            Self::Release => "release",
        })
    }
}
