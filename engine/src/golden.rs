//! Golden bytes: each structure on disk as it was first written, in `golden/`, compared with what the code writes now.
//!
//! What must hold: bytes that a released version wrote are read by every later one. A golden file that no longer fits
//! is a change of the format, and that takes a new version (`FORMAT.md`, "How versions change"). Each format file has
//! its own test with its own sample; here is only the comparison.
//!
//! `STRATUM_GOLDEN=write cargo test -p stratum-engine golden` writes the files anew. Where `CI` is set it is refused,
//! so that no run there can agree with itself.

use std::path::PathBuf;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(format!("{name}.bin"))
}

/// The golden bytes of a structure.
#[expect(clippy::disallowed_methods, reason = "the files of the source tree are not the disks behind the seam")]
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).expect("every pinned structure has its golden file")
}

/// Holds `encoded` against the golden bytes of `name`.
#[expect(clippy::disallowed_methods, reason = "the files of the source tree are not the disks behind the seam")]
pub(crate) fn pins(name: &str, encoded: &[u8]) {
    if std::env::var_os("STRATUM_GOLDEN").is_some_and(|wish| wish == "write") {
        assert!(std::env::var_os("CI").is_none(), "golden files are written by people, never by CI");
        std::fs::write(path(name), encoded).expect("the source tree can be written");
    }
    let golden = bytes(name);
    let differs = golden.iter().zip(encoded).position(|(a, b)| a != b);
    assert!(
        golden == encoded,
        "{name}: {} golden bytes, {} written now, first difference at {differs:?}",
        golden.len(),
        encoded.len()
    );
}
