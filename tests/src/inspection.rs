//! An inspection: everything there is, read and compared with everything there may be.
//!
//! What is found becomes what there is: a later inspection, or a later start, must find the same.

use std::collections::{BTreeMap, BTreeSet};

use stratum_engine::index::{After, Item, UploadState};
use stratum_engine::node::{Head, Store};
use stratum_engine::types::{BucketName, ObjectKey, UploadId};

use crate::chance::Chance;
use crate::client::{bucket_name, from_engine};
use crate::ledger::{Shared, UnitName, UploadIds};
use crate::model::{Object, OpId, Slot, State};

/// What the store shows under one key.
#[derive(Debug, Default)]
struct Shown {
    object: Option<(Head, Vec<u8>)>,
    uploads: Vec<([u8; 16], Vec<Part>)>,
}

/// Number, bytes and MD5 of a part.
type Part = (u16, u64, [u8; 16]);

/// Looks at everything from `store`. Nothing else may be under way.
///
/// # Panics
/// If anything is not as it may be.
pub async fn inspect(store: &Store, ledger: &Shared, chance: &Chance) {
    let mut shown: BTreeMap<String, BTreeMap<String, Shown>> = BTreeMap::new();
    for bucket in store.buckets() {
        let seen = look(store, &bucket.name, chance).await;
        shown.insert(bucket.name.as_str().to_owned(), seen);
    }
    let lasting = ledger.borrow().lasting_buckets();
    for (bucket, keys) in shown.iter().filter(|(bucket, _)| lasting.contains(bucket)) {
        // A key that nobody ever put has its unit from now on: it is empty, and fails.
        for key in keys.keys() {
            ledger.borrow_mut().unit(bucket, Some(key));
        }
    }
    for bucket in shown.keys().filter(|bucket| !lasting.contains(bucket)) {
        ledger.borrow_mut().unit(bucket, None);
    }
    let names = ledger.borrow().names();
    for name in names {
        settle(ledger, &name, &shown);
    }
    for (bucket, keys) in &shown {
        let objects = keys.values().filter_map(|shown| shown.object.as_ref());
        let sums = objects.fold((0, 0), |(count, bytes), (head, _)| (count + 1, bytes + head.size));
        assert_eq!(store.counts(&bucket_name(bucket)).await, Ok(sums), "the counts of {bucket}");
        let objects = keys.iter().filter(|(_, shown)| shown.object.is_some()).map(|(key, _)| key.as_str());
        folded(store, &bucket_name(bucket), objects.collect()).await;
    }
}

/// Everything in a bucket.
async fn look(store: &Store, bucket: &BucketName, chance: &Chance) -> BTreeMap<String, Shown> {
    let mut shown: BTreeMap<String, Shown> = BTreeMap::new();
    let limit = usize::try_from(chance.pick(&[1, 3, 7, 1000])).expect("small");
    for item in pages(store, bucket, None, limit).await {
        let Item::Key { key, entry } = item else { panic!("{item:?} in a listing without a delimiter") };
        let object = store.get(bucket, &key).await.unwrap_or_else(|why| panic!("{bucket}/{}: {why}", text(&key)));
        let body =
            object.read(0, object.head.size).await.unwrap_or_else(|why| panic!("{bucket}/{}: {why}", text(&key)));
        assert_eq!((entry.etag, entry.size, entry.time_ms), (object.head.etag, object.head.size, object.head.time_ms));
        shown.entry(text(&key)).or_default().object = Some((object.head.clone(), body));
    }
    for (key, upload) in uploads(store, bucket, limit).await {
        let parts = parts(store, bucket, &key, upload, limit).await;
        shown.entry(text(&key)).or_default().uploads.push((upload.0, parts));
    }
    shown
}

/// All pages of the objects of a bucket.
async fn pages(store: &Store, bucket: &BucketName, delimiter: Option<&[u8]>, limit: usize) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    loop {
        let after = items.last().map(|item| match item {
            Item::Key { key, .. } | Item::Upload { key, .. } => After::Key(key.as_bytes().to_vec()),
            Item::Prefix(prefix) => After::Prefix(prefix.clone()),
        });
        let page = store.list(bucket, b"", delimiter, after, limit).await.expect("a page");
        assert!(page.items.len() <= limit && (!page.more || !page.items.is_empty()), "a page of {}", page.items.len());
        items.extend(page.items);
        if !page.more {
            return items;
        }
    }
}

async fn uploads(store: &Store, bucket: &BucketName, limit: usize) -> Vec<(ObjectKey, UploadId)> {
    let mut found: Vec<(ObjectKey, UploadId)> = Vec::new();
    loop {
        let after = found.last().map(|(key, upload)| After::Upload(key.as_bytes().to_vec(), *upload));
        let page = store.list_uploads(bucket, b"", None, after, limit).await.expect("a page of uploads");
        for item in page.items {
            let Item::Upload { key, upload, entry } = item else { panic!("{item:?} in a listing of uploads") };
            assert_eq!(entry.state, UploadState::Open);
            found.push((key, upload));
        }
        if !page.more {
            return found;
        }
    }
}

async fn parts(store: &Store, bucket: &BucketName, key: &ObjectKey, upload: UploadId, limit: usize) -> Vec<Part> {
    let mut found: Vec<Part> = Vec::new();
    loop {
        let after = found.last().map_or(0, |part| part.0);
        let page = store.list_parts(bucket, key, upload, after, limit).await.expect("a page of parts");
        found.extend(page.parts.into_iter().map(|(number, part)| (number, part.size, part.md5)));
        if !page.more {
            return found;
        }
    }
}

/// A listing with a delimiter shows each key, or the common prefix of several, once.
async fn folded(store: &Store, bucket: &BucketName, keys: Vec<&str>) {
    let fold = |key: &str| key.split_once('/').map_or_else(|| key.to_owned(), |(prefix, _)| format!("{prefix}/"));
    let expected: BTreeSet<String> = keys.into_iter().map(fold).collect();
    let items = pages(store, bucket, Some(b"/"), 5).await;
    let name = |item: &Item| match item {
        Item::Key { key, .. } | Item::Upload { key, .. } => text(key),
        Item::Prefix(prefix) => String::from_utf8(prefix.clone()).expect("keys are text"),
    };
    let names: Vec<String> = items.iter().map(name).collect();
    assert_eq!(names, expected.into_iter().collect::<Vec<_>>(), "the folded listing of {bucket}");
}

/// Compares one unit with what is shown of it.
fn settle(ledger: &Shared, name: &UnitName, shown: &BTreeMap<String, BTreeMap<String, Shown>>) {
    let (bucket, key) = name;
    let keys = shown.get(bucket);
    let nothing = Shown::default();
    let ids = ledger.borrow().upload_ids.clone();
    let fits = |key: &String, slots: &BTreeMap<String, Slot>, keys: &BTreeMap<String, Shown>| {
        let (slot, shown) = (slots.get(key).cloned().unwrap_or_default(), keys.get(key).unwrap_or(&nothing));
        is_slot(&slot, shown, &named(bucket, key, &slot, shown, &ids))
    };
    let is = |state: &State| match (state, keys, key) {
        (None, None, _) => true,
        (Some(slots), Some(keys), Some(key)) => fits(key, slots, keys),
        (Some(slots), Some(keys), None) => slots.keys().chain(keys.keys()).all(|key| fits(key, slots, keys)),
        _ => false,
    };
    let mut ledger = ledger.borrow_mut();
    let unit = ledger.unit(bucket, key.as_deref());
    if let Err(why) = unit.look(is) {
        let seen = keys.into_iter().flatten().filter(|(seen, _)| key.as_ref().is_none_or(|key| key == *seen));
        let seen: Vec<_> = seen.map(|(key, shown)| (key, outline(shown))).collect();
        panic!("{bucket}/{}: {why}; but there is {seen:?}", key.as_deref().unwrap_or("*"));
    }
    let Some(Some(slots)) = unit.known().cloned() else { return };
    for (key, slot) in slots {
        let Some(shown) = keys.and_then(|keys| keys.get(&key)) else { continue };
        // An upload whose answer was lost: its id is known from now on.
        for (op, id) in named(bucket, &key, &slot, shown, &ids) {
            ledger.upload_ids.insert(op, (bucket.clone(), key.clone(), id));
        }
    }
}

fn is_slot(slot: &Slot, shown: &Shown, named: &[(OpId, [u8; 16])]) -> bool {
    let object = match (&slot.object, &shown.object) {
        (None, None) => true,
        (Some(object), Some((head, body))) => is_object(object, head, body),
        _ => false,
    };
    let open: Vec<OpId> =
        slot.uploads.iter().filter(|(_, upload)| upload.completed.is_none()).map(|(op, _)| *op).collect();
    let uploads = open.len() == shown.uploads.len() && named.len() == open.len();
    object && uploads && named.iter().all(|(op, id)| slot_parts(slot, *op) == shown_parts(shown, id))
}

fn is_object(object: &Object, head: &Head, body: &[u8]) -> bool {
    object.etag == (head.etag.md5, head.etag.parts)
        && object.size() == head.size
        && object.attributes == from_engine(&head.attributes)
        && object.body() == body
}

/// Which shown upload is which: by its id, and those whose id nobody was told in their order.
fn named(bucket: &str, key: &str, slot: &Slot, shown: &Shown, ids: &UploadIds) -> Vec<(OpId, [u8; 16])> {
    let here = ids.iter().filter(|(_, (of, at, _))| of == bucket && at == key);
    let told: BTreeMap<OpId, [u8; 16]> = here.map(|(op, (.., id))| (*op, *id)).collect();
    let mut new = shown.uploads.iter().map(|(id, _)| *id).filter(|id| told.values().all(|told| told != id));
    let mut named = Vec::new();
    for (op, _) in slot.uploads.iter().filter(|(_, upload)| upload.completed.is_none()) {
        let id = match told.get(op) {
            Some(id) => shown.uploads.iter().any(|(shown, _)| shown == id).then_some(*id),
            None => new.next(),
        };
        named.extend(id.map(|id| (*op, id)));
    }
    named
}

fn slot_parts(slot: &Slot, op: OpId) -> Vec<Part> {
    let parts = slot.uploads.get(&op).into_iter().flat_map(|upload| &upload.parts);
    parts.map(|(number, piece)| (*number, piece.len as u64, piece.md5)).collect()
}

fn shown_parts(shown: &Shown, id: &[u8; 16]) -> Vec<Part> {
    shown.uploads.iter().find(|(shown, _)| shown == id).map(|(_, parts)| parts.clone()).unwrap_or_default()
}

fn outline(shown: &Shown) -> String {
    let tag = |md5: &[u8; 16]| format!("{:02x}{:02x}", md5[0], md5[1]);
    let object = shown.object.as_ref().map(|(head, _)| (head.size, tag(&head.etag.md5), &head.attributes));
    let uploads = shown.uploads.iter().map(|(id, parts)| {
        let parts: Vec<_> = parts.iter().map(|(number, size, md5)| format!("{number}: {size}*{}", tag(md5))).collect();
        format!("{} {parts:?}", id[15])
    });
    format!("{object:?} and uploads {:?}", uploads.collect::<Vec<_>>())
}

fn text(key: &ObjectKey) -> String {
    String::from_utf8(key.as_bytes().to_vec()).expect("a test's keys are text")
}

/// Lists a lasting bucket while others write: what nobody touches meanwhile must be there as it is, once, and in order.
///
/// # Panics
/// If it is not.
pub async fn list_meanwhile(store: &Store, ledger: &Shared, bucket: &str, limit: usize) {
    let still: Vec<(String, u64, Slot)> = {
        let mut ledger = ledger.borrow_mut();
        let names = ledger.names().into_iter().filter(|(of, _)| of == bucket);
        let keys: Vec<String> = names.filter_map(|(_, key)| key).collect();
        let slot = |key: String| {
            let slot = ledger.slot(bucket, &key)?;
            let changes = ledger.unit(bucket, Some(&key)).changes();
            Some((key, changes, slot))
        };
        keys.into_iter().filter_map(slot).collect()
    };
    let items = pages(store, &bucket_name(bucket), None, limit).await;
    let mut listed = BTreeMap::new();
    let mut last: Option<String> = None;
    for item in items {
        let Item::Key { key, entry } = item else { panic!("{item:?} in a listing without a delimiter") };
        let key = text(&key);
        assert!(last.as_ref().is_none_or(|last| *last < key), "{key} is listed behind {last:?}");
        last = Some(key.clone());
        listed.insert(key, (entry.etag.md5, entry.etag.parts));
    }
    for (key, changes, slot) in still {
        if ledger.borrow_mut().unit(bucket, Some(&key)).changes() == changes {
            let expected = slot.object.map(|object| object.etag);
            assert_eq!(listed.get(&key).copied(), expected, "{bucket}/{key} in a listing while others write");
        }
    }
}

/// What is certain of the uploads of a key, open ones only.
#[must_use]
pub fn open_uploads(slot: &Slot) -> Vec<OpId> {
    slot.uploads.iter().filter(|(_, upload)| upload.completed.is_none()).map(|(op, _)| *op).collect()
}
