//! Warming: a helper touches what a look at the index will touch, so that the look itself, on the core, does not wait
//! for the disk.
//!
//! What must hold: nothing that a helper finds is used. What counts is read on the core in one go, over memtables that
//! do not change meanwhile; an error comes again there, and is answered there. While the stores are taken to be in
//! memory nothing is warmed: a look costs a microsecond, and a helper eight.

use std::ops::Bound;

use crate::index::{Layers, Table, keys};
use crate::limits::PARTS_MAX;
use crate::log::{Change, Record};
use crate::rt::{self, Helper};
use crate::shard::intent::Intent;
use crate::shard::owner::Owner;
use crate::types::{BucketId, ObjectKey, ShardId, UploadId};

/// A key of a table.
pub(super) type Wanted = (Table, Box<[u8]>);

impl Owner {
    /// Warms one key.
    pub(super) async fn warm(&self, shard: ShardId, table: Table, key: &[u8]) {
        if self.may_fault.get() {
            self.warm_all(shard, vec![(table, key.into())], None).await;
        }
    }

    /// Warms what an intent will be judged by.
    pub(super) async fn warm_intent(&self, shard: ShardId, intent: &Intent) {
        if !self.may_fault.get() {
            return;
        }
        let upload = |bucket: &BucketId, key: &ObjectKey, upload: &UploadId| {
            Some(keys::upload_prefix(*bucket, key.as_bytes(), *upload))
        };
        let (wanted, rows) = match intent {
            Intent::Put { bucket, key, .. } | Intent::Delete { bucket, key, .. } => {
                (vec![(Table::Current, keys::object(*bucket, key))], None)
            }
            // Its id is not known yet, but where it will lie is.
            Intent::UploadCreate { bucket, key, .. } => {
                (vec![(Table::Uploads, keys::upload(*bucket, key, UploadId([0xff; 16])))], None)
            }
            Intent::Part { bucket, key, upload, number, .. } => {
                let itself = (Table::Uploads, keys::upload(*bucket, key, *upload));
                (vec![itself, (Table::Uploads, keys::part(*bucket, key, *upload, *number))], None)
            }
            Intent::Complete { bucket, key, upload: id, .. } => {
                (vec![(Table::Current, keys::object(*bucket, key))], upload(bucket, key, id))
            }
            Intent::UploadAbort { bucket, key, upload: id } => (Vec::new(), upload(bucket, key, id)),
            Intent::BucketCreate(name) | Intent::BucketDelete(name, _) => {
                (vec![(Table::Buckets, keys::bucket(name))], None)
            }
            // What upkeep moves it has looked at just before, and the others look at nothing.
            Intent::Move { .. } | Intent::Checkpoint { .. } | Intent::Barrier => return,
        };
        self.warm_all(shard, wanted, rows).await;
    }

    /// Warms what says whether a record is live.
    pub(super) async fn warm_record(&self, record: &Record) {
        if !self.may_fault.get() {
            return;
        }
        let Some(key) = ObjectKey::new(&record.key) else { return };
        let object = || (Table::Current, keys::object(record.bucket, &key));
        let upload = |id| (Table::Uploads, keys::upload(record.bucket, &key, id));
        let wanted = match &record.meta.change {
            Change::Put { completes: None, .. } => vec![object()],
            Change::Put { completes: Some(id), .. } | Change::UploadEnd { upload: id, .. } => {
                vec![object(), upload(UploadId(*id))]
            }
            Change::UploadCreate { .. } => vec![upload(UploadId::new(record.time_ms, record.shard, record.sequence))],
            Change::Part { upload, number, .. } => {
                vec![(Table::Uploads, keys::part(record.bucket, &key, UploadId(*upload), *number))]
            }
            Change::Delete
            | Change::UploadAbort { .. }
            | Change::BucketCreate
            | Change::BucketDelete
            | Change::Checkpoint { .. } => return,
        };
        self.warm_all(record.shard, wanted, None).await;
    }

    /// Warms an upload and its parts.
    pub(super) async fn warm_upload(&self, shard: ShardId, bucket: BucketId, key: &ObjectKey, upload: UploadId) {
        if self.may_fault.get() {
            let rows = keys::upload_prefix(bucket, key.as_bytes(), upload);
            self.warm_all(shard, Vec::new(), Some(rows)).await;
        }
    }

    /// Warms whatever `read` reads of the stores.
    pub(super) async fn warm_by<T>(&self, read: impl FnOnce(&Layers) -> T + Send + 'static) {
        if !self.may_fault.get() {
            return;
        }
        let stores = self.layers.borrow().stores().clone();
        rt::help(Helper::Lookup, move || drop(read(&Layers::new(stores)))).await;
    }

    async fn warm_all(&self, shard: ShardId, wanted: Vec<Wanted>, rows: Option<Vec<u8>>) {
        let Some(store) = self.layers.borrow().stores().get(&shard).cloned() else { return };
        let touch = move || {
            for (table, key) in wanted {
                drop(store.lookup(table, &key));
            }
            if let Some(prefix) = rows {
                let most = usize::from(PARTS_MAX) + 1;
                drop(store.scan(Table::Uploads, Bound::Included(&prefix), &prefix, most));
            }
        };
        rt::help(Helper::Lookup, touch).await;
    }
}
