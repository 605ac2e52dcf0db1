//! Why the store could not do what was asked; each with a code and a page under `docs/errors/`.
//!
//! The one rule: no value that was to be written stands in an error, since any of them may be a secret.

use std::path::PathBuf;

/// Why the store could not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store cannot be opened.
    #[error("the store {place} cannot be opened: {reason}")]
    CannotOpen {
        /// The file, or the server without its password.
        place: String,
        /// What is in the way.
        reason: String,
    },
    /// It was written by a newer Trunkline.
    #[error("the store {place} has format {found}, and this Trunkline knows formats up to {known}")]
    TooNew {
        /// The file or server.
        place: String,
        /// Its format.
        found: i64,
        /// The newest known format.
        known: i64,
    },
    /// There is no room on the disk.
    #[error("the disk is full: nothing of this was written")]
    Full,
    /// The database refused or did not answer.
    #[error("the database could not {doing}: {reason}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What the database says.
        reason: String,
    },
    /// The key does not open the secrets that are kept.
    #[error("the key from {source_of_key} does not open the secrets of this store")]
    WrongKey {
        /// Where the key came from.
        source_of_key: String,
    },
    /// The key cannot be used.
    #[error("the key from {source_of_key} cannot be used: {reason}")]
    BadKey {
        /// Where the key came from.
        source_of_key: String,
        /// Why not.
        reason: String,
    },
    /// A store is to be put where there is one.
    #[error("the database has a store already")]
    NotEmpty,
    /// There is nothing of that name.
    #[error("there is no {kind} `{name}`")]
    NotFound {
        /// Such as `connection`.
        kind: &'static str,
        /// The name as asked for.
        name: String,
    },
    /// The name is taken.
    #[error("there is a {kind} `{name}` already")]
    Exists {
        /// Such as `connection`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// Others depend on it.
    #[error("the {kind} `{name}` is used by {users}")]
    InUse {
        /// Such as `app`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// Who uses it.
        users: String,
    },
    /// A value cannot be.
    #[error("{what} {reason}")]
    Invalid {
        /// What was given, such as ``the name `a b` ``.
        what: String,
        /// Why it cannot be.
        reason: &'static str,
    },
    /// What is stored cannot be read.
    #[error("the store holds something that cannot be read: {what}")]
    Damaged {
        /// What was found, without its value.
        what: String,
    },
    /// Somebody else changed it in the meantime.
    #[error("somebody else changed this in the meantime")]
    Unmet,
    /// Another process took it over, or it has ended.
    #[error("the {kind} {name} is no longer held by who began it")]
    NotHeld {
        /// Such as `run`.
        kind: &'static str,
        /// Its id.
        name: String,
    },
    /// A flow that is to be removed still has something.
    #[error("the flow `{name}` still has {what}")]
    FlowHolds {
        /// The flow's name.
        name: String,
        /// What and how much of it.
        what: String,
    },
    /// What was to be settled does not wait in its lane.
    #[error("not everything that was to be settled waits in lane {lane}")]
    NotWaiting {
        /// The lane's number.
        lane: i64,
    },
    /// The folder cannot be used.
    #[error("{} cannot be used as the data folder: {reason}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A file of a backup cannot be used.
    #[error("{} cannot be written: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl StoreError {
    /// The code, with a page under `docs/errors/`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CannotOpen { .. } => "TL0501",
            Self::TooNew { .. } => "TL0502",
            Self::Full => "TL0503",
            Self::Database { .. } => "TL0504",
            Self::WrongKey { .. } => "TL0505",
            Self::BadKey { .. } => "TL0506",
            Self::NotFound { .. } => "TL0507",
            Self::Exists { .. } => "TL0508",
            Self::InUse { .. } => "TL0509",
            Self::Invalid { .. } => "TL0510",
            Self::Damaged { .. } => "TL0511",
            Self::Unmet => "TL0512",
            Self::Folder { .. } => "TL0513",
            Self::File { .. } => "TL0517",
            Self::NotHeld { .. } => "TL0518",
            Self::NotEmpty => "TL0519",
            Self::FlowHolds { .. } => "TL0880",
            Self::NotWaiting { .. } => "TL0881",
        }
    }

    /// One line on what to do.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::CannotOpen { .. } => {
                "Check the path and its permissions, or the server's address, user and database.".to_owned()
            }
            Self::TooNew { .. } => {
                "Use the Trunkline that wrote it, or a newer one; or restore a backup of the older format.".to_owned()
            }
            Self::Full => "Make room on the disk; what is sent again then is kept.".to_owned(),
            Self::Database { .. } => "Look at the database's own log; the same thing may be tried again.".to_owned(),
            Self::WrongKey { .. } => {
                "Give the key that the store was made with: its `secret.key`, or TRUNKLINE_SECRET_KEY.".to_owned()
            }
            Self::BadKey { .. } => {
                "It must be a key that Trunkline made; a file that holds it must be readable by its owner alone (chmod 600).".to_owned()
            }
            Self::NotFound { kind, .. } => {
                let lists = match *kind {
                    "flow" => "flow list",
                    "flow run" => "flow runs",
                    "dead letter" => "flow dead-letters",
                    "delivery" => "flow deliveries NAME",
                    "batch" => "batches list",
                    "person" => "people list",
                    other => return format!("`trunkline {other}s list` shows which there are."),
                };
                format!("`trunkline {lists}` shows which there are.")
            }
            Self::Exists { .. } => "Choose another name, or remove the one that is there first.".to_owned(),
            Self::InUse { .. } => "Remove or change those first.".to_owned(),
            Self::Invalid { .. } => "Write it as the message says.".to_owned(),
            Self::Damaged { .. } => "Restore the last backup, or write to the maintainers with this message.".to_owned(),
            Self::Unmet => "Look at it as it is now, and try again.".to_owned(),
            Self::NotHeld { .. } => "Look at what became of it; whoever holds it now finishes it.".to_owned(),
            Self::FlowHolds { .. } => {
                "Let it finish and empty what is left, or say that all of this is removed with it.".to_owned()
            }
            Self::NotWaiting { .. } => "Settle only what was claimed, each of it once.".to_owned(),
            Self::File { .. } => "Name a file that is not there yet, in a folder that can be written to.".to_owned(),
            Self::Folder { .. } => "Name a folder that can be written to, with `--data`.".to_owned(),
            Self::NotEmpty => "Name an empty database.".to_owned(),
        }
    }
}
