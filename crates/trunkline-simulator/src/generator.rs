//! A believable workspace from a seed: the same options give the same workspace, row by row.

use std::{collections::BTreeMap, sync::Mutex};

use jiff::tz::TimeZone;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::{
    Options,
    texts::mix,
    workspace::{
        Event, Workspace,
        company::Company,
        contact::{Contact, Life},
        conversation::{Author, Conversation, Part, PartKind, State, Text},
        order::Order,
        people::{Note, Rule, Segment, Tag},
        reference::Reference,
        ticket::Ticket,
    },
};

const DAY: i64 = 86_400;
/// How far back the oldest rows lie.
const AGE: i64 = 730 * DAY;
/// Nothing generated changed within this span, but for the few rows that `recent` picks.
const QUIET: i64 = 3 * DAY;
const ADMINS: u16 = 11;
const TEAMS: u16 = 4;
const TAGS: [&str; 24] = [
    "vip",
    "bug",
    "billing",
    "feature request",
    "churn risk",
    "onboarding",
    "enterprise",
    "beta",
    "mobile",
    "api",
    "refund",
    "GDPR",
    "partner",
    "press",
    "trial",
    "renewal",
    "escalated",
    "waiting",
    "spam",
    "praise",
    "documentation",
    "security",
    "Deutsch",
    "français",
];

/// Builds the workspace that the options describe, as it stands at `now`.
pub(crate) fn generate(options: &Options, time_zone: TimeZone, now: i64) -> Workspace {
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let opened = now - AGE - 30 * DAY;
    let id_code = id_code(options.seed);
    let mut workspace = Workspace {
        seed: options.seed,
        reference: Reference::generate(options.seed, &id_code, opened, now),
        id_code,
        name: "Paper Planes".to_owned(),
        time_zone,
        zone_name: options.time_zone.clone(),
        created_at: opened,
        revision: 0,
        contacts: Vec::with_capacity(options.contacts as usize),
        contact_order: Order::default(),
        merges: BTreeMap::new(),
        companies: Vec::with_capacity(options.companies as usize),
        conversations: Vec::with_capacity(options.conversations as usize),
        conversation_order: Order::default(),
        deleted_conversations: Vec::new(),
        tickets: Vec::with_capacity(options.tickets as usize),
        ticket_order: Order::default(),
        notes: Vec::new(),
        tags: tags(),
        segments: segments(options.seed, opened),
        events: Vec::new(),
        scroll: None,
        scrolls_opened: 0,
        totals: Mutex::default(),
    };
    companies(&mut workspace, options.companies, now, &mut rng);
    contacts(&mut workspace, options.contacts, now, &mut rng);
    conversations(&mut workspace, options, now, &mut rng);
    tickets(&mut workspace, options.tickets, now, &mut rng);
    past(&mut workspace, now, &mut rng);
    workspace
}

fn id_code(seed: u64) -> String {
    let alphabet = b"abcdefghijklmnopqrstuvwxyz0123456789";
    (0..8)
        .map(|place| char::from(alphabet[(mix(seed, 60, place) % 36) as usize]))
        .collect()
}

fn tags() -> Vec<Tag> {
    TAGS.iter()
        .enumerate()
        .map(|(number, name)| Tag {
            id: 80 + number as u32,
            name: (*name).to_owned(),
            deleted: false,
        })
        .collect()
}

fn segments(seed: u64, opened: i64) -> Vec<Segment> {
    let rules = [
        ("All leads", Rule::Leads),
        ("French speakers", Rule::Language("fr")),
        ("In several companies", Rule::Companies(3)),
        ("Large companies", Rule::Size(500)),
        ("Paying well", Rule::Spend(3_000)),
    ];
    rules
        .into_iter()
        .enumerate()
        .map(|(number, (name, rule))| Segment {
            id: format!("6512{:012x}{number:08x}", mix(seed, 61, number as u32) >> 16),
            name,
            rule,
            created_at: opened,
        })
        .collect()
}

/// A moment in the past, denser towards the present, within office hours more often than not.
fn moment(now: i64, rng: &mut ChaCha8Rng) -> i64 {
    let share: f64 = rng.random();
    let back = QUIET + (share * share * (AGE - QUIET) as f64) as i64;
    let day = (now - back).div_euclid(DAY) * DAY;
    let second = if rng.random_bool(0.8) {
        rng.random_range(8 * 3_600..18 * 3_600)
    } else {
        rng.random_range(0..DAY)
    };
    (day + second).min(now - QUIET)
}

/// A moment between `from` and the quiet days.
fn later(from: i64, now: i64, rng: &mut ChaCha8Rng) -> i64 {
    let end = now - QUIET;
    if from >= end {
        from
    } else {
        from + ((end - from) as f64 * rng.random::<f64>().powi(2)) as i64
    }
}

fn companies(workspace: &mut Workspace, count: u32, now: i64, rng: &mut ChaCha8Rng) {
    for row in 0..count {
        let created_at = moment(now, rng);
        let updated_at = later(created_at, now, rng);
        let mut tags = Vec::new();
        if rng.random_bool(0.2) {
            tags.push(rng.random_range(0..TAGS.len() as u32));
        }
        workspace.companies.push(Company {
            row,
            created_at,
            updated_at,
            deleted: false,
            generated: true,
            size: rng.random_bool(0.8).then(|| rng.random_range(1..1_500)),
            monthly_spend: rng.random_range(0..5_000),
            contacts: Vec::new(),
            tags,
            written: None,
            attributes: None,
        });
    }
}

fn contacts(workspace: &mut Workspace, count: u32, now: i64, rng: &mut ChaCha8Rng) {
    let companies = workspace.companies.len() as u32;
    for row in 0..count {
        let created_at = moment(now, rng);
        // A handful changed just now, as in any living workspace.
        let updated_at = if rng.random_bool(0.001) {
            now - rng.random_range(60..DAY)
        } else {
            later(created_at, now, rng)
        };
        let mut contact = Contact {
            row,
            created_at,
            updated_at,
            indexed_at: created_at,
            is_lead: rng.random_bool(0.25),
            life: Life::Listed,
            blocked: false,
            owner: if rng.random_bool(0.3) {
                rng.random_range(1..=ADMINS)
            } else {
                0
            },
            tags: Vec::new(),
            companies: Vec::new(),
            notes: Vec::new(),
            consents: Vec::new(),
            written: None,
            attributes: None,
            generated: true,
        };
        let tag_count = match rng.random_range(0..1_000) {
            0..5 => rng.random_range(11..20),
            5..300 => rng.random_range(1..4),
            _ => 0,
        };
        distinct(&mut contact.tags, tag_count, TAGS.len() as u32, rng);
        // Every company gets at least one person: an empty one is invisible in lists.
        if row < companies {
            contact.companies.push(row);
        }
        if companies > 0 {
            let more = match rng.random_range(0..1_000) {
                0..5 => rng.random_range(11..15),
                5..500 => 1,
                500..560 => 3,
                _ => 0,
            };
            distinct(
                &mut contact.companies,
                more.min(companies as usize / 2),
                companies,
                rng,
            );
        }
        for company in contact.companies.clone() {
            workspace.companies[company as usize].contacts.push(row);
        }
        if rng.random_bool(0.03) {
            for _ in 0..rng.random_range(1..4) {
                let note = workspace.notes.len() as u32;
                let admin = rng.random_range(0..ADMINS);
                workspace.notes.push(Note {
                    row: note,
                    contact: row,
                    admin,
                    created_at: later(created_at, now, rng),
                    body: None,
                });
                contact.notes.push(note);
            }
        }
        if rng.random_bool(0.15) {
            contact.consents.push((0, false));
        }
        if rng.random_bool(0.1) {
            contact.consents.push((1, true));
        }
        if row < 50 {
            workspace.events.push(Event {
                contact: row,
                name: "invited-friend".to_owned(),
                created_at: now - i64::from(row + 4) * DAY,
                metadata: serde_json::Map::new(),
            });
        }
        workspace.contact_order.insert(contact.updated_at, row);
        workspace.contacts.push(contact);
    }
}

fn distinct(list: &mut Vec<u32>, count: usize, below: u32, rng: &mut ChaCha8Rng) {
    let wanted = list.len() + count.min(below as usize - list.len().min(below as usize));
    while list.len() < wanted {
        let candidate = rng.random_range(0..below);
        if !list.contains(&candidate) {
            list.push(candidate);
        }
    }
}

fn conversations(workspace: &mut Workspace, options: &Options, now: i64, rng: &mut ChaCha8Rng) {
    if workspace.contacts.is_empty() {
        return;
    }
    for row in 0..options.conversations {
        let created_at = moment(now, rng);
        let contact = rng.random_range(0..workspace.contacts.len() as u32);
        let admin = rng.random_range(0..ADMINS);
        // One in some thousands has grown beyond what the API shows.
        let count = if row % 5_000 == 99 {
            620
        } else {
            rng.random_range(0..=u32::from(options.parts) * 2)
        };
        let mut parts = Vec::with_capacity(count as usize);
        let mut at = created_at;
        for index in 0..count {
            at = later(at, now, rng).min(at + rng.random_range(60..4 * 3_600));
            parts.push(part(index, count, contact, admin, at, rng));
        }
        let state = match rng.random_range(0..10) {
            0..3 => State::Open,
            3 => State::Snoozed,
            _ => State::Closed,
        };
        let mut tags = Vec::new();
        let tag_count = usize::from(rng.random_bool(0.4)) + usize::from(rng.random_bool(0.1));
        distinct(&mut tags, tag_count, TAGS.len() as u32, rng);
        let conversation = Conversation {
            row,
            created_at,
            updated_at: at.max(created_at),
            deleted: false,
            state,
            read: rng.random_bool(0.8),
            priority: if rng.random_bool(0.1) { 3 } else { 0 },
            contacts: vec![contact],
            admin: if rng.random_bool(0.8) { admin + 1 } else { 0 },
            team: if rng.random_bool(0.7) {
                rng.random_range(1..=TEAMS)
            } else {
                0
            },
            tags,
            source: Text::Seeded(rng.random()),
            parts,
            title: rng.random_bool(0.3).then(|| format!("Request {}", row + 1)),
            snoozed_until: (state == State::Snoozed).then_some(now + 7 * DAY),
            rating: (state == State::Closed && rng.random_bool(0.2)).then(|| (rng.random_range(1..=5), at)),
            attributes: None,
        };
        workspace.conversation_order.insert(conversation.updated_at, row);
        workspace.conversations.push(conversation);
    }
}

fn part(index: u32, count: u32, contact: u32, admin: u16, at: i64, rng: &mut ChaCha8Rng) -> Part {
    let (kind, author, text) = match (index, rng.random_range(0..10)) {
        (0, 0..3) => (PartKind::Assignment, Author::Admin(admin), Text::None),
        (last, 0..4) if last + 1 == count => (PartKind::Close, Author::Admin(admin), Text::None),
        (_, 0) => (PartKind::Note, Author::Admin(admin), Text::Seeded(rng.random())),
        (_, 1..6) => (
            PartKind::Comment,
            Author::Admin(admin),
            Text::Seeded(rng.random()),
        ),
        _ => (
            PartKind::Comment,
            Author::Contact(contact),
            Text::Seeded(rng.random()),
        ),
    };
    Part {
        kind,
        author,
        at,
        text,
        redacted: false,
    }
}

fn tickets(workspace: &mut Workspace, count: u32, now: i64, rng: &mut ChaCha8Rng) {
    if workspace.contacts.is_empty() {
        return;
    }
    for row in 0..count {
        let created_at = moment(now, rng);
        let contact = rng.random_range(0..workspace.contacts.len() as u32);
        let admin = rng.random_range(0..ADMINS);
        let mut parts = Vec::new();
        let mut at = created_at;
        for index in 0..rng.random_range(0..5_u32) {
            at = later(at, now, rng).min(at + rng.random_range(600..DAY));
            let state_change = Part {
                kind: PartKind::TicketState,
                author: Author::Admin(admin),
                at,
                text: Text::None,
                redacted: false,
            };
            parts.push(if index == 1 {
                state_change
            } else {
                part(index, 9, contact, admin, at, rng)
            });
        }
        let ticket = Ticket {
            row,
            created_at,
            updated_at: at.max(created_at),
            deleted: false,
            ticket_type: rng.random_range(0..3),
            state: rng.random_range(0..5),
            contacts: vec![contact],
            admin: if rng.random_bool(0.7) { admin + 1 } else { 0 },
            team: if rng.random_bool(0.7) {
                rng.random_range(1..=TEAMS)
            } else {
                0
            },
            open: rng.random_bool(0.6),
            is_shared: true,
            snoozed_until: None,
            parts,
            tags: Vec::new(),
            attributes: None,
        };
        workspace.ticket_order.insert(ticket.updated_at, row);
        workspace.tickets.push(ticket);
    }
}

/// What happened before the story starts: merges, archived people, deleted conversations.
fn past(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) {
    let contacts = workspace.contacts.len() as u32;
    for _ in 0..contacts / 200 {
        let from = rng.random_range(0..contacts);
        let into = rng.random_range(0..contacts);
        let is_pair = from != into
            && workspace.contacts[from as usize].is_lead
            && workspace.contacts[from as usize].is_listed()
            && workspace.contacts[from as usize].companies.is_empty()
            && !workspace.contacts[into as usize].is_lead
            && workspace.contacts[into as usize].is_listed();
        if is_pair {
            let at = workspace.contacts[into as usize].updated_at;
            crate::resources::contacts::merge_rows(workspace, from, into, at);
        }
    }
    for row in (0..workspace.conversations.len() as u32).filter(|row| row % 97 == 13) {
        let conversation = &mut workspace.conversations[row as usize];
        conversation.deleted = true;
        let at = conversation.updated_at.min(now - QUIET) + 60;
        workspace
            .conversation_order
            .remove(workspace.conversations[row as usize].updated_at, row);
        workspace.deleted_conversations.push((row, at));
    }
    workspace
        .deleted_conversations
        .sort_by_key(|(row, at)| (*at, *row));
    workspace.revision = 0;
}
