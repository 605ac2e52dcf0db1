//! An object that is written a piece at a time.
//!
//! The one rule: memory holds some parts of it, however large it gets; it appears when it is finished, and never when it is not.

use std::{fmt, io, sync::Arc};

use object_store::{Error, ObjectStore, ObjectStoreExt as _, WriteMultipart, path::Path};
use tokio::runtime::Handle;

use super::PART;

/// How many parts are on their way at once.
const AT_ONCE: usize = 4;

/// An object on its way. It blocks, so it belongs on a thread that may.
pub struct Upload {
    store: Arc<dyn ObjectStore>,
    path: Path,
    runtime: Handle,
    /// What no part took yet.
    waiting: Vec<u8>,
    /// None while it fits into one.
    parts: Option<WriteMultipart>,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Upload").field(&self.path.as_ref()).finish()
    }
}

impl Upload {
    pub(super) fn new(store: Arc<dyn ObjectStore>, path: Path, runtime: Handle) -> Self {
        Self {
            store,
            path,
            runtime,
            waiting: Vec::new(),
            parts: None,
        }
    }

    fn send(&mut self) -> Result<(), Error> {
        let parts = match &mut self.parts {
            Some(parts) => parts,
            None => {
                let upload = self.runtime.block_on(self.store.put_multipart(&self.path))?;
                self.parts
                    .insert(WriteMultipart::new_with_chunk_size(upload, PART))
            }
        };
        self.runtime.block_on(parts.wait_for_capacity(AT_ONCE))?;
        // Parts are sent by tasks of the runtime.
        let _inside = self.runtime.enter();
        parts.write(&self.waiting);
        self.waiting.clear();
        Ok(())
    }

    /// Ends it: it is there when this returns.
    ///
    /// # Errors
    /// When the storage does not take it; then nothing of it is there.
    pub fn finish(mut self) -> Result<(), Error> {
        if self.parts.is_some()
            && !self.waiting.is_empty()
            && let Err(error) = self.send()
        {
            self.abandon();
            return Err(error);
        }
        let runtime = self.runtime.clone();
        match self.parts.take() {
            // It takes away by itself what it cannot finish.
            Some(parts) => runtime.block_on(parts.finish()).map(drop),
            None => runtime
                .block_on(self.store.put(&self.path, self.waiting.into()))
                .map(drop),
        }
    }

    /// Takes away what was brought of it.
    pub fn abandon(mut self) {
        if let Some(parts) = self.parts.take() {
            // The storage's own rules take away what this cannot.
            self.runtime.block_on(parts.abort()).ok();
        }
    }
}

impl io::Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() > PART {
            self.send().map_err(io::Error::other)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Brings a large object part by part; what was brought of one that fails is taken away.
pub(super) async fn in_parts(store: &dyn ObjectStore, path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let upload = store.put_multipart(path).await?;
    let mut parts = WriteMultipart::new_with_chunk_size(upload, PART);
    for part in bytes.chunks(PART) {
        if let Err(error) = parts.wait_for_capacity(AT_ONCE).await {
            parts.abort().await.ok();
            return Err(error);
        }
        parts.write(part);
    }
    // It takes away by itself what it cannot finish.
    parts.finish().await.map(drop)
}
