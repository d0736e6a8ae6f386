//! Composite keys as bytes, the same in memtable, twin and LMDB.
//!
//! What must hold: byte order is listing order. A bucket's id is big-endian so that its keys lie together in order of
//! ids; a zero ends an object's key, which holds none, so that a shorter key comes before those it begins. Parsers
//! accept any bytes.

use crate::types::{BucketId, BucketName, ObjectKey, UploadId};

/// The tables of the index. Versions and expiry will come as further ones, each with its own keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Bucket and key to the live object.
    Current,
    /// Bucket, key, upload and part to an upload (part 0) or one of its parts.
    Uploads,
    /// Bucket name to the bucket.
    Buckets,
}

impl Table {
    /// All of them, in order.
    pub const ALL: [Table; 3] = [Table::Current, Table::Uploads, Table::Buckets];
}

/// The key of an object in [`Table::Current`].
#[must_use]
pub fn object(bucket: BucketId, key: &ObjectKey) -> Box<[u8]> {
    [&bucket.0.to_be_bytes()[..], key.as_bytes(), &[0]].concat().into_boxed_slice()
}

/// The key of an upload itself in [`Table::Uploads`]: its part 0, which comes before its parts.
#[must_use]
pub fn upload(bucket: BucketId, key: &ObjectKey, upload: UploadId) -> Box<[u8]> {
    part(bucket, key, upload, 0)
}

/// The key of one part of an upload in [`Table::Uploads`].
#[must_use]
pub fn part(bucket: BucketId, key: &ObjectKey, upload: UploadId, number: u16) -> Box<[u8]> {
    [&upload_prefix(bucket, key.as_bytes(), upload)[..], &number.to_be_bytes()].concat().into_boxed_slice()
}

/// The key of a bucket in [`Table::Buckets`].
#[must_use]
pub fn bucket(name: &BucketName) -> Box<[u8]> {
    name.as_str().as_bytes().into()
}

/// What the keys of all objects and uploads of a bucket begin with whose object key begins with `prefix`.
#[must_use]
pub fn object_prefix(bucket: BucketId, prefix: &[u8]) -> Vec<u8> {
    [&bucket.0.to_be_bytes()[..], prefix].concat()
}

/// What the keys of one object or of all uploads to it begin with, and nothing else does.
#[must_use]
pub fn object_exactly(bucket: BucketId, key: &[u8]) -> Vec<u8> {
    [&bucket.0.to_be_bytes()[..], key, &[0]].concat()
}

/// What the keys of one upload and its parts begin with.
#[must_use]
pub fn upload_prefix(bucket: BucketId, key: &[u8], upload: UploadId) -> Vec<u8> {
    [&bucket.0.to_be_bytes()[..], key, &[0], &upload.0].concat()
}

/// The smallest key above all that begin with `prefix`, or `None` if there is none.
#[must_use]
pub fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let kept = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut next = prefix.get(..=kept)?.to_vec();
    *next.last_mut()? += 1;
    Some(next)
}

/// Bucket and key of a key in [`Table::Current`].
#[must_use]
pub fn parse_object(bytes: &[u8]) -> Option<(BucketId, ObjectKey)> {
    let (bucket, rest) = bytes.split_first_chunk()?;
    let (end, key) = rest.split_last()?;
    let key = ObjectKey::new(key).filter(|_| *end == 0)?;
    Some((BucketId(u64::from_be_bytes(*bucket)), key))
}

/// Bucket, key, upload and part number of a key in [`Table::Uploads`].
#[must_use]
pub fn parse_part(bytes: &[u8]) -> Option<(BucketId, ObjectKey, UploadId, u16)> {
    let (rest, number) = bytes.split_last_chunk()?;
    let (rest, upload) = rest.split_last_chunk()?;
    let (bucket, key) = parse_object(rest)?;
    Some((bucket, key, UploadId(*upload), u16::from_be_bytes(*number)))
}

/// The name of a key in [`Table::Buckets`].
#[must_use]
pub fn parse_bucket(bytes: &[u8]) -> Option<BucketName> {
    BucketName::new(std::str::from_utf8(bytes).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::golden;

    fn key(bytes: &[u8]) -> ObjectKey {
        ObjectKey::new(bytes).expect("a good key")
    }

    #[test]
    fn golden_keys() {
        let (id, ab) = (UploadId([0xee; 16]), key(b"ab"));
        let name = BucketName::new("photos").expect("a good name");
        golden::pins("index-key-object", &object(BucketId(0x0102), &ab));
        golden::pins("index-key-part", &part(BucketId(0x0102), &ab, id, 10_000));
        golden::pins("index-key-bucket", &bucket(&name));
        assert_eq!(parse_object(&golden::bytes("index-key-object")), Some((BucketId(0x0102), ab.clone())));
        assert_eq!(parse_part(&golden::bytes("index-key-part")), Some((BucketId(0x0102), ab, id, 10_000)));
        assert_eq!(parse_bucket(&golden::bytes("index-key-bucket")), Some(name));
    }

    #[test]
    fn the_successor_passes_trailing_bytes_of_all_ones() {
        assert_eq!(successor(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(successor(b"a\xff\xff"), Some(b"b".to_vec()));
        assert_eq!(successor(b"\xff"), None);
        assert_eq!(successor(b""), None);
    }

    proptest! {
        #[test]
        fn byte_order_is_the_order_of_bucket_key_upload_and_part(
            a in (0u64..3, proptest::collection::vec(1u8..4, 1..4), 0u8..3, 0u16..400),
            b in (0u64..3, proptest::collection::vec(1u8..4, 1..4), 0u8..3, 0u16..400),
        ) {
            let of = |x: &(u64, Vec<u8>, u8, u16)| part(BucketId(x.0), &key(&x.1), UploadId([x.2; 16]), x.3);
            prop_assert_eq!(of(&a).cmp(&of(&b)), a.cmp(&b));
            prop_assert_eq!(parse_part(&of(&a)), Some((BucketId(a.0), key(&a.1), UploadId([a.2; 16]), a.3)));
            prop_assert_eq!(parse_object(&object(BucketId(a.0), &key(&a.1))), Some((BucketId(a.0), key(&a.1))));
        }

        #[test]
        fn parsers_accept_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let again = parse_object(&bytes).map(|(id, key)| object(id, &key).into_vec());
            prop_assert!(again.is_none_or(|again| again == bytes));
            let again = parse_part(&bytes).map(|(id, key, at, number)| part(id, &key, at, number).into_vec());
            prop_assert!(again.is_none_or(|again| again == bytes));
            let again = parse_bucket(&bytes).map(|name| bucket(&name).into_vec());
            prop_assert!(again.is_none_or(|again| again == bytes));
        }
    }
}
