//! How a filter compares, in words and in Intercom's own signs.

/// How a filter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equals,
    NotEquals,
    In,
    NotIn,
    Greater,
    Less,
    AtLeast,
    AtMost,
    Contains,
    NotContains,
    Starts,
    Ends,
    Empty,
    NotEmpty,
}

/// Intercom's sign, then the words; the first word is the one in documents and errors.
const WORDS: &[(Operator, &str, &[&str])] = &[
    (
        Operator::Equals,
        "=",
        &["equals", "equal", "equals_to", "equal_to", "eq", "is", "=="],
    ),
    (
        Operator::NotEquals,
        "!=",
        &[
            "not_equals",
            "not_equal",
            "not_equals_to",
            "not_equal_to",
            "ne",
            "neq",
            "is_not",
            "<>",
        ],
    ),
    (Operator::In, "IN", &["in", "one_of", "is_one_of", "any_of"]),
    (
        Operator::NotIn,
        "NIN",
        &["not_in", "nin", "none_of", "is_none_of"],
    ),
    (
        Operator::Greater,
        ">",
        &[
            "greater_than",
            "greater",
            "gt",
            "more_than",
            "after",
            "later_than",
        ],
    ),
    (
        Operator::Less,
        "<",
        &[
            "less_than",
            "less",
            "lower_than",
            "lt",
            "fewer_than",
            "before",
            "earlier_than",
        ],
    ),
    (
        Operator::AtLeast,
        ">=",
        &[
            "at_least",
            "greater_or_equal",
            "greater_than_or_equal",
            "greater_than_or_equal_to",
            "gte",
            "since",
            "on_or_after",
        ],
    ),
    (
        Operator::AtMost,
        "<=",
        &[
            "at_most",
            "less_or_equal",
            "less_than_or_equal",
            "less_than_or_equal_to",
            "lte",
            "until",
            "on_or_before",
        ],
    ),
    (
        Operator::Contains,
        "~",
        &["contains", "contain", "includes", "like"],
    ),
    (
        Operator::NotContains,
        "!~",
        &[
            "not_contains",
            "not_contain",
            "does_not_contain",
            "excludes",
            "not_like",
        ],
    ),
    (
        Operator::Starts,
        "^",
        &["starts_with", "start_with", "begins_with", "prefix"],
    ),
    (Operator::Ends, "$", &["ends_with", "end_with", "suffix"]),
    (
        Operator::Empty,
        "is_empty",
        &["is_empty", "empty", "is_null", "is_unknown"],
    ),
    (
        Operator::NotEmpty,
        "is_not_empty",
        &[
            "is_not_empty",
            "not_empty",
            "is_not_null",
            "is_set",
            "has_any_value",
        ],
    ),
];

impl Operator {
    /// The operator of a word or a sign; spaces and hyphens are as good as underscores.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let word = text.to_lowercase().replace([' ', '-'], "_");
        WORDS
            .iter()
            .find(|(_, sign, words)| *sign == text || words.contains(&word.as_str()))
            .map(|(operator, ..)| *operator)
    }

    /// The word for it.
    pub(super) fn word(self) -> &'static str {
        WORDS
            .iter()
            .find(|(operator, ..)| *operator == self)
            .map_or("", |(_, _, words)| words[0])
    }

    /// Intercom's sign for it.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Empty => "=",
            Self::NotEmpty => "!=",
            other => WORDS
                .iter()
                .find(|(operator, ..)| *operator == other)
                .map_or("", |(_, sign, _)| *sign),
        }
    }

    /// All words, for errors.
    pub(super) fn words() -> String {
        let all: Vec<&str> = WORDS.iter().map(|(_, _, words)| words[0]).collect();
        all.join(", ")
    }

    /// Whether it compares with a list.
    pub(super) const fn takes_list(self) -> bool {
        matches!(self, Self::In | Self::NotIn)
    }

    /// Whether it needs no value.
    pub(super) const fn needs_no_value(self) -> bool {
        matches!(self, Self::Empty | Self::NotEmpty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_read_as_people_write_them() {
        for (text, expected) in [
            ("=", Some(Operator::Equals)),
            ("Equals to", Some(Operator::Equals)),
            ("Not Equals", Some(Operator::NotEquals)),
            ("!=", Some(Operator::NotEquals)),
            ("greater-than", Some(Operator::Greater)),
            ("IN", Some(Operator::In)),
            ("nin", Some(Operator::NotIn)),
            ("CONTAINS", Some(Operator::Contains)),
            ("^", Some(Operator::Starts)),
            ("is empty", Some(Operator::Empty)),
            ("===", None),
            ("", None),
            ("matches", None),
        ] {
            assert_eq!(Operator::read(text), expected, "{text}");
        }
        for (operator, sign, _) in WORDS {
            assert!(
                !operator.word().is_empty() && !operator.sign().is_empty(),
                "{sign}"
            );
        }
    }
}
