//! The journal of requests: one line each, on standard error.
//!
//! What must hold: no request waits for its line. Lines gather on their core and are written by a helper thread; where
//! they come faster than they are written, some are left out, and how many is said.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use stratum_engine::rt::{self, Event, Helper};

use crate::limits::{JOURNAL_BYTES_MAX, JOURNAL_MS};
use crate::text::dates;

/// The lines of one core.
#[derive(Default)]
pub(super) struct Journal {
    lines: RefCell<String>,
    left_out: Cell<u64>,
    came: Event,
    closed: Cell<bool>,
}

/// What a line says.
pub(super) struct Line<'a> {
    /// When the request was answered.
    pub(super) time_ms: u64,
    /// The id that its answer has.
    pub(super) id: u64,
    /// Who asked.
    pub(super) peer: SocketAddr,
    /// How.
    pub(super) method: &'a str,
    /// For what, without parameters: they may hold a signature.
    pub(super) path: &'a [u8],
    /// What came of it.
    pub(super) status: u16,
    /// The error's name, or nothing.
    pub(super) error: &'a str,
    /// Bytes of the answer's body.
    pub(super) sent: u64,
    /// How long it took.
    pub(super) took_us: u64,
}

impl Journal {
    /// Notes a request.
    pub(super) fn note(&self, line: &Line<'_>) {
        let mut lines = self.lines.borrow_mut();
        if lines.len() >= JOURNAL_BYTES_MAX {
            self.left_out.set(self.left_out.get() + 1);
            return;
        }
        let Line { id, peer, method, status, sent, took_us, .. } = line;
        let (time, path) = (dates::iso(line.time_ms), line.path.escape_ascii());
        let error = if line.error.is_empty() { "-" } else { line.error };
        let time = time.as_str();
        let written = writeln!(lines, "{time} {id:016X} {peer} {method} {path} {status} {error} {sent} B {took_us} us");
        written.expect("a string takes every line");
        drop(lines);
        self.came.notify();
    }

    /// Writes lines as they come, until the journal is closed and empty.
    pub(super) async fn write(self: Rc<Journal>) {
        loop {
            while self.lines.borrow().is_empty() {
                if self.closed.get() {
                    return;
                }
                self.came.wait().await;
            }
            let mut lines = std::mem::take(&mut *self.lines.borrow_mut());
            match self.left_out.take() {
                0 => {}
                many => lines.push_str(&format!("{many} requests have no line: they came faster than it is written\n")),
            }
            // If nobody reads the journal there is nobody to tell.
            rt::help(Helper::General, move || drop(std::io::stderr().write_all(lines.as_bytes()))).await;
            if !self.closed.get() {
                // Lines that come together are written together.
                rt::sleep(Duration::from_millis(JOURNAL_MS)).await;
            }
        }
    }

    /// No more lines come.
    pub(super) fn close(&self) {
        self.closed.set(true);
        self.came.notify();
    }
}
