//! Root credentials: from the environment, else from the store's directory, else made.
//!
//! What must hold: there is no default. What comes from the environment is never written. What is made is written
//! whole, for its owner's eyes alone, before anybody is served; it is shown once. What is there already, whoever wrote
//! it, is never replaced.
#![expect(clippy::disallowed_methods, reason = "a small file, read and written before anything is served")]

use std::ffi::OsString;
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
    match (set(ACCESS_KEY, std::env::var_os(ACCESS_KEY))?, set(SECRET_KEY, std::env::var_os(SECRET_KEY))?) {
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

/// The value of a variable; an empty one counts as none.
///
/// # Errors
/// It is not text. To take it for absent would be to serve with other keys than the operator set.
fn set(name: &str, value: Option<OsString>) -> Result<Option<String>, String> {
    let text = value.map(OsString::into_string).transpose().map_err(|_| format!("{name} is set to what is no text"))?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// Writes credentials that were made. The file is complete and durable, or not there. The store is held meanwhile, but
/// another start may have made its own between our look and that.
///
/// # Errors
/// A sentence that says which step failed.
pub(crate) fn keep(credentials: &Credentials, path: &Path) -> Result<(), String> {
    let unfinished = path.with_extension("new");
    let said = |why: std::io::Error| format!("{} is not written: {why}", path.display());
    // A start that was cut short leaves one. A link or a folder of this name is not ours to touch.
    if fs::symlink_metadata(&unfinished).is_ok_and(|found| found.is_file()) {
        fs::remove_file(&unfinished).map_err(said)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)
        .map_err(|why| format!("{} is not written: {}: {why}", path.display(), unfinished.display()))?;
    let text =
        format!("access_key = {}\nsecret_key = {}\n", credentials.access_key().as_str(), credentials.secret_key());
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(said)?;
    // A second name does not replace what has the first, as a rename would.
    let named = fs::hard_link(&unfinished, path);
    let removed = fs::remove_file(&unfinished);
    match named {
        Err(why) if why.kind() == ErrorKind::AlreadyExists => {
            let what = "was made by another start meanwhile: start again to use it";
            return Err(format!("{} {what}", path.display()));
        }
        named => named.and(removed).map_err(said)?,
    }
    // The name too must outlive a power cut.
    let directory = path.parent().unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(said)?;
    match in_file(path)? == *credentials {
        true => Ok(()),
        false => Err(format!("{} does not hold what was written into it", path.display())),
    }
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

    /// The unfinished file was once opened whatever it was: through a link into another file, or with the mode that
    /// somebody else had given it.
    #[test]
    fn what_a_cut_start_left_is_made_anew_and_a_link_is_not_followed() {
        let home = tempfile::TempDir::new().expect("a directory");
        let (made, path) = (Credentials::from_random(&[7; RANDOM_BYTES]), home.path().join(FILE));
        let unfinished = path.with_extension("new");
        fs::write(&unfinished, "access_key").expect("it is written");
        fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o666)).expect("it is ours");
        keep(&made, &path).expect("it is written");
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(home.path()).expect("a directory").count(), 1, "nothing else is left");

        fs::remove_file(&path).expect("it is there");
        let target = home.path().join("target");
        fs::write(&target, "precious").expect("it is written");
        std::os::unix::fs::symlink(&target, &unfinished).expect("a link");
        keep(&made, &path).expect_err("a link is in the way");
        assert_eq!(fs::read_to_string(&target).expect("it is there"), "precious");
        assert_eq!(in_file(&path).map_err(|_| ()), Err(()));
    }

    #[test]
    fn credentials_that_another_start_made_are_not_replaced() {
        let home = tempfile::TempDir::new().expect("a directory");
        let [first, second] = [7, 8].map(|byte| Credentials::from_random(&[byte; RANDOM_BYTES]));
        let path = home.path().join(FILE);
        keep(&first, &path).expect("it is written");
        let why = keep(&second, &path).expect_err("it is there already");
        assert!(why.contains("start again"), "{why}");
        assert_eq!(in_file(&path), Ok(first));
        assert_eq!(fs::read_dir(home.path()).expect("a directory").count(), 1, "nothing else is left");
    }

    #[test]
    fn a_variable_that_is_no_text_is_not_taken_for_absent() {
        use std::os::unix::ffi::OsStringExt as _;
        assert_eq!(set("NAME", None), Ok(None));
        assert_eq!(set("NAME", Some(OsString::new())), Ok(None));
        assert_eq!(set("NAME", Some("key".into())), Ok(Some("key".to_owned())));
        assert!(set("NAME", Some(OsString::from_vec(vec![0xff]))).is_err_and(|why| why.contains("NAME")));
    }

    #[test]
    fn a_file_that_is_none_is_no_reason_to_make_new_ones() {
        let home = tempfile::TempDir::new().expect("a directory");
        fs::write(home.path().join(FILE), "access_key = short\n").expect("it is written");
        let why = find(home.path(), &[7; RANDOM_BYTES]).expect_err("it is none");
        assert!(why.contains("mend it"), "{why}");
    }
}
