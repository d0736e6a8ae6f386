//! What a record does to the index. One function, used when a record is published and when it is replayed.
//!
//! What must hold: records of a shard come in the order of their positions. A record whose sequence is below that of
//! the entry it meets changes nothing: it was moved by compaction after a newer one was appended.

use crate::index::{
    BucketEntry, BucketState, CountsDelta, Entry, IndexError, Memtable, PartEntry, Table, UploadEntry, UploadState,
    keys,
};
use crate::log::{Change, Record};
use crate::shard::reading::Reading;
use crate::types::{BucketId, BucketName, Etag, Location, Note, ObjectKey, SegmentId, Sequence, ShardId, UploadId};

/// A key of a table, and its new value or none.
type KeyChange = (Table, Box<[u8]>, Option<Box<[u8]>>);

/// One record's effects.
#[derive(Debug)]
pub(super) struct Effects {
    shard: ShardId,
    position: Sequence,
    writes: Vec<KeyChange>,
    counts: Vec<(BucketId, CountsDelta)>,
    segments: Vec<(SegmentId, i64)>,
    /// Runs of a data segment are no longer named.
    pub killed_runs: bool,
}

impl Effects {
    fn none(record: &Record) -> Effects {
        Effects {
            shard: record.shard,
            position: record.position,
            writes: Vec::new(),
            counts: Vec::new(),
            segments: Vec::new(),
            killed_runs: false,
        }
    }

    /// Puts the effects into a memtable.
    pub(super) fn store(self, memtable: &mut Memtable) {
        for (table, key, value) in self.writes {
            match value {
                Some(value) => memtable.put(table, key, self.shard, self.position, value),
                None => memtable.remove(table, key, self.shard, self.position),
            }
        }
        for (bucket, delta) in self.counts {
            memtable.add_counts(self.shard, bucket, delta);
        }
        for (segment, live) in self.segments {
            memtable.add_segment(self.shard, segment, live);
        }
        memtable.advance(self.shard, self.position);
    }

    fn put(&mut self, table: Table, key: Box<[u8]>, value: Box<[u8]>) {
        self.writes.push((table, key, Some(value)));
    }

    fn remove(&mut self, table: Table, key: Box<[u8]>) {
        self.writes.push((table, key, None));
    }

    fn came(&mut self, location: Location) {
        self.segments.push((location.segment, i64::from(location.length)));
    }

    fn went(&mut self, location: Location) {
        self.segments.push((location.segment, -i64::from(location.length)));
    }

    fn count(&mut self, bucket: BucketId, objects: i64, now: u64, before: u64) {
        let signed = |bytes: u64| i64::try_from(bytes).expect("no body has 2^63 bytes");
        self.counts.push((bucket, CountsDelta { objects, bytes: signed(now) - signed(before) }));
    }
}

/// The effects of `record`, which lies at `location`, on what `reading` shows.
///
/// # Errors
/// The index's. A record that cannot be what it says is `Corrupt`.
pub(super) fn effects(reading: &Reading<'_>, record: &Record, location: Location) -> Result<Effects, IndexError> {
    let mut effects = Effects::none(record);
    match &record.meta.change {
        Change::Put { .. } => put(reading, record, location, &mut effects)?,
        Change::Delete => delete(reading, record, &mut effects)?,
        Change::UploadCreate { .. } => upload_create(reading, record, location, &mut effects)?,
        Change::Part { .. } => part(reading, record, location, &mut effects)?,
        Change::UploadAbort { upload } => {
            end_upload(reading, record, &object_key(record)?, UploadId(*upload), &mut effects)?;
        }
        Change::UploadEnd { upload, size, md5, parts } => {
            let (key, etag) = (object_key(record)?, Etag { md5: *md5, parts: *parts });
            complete_upload(reading, record, location, &key, (UploadId(*upload), etag, *size), &mut effects)?;
        }
        Change::BucketCreate | Change::BucketDelete => bucket(reading, record, location, &mut effects)?,
        Change::Checkpoint { .. } => {}
    }
    Ok(effects)
}

fn object_key(record: &Record) -> Result<ObjectKey, IndexError> {
    ObjectKey::new(&record.key).ok_or(IndexError::Corrupt)
}

fn put(reading: &Reading<'_>, record: &Record, location: Location, effects: &mut Effects) -> Result<(), IndexError> {
    let Change::Put { size, md5, parts, large, completes, .. } = &record.meta.change else { return Ok(()) };
    let key = object_key(record)?;
    let etag = Etag { md5: *md5, parts: *parts };
    if let Some(upload) = completes.map(UploadId) {
        complete_upload(reading, record, location, &key, (upload, etag, *size), effects)?;
    }
    let stored = keys::object(record.bucket, &key);
    let before = reading.entry(record.shard, &stored)?;
    if before.as_ref().is_some_and(|before| before.sequence > record.sequence) {
        return Ok(());
    }
    let entry = Entry {
        position: record.position,
        sequence: record.sequence,
        location,
        time_ms: record.time_ms,
        size: *size,
        etag,
        large: *large,
        upload: completes.map(UploadId),
        kills: record.meta.kills().ok_or(IndexError::Corrupt)?,
    };
    match before {
        Some(before) => {
            effects.count(record.bucket, 0, *size, before.size);
            effects.went(before.location);
            if before.large && before.sequence < record.sequence {
                effects.killed_runs = true;
            }
        }
        None => effects.count(record.bucket, 1, *size, 0),
    }
    effects.came(location);
    let value = entry.encode(&stored);
    effects.put(Table::Current, stored, value);
    Ok(())
}

fn delete(reading: &Reading<'_>, record: &Record, effects: &mut Effects) -> Result<(), IndexError> {
    let stored = keys::object(record.bucket, &object_key(record)?);
    let Some(before) = reading.entry(record.shard, &stored)? else { return Ok(()) };
    if before.sequence > record.sequence {
        return Ok(());
    }
    effects.count(record.bucket, -1, 0, before.size);
    effects.went(before.location);
    if before.large {
        effects.killed_runs = true;
    }
    effects.remove(Table::Current, stored);
    Ok(())
}

fn upload_create(
    reading: &Reading<'_>,
    record: &Record,
    location: Location,
    effects: &mut Effects,
) -> Result<(), IndexError> {
    let upload = UploadId::new(record.time_ms, record.shard, record.sequence);
    let stored = keys::upload(record.bucket, &object_key(record)?, upload);
    match reading.upload(record.shard, &stored)? {
        // A moved creation of an upload that has ended since changes nothing.
        Some(before) if before.sequence > record.sequence => return Ok(()),
        Some(before) => effects.went(before.location),
        None => {}
    }
    let (position, sequence, time_ms) = (record.position, record.sequence, record.time_ms);
    let value = UploadEntry { position, sequence, location, time_ms, state: UploadState::Open }.encode(&stored);
    effects.put(Table::Uploads, stored, value);
    effects.came(location);
    Ok(())
}

fn part(reading: &Reading<'_>, record: &Record, location: Location, effects: &mut Effects) -> Result<(), IndexError> {
    let Change::Part { upload, number, size, md5, note } = &record.meta.change else { return Ok(()) };
    let key = object_key(record)?;
    let upload = UploadId(*upload);
    let open = reading.upload(record.shard, &keys::upload(record.bucket, &key, upload))?;
    // Without an upload it stays: compaction has moved the upload's creation behind it, which a replay has yet to
    // reach. What ends an upload always comes behind all of its parts, moved ones too.
    if open.is_some_and(|open| open.state != UploadState::Open) {
        return Ok(());
    }
    let stored = keys::part(record.bucket, &key, upload, *number);
    if let Some(before) = reading.part(record.shard, &stored)? {
        if before.sequence > record.sequence {
            return Ok(());
        }
        effects.went(before.location);
        if before.sequence < record.sequence {
            effects.killed_runs = true;
        }
    }
    let entry = PartEntry {
        position: record.position,
        sequence: record.sequence,
        location,
        time_ms: record.time_ms,
        size: *size,
        md5: *md5,
        note: Note::new(note).ok_or(IndexError::Corrupt)?,
        kills: record.meta.kills().ok_or(IndexError::Corrupt)?,
    };
    let value = entry.encode(&stored);
    effects.put(Table::Uploads, stored, value);
    effects.came(location);
    Ok(())
}

/// Ends an upload and remembers what it was completed to.
fn complete_upload(
    reading: &Reading<'_>,
    record: &Record,
    location: Location,
    key: &ObjectKey,
    (upload, etag, size): (UploadId, Etag, u64),
    effects: &mut Effects,
) -> Result<(), IndexError> {
    end_upload(reading, record, key, upload, effects)?;
    let stored = keys::upload(record.bucket, key, upload);
    let completed = UploadEntry {
        position: record.position,
        sequence: record.sequence,
        location,
        time_ms: record.time_ms,
        state: UploadState::Completed { etag, size },
    };
    let value = completed.encode(&stored);
    effects.put(Table::Uploads, stored, value);
    Ok(())
}

/// Removes an upload and its parts.
fn end_upload(
    reading: &Reading<'_>,
    record: &Record,
    key: &ObjectKey,
    upload: UploadId,
    effects: &mut Effects,
) -> Result<(), IndexError> {
    let stored = keys::upload(record.bucket, key, upload);
    if let Some(before) = reading.upload(record.shard, &stored)?.filter(|before| before.state == UploadState::Open) {
        effects.went(before.location);
        effects.remove(Table::Uploads, stored);
    }
    let parts = reading.parts(record.shard, record.bucket, key, upload)?;
    // The runs of the parts that a completion names live on in its object; those of the others are dead.
    let named = match &record.meta.change {
        Change::Put { parts, .. } => usize::from(*parts),
        _ => 0,
    };
    effects.killed_runs |= parts.len() > named;
    for (stored, part) in parts {
        effects.went(part.location);
        effects.remove(Table::Uploads, stored);
    }
    Ok(())
}

fn bucket(reading: &Reading<'_>, record: &Record, location: Location, effects: &mut Effects) -> Result<(), IndexError> {
    let name = std::str::from_utf8(&record.key).ok().and_then(BucketName::new).ok_or(IndexError::Corrupt)?;
    let stored = keys::bucket(&name);
    let before = reading.bucket(record.shard, &stored)?;
    if before.as_ref().is_some_and(|before| before.sequence > record.sequence) {
        return Ok(());
    }
    if let Some(before) = before {
        effects.went(before.location);
    }
    let state = match record.meta.change {
        Change::BucketCreate => BucketState::Live,
        _ => BucketState::Deleted,
    };
    let entry = BucketEntry {
        position: record.position,
        sequence: record.sequence,
        id: if state == BucketState::Live { BucketId(record.sequence.0) } else { record.bucket },
        state,
        time_ms: record.time_ms,
        location,
        kills: record.meta.kills().ok_or(IndexError::Corrupt)?,
    };
    effects.came(location);
    let value = entry.encode(&stored);
    effects.put(Table::Buckets, stored, value);
    Ok(())
}
