//! Words become a search for contacts.

use serde_json::{Value, json};
use trunkline_client::Call;

/// The most words that one search takes.
const MOST_WORDS: usize = 15;

/// Contacts in which every word is found: in name, address or phone number, or as the whole of an id.
pub(super) fn contacts(words: &[String]) -> Call {
    Call::new("contacts.search").body(body(words))
}

pub(super) fn body(words: &[String]) -> Value {
    let each: Vec<Value> = words.iter().take(MOST_WORDS).map(|word| one(word)).collect();
    let query = match &each[..] {
        [only] => only.clone(),
        _ => json!({ "operator": "AND", "value": each }),
    };
    json!({ "query": query })
}

fn one(word: &str) -> Value {
    let fields = [
        ("name", "~"),
        ("email", "~"),
        ("phone", "~"),
        ("external_id", "="),
        ("id", "="),
    ];
    let any: Vec<Value> = fields
        .iter()
        .map(|(field, operator)| json!({ "field": field, "operator": operator, "value": word }))
        .collect();
    json!({ "operator": "OR", "value": any })
}
