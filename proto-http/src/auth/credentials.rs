//! Keys and who has them.
//!
//! What must hold: a secret is never printed, and it leaves this file only to make a signing key. Access keys have only
//! characters that need no care in a header, a query, a path or a shell.
//!
//! Not here: where keys are stored, what their holders may do.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::constant_time::same;
use crate::limits::{ACCESS_KEY_BYTES_MAX, ACCESS_KEY_BYTES_MIN};
use crate::limits::{SECRET_KEY_BYTES_MAX, SECRET_KEY_BYTES_MIN, SESSION_TOKEN_BYTES_MAX};

/// The name of a key, which is no secret. It is cloned for every request, so a clone is a count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessKey(Arc<str>);

impl AccessKey {
    /// The access key of this name.
    ///
    /// # Errors
    /// It is too short, too long, or has a character that is not taken.
    pub fn new(name: &str) -> Result<AccessKey, CredentialsError> {
        let fits = (ACCESS_KEY_BYTES_MIN..=ACCESS_KEY_BYTES_MAX).contains(&name.len());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'@' | b'+');
        if fits && name.bytes().all(plain) { Ok(AccessKey(name.into())) } else { Err(CredentialsError::AccessKey) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for AccessKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A key and its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    access_key: AccessKey,
    secret_key: String,
    session_token: Option<String>,
}

/// Why credentials are none. None of them shows the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialsError {
    /// The access key has a wrong length or a character that is not taken.
    AccessKey,
    /// The secret key has a wrong length or a character that is not taken.
    SecretKey,
    /// The session token has a wrong length or a character that is not taken.
    SessionToken,
}

/// How many random bytes make credentials.
pub const RANDOM_BYTES: usize = ACCESS_KEY_MADE + SECRET_KEY_MADE;
const ACCESS_KEY_MADE: usize = 20;
const SECRET_KEY_MADE: usize = 40;
/// The letters of what we make. There are 32, so that each takes five bits of a random byte and none comes more often;
/// none of them means anything to a shell, to a URL or to XML, and no two look alike.
const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl Credentials {
    /// Permanent credentials.
    ///
    /// # Errors
    /// The access key or the secret is not of the form that is taken.
    pub fn new(access_key: &str, secret_key: &str) -> Result<Credentials, CredentialsError> {
        let access_key = AccessKey::new(access_key)?;
        let fits = (SECRET_KEY_BYTES_MIN..=SECRET_KEY_BYTES_MAX).contains(&secret_key.len());
        if !fits || !secret_key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CredentialsError::SecretKey);
        }
        Ok(Credentials { access_key, secret_key: secret_key.to_owned(), session_token: None })
    }

    /// The same credentials for a session: they are good only together with this token.
    ///
    /// # Errors
    /// The token is not of the form that is taken.
    pub fn with_session_token(self, token: &str) -> Result<Credentials, CredentialsError> {
        let fits = (1..=SESSION_TOKEN_BYTES_MAX).contains(&token.len());
        if !fits || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CredentialsError::SessionToken);
        }
        Ok(Credentials { session_token: Some(token.to_owned()), ..self })
    }

    /// Permanent credentials made of random bytes: 100 bits of name, 200 bits of secret.
    #[must_use]
    pub fn from_random(random: &[u8; RANDOM_BYTES]) -> Credentials {
        let mut letters = random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
        let access_key = AccessKey(letters.by_ref().take(ACCESS_KEY_MADE).collect::<String>().into());
        Credentials { access_key, secret_key: letters.collect(), session_token: None }
    }

    /// The name of the key.
    #[must_use]
    pub fn access_key(&self) -> &AccessKey {
        &self.access_key
    }

    /// The secret: to show it once to whoever it was made for, and to make signing keys.
    #[must_use]
    pub fn secret_key(&self) -> &str {
        &self.secret_key
    }

    /// The token of the session.
    #[must_use]
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// Whether the token that was presented is the one that belongs to this key. A permanent key has none, and one
    /// that comes with it is wrong.
    pub(super) fn accepts_token(&self, presented: Option<&[u8]>) -> bool {
        match (&self.session_token, presented) {
            (None, None) => true,
            (Some(token), Some(presented)) => same(token.as_bytes(), presented),
            _ => false,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccessKey => write!(
                f,
                "an access key has {ACCESS_KEY_BYTES_MIN} to {ACCESS_KEY_BYTES_MAX} letters, digits or characters of \
                 -._@+"
            ),
            Self::SecretKey => write!(
                f,
                "a secret key has {SECRET_KEY_BYTES_MIN} to {SECRET_KEY_BYTES_MAX} ASCII characters, no space"
            ),
            Self::SessionToken => {
                write!(f, "a session token has 1 to {SESSION_TOKEN_BYTES_MAX} ASCII characters, no space")
            }
        }
    }
}

impl std::error::Error for CredentialsError {}

/// All keys that are known, by name. For now that is the root's alone.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    by_name: BTreeMap<AccessKey, Credentials>,
}

impl Keys {
    /// The keys of a node that knows its root only.
    #[must_use]
    pub fn of_root(root: Credentials) -> Keys {
        let mut keys = Keys::default();
        keys.insert(root);
        keys
    }

    /// Adds credentials, in place of those of the same name.
    pub fn insert(&mut self, credentials: Credentials) {
        self.by_name.insert(credentials.access_key.clone(), credentials);
    }

    /// The credentials of this name.
    #[must_use]
    pub fn find(&self, access_key: &str) -> Option<&Credentials> {
        self.by_name.get(access_key)
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody signed.
    Anonymous,
    /// The holder of this key.
    Key(AccessKey),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_keys_have_bounds_and_an_alphabet() {
        let longest = "k".repeat(ACCESS_KEY_BYTES_MAX);
        for good in ["abc", "AKIAIOSFODNN7EXAMPLE", "me@example.org", "a-b.c_d+e", longest.as_str()] {
            assert!(AccessKey::new(good).is_ok(), "{good}");
        }
        let too_long = "k".repeat(ACCESS_KEY_BYTES_MAX + 1);
        for bad in ["", "ab", "a/b/c", "a b", "a,b", "a=b", "a%b", "schl\u{fc}ssel", too_long.as_str()] {
            assert_eq!(AccessKey::new(bad), Err(CredentialsError::AccessKey), "{bad}");
        }
    }

    #[test]
    fn secrets_have_bounds_and_no_spaces() {
        let longest = "s".repeat(SECRET_KEY_BYTES_MAX);
        for good in ["12345678", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", longest.as_str()] {
            assert!(Credentials::new("root", good).is_ok(), "{good}");
        }
        for bad in ["1234567", "1234 5678", "12345678\n", "1234567\u{fc}", &format!("{longest}s")] {
            assert_eq!(Credentials::new("root", bad), Err(CredentialsError::SecretKey), "{bad}");
        }
    }

    #[test]
    fn tokens_have_bounds_and_belong_to_their_key() {
        let permanent = Credentials::new("root", "12345678").expect("valid");
        assert!(permanent.accepts_token(None) && !permanent.accepts_token(Some(b"token")));
        let session = permanent.clone().with_session_token("token").expect("valid");
        assert!(session.accepts_token(Some(b"token")));
        assert!(!session.accepts_token(None) && !session.accepts_token(Some(b"tokem")));
        let too_long = "t".repeat(SESSION_TOKEN_BYTES_MAX + 1);
        for bad in ["", "to ken", too_long.as_str()] {
            assert_eq!(permanent.clone().with_session_token(bad), Err(CredentialsError::SessionToken), "{bad}");
        }
    }

    #[test]
    fn a_secret_is_never_printed() {
        let credentials =
            Credentials::new("root", "swordfish").expect("valid").with_session_token("t0ken").expect("valid");
        let printed = format!("{credentials:?} {:?}", Keys::of_root(credentials.clone()));
        assert!(printed.contains("root"));
        assert!(!printed.contains("swordfish") && !printed.contains("t0ken"), "{printed}");
    }

    #[test]
    fn made_credentials_are_valid_and_all_their_random_bytes_count() {
        let made = Credentials::from_random(&[7; RANDOM_BYTES]);
        assert_eq!((made.access_key().as_str().len(), made.secret_key().len()), (20, 40));
        assert_eq!(Credentials::new(made.access_key().as_str(), made.secret_key()), Ok(made.clone()));
        for at in 0..RANDOM_BYTES {
            let mut random = [7; RANDOM_BYTES];
            if let Some(byte) = random.get_mut(at) {
                *byte ^= 1;
            }
            assert_ne!(Credentials::from_random(&random), made, "{at}");
        }
    }

    #[test]
    fn keys_are_found_by_name() {
        let keys = Keys::of_root(Credentials::new("root", "12345678").expect("valid"));
        assert!(keys.find("root").is_some() && keys.find("roo").is_none());
    }
}
