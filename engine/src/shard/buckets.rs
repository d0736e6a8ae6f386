//! The buckets of the store, as one immutable snapshot that every core holds. Shard 0 decides; the others are told.

use std::collections::BTreeMap;

use crate::types::{BucketId, BucketName};

/// One bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its id: the sequence of its creating record.
    pub id: BucketId,
    /// Its name.
    pub name: BucketName,
    /// When it was created.
    pub created_ms: u64,
}

/// All buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buckets {
    by_name: BTreeMap<BucketName, Bucket>,
    by_id: BTreeMap<BucketId, BucketName>,
    newest: BucketId,
    version: u64,
}

impl Buckets {
    /// Adds a bucket.
    pub fn add(&mut self, bucket: Bucket) {
        self.newest = self.newest.max(bucket.id);
        self.version += 1;
        self.by_id.insert(bucket.id, bucket.name.clone());
        self.by_name.insert(bucket.name.clone(), bucket);
    }

    /// Takes a bucket away.
    pub fn remove(&mut self, name: &BucketName) {
        if let Some(bucket) = self.by_name.remove(name) {
            self.by_id.remove(&bucket.id);
        }
        self.version += 1;
    }

    /// Notes an id that was given once.
    pub fn note(&mut self, id: BucketId) {
        self.newest = self.newest.max(id);
    }

    /// The bucket with this name.
    #[must_use]
    pub fn named(&self, name: &BucketName) -> Option<&Bucket> {
        self.by_name.get(name)
    }

    /// Grows with every change: of two snapshots of one run of the node the one with the higher version is the newer.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// True if the bucket is there.
    #[must_use]
    pub fn has(&self, id: BucketId) -> bool {
        self.by_id.contains_key(&id)
    }

    /// The newest id that was ever given, as far as is known.
    #[must_use]
    pub fn newest(&self) -> BucketId {
        self.newest
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Bucket> {
        self.by_name.values()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.by_name.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_remembered_as_given_when_its_bucket_is_gone() {
        let name = BucketName::new("photos").expect("a good name");
        let mut buckets = Buckets::default();
        buckets.add(Bucket { id: BucketId(7), name: name.clone(), created_ms: 1 });
        assert!(buckets.has(BucketId(7)) && buckets.named(&name).is_some());
        buckets.remove(&name);
        assert!(!buckets.has(BucketId(7)) && buckets.count() == 0);
        assert_eq!(buckets.newest(), BucketId(7));
    }
}
