//! Opens the store that the flags name.
//!
//! The one rule: a command that only looks never makes a data folder; only what keeps something does.

use std::path::Path;

use jiff::Timestamp;
use rand::{rand_core::UnwrapErr, rngs::SysRng};
use trunkline_client::{Clock as _, SystemClock};
use trunkline_store::{Entropy, KeySource, Location, Store};

use crate::{cli::Data, failure::Failure};

/// Holds the key, or several separated by commas, instead of the data folder's file.
const KEY_VARIABLE: &str = "TRUNKLINE_SECRET_KEY";

/// Opens the store, and makes what is missing of it.
pub(crate) async fn open(data: &Data) -> Result<Store, Failure> {
    if data.store.is_none() || std::env::var_os(KEY_VARIABLE).is_none() {
        Store::make_folder(&data.data)?;
    }
    let location = match &data.store {
        Some(url) => Location::Postgres(url.clone().into()),
        None => Location::Sqlite(Store::file_in(&data.data)),
    };
    let entropy = Entropy::new(UnwrapErr(SysRng));
    Ok(Store::open(&location, key(&data.data)?, entropy).await?)
}

/// Opens the store if there is one.
pub(crate) async fn open_if_there(data: &Data) -> Result<Option<Store>, Failure> {
    if data.store.is_none() && !Store::file_in(&data.data).exists() {
        return Ok(None);
    }
    open(data).await.map(Some)
}

/// The moment, for what is written down.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

fn key(folder: &Path) -> Result<KeySource, Failure> {
    match std::env::var(KEY_VARIABLE) {
        Ok(value) => Ok(KeySource::Variable {
            name: KEY_VARIABLE.to_owned(),
            value: value.into(),
        }),
        Err(std::env::VarError::NotPresent) => Ok(KeySource::File(Store::key_in(folder))),
        Err(std::env::VarError::NotUnicode(_)) => Err(Failure::usage(
            "TL0506",
            format!("the variable {KEY_VARIABLE} does not hold text"),
            "Set it to a key that Trunkline made, or unset it.",
        )),
    }
}
