//! An object's key: 1 to 1,024 bytes, none of them zero, because zero ends a key in the index.

use crate::limits::KEY_BYTES_MAX;

/// A checked object key. Order is byte order, as in every listing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(Box<[u8]>);

impl ObjectKey {
    /// The key made of `bytes`, or `None` if they are empty, too many or contain a zero.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<ObjectKey> {
        let fits = !bytes.is_empty() && bytes.len() <= KEY_BYTES_MAX && !bytes.contains(&0);
        fits.then(|| ObjectKey(bytes.into()))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_to_1024_bytes_without_zero() {
        assert!(ObjectKey::new(b"").is_none());
        assert!(ObjectKey::new(b"a\0b").is_none());
        assert!(ObjectKey::new(&[b'k'; 1025]).is_none());
        assert_eq!(ObjectKey::new(&[b'k'; 1024]).map(|key| key.as_bytes().len()), Some(1024));
    }
}
