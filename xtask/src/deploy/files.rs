//! The files in `deploy/`, each read by its own rules.
//!
//! The one rule: a file that can no longer be read is wrong, and one that no longer keeps a promise of the guide says which.

use serde_json::Value;

use super::commands::after_trunkline;

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The words after `trunkline` of its command lines.
    pub(super) lines: Vec<Vec<String>>,
    /// The variables that it sets for them.
    pub(super) variables: Vec<String>,
    /// Which promises it does not keep.
    pub(super) wrong: Vec<String>,
}

/// Reads a file.
type Read = fn(&str) -> Said;

/// Every file with the function that reads it.
pub(super) const ALL: [(&str, Read); 3] = [
    ("Dockerfile", dockerfile),
    ("compose.yaml", compose),
    ("trunkline.service", unit),
];

/// What a unit must say; where the value is given, just so.
const UNIT: [(&str, &str, Option<&str>); 13] = [
    ("Unit", "Description", None),
    ("Service", "User", Some("trunkline")),
    ("Service", "StateDirectory", Some("trunkline")),
    ("Service", "StateDirectoryMode", Some("0700")),
    ("Service", "UMask", Some("0077")),
    ("Service", "Restart", Some("on-failure")),
    ("Service", "TimeoutStopSec", None),
    ("Service", "NoNewPrivileges", Some("yes")),
    ("Service", "CapabilityBoundingSet", Some("")),
    ("Service", "ProtectSystem", Some("strict")),
    ("Service", "ProtectHome", Some("yes")),
    ("Service", "SystemCallFilter", None),
    ("Install", "WantedBy", Some("multi-user.target")),
];

fn unit(text: &str) -> Said {
    let mut section = "";
    let mut said: Vec<(&str, &str, &str)> = Vec::new();
    let mut wrong = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        } else if let Some((key, value)) = line.split_once('=') {
            said.push((section, key, value));
        } else {
            wrong.push(format!("`{line}` is no setting"));
        }
    }
    for (section, key, expected) in UNIT {
        let values: Vec<&str> = said
            .iter()
            .filter(|(of, name, _)| *of == section && *name == key)
            .map(|(_, _, value)| *value)
            .collect();
        match expected {
            None if values.iter().all(|value| value.is_empty()) => {
                wrong.push(format!("[{section}] has no {key}"));
            }
            Some(expected) if !values.contains(&expected) => {
                wrong.push(format!("[{section}] does not say {key}={expected}"));
            }
            _ => {}
        }
    }
    let lines: Vec<_> = said
        .iter()
        .filter(|(section, key, _)| *section == "Service" && *key == "ExecStart")
        .filter_map(|(_, _, value)| after_trunkline(value))
        .collect();
    if lines.len() != 1 {
        wrong.push("no ExecStart runs trunkline".to_owned());
    }
    Said {
        lines,
        variables: Vec::new(),
        wrong,
    }
}

fn dockerfile(text: &str) -> Said {
    let text = text.replace("\\\n", " ");
    let said = |instruction: &str| -> Vec<String> {
        text.lines()
            .filter_map(|line| line.trim().strip_prefix(instruction)?.strip_prefix(' '))
            .map(|rest| rest.trim().to_owned())
            .collect()
    };
    let last = |instruction: &str| said(instruction).pop().unwrap_or_default();
    let command: Vec<String> = serde_json::from_str(&last("CMD")).unwrap_or_default();
    let listen = after(&command, "--listen");
    let port = listen.rsplit(':').next().unwrap_or_default();
    let health = last("HEALTHCHECK");
    let promises = [
        (said("FROM").len() > 1, "it builds and runs in one stage"),
        (
            last("ENTRYPOINT") == r#"["trunkline"]"#,
            "ENTRYPOINT does not run trunkline",
        ),
        (
            command.first().is_some_and(|word| word == "serve"),
            "CMD does not serve",
        ),
        (
            !["", "root", "0"].contains(&last("USER").as_str()),
            "it runs as root",
        ),
        (
            !port.is_empty() && last("EXPOSE") == port,
            "EXPOSE is not the port of --listen",
        ),
        (
            last("VOLUME") == after(&command, "--data"),
            "VOLUME is not the folder of --data",
        ),
        (
            health.contains(&format!("/{port} ")) && health.contains("/healthz"),
            "HEALTHCHECK does not ask for /healthz at the port of --listen",
        ),
    ];
    let variables = said("ENV")
        .iter()
        .filter_map(|setting| Some(setting.split_once('=')?.0.to_owned()))
        .collect();
    Said {
        wrong: broken(&promises),
        lines: vec![command],
        variables,
    }
}

fn compose(text: &str) -> Said {
    let file: Value = match serde_saphyr::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            return Said {
                wrong: vec![format!("it is not YAML: {error}")],
                ..Said::default()
            };
        }
    };
    let nodes: Vec<(&Value, Vec<String>)> = file["services"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(_, service)| (service, words(&service["command"])))
        .filter(|(_, command)| command.first().is_some_and(|word| word == "serve"))
        .collect();
    let every = |holds: &dyn Fn(&Value, &[String]) -> bool| {
        nodes.iter().all(|(service, command)| holds(service, command))
    };
    let promises = [
        (nodes.len() > 1, "there is only one node"),
        (
            every(&|service, _| {
                let store = service["environment"]["TRUNKLINE_STORE"].as_str();
                store.is_some_and(|url| url.starts_with("postgres://"))
            }),
            "a node does not keep its state in PostgreSQL",
        ),
        (
            every(&|service, command| {
                let folder = format!(":{}", after(command, "--data"));
                words(&service["volumes"])
                    .iter()
                    .any(|volume| volume.ends_with(&folder))
            }),
            "the folder of --data is no volume",
        ),
        (
            every(&|service, _| service["read_only"] == true),
            "a node can write into its image",
        ),
        (
            every(&|service, _| service["ports"].is_null()),
            "a node can be reached around the proxy",
        ),
        (
            every(&|service, _| service["stop_grace_period"].is_string()),
            "a node has no time to stop in order",
        ),
    ];
    let wrong = broken(&promises);
    let variables = nodes
        .iter()
        .filter_map(|(service, _)| service["environment"].as_object())
        .flat_map(|environment| environment.keys().cloned())
        .collect();
    Said {
        lines: nodes.into_iter().map(|(_, command)| command).collect(),
        variables,
        wrong,
    }
}

fn broken(promises: &[(bool, &str)]) -> Vec<String> {
    promises
        .iter()
        .filter(|(kept, _)| !kept)
        .map(|(_, what)| (*what).to_owned())
        .collect()
}

/// The word after this one.
fn after<'w>(words: &'w [String], flag: &str) -> &'w str {
    let at = words.iter().position(|word| word == flag);
    at.and_then(|at| words.get(at + 1)).map_or("", String::as_str)
}

fn words(list: &Value) -> Vec<String> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|word| word.as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo;

    /// The file as it is, with each of `changes` made to it, and what is then wrong.
    #[track_caller]
    fn check(name: &str, changes: &[(&str, &str, &str)]) {
        let (_, read) = ALL.iter().find(|(file, _)| *file == name).unwrap();
        let text = std::fs::read_to_string(repo::root().join("deploy").join(name)).unwrap();
        let said = read(&text);
        assert!(
            !said.lines.is_empty() && said.wrong.is_empty(),
            "{name}: {said:?}"
        );
        for (from, to, expected) in changes {
            assert!(text.contains(from), "{name}: {from}");
            let wrong = read(&text.replace(from, to)).wrong;
            assert!(
                wrong.iter().any(|what| what.contains(expected)),
                "{name}, {from} -> {to}: {wrong:?}"
            );
        }
    }

    #[test]
    fn the_unit_keeps_its_promises_and_breaking_one_is_seen() {
        check(
            "trunkline.service",
            &[
                (
                    "ProtectSystem=strict",
                    "ProtectSystem=full",
                    "ProtectSystem=strict",
                ),
                ("NoNewPrivileges=yes\n", "", "NoNewPrivileges=yes"),
                ("TimeoutStopSec=30", "TimeoutStopSec=", "no TimeoutStopSec"),
                ("[Install]", "[Instal]", "[Install] does not say"),
                ("Type=exec", "Type exec", "is no setting"),
                ("ExecStart=", "ExecStartPre=", "no ExecStart"),
            ],
        );
    }

    #[test]
    fn the_image_keeps_its_promises_and_breaking_one_is_seen() {
        check(
            "Dockerfile",
            &[
                ("USER 10001", "USER root", "as root"),
                ("EXPOSE 7070", "EXPOSE 7071", "EXPOSE"),
                ("VOLUME /data", "VOLUME /state", "VOLUME"),
                ("/healthz", "/health", "HEALTHCHECK"),
                ("127.0.0.1/7070", "127.0.0.1/80", "HEALTHCHECK"),
                ("FROM rust:1.95-bookworm AS build", "", "one stage"),
                ("ENTRYPOINT", "RUN", "ENTRYPOINT"),
                ("\"serve\", ", "", "CMD"),
            ],
        );
    }

    #[test]
    fn the_compose_file_keeps_its_promises_and_breaking_one_is_seen() {
        check(
            "compose.yaml",
            &[
                ("  trunkline-2: *node\n", "", "only one node"),
                ("postgres://", "sqlite:", "PostgreSQL"),
                ("data:/data", "data:/state", "no volume"),
                ("read_only: true", "read_only: false", "write into its image"),
                (
                    "restart: unless-stopped\n  stop_grace_period: 30s",
                    "ports: [\"7070:7070\"]",
                    "around the proxy",
                ),
                ("stop_grace_period: 30s", "init: false", "no time to stop"),
                ("services:", "services", "not YAML"),
            ],
        );
    }
}
