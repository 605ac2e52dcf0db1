//! What of a record counts when it is compared with what is held: everything but the signatures of addresses.
//!
//! The one rule: Intercom signs the addresses of files anew at every reading, so a signature says nothing about the record.
//! A record that differs in nothing else is unchanged, and the row keeps the addresses that it has.

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// What a signed address has in its query.
const SIGNATURE: &str = "signature=";
const EXPIRY: &str = "expires=";

/// The hash of a record without the queries of its signed addresses.
pub(super) fn hash(record: &str) -> i64 {
    // Hardly any record has one, and looking for it is quicker than hashing.
    if !record.contains(SIGNATURE) {
        return xxh3_64(record.as_bytes()).cast_signed();
    }
    let mut hasher = Xxh3::new();
    let mut rest = record;
    while let Some((before, query, after)) = next(rest) {
        hasher.update(before.as_bytes());
        if !(query.contains(SIGNATURE) && query.contains(EXPIRY)) {
            hasher.update(query.as_bytes());
        }
        rest = after;
    }
    hasher.update(rest.as_bytes());
    hasher.digest().cast_signed()
}

/// The next query of an address: what stands before it, the query, what comes after.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find('?')?;
    let ends =
        |byte: &u8| matches!(byte, b'"' | b'\\' | b'\'' | b'<' | b'>' | b')') || byte.is_ascii_whitespace();
    let length = text.as_bytes()[start..]
        .iter()
        .position(ends)
        .unwrap_or(text.len() - start);
    let (before, from) = text.split_at(start);
    let (query, after) = from.split_at(length);
    Some((before, query, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_signatures_of_addresses_do_not_count() {
        let file = |query: &str| format!(r#"{{"id":"1","url":"https://f.example/a.png{query}","name":"a"}}"#);
        let body = |query: &str| format!(r#"{{"body":"<img src=\"https://f.example/a{query}\"> ok?"}}"#);
        for (one, other, is_same) in [
            (
                file("?expires=1&signature=ab"),
                file("?expires=2&signature=cd"),
                true,
            ),
            (
                body("?expires=1&amp;signature=ab&amp;req=x"),
                body("?expires=2&amp;signature=cd&amp;req=y"),
                true,
            ),
            (file("?signature=ab&expires=1"), file(""), true),
            (file("?page=1"), file("?page=2"), false),
            (file("?signature=ab"), file("?signature=cd"), false),
            (
                file("?expires=1&signature=ab").replace("a.png", "b.png"),
                file("?expires=1&signature=ab"),
                false,
            ),
            (
                format!("{}{}", file("?expires=1&signature=ab"), file("?v=1")),
                format!("{}{}", file("?expires=2&signature=cd"), file("?v=2")),
                false,
            ),
            (
                r#"{"body":"signature=1 ? what"}"#.to_owned(),
                r#"{"body":"signature=1 ? that"}"#.to_owned(),
                false,
            ),
            (r#"é?signature=ü&expires="#.to_owned(), "é".to_owned(), true),
        ] {
            assert_eq!(hash(&one) == hash(&other), is_same, "{one} {other}");
        }
        assert_eq!(hash("{}"), xxh3_64(b"{}").cast_signed());
    }
}
