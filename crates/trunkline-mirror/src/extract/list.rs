//! The lists inside a record: the bare list, or an object that has it beside `total_count` and `has_more`.

use super::scan::{NotJson, Number, Scanner};

/// A list inside a record.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct List<'a> {
    /// The text of each item.
    pub items: Vec<&'a str>,
    /// Whether these are all: false when `has_more` says so or `total_count` is greater.
    pub complete: bool,
    /// What `total_count` states.
    pub total: Option<u64>,
}

impl<'a> List<'a> {
    /// Reads the list at a path in an object's text, such as the parts in a conversation; nothing after it is looked at.
    #[must_use]
    pub fn at(text: &'a str, path: &[&str]) -> Option<Self> {
        let mut start = 0;
        for step in path {
            start += Scanner::new(&text[start..]).find(step)?;
        }
        Self::read(&text[start..])
    }

    /// Reads a list; nothing when the text has none.
    #[must_use]
    pub fn read(text: &'a str) -> Option<Self> {
        let mut scanner = Scanner::new(text);
        let mut list = Self::default();
        let mut found = false;
        let mut has_more = false;
        let read = match scanner.peek() {
            Some(b'[') => {
                found = true;
                items(&mut scanner, &mut list.items)
            }
            Some(b'{') => scanner.object(|scanner, key| {
                let key = key.unescaped();
                match (key.as_deref(), scanner.peek()) {
                    (Some("total_count"), Some(b'0'..=b'9')) => {
                        if let Number::Integer(total) = scanner.number()? {
                            list.total = u64::try_from(total).ok();
                        }
                        Ok(())
                    }
                    (Some("has_more"), Some(b't' | b'f' | b'n')) => {
                        has_more = scanner.word()? == Some(true);
                        Ok(())
                    }
                    // Its name differs from one resource to the next; there is only one.
                    (_, Some(b'[')) if !found => {
                        found = true;
                        items(scanner, &mut list.items)
                    }
                    _ => scanner.skip(),
                }
            }),
            _ => return None,
        };
        list.complete = !has_more && list.total.is_none_or(|total| total <= list.items.len() as u64);
        (read.is_ok() && found).then_some(list)
    }
}

fn items<'a>(scanner: &mut Scanner<'a>, items: &mut Vec<&'a str>) -> Result<(), NotJson> {
    scanner.array(|scanner| {
        items.push(scanner.slice(Scanner::skip)?);
        Ok(())
    })
}

/// Calls `each` with every key of the object `text`; text that is no object has none.
pub fn keys(text: &str, mut each: impl FnMut(&str)) {
    let mut scanner = Scanner::new(text);
    // The text is a part of a record that was read already: what is wrong with it was found then.
    let _ = scanner.object(|scanner, key| {
        if let Some(key) = key.unescaped() {
            each(&key);
        }
        scanner.skip()
    });
}
