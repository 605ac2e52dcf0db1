//! Finding an action by words: our own, and those of other connectors.

use crate::{Action, actions, names_of};

/// The actions that mention every word, those first whose id does.
#[must_use]
pub fn search(words: &str) -> Vec<&'static Action> {
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let mut found: Vec<(bool, &Action)> = actions()
        .iter()
        .filter_map(|action| {
            let own = format!("{} {}", action.id, action.summary).to_lowercase();
            let is_own = words.iter().all(|word| own.contains(word.as_str()));
            (is_own || names_of(action.id).any(|name| name.mentions(&words))).then_some((!is_own, action))
        })
        .collect();
    found.sort_by_key(|(is_elsewhere, action)| (*is_elsewhere, action.id));
    found.into_iter().map(|(_, action)| action).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_found_by_our_words_and_by_those_of_others() {
        for (words, expected) in [
            ("", "contacts.tag"),
            ("tag contact", "contacts.tag"),
            ("TICKET tag", "tags.attach_to_ticket"),
            ("tealium email", "contacts.tag_by_email"),
            ("make \"Delete a Contact\"", ""),
            ("make delete a contact", "contacts.delete"),
            ("alumio retrieve a ticket", "tickets.get"),
        ] {
            let ids: Vec<&str> = search(words).iter().map(|action| action.id).collect();
            if expected.is_empty() {
                assert!(ids.is_empty(), "{words}: {ids:?}");
            } else {
                assert!(ids.contains(&expected), "{words}: {ids:?}");
            }
        }
    }
}
