//! The files of export jobs: what an export's columns are and how its rows are made from the workspace.
//!
//! The one rule: a file is made when it is downloaded, row by row, so that a job costs nothing while it waits. The jobs are
//! in `resources/content_exports.rs` and `resources/reporting_exports.rs`.

pub(crate) mod deliveries;
pub(crate) mod reporting;

use std::io::{self, Write};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

/// Lines of comma separated values, compressed.
pub(crate) struct Csv {
    out: GzEncoder<Vec<u8>>,
}

impl Csv {
    /// A file with this header.
    pub(crate) fn new(header: &[&str]) -> io::Result<Self> {
        let mut csv = Self {
            out: GzEncoder::new(Vec::new(), Compression::default()),
        };
        csv.line(header.iter().map(|name| (*name).to_owned()))?;
        Ok(csv)
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, fields: impl Iterator<Item = String>) -> io::Result<()> {
        self.out.write_all(join(fields).as_bytes())
    }

    /// The compressed file.
    pub(crate) fn finish(self) -> io::Result<Bytes> {
        self.out.finish().map(Bytes::from)
    }
}

/// One line with its end; fields with commas, quotes or line breaks are quoted (RFC 4180).
pub(crate) fn join(fields: impl Iterator<Item = String>) -> String {
    let quoted = fields.map(|field| {
        if field.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", field.replace('"', "\"\""))
        } else {
            field
        }
    });
    let mut line = quoted.collect::<Vec<_>>().join(",");
    line.push('\n');
    line
}

/// One file in a compressed archive.
pub(crate) fn archive(name: &str, content: &[u8], now: i64) -> io::Result<Bytes> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(now.unsigned_abs());
    archive.append_data(&mut header, name, content)?;
    archive.into_inner()?.finish().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_line_quotes_what_would_break_it() {
        let fields = ["plain", "a,b", "say \"hi\"", "two\nlines", ""];
        assert_eq!(
            join(fields.iter().map(|field| (*field).to_owned())),
            "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\n"
        );
    }

    #[test]
    fn an_archive_holds_its_file() {
        let packed = archive("rows.csv", b"a,b\n", 1_700_000_000).unwrap();
        let mut unpacked = tar::Archive::new(flate2::read::GzDecoder::new(&packed[..]));
        let mut entry = unpacked.entries().unwrap().next().unwrap().unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        assert_eq!(
            (entry.path().unwrap().to_str(), text.as_str()),
            (Some("rows.csv"), "a,b\n")
        );
    }
}
