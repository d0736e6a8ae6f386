//! The part of a record that varies with its kind: the kill list and what changed. Stored with rkyv, read only after
//! the record's checksum.
//!
//! What must hold: the stored form is a function of these types, their order and rkyv's options (see `FORMAT.md`), and
//! golden bytes pin it for every change. A new field or change is a new schema number in the record header, with a
//! reader for the old one: types of an old schema are kept, never edited.

use rkyv::api::high::to_bytes_in;
use rkyv::rancor;
use rkyv::{Archive, Deserialize, Serialize};

use crate::types::{Etag, KillList, SegmentId, Sequence, UploadId};

/// The schema this file writes.
pub(super) const SCHEMA: u8 = 1;

/// One user or system attribute of an object: opaque to the engine.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// What a record changes.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An object comes to be or is replaced. The payload is its body, or its manifest where `large`.
    Put {
        /// Bytes of the body.
        size: u64,
        /// The MD5 of the entity tag.
        md5: [u8; 16],
        /// The parts of the entity tag.
        parts: u16,
        /// True if the payload is a manifest.
        large: bool,
        /// The upload that this completes.
        completes: Option<[u8; 16]>,
        /// The attributes.
        attributes: Vec<Attribute>,
    },
    /// An object ends.
    Delete,
    /// A multipart upload begins. Its id is made of the record's time and sequence.
    UploadCreate {
        /// The attributes of the object to be.
        attributes: Vec<Attribute>,
    },
    /// A part is there. The payload is its manifest.
    Part {
        /// The upload.
        upload: [u8; 16],
        /// Its number.
        number: u16,
        /// Bytes of the part.
        size: u64,
        /// Its MD5.
        md5: [u8; 16],
        /// The caller's note on it.
        note: Vec<u8>,
    },
    /// An upload ends without an object.
    UploadAbort {
        /// The upload.
        upload: [u8; 16],
    },
    /// A bucket comes to be. The key is its name, its id the record's sequence.
    BucketCreate,
    /// A bucket ends. The key is its name.
    BucketDelete,
    /// The index of this shard is known to hold everything up to `sequence`.
    Checkpoint {
        /// The confirmed position.
        sequence: u64,
        /// The oldest segment that may hold a record above it.
        floor: u64,
    },
    /// What compaction keeps of the record that completed an upload when its object is no longer there: the upload has
    /// ended, and a repeated completion still succeeds.
    UploadEnd {
        /// The upload.
        upload: [u8; 16],
        /// Bytes of the object that it made.
        size: u64,
        /// The MD5 of that object's entity tag.
        md5: [u8; 16],
        /// The parts of that object's entity tag.
        parts: u16,
    },
}

/// The metadata of a record.
#[derive(Archive, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    kill_up_to: u64,
    kill_ids: Vec<u64>,
    /// What changed.
    pub change: Change,
}

impl Meta {
    /// The metadata of a change that kills what is on `kills`.
    #[must_use]
    pub fn new(change: Change, kills: &KillList) -> Meta {
        let (up_to, ids) = kills.parts();
        Meta { kill_up_to: up_to.0, kill_ids: ids.iter().map(|id| id.0).collect(), change }
    }

    /// The kill list; `None` if its stored form breaks the rules.
    #[must_use]
    pub fn kills(&self) -> Option<KillList> {
        KillList::from_parts(SegmentId(self.kill_up_to), self.kill_ids.iter().map(|id| SegmentId(*id)).collect())
    }

    /// The same change with another kill list.
    #[must_use]
    pub fn with_kills(self, kills: &KillList) -> Meta {
        Meta::new(self.change, kills)
    }

    /// The stored bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        to_bytes_in::<_, rancor::Error>(self, Vec::with_capacity(128)).expect("plain owned values always serialise")
    }

    /// The metadata in `bytes`, whose checksum has been verified; `None` if they hold none.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Meta> {
        let archived = rkyv::access::<ArchivedMeta, rancor::Error>(bytes).ok()?;
        let meta = rkyv::deserialize::<Meta, rancor::Error>(archived).ok()?;
        meta.kills().is_some().then_some(meta)
    }
}

impl Change {
    /// The entity tag, where the change makes an object or a part.
    #[must_use]
    pub fn etag(&self) -> Option<Etag> {
        match self {
            Change::Put { md5, parts, .. } => Some(Etag { md5: *md5, parts: *parts }),
            Change::Part { md5, .. } => Some(Etag { md5: *md5, parts: 0 }),
            _ => None,
        }
    }

    /// The upload that the change is about, where it is about one that exists.
    #[must_use]
    pub fn upload(&self) -> Option<UploadId> {
        match self {
            Change::Put { completes, .. } => completes.map(UploadId),
            Change::Part { upload, .. } | Change::UploadAbort { upload } | Change::UploadEnd { upload, .. } => {
                Some(UploadId(*upload))
            }
            _ => None,
        }
    }

    /// The position a checkpoint confirms.
    #[must_use]
    pub fn confirmed(&self) -> Option<(Sequence, SegmentId)> {
        match self {
            Change::Checkpoint { sequence, floor } => Some((Sequence(*sequence), SegmentId(*floor))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::golden;
    use crate::mutation;

    /// One of every change, each field with bytes of its own.
    fn samples() -> [(&'static str, Change); 10] {
        let attribute = |name: &str, value: &str| Attribute { name: name.into(), value: value.into() };
        let attributes =
            vec![attribute("content-type", "text/plain"), attribute("a", "b"), attribute("x-amz-meta-colour", "blue")];
        let put = |large, completes, attributes| {
            let (size, md5, parts) = (0x0102_0304_0506_0708, [0xaa; 16], 0x090a);
            Change::Put { size, md5, parts, large, completes, attributes }
        };
        let (size, note) = (0x0102_0304_0506_0708, b"\x01note".to_vec());
        let part = Change::Part { upload: [0xbb; 16], number: 10_000, size, md5: [0xaa; 16], note };
        [
            ("meta-put", put(false, None, attributes.clone())),
            ("meta-put-completes", put(true, Some([0xbb; 16]), Vec::new())),
            ("meta-delete", Change::Delete),
            ("meta-upload-create", Change::UploadCreate { attributes }),
            ("meta-part", part),
            ("meta-upload-abort", Change::UploadAbort { upload: [0xbb; 16] }),
            ("meta-upload-end", Change::UploadEnd { upload: [0xbb; 16], size: 7, md5: [0xcc; 16], parts: 2 }),
            ("meta-bucket-create", Change::BucketCreate),
            ("meta-bucket-delete", Change::BucketDelete),
            ("meta-checkpoint", Change::Checkpoint { sequence: 0x0102_0304_0506_0708, floor: 0x1112_1314 }),
        ]
    }

    fn sample_kills() -> KillList {
        KillList::from_parts(SegmentId(3), vec![SegmentId(8), SegmentId(0x0102_0304_0506_0708)]).expect("a good list")
    }

    #[test]
    fn golden_metadata() {
        for (name, change) in samples() {
            let meta = Meta::new(change, &sample_kills());
            golden::pins(name, &meta.encode());
            assert_eq!(Meta::decode(&golden::bytes(name)), Some(meta), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(
            bytes in (0..samples().len()).prop_flat_map(|which| {
                let change = samples()[which].1.clone();
                mutation::of(Meta::new(change, &sample_kills()).encode())
            }),
        ) {
            // No checksum of its own: the record's was verified. What decodes must be whole, though.
            let found = Meta::decode(&bytes);
            prop_assert!(found.is_none_or(|meta| Meta::decode(&meta.encode()) == Some(meta)));
        }
    }

    #[test]
    fn a_kill_list_that_breaks_its_rules_is_no_metadata() {
        let meta = Meta { kill_up_to: 3, kill_ids: vec![8, 5], change: Change::Delete };
        assert_eq!(Meta::decode(&meta.encode()), None);
    }

    #[test]
    fn metadata_comes_back_as_it_went_in() {
        let mut kills = KillList::up_to(SegmentId(3));
        kills.add(SegmentId(8));
        let attributes = vec![Attribute { name: "content-type".into(), value: "text/plain".into() }];
        let changes = [
            Change::Put { size: 7, md5: [9; 16], parts: 2, large: true, completes: Some([1; 16]), attributes },
            Change::Delete,
            Change::Part { upload: [2; 16], number: 3, size: 4, md5: [5; 16], note: vec![6; 33] },
            Change::Checkpoint { sequence: 5, floor: 6 },
        ];
        for change in changes {
            let meta = Meta::new(change, &kills);
            assert_eq!(Meta::decode(&meta.encode()).as_ref(), Some(&meta));
            assert_eq!(meta.kills().as_ref(), Some(&kills));
        }
    }

    #[test]
    fn damaged_metadata_is_an_answer() {
        let bytes = Meta::new(Change::BucketCreate, &KillList::default()).encode();
        for end in 0..bytes.len() {
            assert!(bytes.get(..end).and_then(Meta::decode).is_none());
        }
    }
}
