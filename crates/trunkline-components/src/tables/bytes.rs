//! Text of bytes in whatever encoding.
//!
//! The one rule: UTF-8 unless the bytes say otherwise. A byte-order mark says it; zeros at every other place say UTF-16; bytes
//! beyond ASCII none of which is UTF-8 say Windows-1252, which takes Latin-1 in. What is no text at all is refused with
//! what it seems to be.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::TableError;

/// How much is looked at before the first row.
const HEAD: usize = 64 << 10;

/// What the beginnings of files that are no text say.
const MAGIC: [(&[u8], &str, &str); 6] = [
    (
        b"PK\x03\x04",
        "a workbook or a ZIP archive",
        "Save the sheet as CSV first.",
    ),
    (
        b"\xd0\xcf\x11\xe0",
        "a workbook of an old format",
        "Save the sheet as CSV first.",
    ),
    (
        b"SQLite format 3\0",
        "an SQLite database",
        "Read it with a query: `--from sqlite:FILE --query …`, or the source `sql` of a flow.",
    ),
    (
        b"\x1f\x8b",
        "a compressed file",
        "Unpack it first, as with `gunzip -c FILE`; `trunkline publish --from -` reads what comes.",
    ),
    (b"%PDF", "a PDF document", "Export the rows as CSV."),
    (b"PAR1", "a Parquet file", "Export the rows as CSV or JSON lines."),
];

/// Text, from its beginning.
pub struct Text {
    /// The lines.
    pub lines: Box<dyn BufRead + Send>,
    /// The beginning of it, which is also in `lines`.
    pub head: String,
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Text").finish_non_exhaustive()
    }
}

/// What a look at all bytes found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    has_utf8: bool,
    has_other: bool,
}

/// The encoding of this name.
///
/// # Errors
///
/// There is none of this name.
pub fn encoding(label: &str) -> Result<&'static Encoding, TableError> {
    Encoding::for_label(label.trim().as_bytes()).ok_or_else(|| {
        TableError::new(
            "TL0783",
            format!("`{label}` is not an encoding"),
            "Name one such as utf-8, utf-16le, windows-1252, latin1, shift_jis or gbk.",
        )
    })
}

/// Looks at all bytes: whether what is not ASCII is UTF-8.
///
/// # Errors
///
/// They cannot be read.
pub fn scan(mut bytes: impl Read, name: &str) -> Result<Scan, TableError> {
    let mut scan = Scan::default();
    let mut buffer = vec![0; HEAD];
    let mut kept = 0;
    loop {
        let read = match bytes.read(&mut buffer[kept..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.map_err(|error| TableError::unreadable(name, &error))?,
        };
        let filled = kept + read;
        let cut = scan.take(&buffer[..filled], read == 0);
        buffer.copy_within(cut..filled, 0);
        kept = filled - cut;
        if read == 0 {
            return Ok(scan);
        }
    }
}

impl Scan {
    /// Takes bytes in, and says how many of them; the rest may be the beginning of a letter.
    fn take(&mut self, bytes: &[u8], is_last: bool) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            match std::str::from_utf8(&bytes[at..]) {
                Ok(text) => {
                    self.has_utf8 |= !text.is_ascii();
                    at = bytes.len();
                }
                Err(error) => {
                    let valid = error.valid_up_to();
                    self.has_utf8 |= !bytes[at..at + valid].is_ascii();
                    at += valid;
                    match error.error_len() {
                        None if !is_last => return at,
                        wrong => {
                            self.has_other = true;
                            at += wrong.unwrap_or(bytes.len() - at);
                        }
                    }
                }
            }
        }
        at
    }
}

/// Text of `bytes`: in `encoding`, or in what they say, with what a look at all of them found.
///
/// # Errors
///
/// They cannot be read, or are no text.
pub fn text(
    bytes: Box<dyn Read + Send>,
    encoding: Option<&'static Encoding>,
    scanned: Option<Scan>,
    name: &str,
) -> Result<Text, TableError> {
    let mut bytes = bytes;
    let mut head = Vec::new();
    bytes
        .by_ref()
        .take(HEAD as u64)
        .read_to_end(&mut head)
        .map_err(|error| TableError::unreadable(name, &error))?;
    let (mark, length) = match Encoding::for_bom(&head) {
        Some((mark, length)) => (Some(mark), length),
        None => (None, 0),
    };
    let encoding = match encoding.or(mark) {
        Some(encoding) => encoding,
        None => guess(&head, scanned, name)?,
    };
    head.drain(..length);
    let shown = encoding.decode_without_bom_handling(&head).0.into_owned();
    let all = Cursor::new(head).chain(bytes);
    let lines: Box<dyn BufRead + Send> = if encoding == UTF_8 {
        Box::new(BufReader::with_capacity(HEAD, all))
    } else {
        Box::new(BufReader::with_capacity(
            HEAD,
            Decoded {
                bytes: all,
                decoder: encoding.new_decoder_without_bom_handling(),
                raw: Vec::new(),
                is_over: false,
                is_done: false,
            },
        ))
    };
    Ok(Text { lines, head: shown })
}

fn guess(head: &[u8], scanned: Option<Scan>, name: &str) -> Result<&'static Encoding, TableError> {
    let binary = |what: &str, advice: &str| {
        TableError::new("TL0782", format!("{name} is not a table but {what}"), advice)
    };
    if let Some((_, what, advice)) = MAGIC.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return Err(binary(what, advice));
    }
    let zeros = |remainder: usize| {
        let every_other = head.iter().skip(remainder).step_by(2);
        every_other.filter(|byte| **byte == 0).count()
    };
    let (even, odd) = (zeros(0), zeros(1));
    if even + odd > 0 {
        // Text of western letters has a zero beside nearly every byte.
        let many = head.len() / 4;
        return match (even > many, odd > many) {
            (false, true) if even == 0 => Ok(UTF_16LE),
            (true, false) if odd == 0 => Ok(UTF_16BE),
            _ => Err(binary(
                "a binary file",
                "Export the rows as CSV or JSON lines; if it is text, name its encoding.",
            )),
        };
    }
    let scan = scanned.unwrap_or_else(|| {
        let mut scan = Scan::default();
        scan.take(head, false);
        scan
    });
    Ok(match scan {
        Scan {
            has_other: true,
            has_utf8: false,
        } => WINDOWS_1252,
        _ => UTF_8,
    })
}

/// Bytes of another encoding, as UTF-8.
struct Decoded<R> {
    bytes: R,
    decoder: Decoder,
    raw: Vec<u8>,
    is_over: bool,
    /// The decoder has given all; it may not be asked again.
    is_done: bool,
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // One letter takes four bytes at most; the decoder wants room for one more.
        if into.len() < 16 || self.is_done {
            return Ok(0);
        }
        loop {
            if self.raw.is_empty() && !self.is_over {
                let mut chunk = vec![0; 16 << 10];
                let read = self.bytes.read(&mut chunk)?;
                chunk.truncate(read);
                self.is_over = read == 0;
                self.raw = chunk;
            }
            let (result, read, written, _) = self.decoder.decode_to_utf8(&self.raw, into, self.is_over);
            self.raw.drain(..read);
            self.is_done = self.is_over && result == CoderResult::InputEmpty;
            if written > 0 || self.is_done {
                return Ok(written);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], label: Option<&str>) -> Result<String, &'static str> {
        let label = label.map(|label| encoding(label).unwrap());
        let scanned = scan(bytes, "it").unwrap();
        let mut text = text(Box::new(Cursor::new(bytes.to_vec())), label, Some(scanned), "it")
            .map_err(|failure| failure.code)?;
        let mut all = String::new();
        text.lines.read_to_string(&mut all).map_err(|_| "no UTF-8")?;
        // Whoever asks again behind the end is told the same.
        assert_eq!(text.lines.read(&mut [0; 64]).unwrap(), 0);
        Ok(all)
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn bytes_say_what_they_are() {
        let text = "name,ort\nZoë,Köln\n";
        let latin: Vec<u8> = text.chars().map(|letter| letter as u8).collect();
        let long = format!("{text}{}", "ä,ö\n".repeat(100_000));
        let marked = |mark: &[u8], rest: Vec<u8>| [mark, &rest].concat();
        for (bytes, label, expected) in [
            (text.as_bytes().to_vec(), None, text),
            (long.as_bytes().to_vec(), None, long.as_str()),
            (marked(b"\xef\xbb\xbf", text.as_bytes().to_vec()), None, text),
            (marked(b"\xff\xfe", utf16(text, u16::to_le_bytes)), None, text),
            (marked(b"\xfe\xff", utf16(text, u16::to_be_bytes)), None, text),
            (utf16(text, u16::to_le_bytes), None, text),
            (utf16(text, u16::to_be_bytes), None, text),
            (latin.clone(), None, text),
            (latin, Some("latin1"), text),
            (b"\x93yes\x94".to_vec(), None, "\u{201c}yes\u{201d}"),
            (b"".to_vec(), None, ""),
        ] {
            assert_eq!(
                read(&bytes, label).as_deref(),
                Ok(expected),
                "{:?}",
                &bytes[..bytes.len().min(20)]
            );
        }
        // Letters of UTF-8 beside other bytes: it is UTF-8 with a broken line, not another encoding.
        assert_eq!(read(b"Zo\xc3\xab\n\xff\n", None), Err("no UTF-8"));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for bytes in [
            &b"PK\x03\x04rest"[..],
            b"SQLite format 3\0",
            b"\x1f\x8b\x08",
            b"a\0\0\0b\x01\0\0",
        ] {
            assert_eq!(read(bytes, None), Err("TL0782"), "{bytes:?}");
        }
        assert_eq!(encoding("klingon").unwrap_err().code, "TL0783");
    }
}
