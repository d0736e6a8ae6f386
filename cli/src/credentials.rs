//! Root credentials: from the environment, else from the store's directory, else made.
//!
//! What must hold: there is no default. What comes from the environment is never written. What is made is written
//! whole, for its owner's eyes alone, before anybody is served; it is shown once.
#![expect(clippy::disallowed_methods, reason = "a small file, read and written before anything is served")]

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use stratum_proto_http::auth::{Credentials, RANDOM_BYTES};

const ACCESS_KEY: &str = "STRATUM_ROOT_ACCESS_KEY";
const SECRET_KEY: &str = "STRATUM_ROOT_SECRET_KEY";
const FILE: &str = "root-credentials";

/// Where the credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The environment.
    Environment,
    /// The file, which was there.
    File(PathBuf),
    /// They were made, and the file has yet to be written.
    Made(PathBuf),
}

/// The root credentials of the store in `directory`. `random` makes those that there are not.
///
/// # Errors
/// A sentence that says what is wrong and what to do.
pub(crate) fn find(directory: &Path, random: &[u8; RANDOM_BYTES]) -> Result<(Credentials, Source), String> {
    let set = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    match (set(ACCESS_KEY), set(SECRET_KEY)) {
        (Some(access), Some(secret)) => {
            let credentials =
                Credentials::new(&access, &secret).map_err(|why| format!("{ACCESS_KEY}, {SECRET_KEY}: {why}"))?;
            return Ok((credentials, Source::Environment));
        }
        (None, None) => {}
        (Some(_), None) => return Err(format!("{ACCESS_KEY} is set and {SECRET_KEY} is not: set both, or none")),
        (None, Some(_)) => return Err(format!("{SECRET_KEY} is set and {ACCESS_KEY} is not: set both, or none")),
    }
    let path = directory.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) => {
            let credentials = parse(&text).ok_or_else(|| {
                format!("{} cannot be read as credentials: mend it, or remove it to have new ones made", path.display())
            })?;
            Ok((credentials, Source::File(path)))
        }
        Err(why) if why.kind() == ErrorKind::NotFound => Ok((Credentials::from_random(random), Source::Made(path))),
        Err(why) => Err(format!("{}: {why}", path.display())),
    }
}

/// The credentials in a file of the form that [`keep`] writes.
///
/// # Errors
/// A sentence that says why there are none.
pub(crate) fn in_file(path: &Path) -> Result<Credentials, String> {
    let text = fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))?;
    parse(&text).ok_or_else(|| format!("{} has no line access_key = or no line secret_key =", path.display()))
}

/// Writes credentials that were made. The file is complete and durable, or not there.
///
/// # Errors
/// A sentence that says which step failed.
pub(crate) fn keep(credentials: &Credentials, path: &Path) -> Result<(), String> {
    let unfinished = path.with_extension("new");
    let said = |why: std::io::Error| format!("{} is not written: {why}", path.display());
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished).map_err(said)?;
    let text =
        format!("access_key = {}\nsecret_key = {}\n", credentials.access_key().as_str(), credentials.secret_key());
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(said)?;
    fs::rename(&unfinished, path).map_err(said)?;
    // The name too must outlive a power cut.
    let directory = path.parent().unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(said)
}

fn parse(text: &str) -> Option<Credentials> {
    let value = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once('='));
        lines.find(|(other, _)| other.trim() == name).map(|(_, value)| value.trim())
    };
    Credentials::new(value("access_key")?, value("secret_key")?).ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn made_credentials_are_kept_for_their_owner_alone_and_found_again() {
        let home = tempfile::TempDir::new().expect("a directory");
        let (made, source) = find(home.path(), &[7; RANDOM_BYTES]).expect("none are there yet");
        let Source::Made(path) = source else { panic!("{source:?}") };
        keep(&made, &path).expect("they are written");
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(find(home.path(), &[8; RANDOM_BYTES]), Ok((made, Source::File(path))));
    }

    #[test]
    fn a_file_that_is_none_is_no_reason_to_make_new_ones() {
        let home = tempfile::TempDir::new().expect("a directory");
        fs::write(home.path().join(FILE), "access_key = short\n").expect("it is written");
        let why = find(home.path(), &[7; RANDOM_BYTES]).expect_err("it is none");
        assert!(why.contains("mend it"), "{why}");
    }
}
