//! One server for the tests of a file that run at the same time.
//!
//! What must hold: the last who goes ends it and sees that it ended well. Whoever comes after that starts a new one
//! over a new store.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::server::Server;

/// The domain before which a bucket's name may stand.
pub(crate) const DOMAIN: &str = "s3.example.com";

struct Open {
    server: Server,
    // Dropped after the server, whose store it holds.
    _directory: tempfile::TempDir,
    visitors: usize,
}

static OPEN: Mutex<Option<Open>> = Mutex::new(None);

/// A stay at the shared server.
pub(crate) struct Visit {
    address: SocketAddr,
}

impl Visit {
    /// Comes, and starts the server if nobody is there.
    pub(crate) fn begin() -> Visit {
        let mut open = locked();
        let here = open.get_or_insert_with(|| {
            let directory = tempfile::tempdir().expect("a folder can be made");
            let server = Server::start(directory.path(), &["--domain", DOMAIN]);
            Open { server, _directory: directory, visitors: 0 }
        });
        here.visitors += 1;
        Visit { address: here.server.address() }
    }

    /// Where the server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut open = locked();
        let Some(here) = open.as_mut() else { return };
        here.visitors -= 1;
        if here.visitors == 0
            && let Some(last) = open.take()
            && !std::thread::panicking()
        {
            last.server.stop();
        }
    }
}

/// A test that failed does not spoil the others.
fn locked() -> MutexGuard<'static, Option<Open>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}
