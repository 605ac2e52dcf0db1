//! What modules and fields of other systems are called here: words by which people find an action.
//!
//! The one rule: the table names only what is there; `tests/it/names.rs` holds every row against the actions. Read
//! `overlays/names.tsv` next.

use std::sync::LazyLock;

const TABLE: &str = include_str!("../overlays/names.tsv");

static NAMES: LazyLock<Vec<Name>> = LazyLock::new(|| rows(TABLE));

/// A module or a field of another system, with what answers it here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// The system, such as `Alumio`.
    pub system: &'static str,
    /// Its module, as it is called there.
    pub module: &'static str,
    /// A field of the module; empty for the module itself.
    pub field: &'static str,
    /// The id of an action, or `command:` and a command of the binary.
    pub action: &'static str,
    /// The fields of the action, or options and arguments of the command, with `|` between them.
    pub our_field: &'static str,
    /// What is different, in a few words.
    pub note: &'static str,
}

impl Name {
    /// The fields that answer it, each by its name.
    pub fn our_fields(&self) -> impl Iterator<Item = &'static str> {
        self.our_field.split('|').filter(|field| !field.is_empty())
    }

    /// Whether it is mentioned by all of these words, which are in lower case.
    #[must_use]
    pub fn mentions(&self, words: &[String]) -> bool {
        let text = format!("{} {} {}", self.system, self.module, self.field).to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    }

    /// The command that answers it, where no action does.
    #[must_use]
    pub fn command(&self) -> Option<&'static str> {
        self.action.strip_prefix("command:")
    }
}

/// Every module and field of other systems, in the order of the table.
#[must_use]
pub fn names() -> &'static [Name] {
    &NAMES
}

/// The modules and fields that an action answers.
pub fn names_of(action: &str) -> impl Iterator<Item = &'static Name> {
    names().iter().filter(move |name| name.action == action)
}

/// The rows; a line that has not six columns is left out, and the tests count.
fn rows(table: &'static str) -> Vec<Name> {
    table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .skip(1)
        .filter_map(|line| {
            let mut cells = line.split('\t');
            Some(Name {
                system: cells.next()?,
                module: cells.next()?,
                field: cells.next()?,
                action: cells.next()?,
                our_field: cells.next()?,
                note: cells.next()?,
            })
        })
        .collect()
}
