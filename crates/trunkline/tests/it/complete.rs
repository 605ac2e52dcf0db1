//! What a shell is told when somebody presses the tab key.

use crate::harness::Desk;

#[test]
fn a_shell_completes_commands_ids_and_fields() {
    let desk = Desk::new();
    for (typed, expected) in [
        (&["trunkline", "look"][..], "lookup"),
        (&["trunkline", "call", "contacts.ta"], "contacts.tag"),
        (&["trunkline", "action", "tickets.ge"], "tickets.get"),
        (&["trunkline", "call", "contacts.tag", "tag_n"], "tag_name="),
        (
            &["trunkline", "call", "contacts.tag", "action=d"],
            "action=detach",
        ),
        (&["trunkline", "lookup", "adm"], "admins"),
        (&["trunkline", "streams", "conversation_p"], "conversation_parts"),
    ] {
        let mut arguments = vec!["--"];
        arguments.extend(typed);
        let mut command = desk.trunkline(&arguments);
        command
            .env("COMPLETE", "bash")
            .env("_CLAP_IFS", "\n")
            .env("_CLAP_COMPLETE_INDEX", (typed.len() - 1).to_string());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.lines().any(|line| line == expected), "{typed:?}: {said}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let output = desk.trunkline(&[]).env("COMPLETE", shell).output().unwrap();
        assert!(output.status.success() && !output.stdout.is_empty(), "{shell}");
    }
}
