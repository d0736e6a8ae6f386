//! The values of the tables, their stored form, and its decoders. `FORMAT.md` has the offsets; golden bytes pin them.
//!
//! What must hold: a value begins with its position and ends with its checksum; decoders accept any bytes and return
//! `None` for what the encoder does not write. Values stay small: manifests and metadata lie in the log.

use super::seal::body;
use crate::codec::{Fields, Sink, field_u8};
use crate::types::{BucketId, Etag, KillList, Location, Note, Sequence, UploadId};

const FLAG_LARGE: u8 = 1;
const FLAG_COMPLETED: u8 = 2;
const UPLOAD_OPEN: u8 = 1;
const UPLOAD_COMPLETED: u8 = 2;
const BUCKET_LIVE: u8 = 1;
const BUCKET_DELETED: u8 = 2;

/// A live object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The position of the record that wrote this entry.
    pub position: Sequence,
    /// The sequence of the change; a moved record keeps it.
    pub sequence: Sequence,
    /// Where the record lies.
    pub location: Location,
    /// Last-Modified.
    pub time_ms: u64,
    /// The bytes of the body.
    pub size: u64,
    /// The body's entity tag.
    pub etag: Etag,
    /// True if the record's payload is a manifest and the body lies in runs.
    pub large: bool,
    /// The upload that was completed to make it, if one was.
    pub upload: Option<UploadId>,
    /// The segments that may still hold older records of the key.
    pub kills: KillList,
}

impl Entry {
    /// The stored form under `key`.
    #[must_use]
    pub fn encode(&self, key: &[u8]) -> Box<[u8]> {
        let large = if self.large { FLAG_LARGE } else { 0 };
        let completed = if self.upload.is_some() { FLAG_COMPLETED } else { 0 };
        let sink = Sink::new()
            .u64(self.position.0)
            .u64(self.sequence.0)
            .location(self.location)
            .u64(self.time_ms)
            .u64(self.size)
            .bytes(&self.etag.md5)
            .u16(self.etag.parts)
            .u8(large | completed);
        let sink = match &self.upload {
            Some(upload) => sink.bytes(&upload.0),
            None => sink,
        };
        sink.kills(&self.kills).seal(key)
    }

    /// The entry, `None` if the bytes are not one.
    #[must_use]
    pub fn decode(value: &[u8]) -> Option<Entry> {
        let mut fields = Fields::new(body(value)?);
        let position = Sequence(fields.u64()?);
        let sequence = Sequence(fields.u64()?);
        let location = fields.location()?;
        let (time_ms, size) = (fields.u64()?, fields.u64()?);
        let etag = Etag { md5: fields.array()?, parts: fields.u16()? };
        let flags = fields.u8().filter(|flags| flags & !(FLAG_LARGE | FLAG_COMPLETED) == 0)?;
        let upload = if flags & FLAG_COMPLETED != 0 { Some(UploadId(fields.array()?)) } else { None };
        let kills = fields.kills()?;
        fields.end()?;
        let large = flags & FLAG_LARGE != 0;
        Some(Entry { position, sequence, location, time_ms, size, etag, large, upload, kills })
    }
}

/// An upload that was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadEntry {
    /// The position of the record that wrote this entry.
    pub position: Sequence,
    /// The sequence of the change.
    pub sequence: Sequence,
    /// Where the creating or the completing record lies.
    pub location: Location,
    /// When it was created, or completed.
    pub time_ms: u64,
    /// Whether it is still open.
    pub state: UploadState,
}

/// What became of an upload. An aborted one has no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadState {
    /// Parts may come.
    Open,
    /// It was completed; remembered for a day so that a repeated complete succeeds.
    Completed {
        /// The entity tag of what it made.
        etag: Etag,
        /// The bytes of what it made.
        size: u64,
    },
}

impl UploadEntry {
    /// The stored form under `key`.
    #[must_use]
    pub fn encode(&self, key: &[u8]) -> Box<[u8]> {
        let sink = Sink::new().u64(self.position.0).u64(self.sequence.0).location(self.location).u64(self.time_ms);
        let sink = match self.state {
            UploadState::Open => sink.u8(UPLOAD_OPEN),
            UploadState::Completed { etag, size } => {
                sink.u8(UPLOAD_COMPLETED).bytes(&etag.md5).u16(etag.parts).u64(size)
            }
        };
        sink.seal(key)
    }

    /// The entry, `None` if the bytes are not one.
    #[must_use]
    pub fn decode(value: &[u8]) -> Option<UploadEntry> {
        let mut fields = Fields::new(body(value)?);
        let position = Sequence(fields.u64()?);
        let sequence = Sequence(fields.u64()?);
        let (location, time_ms) = (fields.location()?, fields.u64()?);
        let state = match fields.u8()? {
            UPLOAD_OPEN => UploadState::Open,
            UPLOAD_COMPLETED => {
                let etag = Etag { md5: fields.array()?, parts: fields.u16()? };
                UploadState::Completed { etag, size: fields.u64()? }
            }
            _ => return None,
        };
        fields.end()?;
        Some(UploadEntry { position, sequence, location, time_ms, state })
    }
}

/// One part of an open upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartEntry {
    /// The position of the record that wrote this entry.
    pub position: Sequence,
    /// The sequence of the change; a moved record keeps it.
    pub sequence: Sequence,
    /// Where the record lies.
    pub location: Location,
    /// When it was put.
    pub time_ms: u64,
    /// The bytes of its body.
    pub size: u64,
    /// The MD5 of its body.
    pub md5: [u8; 16],
    /// The caller's note on it.
    pub note: Note,
    /// The segments that may still hold older records of the part.
    pub kills: KillList,
}

impl PartEntry {
    /// The stored form under `key`.
    #[must_use]
    pub fn encode(&self, key: &[u8]) -> Box<[u8]> {
        Sink::new()
            .u64(self.position.0)
            .u64(self.sequence.0)
            .location(self.location)
            .u64(self.time_ms)
            .u64(self.size)
            .bytes(&self.md5)
            .u8(field_u8(self.note.as_bytes().len()))
            .bytes(self.note.as_bytes())
            .kills(&self.kills)
            .seal(key)
    }

    /// The entry, `None` if the bytes are not one.
    #[must_use]
    pub fn decode(value: &[u8]) -> Option<PartEntry> {
        let mut fields = Fields::new(body(value)?);
        let entry = PartEntry {
            position: Sequence(fields.u64()?),
            sequence: Sequence(fields.u64()?),
            location: fields.location()?,
            time_ms: fields.u64()?,
            size: fields.u64()?,
            md5: fields.array()?,
            note: note(&mut fields)?,
            kills: fields.kills()?,
        };
        fields.end().map(|()| entry)
    }
}

fn note(fields: &mut Fields<'_>) -> Option<Note> {
    let length = usize::from(fields.u8()?);
    Note::new(fields.bytes(length)?)
}

/// A bucket, live or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketEntry {
    /// The position of the record that wrote this entry.
    pub position: Sequence,
    /// The sequence of the change.
    pub sequence: Sequence,
    /// The bucket: the sequence of its creating record.
    pub id: BucketId,
    /// Whether it is there.
    pub state: BucketState,
    /// When it was created, or deleted.
    pub time_ms: u64,
    /// Where the record lies.
    pub location: Location,
    /// The segments that may still hold older records of the name.
    pub kills: KillList,
}

/// Whether a bucket is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BucketState {
    /// It is.
    Live,
    /// It was deleted; the entry stays while its kill list is needed.
    Deleted,
}

impl BucketEntry {
    /// The stored form under `key`.
    #[must_use]
    pub fn encode(&self, key: &[u8]) -> Box<[u8]> {
        let state = match self.state {
            BucketState::Live => BUCKET_LIVE,
            BucketState::Deleted => BUCKET_DELETED,
        };
        Sink::new()
            .u64(self.position.0)
            .u64(self.sequence.0)
            .u64(self.id.0)
            .u8(state)
            .u64(self.time_ms)
            .location(self.location)
            .kills(&self.kills)
            .u16(0)
            .seal(key)
    }

    /// The entry, `None` if the bytes are not one.
    #[must_use]
    pub fn decode(value: &[u8]) -> Option<BucketEntry> {
        let mut fields = Fields::new(body(value)?);
        let position = Sequence(fields.u64()?);
        let sequence = Sequence(fields.u64()?);
        let id = BucketId(fields.u64()?);
        let state = match fields.u8()? {
            BUCKET_LIVE => BucketState::Live,
            BUCKET_DELETED => BucketState::Deleted,
            _ => return None,
        };
        let (time_ms, location, kills) = (fields.u64()?, fields.location()?, fields.kills()?);
        // The number of settings: none are known to this version, and one that is not understood must not be lost.
        fields.u16().filter(|settings| *settings == 0)?;
        fields.end()?;
        Some(BucketEntry { position, sequence, id, state, time_ms, location, kills })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::golden;
    use crate::index::seal::is_sealed;
    use crate::mutation;
    use crate::types::SegmentId;

    const LOCATION: Location = Location { segment: SegmentId(3), offset: 0x1000, length: 0x2d };
    fn kills() -> KillList {
        KillList::from_parts(SegmentId(4), vec![SegmentId(9)]).expect("a good list")
    }

    fn entry(upload: Option<UploadId>) -> Entry {
        Entry {
            position: Sequence(1),
            sequence: Sequence(2),
            location: LOCATION,
            time_ms: 5,
            size: 6,
            etag: Etag { md5: [0xaa; 16], parts: 7 },
            large: true,
            upload,
            kills: kills(),
        }
    }

    fn upload(state: UploadState) -> UploadEntry {
        UploadEntry { position: Sequence(1), sequence: Sequence(2), location: LOCATION, time_ms: 5, state }
    }

    fn part() -> PartEntry {
        PartEntry {
            position: Sequence(1),
            sequence: Sequence(2),
            location: LOCATION,
            time_ms: 5,
            size: 6,
            md5: [0xaa; 16],
            note: Note::new(b"\x01note").expect("a short note"),
            kills: kills(),
        }
    }

    fn bucket(state: BucketState) -> BucketEntry {
        BucketEntry {
            position: Sequence(1),
            sequence: Sequence(2),
            id: BucketId(8),
            state,
            time_ms: 5,
            location: LOCATION,
            kills: kills(),
        }
    }

    /// Holds what is stored under `key` against the golden bytes, which it gives back.
    fn pinned(name: &str, value: &[u8]) -> Vec<u8> {
        golden::pins(name, value);
        assert!(is_sealed(b"key", value));
        golden::bytes(name)
    }

    #[test]
    fn golden_entries() {
        for (name, upload) in [("index-object", None), ("index-object-completed", Some(UploadId([0xbb; 16])))] {
            let value = entry(upload);
            assert_eq!(Entry::decode(&pinned(name, &value.encode(b"key"))), Some(value));
        }
    }

    #[test]
    fn golden_uploads_and_parts() {
        let completed = UploadState::Completed { etag: Etag { md5: [0xaa; 16], parts: 7 }, size: 6 };
        for (name, state) in [("index-upload-open", UploadState::Open), ("index-upload-completed", completed)] {
            let value = upload(state);
            assert_eq!(UploadEntry::decode(&pinned(name, &value.encode(b"key"))), Some(value));
        }
        assert_eq!(PartEntry::decode(&pinned("index-part", &part().encode(b"key"))), Some(part()));
    }

    #[test]
    fn golden_buckets() {
        for (name, state) in [("index-bucket", BucketState::Live), ("index-bucket-deleted", BucketState::Deleted)] {
            let value = bucket(state);
            assert_eq!(BucketEntry::decode(&pinned(name, &value.encode(b"key"))), Some(value));
        }
    }

    proptest! {
        #[test]
        fn what_decodes_encodes_to_the_same_bytes(bytes in proptest::collection::vec(0u8..4, 0..140)) {
            let body = body(&bytes).unwrap_or_default();
            let same = |value: Box<[u8]>| value.get(..body.len()) == Some(body) && value.len() == bytes.len();
            prop_assert!(Entry::decode(&bytes).is_none_or(|entry| same(entry.encode(b""))));
            prop_assert!(UploadEntry::decode(&bytes).is_none_or(|entry| same(entry.encode(b""))));
            prop_assert!(PartEntry::decode(&bytes).is_none_or(|entry| same(entry.encode(b""))));
            prop_assert!(BucketEntry::decode(&bytes).is_none_or(|entry| same(entry.encode(b""))));
        }

        #[test]
        fn a_bent_value_is_refused_or_told_by_its_checksum(
            bytes in prop_oneof![
                mutation::of(entry(Some(UploadId([0xbb; 16]))).encode(b"key").into_vec()),
                mutation::of(upload(UploadState::Open).encode(b"key").into_vec()),
                mutation::of(part().encode(b"key").into_vec()),
                mutation::of(bucket(BucketState::Live).encode(b"key").into_vec()),
            ],
        ) {
            let good = [
                entry(Some(UploadId([0xbb; 16]))).encode(b"key"),
                upload(UploadState::Open).encode(b"key"),
                part().encode(b"key"),
                bucket(BucketState::Live).encode(b"key"),
            ];
            prop_assert!(!is_sealed(b"key", &bytes) || good.iter().any(|value| **value == *bytes));
            let body = body(&bytes).unwrap_or_default();
            let same = |value: Box<[u8]>| value.get(..body.len()) == Some(body) && value.len() == bytes.len();
            prop_assert!(Entry::decode(&bytes).is_none_or(|entry| same(entry.encode(b""))));
            prop_assert!(UploadEntry::decode(&bytes).is_none_or(|entry| same(entry.encode(b""))));
            prop_assert!(PartEntry::decode(&bytes).is_none_or(|entry| same(entry.encode(b""))));
            prop_assert!(BucketEntry::decode(&bytes).is_none_or(|entry| same(entry.encode(b""))));
        }

        #[test]
        fn a_shortened_value_does_not_decode(cut in 1usize..93) {
            let value = entry(None).encode(b"key");
            prop_assert_eq!(Entry::decode(value.get(..value.len().saturating_sub(cut)).unwrap_or_default()), None);
        }
    }
}
