//! A field of an action: its name, its type, and what may stand in it.

use trunkline_catalog::{FieldType, Version};

use crate::time::TimeForm;

/// Where the value of a field goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Into the path.
    Path,
    /// Into the query.
    Query,
    /// Into the body.
    Payload,
    /// To the module, which makes of it what it must.
    Module,
}

impl Place {
    /// The word for it: `path`, `query`, `payload` or `module`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Payload => "payload",
            Self::Module => "module",
        }
    }
}

/// A field of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name; dotted within an object, with `[]` after a list (`filters[].field`).
    pub name: &'static str,
    /// Names that are taken for it too, such as those of older versions of the API.
    pub aliases: &'static [&'static str],
    /// Its type.
    pub field_type: FieldType,
    /// For a time: the form in which it is sent.
    pub time: Option<TimeForm>,
    /// Whether the action is refused without it.
    pub required: bool,
    /// Whether null is a value of its own.
    pub nullable: bool,
    /// The allowed values; empty when any is allowed.
    pub choices: Vec<&'static str>,
    /// Where the value goes.
    pub place: Place,
    /// Fields with the same group exclude each other; of a required group exactly one is given.
    pub group: Option<Group>,
    /// The list from which a person picks a value, a name of `trunkline lookup`.
    pub lookup: Option<&'static str>,
    /// One line in our words; empty for what the catalog generates.
    pub help: &'static str,
    /// What it is when it is not given.
    pub default: Option<&'static str>,
    /// The versions that have it.
    pub versions: (Version, Version),
    /// For a body with alternatives: the number of the alternative, from 1; 0 when it belongs to all.
    pub alternative: u8,
}

/// Fields of which at most one is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    /// Its name, for errors and documents, such as `contact`.
    pub name: &'static str,
    /// Whether one must be given.
    pub required: bool,
}

impl Field {
    /// A field of a module.
    #[must_use]
    pub const fn new(name: &'static str, field_type: FieldType, help: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            field_type,
            time: None,
            required: false,
            nullable: false,
            choices: Vec::new(),
            place: Place::Module,
            group: None,
            lookup: None,
            help,
            default: None,
            versions: (Version::ALL[0], Version::Preview),
            alternative: 0,
        }
    }

    /// Text.
    #[must_use]
    pub const fn text(name: &'static str, help: &'static str) -> Self {
        Self::new(name, FieldType::String, help)
    }

    /// Yes or no.
    #[must_use]
    pub const fn flag(name: &'static str, help: &'static str) -> Self {
        Self::new(name, FieldType::Boolean, help)
    }

    /// A whole number.
    #[must_use]
    pub const fn integer(name: &'static str, help: &'static str) -> Self {
        Self::new(name, FieldType::Integer, help)
    }

    /// A list.
    #[must_use]
    pub const fn list(name: &'static str, help: &'static str) -> Self {
        Self::new(name, FieldType::Array, help)
    }

    /// An object with names of the user's own.
    #[must_use]
    pub const fn object(name: &'static str, help: &'static str) -> Self {
        Self::new(name, FieldType::Object, help)
    }

    /// A moment; the module reads it as unix seconds.
    #[must_use]
    pub const fn moment(name: &'static str, help: &'static str) -> Self {
        let mut field = Self::new(name, FieldType::Integer, help);
        field.time = Some(TimeForm::UnixSeconds);
        field
    }

    /// One of a few words.
    #[must_use]
    pub fn choice(name: &'static str, choices: &[&'static str], help: &'static str) -> Self {
        Self {
            choices: choices.to_vec(),
            ..Self::new(name, FieldType::String, help)
        }
    }

    /// How many rows are handed out at most.
    #[must_use]
    pub const fn limit() -> Self {
        Self::integer("limit", "The most rows; all when it is left out.")
    }

    /// The three ways to name a contact, of which exactly one is used.
    #[must_use]
    pub fn contact(required: bool) -> Vec<Self> {
        let group = Group {
            name: "contact",
            required,
        };
        vec![
            Self::text("contact_id", "The contact, by Intercom's id.")
                .in_group(group)
                .picked_from("contacts"),
            Self::text("external_id", "The contact, by the id that your own system gave.").in_group(group),
            Self::text("email", "The contact, by email address.").in_group(group),
        ]
    }

    /// A conversation: an id, or `last` for the newest one of a contact.
    #[must_use]
    pub fn conversation() -> Vec<Self> {
        let mut fields = vec![
            Self::text(
                "conversation_id",
                "The conversation, or `last` for the newest one of the contact.",
            )
            .required(),
        ];
        fields.extend(Self::contact(false));
        fields
    }

    /// Makes it required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Lets null stand for "take the value away".
    #[must_use]
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// Takes other names for it too.
    #[must_use]
    pub const fn or_named(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Names the list that it is picked from.
    #[must_use]
    pub const fn picked_from(mut self, lookup: &'static str) -> Self {
        self.lookup = Some(lookup);
        self
    }

    /// Puts it into a group of which at most one is given.
    #[must_use]
    pub const fn in_group(mut self, group: Group) -> Self {
        self.group = Some(group);
        self
    }

    /// Says what it is when it is not given.
    #[must_use]
    pub const fn default_to(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// Says from which version on it is there.
    #[must_use]
    pub const fn since(mut self, version: Version) -> Self {
        self.versions.0 = version;
        self
    }

    /// Whether `name` is its name or one of its other names.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}
