//! A believable workspace from a seed: the same options give the same workspace, row by row.

pub(crate) mod fin;
mod threads;

use std::{collections::BTreeMap, sync::Mutex};

use jiff::{Timestamp, tz::TimeZone};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::{
    Options,
    texts::mix,
    webhooks::outbox::Outbox,
    workspace::{
        Event, Workspace, call,
        company::Company,
        contact::{Contact, Life},
        extra::OutboundMessage,
        ids::Ids,
        lists::Lists,
        order::Order,
        people::{Note, Rule, Segment, Subject, Tag},
        reference::Reference,
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
        ids: Ids::new(options.seed),
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
        calls: Vec::new(),
        files: Vec::new(),
        file_life: i64::from(options.attachment_life),
        address: format!("http://{}", options.listen),
        scrolls: Vec::new(),
        scrolls_opened: 0,
        totals: Mutex::default(),
        outbox: Outbox::default(),
    };
    workspace.reference.lists = Lists::generate(options.seed, options.contacts, opened, now);
    companies(&mut workspace, options.companies, now, &mut rng);
    contacts(&mut workspace, options.contacts, now, &mut rng);
    merges(&mut workspace, &mut rng);
    threads::conversations(&mut workspace, options, now, &mut rng);
    threads::tickets(&mut workspace, options.tickets, now, &mut rng);
    calls(&mut workspace);
    outbound_messages(&mut workspace);
    deletions(&mut workspace, now);
    visitors(&mut workspace, now, &mut rng);
    workspace.revision = 0;
    workspace
}

/// The most telephone messages that are generated.
const OUTBOUND: usize = 6;

/// Messages to telephones that began conversations.
fn outbound_messages(workspace: &mut Workspace) {
    let seed = workspace.seed;
    let with_phone = workspace.conversations.iter().filter_map(|conversation| {
        let contact = *conversation.contacts.first()?;
        workspace.contacts[contact as usize].phone(seed)?;
        Some(OutboundMessage {
            contact,
            conversation: conversation.row,
            template: "appointment_reminder".to_owned(),
            sent_at: conversation.created_at,
        })
    });
    let sent: Vec<OutboundMessage> = with_phone.take(OUTBOUND).collect();
    workspace.reference.extra.outbound_messages = sent;
}

/// The calls that some of the conversations are about.
fn calls(workspace: &mut Workspace) {
    for conversation in &workspace.conversations {
        let row = workspace.calls.len() as u32;
        let contact = conversation.contacts.first().copied().unwrap_or_default();
        workspace.calls.extend(call::generated(
            workspace.seed,
            row,
            conversation.row,
            contact,
            conversation.created_at,
        ));
    }
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
            id: 80 + number as u64,
            name: (*name).to_owned(),
            deleted: false,
        })
        .collect()
}

fn segments(seed: u64, opened: i64) -> Vec<Segment> {
    let rules = [
        ("All leads", Rule::Leads),
        ("French speakers", Rule::Language("fr".into())),
        ("In several companies", Rule::Companies(3)),
        ("Large companies", Rule::Size(500)),
        ("Paying well", Rule::Spend(3_000)),
    ];
    rules
        .into_iter()
        .enumerate()
        .map(|(number, (name, rule))| Segment {
            id: format!("6512{:012x}{number:08x}", mix(seed, 61, number as u32) >> 16),
            name: name.to_owned(),
            rule,
            created_at: opened,
            updated_at: opened,
        })
        .collect()
}

/// The moment in the past when row `row` of `count` came to be: rows are in order of time, to within some days, so that
/// ids grow with age as real ones do. Moments are denser towards the present, on working days and within office hours
/// more often than not. `offset` is the workspace's distance from UTC in seconds.
fn moment(row: u32, count: u32, now: i64, offset: i64, rng: &mut ChaCha8Rng) -> i64 {
    let share = (f64::from(count - row) - rng.random::<f64>()) / f64::from(count);
    let back = QUIET + (share * share * (AGE - QUIET) as f64) as i64;
    let mut day = (now + offset - back).div_euclid(DAY);
    // The first of January 1970 was a Thursday.
    if matches!((day + 4).rem_euclid(7), 0 | 6) && rng.random_bool(0.75) {
        day -= 2;
    }
    let second = if rng.random_bool(0.8) {
        rng.random_range(8 * 3_600..18 * 3_600)
    } else {
        rng.random_range(0..DAY)
    };
    (day * DAY + second - offset).min(now - QUIET)
}

/// The workspace's distance from UTC in seconds, as it is now.
fn offset(workspace: &Workspace, now: i64) -> i64 {
    let moment = Timestamp::from_second(now).unwrap_or_default();
    i64::from(workspace.time_zone.to_offset(moment).seconds())
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
    let offset = offset(workspace, now);
    for row in 0..count {
        let created_at = moment(row, count, now, offset, rng);
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
            kept: None,
        });
    }
}

fn contacts(workspace: &mut Workspace, count: u32, now: i64, rng: &mut ChaCha8Rng) {
    let offset = offset(workspace, now);
    let companies = workspace.companies.len() as u32;
    for row in 0..count {
        let created_at = moment(row, count, now, offset, rng);
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
            kept: None,
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
                    subject: Subject::Contact(row),
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
                id: None,
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

/// Leads that turned out to be users before the story starts; early, so that nothing hangs on them yet.
fn merges(workspace: &mut Workspace, rng: &mut ChaCha8Rng) {
    let contacts = workspace.contacts.len() as u32;
    for _ in 0..contacts / 100 {
        let from = rng.random_range(0..contacts);
        let into = rng.random_range(0..contacts);
        let (lead, user) = (
            &workspace.contacts[from as usize],
            &workspace.contacts[into as usize],
        );
        let is_pair = from != into
            && lead.is_lead
            && lead.is_listed()
            && lead.companies.is_empty()
            && !user.is_lead
            && user.is_listed();
        if is_pair {
            let at = user.updated_at;
            crate::resources::contact_merges::merge_rows(workspace, from, into, at);
        }
    }
}

/// People of whom nothing is known but that they came by.
fn visitors(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) {
    let offset = offset(workspace, now);
    let count = (workspace.contacts.len() / 500).clamp(5, 200) as u32;
    for row in 0..count {
        let at = moment(row, count, now, offset, rng);
        crate::resources::visitors::add(workspace, at);
    }
}

/// Conversations that were deleted before the story starts.
fn deletions(workspace: &mut Workspace, now: i64) {
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
}
