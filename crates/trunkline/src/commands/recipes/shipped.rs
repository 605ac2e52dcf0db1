//! The recipes that are shipped, file by file.
//!
//! The one rule: this is the folder `recipes/` of the source, whole; a test holds one against the other.

/// A recipe.
pub(super) struct Recipe {
    pub(super) name: &'static str,
    /// Its files by their names below its folder.
    pub(super) files: &'static [(&'static str, &'static str)],
}

macro_rules! recipes {
    ($($name:literal: $($file:literal),+;)+) => {
        &[$(Recipe {
            name: $name,
            files: &[$(($file, include_str!(concat!("../../../../../recipes/", $name, "/", $file)))),+],
        }),+]
    };
}

/// All of them, in the order of their names.
pub(super) const RECIPES: &[Recipe] = recipes! {
    "audience-activation":
        "README.md",
        "audience.sql",
        "events.yaml",
        "flow.yaml",
        "input.jsonl",
        "output.json";
    "chat-bridge":
        "README.md",
        "back-input.jsonl",
        "back-output.json",
        "back.yaml",
        "flow.yaml",
        "input.jsonl",
        "output.json",
        "tracker-back.yaml",
        "tracker-input.jsonl",
        "tracker-output.json",
        "tracker.yaml";
    "contact-enrichment":
        "README.md",
        "flow.yaml",
        "input.jsonl",
        "output.json";
    "conversation-routing":
        "README.md",
        "flow.yaml",
        "input.jsonl",
        "output.json";
    "gdpr-erasure":
        "README.md",
        "flow.yaml",
        "input.jsonl",
        "output.json",
        "table.yaml";
    "help-center":
        "README.md",
        "back-input.jsonl",
        "back-output.json",
        "back.yaml",
        "flow.yaml",
        "input.jsonl",
        "output.json",
        "written/account/reset-your-password.md",
        "written/invoices.md";
    "lead-nurture":
        "README.md",
        "flow.yaml",
        "input.jsonl",
        "output.json";
    "nightly-backup":
        "README.md",
        "flow.yaml",
        "input.jsonl",
        "output.json",
        "restore-input.jsonl",
        "restore-output.json",
        "restore.yaml";
    "unified-support-data":
        "README.md",
        "crm.yaml",
        "flow.yaml",
        "input.jsonl",
        "output.json";
};

impl Recipe {
    /// What its README says, word for word.
    pub(super) fn readme(&self) -> &'static str {
        self.files
            .iter()
            .find_map(|(name, text)| (*name == "README.md").then_some(*text))
            .unwrap_or_default()
    }

    /// What its first flow does.
    pub(super) fn summary(&self) -> &'static str {
        let flow = self.files.iter().find(|(name, _)| *name == "flow.yaml");
        let mut lines = flow.map(|(_, text)| text.lines()).into_iter().flatten();
        lines
            .find_map(|line| line.strip_prefix("description: "))
            .unwrap_or_default()
    }
}
