//! Opens.
use std::path::Path;
use rusqlite::Connection;
use super::{StorageError, StorageOptions, engine::Engine};
pub(super) fn open(_path: &Path, _options: &StorageOptions) -> Result<Engine, StorageError> { Ok(Engine) }
pub(super) fn reader(path: &Path) -> Result<Connection, StorageError> {
    Connection::open(path).map_err(|error| StorageError::from_sqlite(path, "opening", error))
}
