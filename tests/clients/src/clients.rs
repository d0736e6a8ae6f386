//! Where the clients lie: what `tests/clients/set-up` laid down below `target/clients`, and what the system has.
//!
//! What must hold: a client that is missing, or that is not the version this tree names, fails the test with a sentence
//! that says what to run. Nothing is skipped.

use std::path::{Path, PathBuf};

/// What to do about a client that is missing.
const REMEDY: &str = "run `./tools/check clients` first, which brings all clients and builds the binary";

/// The folder of this crate, where the scripts lie.
#[must_use]
pub fn scripts() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The binary that is tested: of the profile that this test was built with.
#[must_use]
pub fn stratum() -> PathBuf {
    there(profile().join("stratum"))
}

/// The folder where everything that is built lies.
#[must_use]
pub fn target() -> PathBuf {
    profile().parent().expect("a profile's folder lies in the target's").to_owned()
}

/// Python with boto3 and aws-cli.
#[must_use]
pub fn python() -> PathBuf {
    laid_down("python", "python/requirements.txt").join("bin/python")
}

/// aws-cli.
#[must_use]
pub fn aws() -> PathBuf {
    there(laid_down("python", "python/requirements.txt").join("bin/aws"))
}

/// The folder where Python finds the CRT.
#[must_use]
pub fn python_crt() -> PathBuf {
    laid_down("python-crt", "python/requirements-crt.txt")
}

/// The folder where Node finds the JavaScript SDK.
#[must_use]
pub fn node_modules() -> PathBuf {
    laid_down("javascript", "javascript/package-lock.json").join("node_modules")
}

/// A program of the system.
///
/// # Panics
/// If it is not there.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing: {REMEDY}"))
}

/// The folder below `target/clients` that was laid down from `list`, if it was laid down from the list as it is now.
fn laid_down(name: &str, list: &str) -> PathBuf {
    let folder = target().join("clients").join(name);
    let wanted = std::fs::read(scripts().join(list)).unwrap_or_else(|why| panic!("{list}: {why}"));
    // `set-up` keeps a copy of the list when everything on it is there.
    let has = std::fs::read(folder.join("laid-down")).ok();
    match has {
        Some(has) if has == wanted => folder,
        Some(_) => panic!("{} is not what {list} names: {REMEDY}", folder.display()),
        None => panic!("{} is missing: {REMEDY}", folder.display()),
    }
}

fn there(path: PathBuf) -> PathBuf {
    assert!(path.is_file(), "{} is missing: {REMEDY}", path.display());
    path
}

/// `target/<profile>`: this test runs from a folder within it.
fn profile() -> PathBuf {
    let test = std::env::current_exe().expect("a process knows its file");
    test.parent().and_then(Path::parent).expect("cargo builds tests two folders deep").to_owned()
}
