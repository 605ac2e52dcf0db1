//! What fuzz targets call: readers of what callers send, with any bytes.
//!
//! The one rule: each either gives an answer or refuses; a panic is a finding. The targets are in `fuzz/` at the root, and an
//! ordinary test calls the same functions with random bytes, so that they cannot rot.

use crate::{
    body, intake,
    paging::Cursor,
    search::{self, Plan, Times, company_fields, contact_fields, conversation_fields, fields, ticket_fields},
};

/// What tells the kind of a field.
type KindOf = fn(&str) -> Option<fields::Kind>;

/// Compiles a search's body for every resource in both ways of reading times, and runs the filter over a few made-up rows.
pub fn search_compiler(bytes: &[u8]) {
    let Ok(body) = body::read(None, bytes) else { return };
    let zone = jiff::tz::TimeZone::get("America/Los_Angeles").unwrap_or(jiff::tz::TimeZone::UTC);
    Plan::read(&body, 20, 150).ok();
    let all: [KindOf; 4] = [
        contact_fields::kind,
        conversation_fields::kind,
        ticket_fields::kind,
        company_fields::kind,
    ];
    for kind_of in all {
        for times in [Times::Seconds, Times::Days(&zone)] {
            for query in [&body, &body["query"]] {
                let Ok(filter) = search::compile(query, &kind_of, times) else {
                    continue;
                };
                filter.earliest();
                for held in [
                    fields::Value::Null,
                    fields::Value::Number(i64::MAX),
                    fields::Value::Number(i64::MIN),
                    fields::Value::Flag(true),
                    fields::Value::Text("Ünïcode".to_owned()),
                    fields::Value::List(vec![String::new(), "1".to_owned()]),
                ] {
                    filter.passes(&|_| held.clone());
                }
            }
        }
    }
}

/// Reads a cursor; whatever is read gives the same cursor when it is written and read again.
///
/// # Panics
/// When it does not.
pub fn cursor_decoder(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(cursor) = Cursor::decode(text) {
        assert_eq!(Cursor::decode(&cursor.encode()), Ok(cursor));
    }
}

/// Reads headers and bodies of every kind.
pub fn intake(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    intake::accept(Some(&text)).ok();
    intake::escapes(&text, &text).ok();
    for kind in [
        None,
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some(text.as_ref()),
    ] {
        body::read(kind, bytes).ok();
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// A target's name and what it calls.
    type Target = (&'static str, fn(&[u8]));

    /// The seeds of the targets' corpus, changed at random: bytes flipped, cut, doubled and mixed with each other.
    fn changed(seeds: &[Vec<u8>], rng: &mut ChaCha8Rng) -> Vec<u8> {
        let mut bytes = seeds[rng.random_range(0..seeds.len())].clone();
        for _ in 0..rng.random_range(0..6) {
            let place = rng.random_range(0..=bytes.len());
            match rng.random_range(0..5) {
                0 => bytes.insert(place, rng.random()),
                1 => bytes.truncate(place),
                2 if place < bytes.len() => bytes[place] ^= 1 << rng.random_range(0..8),
                3 if place < bytes.len() => drop(bytes.remove(place)),
                _ => {
                    let other = &seeds[rng.random_range(0..seeds.len())];
                    let from = rng.random_range(0..=other.len());
                    bytes.splice(place..place, other[from..].iter().copied());
                }
            }
        }
        bytes
    }

    fn seeds(target: &str) -> Vec<Vec<u8>> {
        let folder = format!("{}/../../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
        let mut files: Vec<_> = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{folder}: {error}"))
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files.iter().map(|file| std::fs::read(file).unwrap()).collect()
    }

    #[test]
    fn fuzz_targets_are_called_with_random_bytes() {
        let targets: [Target; 3] = [
            ("search_compiler", search_compiler),
            ("cursor_decoder", cursor_decoder),
            ("intake", intake),
        ];
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for (name, target) in targets {
            let seeds = seeds(name);
            seeds.iter().for_each(|seed| target(seed));
            for _ in 0..4_000 {
                target(&changed(&seeds, &mut rng));
            }
        }
        // Bytes inside the base64 of a cursor change what it says, not whether it is base64.
        let inner = [b"[1571317446000,\"12\",2]".to_vec(), b"[-1,\"0\",9]".to_vec()];
        for _ in 0..4_000 {
            cursor_decoder(STANDARD.encode(changed(&inner, &mut rng)).as_bytes());
        }
    }
}
