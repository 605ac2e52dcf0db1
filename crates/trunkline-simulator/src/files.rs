//! The addresses of attached files, which are signed and end after a while, and what lies behind them.
//!
//! The one rule: an address is good until its `expires` by the workspace's clock, for whoever has it; reading what it hangs
//! on again gives a fresh one. Which messages have files is in `presenter/parts.rs`.

use std::{borrow::Cow, fmt::Write as _, io::Write as _};

use bytes::Bytes;
use flate2::{Compression, Crc, write::ZlibEncoder};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha1::Sha1;

use crate::{
    pipeline::{State, read},
    reply::Reply,
    texts::mix,
    workspace::Workspace,
};

/// A file that a call attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
}

/// How the addresses of files are made for one reader.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses<'a> {
    base_url: &'a str,
    /// The moment from which on they are good no longer; without one they have no signature.
    expires: Option<i64>,
}

impl<'a> Addresses<'a> {
    /// Addresses that are good until a moment.
    pub(crate) fn until(base_url: &'a str, expires: i64) -> Self {
        Self {
            base_url,
            expires: Some(expires),
        }
    }

    /// What stays of every address: its path.
    pub(crate) fn bare() -> Addresses<'static> {
        Addresses {
            base_url: "",
            expires: None,
        }
    }

    fn of(self, workspace: &Workspace, number: u64, name: &str) -> String {
        let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let path = format!("{PREFIX}{}/{number}/{name}", workspace.id_code);
        let Some(expires) = self.expires else {
            return path;
        };
        let signature = signature(workspace.seed, &path, expires);
        format!("{}{path}?expires={expires}&signature={signature}", self.base_url)
    }
}

/// What the path of a file begins with.
const PREFIX: &str = "/i/o/";
/// Files that calls attached are numbered from here; smaller numbers are those of generated messages.
const ATTACHED: u64 = 10_000_000_000;
/// Generated pictures are this large.
const WIDTH: u32 = 1_280;
const HEIGHT: u32 = 720;
/// The size of what stands in for a file that lies elsewhere.
const STAND_IN: usize = 1_024;

/// Whether a path is that of a file.
pub(crate) fn is_ours(path: &str) -> bool {
    path.starts_with(PREFIX)
}

fn signature(seed: u64, path: &str, expires: i64) -> String {
    let key = mix(seed, 180, 0).to_be_bytes();
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).expect("any key is long enough");
    mac.update(path.as_bytes());
    mac.update(&expires.to_be_bytes());
    let mut text = String::with_capacity(40);
    for byte in mac.finalize().into_bytes() {
        // Writing into a text cannot fail.
        write!(text, "{byte:02x}").ok();
    }
    text
}

/// A generated message's file as the API shows it: one message in some dozens has one.
pub(crate) fn generated(workspace: &Workspace, addresses: Addresses<'_>, number: u32) -> Option<Value> {
    is_there(number).then(|| {
        let name = format!("screenshot-{}.png", number % 1_000);
        json!({
            "type": "upload",
            "name": name,
            "url": addresses.of(workspace, u64::from(number), &name),
            "content_type": "image/png",
            "filesize": generated_size(number),
            "width": WIDTH,
            "height": HEIGHT,
        })
    })
}

/// Whether a generated message has a file.
pub(crate) fn is_there(number: u32) -> bool {
    number.is_multiple_of(37)
}

fn generated_size(number: u32) -> usize {
    20_480 + number as usize % 10_000
}

/// A file that a call attached, as the API shows it.
pub(crate) fn attached(workspace: &Workspace, addresses: Addresses<'_>, place: u32) -> Option<Value> {
    let file = workspace.files.get(place as usize)?;
    Some(json!({
        "type": "upload",
        "name": file.name,
        "url": addresses.of(workspace, ATTACHED + u64::from(place), &file.name),
        "content_type": file.content_type,
        "filesize": file.bytes.len(),
        "width": Value::Null,
        "height": Value::Null,
    }))
}

impl File {
    /// A file that lies elsewhere, as it is named there. It is not fetched: something stands in for its content.
    pub(crate) fn at(url: &str) -> Self {
        let path = url.split(['?', '#']).next().unwrap_or(url);
        let name = path.rsplit('/').next().filter(|name| !name.is_empty());
        let name = name.unwrap_or("file").to_owned();
        let content_type = match name.rsplit('.').next() {
            Some("png") => "image/png",
            Some("jpg" | "jpeg") => "image/jpeg",
            Some("pdf") => "application/pdf",
            _ => "application/octet-stream",
        };
        let bytes = if content_type == "image/png" {
            picture(1, 1, STAND_IN)
        } else {
            let line = format!("This stands in for {url}.\n");
            line.bytes().cycle().take(STAND_IN).collect()
        };
        Self {
            name,
            content_type: content_type.to_owned(),
            bytes,
        }
    }
}

/// A white picture in the PNG format that is so many bytes long, or as long as it has to be.
fn picture(width: u32, height: u32, size: usize) -> Bytes {
    fn chunk(into: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
        let mut crc = Crc::new();
        crc.update(kind);
        crc.update(data);
        into.extend_from_slice(&(data.len() as u32).to_be_bytes());
        into.extend_from_slice(kind);
        into.extend_from_slice(data);
        into.extend_from_slice(&crc.sum().to_be_bytes());
    }
    // One bit a pixel, rows filled up to whole bytes after the byte that names their filter.
    let mut row = vec![0xFF_u8; width.div_ceil(8) as usize + 1];
    row[0] = 0;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    for _ in 0..height {
        encoder
            .write_all(&row)
            .expect("writing into memory does not fail");
    }
    let pixels = encoder.finish().expect("writing into memory does not fail");
    let mut header = Vec::with_capacity(13);
    header.extend_from_slice(&width.to_be_bytes());
    header.extend_from_slice(&height.to_be_bytes());
    header.extend_from_slice(&[1, 0, 0, 0, 0]);
    let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut picture, b"IHDR", &header);
    // A comment makes it as long as its message says.
    let end = 12;
    let comment = size.saturating_sub(picture.len() + 12 + pixels.len() + 12 + end);
    if comment > 8 {
        let mut text = b"Comment\0".to_vec();
        text.resize(comment, b' ');
        chunk(&mut picture, b"tEXt", &text);
    }
    chunk(&mut picture, b"IDAT", &pixels);
    chunk(&mut picture, b"IEND", &[]);
    picture.into()
}

/// The file with this number.
fn find(workspace: &Workspace, number: u64) -> Option<Cow<'_, File>> {
    if let Some(place) = number.checked_sub(ATTACHED) {
        return Some(Cow::Borrowed(workspace.files.get(usize::try_from(place).ok()?)?));
    }
    let number = u32::try_from(number).ok().filter(|number| is_there(*number))?;
    Some(Cow::Owned(File {
        name: String::new(),
        content_type: "image/png".to_owned(),
        bytes: picture(WIDTH, HEIGHT, generated_size(number)),
    }))
}

/// Answers a request for a file; it needs no token, only an address that is still good.
pub(crate) fn serve(
    states: &[std::sync::Arc<State>],
    method: &str,
    path: &str,
    query: &str,
    now: i64,
) -> Reply {
    let refuse = |status, message: &'static str| Reply::text(status, "text/plain; charset=utf-8", message);
    let mut segments = path.trim_start_matches(PREFIX).split('/');
    let (Some(code), Some(number)) = (
        segments.next(),
        segments.next().and_then(|text| text.parse().ok()),
    ) else {
        return refuse(404, "Not Found");
    };
    if !matches!(method, "GET" | "HEAD") {
        return refuse(405, "Method Not Allowed");
    }
    let parameter = |name: &str| {
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(held, _)| held == name)
            .map(|(_, value)| value.into_owned())
    };
    let expires = parameter("expires").and_then(|text| text.parse::<i64>().ok());
    let (Some(expires), Some(signed)) = (expires, parameter("signature")) else {
        return refuse(403, "Missing signature");
    };
    for state in states {
        let workspace = read(&state.workspace);
        if workspace.id_code != code {
            continue;
        }
        if signed != signature(workspace.seed, path, expires) {
            return refuse(403, "Invalid signature");
        }
        if now >= expires {
            return refuse(403, "URL has expired");
        }
        return match find(&workspace, number) {
            Some(file) => {
                let mut reply = Reply::text(200, "application/octet-stream", file.bytes.clone());
                reply.headers.push(("content-type", file.content_type.clone()));
                reply
            }
            None => refuse(404, "Not Found"),
        };
    }
    refuse(404, "Not Found")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_as_long_as_its_message_says() {
        for number in [0, 37, 9_990, 4_294_967_281] {
            let size = generated_size(number);
            let picture = picture(WIDTH, HEIGHT, size);
            assert_eq!(picture.len(), size, "{number}");
            assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n") && picture.ends_with(b"IEND\xaeB`\x82"));
        }
        assert!(picture(WIDTH, HEIGHT, 0).len() > 100);
    }

    #[test]
    fn a_file_elsewhere_is_named_and_typed_by_its_address() {
        for (url, name, content_type) in [
            ("https://a.example/x/1.png?k=v", "1.png", "image/png"),
            ("https://a.example/b.jpeg", "b.jpeg", "image/jpeg"),
            ("https://a.example/c.pdf#2", "c.pdf", "application/pdf"),
            ("https://a.example/", "file", "application/octet-stream"),
            ("d", "d", "application/octet-stream"),
        ] {
            let file = File::at(url);
            assert_eq!(
                (file.name.as_str(), file.content_type.as_str()),
                (name, content_type),
                "{url}"
            );
            assert_eq!(file.bytes.len(), STAND_IN, "{url}");
        }
    }
}
