//! A PostgreSQL of the tests' own: new data in a temporary folder, on loopback, with one role that may make databases.
//!
//! The one rule: nothing of the machine is used but the programs; its own PostgreSQL, its settings and its data are not
//! touched. The role `trunkline` needs no password, and is not a superuser, since everybody on the machine can reach it.

use std::{
    fs,
    io::Write as _,
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use nix::{sys::signal::Signal, unistd::User};

use super::process::{self, Plan, Process};
use crate::programs;

/// The oldest one whose statements the tests may use.
const OLDEST: u32 = 13;
/// The role, and the database that it owns.
const ROLE: &str = "trunkline";
/// Ports that are free when one looks may be taken a moment later.
const TRIES: usize = 5;

/// Whether what is committed survives a machine that loses power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    /// As a real server: for measuring.
    Keeps,
    /// Quick, for tests, whose data ends with them.
    Forgets,
}

/// Starts one; the process and its `postgres://…`.
pub(super) fn start(durability: Durability) -> Result<(Process, String)> {
    let programs = programs()?;
    for attempt in 1.. {
        let port = free_port()?;
        let folder = Folder::new()?;
        folder.make_data(&programs)?;
        let started = Process::start(folder.server(&programs, port, durability), |line| {
            line.contains("ready to accept connections").then(String::new)
        });
        match started {
            Ok((process, _)) => return Ok((process, url(port))),
            Err(error) if attempt < TRIES && error.to_string().contains("could not bind") => {}
            Err(error) => return Err(error),
        }
    }
    bail!("no port is free")
}

fn url(port: u16) -> String {
    format!("postgres://{ROLE}@127.0.0.1:{port}/{ROLE}")
}

/// The folder with `initdb` and `postgres` of the newest version.
fn programs() -> Result<PathBuf> {
    let found = programs::folders_with("initdb")
        .into_iter()
        .filter_map(|folder| Some((programs::version_of(&folder.join("postgres"))?, folder)))
        .collect();
    newest(found)
}

fn newest(found: Vec<((u32, u32), PathBuf)>) -> Result<PathBuf> {
    let Some(((major, minor), folder)) = found.into_iter().max_by_key(|(version, _)| *version) else {
        bail!("no PostgreSQL is installed");
    };
    if major < OLDEST {
        bail!(
            "PostgreSQL {major}.{minor} in {} is older than {OLDEST}",
            folder.display()
        );
    }
    Ok(folder)
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The settings of the server, each as `name=value`.
fn settings(port: u16, durability: Durability) -> Vec<String> {
    let mut settings: Vec<String> = [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "max_connections=200",
        "shared_buffers=64MB",
        "logging_collector=off",
        "log_destination=stderr",
    ]
    .map(str::to_owned)
    .to_vec();
    settings.push(format!("port={port}"));
    if durability == Durability::Forgets {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"].map(str::to_owned));
    }
    settings
}

/// A temporary folder and the user whose it is.
#[derive(Debug)]
struct Folder {
    folder: tempfile::TempDir,
    /// Whom the programs run as when we are root.
    user: Option<User>,
}

impl Folder {
    fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("trunkline-postgres-").tempdir()?;
        let user = if programs::is_root() {
            Some(unprivileged()?)
        } else {
            None
        };
        if let Some(user) = &user {
            chown(folder.path(), Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
        }
        Ok(Self { folder, user })
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Makes the data, the role and its database.
    fn make_data(&self, programs: &Path) -> Result<()> {
        let mut make = self.unprivileged(Command::new(programs.join("initdb")));
        make.arg("--pgdata").arg(self.data());
        make.args(["--username", "postgres", "--auth", "reject", "--no-sync"]);
        make.args(["--encoding", "UTF8", "--locale", "C.UTF-8"]);
        succeed("initdb", make, "")?;
        // Tests make roles of their own, as members of this one.
        fs::write(
            self.data().join("pg_hba.conf"),
            format!("host all +{ROLE} 127.0.0.1/32 trust\n"),
        )?;
        // Without a server there is nobody yet whom a role could keep out.
        let mut single = self.unprivileged(Command::new(programs.join("postgres")));
        single
            .args(["--single", "-c", "fsync=off", "-D"])
            .arg(self.data())
            .arg("postgres");
        let statements =
            format!("CREATE ROLE {ROLE} LOGIN CREATEDB CREATEROLE\nCREATE DATABASE {ROLE} OWNER {ROLE}\n");
        let said = succeed("postgres --single", single, &statements)?;
        if said.contains("ERROR:") {
            bail!("the role {ROLE} cannot be made: {said}");
        }
        Ok(())
    }

    fn server(self, programs: &Path, port: u16, durability: Durability) -> Plan {
        // To end at once and remove the shared memory; there is nothing to write down.
        let stop = Signal::SIGQUIT;
        let mut command = self.unprivileged(process::command(&programs.join("postgres"), stop));
        command.arg("-D").arg(self.data());
        for setting in settings(port, durability) {
            command.arg("-c").arg(setting);
        }
        Plan {
            name: "PostgreSQL",
            command,
            stop,
            folder: self.folder,
        }
    }

    /// As the user whose folder it is, in that folder, without the environment of whoever runs the tests.
    fn unprivileged(&self, mut command: Command) -> Command {
        command.env_clear().envs([("LC_ALL", "C"), ("TZ", "UTC")]);
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command.current_dir(self.folder.path());
        command
    }
}

/// The user of Debian's package, or the one who owns nothing.
fn unprivileged() -> Result<User> {
    for name in ["postgres", "nobody"] {
        if let Some(user) = User::from_name(name)? {
            return Ok(user);
        }
    }
    bail!("PostgreSQL does not run as root, and the users postgres and nobody do not exist")
}

/// Runs a command to its end; what it said.
fn succeed(name: &str, mut command: Command, input: &str) -> Result<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{name} could not be started"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that ends before it has read everything says why below.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if !output.status.success() {
        bail!("{name} failed ({}):\n{said}", output.status);
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_chosen_unless_it_is_too_old() {
        let check = |versions: &[(u32, u32)], expected: Result<&str, &str>| {
            let found = versions
                .iter()
                .map(|(major, minor)| ((*major, *minor), PathBuf::from(format!("{major}.{minor}"))))
                .collect();
            let chosen = newest(found).map_err(|error| error.to_string());
            match (chosen, expected) {
                (Ok(folder), Ok(expected)) => assert_eq!(folder, Path::new(expected)),
                (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
                other => panic!("{other:?}"),
            }
        };
        check(&[(9, 6), (15, 18), (13, 4)], Ok("15.18"));
        check(&[(15, 2), (15, 10)], Ok("15.10"));
        check(&[(9, 6)], Err("older than 13"));
        check(&[], Err("no PostgreSQL is installed"));
    }

    #[test]
    fn only_tests_may_forget() {
        let says = |durability, setting: &str| settings(1, durability).iter().any(|one| one == setting);
        assert!(says(Durability::Forgets, "fsync=off"));
        assert!(!says(Durability::Keeps, "fsync=off"));
        for durability in [Durability::Keeps, Durability::Forgets] {
            assert!(says(durability, "listen_addresses=127.0.0.1"));
            assert!(says(durability, "port=1"));
        }
    }

    #[test]
    fn a_command_that_fails_says_what_it_said() {
        let run = |script: &str, input: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            succeed("sh", command, input)
        };
        assert_eq!(run("cat; echo two >&2", "one\n").unwrap(), "one\ntwo\n");
        let error = run("echo no space >&2; exit 1", "").unwrap_err().to_string();
        assert!(error.contains("no space"), "{error}");
    }
}
