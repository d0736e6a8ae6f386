//! What is said to people: lines on standard output, problems and notices on standard error.

use std::io::Write as _;

/// A line on standard output. If nobody reads it there is nobody to tell.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{text}").and_then(|()| out.flush()));
}

/// A problem, or a notice, on standard error.
pub(crate) fn problem(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "stratum: {text}"));
}
