//! What the tests need from the machine, how to see whether it is there, and how to get it.
//!
//! The one rule: nothing is skipped in silence. What cannot be installed is in one complete list. [`policy`] keeps a
//! package from starting its server on the machine.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::{interrupt, programs, steps::cargo};

mod policy;

/// One program.
#[derive(Debug)]
pub(crate) struct Need {
    /// The program, looked up by [`programs::find`].
    program: &'static str,
    /// Arguments with which it has to succeed; without any, being there is enough.
    probe: &'static [&'static str],
    /// What it is for.
    purpose: &'static str,
    /// Where it comes from.
    origin: Origin,
}

#[derive(Debug)]
enum Origin {
    /// A Debian package.
    Debian(&'static str),
    /// `cargo install --locked`.
    Cargo(&'static str),
    /// A component of the toolchain.
    Rustup(&'static str),
}

/// Everything that `cargo xtask test` needs.
pub(crate) const NEEDS: &[&[Need]] = &[FOR_CHECKS, FOR_POSTGRES, FOR_NATS, FOR_BROWSER, FOR_CLIENTS];

/// The part that builds and checks the code.
const FOR_CHECKS: &[Need] = &[
    Need {
        program: "cc",
        probe: &[],
        purpose: "SQLite and the TLS library are compiled from C",
        origin: Origin::Debian("gcc libc6-dev"),
    },
    Need {
        program: "sqlite3",
        probe: &[],
        purpose: "a reader of the mirror that is not ours",
        origin: Origin::Debian("sqlite3"),
    },
    Need {
        program: "cargo-fmt",
        probe: &[],
        purpose: "the layout of the code",
        origin: Origin::Rustup("rustfmt"),
    },
    Need {
        program: "cargo-clippy",
        probe: &[],
        purpose: "the lints",
        origin: Origin::Rustup("clippy"),
    },
    Need {
        program: "cargo-nextest",
        probe: &[],
        purpose: "runs the tests",
        origin: Origin::Cargo("cargo-nextest"),
    },
    Need {
        program: "cargo-deny",
        probe: &[],
        purpose: "licences and sources of the dependencies",
        origin: Origin::Cargo("cargo-deny"),
    },
];

/// What installs packages of its registry.
const NPM: Need = Need {
    program: "npm",
    probe: &[],
    purpose: "installs the official client for Node.js, and the rules of accessibility",
    origin: Origin::Debian("npm"),
};

/// The part that the PostgreSQL of the tests needs.
pub(crate) const FOR_POSTGRES: &[Need] = &[Need {
    program: "initdb",
    probe: &[],
    purpose: "makes and runs the tests' own PostgreSQL",
    origin: Origin::Debian("postgresql"),
}];

/// The part that the NATS server of the tests needs.
pub(crate) const FOR_NATS: &[Need] = &[Need {
    program: "nats-server",
    probe: &[],
    purpose: "the tests' own NATS server",
    origin: Origin::Debian("nats-server"),
}];

/// The part that the browser of the tests needs.
pub(crate) const FOR_BROWSER: &[Need] = &[
    Need {
        program: "chromium",
        probe: &[],
        purpose: "the browser of the tests",
        origin: Origin::Debian("chromium"),
    },
    Need {
        program: "chromedriver",
        probe: &[],
        purpose: "steers the browser of the tests",
        origin: Origin::Debian("chromium-driver"),
    },
    NPM,
];

/// The part that the official clients need.
pub(crate) const FOR_CLIENTS: &[Need] = &[
    Need {
        program: "node",
        probe: &["-e", "require('node:test')"],
        purpose: "runs the official client for Node.js",
        origin: Origin::Debian("nodejs"),
    },
    NPM,
    Need {
        program: "python3",
        // Debian has virtual environments in a package of their own.
        probe: &["-c", "import ensurepip, venv"],
        purpose: "installs and runs the official client for Python",
        origin: Origin::Debian("python3 python3-venv"),
    },
];

impl Need {
    /// Whether it is there and does what it is for.
    fn met(&self) -> bool {
        programs::find(self.program).is_some()
            && (self.probe.is_empty()
                || succeeds(
                    Command::new(self.program)
                        .args(self.probe)
                        .stdout(Stdio::null())
                        .stderr(Stdio::null()),
                ))
    }

    /// What a person would type to get it.
    fn advice(&self) -> String {
        match self.origin {
            Origin::Debian(packages) => format!("apt-get install -y {packages}"),
            Origin::Cargo(package) => format!("cargo install --locked {package}"),
            Origin::Rustup(component) => format!("rustup component add {component}"),
        }
    }

    fn install(&self, root: bool) -> bool {
        println!("installing {}: {}", self.program, self.advice());
        match self.origin {
            Origin::Debian(packages) => {
                // A fresh image has no package lists; a stale one still installs, so this may fail.
                apt(root, &["update"]);
                let mut arguments = vec!["install", "-y", "--no-install-recommends"];
                arguments.extend(packages.split(' '));
                interrupt::uninterrupted(|| match policy::NothingStarts::on_this_machine(root) {
                    Ok(_until_installed) => apt(root, &arguments),
                    Err(error) => {
                        println!("{error:#}");
                        false
                    }
                })
            }
            Origin::Cargo(package) => succeeds(&mut cargo(&["install", "--locked", package])),
            Origin::Rustup(component) => {
                succeeds(Command::new("rustup").args(["component", "add", component]))
            }
        }
    }
}

/// Makes sure that every need of `needs` is met, installing where it is allowed.
pub(crate) fn ensure(needs: &[&[Need]], install: bool) -> Result<()> {
    let mut missing: Vec<&Need> = needs
        .iter()
        .copied()
        .flatten()
        .filter(|need| !need.met())
        .collect();
    if install {
        let root = programs::is_root();
        missing.retain(|need| !need.install(root) || !need.met());
    }
    if missing.is_empty() {
        return Ok(());
    }
    bail!("{}", list(&missing))
}

fn list(missing: &[&Need]) -> String {
    let mut text = format!("{} of the things that the tests need are missing:", missing.len());
    for need in missing {
        text += &format!(
            "\n  {:<14} {}\n  {:<14} get it with: {}",
            need.program,
            need.purpose,
            "",
            need.advice()
        );
    }
    text
}

fn apt(root: bool, arguments: &[&str]) -> bool {
    // As an argument, since `sudo` does not hand on its environment.
    let mut command = as_root(root, "env");
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    succeeds(command.args(arguments))
}

/// A program with the rights of root, which we have or `sudo` gives.
fn as_root(root: bool, program: &str) -> Command {
    if root {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    // `-n`: a build never waits for a password.
    command.args(["-n", program]);
    command
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GHOSTS: &[Need] = &[
        Need {
            program: "no-such-program-1",
            probe: &[],
            purpose: "first",
            origin: Origin::Debian("ghost"),
        },
        Need {
            program: "no-such-program-2",
            probe: &[],
            purpose: "second",
            origin: Origin::Cargo("phantom"),
        },
    ];

    #[test]
    fn everything_that_is_missing_is_in_one_list_with_the_way_to_get_it() {
        let error = ensure(&[GHOSTS], false).unwrap_err().to_string();
        for part in [
            "2 of the things",
            "no-such-program-1",
            "apt-get install -y ghost",
            "cargo install --locked phantom",
        ] {
            assert!(error.contains(part), "{part} is not in {error}");
        }
    }

    #[test]
    fn a_machine_with_everything_is_left_alone() {
        assert!(ensure(&[], true).is_ok());
    }

    #[test]
    fn a_program_that_fails_its_probe_is_missing() {
        let shell = |probe| Need {
            program: "sh",
            probe,
            purpose: "a shell",
            origin: Origin::Debian("dash"),
        };
        assert!(shell(&[]).met());
        assert!(shell(&["-c", "exit 0"]).met());
        assert!(!shell(&["-c", "exit 1"]).met());
        assert!(!GHOSTS[0].met());
    }
}
