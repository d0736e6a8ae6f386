//! What upkeep asks of a shard: how much of a segment is live, and whether a body still names a data segment.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::error::Error;
use crate::index::{Table, UploadEntry, UploadState, keys};
use crate::limits::COMPLETED_REMEMBERED_MS;
use crate::log::{Manifest, RunOwner};
use crate::shard::owner::Owner;
use crate::shard::reading::Reading;
use crate::types::{Location, ObjectKey, SegmentId, ShardId, UploadId};

/// Rows of each shard that one call of [`Owner::forget_completed`] looks at.
const FORGET_ROWS: usize = 64;

impl Owner {
    /// Live bytes of each log segment in this core's shards. Hints: they choose candidates and prove nothing.
    ///
    /// # Errors
    /// The index's.
    pub fn live_bytes(&self) -> Result<Vec<(SegmentId, i64)>, Error> {
        let layers = self.layers.borrow();
        let mut sums: BTreeMap<SegmentId, i64> = BTreeMap::new();
        for store in layers.stores().values() {
            for (segment, live) in store.segments()? {
                *sums.entry(segment).or_default() += live;
            }
        }
        let frozen = layers.frozen().map(|frozen| &**frozen);
        for memtable in frozen.into_iter().chain([layers.active()]) {
            for (segment, live) in memtable.segments() {
                *sums.entry(segment).or_default() += live;
            }
        }
        Ok(sums.into_iter().collect())
    }

    /// Forgets completed uploads that are remembered no longer, looking at some rows of each shard's store at a time.
    /// It is not a change of the store: a rebuild remembers them again, and they are forgotten again.
    ///
    /// # Errors
    /// The index's.
    pub fn forget_completed(&self, now_ms: u64) -> Result<(), Error> {
        let mut layers = self.layers.borrow_mut();
        let mut cursors = self.forget_cursors.borrow_mut();
        let stores = layers.stores().clone();
        for (shard, store) in stores {
            let cursor = cursors.entry(shard).or_default();
            let rows = store.scan(Table::Uploads, Bound::Excluded(cursor), &[], FORGET_ROWS)?;
            *cursor = rows.last().map(|(key, _)| key.clone()).unwrap_or_default();
            let position = self.last.borrow().get(&shard).copied().unwrap_or_default();
            for (key, value) in rows {
                let is_upload = keys::parse_part(&key).is_some_and(|(_, _, _, part)| part == 0);
                let old = |entry: &UploadEntry| {
                    entry.state != UploadState::Open && entry.time_ms.saturating_add(COMPLETED_REMEMBERED_MS) < now_ms
                };
                let changed = layers.lookup(Table::Uploads, &key, shard)?.as_deref() != Some(&*value);
                if is_upload && !changed && UploadEntry::decode(&value).is_some_and(|entry| old(&entry)) {
                    layers.active_mut().remove(Table::Uploads, key, shard, position);
                    layers.active_mut().advance(shard, position);
                }
            }
        }
        Ok(())
    }

    /// Whether the object or part that a run was written for names `segment` in its manifest.
    ///
    /// # Errors
    /// If that cannot be found out: the segment then stays.
    pub async fn names_segment(&self, shard: ShardId, run: &RunOwner, segment: SegmentId) -> Result<bool, Error> {
        // After a failed append it is open whether a record names the segment: the next start will know.
        if let Some(why) = self.refusal() {
            return Err(why);
        }
        let _pin = self.disk.pin();
        if !self.buckets().has(run.bucket) {
            return Ok(false);
        }
        if let Some(key) = ObjectKey::new(&run.key) {
            self.warm(shard, Table::Current, &keys::object(run.bucket, &key)).await;
            if run.upload != UploadId::default() {
                self.warm(shard, Table::Uploads, &keys::part(run.bucket, &key, run.upload, run.part)).await;
            }
        }
        for location in self.manifests_of(shard, run)? {
            let read = self.reader.record(location).await?;
            let damaged = Error::Damaged(crate::log::ReadError::Damaged(location.segment, u64::from(location.offset)));
            let manifest = Manifest::decode(read.payload()).ok_or(damaged)?;
            if manifest.runs.iter().any(|run| run.segment == segment) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The records whose manifests may name a run: the key's object, and the part while its upload is open.
    fn manifests_of(&self, shard: ShardId, run: &RunOwner) -> Result<Vec<Location>, Error> {
        let Some(key) = ObjectKey::new(&run.key) else { return Ok(Vec::new()) };
        let layers = self.layers.borrow();
        let reading = Reading::published(&layers);
        let object = reading.entry(shard, &keys::object(run.bucket, &key))?.filter(|entry| entry.large);
        let mut found: Vec<Location> = object.map(|entry| entry.location).into_iter().collect();
        if run.upload != UploadId::default() {
            let part = reading.part(shard, &keys::part(run.bucket, &key, run.upload, run.part))?;
            found.extend(part.map(|part| part.location));
        }
        Ok(found)
    }
}
