//! Checks the rules of this repository that neither rustfmt nor clippy know, over every file that git knows or would
//! add.
//!
//! Each file beside this one is a family of rules and tests itself on short texts. There are no exceptions: a rule that
//! needs one is wrong and is changed. The answer is one line per finding, and the exit status.
//!
//! `cargo run -p tidy [ROOT]`: the root of the repository is the current folder if none is named.

#![expect(
    clippy::disallowed_methods,
    reason = "the ban on files is for the engine; this tool reads the sources it judges"
)]

mod crates;
mod finding;
mod layers;
mod names;
mod places;
mod shape;
mod source;
mod texts;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use finding::Finding;
use layers::{ARCHITECTURE, Layers};
use places::UnsafePlaces;
use source::Source;

fn main() -> ExitCode {
    let root = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    match check(&root).and_then(|findings| report(&findings)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // If even the error stream is gone, the exit status is all that is left to say it with.
            let said = writeln!(io::stderr(), "tidy: {error}");
            ExitCode::from(if said.is_ok() { 2 } else { 3 })
        }
    }
}

/// Says what was found; whether that was nothing.
fn report(findings: &[Finding]) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    for finding in findings {
        writeln!(out, "{finding}")?;
    }
    Ok(findings.is_empty())
}

/// All findings below `root`, ordered by place.
fn check(root: &Path) -> io::Result<Vec<Finding>> {
    let architecture = std::fs::read_to_string(root.join(ARCHITECTURE))?;
    let unsafe_places = UnsafePlaces::parse(&architecture);
    let mut findings = Vec::new();
    let layers = Layers::parse(&architecture).map_err(|finding| findings.push(finding)).ok();
    for path in files(root)? {
        let bytes = std::fs::read(root.join(&path))?;
        // What is no text (a golden file) has no rules here.
        let Ok(text) = String::from_utf8(bytes) else { continue };
        findings.extend(texts::check(&path, &text));
        findings.extend(crates::check(&path, &text));
        if path.ends_with(".md") {
            findings.extend(texts::check_links(&path, &text, |link| root.join(link).exists()));
        }
        if path.ends_with(".rs") {
            let source = Source::new(&path, &text);
            findings.extend(shape::check(&source));
            findings.extend(names::check(&source));
            findings.extend(places::check(&source, &unsafe_places));
            findings.extend(layers.iter().flat_map(|layers| layers.check(&source)));
        }
    }
    findings.sort();
    Ok(findings)
}

/// The files that git knows, or would add, and that are there.
fn files(root: &Path) -> io::Result<Vec<String>> {
    let listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").arg("-C").arg(root).args(listing).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("git ls-files: {}", String::from_utf8_lossy(&output.stderr).trim())));
    }
    let names = String::from_utf8(output.stdout).map_err(io::Error::other)?;
    Ok(names.split('\0').filter(|name| root.join(name).is_file()).map(str::to_owned).collect())
}
