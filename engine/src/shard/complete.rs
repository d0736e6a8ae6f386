//! Completing an upload: its parts' manifests become one, and one record makes the object and ends the upload.
//!
//! No body is copied. What a client names is checked here against the parts as they are; the committer checks once more
//! that none of them was put again meanwhile.

use crate::digest::Md5;
use crate::error::Error;
use crate::index::{UploadState, keys};
use crate::log::{Attribute, Change, Manifest, PartSpan};
use crate::shard::attributes::check_attributes;
use crate::shard::conditions::Conditions;
use crate::shard::intent::{Answer, Intent};
use crate::shard::owner::Owner;
use crate::shard::reading::Reading;
use crate::types::{BucketId, Etag, Location, Note, ObjectKey, Sequence, ShardId, UploadId};

/// What a client says an upload is made of: part numbers and their MD5s.
pub type NamedPart = (u16, [u8; 16]);

/// What a client makes of an upload.
#[derive(Clone, Debug, Default)]
pub struct Completion {
    /// The parts, in order.
    pub parts: Vec<NamedPart>,
    /// Attributes of the object beyond those that the upload began with.
    pub attributes: Vec<Attribute>,
    /// When it is made at all.
    pub conditions: Conditions,
}

/// A part as the index has it.
struct Found {
    number: u16,
    sequence: Sequence,
    location: Location,
    size: u64,
    md5: [u8; 16],
    note: Note,
}

impl Owner {
    /// Completes an upload.
    ///
    /// # Errors
    /// What is wrong with the parts, the upload or the conditions.
    pub async fn complete(
        &self,
        shard: ShardId,
        bucket: BucketId,
        key: ObjectKey,
        upload: UploadId,
        completion: Completion,
    ) -> Result<Answer, Error> {
        let Completion { parts: named, attributes: further, conditions } = completion;
        let _pin = self.disk.pin();
        self.warm_upload(shard, bucket, &key, upload).await;
        let (created, found) = match self.parts_named(shard, bucket, &key, upload, &named)? {
            Standing::Open(created, found) => (created, found),
            Standing::Completed(answer) => return Ok(answer),
        };
        let mut manifest = Manifest::default();
        let mut md5 = Md5::new();
        for part in &found {
            let note = part.note.clone();
            let read = self.reader.record(part.location).await?;
            let pieces = Manifest::decode(read.payload()).ok_or(damaged(part.location))?;
            manifest.runs.extend(pieces.runs);
            manifest.parts.push(PartSpan { number: part.number, size: part.size, md5: part.md5, note });
            md5.update(&part.md5);
        }
        let mut attributes = self.attributes_of(created).await?;
        attributes.extend(further);
        check_attributes(&attributes)?;
        let parts = u16::try_from(found.len()).map_err(|_| Error::InvalidPart)?;
        let intent = Intent::Complete {
            bucket,
            key,
            upload,
            parts: found.iter().map(|part| (part.number, part.sequence)).collect(),
            size: manifest.size(),
            manifest: manifest.encode().ok_or(Error::TooLarge)?,
            etag: Etag { md5: md5.finish(), parts },
            attributes,
            conditions,
        };
        self.decide(shard, bucket, intent).await
    }

    /// The parts that a client names, as they are.
    fn parts_named(
        &self,
        shard: ShardId,
        bucket: BucketId,
        key: &ObjectKey,
        upload: UploadId,
        named: &[NamedPart],
    ) -> Result<Standing, Error> {
        let layers = self.layers.borrow();
        let reading = Reading::published(&layers);
        let entry = reading.upload(shard, &keys::upload(bucket, key, upload))?.ok_or(Error::NoSuchUpload)?;
        if let UploadState::Completed { etag, size } = entry.state {
            // The answer to the first try was lost on its way: this one is the same request.
            let repeated = Answer { sequence: entry.sequence, time_ms: entry.time_ms, etag, size, ..Answer::default() };
            return Ok(Standing::Completed(repeated));
        }
        if named.is_empty() {
            return Err(Error::InvalidPart);
        }
        if !named.windows(2).all(|pair| matches!(pair, [a, b] if a.0 < b.0)) {
            return Err(Error::InvalidPartOrder);
        }
        let mut found = Vec::new();
        for (number, md5) in named {
            let part = reading.part(shard, &keys::part(bucket, key, upload, *number))?.ok_or(Error::InvalidPart)?;
            if part.md5 != *md5 {
                return Err(Error::InvalidPart);
            }
            let (sequence, location, size) = (part.sequence, part.location, part.size);
            found.push(Found { number: *number, sequence, location, size, md5: part.md5, note: part.note });
        }
        let (_, all_but_last) = found.split_last().ok_or(Error::InvalidPart)?;
        if all_but_last.iter().any(|part| part.size < self.options.part_bytes_min) {
            return Err(Error::PartTooSmall);
        }
        Ok(Standing::Open(entry.location, found))
    }

    async fn attributes_of(&self, created: Location) -> Result<Vec<Attribute>, Error> {
        match self.reader.record(created).await?.record.meta.change {
            Change::UploadCreate { attributes } => Ok(attributes),
            _ => Err(damaged(created)),
        }
    }
}

enum Standing {
    Open(Location, Vec<Found>),
    Completed(Answer),
}

fn damaged(location: Location) -> Error {
    Error::Damaged(crate::log::ReadError::Damaged(location.segment, u64::from(location.offset)))
}
