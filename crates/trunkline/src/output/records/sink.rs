//! Where the text of records goes: standard output, or a file that is there only when it is whole.
//!
//! The one rule: a file is written beside its place and renamed into it at the end, so that nobody ever finds half of it; what
//! failed leaves the file of before as it was.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use crate::failure::Failure;

/// What went wrong, and where.
pub(super) type Written = Result<(), (String, io::Error)>;

pub(super) enum Sink {
    Standard(BufWriter<io::Stdout>),
    File(Part),
}

/// A file that is not whole yet.
pub(super) struct Part {
    out: Option<BufWriter<File>>,
    /// Where it is written; nowhere else for what is not an ordinary file.
    part: Option<PathBuf>,
    place: PathBuf,
}

impl Sink {
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::Standard(BufWriter::new(io::stdout())));
        };
        Part::open(path).map(Self::File).map_err(|error| {
            Failure::usage(
                "TL0008",
                format!("{} cannot be written: {error}", path.display()),
                "Check the folder and its permissions.",
            )
        })
    }

    pub(super) fn text(&mut self, text: &str) -> Written {
        let written = match self {
            Self::Standard(out) => out.write_all(text.as_bytes()),
            Self::File(part) => part
                .out
                .as_mut()
                .map_or(Ok(()), |out| out.write_all(text.as_bytes())),
        };
        self.at(written)
    }

    pub(super) fn line(&mut self, text: &str) -> Written {
        self.text(text)?;
        self.text("\n")?;
        match self {
            // Whoever watches a pipe sees each item when it is there; a file has time.
            Self::Standard(_) => self.flush(),
            Self::File(_) => Ok(()),
        }
    }

    pub(super) fn flush(&mut self) -> Written {
        let written = match self {
            Self::Standard(out) => out.flush(),
            Self::File(part) => part.out.as_mut().map_or(Ok(()), io::Write::flush),
        };
        self.at(written)
    }

    /// All is written: a file takes its place.
    pub(super) fn finish(&mut self) -> Written {
        let finished = match self {
            Self::Standard(out) => out.flush(),
            Self::File(part) => part.finish(),
        };
        self.at(finished)
    }

    fn at(&self, written: io::Result<()>) -> Written {
        written.map_err(|error| {
            let place = match self {
                Self::Standard(_) => "standard output".to_owned(),
                Self::File(part) => part.place.display().to_string(),
            };
            (place, error)
        })
    }
}

impl Part {
    fn open(path: &Path) -> io::Result<Self> {
        // The file that a link leads to is written, not the link.
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let before = fs::metadata(&place).ok();
        if before.as_ref().is_some_and(|before| !before.is_file()) {
            // A device, a pipe; a folder is refused by its own words.
            return Ok(Self {
                out: Some(BufWriter::new(File::options().write(true).open(&place)?)),
                part: None,
                place,
            });
        }
        let name = place
            .file_name()
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
        let part = place.with_file_name(format!(".{}.{}.part", name.display(), std::process::id()));
        let file = File::create(&part)?;
        let made = Self {
            out: Some(BufWriter::new(file)),
            part: Some(part.clone()),
            place,
        };
        if let Some(before) = before {
            fs::set_permissions(&part, before.permissions())?;
        }
        Ok(made)
    }

    fn finish(&mut self) -> io::Result<()> {
        let Some(out) = self.out.take() else { return Ok(()) };
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        if let Some(part) = &self.part {
            file.sync_all()?;
            fs::rename(part, &self.place)?;
            self.part = None;
        }
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // What did not become whole is taken away; nothing more can be done about it here.
        if let Some(part) = &self.part {
            let _ = fs::remove_file(part);
        }
    }
}
