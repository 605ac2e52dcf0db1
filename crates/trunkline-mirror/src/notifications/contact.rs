//! What was told of a contact against what the mirror holds: written as it was told, fetched, or nothing at all.
//!
//! The one rule: a told state is written only when it is newer than what is held; when it is as old and differs, only the
//! API knows which came last.

use bytes::Bytes;
use serde_json::Value;
use trunkline_catalog::Version;

use super::{
    fields::{Fields, Writer},
    plan::{State, Wanted},
    state::HeldContact,
};
use crate::{extract::quoted, time};

/// What is to be done for a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The mirror knows already.
    Nothing,
    /// This is how it is now.
    Write(Bytes),
    /// Only the API knows.
    Fetch,
    /// Whether it exists at all, only a search knows: the API goes on giving archived contacts to those who know their ids,
    /// but does not find them.
    Search {
        /// Whether it is gone when it is not found; otherwise the mirror stays as it is.
        or_gone: bool,
    },
    /// It is gone since then; the mirror may not even know it.
    Gone {
        /// When, as the mirror keeps times.
        at: Option<String>,
        /// What remembers it where the mirror does not know it, so that what is told late does not bring it back.
        stub: Option<Bytes>,
    },
    /// It went into another one.
    Into(String),
}

fn text(seconds: i64) -> Option<String> {
    time::from_unix(seconds).map(|short| short.as_str().to_owned())
}

/// Decides.
pub(super) fn verdict(id: &str, wanted: &Wanted, held: Option<&HeldContact>, version: Version) -> Verdict {
    if let Some(into) = &wanted.into {
        return Verdict::Into(into.clone());
    }
    if let Some(gone_at) = wanted.gone_at {
        // It may have come back since: at once, or the mirror has seen a later state of it.
        let is_seen_later = held.is_some_and(|held| {
            held.deleted_at.is_none() && held.updated_at > text(gone_at) && held.updated_at.is_some()
        });
        if wanted.gone_for_good {
            return gone(id, gone_at, held);
        }
        match wanted.back_at {
            Some(back_at) if back_at > gone_at => {}
            Some(back_at) if back_at == gone_at => return Verdict::Search { or_gone: true },
            _ if is_seen_later => return Verdict::Search { or_gone: true },
            _ => return gone(id, gone_at, held),
        }
    }
    let newest = newest(&wanted.states);
    let told = match newest.as_slice() {
        [] => None,
        [one] => Some(*one),
        // Two states of one second.
        _ if held.is_none_or(|held| held.deleted_at.is_none()) => return Verdict::Fetch,
        [first, ..] => Some(*first),
    };
    let Some(held) = held else {
        return match told {
            Some(state) if !wanted.merged && !wanted.check => Verdict::Write(typed(state, version)),
            Some(_) => Verdict::Fetch,
            None => Verdict::Search { or_gone: false },
        };
    };
    if let Some(deleted_at) = &held.deleted_at {
        let since = |moment: Option<i64>| moment.and_then(text).is_some_and(|moment| moment > *deleted_at);
        return match told {
            Some(state) if since(wanted.back_at) && newest.len() == 1 => {
                Verdict::Write(typed(state, version))
            }
            _ if since(wanted.back_at) => Verdict::Fetch,
            _ if wanted.back_at.is_some() || (told.is_some() && since(wanted.told_at)) => {
                Verdict::Search { or_gone: false }
            }
            _ => Verdict::Nothing,
        };
    }
    if wanted.check || wanted.merged {
        return Verdict::Fetch;
    }
    let Some(state) = told else { return Verdict::Fetch };
    let Some((told_at, held_at)) = text(state.updated_at).zip(held.updated_at.as_deref()) else {
        return Verdict::Fetch;
    };
    if told_at.as_str() < held_at {
        return Verdict::Nothing;
    }
    let Some(record) = in_order_of(&held.record, &typed(state, version)) else {
        return Verdict::Fetch;
    };
    if told_at.as_str() > held_at {
        return Verdict::Write(record);
    }
    let parsed = |record: &[u8]| serde_json::from_slice::<Value>(record).ok();
    if parsed(&record) == parsed(held.record.as_bytes()) {
        Verdict::Nothing
    } else {
        Verdict::Fetch
    }
}

fn gone(id: &str, gone_at: i64, held: Option<&HeldContact>) -> Verdict {
    // What the mirror wrote later than that would otherwise seem to have been deleted before it came.
    let at = text(gone_at).filter(|at| held.is_none_or(|held| *at >= held.synced_at));
    let stub = held.is_none().then(|| {
        let mut writer = Writer::new();
        writer.field("type", r#""contact""#);
        writer.field("id", &quoted(id));
        Bytes::from(writer.end())
    });
    Verdict::Gone { at, stub }
}

/// The newest states that differ.
fn newest(states: &[State]) -> Vec<&State> {
    let Some(latest) = states.iter().map(|state| state.updated_at).max() else {
        return Vec::new();
    };
    let mut newest: Vec<&State> = Vec::new();
    for state in states.iter().filter(|state| state.updated_at == latest) {
        if !newest.iter().any(|known| known.record == state.record) {
            newest.push(state);
        }
    }
    newest
}

/// The record as `version` of the API shows it: the owner's id was a number before 2.16.
fn typed(state: &State, version: Version) -> Bytes {
    let Some(fields) = std::str::from_utf8(&state.record)
        .ok()
        .and_then(|text| Fields::read(text).ok())
    else {
        return state.record.clone();
    };
    let Some(owner) = fields.id("owner_id") else {
        return state.record.clone();
    };
    let owner = if version >= Version::V2_16 || !owner.bytes().all(|byte| byte.is_ascii_digit()) {
        quoted(&owner)
    } else {
        owner
    };
    let mut writer = Writer::new();
    for (name, value) in fields.iter() {
        writer.field(name, if name == "owner_id" { &owner } else { value });
    }
    Bytes::from(writer.end())
}

/// The told record with its fields in the order of the held one, as the API gives them; nothing when it lacks one.
fn in_order_of(held: &str, told: &[u8]) -> Option<Bytes> {
    let (held, told) = (
        Fields::read(held).ok()?,
        Fields::read(std::str::from_utf8(told).ok()?).ok()?,
    );
    let mut writer = Writer::new();
    for (name, _) in held.iter() {
        if !told.has(name) {
            return None;
        }
        writer.field(name, told.raw(name).unwrap_or("null"));
    }
    for (name, value) in told.iter().filter(|(name, _)| !held.has(name)) {
        writer.field(name, value);
    }
    Some(Bytes::from(writer.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: i64 = 1_700_000_000;

    fn record(name: &str) -> String {
        format!(r#"{{"id":"c","name":"{name}","owner_id":null,"role":"user"}}"#)
    }

    fn state(seconds: i64, name: &str) -> State {
        State {
            updated_at: AT + seconds,
            record: Bytes::from(record(name)),
        }
    }

    fn held(updated: i64, deleted: Option<i64>) -> HeldContact {
        HeldContact {
            updated_at: text(AT + updated),
            deleted_at: deleted.and_then(|deleted| text(AT + deleted)),
            synced_at: text(AT + updated).unwrap(),
            record: record("held"),
        }
    }

    fn told(states: Vec<State>) -> Wanted {
        Wanted {
            told_at: states.iter().map(|state| state.updated_at).max(),
            states,
            ..Wanted::default()
        }
    }

    fn check(what: &str, wanted: &Wanted, held: Option<&HeldContact>, expected: &str) {
        let verdict = verdict("c", wanted, held, Version::V2_16);
        let found = match &verdict {
            Verdict::Nothing => "nothing".to_owned(),
            Verdict::Write(record) => {
                let record: Value = serde_json::from_slice(record).unwrap();
                format!("write {}", record["name"].as_str().unwrap())
            }
            Verdict::Fetch => "fetch".to_owned(),
            Verdict::Search { or_gone } => if *or_gone { "search or gone" } else { "search" }.to_owned(),
            Verdict::Gone { at, stub } => format!("gone {} {}", at.is_some(), stub.is_some()),
            Verdict::Into(other) => format!("into {other}"),
        };
        assert_eq!(found, expected, "{what}: {wanted:?} {held:?}");
    }

    #[test]
    fn only_what_is_newer_is_written_and_what_is_as_old_is_asked_for() {
        let here = held(10, None);
        check("newer", &told(vec![state(11, "new")]), Some(&here), "write new");
        check("older", &told(vec![state(9, "old")]), Some(&here), "nothing");
        check("the same", &told(vec![state(10, "held")]), Some(&here), "nothing");
        check("as old", &told(vec![state(10, "other")]), Some(&here), "fetch");
        check("unknown", &told(vec![state(1, "new")]), None, "write new");
        check(
            "the newest",
            &told(vec![state(12, "b"), state(11, "a"), state(12, "b")]),
            Some(&here),
            "write b",
        );
        check(
            "two of a second",
            &told(vec![state(12, "b"), state(12, "c")]),
            Some(&here),
            "fetch",
        );
        check(
            "two unknown of a second",
            &told(vec![state(12, "b"), state(12, "c")]),
            None,
            "fetch",
        );
    }

    #[test]
    fn what_went_stays_away_until_it_came_back_later() {
        let (here, away) = (held(10, None), held(10, Some(20)));
        let went = |at: i64, for_good, back: Option<i64>| Wanted {
            gone_at: Some(AT + at),
            gone_for_good: for_good,
            back_at: back.map(|back| AT + back),
            ..told(vec![state(30, "late")])
        };
        check("archived", &went(40, false, None), Some(&here), "gone true false");
        let read_later = HeldContact {
            synced_at: text(AT + 60).unwrap(),
            ..here.clone()
        };
        check(
            "archived before it was read",
            &went(40, false, None),
            Some(&read_later),
            "gone false false",
        );
        check(
            "unknown and archived",
            &went(40, false, None),
            None,
            "gone true true",
        );
        check(
            "back after that",
            &went(20, false, Some(29)),
            Some(&here),
            "write late",
        );
        check(
            "back before that",
            &went(40, false, Some(29)),
            Some(&here),
            "gone true false",
        );
        check(
            "back at once",
            &went(29, false, Some(29)),
            Some(&here),
            "search or gone",
        );
        check(
            "archived before its last change",
            &went(5, false, None),
            Some(&here),
            "search or gone",
        );
        check(
            "deleted",
            &went(20, true, Some(29)),
            Some(&here),
            "gone true false",
        );
        let late = |updated: i64, back: Option<i64>| Wanted {
            back_at: back.map(|back| AT + back),
            ..told(vec![state(updated, "late")])
        };
        check("told late", &late(15, None), Some(&away), "nothing");
        check("told of afterwards", &late(25, None), Some(&away), "search");
        check("back since", &late(25, Some(25)), Some(&away), "write late");
        check("back before", &late(15, Some(15)), Some(&away), "search");
        let wrote = Wanted {
            check: true,
            told_at: Some(AT + 50),
            ..Wanted::default()
        };
        check("an archived one wrote", &wrote, Some(&away), "nothing");
        check("an unknown one wrote", &wrote, None, "search");
        check("a known one wrote", &wrote, Some(&here), "fetch");
    }

    #[test]
    fn a_merge_gives_an_alias_and_is_read_again() {
        let into = Wanted {
            into: Some("d".to_owned()),
            ..Wanted::default()
        };
        check("the lead", &into, Some(&held(10, None)), "into d");
        let survivor = Wanted {
            merged: true,
            ..told(vec![state(20, "whole")])
        };
        check("the user", &survivor, Some(&held(10, None)), "fetch");
    }

    #[test]
    fn an_owner_has_the_type_of_the_version_and_fields_the_order_of_the_row() {
        let state = State {
            updated_at: 0,
            record: Bytes::from_static(br#"{"id":"c","owner_id":12}"#),
        };
        assert_eq!(
            typed(&state, Version::V2_16),
            br#"{"id":"c","owner_id":"12"}"#[..]
        );
        assert_eq!(typed(&state, Version::V2_14), br#"{"id":"c","owner_id":12}"#[..]);
        let told = br#"{"b":1,"a":null,"n":[2]}"#;
        assert_eq!(
            in_order_of(r#"{"a":5,"b":6}"#, told).unwrap(),
            br#"{"a":null,"b":1,"n":[2]}"#[..]
        );
        assert_eq!(in_order_of(r#"{"a":5,"z":6}"#, told), None);
    }
}
