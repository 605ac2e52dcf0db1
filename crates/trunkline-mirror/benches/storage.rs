//! Microseconds of the writer's own work per record: `cargo bench -p trunkline-mirror --bench storage [records] [feed]`, with
//! `feed` while somebody reads the feed of changes.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::{fmt::Write as _, time::Instant};

use bytes::Bytes;
use jiff::Timestamp;
use trunkline_mirror::{
    feed::{Feed, FeedOptions},
    storage::{Batch, Change, Storage, StorageOptions},
};

fn contact(number: usize) -> Bytes {
    let mut attributes = String::new();
    for attribute in 0..12 {
        let _ = write!(attributes, "\"Attribute {attribute}: kind\":\"value {number}\",");
    }
    let list = |name: &str, items: &str, total: usize| {
        format!(
            "\"{name}\":{{\"type\":\"list\",\"data\":[{items}],\"url\":\"/contacts/{number:024x}/{name}\",\"total_count\":{total},\"has_more\":false}}"
        )
    };
    let item =
        |kind: &str, id: usize| format!("{{\"id\":\"{id}\",\"type\":\"{kind}\",\"url\":\"/{kind}s/{id}\"}}");
    Bytes::from(format!(
        "{{\"type\":\"contact\",\"id\":\"{number:024x}\",\"workspace_id\":\"abcd1234\",\"external_id\":\"user-{number}\",\"role\":\"user\",\
         \"email\":\"person{number}@example.com\",\"email_domain\":\"example.com\",\"phone\":null,\"name\":\"Ada Example {number}\",\"avatar\":{{\"type\":\"avatar\",\"image_url\":null}},\"owner_id\":\"{}\",\
         \"social_profiles\":{{\"type\":\"list\",\"data\":[]}},\"has_hard_bounced\":false,\"marked_email_as_spam\":false,\
         \"unsubscribed_from_emails\":false,\"created_at\":1700000000,\"updated_at\":{},\"signed_up_at\":1700000000,\
         \"last_seen_at\":1700000100,\"last_replied_at\":null,\"last_contacted_at\":1700000200,\"last_email_opened_at\":null,\
         \"last_email_clicked_at\":null,\"language_override\":null,\"browser\":\"chrome\",\"browser_version\":\"130.0\",\
         \"browser_language\":\"en\",\"os\":\"Linux\",\"location\":{{\"type\":\"location\",\"country\":\"Ireland\",\"region\":\"Leinster\",\"city\":\"Dublin\",\"country_code\":\"IRL\",\"continent_code\":\"EU\"}},\
         \"android_app_name\":null,\"android_app_version\":null,\"android_device\":null,\"android_os_version\":null,\"android_sdk_version\":null,\"android_last_seen_at\":null,\
         \"ios_app_name\":null,\"ios_app_version\":null,\"ios_device\":null,\"ios_os_version\":null,\"ios_sdk_version\":null,\"ios_last_seen_at\":null,\
         \"custom_attributes\":{{{attributes}\"Plan\":\"pro\"}},{},{},{},{},{},\"utm_campaign\":null,\"utm_source\":null,\"utm_medium\":null,\"referrer\":null}}",
        number % 50,
        1_700_000_000 + number,
        list("tags", &item("tag", number % 40), 1),
        list("notes", "", 0),
        list("companies", &item("company", number % 2000), 1),
        list("opted_out_subscription_types", "", 0),
        list("opted_in_subscription_types", "", 0),
    ))
}

fn conversation(number: usize) -> Bytes {
    Bytes::from(format!(
        "{{\"type\":\"conversation\",\"id\":\"{}\",\"created_at\":1700000000,\"updated_at\":{},\"waiting_since\":null,\"snoozed_until\":null,\
         \"source\":{{\"type\":\"conversation\",\"id\":\"{number}\",\"delivered_as\":\"customer_initiated\",\"subject\":\"\",\"body\":\"<p>Hello, my order number {number} did not arrive &amp; I wait.</p>\",\
         \"author\":{{\"type\":\"user\",\"id\":\"{number:024x}\",\"name\":\"Ada\",\"email\":\"ada@example.com\"}},\"attachments\":[],\"url\":null,\"redacted\":false}},\
         \"contacts\":{{\"type\":\"contact.list\",\"contacts\":[{{\"type\":\"contact\",\"id\":\"{number:024x}\",\"external_id\":null}}]}},\
         \"admin_assignee_id\":7,\"team_assignee_id\":3,\"open\":true,\"state\":\"open\",\"read\":true,\"priority\":\"none\",\
         \"tags\":{{\"type\":\"tag.list\",\"tags\":[]}},\"custom_attributes\":{{\"Has attachments\":false}},\"title\":null,\
         \"statistics\":{{\"type\":\"conversation_statistics\",\"time_to_assignment\":10,\"count_reopens\":0,\"count_assignments\":1,\"count_conversation_parts\":11}}}}",
        100_000_000 + number,
        1_700_000_000 + number,
    ))
}

fn part(conversation: usize, number: usize) -> Bytes {
    let id = conversation * 10 + number;
    Bytes::from(format!(
        "{{\"type\":\"conversation_part\",\"id\":\"{id}\",\"part_type\":\"comment\",\"body\":\"<p class=\\\"no-margin\\\">Thank you for writing to us. We looked into order {id} and found it at the carrier; it should reach you by Thursday. Tell us if it does not, and we send another one at once.</p>\",\
         \"created_at\":1700000000,\"updated_at\":1700000000,\"notified_at\":1700000000,\"assigned_to\":null,\
         \"author\":{{\"id\":\"{}\",\"type\":\"admin\",\"name\":\"Grace Example\",\"email\":\"grace@example.com\",\"from_ai_agent\":false,\"is_ai_answer\":false}},\
         \"attachments\":[],\"external_id\":null,\"redacted\":false,\"email_message_metadata\":null,\"metadata\":null,\"state\":\"open\",\"tags\":null,\"event_details\":null,\"app_package_code\":null}}",
        id % 20,
    ))
}

/// User and system time of this process, in microseconds.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|field| field.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) * 10_000.0
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap_or("")
        .to_owned()
}

/// Which rounds and streams to run: all, or those named on the command line.
fn wanted(word: &str, others: &[&str]) -> bool {
    let named = |name: &str| std::env::args().any(|argument| argument == name);
    named(word) || !others.iter().any(|other| named(other))
}

async fn run(name: &str, storage: &Storage, records: usize, changes: impl Iterator<Item = Vec<Change>>) {
    let (start, before) = (Instant::now(), cpu());
    for changes in changes {
        let batch = Batch {
            synced_at: Timestamp::from_second(1_700_000_000).unwrap(),
            changes,
            checkpoint: None,
        };
        storage.write(batch).await.unwrap();
    }
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    let records = records as f64;
    println!(
        "{name:32} {:6.2} µs wall, {:6.2} µs cpu a record; {}",
        start.elapsed().as_secs_f64() * 1e6 / records,
        (cpu() - before) / records,
        peak()
    );
}

fn main() {
    let scale: usize = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .next()
        .unwrap_or(20_000);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mirror.db");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let storage = Storage::open(&path, StorageOptions::default()).unwrap();
        if std::env::args().any(|argument| argument == "feed") {
            let reader = FeedOptions {
                reader: "bench".to_owned(),
                keeps_before: false,
                name: "bench".to_owned(),
                now: Timestamp::from_second(1_700_000_000).unwrap(),
            };
            Feed::open(&path, &reader).unwrap();
        }
        let streams = ["contacts", "conversations", "parts"];
        for round in ["first", "unchanged"]
            .into_iter()
            .filter(|round| wanted(round, &["first", "unchanged"]))
        {
            let contacts = (0..scale / 150).map(|page| {
                let records = (page * 150..(page + 1) * 150).map(contact).collect();
                vec![Change::Records {
                    stream: "contacts",
                    records,
                    pass: None,
                }]
            });
            if wanted("contacts", &streams) {
                run(&format!("contacts {round}"), &storage, scale, contacts).await;
            }
            let conversations = (0..scale / 150).map(|page| {
                let records = (page * 150..(page + 1) * 150).map(conversation).collect();
                vec![Change::Records {
                    stream: "conversations",
                    records,
                    pass: None,
                }]
            });
            if wanted("conversations", &streams) {
                run(&format!("conversations {round}"), &storage, scale, conversations).await;
            }
            let parts = (0..scale / 20).map(|group| {
                (group * 20..(group + 1) * 20)
                    .map(|number| Change::Parts {
                        conversation_id: (100_000_000 + number).to_string(),
                        records: (0..10).map(|place| part(number, place)).collect(),
                        total_count: Some(10),
                        stated: Some(10),
                    })
                    .collect()
            });
            if wanted("parts", &streams) {
                run(&format!("parts {round}"), &storage, scale * 10, parts).await;
            }
        }
        let start = Instant::now();
        for number in 0..scale {
            std::hint::black_box((contact(number), part(number, 1)));
        }
        println!(
            "making one contact and one part: {:.2} µs",
            start.elapsed().as_secs_f64() * 1e6 / 20_000.0
        );
        println!(
            "contact {} bytes, part {} bytes",
            contact(1).len(),
            part(1, 1).len()
        );
        storage.close().await.unwrap();
        println!("file {} MB", path.metadata().unwrap().len() >> 20);
    });
}
