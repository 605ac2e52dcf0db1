//! The recipes that are shipped, file by file.
//!
//! The one rule: this is the folder `recipes/` of the source, whole; a test holds one against the other.

use super::Recipe;

macro_rules! recipes {
    ($($name:literal: $($file:literal),+;)+) => {
        &[$(Recipe {
            name: $name,
            files: &[$(($file, include_str!(concat!("../../../../recipes/", $name, "/", $file)))),+],
        }),+]
    };
}

/// All of them, in the order of their names.
pub const RECIPES: &[Recipe] = recipes! {
    "audience-activation":
        "README.md",
        "recipe.json",
        "audience.sql",
        "events.yaml",
        "flow.yaml",
        "input.jsonl",
        "output.json";
    "chat-bridge":
        "README.md",
        "recipe.json",
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
        "recipe.json",
        "flow.yaml",
        "input.jsonl",
        "output.json";
    "conversation-routing":
        "README.md",
        "recipe.json",
        "flow.yaml",
        "input.jsonl",
        "output.json";
    "gdpr-erasure":
        "README.md",
        "recipe.json",
        "flow.yaml",
        "input.jsonl",
        "output.json",
        "table.yaml";
    "help-center":
        "README.md",
        "recipe.json",
        "back-input.jsonl",
        "back-output.json",
        "back.yaml",
        "flow.yaml",
        "gone.yaml",
        "input.jsonl",
        "output.json",
        "written/account/reset-your-password.md",
        "written/invoices.md";
    "lead-nurture":
        "README.md",
        "recipe.json",
        "flow.yaml",
        "input.jsonl",
        "output.json";
    "nightly-backup":
        "README.md",
        "recipe.json",
        "flow.yaml",
        "input.jsonl",
        "output.json",
        "restore-input.jsonl",
        "restore-output.json",
        "restore.yaml";
    "unified-support-data":
        "README.md",
        "recipe.json",
        "crm.yaml",
        "flow.yaml",
        "input.jsonl",
        "output.json";
};
