//! The folder on disk.
//!
//! The one rule: a save that dies midway leaves either all old files or all new ones. New files are written beside the old ones,
//! into `.saving`; when all of them are on the disk, `.saving/complete` says so, and only then do they take their places. Whoever
//! finds a complete `.saving` finishes the move; one that is not complete counts for nothing.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use super::{Folder, OWN, errors::FolderError, file, known, names, parse};

const SAVING: &str = ".saving";
const COMPLETE: &str = "complete";
/// What the names of JSON files end in.
const ENDINGS: [&str; 3] = ["json", "jsonl", "ndjson"];

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Unreadable { path, source }
}

fn unwritable(path: &Path) -> impl FnOnce(std::io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Unwritable { path, source }
}

/// Everything in a folder, or in one file that holds a whole workspace.
pub(super) fn read(path: &Path) -> Result<Folder, FolderError> {
    let what = fs::metadata(path).map_err(unreadable(path))?;
    if what.is_file() {
        let text = fs::read_to_string(path).map_err(unreadable(path))?;
        return parse::document(&text, &path.display().to_string());
    }
    finish(path)?;
    let mut folder = Folder::default();
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable(path))? {
        files.push(entry.map_err(unreadable(path))?.path());
    }
    files.sort();
    for path in files {
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        if !ENDINGS.contains(&ending) || !path.is_file() {
            continue;
        }
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy())
            .unwrap_or_default();
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        let text = fs::read_to_string(&path).map_err(unreadable(&path))?;
        if stem == OWN {
            folder.own = parse::own(&text, &name)?;
            continue;
        }
        let Some(stem) = known(stem) else {
            return Err(FolderError::UnknownFile {
                file: name.into_owned(),
                known: names().join(", "),
            });
        };
        let records = parse::records(&text, &name)?;
        if folder.records.insert(stem, records).is_some() {
            return Err(FolderError::NotRecords {
                file: name.into_owned(),
                place: String::new(),
                reason: format!("the folder has several files for {stem}"),
            });
        }
    }
    Ok(folder)
}

/// Moves what a save had finished writing into its place.
fn finish(path: &Path) -> Result<(), FolderError> {
    let saving = path.join(SAVING);
    if !saving.join(COMPLETE).is_file() {
        return Ok(());
    }
    for entry in fs::read_dir(&saving).map_err(unreadable(&saving))? {
        let from = entry.map_err(unreadable(&saving))?.path();
        let Some(name) = from.file_name().filter(|name| *name != COMPLETE) else {
            continue;
        };
        let to = path.join(name);
        fs::rename(&from, &to).map_err(unwritable(&to))?;
    }
    sync(path)?;
    fs::remove_dir_all(&saving).map_err(unwritable(&saving))
}

/// Makes what a folder holds last.
fn sync(path: &Path) -> Result<(), FolderError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(unwritable(path))
}

/// Puts these files, by their names, in place of those that the folder has; tells how many there were.
pub(super) fn write(path: &Path, texts: &[(&'static str, String)]) -> Result<usize, FolderError> {
    let saving = path.join(SAVING);
    fs::create_dir_all(path).map_err(unwritable(path))?;
    finish(path)?;
    if saving.exists() {
        fs::remove_dir_all(&saving).map_err(unwritable(&saving))?;
    }
    fs::create_dir(&saving).map_err(unwritable(&saving))?;
    for (name, text) in texts {
        whole(&file(&saving, name), text)?;
    }
    sync(&saving)?;
    whole(&saving.join(COMPLETE), "")?;
    sync(&saving)?;
    finish(path)?;
    Ok(texts.len())
}

fn whole(path: &Path, text: &str) -> Result<(), FolderError> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(unwritable(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("trunkline-{}-{name}", std::process::id()));
        fs::remove_dir_all(&path).ok();
        fs::create_dir_all(&path).expect("a folder for the test");
        path
    }

    #[test]
    fn a_save_that_died_counts_wholly_or_not_at_all() {
        for (name, is_complete) in [("cut", false), ("complete", true)] {
            let path = folder(name);
            write(&path, &[("tags", r#"[{"id":"1","name":"old"}]"#.to_owned())]).expect("a save");
            let saving = path.join(SAVING);
            fs::create_dir(&saving).expect("a folder");
            fs::write(file(&saving, "tags"), r#"[{"id":"1","name":"new"}]"#).expect("a file");
            if is_complete {
                fs::write(saving.join(COMPLETE), "").expect("a file");
            }
            let read = read(&path).expect("a folder that can be read");
            let name = read.records["tags"][0].fields["name"].clone();
            assert_eq!(name, if is_complete { "new" } else { "old" });
            write(&path, &[("tags", "[]".to_owned())]).expect("another save");
            assert!(!saving.exists());
            fs::remove_dir_all(&path).ok();
        }
    }
}
