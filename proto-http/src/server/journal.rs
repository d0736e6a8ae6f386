//! The journal of requests: one line each, on standard error.
//!
//! What must hold: no request waits for its line. Lines gather on their core and are written by a helper thread; where
//! they come faster than they are written, some are left out, and how many is said.

use std::cell::{Cell, RefCell};
use std::io::Write as _;
use std::rc::Rc;
use std::time::Duration;

use stratum_engine::rt::{self, Event, Helper};

use super::sending::Told;
use crate::limits::{JOURNAL_BYTES_MAX, JOURNAL_MS};
use crate::text::{dates, decimal, hex};

/// The lines of one core.
#[derive(Default)]
pub(super) struct Journal {
    lines: RefCell<Vec<u8>>,
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
    pub(super) peer: &'a str,
    /// How.
    pub(super) method: &'a str,
    /// For what, without parameters: they may hold a signature.
    pub(super) path: &'a [u8],
    /// What came of it.
    pub(super) told: &'a Told,
    /// How long it took.
    pub(super) took_us: u64,
}

impl Line<'_> {
    /// Writes it. Each request has one, so it is put together by hand: formatting would cost it a microsecond.
    fn write(&self, out: &mut Vec<u8>) {
        let Line { time_ms, id, peer, method, path, told, took_us } = self;
        out.extend_from_slice(dates::iso(*time_ms).as_bytes());
        out.push(b' ');
        out.extend_from_slice(hex::of_u64(*id).as_bytes());
        out.push(b' ');
        out.extend_from_slice(peer.as_bytes());
        out.push(b' ');
        out.extend_from_slice(method.as_bytes());
        out.push(b' ');
        match path.iter().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'\'' | b'"')) {
            true => out.extend_from_slice(path),
            false => out.extend(path.escape_ascii()),
        }
        out.push(b' ');
        decimal::write(out, u64::from(told.status));
        out.push(b' ');
        out.extend_from_slice(if told.error.is_empty() { b"-" } else { told.error.as_bytes() });
        out.push(b' ');
        decimal::write(out, told.sent);
        out.extend_from_slice(b" B ");
        decimal::write(out, *took_us);
        out.extend_from_slice(b" us");
        if let Some(inside) = &told.inside {
            out.extend_from_slice(b": ");
            out.extend_from_slice(inside.to_string().as_bytes());
        }
        out.push(b'\n');
    }
}

impl Journal {
    /// Notes a request.
    pub(super) fn note(&self, line: &Line<'_>) {
        let mut lines = self.lines.borrow_mut();
        if lines.len() >= JOURNAL_BYTES_MAX {
            self.left_out.set(self.left_out.get() + 1);
            return;
        }
        line.write(&mut lines);
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
                many => {
                    let left_out = format!("{many} requests have no line: they came faster than it is written\n");
                    lines.extend_from_slice(left_out.as_bytes());
                }
            }
            // If nobody reads the journal there is nobody to tell.
            rt::help(Helper::General, move || drop(std::io::stderr().write_all(&lines))).await;
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

#[cfg(test)]
mod tests {
    use stratum_engine::error::Error;
    use stratum_engine::log::ReadError;
    use stratum_engine::types::SegmentId;

    use super::*;

    fn written(path: &[u8], told: &Told) -> String {
        let mut out = Vec::new();
        Line { time_ms: 1, id: 0xa, peer: "127.0.0.1:9", method: "GET", path, told, took_us: 12 }.write(&mut out);
        String::from_utf8(out).expect("a line is text")
    }

    #[test]
    fn a_line_is_one_line() {
        let told = Told { status: 200, error: "", inside: None, sent: 7, whole: true };
        let begin = "1970-01-01T00:00:00.001Z 000000000000000A 127.0.0.1:9 GET";
        assert_eq!(written(b"/b/k", &told), format!("{begin} /b/k 200 - 7 B 12 us\n"));
        assert_eq!(written(b"/b/\n\xff k", &told), format!("{begin} /b/\\n\\xff k 200 - 7 B 12 us\n"));
    }

    /// Damage that a read found was told to nobody: the client got an internal error, and the journal the status alone.
    #[test]
    fn what_happened_within_stands_in_the_line() {
        let inside = Some(Box::new(Error::Damaged(ReadError::Damaged(SegmentId(5), 4096))));
        let told = Told { status: 500, error: "InternalError", inside, sent: 0, whole: true };
        assert!(
            written(b"/b/k", &told)
                .ends_with("/b/k 500 InternalError 0 B 12 us: damage: segment 5 is damaged at 4096\n")
        );
    }
}
