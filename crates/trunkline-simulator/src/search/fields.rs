//! What searches know of a field, and what a row holds in it (facts 4.4). The fields themselves are in the files beside.

/// What a field holds, and so what it may be compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Time,
    Flag,
    /// Ids that only `=` and `!=` compare.
    Tag,
    /// Words of a longer text.
    Words,
    /// A custom attribute, whose type the row decides.
    Any,
}

/// A row's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Text(String),
    Number(i64),
    Flag(bool),
    List(Vec<String>),
}

impl Value {
    /// The words of a text, small, without its markup.
    pub(crate) fn words(html: &str) -> Self {
        let mut plain = String::with_capacity(html.len());
        let mut inside = false;
        for letter in html.chars() {
            match letter {
                '<' => inside = true,
                '>' => {
                    inside = false;
                    plain.push(' ');
                }
                letter if !inside => plain.extend(letter.to_lowercase()),
                _ => {}
            }
        }
        let words = plain
            .split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty());
        Self::List(words.map(str::to_owned).collect())
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Self::Null, Self::Number)
    }
}

impl From<&serde_json::Value> for Value {
    fn from(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::String(text) => Self::Text(text.clone()),
            serde_json::Value::Bool(flag) => Self::Flag(*flag),
            serde_json::Value::Number(number) => number
                .as_i64()
                .map_or_else(|| Self::Text(number.to_string()), Self::Number),
            _ => Self::Null,
        }
    }
}
