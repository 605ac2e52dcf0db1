//! Links between the documents lead somewhere.

use super::Findings;
use crate::repo::Tree;

pub(super) fn every_link_leads_somewhere(tree: &Tree) -> Findings {
    let mut findings = Findings::new();
    for (path, text) in tree.ending(".md") {
        for target in targets(text) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let resolved = if file.is_empty() {
                Some(path.to_owned())
            } else {
                resolve(path, file)
            };
            match resolved.filter(|at| tree.has(at)) {
                None => findings.push(format!("{path}: the link to {target} leads nowhere")),
                Some(at) => {
                    let headings = tree.text(&at).unwrap_or_default();
                    if !anchor.is_empty() && !anchors(headings).any(|name| name == anchor) {
                        findings.push(format!("{path}: {target} has no such heading"));
                    }
                }
            }
        }
    }
    findings
}

/// The targets of `[text](target)` that are not addresses, outside code.
fn targets(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for (at, _) in line.match_indices("](") {
            let rest = &line[at + 2..];
            if let Some(end) = rest.find(')') {
                let target = &rest[..end];
                if !target.contains("://") && !target.starts_with("mailto:") {
                    found.push(target);
                }
            }
        }
    }
    found
}

/// `target` as seen from the file `from`, as a path from the root; nothing when it leaves the checkout.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The anchors of the headings, as forges derive them.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter(|line| line.starts_with('#')).map(|line| {
        line.trim_start_matches('#')
            .trim()
            .to_lowercase()
            .chars()
            .filter(|letter| letter.is_alphanumeric() || "-_ ".contains(*letter))
            .map(|letter| if letter == ' ' { '-' } else { letter })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_files_folders_and_headings_are_followed() {
        let check = |line: &str, count: usize| {
            let tree = Tree::of(&[
                ("docs/a.md", line),
                ("docs/guides/b.md", "# Two words: yes\n"),
                ("README.md", ""),
            ]);
            assert_eq!(every_link_leads_somewhere(&tree).len(), count, "{line}");
        };
        check("[b](guides/b.md) [r](../README.md) [f](guides/)", 0);
        check("[b](guides/b.md#two-words-yes)", 0);
        check("[b](guides/b.md#three)", 1);
        check("[c](guides/c.md)", 1);
        check("[out](../../x.md)", 1);
        check("[web](https://example.com/x)", 0);
        check("```\n[c](guides/c.md)\n```", 0);
    }
}
