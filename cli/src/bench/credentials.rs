//! The keys that requests are signed with: from a file, else from the environment.

use std::path::Path;

use stratum_proto_http::auth::Credentials;

use crate::credentials;

/// The keys in `file`, else those of the environment: a store's root's, or those that clients of S3 look for.
///
/// # Errors
/// A sentence that says what is missing or wrong.
pub(super) fn find(file: Option<&Path>) -> Result<Credentials, String> {
    if let Some(file) = file {
        return credentials::in_file(file);
    }
    let set = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    for (access, secret, token) in [
        ("STRATUM_ROOT_ACCESS_KEY", "STRATUM_ROOT_SECRET_KEY", None),
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", Some("AWS_SESSION_TOKEN")),
    ] {
        let (Some(name), Some(key)) = (set(access), set(secret)) else { continue };
        let found = Credentials::new(&name, &key).map_err(|why| format!("{access}, {secret}: {why}"))?;
        return match token.and_then(set) {
            Some(token) => found.with_session_token(&token).map_err(|why| why.to_string()),
            None => Ok(found),
        };
    }
    Err("no keys to sign with: set STRATUM_ROOT_ACCESS_KEY and STRATUM_ROOT_SECRET_KEY, or AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY, or name the root-credentials of a store with --credentials"
        .to_owned())
}
