//! Processes of the bench: a simulator to talk to, and commands whose own use of CPU and memory is counted.
//!
//! The one rule: the kernel counts. A measured command is the only child of a helper process (xtask again), so that
//! what the kernel says about the helper's children is about that command alone.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use nix::{
    sys::{
        resource::{UsageWho, getrusage},
        time::{TimeVal, TimeValLike as _},
    },
    unistd::{SysconfVar, sysconf},
};
use serde::{Deserialize, Serialize};

use super::http;
use crate::{clock::Stopwatch, simulator};

pub(super) const TOKEN: &str = "bench-token";

/// What a command used.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Usage {
    pub(super) exit: i32,
    pub(super) wall_seconds: f64,
    pub(super) cpu_seconds: f64,
    pub(super) peak_megabytes: f64,
}

#[derive(Debug, Args)]
pub(crate) struct MeasureArguments {
    /// Where to write what the command used.
    #[arg(long)]
    out: PathBuf,
    /// The command and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// The helper process: runs one command, asks the kernel what it used.
pub(crate) fn measure(arguments: &MeasureArguments) -> Result<()> {
    let watch = Stopwatch::start();
    let [program, rest @ ..] = arguments.command.as_slice() else {
        bail!("no command")
    };
    let status = Command::new(program)
        .args(rest)
        .status()
        .with_context(|| format!("cannot start {program}"))?;
    let wall_seconds = watch.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds = |time: TimeVal| time.num_microseconds() as f64 / 1e6;
    let usage = Usage {
        exit: status.code().unwrap_or(-1),
        wall_seconds,
        cpu_seconds: seconds(usage.user_time()) + seconds(usage.system_time()),
        // Linux counts in units of 1,024 bytes.
        peak_megabytes: usage.max_rss() as f64 * 1_024.0 / 1_000_000.0,
    };
    fs::write(&arguments.out, serde_json::to_vec(&usage)?)?;
    Ok(())
}

/// Runs a command through the helper; what it printed on standard output, and what it used.
pub(super) fn measured(command: &[String], folder: &Path) -> Result<(String, Usage)> {
    let out = folder.join("usage.json");
    let output = Command::new(std::env::current_exe()?)
        .args(["bench", "measure", "--out"])
        .arg(&out)
        .arg("--")
        .args(command)
        .env("TRUNKLINE_BENCH_TOKEN", TOKEN)
        .env_remove("TRUNKLINE_CONFIG")
        .current_dir(folder)
        .stderr(Stdio::inherit())
        .output()?;
    let usage: Usage = serde_json::from_slice(&fs::read(&out)?)?;
    Ok((String::from_utf8_lossy(&output.stdout).into_owned(), usage))
}

/// How large a simulated workspace is, and how it answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Workspace {
    pub(super) contacts: u64,
    pub(super) companies: u64,
    pub(super) conversations: u64,
    pub(super) parts: u64,
    pub(super) tickets: u64,
    pub(super) latency_ms: u64,
    pub(super) rate_limit: u64,
}

/// A running simulator; ends when it is dropped.
#[derive(Debug)]
pub(super) struct Simulator {
    process: simulator::Simulator,
    pub(super) address: SocketAddr,
}

impl Simulator {
    /// Starts one and waits until it listens; on one core when `pin` and the machine allows it.
    pub(super) fn start(binary: &Path, workspace: Workspace, pin: bool) -> Result<Self> {
        let mut command = if pin && super::has("taskset") {
            let mut command = Command::new("taskset");
            command.args(["-c", "0"]).arg(binary);
            command
        } else {
            Command::new(binary)
        };
        command.args([
            "simulate",
            "--listen",
            "127.0.0.1:0",
            "--seed",
            "7",
            "--control",
            "--token",
            TOKEN,
        ]);
        for (flag, value) in [
            ("--contacts", workspace.contacts),
            ("--companies", workspace.companies),
            ("--conversations", workspace.conversations),
            ("--parts", workspace.parts),
            ("--tickets", workspace.tickets),
            ("--latency-ms", workspace.latency_ms),
            ("--rate-limit", workspace.rate_limit),
        ] {
            command.arg(flag).arg(value.to_string());
        }
        let process = simulator::Simulator::start(&mut command)?;
        Ok(Self {
            address: process.address(),
            process,
        })
    }

    pub(super) fn base_url(&self) -> String {
        self.process.base_url()
    }

    /// One call of the control surface.
    pub(super) fn control(&self, path: &str) -> Result<Vec<u8>> {
        let mut connection = http::Connection::open(self.address)?;
        let (status, body) = connection.send("GET", &format!("/_sim{path}"), TOKEN, None)?;
        if status != 200 {
            bail!("GET /_sim{path} answered {status}");
        }
        Ok(body)
    }

    /// One call of the control surface that answers with one JSON value.
    pub(super) fn control_json(&self, path: &str) -> Result<serde_json::Value> {
        Ok(serde_json::from_slice(&self.control(path)?)?)
    }

    /// Every object of a stream that exists now.
    pub(super) fn truth(&self, stream: &str) -> Result<Vec<serde_json::Value>> {
        self.control_lines(&format!("/truth/{stream}?version=2.16"))
    }

    /// One call of the control surface that answers with a JSON value on each line.
    pub(super) fn control_lines(&self, path: &str) -> Result<Vec<serde_json::Value>> {
        let body = self.control(path)?;
        let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| Ok(serde_json::from_slice(line)?)).collect()
    }

    /// CPU seconds that it has used so far, all threads.
    pub(super) fn cpu_seconds(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.process()))?;
        let ticks = cpu_ticks(&stat).context("/proc/PID/stat is not as expected")?;
        let each = sysconf(SysconfVar::CLK_TCK)?.unwrap_or(100);
        Ok(ticks as f64 / each as f64)
    }

    /// The most memory that it held so far.
    pub(super) fn peak_megabytes(&self) -> Result<f64> {
        peak_megabytes_of(self.process.process())
    }
}

/// The most memory that a process held so far.
pub(super) fn peak_megabytes_of(process: u32) -> Result<f64> {
    megabytes_of(process, "VmHWM:")
}

/// The memory that a process holds now.
pub(super) fn resident_megabytes_of(process: u32) -> Result<f64> {
    megabytes_of(process, "VmRSS:")
}

fn megabytes_of(process: u32, field: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let bytes = status_bytes(&status, field).context("/proc/PID/status is not as expected")?;
    Ok(bytes as f64 / 1e6)
}

/// A field of a process's status that counts memory, in bytes.
fn status_bytes(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1_024)
}

/// Ticks in user and in kernel mode; the name before them may hold spaces and brackets.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let user: u64 = fields.nth(11)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// A folder for one scenario, removed when it is dropped.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("trunkline-bench-{}-{name}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_and_memory_are_read_from_what_the_kernel_says() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194560 100 0 0 0 17 5 0 0 20 0 3 0 99 1 2";
        assert_eq!(cpu_ticks(stat), Some(22));
        assert_eq!(cpu_ticks("42 (a) S 1"), None);
        assert_eq!(cpu_ticks(""), None);
        assert_eq!(
            status_bytes("Name:\ta\nVmHWM:\t  2048 kB\nVmRSS:\t 1 kB\n", "VmHWM:"),
            Some(2_097_152)
        );
        assert_eq!(status_bytes("VmHWM:\tmuch\n", "VmHWM:"), None);
    }
}
