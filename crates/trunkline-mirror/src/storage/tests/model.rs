//! Any sequence of changes leaves what a naive model in memory says.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Change, Desk, StorageOptions, bytes, children, records, rows, vanished};

#[derive(Clone, Debug)]
enum Step {
    Contact {
        id: u8,
        version: u8,
        tags: Option<(BTreeSet<u8>, bool)>,
    },
    Tags {
        contact: u8,
        tags: BTreeSet<u8>,
    },
    Notes {
        contact: u8,
        notes: BTreeSet<u8>,
    },
    ContactGone {
        id: u8,
    },
    TagPass {
        tags: BTreeSet<u8>,
        complete: bool,
    },
    Reopen,
}

#[derive(Clone, Debug, Default)]
struct Row {
    version: u8,
    text: String,
    deleted: Option<usize>,
}

/// What should be held: rows by id, pairs and notes with the step of their deletion.
#[derive(Default)]
struct Model {
    contacts: BTreeMap<u8, Row>,
    tags: BTreeMap<u8, Option<usize>>,
    pairs: BTreeMap<(u8, u8), Option<usize>>,
    notes: BTreeMap<u8, (u8, Option<usize>)>,
    first_pass_done: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let some = || prop::collection::btree_set(0..4_u8, 0..4);
    let step = prop_oneof![
        4 => (0..3_u8, 0..4_u8, prop::option::of((some(), any::<bool>())))
            .prop_map(|(id, version, tags)| Step::Contact { id, version, tags }),
        2 => (0..3_u8, some()).prop_map(|(contact, tags)| Step::Tags { contact, tags }),
        2 => (0..3_u8, some()).prop_map(|(contact, notes)| Step::Notes { contact, notes }),
        2 => (0..3_u8).prop_map(|id| Step::ContactGone { id }),
        2 => (some(), any::<bool>()).prop_map(|(tags, complete)| Step::TagPass { tags, complete }),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..25)
}

fn contact(id: u8, version: u8, tags: Option<&(BTreeSet<u8>, bool)>) -> Value {
    let mut record = json!({"id": format!("c{id}"), "name": format!("v{version}"), "updated_at": version});
    if let Some((tags, cut)) = tags {
        let data: Vec<Value> = tags
            .iter()
            .map(|id| json!({"id": id.to_string(), "type": "tag"}))
            .collect();
        record["tags"] = json!({"data": data, "total_count": tags.len(), "has_more": cut});
    }
    record
}

impl Model {
    /// Whether a step makes sense: lists are only read for contacts that are there.
    fn allows(&self, step: &Step) -> bool {
        match step {
            Step::Tags { contact, .. } | Step::Notes { contact, .. } => self
                .contacts
                .get(contact)
                .is_some_and(|row| row.deleted.is_none()),
            _ => true,
        }
    }

    fn apply(&mut self, now: usize, step: &Step) {
        match step {
            Step::Contact { id, version, tags } => {
                let text = contact(*id, *version, tags.as_ref()).to_string();
                let held = self.contacts.get(id).cloned();
                let differs = held.as_ref().is_none_or(|row| row.text != text);
                if held.as_ref().is_some_and(|row| {
                    (!differs && row.deleted.is_none()) || (differs && *version < row.version)
                }) {
                    return;
                }
                self.contacts.insert(
                    *id,
                    Row {
                        version: *version,
                        text,
                        deleted: None,
                    },
                );
                if let Some(at) = held.as_ref().and_then(|row| row.deleted) {
                    for ((contact, tag), deleted) in &mut self.pairs {
                        if contact == id
                            && *deleted == Some(at)
                            && self.tags.get(tag).is_none_or(Option::is_none)
                        {
                            *deleted = None;
                        }
                    }
                    for (contact, deleted) in self.notes.values_mut() {
                        if contact == id && *deleted == Some(at) {
                            *deleted = None;
                        }
                    }
                }
                if let Some((tags, cut)) = tags {
                    self.set_tags(now, *id, tags, !cut);
                }
            }
            Step::Tags { contact, tags } => self.set_tags(now, *contact, tags, true),
            Step::Notes { contact, notes } => {
                for (id, (parent, deleted)) in &mut self.notes {
                    if parent == contact && deleted.is_none() && !notes.contains(id) {
                        *deleted = Some(now);
                    }
                }
                for note in notes {
                    self.notes.insert(*note, (*contact, None));
                }
            }
            Step::ContactGone { id } => {
                let Some(row) = self.contacts.get_mut(id).filter(|row| row.deleted.is_none()) else {
                    return;
                };
                row.deleted = Some(now);
                let pairs = self
                    .pairs
                    .iter_mut()
                    .filter(|((contact, _), _)| contact == id)
                    .map(|(_, deleted)| deleted);
                let notes = self
                    .notes
                    .values_mut()
                    .filter(|(contact, _)| contact == id)
                    .map(|(_, deleted)| deleted);
                for deleted in pairs.chain(notes).filter(|deleted| deleted.is_none()) {
                    *deleted = Some(now);
                }
            }
            Step::TagPass { tags, complete } => {
                for tag in tags {
                    let before = self.tags.insert(*tag, None).flatten();
                    if let Some(at) = before {
                        for ((contact, named), deleted) in &mut self.pairs {
                            let there = self.contacts.get(contact).is_none_or(|row| row.deleted.is_none());
                            if named == tag && *deleted == Some(at) && there {
                                *deleted = None;
                            }
                        }
                    }
                }
                if *complete {
                    let gone: Vec<u8> = self
                        .tags
                        .iter()
                        .filter(|(id, at)| at.is_none() && !tags.contains(id))
                        .map(|(id, _)| *id)
                        .collect();
                    for id in gone {
                        self.tags.insert(id, Some(now));
                        for ((_, tag), deleted) in &mut self.pairs {
                            if *tag == id && deleted.is_none() {
                                *deleted = Some(now);
                            }
                        }
                    }
                }
            }
            Step::Reopen => {}
        }
    }

    fn set_tags(&mut self, now: usize, contact: u8, tags: &BTreeSet<u8>, whole: bool) {
        for ((parent, tag), deleted) in &mut self.pairs {
            if whole && *parent == contact && deleted.is_none() && !tags.contains(tag) {
                *deleted = Some(now);
            }
        }
        for tag in tags {
            self.pairs.insert((contact, *tag), None);
        }
    }

    fn lines(&self) -> Vec<String> {
        let alive = |deleted: &Option<usize>| if deleted.is_some() { "gone" } else { "there" };
        let contacts = self
            .contacts
            .iter()
            .map(|(id, row)| format!("c{id}|v{}|{}", row.version, alive(&row.deleted)));
        let tags = self
            .tags
            .iter()
            .map(|(id, deleted)| format!("tag {id}|{}", alive(deleted)));
        let pairs = self
            .pairs
            .iter()
            .map(|((contact, tag), deleted)| format!("c{contact}+{tag}|{}", alive(deleted)));
        let notes = self
            .notes
            .iter()
            .map(|(id, (contact, deleted))| format!("note {id}|c{contact}|{}", alive(deleted)));
        contacts.chain(tags).chain(pairs).chain(notes).collect()
    }
}

const HELD: [&str; 4] = [
    "SELECT id, name, iif(_deleted_at IS NULL, 'there', 'gone') FROM contacts ORDER BY id",
    "SELECT 'tag ' || id, iif(_deleted_at IS NULL, 'there', 'gone') FROM tags ORDER BY id",
    "SELECT contact_id || '+' || tag_id, iif(_deleted_at IS NULL, 'there', 'gone') FROM contact_tags ORDER BY 1",
    "SELECT 'note ' || id, contact_id, iif(_deleted_at IS NULL, 'there', 'gone') FROM notes ORDER BY id",
];

/// The open versions are the rows that exist.
const VERSIONS: [(&str, &str); 3] = [
    ("contacts", "id"),
    ("contact_tags", "contact_id || tag_id"),
    ("notes", "id"),
];

fn changes(model: &mut Model, number: usize, step: &Step) -> Vec<Change> {
    let ids =
        |set: &BTreeSet<u8>| -> Vec<Value> { set.iter().map(|id| json!({"id": id.to_string()})).collect() };
    match step {
        Step::Contact { id, version, tags } => {
            vec![records("contacts", &[contact(*id, *version, tags.as_ref())])]
        }
        Step::Tags { contact, tags } => vec![children("contact_tags", &format!("c{contact}"), &ids(tags))],
        Step::Notes { contact, notes } => vec![children("notes", &format!("c{contact}"), &ids(notes))],
        Step::ContactGone { id } => vec![vanished("contacts", &format!("c{id}"))],
        Step::TagPass { tags, complete } => {
            let pass = i64::try_from(number).unwrap();
            let mut changes = vec![
                Change::PassStarted { stream: "tags", pass },
                Change::Records {
                    stream: "tags",
                    records: bytes(&ids(tags)),
                    pass: Some(pass),
                },
            ];
            if *complete {
                changes.push(Change::PassComplete { stream: "tags", pass });
            }
            model.first_pass_done = true;
            changes
        }
        Step::Reopen => Vec::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_changes_leaves_what_the_model_says(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (held, wanted, versions) = runtime.block_on(async {
            let options = StorageOptions { history: true, ..StorageOptions::default() };
            let mut desk = Desk::with(options.clone());
            let mut model = Model::default();
            for (number, step) in steps.iter().enumerate() {
                if !model.allows(step) {
                    continue;
                }
                if matches!(step, Step::Reopen) {
                    desk = desk.reopen(options.clone()).await;
                }
                let changes = changes(&mut model, number, step);
                desk.write(changes).await;
                model.apply(number, step);
            }
            let mut held = Vec::new();
            for sql in HELD {
                held.extend(desk.rows(sql).await);
            }
            let mut versions = Vec::new();
            for (table, key) in VERSIONS {
                let open = desk.rows(&format!("SELECT {key} FROM {table}_history WHERE _valid_to IS NULL ORDER BY 1")).await;
                let there = desk.storage.read(move |connection| rows(connection, &format!("SELECT {key} FROM {table} WHERE _deleted_at IS NULL ORDER BY 1"))).await.unwrap();
                versions.push((open, there));
            }
            (held, model.lines(), versions)
        });
        prop_assert_eq!(held, wanted);
        for (open, there) in versions {
            prop_assert_eq!(open, there);
        }
    }
}
