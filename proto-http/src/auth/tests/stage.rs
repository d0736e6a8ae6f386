//! What all stories of requests share: the time and the key of the documentation's examples.

use crate::auth::{AuthError, Credentials, Endpoint, Keys, Principal, Verified, Verifier};
use crate::http1::Head;

/// 24 May 2013, 00:00:00.
pub(super) const NOW: u64 = 1_369_353_600;
pub(super) const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
pub(super) const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
pub(super) const SESSION_TOKEN: &str = "FwoGZXIvYXdzEBYaDH+a/b=c==";

pub(super) fn credentials() -> Credentials {
    Credentials::new(ACCESS_KEY, SECRET_KEY).expect("the example's credentials are valid")
}

pub(super) fn session() -> Credentials {
    credentials().with_session_token(SESSION_TOKEN).expect("the token is valid")
}

pub(super) fn verifier(credentials: Credentials) -> Verifier {
    Verifier::new(Endpoint::s3("us-east-1"), Keys::of_root(credentials))
}

pub(super) fn head(text: &str) -> Head {
    Head::parse(text.as_bytes()).expect("a head").expect("all of it").0
}

/// What becomes of this head at the example's time.
pub(super) fn judge(text: &str) -> Result<Verified, AuthError> {
    verifier(credentials()).verify(&head(text), None, NOW)
}

/// What is known of this head, which is let in as the example's key.
pub(super) fn accepted(text: &str) -> Verified {
    let verified = judge(text).unwrap_or_else(|error| panic!("{error}: {:#?}\n{text}", error.elements()));
    assert!(matches!(&verified.principal, Principal::Key(key) if key.as_str() == ACCESS_KEY));
    verified
}

/// Code and status of the answer to this head, which is not let in.
pub(super) fn refused(text: &str) -> (&'static str, u16) {
    let (code, status, _) = judge(text).expect_err(text).answer();
    (code, status)
}

/// A text with one thing in it changed, which must be there.
pub(super) fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} is not in {text}");
    text.replacen(from, to, 1)
}
