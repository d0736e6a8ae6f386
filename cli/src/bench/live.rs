//! What the cores tell while they run, and the line that a person watches.
//!
//! What must hold: nobody waits for it. The line is written only where a terminal is, and is gone when it ends.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stratum_engine::rt::{self, Helper};

/// The line is written this often.
const EVERY: Duration = Duration::from_millis(500);

/// What the cores tell.
#[derive(Debug, Default)]
pub(super) struct Live {
    ops: AtomicU64,
    bytes: AtomicU64,
    errors: AtomicU64,
    stop: AtomicBool,
    step: Mutex<Step>,
}

/// What is being done.
#[derive(Clone, Debug, Default)]
struct Step {
    name: String,
    /// When it ends, if that is known.
    until_ns: Option<u64>,
}

/// What had been done at one moment.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    at_ns: u64,
    ops: u64,
    bytes: u64,
    errors: u64,
}

impl Live {
    /// An operation went well.
    pub(super) fn done(&self, bytes: u64) {
        self.ops.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// An operation did not.
    pub(super) fn failed(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    /// Everybody ends what he is doing, and begins nothing more.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// True if nothing more begins.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Another step begins.
    pub(super) fn begin(&self, name: &str, until_ns: Option<u64>) {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) = Step { name: name.to_owned(), until_ns };
    }

    fn step(&self) -> Step {
        self.step.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn seen(&self) -> Seen {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Seen { at_ns: rt::now(), ops: count(&self.ops), bytes: count(&self.bytes), errors: count(&self.errors) }
    }
}

/// Shows the line for as long as this is awaited.
pub(super) async fn show(live: Arc<Live>) {
    if !std::io::stderr().is_terminal() {
        return std::future::pending().await;
    }
    let mut before = live.seen();
    loop {
        rt::sleep(EVERY).await;
        let (step, now) = (live.step(), live.seen());
        write(format!("\r\x1b[K{}", line(&step, before, now))).await;
        before = now;
    }
}

/// Removes the line.
pub(super) async fn clear() {
    if std::io::stderr().is_terminal() {
        write("\r\x1b[K".to_owned()).await;
    }
}

async fn write(text: String) {
    // A terminal may be stopped: the core does not wait for it.
    rt::help(Helper::General, move || drop(std::io::stderr().write_all(text.as_bytes()))).await;
}

#[expect(clippy::cast_precision_loss, reason = "rates for people's eyes")]
fn line(step: &Step, before: Seen, now: Seen) -> String {
    let seconds = (now.at_ns.saturating_sub(before.at_ns) as f64 / 1e9).max(1e-9);
    let (ops, bytes) = ((now.ops - before.ops) as f64 / seconds, (now.bytes - before.bytes) as f64 / seconds);
    let mut line = format!("{:<14} {ops:>9.0} ops/s {:>9.1} MB/s   {} errors", step.name, bytes / 1e6, now.errors);
    if let Some(until_ns) = step.until_ns {
        let left = until_ns.saturating_sub(now.at_ns) as f64 / 1e9;
        write!(line, "   {left:.0} s left").expect("a string takes every line");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_rate_bytes_errors_and_time_left() {
        let before = Seen { at_ns: 1_000_000_000, ops: 10, bytes: 0, errors: 0 };
        let now = Seen { at_ns: 1_500_000_000, ops: 5010, bytes: 20_000_000, errors: 3 };
        let step = Step { name: "put".to_owned(), until_ns: Some(8_400_000_000) };
        let expected = "put                10000 ops/s      40.0 MB/s   3 errors   7 s left";
        assert_eq!(line(&step, before, now), expected);
    }
}
