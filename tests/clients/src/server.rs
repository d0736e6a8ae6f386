//! `stratum serve` as a process of its own, on a store that is new and goes away with the test.
//!
//! What must hold: it listens on a port that the system chose. It ends when it is told to, with status 0, and has
//! complained of nothing and failed no request by a fault of its own. When a test fails, what it said last is shown.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;

use crate::certificate::{Certificate, DOMAIN};
use crate::clients;

/// The root's access key.
pub const ACCESS_KEY: &str = "stratum-tests";
/// Its secret.
pub const SECRET_KEY: &str = "the-secret-of-the-tests";
/// The region.
pub const REGION: &str = "us-east-1";

/// How long a start or an end may take. On a busy machine with two cores both take a second or two.
const PATIENCE: Duration = Duration::from_secs(120);
/// Lines of the journal that are shown when a test fails.
const LINES_SHOWN: usize = 80;

/// A server that serves.
pub struct Server {
    child: Child,
    endpoint: String,
    certificate: Option<Certificate>,
    said: Arc<Mutex<Said>>,
    /// Its other side is closed when it has ended.
    ended: Receiver<()>,
    home: TempDir,
}

/// What it said on its standard error.
#[derive(Default)]
struct Said {
    last: VecDeque<String>,
    complaints: Vec<String>,
}

impl Server {
    /// Starts one that speaks HTTP.
    ///
    /// # Panics
    /// If it does not serve.
    #[must_use]
    pub fn over_http() -> Server {
        Server::start(false)
    }

    /// Starts one that speaks TLS.
    ///
    /// # Panics
    /// If it does not serve.
    #[must_use]
    pub fn over_tls() -> Server {
        Server::start(true)
    }

    fn start(tls: bool) -> Server {
        let place = clients::target().join("tmp");
        std::fs::create_dir_all(&place).expect("a folder in target");
        let home = TempDir::new_in(place).expect("a folder for the store");
        let mut command = Command::new(clients::stratum());
        command.arg("serve").arg(home.path().join("store"));
        command.args(["--listen", "127.0.0.1:0", "--cores", "2", "--region", REGION, "--domain", DOMAIN]);
        let certificate = tls.then(|| Certificate::make(home.path()));
        if let Some(made) = &certificate {
            command.arg("--tls-cert").arg(&made.certificate).arg("--tls-key").arg(&made.key);
        }
        command.env("STRATUM_ROOT_ACCESS_KEY", ACCESS_KEY).env("STRATUM_ROOT_SECRET_KEY", SECRET_KEY);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary can be started");
        let (said, ended) = listen_to(child.stderr.take().expect("it is piped"));
        let greeting = greeting(child.stdout.take().expect("it is piped"));
        let mut server = Server { child, endpoint: String::new(), certificate, said, ended, home };
        // Dropped when this fails, it shows what it said.
        server.endpoint = greeting.recv_timeout(PATIENCE).expect("it says that it is ready");
        server
    }

    /// Where it listens.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The certificate to trust, if it speaks TLS.
    #[must_use]
    pub fn certificate(&self) -> Option<&Path> {
        self.certificate.as_ref().map(|made| made.certificate.as_path())
    }

    /// A new folder for the files of the test; it goes away with the server.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn room(&self, name: &str) -> PathBuf {
        let room = self.home.path().join(name);
        std::fs::create_dir_all(&room).expect("a folder beside the store");
        room
    }

    /// Tells it to stop, and looks at how it ends and at all it said.
    ///
    /// # Panics
    /// If anything of that is not as it should be.
    pub fn stop(mut self) {
        let told = Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh", &self.child.id().to_string()]).status();
        assert!(told.is_ok_and(|status| status.success()), "it runs until it is told to stop");
        let ended = self.ended.recv_timeout(PATIENCE);
        assert_eq!(ended, Err(RecvTimeoutError::Disconnected), "it ends when it is told to");
        let status = self.child.wait().expect("a child may be waited for");
        assert_eq!(status.code(), Some(0), "how it ends");
        let complaints = std::mem::take(&mut self.said.lock().expect("nobody panics with it").complaints);
        assert!(complaints.is_empty(), "what it complained of: {complaints:#?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended, or its test has failed: then nothing more is wanted of it.
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking()
            && let Ok(said) = self.said.lock()
        {
            let last: Vec<&str> = said.last.iter().map(String::as_str).collect();
            crate::script::show(&format!("the last that {} said:\n{}\n", self.endpoint, last.join("\n")));
        }
    }
}

/// Gives the endpoint when it is said that it is ready, and reads on, so that nobody waits for a reader.
fn greeting(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Some(endpoint) = line.strip_prefix("ready") {
                // Whoever waits has gone if this took too long.
                drop(sender.send(endpoint.trim().to_owned()));
            }
        }
    });
    receiver
}

/// Keeps what is said, and ends the channel when no more comes.
fn listen_to(output: impl Read + Send + 'static) -> (Arc<Mutex<Said>>, Receiver<()>) {
    let said = Arc::new(Mutex::new(Said::default()));
    let heard = Arc::clone(&said);
    let (alive, ended) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let mut said = heard.lock().expect("nobody panics with it");
            if is_complaint(&line) {
                said.complaints.push(line.clone());
            }
            if said.last.len() == LINES_SHOWN {
                said.last.pop_front();
            }
            said.last.push_back(line);
        }
        drop(alive);
    });
    (said, ended)
}

/// A line of the journal is a time, an id, who asked, how, for what, and the status. Any other line tells of trouble,
/// and so does a status that says that the fault was the server's; to not implement something is none.
fn is_complaint(line: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    let is_journal = words.first().is_some_and(|time| time.ends_with('Z'));
    let fault = words.get(5).is_some_and(|status| status.starts_with('5') && *status != "501");
    !is_journal || fault
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_told_from_the_journal() {
        let line = |status: &str| format!("2026-11-21T09:39:08.674Z 7F5B 127.0.0.1:38700 PUT /b/k {status} - 0 B 6 us");
        for fine in ["200", "404", "501"] {
            assert!(!is_complaint(&line(fine)), "{fine}");
        }
        for trouble in ["stratum: a disk failed", "thread 'main' panicked", &line("500"), &line("503")] {
            assert!(is_complaint(trouble), "{trouble}");
        }
    }
}
