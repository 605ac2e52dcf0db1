//! Command lines of `trunkline`: found in documents, held against the help that the binary gives.
//!
//! The one rule: a command line counts when it is one, in a block of code; words in a sentence do not.

/// The words after `trunkline` of each command line in a document's blocks of code.
pub(super) fn in_document(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut in_code = false;
    let mut line = String::new();
    for part in text.lines() {
        if part.trim_start().starts_with("```") {
            in_code = !in_code;
            continue;
        }
        if !in_code {
            continue;
        }
        if let Some(begun) = part.strip_suffix('\\') {
            line.push_str(begun);
            continue;
        }
        line.push_str(part);
        found.extend(after_trunkline(&line));
        line.clear();
    }
    found
}

/// The words after `trunkline` in a command line, if it runs it.
pub(super) fn after_trunkline(line: &str) -> Option<Vec<String>> {
    let words: Vec<&str> = line
        .split_whitespace()
        .take_while(|word| !["|", "#", "&&", ">", ";"].contains(word))
        .collect();
    // As a program, or as a node of the compose file; a user or a folder of that name has no command behind it.
    let is_program = |word: &str| matches!(word.rsplit('/').next(), Some("trunkline" | "trunkline-1"));
    let is_command =
        |word: &&str| word.starts_with(|letter: char| letter.is_ascii_lowercase()) && !is_program(word);
    let at = (0..words.len())
        .rev()
        .find(|at| is_program(words[*at]) && words.get(at + 1).is_some_and(is_command))?;
    Some(words[at + 1..].iter().map(|word| (*word).to_owned()).collect())
}

/// Which of the variables a command does not read, by its help.
pub(super) fn unread(
    words: &[String],
    variables: &[String],
    help: &dyn Fn(&[String]) -> Option<String>,
) -> Option<String> {
    let (command, _) = parts(words);
    // What is wrapped in the help may be cut anywhere between two words.
    let text = help(command)?.replace([']', '='], " ");
    let read: Vec<&str> = text.split_whitespace().collect();
    let strange: Vec<&str> = variables
        .iter()
        .map(String::as_str)
        .filter(|variable| !read.contains(variable))
        .collect();
    (!strange.is_empty()).then(|| {
        format!(
            "`trunkline {}` does not read {}",
            command.join(" "),
            strange.join(", ")
        )
    })
}

/// What the binary does not know of a command line.
pub(super) fn unknown(words: &[String], help: &dyn Fn(&[String]) -> Option<String>) -> Option<String> {
    let (command, rest) = parts(words);
    let Some(text) = help(command) else {
        return Some(format!("there is no `trunkline {}`", command.join(" ")));
    };
    let known: Vec<&str> = text.split_whitespace().filter_map(flag).collect();
    let strange: Vec<&str> = rest
        .iter()
        .filter_map(|word| flag(word))
        .filter(|flag| !known.contains(flag))
        .collect();
    (!strange.is_empty()).then(|| {
        format!(
            "`trunkline {}` knows no {}",
            command.join(" "),
            strange.join(", ")
        )
    })
}

/// The command's own words, and what follows from the first flag on.
fn parts(words: &[String]) -> (&[String], &[String]) {
    let flags_at = words.iter().position(|word| word.starts_with('-'));
    words.split_at(flags_at.unwrap_or(words.len()))
}

/// The flag that a word is, without its value.
fn flag(word: &str) -> Option<&str> {
    let word = word.trim_start_matches('[');
    let name = word.strip_prefix("--")?;
    let end = name
        .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-')
        .unwrap_or(name.len());
    (end > 0).then(|| &word[..end + 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_found_where_they_are_run() {
        let check = |line: &str, expected: Option<&str>| {
            let found = after_trunkline(line).map(|words| words.join(" "));
            assert_eq!(found.as_deref(), expected, "{line}");
        };
        check("trunkline serve --data DIR", Some("serve --data DIR"));
        check("/usr/local/bin/trunkline serve", Some("serve"));
        check(
            "trunkline serve --data /var/lib/trunkline --listen A",
            Some("serve --data /var/lib/trunkline --listen A"),
        );
        check("sudo -u trunkline trunkline --version", None);
        check("sudo -u trunkline trunkline keys add a", Some("keys add a"));
        check(
            "docker compose run --rm trunkline-1 keys add a",
            Some("keys add a"),
        );
        check("trunkline streams --json | jq .", Some("streams --json"));
        check("sudo systemctl enable --now trunkline", None);
        check("journalctl --unit trunkline --follow", None);
        check("install -o trunkline -g trunkline DIR", None);
        check("cargo run --release -- quickstart", None);
        check("", None);
    }

    #[test]
    fn only_blocks_of_code_are_read_and_long_lines_are_joined() {
        let text = "run trunkline nothing here\n```\ntrunkline serve \\\n  --data DIR\ntrunkline check\n```\ntrunkline x\n";
        let found: Vec<String> = in_document(text).iter().map(|words| words.join(" ")).collect();
        assert_eq!(found, ["serve --data DIR", "check"]);
    }

    #[test]
    fn what_the_help_does_not_show_is_found() {
        let help = |words: &[String]| match words.first()?.as_str() {
            "serve" => Some(
                "Usage: trunkline serve [OPTIONS]\n  --data <DIR> [env: X=]\n  -l, --listen <A>\n".to_owned(),
            ),
            _ => None,
        };
        let check = |line: &str, expected: Option<&str>| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(unknown(&words, &help).as_deref(), expected, "{line}");
        };
        check("serve", None);
        check("serve --data /data --listen=127.0.0.1:7070", None);
        check(
            "serve --store x --data y --dat",
            Some("`trunkline serve` knows no --store, --dat"),
        );
        check("server --data x", Some("there is no `trunkline server`"));
        let reads = |variable: &str| unread(&["serve".to_owned()], &[variable.to_owned()], &help);
        assert_eq!(reads("X"), None);
        assert_eq!(reads("Y").as_deref(), Some("`trunkline serve` does not read Y"));
    }
}
