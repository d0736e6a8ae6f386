//! The process under test: built, started, heard until it is ready, ended with SIGTERM.
//!
//! What must hold: whoever starts a server ends it with `stop`, which says that it left with status 0. One that is
//! dropped otherwise, because a test failed, is killed.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::thread::JoinHandle;

use crate::signature::{ACCESS_KEY, SECRET_KEY};

/// A running server.
pub struct Server {
    child: Child,
    address: SocketAddr,
    journal: Option<JoinHandle<String>>,
    left: bool,
}

impl Server {
    /// Starts the server over the store in `directory` and waits until it is ready.
    ///
    /// # Panics
    /// If it does not become ready.
    #[must_use]
    pub fn start(directory: &Path, options: &[&str]) -> Server {
        let mut command = Command::new(binary());
        command.arg("serve").arg(directory).args(["--listen", "127.0.0.1:0"]).args(options);
        command.env("STRATUM_ROOT_ACCESS_KEY", ACCESS_KEY).env("STRATUM_ROOT_SECRET_KEY", SECRET_KEY);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server's binary runs");
        let mut errors = child.stderr.take().expect("it is piped");
        // The journal has to be read as it comes: a full pipe would hold up the server's writer.
        let journal = std::thread::spawn(move || {
            let mut journal = Vec::new();
            drop(errors.read_to_end(&mut journal));
            String::from_utf8_lossy(&journal).into_owned()
        });
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let ready = lines.map_while(Result::ok).find_map(|line| {
            let endpoint = line.strip_prefix("ready")?.trim().rsplit("://").next()?.to_owned();
            endpoint.parse().ok()
        });
        let Some(address) = ready else {
            drop(child.kill());
            panic!("the server is not ready: {}", journal.join().unwrap_or_default());
        };
        Server { child, address, journal: Some(journal), left: false }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells it to stop, and does not wait.
    ///
    /// # Panics
    /// If the system has no shell.
    pub fn terminate(&self) {
        let told = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", self.child.id())).status();
        assert!(told.expect("there is a shell").success(), "the server has gone before it was told to");
    }

    /// Waits until it has left.
    ///
    /// # Panics
    /// If the system does not know it any more.
    pub fn wait(&mut self) -> ExitStatus {
        self.left = true;
        self.child.wait().expect("it is our child")
    }

    /// Tells it to stop and waits until it has. Its journal.
    ///
    /// # Panics
    /// If its exit status is not 0.
    pub fn stop(mut self) -> String {
        self.terminate();
        let status = self.wait();
        let journal = self.journal.take().and_then(|journal| journal.join().ok()).unwrap_or_default();
        assert!(status.success(), "{status}: {}", journal.lines().last().unwrap_or_default());
        journal
    }

    /// Memory that it holds, in KiB.
    ///
    /// # Panics
    /// If the system does not say.
    #[must_use]
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the kernel says it");
        line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("it is a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.left {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

/// The server's binary: `STRATUM_BINARY`, or the one of this profile, brought up to date first. A package cannot name
/// another's binary as a dependency, so cargo would neither build it nor notice that it is old.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(binary) = std::env::var_os("STRATUM_BINARY") {
            return binary.into();
        }
        let own = std::env::current_exe().expect("a test knows where it is");
        let profile = own.parent().and_then(Path::parent).expect("a test lies in target/PROFILE/deps").to_owned();
        let mut build = Command::new(env!("CARGO"));
        build.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--quiet", "--locked", "--package", "stratum"]);
        build.arg("--target-dir").arg(profile.parent().expect("a profile lies in target"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo runs").success(), "the server does not build");
        profile.join("stratum")
    })
}
