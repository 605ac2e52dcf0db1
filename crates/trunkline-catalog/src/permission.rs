//! Permissions: what is ticked in the Developer Hub, what each allows, and what is lost without it (facts 2.3).
//!
//! The one rule: a permission covers another one only where its own words say so ("Read and write articles" reads
//! articles), since nobody publishes what covers what; a tick too many does less harm than a stream that stays empty. Read
//! `permission/fewest.rs` next.

mod fewest;
mod needs;

use std::sync::LazyLock;

use crate::load::permissions;

pub use fewest::fewest;
pub use needs::Need;

/// Where the Developer Hub lists a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PermissionGroup {
    /// Under "People & conversation data".
    People,
    /// Under "Workspace data".
    Workspace,
    /// Known only from refusals and from the lists of topics.
    Unlisted,
}

impl PermissionGroup {
    /// The heading in the Developer Hub; what is known of it, for the rest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::People => "People & conversation data",
            Self::Workspace => "Workspace data",
            Self::Unlisted => "not among the documented ones",
        }
    }
}

/// One permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The label in the Developer Hub; for those whose label nobody publishes, the name in refusals.
    pub label: &'static str,
    /// Where the Developer Hub lists it.
    pub group: PermissionGroup,
    /// What it is about, in a word: `people`, `conversations`, `knowledge`.
    pub family: &'static str,
    /// Names that refusals give it, such as `read_conversations`.
    pub names: Vec<&'static str>,
    /// Names that other products' documents give it, such as `read_contacts`, and other spellings.
    pub aliases: Vec<&'static str>,
    /// The lesser permissions that it makes needless.
    pub covers: Vec<Cover>,
    /// Streams that are read without it, but not whole.
    pub completes: Vec<&'static str>,
    /// A call that shows whether it is there and changes nothing.
    pub probe: Option<Probe>,
    /// What it allows, in our words.
    pub allows: &'static str,
    /// What is lost without it, in our words.
    pub cost: &'static str,
}

/// A lesser permission that another one makes needless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// The lesser one's label.
    pub label: &'static str,
    /// The families of operations that this holds for; all when empty.
    pub families: Vec<&'static str>,
}

/// A call that shows whether a permission is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The operation's id.
    pub operation: &'static str,
    /// Values of path and query, by name.
    pub parameters: Vec<(&'static str, &'static str)>,
    /// The JSON body, if there is one.
    pub body: Option<&'static str>,
}

/// How a name was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PermissionName {
    /// It is the label.
    Label,
    /// Refusals use it.
    InRefusals,
    /// Others use it; Intercom does not.
    Alias,
}

impl Permission {
    /// Whether it serves a need by itself.
    #[must_use]
    pub fn serves(&self, need: &Need) -> bool {
        need.any.contains(&self.label)
            || self.covers.iter().any(|cover| {
                need.any.contains(&cover.label)
                    && (cover.families.is_empty() || cover.families.contains(&need.family))
            })
    }

    fn called(&self, name: &str) -> Option<PermissionName> {
        let is = |known: &&str| normalized(known) == name;
        if is(&self.label) {
            Some(PermissionName::Label)
        } else if self.names.iter().any(is) {
            Some(PermissionName::InRefusals)
        } else if self.aliases.iter().any(is) {
            Some(PermissionName::Alias)
        } else {
            None
        }
    }
}

static EMBEDDED: LazyLock<Vec<Permission>> = LazyLock::new(|| {
    permissions::load(permissions::EMBEDDED).expect("a test reads the embedded table and finds it whole")
});

/// Every permission that is known, as the Developer Hub lists them.
#[must_use]
pub fn permissions() -> &'static [Permission] {
    &EMBEDDED
}

/// The permission of a label, of a name in refusals, or of a name that others use; blanks, underscores and case do not
/// matter.
#[must_use]
pub fn permission(name: &str) -> Option<(&'static Permission, PermissionName)> {
    let name = normalized(name);
    permissions()
        .iter()
        .find_map(|permission| Some((permission, permission.called(&name)?)))
}

/// `Read and List articles` and `read_and_list_articles` are one name.
pub(crate) fn normalized(name: &str) -> String {
    name.split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect::<Vec<_>>()
        .join("_")
}

#[cfg(test)]
mod tests;
