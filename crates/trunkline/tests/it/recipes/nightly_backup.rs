//! Every night the mirror is a folder of Parquet files, whole whenever the process dies, and its contacts can be put back.

use std::{cell::Cell, collections::BTreeMap, fs, path::Path};

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use serde_json::{Value, json};

use super::{change, desk_with, files};
use crate::{
    harness::{Desk, Simulator},
    killing,
    process::json as shown,
};

/// The recipe beside the mirror of a small workspace.
fn desk(simulator: &Simulator) -> Desk {
    let desk = desk_with("nightly-backup");
    change(&desk, "flow.yaml", "{ mirror: {", "{ mirror: { file: mirror.db,");
    desk.sync(simulator, &[]);
    desk
}

/// The rows of the Parquet files below a folder.
fn rows(folder: &Path) -> Vec<Value> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "parquet") {
                let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
                let rows = reader.get_row_iter(None).unwrap();
                found.extend(rows.map(|row| row.unwrap().to_json_value()));
            }
        }
    }
    found
}

/// The folders of nights.
fn nights(desk: &Desk) -> Vec<std::path::PathBuf> {
    let mut nights: Vec<_> = fs::read_dir(desk.path().join("backups"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    nights.sort();
    nights
}

/// Ids and records by stream, each id once.
fn held(night: &Path) -> BTreeMap<String, BTreeMap<String, Value>> {
    let mut held: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for row in rows(night) {
        let stream = row["stream"].as_str().unwrap().to_owned();
        let Some(id) = row["id"].as_str() else { continue };
        let record = serde_json::from_str(row["record"].as_str().unwrap()).unwrap();
        held.entry(stream).or_default().insert(id.to_owned(), record);
    }
    held
}

#[test]
fn fifty_kills_leave_a_night_with_every_record_of_the_mirror() {
    let simulator = Simulator::small();
    let desk = desk(&simulator);
    // Nights of runs that ended are looked at one by one.
    change(&desk, "flow.yaml", "keep: 14", "keep: 1000");
    let written = || u32::try_from(files_of(&desk)).unwrap();
    let began = Cell::new(0);
    killing::at_random(
        &desk,
        &["flow", "run", "flow.yaml"],
        &[],
        12,
        |_| began.set(written()),
        |_| written() - began.get(),
    );
    shown(&desk, &["flow", "run", "flow.yaml"]);
    let mut compared = 0;
    let mirror = desk.open();
    for night in nights(&desk) {
        let end = rows(&night.join("_end"));
        assert!(!end.is_empty(), "{} has no end", night.display());
        let counts: BTreeMap<String, u64> =
            serde_json::from_str(end[0]["records"].as_str().unwrap()).unwrap();
        let held = held(&night);
        for (stream, count) in &counts {
            let found = held.get(stream).map_or(0, BTreeMap::len);
            assert_eq!(found as u64, *count, "{stream} in {}", night.display());
            let sql = format!("select count(*) from \"{stream}\" where _deleted_at is null");
            let there: u64 = mirror
                .query_row(&sql, [], |row| row.get::<_, i64>(0))
                .unwrap()
                .unsigned_abs();
            assert_eq!(*count, there, "{stream}");
            compared += found;
        }
        let contacts: BTreeMap<String, Value> = mirror
            .prepare("select id, record from contacts where _deleted_at is null")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))
            .unwrap()
            .map(|row| {
                row.map(|(id, text)| (id, serde_json::from_str(&text).unwrap()))
                    .unwrap()
            })
            .collect();
        assert_eq!(held["contacts"], contacts);
    }
    assert!(compared > 1_000);
}

fn files_of(desk: &Desk) -> usize {
    let mut count = 0;
    let mut folders = vec![desk.path().join("backups")];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                count += usize::from(path.extension().is_some_and(|ending| ending == "parquet"));
            }
        }
    }
    count
}

#[test]
fn only_so_many_nights_stay_and_what_was_lost_is_put_back_from_one() {
    let simulator = Simulator::small();
    let desk = desk(&simulator);
    change(&desk, "flow.yaml", "keep: 14", "keep: 2");
    for day in ["2026-01-01", "2026-01-02T020000", "notes"] {
        fs::create_dir_all(desk.path().join("backups").join(day)).unwrap();
    }
    shown(&desk, &["flow", "run", "flow.yaml"]);
    let names: Vec<String> = nights(&desk)
        .iter()
        .map(|night| night.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(!names.contains(&"2026-01-01".to_owned()) && names.contains(&"notes".to_owned()));
    let lost = simulator
        .truth("contacts", "2.16")
        .into_iter()
        .find(|contact| contact["external_id"].is_string() && contact["email"].is_string())
        .unwrap();
    let path = format!("/contacts/{}", lost["id"].as_str().unwrap());
    assert_eq!(simulator.api("DELETE", &path, None).0, 200);
    simulator.advance(600);
    let night = nights(&desk)
        .into_iter()
        .rfind(|night| night.join("_end").is_dir())
        .unwrap();
    let restore = desk.path().join("restore/contacts");
    fs::create_dir_all(&restore).unwrap();
    for (at, entry) in fs::read_dir(night.join("contacts")).unwrap().enumerate() {
        fs::copy(entry.unwrap().path(), restore.join(format!("{at}.parquet"))).unwrap();
    }
    let told = shown(
        &desk,
        &["flow", "run", "restore.yaml", "--base-url", simulator.base_url()],
    );
    assert_eq!(told["dead_letters"], json!(0), "{told}");
    let found: Vec<Value> = simulator
        .truth("contacts", "2.16")
        .into_iter()
        .filter(|contact| contact["external_id"] == lost["external_id"])
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    for field in ["email", "name", "role", "phone"] {
        assert_eq!(found[0][field], lost[field], "{field}");
    }
    assert!(files(&desk.path().join("backups/notes")).is_empty());
}
