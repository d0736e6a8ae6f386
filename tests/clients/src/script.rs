//! Runs a client's script against a server, and judges it by its status alone.
//!
//! What must hold: a script knows of its environment only what is given here: the endpoint, the credentials, a home of
//! its own. It ends in time, or it and all that it started is killed. What it said is shown when it fails.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::server::{ACCESS_KEY, REGION, SECRET_KEY, Server};

/// How long a script may take. The longest takes a minute and a half on two cores that it has for itself.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// A script to run.
pub struct Script {
    command: Command,
    name: String,
}

impl Script {
    /// `script`, run by `interpreter`, against `server`.
    #[must_use]
    pub fn new(interpreter: &Path, script: &Path, server: &Server) -> Script {
        let mut command = Command::new(interpreter);
        command.arg(script).env_clear().process_group(0);
        for inherited in ["PATH", "LD_LIBRARY_PATH"] {
            command.envs(std::env::var_os(inherited).map(|value| (inherited, value)));
        }
        command.env("HOME", server.room("home")).env("LANG", "C.UTF-8").env("LC_ALL", "C.UTF-8");
        command.env("STRATUM_ENDPOINT", server.endpoint());
        command.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY);
        command.env("AWS_DEFAULT_REGION", REGION).env("AWS_REGION", REGION);
        // Nobody here is a machine of AWS, and to find that out takes clients seconds.
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        if let Some(certificate) = server.certificate() {
            command.env("AWS_CA_BUNDLE", certificate).env("NODE_EXTRA_CA_CERTS", certificate);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Script { command, name: script.display().to_string() }
    }

    /// With one variable more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<OsStr>) -> Script {
        self.command.env(name, OsString::from(value.as_ref()));
        self
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// If it fails, or takes too long.
    pub fn run(mut self) {
        let mut child = self.command.spawn().unwrap_or_else(|why| panic!("{} does not start: {why}", self.name));
        let outputs = [text(child.stdout.take()), text(child.stderr.take())];
        let mut in_time = true;
        let said = outputs.map(|output| {
            output.recv_timeout(PATIENCE).unwrap_or_else(|_| {
                in_time = false;
                let group = format!("-{}", child.id());
                // What cannot be killed has ended.
                drop(Command::new("sh").args(["-c", "kill -KILL -- \"$1\"", "sh", &group]).status());
                output.recv_timeout(PATIENCE).unwrap_or_default()
            })
        });
        let status = child.wait().expect("a child may be waited for");
        show(&said.concat());
        assert!(in_time, "{} took more than {PATIENCE:?} and was killed", self.name);
        assert!(status.success(), "{} ended with {status}", self.name);
    }
}

/// Shows what a test has to show: the test runner keeps it for itself unless the test fails.
#[expect(clippy::print_stdout, reason = "what is printed is what the test runner can keep")]
pub fn show(text: &str) {
    print!("{text}");
}

/// All that comes, when no more does.
fn text(output: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = channel();
    if let Some(mut output) = output {
        std::thread::spawn(move || {
            let mut all = Vec::new();
            // What can be read of it is all that is wanted.
            drop(output.read_to_end(&mut all));
            drop(sender.send(String::from_utf8_lossy(&all).into_owned()));
        });
    }
    receiver
}
