//! Listings of one core: a page of objects, and all buckets. `uploads` has those of multipart uploads.
//!
//! What must hold: a delimiter skips. Behind a common prefix the cursor seeks past all keys that begin with it,
//! however many they are; so a page costs by its items, not by the keys beneath them.

use super::cursor::Cursor;
use super::error::IndexError;
use super::keys::{self, Table};
use super::layers::Layers;
use super::page::{After, Item, Page, PageRequest};
use super::value::{BucketEntry, Entry};
use crate::types::{BucketName, ObjectKey};

/// A page of the objects that this core's shards hold.
///
/// # Errors
/// Those of the stores.
pub fn objects(layers: &Layers, request: &PageRequest) -> Result<Page, IndexError> {
    let prefix = keys::object_prefix(request.bucket, &request.prefix);
    let mut page = Page::default();
    let Some(from) = first(request, &prefix) else { return Ok(page) };
    let mut cursor = Cursor::new(layers, Table::Current, &prefix, &from)?;
    while let Some((row, value)) = cursor.next()? {
        if page.items.len() >= request.limit {
            page.more = request.limit > 0;
            break;
        }
        let (_, key) = keys::parse_object(&row).ok_or(IndexError::Corrupt)?;
        if let Some(common) = common_prefix(request, &key) {
            let Some(next) = keys::successor(&keys::object_prefix(request.bucket, &common)) else { break };
            page.items.push(Item::Prefix(common));
            cursor.seek(&next)?;
            continue;
        }
        let entry = Entry::decode(&value).ok_or(IndexError::Corrupt)?;
        page.items.push(Item::Key { key, entry });
    }
    Ok(page)
}

/// Every bucket that has an entry, the deleted ones included.
///
/// # Errors
/// Those of the stores.
pub fn buckets(layers: &Layers) -> Result<Vec<(BucketName, BucketEntry)>, IndexError> {
    let mut cursor = Cursor::new(layers, Table::Buckets, b"", b"")?;
    let mut found = Vec::new();
    while let Some((row, value)) = cursor.next()? {
        let name = keys::parse_bucket(&row).ok_or(IndexError::Corrupt)?;
        found.push((name, BucketEntry::decode(&value).ok_or(IndexError::Corrupt)?));
    }
    Ok(found)
}

/// The first composite key that may be on the page, `None` if there is none.
pub(super) fn first(request: &PageRequest, prefix: &[u8]) -> Option<Vec<u8>> {
    let bucket = request.bucket;
    match &request.after {
        None => Some(prefix.to_vec()),
        Some(After::Key(key)) => keys::successor(&keys::object_exactly(bucket, key)),
        Some(After::Upload(key, upload)) => keys::successor(&keys::upload_prefix(bucket, key, *upload)),
        Some(After::Prefix(passed)) => keys::successor(&keys::object_prefix(bucket, passed)),
    }
}

/// The bytes up to the first delimiter behind the prefix, if the key has one there.
pub(super) fn common_prefix(request: &PageRequest, key: &ObjectKey) -> Option<Vec<u8>> {
    let delimiter = request.delimiter.as_ref().filter(|delimiter| !delimiter.is_empty())?;
    let rest = key.as_bytes().strip_prefix(&request.prefix[..])?;
    let at = rest.windows(delimiter.len()).position(|window| window == &delimiter[..])?;
    let common = key.as_bytes().get(..request.prefix.len() + at + delimiter.len())?;
    Some(common.to_vec())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::index::{Home, Identity, Position, Store, TwinDisk, merge};
    use crate::types::{BucketId, Sequence, ShardId};

    const BUCKET: BucketId = BucketId(7);
    const SHARDS: u16 = 3;

    /// Layers over the first stores of `SHARDS`, from `of` on in steps of `step`: the shards of one core.
    fn layers(of: u16, step: u16) -> Layers {
        let stores = (of..SHARDS).step_by(usize::from(step)).map(|shard| {
            let identity = Identity { store: [7; 16], shard: ShardId(shard), shard_count: SHARDS };
            let store = Store::create(&Home::Twin(TwinDisk::new()), identity, |_| {}).expect("an empty disk");
            (ShardId(shard), store)
        });
        Layers::new(stores.collect())
    }

    fn entry(position: u64) -> Entry {
        Entry {
            position: Sequence(position),
            sequence: Sequence(position),
            location: crate::types::Location::default(),
            time_ms: 1,
            size: 2,
            etag: crate::types::Etag::default(),
            large: false,
            upload: None,
            kills: crate::types::KillList::default(),
        }
    }

    fn shard_of(key: &[u8]) -> ShardId {
        ShardId(key.iter().map(|byte| u16::from(*byte)).sum::<u16>() % SHARDS)
    }

    fn change(layers: &mut Layers, bucket: BucketId, key: &[u8], position: u64, put: bool) {
        let at = keys::object(bucket, &ObjectKey::new(key).expect("a good key"));
        let (shard, position) = (shard_of(key), Sequence(position));
        match put {
            true => {
                let value = entry(position.0).encode(&at);
                layers.active_mut().put(Table::Current, at, shard, position, value);
            }
            false => layers.active_mut().remove(Table::Current, at, shard, position),
        }
    }

    /// Commits what is frozen and freezes what is active.
    fn checkpoint(layers: &mut Layers) {
        if let Some(frozen) = layers.frozen() {
            let position = |sequence| Position { sequence, ..Position::default() };
            let positions = frozen.last().iter().map(|(shard, last)| (*shard, position(*last))).collect();
            for (shard, batch) in frozen.batches(&positions) {
                layers.stores()[&shard].commit(&batch).expect("there is room");
            }
        }
        layers.drop_frozen();
        layers.freeze().expect("nothing is frozen");
    }

    /// The same by collecting, filtering and grouping everything.
    fn slow_page(model: &BTreeMap<Vec<u8>, u64>, request: &PageRequest) -> Page {
        let mut items: Vec<Item> = Vec::new();
        for (key, position) in model.iter().filter(|(key, _)| key.starts_with(&request.prefix)) {
            let passed = match &request.after {
                None => false,
                Some(After::Key(after) | After::Upload(after, _)) => key <= after,
                Some(After::Prefix(after)) => key.starts_with(after) || key < after,
            };
            if passed {
                continue;
            }
            let behind = key[request.prefix.len()..].to_vec();
            let delimiter = request.delimiter.clone().unwrap_or_default();
            let at = (0..behind.len()).find(|at| !delimiter.is_empty() && behind[*at..].starts_with(&delimiter));
            let item = match at {
                Some(at) => Item::Prefix(key[..request.prefix.len() + at + delimiter.len()].to_vec()),
                None => Item::Key { key: ObjectKey::new(key).expect("a good key"), entry: entry(*position) },
            };
            if items.last() != Some(&item) {
                items.push(item);
            }
        }
        let more = request.limit > 0 && items.len() > request.limit;
        items.truncate(request.limit);
        Page { items, more }
    }

    fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
        vec(prop_oneof![Just(b'a'), Just(b'b'), Just(b'/'), Just(0xff)], 0..most)
    }

    fn after() -> impl Strategy<Value = Option<After>> {
        prop_oneof![
            Just(None),
            bytes(4).prop_map(|key| Some(After::Key(key))),
            bytes(3).prop_map(|p| Some(After::Prefix(p)))
        ]
    }

    proptest! {
        #[test]
        fn pages_equal_those_of_the_slow_twin(
            changes in vec((bytes(6), 0u8..4, 0u8..12), 0..120),
            requests in vec((bytes(3), proptest::option::of(bytes(3)), after(), 0usize..12), 8),
        ) {
            let mut model = BTreeMap::new();
            let (mut whole, mut halves) = (layers(0, 1), [layers(0, 2), layers(1, 2)]);
            for (position, (key, put, freeze)) in (1..).zip(changes.iter().filter(|(key, ..)| !key.is_empty())) {
                let put = *put > 0;
                if put { model.insert(key.clone(), position); } else { model.remove(key); }
                change(&mut whole, BUCKET, key, position, put);
                change(&mut halves[usize::from(shard_of(key).0 % 2)], BUCKET, key, position, put);
                for other in [BucketId(6), BucketId(8)] {
                    change(&mut whole, other, key, position, true);
                }
                if *freeze == 0 { checkpoint(&mut whole); }
                if *freeze == 1 { halves.iter_mut().for_each(checkpoint); }
            }
            for (prefix, delimiter, after, limit) in requests {
                let request = PageRequest { bucket: BUCKET, prefix, delimiter, after, limit };
                let slow = slow_page(&model, &request);
                prop_assert_eq!(objects(&whole, &request), Ok(slow.clone()), "{:?}", &request);
                let pages = halves.iter().map(|half| objects(half, &request).expect("twins")).collect();
                if limit > 0 {
                    prop_assert_eq!(merge(pages, limit), slow, "{:?}", &request);
                }
            }
        }
    }

    #[test]
    fn pages_follow_one_another_over_more_rows_than_a_batch() {
        let mut layers = layers(0, 1);
        for n in 0..2000u64 {
            change(&mut layers, BUCKET, format!("{:03}/{:04}", n / 500, n).as_bytes(), n + 1, true);
            if n % 700 == 0 {
                checkpoint(&mut layers);
            }
        }
        checkpoint(&mut layers);
        checkpoint(&mut layers);
        let mut request = PageRequest { bucket: BUCKET, prefix: Vec::new(), delimiter: None, after: None, limit: 300 };
        let mut found = 0;
        loop {
            let page = objects(&layers, &request).expect("a twin");
            found += page.items.len();
            let Some(Item::Key { key, .. }) = page.items.last() else { break };
            request.after = Some(After::Key(key.as_bytes().to_vec()));
            assert_eq!(page.more, found < 2000);
        }
        assert_eq!(found, 2000);
        request.after = None;
        request.delimiter = Some(b"/".to_vec());
        let page = objects(&layers, &request).expect("a twin");
        let folders = ["000/", "001/", "002/", "003/"].map(|folder| Item::Prefix(folder.into()));
        assert_eq!(page, Page { items: folders.to_vec(), more: false });
    }

    #[test]
    fn all_buckets_are_found() {
        let mut layers = layers(0, 1);
        let name = |text: &str| BucketName::new(text).expect("a good name");
        for (position, text) in (1..).zip(["bbb", "aaa"]) {
            let entry = BucketEntry {
                position: Sequence(position),
                sequence: Sequence(position),
                id: BucketId(position),
                state: crate::index::BucketState::Live,
                time_ms: 1,
                location: crate::types::Location::default(),
                kills: crate::types::KillList::default(),
            };
            let key = keys::bucket(&name(text));
            let value = entry.encode(&key);
            layers.active_mut().put(Table::Buckets, key, ShardId(0), entry.position, value);
            checkpoint(&mut layers);
        }
        let found = buckets(&layers).expect("a twin");
        let found: Vec<_> = found.into_iter().map(|(name, entry)| (name, entry.id)).collect();
        assert_eq!(found, [(name("aaa"), BucketId(2)), (name("bbb"), BucketId(1))]);
    }
}
