//! Judging: from an intent and what has been appended, the record it becomes, or why it does not.
//!
//! What must hold: conditions are judged here and only here, in the order of the group. Every record that kills carries
//! the kill list of what it kills.

use crate::codec::field_u32;
use crate::digest::crc32c;
use crate::disk::Catalog;
use crate::error::Error;
use crate::index::{BucketState, Entry, UploadState, keys};
use crate::limits::BUCKETS_MAX;
use crate::log::{Change, Meta, Record};
use crate::shard::buckets::Buckets;
use crate::shard::intent::{Answer, Intent, PutBody};
use crate::shard::reading::Reading;
use crate::types::{BucketId, BucketName, Etag, KillList, Location, ObjectKey, SegmentId, Sequence, ShardId, UploadId};

/// The decision on an intent.
#[derive(Debug)]
pub(super) enum Judged {
    /// This record is appended; the answer leaves when it is durable.
    Append(Box<Record>, Answer),
    /// Nothing needs to be appended.
    Nothing(Answer),
}

/// What an intent is judged with.
pub(super) struct Court<'a> {
    /// What has been appended.
    pub reading: Reading<'a>,
    /// Which segments are dead.
    pub catalog: &'a Catalog,
    /// The buckets.
    pub buckets: &'a Buckets,
    /// The shard of the intent.
    pub shard: ShardId,
    /// The sequence the record would get.
    pub sequence: Sequence,
    /// Now.
    pub time_ms: u64,
}

impl Court<'_> {
    /// Judges one intent.
    ///
    /// # Errors
    /// Why it is refused.
    pub(super) fn judge(&self, intent: &Intent) -> Result<Judged, Error> {
        match intent {
            Intent::Put { bucket, key, body, attributes, conditions } => {
                self.bucket_is_there(*bucket)?;
                let before = self.reading.entry(self.shard, &keys::object(*bucket, key))?;
                conditions.judge(before.as_ref().map(|before| before.etag))?;
                let (size, md5, large) = match body {
                    PutBody::Inline { bytes, expected_md5, md5 } => {
                        if expected_md5.is_some_and(|expected| expected != *md5) {
                            return Err(Error::BadDigest);
                        }
                        (bytes.len() as u64, *md5, false)
                    }
                    PutBody::Large { size, md5, .. } => (*size, *md5, true),
                };
                let attributes = attributes.clone();
                let change = Change::Put { size, md5, parts: 0, large, completes: None, attributes };
                let record = self.record(*bucket, key.as_bytes(), change, &self.kills_of(before.as_ref()), intent);
                let answer = Answer { etag: Etag { md5, parts: 0 }, size, existed: before.is_some(), ..self.answer() };
                Ok(Judged::Append(record, answer))
            }
            Intent::Delete { bucket, key, conditions } => {
                self.bucket_is_there(*bucket)?;
                let before = self.reading.entry(self.shard, &keys::object(*bucket, key))?;
                conditions.judge(before.as_ref().map(|before| before.etag))?;
                if before.is_none() {
                    return Ok(Judged::Nothing(Answer { sequence: Sequence(0), ..self.answer() }));
                }
                let kills = self.kills_of(before.as_ref());
                let record = self.record(*bucket, key.as_bytes(), Change::Delete, &kills, intent);
                Ok(Judged::Append(record, Answer { existed: true, ..self.answer() }))
            }
            Intent::UploadCreate { bucket, key, attributes } => {
                self.bucket_is_there(*bucket)?;
                let change = Change::UploadCreate { attributes: attributes.clone() };
                let record = self.record(*bucket, key.as_bytes(), change, &KillList::default(), intent);
                let upload = UploadId::new(self.time_ms, self.shard, self.sequence);
                Ok(Judged::Append(record, Answer { upload, ..self.answer() }))
            }
            Intent::Part { bucket, key, upload, number, size, md5, note, .. } => {
                self.bucket_is_there(*bucket)?;
                self.open_upload(*bucket, key, *upload)?;
                let before = self.reading.part(self.shard, &keys::part(*bucket, key, *upload, *number))?;
                let kills = match before {
                    Some(before) => self.pruned(before.kills, before.location.segment),
                    None => KillList::default(),
                };
                let note = note.as_bytes().to_vec();
                let change = Change::Part { upload: upload.0, number: *number, size: *size, md5: *md5, note };
                let record = self.record(*bucket, key.as_bytes(), change, &kills, intent);
                let etag = Etag { md5: *md5, parts: 0 };
                Ok(Judged::Append(record, Answer { etag, size: *size, ..self.answer() }))
            }
            Intent::Complete { .. } => self.complete(intent),
            Intent::UploadAbort { bucket, key, upload } => {
                self.bucket_is_there(*bucket)?;
                self.open_upload(*bucket, key, *upload)?;
                let kills = self.kills_of_upload(*bucket, key, *upload)?;
                let change = Change::UploadAbort { upload: upload.0 };
                Ok(Judged::Append(self.record(*bucket, key.as_bytes(), change, &kills, intent), self.answer()))
            }
            Intent::BucketCreate(name) => self.bucket_create(name, intent),
            Intent::BucketDelete(name, id) => {
                let before = self.reading.bucket(self.shard, &keys::bucket(name))?;
                // Another bucket may have got the name since this one was found empty.
                let live = before.filter(|before| before.state == BucketState::Live && before.id == *id);
                let live = live.ok_or(Error::NoSuchBucket)?;
                let kills = self.pruned(live.kills, live.location.segment);
                let record = self.record(live.id, name.as_str().as_bytes(), Change::BucketDelete, &kills, intent);
                Ok(Judged::Append(record, self.answer()))
            }
            Intent::Checkpoint { sequence, floor } => {
                let change = Change::Checkpoint { sequence: sequence.0, floor: floor.0 };
                let record = self.record(BucketId(0), &[], change, &KillList::default(), intent);
                Ok(Judged::Append(record, self.answer()))
            }
            Intent::Move { from, record, .. } => self.relocate(*from, record),
            Intent::Barrier => Ok(Judged::Nothing(self.answer())),
        }
    }

    fn complete(&self, intent: &Intent) -> Result<Judged, Error> {
        let Intent::Complete { bucket, key, upload, parts, size, etag, attributes, conditions, .. } = intent else {
            return Err(Error::InvalidPart);
        };
        self.bucket_is_there(*bucket)?;
        self.open_upload(*bucket, key, *upload)?;
        for (number, sequence) in parts {
            // A part that was put again since the manifest was made is another part.
            let part = self.reading.part(self.shard, &keys::part(*bucket, key, *upload, *number))?;
            if part.is_none_or(|part| part.sequence != *sequence) {
                return Err(Error::InvalidPart);
            }
        }
        let before = self.reading.entry(self.shard, &keys::object(*bucket, key))?;
        conditions.judge(before.as_ref().map(|before| before.etag))?;
        let mut kills = self.kills_of_upload(*bucket, key, *upload)?;
        kills.inherit(&self.kills_of(before.as_ref()));
        let change = Change::Put {
            size: *size,
            md5: etag.md5,
            parts: etag.parts,
            large: true,
            completes: Some(upload.0),
            attributes: attributes.clone(),
        };
        let record = self.record(*bucket, key.as_bytes(), change, &kills, intent);
        let answer = Answer { etag: *etag, size: *size, existed: before.is_some(), ..self.answer() };
        Ok(Judged::Append(record, answer))
    }

    fn bucket_create(&self, name: &BucketName, intent: &Intent) -> Result<Judged, Error> {
        let before = self.reading.bucket(self.shard, &keys::bucket(name))?;
        if before.as_ref().is_some_and(|before| before.state == BucketState::Live) {
            return Err(Error::BucketExists);
        }
        if self.buckets.count() >= BUCKETS_MAX {
            return Err(Error::TooManyBuckets);
        }
        let kills = match before {
            Some(before) => self.pruned(before.kills, before.location.segment),
            None => KillList::default(),
        };
        let record = self.record(BucketId(0), name.as_str().as_bytes(), Change::BucketCreate, &kills, intent);
        Ok(Judged::Append(record, self.answer()))
    }

    /// Judges a record that compaction wants out of its segment: it is moved if it is live as it lies there.
    fn relocate(&self, from: Location, record: &Record) -> Result<Judged, Error> {
        let mut kills = record.meta.kills().ok_or(Error::Index(crate::index::IndexError::Corrupt))?;
        kills.prune(self.oldest(), |segment| self.catalog.is_dead(segment));
        if !is_live(&self.reading, self.buckets, record, from, &kills)? {
            return Ok(Judged::Nothing(self.answer()));
        }
        // The copy that stays behind is an older record of the same key until its segment is dead.
        kills.add(from.segment);
        let mut moved = Record { position: self.sequence, ..record.clone() };
        if let Some(end) = self.upload_end(record, from)? {
            moved.meta.change = end;
            (moved.payload_bytes, moved.payload_crc) = (0, crc32c(&[]));
        }
        moved.meta = moved.meta.with_kills(&kills);
        Ok(Judged::Append(Box::new(moved), self.answer()))
    }

    /// What stays of a record that completed an upload when its object is no longer there: moved as it is, it would
    /// bring the object back.
    fn upload_end(&self, record: &Record, from: Location) -> Result<Option<Change>, Error> {
        let Change::Put { size, md5, parts, completes: Some(upload), .. } = record.meta.change else { return Ok(None) };
        let key = ObjectKey::new(&record.key).ok_or(Error::Index(crate::index::IndexError::Corrupt))?;
        let entry = self.reading.entry(self.shard, &keys::object(record.bucket, &key))?;
        let is_there = entry.is_some_and(|entry| entry.location == from);
        Ok((!is_there).then_some(Change::UploadEnd { upload, size, md5, parts }))
    }

    fn bucket_is_there(&self, bucket: BucketId) -> Result<(), Error> {
        if self.buckets.has(bucket) { Ok(()) } else { Err(Error::NoSuchBucket) }
    }

    fn open_upload(&self, bucket: BucketId, key: &ObjectKey, upload: UploadId) -> Result<(), Error> {
        let entry = self.reading.upload(self.shard, &keys::upload(bucket, key, upload))?;
        entry.filter(|entry| entry.state == UploadState::Open).map(|_| ()).ok_or(Error::NoSuchUpload)
    }

    fn kills_of(&self, before: Option<&Entry>) -> KillList {
        before.map_or_else(KillList::default, |before| self.pruned(before.kills.clone(), before.location.segment))
    }

    fn kills_of_upload(&self, bucket: BucketId, key: &ObjectKey, upload: UploadId) -> Result<KillList, Error> {
        let mut kills = KillList::default();
        if let Some(entry) = self.reading.upload(self.shard, &keys::upload(bucket, key, upload))? {
            // A creation that was moved keeps no list of the segments it left: all that may be is taken for one.
            if entry.position == entry.sequence {
                kills.add(entry.location.segment);
            } else {
                kills.inherit(&KillList::up_to(entry.location.segment));
            }
        }
        for (_, part) in self.reading.parts(self.shard, bucket, key, upload)? {
            kills.inherit(&self.pruned(part.kills, part.location.segment));
        }
        Ok(kills)
    }

    /// The kill list of what is killed: what is left of its own, and the segment it lies in.
    fn pruned(&self, mut kills: KillList, segment: SegmentId) -> KillList {
        kills.prune(self.oldest(), |segment| self.catalog.is_dead(segment));
        kills.add(segment);
        kills
    }

    fn oldest(&self) -> SegmentId {
        self.catalog.ends().map_or(SegmentId::NONE, |(oldest, _)| oldest)
    }

    fn record(&self, bucket: BucketId, key: &[u8], change: Change, kills: &KillList, intent: &Intent) -> Box<Record> {
        let payload = intent.payload();
        Box::new(Record {
            shard: self.shard,
            bucket,
            sequence: self.sequence,
            position: self.sequence,
            time_ms: self.time_ms,
            key: key.to_vec(),
            meta: Meta::new(change, kills),
            payload_bytes: field_u32(payload.len()),
            payload_crc: crc32c(payload),
        })
    }

    fn answer(&self) -> Answer {
        Answer { sequence: self.sequence, time_ms: self.time_ms, ..Answer::default() }
    }
}

/// Whether a record is live as it lies at `location`: the index points exactly at it, or a kill list that is still
/// needed is in it.
///
/// # Errors
/// The index's.
pub(super) fn is_live(
    reading: &Reading<'_>,
    buckets: &Buckets,
    record: &Record,
    location: Location,
    kills: &KillList,
) -> Result<bool, Error> {
    let corrupt = Error::Index(crate::index::IndexError::Corrupt);
    let names_bucket = matches!(record.meta.change, Change::BucketCreate | Change::BucketDelete);
    if names_bucket {
        let name = std::str::from_utf8(&record.key).ok().and_then(BucketName::new).ok_or(corrupt)?;
        let entry = reading.bucket(record.shard, &keys::bucket(&name))?;
        let current = entry.is_some_and(|entry| entry.location == location);
        let is_delete = record.meta.change == Change::BucketDelete;
        // The newest id must stay known: records of a bucket that is gone may lie in the log for long, and a rebuild
        // tells them from damage by their ids.
        let is_needed = !kills.is_empty() || record.bucket == buckets.newest();
        return Ok(current && !is_delete || is_delete && is_needed);
    }
    if matches!(record.meta.change, Change::Checkpoint { .. }) {
        // Compaction writes a newer checkpoint instead of moving one.
        return Ok(false);
    }
    if !buckets.has(record.bucket) {
        // Records of a bucket that is gone are dropped by a rebuild whatever they say.
        return Ok(false);
    }
    let key = ObjectKey::new(&record.key).ok_or(corrupt)?;
    let at = match &record.meta.change {
        Change::Put { completes: None, .. } => {
            reading.entry(record.shard, &keys::object(record.bucket, &key))?.map(|entry| entry.location)
        }
        Change::Put { completes: Some(upload), .. } | Change::UploadEnd { upload, .. } => {
            // Without it a rebuild would find the upload open again, as long as its parts lie somewhere.
            let entry = reading.entry(record.shard, &keys::object(record.bucket, &key))?;
            let ended = reading.upload(record.shard, &keys::upload(record.bucket, &key, UploadId(*upload)))?;
            let named = entry.is_some_and(|entry| entry.location == location)
                || ended.is_some_and(|ended| ended.location == location);
            return Ok(named || !kills.is_empty());
        }
        Change::UploadCreate { .. } => {
            let upload = UploadId::new(record.time_ms, record.shard, record.sequence);
            let entry = reading.upload(record.shard, &keys::upload(record.bucket, &key, upload))?;
            entry.filter(|entry| entry.state == UploadState::Open).map(|entry| entry.location)
        }
        Change::Part { upload, number, .. } => {
            let part = keys::part(record.bucket, &key, UploadId(*upload), *number);
            reading.part(record.shard, &part)?.map(|entry| entry.location)
        }
        _ => return Ok(!kills.is_empty()),
    };
    Ok(at == Some(location))
}
