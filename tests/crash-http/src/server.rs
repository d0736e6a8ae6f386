//! The server as a process: built, started, heard, killed.
//!
//! What must hold: what is killed was not about to end by itself. What it tells of itself is kept in a file, which
//! outlives it; the journal of requests in it is left out here.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::bucket::{ACCESS_KEY, SECRET_KEY};
use crate::wire::SILENCE_MAX;

/// A start that takes longer than this hangs. It waits for a minute while the kernel ends the last write of a process
/// that was killed.
pub const START_MAX: Duration = Duration::from_secs(120);

/// Puts the server's binary into the directory `home`: `STRATUM_BINARY`, or one of this profile, which is brought up to
/// date first. It is a copy: whoever builds while the test runs changes nothing of what is tested.
///
/// # Errors
/// What the compiler says, or the system.
pub fn bring(home: &Path) -> Result<PathBuf, String> {
    let program = match std::env::var_os("STRATUM_BINARY") {
        Some(program) => program.into(),
        None => build()?,
    };
    let copy = home.join("stratum");
    std::fs::copy(&program, &copy).map_err(|why| format!("{} is not copied: {why}", program.display()))?;
    Ok(copy)
}

/// Builds the server as a user has it, and says where it is.
fn build() -> Result<PathBuf, String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--locked", "--package", "stratum", "--message-format", "json-render-diagnostics"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    command.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    let built = command.output().map_err(|why| format!("cargo does not run: {why}"))?;
    let (said, told) = (String::from_utf8_lossy(&built.stdout), String::from_utf8_lossy(&built.stderr));
    let program = said.lines().rev().find_map(|line| {
        let (_, path) = line.split_once(r#""executable":""#)?;
        Some(PathBuf::from(path.split_once('"')?.0))
    });
    program.filter(|_| built.status.success()).ok_or_else(|| format!("the server is not built: {told}"))
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    lines: Receiver<String>,
    log: PathBuf,
}

/// What is left of a server.
#[derive(Debug)]
pub struct Remains {
    /// How it ended.
    pub status: ExitStatus,
    /// Whether it had said that it is ready.
    pub was_ready: bool,
    /// What it told beside its journal.
    pub told: Vec<String>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that fails leaves nobody behind. Mostly it has ended long ago.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Server {
    /// Starts `program` over `store`. It tells of itself in the file `log`.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(program: &Path, store: &Path, cores: u16, log: PathBuf) -> io::Result<Server> {
        let mut command = Command::new(program);
        command.arg("serve").arg(store).args(["--listen", "127.0.0.1:0", "--cores", &cores.to_string()]);
        command.env("STRATUM_ROOT_ACCESS_KEY", ACCESS_KEY).env("STRATUM_ROOT_SECRET_KEY", SECRET_KEY);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(&log)?);
        let mut child = command.spawn()?;
        let (sender, lines) = channel();
        if let Some(out) = child.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Server { child, lines, log })
    }

    /// Waits until it says that it is ready, and where. `None` at the deadline, or when it has ended.
    pub fn ready(&mut self, deadline: Instant) -> Option<SocketAddr> {
        loop {
            let wait = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(wait).ok()?;
            if let Some(endpoint) = endpoint(&line) {
                return Some(endpoint);
            }
        }
    }

    /// Kills it, which it cannot hear.
    ///
    /// # Errors
    /// If the system does not let us.
    pub fn kill(mut self) -> io::Result<Remains> {
        self.child.kill()?;
        self.rest()
    }

    /// Asks it to stop and waits until it has; kills it if it does not.
    ///
    /// # Errors
    /// If the system does not let us.
    pub fn stop(self) -> io::Result<Remains> {
        let number = self.child.id().to_string();
        Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh", &number]).status()?;
        loop {
            match self.lines.recv_timeout(SILENCE_MAX) {
                Ok(_) => {}
                // Its standard output closes with it.
                Err(RecvTimeoutError::Disconnected) => return self.rest(),
                Err(RecvTimeoutError::Timeout) => return self.kill(),
            }
        }
    }

    fn rest(mut self) -> io::Result<Remains> {
        let status = self.child.wait()?;
        let was_ready = self.lines.iter().any(|line| endpoint(&line).is_some());
        let told = BufReader::new(File::open(&self.log)?).lines().collect::<io::Result<Vec<String>>>()?;
        Ok(Remains { status, was_ready, told: told.into_iter().filter(|line| !is_of_journal(line)).collect() })
    }
}

/// The endpoint in the last line of a greeting.
fn endpoint(line: &str) -> Option<SocketAddr> {
    line.strip_prefix("ready")?.trim().strip_prefix("http://")?.parse().ok()
}

/// Whether a line is of the journal of requests: those begin with a time, or say how many were left out. The last line
/// of a process that was killed may be cut.
fn is_of_journal(line: &str) -> bool {
    line.is_empty() || line.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_of_a_greeting_says_where() {
        assert_eq!(endpoint("ready     http://127.0.0.1:4711"), "127.0.0.1:4711".parse().ok());
        assert_eq!(endpoint("endpoint  http://127.0.0.1:4711   region us-east-1"), None);
    }

    #[test]
    fn the_journal_is_told_from_what_is_told() {
        assert!(is_of_journal("2026-11-21T09:29:46.235Z 00 127.0.0.1:1 PUT /a/b 200 - 0 B 9 us"));
        assert!(!is_of_journal("stratum: damage: something"));
    }
}
