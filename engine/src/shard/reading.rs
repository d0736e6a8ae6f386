//! What the index shows at one moment: the records of the group being judged, over the layers. It lives within one
//! call.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::index::{BucketEntry, Entry, IndexError, Layers, Memtable, PartEntry, Table, UploadEntry, keys};
use crate::limits::PARTS_MAX;
use crate::types::{BucketId, ObjectKey, ShardId, UploadId};

/// A part under its composite key.
pub(super) type StoredPart = (Box<[u8]>, PartEntry);

/// A view of one core's shards.
pub struct Reading<'a> {
    staged: Option<&'a Memtable>,
    layers: &'a Layers,
}

impl<'a> Reading<'a> {
    /// What has been published.
    #[must_use]
    pub fn published(layers: &'a Layers) -> Reading<'a> {
        Reading { staged: None, layers }
    }

    /// What has been appended, durable or not: what conditions are judged against.
    #[must_use]
    pub fn appended(staged: &'a Memtable, layers: &'a Layers) -> Reading<'a> {
        Reading { staged: Some(staged), layers }
    }

    /// The object under a composite key.
    ///
    /// # Errors
    /// The index's.
    pub fn entry(&self, shard: ShardId, key: &[u8]) -> Result<Option<Entry>, IndexError> {
        self.decoded(Table::Current, shard, key, Entry::decode)
    }

    /// The upload under a composite key.
    ///
    /// # Errors
    /// The index's.
    pub fn upload(&self, shard: ShardId, key: &[u8]) -> Result<Option<UploadEntry>, IndexError> {
        self.decoded(Table::Uploads, shard, key, UploadEntry::decode)
    }

    /// The part under a composite key.
    ///
    /// # Errors
    /// The index's.
    pub fn part(&self, shard: ShardId, key: &[u8]) -> Result<Option<PartEntry>, IndexError> {
        self.decoded(Table::Uploads, shard, key, PartEntry::decode)
    }

    /// The bucket under a composite key.
    ///
    /// # Errors
    /// The index's.
    pub fn bucket(&self, shard: ShardId, key: &[u8]) -> Result<Option<BucketEntry>, IndexError> {
        self.decoded(Table::Buckets, shard, key, BucketEntry::decode)
    }

    /// All parts of an upload, with their composite keys, ascending.
    ///
    /// # Errors
    /// The index's.
    pub fn parts(
        &self,
        shard: ShardId,
        bucket: BucketId,
        key: &ObjectKey,
        upload: UploadId,
    ) -> Result<Vec<StoredPart>, IndexError> {
        let prefix = keys::upload_prefix(bucket, key.as_bytes(), upload);
        let mut found: BTreeMap<Box<[u8]>, Option<Box<[u8]>>> = BTreeMap::new();
        let store = self.layers.stores().get(&shard).ok_or(IndexError::Missing)?;
        let limit = usize::from(PARTS_MAX) + 1;
        for (key, value) in store.scan(Table::Uploads, Bound::Included(&prefix), &prefix, limit)? {
            found.insert(key, Some(value));
        }
        let frozen = self.layers.frozen().map(|frozen| &**frozen);
        // From the lowest layer up: within one call no layer moves, so the upper one is the newer.
        for memtable in frozen.into_iter().chain([self.layers.active()]).chain(self.staged) {
            let changes = memtable.range(Table::Uploads, Bound::Included(&prefix));
            for (key, change) in changes.take_while(|(key, _)| key.starts_with(&prefix)) {
                found.insert(key.into(), change.value.clone());
            }
        }
        let itself = keys::upload(bucket, key, upload);
        let parts = found.into_iter().filter(|(key, _)| *key != itself);
        let live = parts.filter_map(|(key, value)| value.map(|value| (key, value)));
        live.map(|(key, value)| Ok((key, PartEntry::decode(&value).ok_or(IndexError::Corrupt)?))).collect()
    }

    fn decoded<T>(
        &self,
        table: Table,
        shard: ShardId,
        key: &[u8],
        decode: fn(&[u8]) -> Option<T>,
    ) -> Result<Option<T>, IndexError> {
        let value = match self.staged.and_then(|staged| staged.get(table, key)) {
            Some(change) => change.value.clone(),
            None => self.layers.lookup(table, key, shard)?,
        };
        value.map(|value| decode(&value).ok_or(IndexError::Corrupt)).transpose()
    }
}
