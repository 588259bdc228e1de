//! Why a condition has its status: what each reason means, what leads to it and
//! what to do. `docs/status.md` is made from this ([`crate::page`]).

use std::fmt;

/// What a person wants to know about a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What is the case.
    pub meaning: &'static str,
    /// What leads to it.
    pub cause: &'static str,
    /// What to do; it says so when that is nothing.
    pub remedy: &'static str,
}

/// Whether somebody has to look into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// Things go their way.
    Calm,
    /// Something is wrong.
    Trouble,
}

/// One list, so that no reason can lack its name or its advice.
macro_rules! reasons {
    ($($reason:ident $mood:ident { meaning: $meaning:literal, cause: $cause:literal, remedy: $remedy:literal })+) => {
        /// Why a condition has its status. The set is closed, so that reasons
        /// may be labels of metrics.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason {
            $(#[doc = $meaning] $reason,)+
        }

        impl Reason {
            /// All reasons, in the order of `docs/status.md`.
            pub const ALL: &[Self] = &[$(Self::$reason),+];

            /// The name that is written.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$reason => stringify!($reason),)+
                }
            }

            /// What it means, what leads to it and what to do.
            #[must_use]
            pub fn advice(self) -> Advice {
                match self {
                    $(Self::$reason => Advice { meaning: $meaning, cause: $cause, remedy: $remedy },)+
                }
            }

            fn mood(self) -> Mood {
                match self {
                    $(Self::$reason => Mood::$mood,)+
                }
            }
        }
    };
}

reasons! {
    Ready Calm {
        meaning: "It is as wished.",
        cause: "All of it was seen to work.",
        remedy: "Nothing."
    }
    UpToDate Calm {
        meaning: "There is nothing to do.",
        cause: "What serves is what the spec asks for.",
        remedy: "Nothing."
    }
    Provisioning Calm {
        meaning: "The cloud is making it.",
        cause: "The chat is new, or something of it was lost and is made anew.",
        remedy: "Wait: a database takes the longest, a minute or so."
    }
    Blocked Calm {
        meaning: "It waits for another part of the chat, which the message names.",
        cause: "Parts are made in order: the function needs the database, the gateway needs the function.",
        remedy: "Look at the condition of the part that it waits for."
    }
    Probing Calm {
        meaning: "Everything is made, and no message has made the whole round trip yet.",
        cause: "A new trigger may need up to 5 minutes before it reads its topic.",
        remedy: "Wait; after five and a half minutes the reason becomes ProbeFailed."
    }
    Updating Calm {
        meaning: "It serves, and is being changed.",
        cause: "Somebody changed the WsChat or the cloud side, or the operator was upgraded.",
        remedy: "Nothing."
    }
    Suspended Calm {
        meaning: "The operator leaves the cloud alone.",
        cause: "`spec.suspend` is true.",
        remedy: "Set `spec.suspend` to false. Deleting the WsChat works also while it is suspended."
    }
    Deleting Calm {
        meaning: "The cloud side is being removed.",
        cause: "The WsChat was deleted.",
        remedy: "Wait; the WsChat goes when everything was seen to be gone."
    }
    DeletionProtected Trouble {
        meaning: "The chat is to be deleted, and its database is protected.",
        cause: "`spec.database.deletionProtection` is true.",
        remedy: "Set it to false to let the chat go with its database, or set `spec.deletionPolicy` to Retain to keep the cloud side."
    }
    Invalid Trouble {
        meaning: "The spec asks for what the cloud or the operator refuses.",
        cause: "A value that the API server couldn't check; the message names it.",
        remedy: "Change the spec. A chat that serves goes on serving as it was."
    }
    FolderNotAllowed Trouble {
        meaning: "The namespace may not use the folder.",
        cause: "`spec.folderId` names a folder that isn't the operator's own, and the chat has no credentials of its own.",
        remedy: "Leave `spec.folderId` out, start the operator with `--allow-folder NAMESPACE=FOLDER`, or give the chat a key of its own (`spec.credentialsSecretRef`)."
    }
    NotFound Trouble {
        meaning: "The folder, or something else that must exist, doesn't.",
        cause: "A wrong `spec.folderId` or `--folder-id`, or the folder was deleted.",
        remedy: "Correct the id. The operator looks again by itself."
    }
    Conflict Trouble {
        meaning: "The cloud has something of the same name that isn't this chat's.",
        cause: "Somebody made it by hand, or another installation did.",
        remedy: "Rename or remove it, or delete the WsChat and make it anew with `spec.names`. Or give it to the chat: label it `wschat-adopt` with the value of `status.installationId`; it is changed as the spec asks for, and never deleted. The operator touches nothing else that isn't its own."
    }
    Duplicate Trouble {
        meaning: "Two things in the cloud carry this chat's labels; the older one is kept.",
        cause: "Somebody copied one with its labels.",
        remedy: "Delete the younger one, which the message names."
    }
    Unheeded Trouble {
        meaning: "The cloud carried out a change, and keeps the value otherwise. What serves goes on serving.",
        cause: "The cloud writes the value in another form, or something else changes it back at once.",
        remedy: "Write into the spec what the cloud keeps; the message names the fields. The operator asks for the same change once a day."
    }
    InstallationChanged Trouble {
        meaning: "Another installation of the operator made this chat.",
        cause: "The cluster was restored elsewhere, or `--installation-id` changed.",
        remedy: "Start the operator with `--installation-id` and the id that the message names."
    }
    InvalidCredentials Trouble {
        meaning: "The cloud refuses the credentials: the operator's, or those of the Secret that the message names.",
        cause: "The key was deleted or belongs to another cloud, or the token has expired.",
        remedy: "Put a new authorized key where the old one is; it is used without a restart."
    }
    CredentialsMissing Trouble {
        meaning: "The Secret that `spec.credentialsSecretRef` names isn't there, or has no such key in it.",
        cause: "It wasn't made yet, or was deleted, or is called otherwise.",
        remedy: "Make it in the chat's namespace (`kubectl create secret generic NAME --from-file=key.json`). The operator goes on by itself. To let a chat go without it, set `spec.deletionPolicy` to Retain: its cloud side stays."
    }
    CredentialsUnreadable Trouble {
        meaning: "What is in the Secret isn't an authorized key.",
        cause: "Another file was put into it, or only a part of one.",
        remedy: "Put a key into it as `yc iam key create` writes it. The operator goes on by itself."
    }
    CredentialsForbidden Trouble {
        meaning: "The operator may not read or hold Secrets in the chat's namespace.",
        cause: "The chart was installed with `chatCredentials.enabled=false`, or its roles were changed.",
        remedy: "Set `chatCredentials.enabled=true` in the chart's values, or take `spec.credentialsSecretRef` out."
    }
    PermissionDenied Trouble {
        meaning: "A role is missing; the message names the likely one.",
        cause: "It was never given, or was taken away, or was given less than 5 minutes ago.",
        remedy: "Give it to the operator's service account ([permissions.md](permissions.md)). The operator goes on by itself."
    }
    QuotaExceeded Trouble {
        meaning: "A quota of the cloud is full.",
        cause: "The cloud holds as many of these as it may.",
        remedy: "Raise the quota in the cloud's console (Quotas), or delete what isn't needed. The operator goes on by itself."
    }
    CloudUnavailable Trouble {
        meaning: "The cloud doesn't answer, or asks for patience.",
        cause: "An outage, a network that is cut, or too many calls.",
        remedy: "Nothing, unless it lasts: then look at the network between operator and cloud."
    }
    OperationFailed Trouble {
        meaning: "The cloud accepted a change and couldn't carry it out, or something broke later.",
        cause: "The cloud's own reasons, which the message repeats.",
        remedy: "The operator tries again. What is broken for good has to be deleted in the cloud; it is then made anew."
    }
    DatabaseFailed Trouble {
        meaning: "The database refused a statement, or can't be reached.",
        cause: "The network, YDB's limits on schema operations, or tables that somebody changed.",
        remedy: "Nothing, unless it lasts: then compare the tables with `migrations/`."
    }
    DatabaseLost Trouble {
        meaning: "The database is gone, with the connections and messages that were in it.",
        cause: "Somebody deleted it in the cloud.",
        remedy: "Restore it in the cloud, or delete the WsChat and make it anew. The operator never makes a lost database anew by itself."
    }
    Unhealthy Trouble {
        meaning: "The new version of the function doesn't answer the health event well, and doesn't serve. What served before still does.",
        cause: "A role of the chat's account hasn't spread yet, or the handler can't use its database or topic.",
        remedy: "Wait 5 minutes for roles; then read the function's log. Changing the spec back ends it too."
    }
    ProbeFailed Trouble {
        meaning: "No message made the round trip through gateway, function, topic and trigger.",
        cause: "The operator can't reach the gateway, or the trigger doesn't read its topic.",
        remedy: "Open the URL from elsewhere; read the logs of function and trigger. The operator tries again."
    }
    Unreachable Trouble {
        meaning: "The cloud has all of the chat, and the operator can't talk to it.",
        cause: "The function fails or has no room for calls; or it is only the operator's own way to the gateway (egress policy, DNS).",
        remedy: "Join the chat from elsewhere. If that works, look at the operator's network; if not, read the function's log. The operator tries again each minute."
    }
}

impl Reason {
    /// The reason of this name, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|reason| reason.as_str() == name)
    }

    /// Whether things go their way: nobody has to look into it.
    #[must_use]
    pub fn is_calm(self) -> bool {
        self.mood() == Mood::Calm
    }
}

/// What an Event tells, beside conditions that became True and trouble, whose
/// Events have the names of the condition and of the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Occasion {
    /// Something was made in the cloud.
    Created,
    /// Something was gone from the cloud, and was made anew.
    Remade,
    /// Something was changed, since the spec or the operator changed.
    Updated,
    /// Something was changed back, since somebody had changed it in the cloud.
    DriftRepaired,
    /// Something that was there was taken over, since its label allowed it.
    Adopted,
    /// The chat was deleted, and what it had adopted stays.
    Released,
}

impl Occasion {
    /// All of them, in the order of `docs/status.md`.
    pub const ALL: [Self; 6] = [
        Self::Created,
        Self::Remade,
        Self::Updated,
        Self::DriftRepaired,
        Self::Adopted,
        Self::Released,
    ];

    /// Of a change to something that was, or wasn't, as the newest spec wants it
    /// when it was seen last.
    #[must_use]
    pub fn of_change(was_as_wished: bool) -> Self {
        if was_as_wished {
            Self::DriftRepaired
        } else {
            Self::Updated
        }
    }

    /// Of making something that was, or wasn't, there before.
    #[must_use]
    pub fn of_creation(was_there: bool) -> Self {
        if was_there {
            Self::Remade
        } else {
            Self::Created
        }
    }

    /// The Event's reason.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::Remade => "Remade",
            Self::Updated => "Updated",
            Self::DriftRepaired => "DriftRepaired",
            Self::Adopted => "Adopted",
            Self::Released => "Released",
        }
    }

    /// What happened.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Created => "something was made in the cloud",
            Self::Remade => "something was gone from the cloud, and was made anew",
            Self::Updated => "something was changed, since the spec or the operator changed",
            Self::DriftRepaired => {
                "something was changed back, since somebody had changed it in the cloud"
            }
            Self::Adopted => {
                "something that was there was taken over, since its label `wschat-adopt` allows it"
            }
            Self::Released => "the WsChat was deleted, and what it had adopted stays in the cloud",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_found_by_its_name() {
        for reason in Reason::ALL {
            assert_eq!(Reason::named(reason.as_str()), Some(*reason));
        }
        assert_eq!(Reason::named("Sunday"), None);
    }

    #[test]
    fn advice_is_in_sentences() {
        for reason in Reason::ALL {
            let Advice {
                meaning,
                cause,
                remedy,
            } = reason.advice();
            for text in [meaning, cause, remedy] {
                assert!(text.ends_with('.') && text.len() > 5, "{reason}: {text:?}");
            }
            let helpless = remedy == "Nothing." && !reason.is_calm();
            assert!(!helpless, "{reason} is trouble and has no remedy");
        }
    }
}
