//! What a form or a query holds: names and values, as they were sent.
//!
//! The one rule: what was typed is kept as it was typed, so that a form which is shown again holds it; secrets alone are not shown
//! again.

use url::form_urlencoded;

/// The most fields of a form.
const MOST: usize = 1_000;

/// Names and values, in the order in which they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `a=1&b=2`.
    pub(crate) fn read(text: &[u8]) -> Self {
        Self(
            form_urlencoded::parse(text)
                .take(MOST)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// Fields as they would be sent, made of what is kept.
    pub(crate) fn from_pairs<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        Self(
            pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        )
    }

    /// Fields for a sample or a test.
    #[cfg(test)]
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        Self(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    /// The value of a field without the space around it; empty when it was not sent.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(found, _)| found == name)
            .map_or("", |(_, value)| value.trim())
    }

    /// A text of several lines with the space around it; a browser ends lines in its own way, which is taken back.
    pub(crate) fn whole(&self, name: &str) -> String {
        self.0
            .iter()
            .find(|(found, _)| found == name)
            .map_or_else(String::new, |(_, value)| value.replace("\r\n", "\n"))
    }

    /// The value of a field if there is anything in it.
    pub(crate) fn given(&self, name: &str) -> Option<String> {
        Some(self.get(name))
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
    }

    /// Whether a box was ticked.
    pub(crate) fn is_ticked(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// Whether a field was sent at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| found == name)
    }

    /// Every value of a field that is given more than once.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(found, value)| found == name && !value.trim().is_empty())
            .map(|(_, value)| value.trim().to_owned())
            .collect()
    }

    /// Everything that was sent.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The same with one more field.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Whether nothing was sent.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same without a field.
    pub(crate) fn without(&self, name: &str) -> Self {
        Self(
            self.0
                .iter()
                .filter(|(found, _)| found != name)
                .cloned()
                .collect(),
        )
    }

    /// As a query, with one field changed: for links to the next page.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (found, value) in self
            .0
            .iter()
            .filter(|(found, value)| found != name && !value.is_empty())
        {
            query.append_pair(found, value);
        }
        query.append_pair(name, value);
        query.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_found_as_it_was_sent() {
        let fields = Fields::read(b"name=+Zo%C3%AB+&box=on&s=a&s=b&empty=&n=1%2B1");
        assert_eq!(fields.get("name"), "Zoë");
        assert_eq!(fields.get("n"), "1+1");
        assert_eq!(fields.given("empty"), None);
        assert_eq!(Fields::read(b"t=+a%0D%0Ab%0D%0A").whole("t"), " a\nb\n");
        assert_eq!(fields.all("s"), ["a", "b"]);
        assert!(fields.is_ticked("box") && !fields.is_ticked("other") && fields.has("empty"));
        assert!(!fields.without("box").has("box") && fields.without("box").has("s"));
        assert_eq!(fields.with("s", "c"), "name=+Zo%C3%AB+&box=on&n=1%2B1&s=c");
    }
}
