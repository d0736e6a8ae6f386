//! Signing keys: what a secret becomes for one day, region and service.
//!
//! ```text
//!  "AWS4" + secret --HMAC day--> --HMAC region--> --HMAC service--> --HMAC "aws4_request"--> signing key
//! ```
//!
//! What must hold: a key is remembered under the credential that names it, all of it, and only after a signature made
//! with it was right, so that nobody without the secret can push others out. It is kept as HMAC's state after its first
//! block, which saves two of the four blocks of a short message.
//!
//! The memory lives on one core and is never shared.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::encoding::{Stamp, hex};
use super::scope::Credential;
use crate::limits::SIGNING_KEYS_MAX;

/// A signing key, ready to sign.
#[derive(Clone)]
pub(super) struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// The key that this secret becomes for the scope of this credential.
    pub(super) fn derive(secret_key: &str, credential: &Credential) -> SigningKey {
        let mut key = Self::of_bytes(format!("AWS4{secret_key}").as_bytes());
        for part in credential.scope().split('/') {
            key = Self::of_bytes(&key.sign(&[part.as_bytes()]));
        }
        key
    }

    fn of_bytes(bytes: &[u8]) -> SigningKey {
        SigningKey(Hmac::new_from_slice(bytes).expect("HMAC takes keys of any length"))
    }

    /// The signature of a text that is given in pieces.
    pub(super) fn sign(&self, pieces: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for piece in pieces {
            mac.update(piece);
        }
        mac.finalize().into_bytes().into()
    }

    /// The signature of a request, as it is sent.
    pub(super) fn sign_request(&self, stamp: &Stamp, credential: &Credential, request: &[u8; 32]) -> [u8; 64] {
        let scope = credential.scope().as_bytes();
        hex(&self.sign(&[b"AWS4-HMAC-SHA256\n", &stamp.basic, b"\n", scope, b"\n", &hex(request)]))
    }
}

/// The keys that a core remembers, in two halves: when the young one is full, it becomes the old one, and what was old
/// is forgotten.
#[derive(Default)]
pub(super) struct SigningKeys {
    young: BTreeMap<String, SigningKey>,
    old: BTreeMap<String, SigningKey>,
}

impl SigningKeys {
    /// The key that is remembered for this credential.
    pub(super) fn find(&self, credential: &Credential) -> Option<&SigningKey> {
        self.young.get(credential.text()).or_else(|| self.old.get(credential.text()))
    }

    /// Remembers a key.
    pub(super) fn keep(&mut self, credential: &Credential, key: SigningKey) {
        if self.young.len() >= SIGNING_KEYS_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(credential.text().to_owned(), key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(day: &str) -> Credential {
        Credential::parse(format!("AKID/{day}/us-east-1/iam/aws4_request")).expect("well formed")
    }

    #[test]
    fn a_key_is_derived_as_documented() {
        // The documentation of version 4 gives the key's bytes for this secret; a signature over nothing shows them.
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let key = SigningKey::derive(secret, &credential("20150830"));
        let bytes = crate::auth::encoding::unhex(b"c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
        let expected = SigningKey::of_bytes(&bytes.expect("64 digits"));
        assert_eq!(key.sign(&[b"a", b"bc"]), expected.sign(&[b"abc"]));
    }

    #[test]
    fn keys_are_remembered_up_to_a_limit() {
        let mut keys = SigningKeys::default();
        let (key, other) = (SigningKey::of_bytes(b"1"), SigningKey::of_bytes(b"2"));
        let first = credential("20150830");
        assert!(keys.find(&first).is_none());
        keys.keep(&first, key.clone());
        assert_eq!(keys.find(&first).map(|found| found.sign(&[])), Some(key.sign(&[])));
        assert!(keys.find(&credential("20150831")).is_none());
        let name =
            |at: usize| Credential::parse(format!("AKID{at}/20150830/us-east-1/s3/aws4_request")).expect("well formed");
        for at in 0..SIGNING_KEYS_MAX * 2 {
            keys.keep(&name(at), other.clone());
            assert!(keys.young.len() + keys.old.len() <= SIGNING_KEYS_MAX);
            assert!(
                keys.find(&name(at)).is_some() && keys.find(&name(at.saturating_sub(SIGNING_KEYS_MAX / 3))).is_some()
            );
        }
        assert!(keys.find(&first).is_none());
    }
}
