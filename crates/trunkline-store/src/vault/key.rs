//! Keys and where they are kept: a file that its owner alone can read, or an environment variable.
//!
//! The one rule: a key file is replaced in one step (written beside, synced, renamed), so that no crash leaves a store
//! without the key that opens it. One key a line, the current one first; in a variable they are separated by commas.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{Entropy, StoreError};

/// What a key begins with: its kind and version.
const PREFIX: &str = "trunkline-key-1:";
const BYTES: usize = 32;
/// A key file is a line or two; whatever is longer is something else.
const LONGEST: u64 = 4_096;

/// Where the key comes from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A file with one key a line, readable by its owner alone.
    File(PathBuf),
    /// The value of an environment variable, with the variable's name.
    Variable {
        /// The variable.
        name: String,
        /// Its value: one key, or several separated by commas, the current one first.
        value: SecretString,
    },
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable { name, .. } => write!(f, "the variable {name}"),
        }
    }
}

/// One key.
pub(super) struct Key {
    bytes: Zeroizing<[u8; BYTES]>,
    /// Tells which key sealed a value, and nothing else about the key.
    mark: [u8; 8],
}

impl Key {
    fn new(bytes: [u8; BYTES]) -> Self {
        let digest = Sha256::new()
            .chain_update(b"trunkline key mark\0")
            .chain_update(bytes)
            .finalize();
        let mut mark = [0; 8];
        mark.copy_from_slice(&digest[..8]);
        Self {
            bytes: Zeroizing::new(bytes),
            mark,
        }
    }

    pub(super) fn bytes(&self) -> &[u8; BYTES] {
        &self.bytes
    }

    pub(super) const fn mark(&self) -> &[u8; 8] {
        &self.mark
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// The keys of a source, the current one first. A file that is not there is made, if it may be.
pub(super) fn read(source: &KeySource, entropy: &Entropy, may_make: bool) -> Result<Vec<Key>, StoreError> {
    let text = match source {
        KeySource::Variable { value, .. } => Zeroizing::new(value.expose_secret().to_owned()),
        KeySource::File(path) => match read_file(path, source)? {
            Some(text) => text,
            None if may_make => make(path, source, entropy)?,
            None => return Err(bad(source, "the file is not there")),
        },
    };
    parse(&text).map_err(|reason| bad(source, reason))
}

/// Puts a new key first.
pub(super) fn add(source: &KeySource, entropy: &Entropy) -> Result<(), StoreError> {
    let KeySource::File(path) = source else {
        return Ok(());
    };
    let held = read_file(path, source)?.ok_or_else(|| bad(source, "the file is not there"))?;
    let mut text = line(entropy);
    text.push_str(&held);
    replace(path, &text, source)
}

/// Leaves only the first key.
pub(super) fn keep_current(source: &KeySource) -> Result<(), StoreError> {
    let KeySource::File(path) = source else {
        return Ok(());
    };
    let held = read_file(path, source)?.ok_or_else(|| bad(source, "the file is not there"))?;
    let first = Zeroizing::new(held.lines().next().unwrap_or_default().to_owned() + "\n");
    replace(path, &first, source)
}

fn line(entropy: &Entropy) -> Zeroizing<String> {
    let mut bytes: [u8; BYTES] = entropy.bytes();
    let text = Zeroizing::new(format!("{PREFIX}{}\n", URL_SAFE_NO_PAD.encode(bytes)));
    bytes.zeroize();
    text
}

fn parse(text: &str) -> Result<Vec<Key>, &'static str> {
    let keys = text
        .split(['\n', ','])
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| {
            let encoded = line
                .strip_prefix(PREFIX)
                .ok_or("it does not hold a key that Trunkline made")?;
            let mut bytes = [0; BYTES];
            match URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes) {
                Ok(BYTES) => Ok(Key::new(bytes)),
                _ => Err("the key in it is cut off or was changed"),
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() {
        return Err("it is empty");
    }
    Ok(keys)
}

fn read_file(path: &Path, source: &KeySource) -> Result<Option<Zeroizing<String>>, StoreError> {
    let io = |error: &std::io::Error| bad(source, &error.to_string());
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(&error)),
    };
    let metadata = file.metadata().map_err(|error| io(&error))?;
    if !metadata.is_file() || metadata.len() > LONGEST {
        return Err(bad(source, "it is not a key file"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(bad(source, "others than its owner may read it"));
        }
    }
    let mut text = Zeroizing::new(String::new());
    file.take(LONGEST)
        .read_to_string(&mut text)
        .map_err(|error| io(&error))?;
    Ok(Some(text))
}

/// Makes the file with a first key. Whoever is first of several processes makes it; the others take its key.
fn make(path: &Path, source: &KeySource, entropy: &Entropy) -> Result<Zeroizing<String>, StoreError> {
    let text = line(entropy);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", entropy.word()));
    let beside = path.with_file_name(name);
    let written = write(&beside, &text).and_then(|()| std::fs::hard_link(&beside, path));
    // Its work is done, whether the link was made or was there.
    std::fs::remove_file(&beside).ok();
    match written {
        Ok(()) => Ok(text),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            read_file(path, source)?.ok_or_else(|| bad(source, "the file is not there"))
        }
        Err(error) => Err(bad(source, &error.to_string())),
    }
}

/// Writes the whole file anew, in one step.
fn replace(path: &Path, text: &str, source: &KeySource) -> Result<(), StoreError> {
    let beside = path.with_extension("key.new");
    let outcome = write(&beside, text)
        .and_then(|()| std::fs::rename(&beside, path))
        .and_then(|()| {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty())
                .unwrap_or(Path::new("."));
            File::open(folder)?.sync_all()
        });
    outcome.map_err(|error| bad(source, &error.to_string()))
}

/// Writes a file for its owner alone, down to the disk.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn bad(source: &KeySource, reason: &str) -> StoreError {
    StoreError::BadKey {
        source_of_key: source.to_string(),
        reason: reason.to_owned(),
    }
}
