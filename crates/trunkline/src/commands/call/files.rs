//! Files that a reply attaches, read from their paths.
//!
//! The one rule: only the command line opens files, for it runs where the person is; over HTTP and in flows a path stays text
//! and is refused.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// The field whose value may be paths: `attachment_files=@photo.png,@plan.pdf`.
pub(super) const FIELD: &str = "attachment_files";

/// The files at paths that each begin with `@`, with name, content type and content; none when the text is no such list.
pub(super) fn read(text: &str) -> Option<Result<Value, String>> {
    let paths: Vec<&str> = text
        .split(',')
        .map(|item| item.trim().strip_prefix('@'))
        .collect::<Option<_>>()?;
    Some(paths.into_iter().map(file).collect())
}

fn file(path: &str) -> Result<Value, String> {
    let content = std::fs::read(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
    let path = std::path::Path::new(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(json!({ "name": name, "content_type": content_type(path), "data": STANDARD.encode(content) }))
}

/// What a file holds, by the end of its name; plain bytes where that does not tell.
fn content_type(path: &std::path::Path) -> &'static str {
    let ending = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    match &*ending {
        "csv" => "text/csv",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "gif" => "image/gif",
        "htm" | "html" => "text/html",
        "jpeg" | "jpg" => "image/jpeg",
        "json" => "application/json",
        "log" | "md" | "txt" => "text/plain",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "webp" => "image/webp",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_with_their_names_and_types() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("Plan.PDF"), folder.path().join("note"));
        std::fs::write(&first, b"hello").unwrap();
        std::fs::write(&second, b"").unwrap();
        let text = format!("@{}, @{}", first.display(), second.display());
        assert_eq!(
            read(&text),
            Some(Ok(json!([
                { "name": "Plan.PDF", "content_type": "application/pdf", "data": "aGVsbG8=" },
                { "name": "note", "content_type": "application/octet-stream", "data": "" },
            ])))
        );
        assert_eq!(read("plan.pdf"), None);
        assert_eq!(read("@a,b"), None);
        assert!(
            read("@/no/such/file")
                .unwrap()
                .unwrap_err()
                .contains("/no/such/file")
        );
    }
}
