//! A difference between the simulator and a description, in words that stay the same from run to run.

use serde::Serialize;

/// What kind of difference; the later ones weigh less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Class {
    /// The simulator does not know the operation.
    NotSimulated,
    /// The recipe could not be followed.
    NotPrepared,
    /// A success was documented and something else came.
    Status,
    /// The answer's fields and the schema disagree.
    Schema,
    /// A refusal is not the documented one.
    Refusal,
    /// The answer has a field that the schema does not know.
    Undocumented,
    /// The documented example shows what the answer lacks.
    Example,
}

impl Class {
    pub(super) const ALL: [Self; 7] = [
        Self::NotSimulated,
        Self::NotPrepared,
        Self::Status,
        Self::Schema,
        Self::Refusal,
        Self::Undocumented,
        Self::Example,
    ];

    /// Whether it speaks against the operation even when nobody is strict.
    pub(super) fn is_strong(self) -> bool {
        !matches!(self, Self::Undocumented | Self::Example)
    }

    /// Whether there was no documented answer to look at.
    pub(super) fn hides_the_answer(self) -> bool {
        matches!(self, Self::NotSimulated | Self::NotPrepared | Self::Status)
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::NotSimulated => "not simulated yet",
            Self::NotPrepared => "not prepared: a recipe could not be followed",
            Self::Status => "another status than the documented success",
            Self::Schema => "against the schema",
            Self::Refusal => "refusals other than documented",
            Self::Undocumented => "fields that the schema does not know (weak)",
            Self::Example => "shown by the documented example, lacking in the answer (weak)",
        }
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Difference {
    pub(super) class: Class,
    /// The catalog's id of the operation.
    pub(super) operation: &'static str,
    /// Where in the answer, such as `$.data[].id`; before it the status of a refusal, such as `404 $`.
    pub(super) path: String,
    /// Where in the description, such as `tag.id`; empty when it is about no schema.
    pub(super) place: String,
    pub(super) what: String,
}

impl Difference {
    /// The place in the description, which several operations may share; the path where there is none.
    pub(super) fn spot(&self) -> &str {
        if self.place.is_empty() {
            &self.path
        } else {
            &self.place
        }
    }
}
