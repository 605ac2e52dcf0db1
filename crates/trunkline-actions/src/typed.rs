//! The common actions as methods, for programs.
//!
//! The one rule: a method is a name for a call and nothing more; what an action takes and gives stands in its descriptor, and
//! every other one is called by its id ([`Workspace::call`]).
//!
//! ```no_run
//! # async fn example(workspace: trunkline_actions::Workspace) -> Result<(), trunkline_actions::ActionError> {
//! use serde_json::json;
//!
//! let ann = json!({ "external_id": "customer-42", "email": "ann@example.com", "name": "Ann" });
//! let outcome = workspace.contacts().upsert(ann).await?;
//! println!("{}", outcome.output["outcome"]);
//! # Ok(())
//! # }
//! ```

use serde_json::Value;

use crate::{ActionError, CallOptions, Outcome, Workspace};

/// Makes a handle with a method for each of a family's common actions.
macro_rules! family {
    ($(#[$about:meta])* $handle:ident { $($(#[$what:meta])* $method:ident => $id:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug)]
        pub struct $handle<'w>(&'w Workspace);

        impl $handle<'_> {
            $(
                $(#[$what])*
                ///
                /// # Errors
                ///
                /// As [`Workspace::call`].
                pub async fn $method(&self, input: Value) -> Result<Outcome, ActionError> {
                    self.0.call($id, input, CallOptions::default()).await
                }
            )+

            /// The ids behind the methods.
            pub const ACTIONS: &'static [&'static str] = &[$($id),+];
        }
    };
}

family! {
    /// Contacts.
    Contacts {
        /// Makes a contact, or changes the one that is there: `contacts.upsert`.
        upsert => "contacts.upsert",
        /// Finds a contact, or makes it: `contacts.find_or_create`.
        find_or_create => "contacts.find_or_create",
        /// Finds a contact: `contacts.find`.
        find => "contacts.find",
        /// Puts a tag on a contact, or takes it off: `contacts.tag`.
        tag => "contacts.tag",
        /// Writes a note about a contact: `contacts.add_note`.
        add_note => "contacts.add_note",
        /// Removes a person with everything that is found of them: `contacts.erase`.
        erase => "contacts.erase",
    }
}

family! {
    /// Companies.
    Companies {
        /// Makes a company or changes it, and attaches contacts: `companies.upsert`.
        upsert => "companies.upsert",
        /// Finds one company: `companies.find_one`.
        find_one => "companies.find_one",
        /// Puts a tag on companies, or takes it off: `companies.tag`.
        tag => "companies.tag",
    }
}

family! {
    /// Conversations.
    Conversations {
        /// Finds the newest conversation of a contact: `conversations.find_last`.
        find_last => "conversations.find_last",
        /// Replies, or writes a note: `conversations.answer`.
        answer => "conversations.answer",
        /// Assigns to a teammate, a team, nobody or by rules: `conversations.assign`.
        assign => "conversations.assign",
        /// Snoozes until a time: `conversations.snooze`.
        snooze => "conversations.snooze",
        /// Closes: `conversations.close`.
        close => "conversations.close",
        /// Opens what is snoozed or closed: `conversations.open`.
        open => "conversations.open",
    }
}

impl Workspace {
    /// The common actions on contacts.
    #[must_use]
    pub const fn contacts(&self) -> Contacts<'_> {
        Contacts(self)
    }

    /// The common actions on companies.
    #[must_use]
    pub const fn companies(&self) -> Companies<'_> {
        Companies(self)
    }

    /// The common actions on conversations.
    #[must_use]
    pub const fn conversations(&self) -> Conversations<'_> {
        Conversations(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_stands_for_an_action_that_exists() {
        for id in [Contacts::ACTIONS, Companies::ACTIONS, Conversations::ACTIONS].concat() {
            assert!(crate::action(id).is_ok(), "{id}");
        }
    }
}
