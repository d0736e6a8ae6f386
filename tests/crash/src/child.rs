//! The other side of the pipe: starts a victim, hears it, kills it.
//!
//! What must hold: whatever the victim said before it was killed is heard, for the pipe outlives it. A victim that says
//! nothing for too long has hung; it is killed, and that is a finding.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::saying::{Phase, Saying};

/// A victim that is silent for this long has hung. While it serves it says several things in every tenth of a second; a
/// start is silent while the kernel ends the last write of the victim before, and may wait a minute for each lock.
pub const SILENCE_MAX: Duration = Duration::from_secs(240);

/// A running victim.
pub struct Victim {
    child: Child,
    lines: Receiver<Saying>,
    errors: Option<JoinHandle<String>>,
    open: BTreeSet<Phase>,
}

/// What is left of a victim.
#[derive(Debug)]
pub struct Remains {
    /// What it said that was not heard before.
    pub said: Vec<Saying>,
    /// The phases it died in.
    pub phases: BTreeSet<Phase>,
    /// What it told on its standard error.
    pub told: String,
    /// How it ended.
    pub status: ExitStatus,
}

impl Victim {
    /// Starts `program` with these arguments.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(program: &Path, arguments: &[String]) -> io::Result<Victim> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (sender, lines) = channel();
        if let Some(out) = child.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    let saying = Saying::read(&line).unwrap_or_else(|| Saying::Wrong(format!("a torn line: {line}")));
                    if sender.send(saying).is_err() {
                        return;
                    }
                }
            });
        }
        let errors = child.stderr.take().map(|mut errors| {
            std::thread::spawn(move || {
                let mut told = String::new();
                // What can be read of it is all that is wanted.
                drop(errors.read_to_string(&mut told));
                told
            })
        });
        Ok(Victim { child, lines, errors, open: BTreeSet::new() })
    }

    /// The number of its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next saying before `deadline`; `None` at the deadline, or when it has ended.
    pub fn hear(&mut self, deadline: Instant) -> Option<Saying> {
        let wait = deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(wait) {
            Ok(saying) => {
                self.note(&saying);
                Some(saying)
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Kills it, which it cannot hear, and hears the rest.
    ///
    /// # Errors
    /// If the system does not let us.
    pub fn kill(mut self) -> io::Result<Remains> {
        self.child.kill()?;
        self.rest(Vec::new())
    }

    /// Hears it until `moment`, then kills it. It may have ended before.
    ///
    /// # Errors
    /// If the system does not let us.
    pub fn kill_at(mut self, moment: Instant) -> io::Result<Remains> {
        let mut said: Vec<Saying> = std::iter::from_fn(|| self.hear(moment)).collect();
        let mut remains = self.kill()?;
        said.append(&mut remains.said);
        Ok(Remains { said, ..remains })
    }

    /// Waits until it ends by itself; kills it after a long silence.
    ///
    /// # Errors
    /// If the system does not let us.
    pub fn wait(mut self) -> io::Result<Remains> {
        let mut said = Vec::new();
        loop {
            match self.hear(Instant::now() + SILENCE_MAX) {
                Some(saying) => said.push(saying),
                None if self.child.try_wait()?.is_some() => return self.rest(said),
                // The pipe closes a moment before the process is gone.
                None if matches!(self.lines.try_recv(), Err(std::sync::mpsc::TryRecvError::Disconnected)) => {
                    return self.rest(said);
                }
                None => {
                    self.child.kill()?;
                    said.push(Saying::Wrong(format!("silent for {SILENCE_MAX:?}: it hangs")));
                    return self.rest(said);
                }
            }
        }
    }

    fn rest(mut self, mut said: Vec<Saying>) -> io::Result<Remains> {
        let status = self.child.wait()?;
        while let Ok(saying) = self.lines.recv() {
            self.note(&saying);
            said.push(saying);
        }
        let told = self.errors.take().and_then(|errors| errors.join().ok()).unwrap_or_default();
        Ok(Remains { said, phases: self.open, told, status })
    }

    fn note(&mut self, saying: &Saying) {
        match saying {
            Saying::Begin(phase) => {
                self.open.insert(*phase);
            }
            Saying::End(phase) => {
                self.open.remove(phase);
            }
            _ => {}
        }
    }
}
