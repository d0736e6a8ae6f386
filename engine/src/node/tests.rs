//! A node in the simulation: what is put is read, listed, deleted, and is still so after a start.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use crate::disk::{DiskOptions, Geometry};
use crate::error::Error;
use crate::index::{Item, TwinDisk};
use crate::log::Attribute;
use crate::node::{IndexPlace, Options, PutOptions, Store, seats};
use crate::rt;
use crate::rt::sim::{self, Fuse, Outcome, World};
use crate::shard::{Completion, Conditions, OwnerOptions};
use crate::types::{BucketName, Note, ObjectKey};

const SHARDS: u16 = 4;

fn options(cores: u16) -> Options {
    Options {
        store: PathBuf::from("/store"),
        cores,
        disk: DiskOptions {
            geometry: Geometry::new(256 * 1024, 8, 8192, 4096).expect("a small geometry"),
            shards: SHARDS,
            reserve_slots: 2 * usize::from(cores),
            low_water_slots: 4 * usize::from(cores),
            index_reserve_bytes: 0,
            bytes_max: None,
        },
        index: IndexPlace::Twins((0..SHARDS).map(|_| TwinDisk::new()).collect()),
        owner: OwnerOptions {
            memtable_keys_max: 50,
            memtable_bytes_max: 1 << 20,
            checkpoint_log_bytes: 1 << 20,
            index_resident_bytes: 0,
            part_bytes_min: 1,
        },
        inline_bytes_max: 4096,
        buffer_bytes: 8 << 20,
        upkeep_ms: 50,
        accept_damage: false,
        notice: |text| panic!("nothing is wrong here, but: {text}"),
    }
}

/// Opens the node on all its cores and gives the handles.
async fn open(options: &Options) -> Vec<Store> {
    let opened: Rc<RefCell<Vec<Store>>> = Rc::default();
    let tasks: Vec<_> = seats(options)
        .into_iter()
        .map(|seat| {
            let opened = Rc::clone(&opened);
            rt::spawn(async move {
                let store = seat.open().await.expect("the store opens");
                opened.borrow_mut().push(store);
            })
        })
        .collect();
    for task in tasks {
        task.await;
    }
    opened.take()
}

fn key(number: usize) -> ObjectKey {
    ObjectKey::new(format!("folder/{number:04}").as_bytes()).expect("a good key")
}

fn body(number: usize) -> Vec<u8> {
    vec![u8::try_from(number % 251).expect("small"); (number * 37) % 9000]
}

#[test]
fn what_is_put_is_there_after_a_start_with_any_number_of_cores() {
    let world = World::new(7, sim::Options::default());
    let name = BucketName::new("photos").expect("a good name");
    let mut all = options(2);
    for (round, cores) in [2, 1, 4].into_iter().enumerate() {
        all.cores = cores;
        let work = async {
            let stores = open(&all).await;
            let store = &stores[round % stores.len()];
            if round == 0 {
                store.create_bucket(&name).await.expect("a new bucket");
            }
            for number in round * 100..round * 100 + 100 {
                store.put(&name, &key(number), &body(number), PutOptions::default()).await.expect("a put");
            }
            for number in 0..round * 100 + 100 {
                let object = store.get(&name, &key(number)).await.expect("it is there");
                assert_eq!(object.read(0, object.head.size).await, Ok(body(number)), "{number}");
            }
            let page = store.list(&name, b"folder/", None, None, 1000).await.expect("a page");
            assert_eq!(page.items.len(), round * 100 + 100);
            let folded = store.list(&name, b"", Some(b"/"), None, 1000).await.expect("a page");
            assert_eq!(folded.items, [Item::Prefix(b"folder/".to_vec())]);
            for store in &stores {
                store.close().await.expect("a good end");
            }
        };
        assert!(matches!(world.run(work, Fuse::Never), Outcome::Done(())), "round {round}");
    }
}

#[test]
fn a_deleted_object_stays_deleted_and_its_bucket_goes() {
    let world = World::new(8, sim::Options::default());
    let name = BucketName::new("photos").expect("a good name");
    let all = options(2);
    let work = async {
        let stores = open(&all).await;
        let store = &stores[0];
        store.create_bucket(&name).await.expect("a new bucket");
        store.put(&name, &key(1), &body(200), PutOptions::default()).await.expect("a put");
        assert!(store.delete_bucket(&name).await.is_err());
        store.delete(&name, &key(1), Conditions::default()).await.expect("a delete");
        assert!(store.get(&name, &key(1)).await.is_err());
        store.delete_bucket(&name).await.expect("it is empty");
        assert!(store.bucket(&name).is_none());
    };
    assert!(matches!(world.run(work, Fuse::PowerCut { after_events: u64::MAX }), Outcome::Done(())));
    let again = async {
        let stores = open(&all).await;
        assert!(stores[1].buckets().is_empty());
    };
    assert!(matches!(world.run(again, Fuse::Never), Outcome::Done(())));
}

#[test]
fn an_empty_bucket_takes_its_uploads_along() {
    let world = World::new(9, sim::Options::default());
    let name = BucketName::new("photos").expect("a good name");
    let all = options(2);
    let work = async {
        let stores = open(&all).await;
        let store = &stores[0];
        store.create_bucket(&name).await.expect("a new bucket");
        let upload = store.create_upload(&name, &key(1), Vec::new()).await.expect("a new upload");
        let mut part = store.upload_part(&name, &key(1), upload, 1, None).await.expect("a part begins");
        part.write(&body(200)).await.expect("bytes");
        part.finish(PutOptions::default()).await.expect("a part");
        store.delete_bucket(&name).await.expect("uploads do not hold a bucket");
        store.create_bucket(&name).await.expect("the name is free");
        let page = store.list_uploads(&name, b"", None, None, 10).await.expect("a page");
        assert!(page.items.is_empty());
    };
    assert!(matches!(world.run(work, Fuse::Never), Outcome::Done(())));
}

#[test]
fn a_repeated_complete_succeeds_for_a_day() {
    let world = World::new(10, sim::Options::default());
    let name = BucketName::new("photos").expect("a good name");
    let all = Options { upkeep_ms: 60_000, ..options(1) };
    let work = async {
        let stores = open(&all).await;
        let store = &stores[0];
        store.create_bucket(&name).await.expect("a new bucket");
        let upload = store.create_upload(&name, &key(1), Vec::new()).await.expect("a new upload");
        let mut part = store.upload_part(&name, &key(1), upload, 1, None).await.expect("a part begins");
        part.write(&body(200)).await.expect("bytes");
        let etag = part.finish(PutOptions::default()).await.expect("a part").etag;
        let named = || vec![(1, etag.md5)];
        let target = key(1);
        let complete = || {
            let completion = Completion { parts: named(), ..Completion::default() };
            store.complete_upload(&name, &target, upload, completion)
        };
        let first = complete().await.expect("it completes");
        store.checkpoint().await.expect("a checkpoint");
        assert_eq!(complete().await.map(|answer| answer.etag), Ok(first.etag));
        assert!(store.abort_upload(&name, &key(1), upload).await.is_err());
        rt::sleep(std::time::Duration::from_millis(crate::limits::COMPLETED_REMEMBERED_MS + 200_000)).await;
        store.checkpoint().await.expect("a checkpoint");
        assert!(complete().await.is_err(), "it is forgotten after a day");
        let object = store.get(&name, &key(1)).await.expect("the object stays");
        assert_eq!(object.read(0, object.head.size).await, Ok(body(200)));
    };
    assert!(matches!(world.run(work, Fuse::Never), Outcome::Done(())));
}

#[test]
fn what_is_noted_on_a_part_and_on_its_upload_stays_with_the_object() {
    let world = World::new(12, sim::Options::default());
    let name = BucketName::new("photos").expect("a good name");
    let all = options(2);
    let attribute = |name: &str| Attribute { name: name.to_owned(), value: "value".to_owned() };
    let note = Note::new(b"\x01noted").expect("a short note");
    let work = async {
        let stores = open(&all).await;
        let store = &stores[0];
        store.create_bucket(&name).await.expect("a new bucket");
        let began = vec![attribute("began")];
        let upload = store.create_upload(&name, &key(1), began.clone()).await.expect("a new upload");
        assert_eq!(store.upload_attributes(&name, &key(1), upload).await, Ok(began));
        let mut part = store.upload_part(&name, &key(1), upload, 1, None).await.expect("a part begins");
        part.write(&body(200)).await.expect("bytes");
        let noted = PutOptions { note: note.clone(), ..PutOptions::default() };
        let etag = part.finish(noted).await.expect("a part").etag;
        store.checkpoint().await.expect("a checkpoint");
        let listed = store.list_parts(&name, &key(1), upload, 0, 10).await.expect("a page");
        assert_eq!(listed.parts.first().map(|(_, part)| part.note.clone()), Some(note.clone()));
        let parts = vec![(1, etag.md5)];
        let much = vec![attribute(&"x".repeat(crate::limits::ATTRIBUTES_BYTES_MAX))];
        let refused = Completion { parts: parts.clone(), attributes: much, ..Completion::default() };
        let refused = store.complete_upload(&name, &key(1), upload, refused).await;
        assert_eq!(refused.map(|_| ()), Err(Error::AttributesTooLarge));
        let completion = Completion { parts, attributes: vec![attribute("ended")], ..Completion::default() };
        store.complete_upload(&name, &key(1), upload, completion).await.expect("it completes");
        assert_eq!(store.upload_attributes(&name, &key(1), upload).await, Err(Error::NoSuchUpload));
        let object = store.get(&name, &key(1)).await.expect("the object");
        assert_eq!(object.head.attributes, vec![attribute("began"), attribute("ended")]);
        assert_eq!(object.parts().iter().map(|part| part.note.clone()).collect::<Vec<_>>(), vec![note.clone()]);
    };
    assert!(matches!(world.run(work, Fuse::Never), Outcome::Done(())));
}

#[test]
fn a_segment_from_before_a_crash_is_never_appended_to() {
    let world = World::new(11, sim::Options::default());
    let name = BucketName::new("photos").expect("a good name");
    let all = Options { upkeep_ms: 0, ..options(1) };
    let put_one = |number: usize, create: bool| {
        let (name, all) = (name.clone(), all.clone());
        async move {
            let stores = open(&all).await;
            let before = stores[0].inner.disk.catalog().ends().map(|(_, newest)| newest);
            if create {
                stores[0].create_bucket(&name).await.expect("a new bucket");
            }
            stores[0].put(&name, &key(number), &body(1), PutOptions::default()).await.expect("a put");
            let id = stores[0].bucket_id(&name).expect("it is there");
            let entry = stores[0].entry(id, &key(number)).await.expect("it was put");
            (before, entry.location.segment)
        }
    };
    let first = world.run(put_one(1, true), Fuse::Never);
    let Outcome::Done((None, first)) = first else { panic!("the first start found no segment") };
    let second = world.run(put_one(2, false), Fuse::Never);
    let Outcome::Done((Some(before), second)) = second else { panic!("the second start found segments") };
    assert!(second > first && second > before, "{first} was there, {before} the newest, {second} was written");
}

#[test]
fn a_moved_record_kills_the_segment_it_left() {
    let world = World::new(12, sim::Options::default());
    let name = BucketName::new("photos").expect("a good name");
    let all = Options { upkeep_ms: 0, ..options(1) };
    let first = async {
        let stores = open(&all).await;
        stores[0].create_bucket(&name).await.expect("a new bucket");
        stores[0].put(&name, &key(1), &body(1), PutOptions::default()).await.expect("a put");
    };
    assert!(matches!(world.run(first, Fuse::Never), Outcome::Done(())));
    // The start has sealed the segment. It is emptied, but not freed: a rebuild would find the old copy there.
    let second = async {
        let stores = open(&all).await;
        let store = &stores[0];
        store.checkpoint().await.expect("a checkpoint");
        let id = store.bucket_id(&name).expect("it is there");
        let left = store.entry(id, &key(1)).await.expect("it was put").location.segment;
        let emptied = store.inner.peers.me().evacuate(left).await.expect("it can be emptied");
        assert!(matches!(emptied, crate::shard::Evacuated::Done(moved) if moved > 0));
        let entry = store.entry(id, &key(1)).await.expect("it was moved");
        assert_ne!(entry.location.segment, left);
        assert!(entry.kills.names(left), "whatever kills it must kill the copy that stays behind too");
        store.delete(&name, &key(1), Conditions::default()).await.expect("a delete");
    };
    assert!(matches!(world.run(second, Fuse::Never), Outcome::Done(())));
}

#[test]
fn full_memtables_refuse_puts_until_the_index_has_room_and_lose_nothing() {
    let world = World::new(13, sim::Options::default());
    let name = BucketName::new("photos").expect("a good name");
    let mut all = options(1);
    all.owner.memtable_keys_max = 5;
    let IndexPlace::Twins(twins) = all.index.clone() else { panic!("the index is a row of twins") };
    let work = async {
        let stores = open(&all).await;
        let store = &stores[0];
        store.create_bucket(&name).await.expect("a new bucket");
        twins.iter().for_each(|twin| twin.set_full(true));
        let mut put = 0;
        let refused = loop {
            match store.put(&name, &key(put), &body(1), PutOptions::default()).await {
                Ok(_) => put += 1,
                Err(why) => break why,
            }
        };
        assert!(put >= 5, "both memtables took {put} keys");
        assert_eq!(refused, crate::error::Error::NoSpace, "a full index is no damage");
        for number in 0..put {
            assert!(store.get(&name, &key(number)).await.is_ok(), "{number} was acknowledged");
        }
        twins.iter().for_each(|twin| twin.set_full(false));
        rt::sleep(std::time::Duration::from_secs(2)).await;
        store.put(&name, &key(put), &body(1), PutOptions::default()).await.expect("there is room again");
        assert_eq!(store.counts(&name).await.map(|counts| counts.0), Ok(put as u64 + 1), "each is counted once");
    };
    assert!(matches!(world.run(work, Fuse::Never), Outcome::Done(())));
}

/// A move is a change like any other. Compaction's went past the bound of the memtable, as many as a segment holds.
#[test]
fn moves_wait_for_room_in_the_memtable_like_any_other_change() {
    let world = World::new(16, sim::Options::default());
    let name = BucketName::new("photos").expect("a good name");
    let mut all = Options { upkeep_ms: 0, ..options(1) };
    all.owner.memtable_keys_max = 1000;
    let fill = async {
        let store = open(&all).await.pop().expect("one core");
        store.create_bucket(&name).await.expect("a new bucket");
        // All at once: together they fill few groups of one segment.
        let put = |number| {
            let (store, name) = (store.clone(), name.clone());
            rt::spawn(async move { store.put(&name, &key(number), b"x", PutOptions::default()).await })
        };
        for task in (0..300).map(put).collect::<Vec<_>>() {
            task.await.expect("a put");
        }
    };
    assert!(matches!(world.run(fill, Fuse::Never), Outcome::Done(())));
    all.owner.memtable_keys_max = 5;
    let IndexPlace::Twins(twins) = all.index.clone() else { panic!("the index is a row of twins") };
    let empty = async {
        let store = open(&all).await.pop().expect("one core");
        store.checkpoint().await.expect("a checkpoint");
        let id = store.bucket_id(&name).expect("it is there");
        let segment = store.entry(id, &key(1)).await.expect("it was put").location.segment;
        let me = store.inner.peers.me();
        twins.iter().for_each(|twin| twin.set_full(true));
        let refused = me.evacuate(segment).await.err();
        assert_eq!(refused, Some(Error::NoSpace), "the index has no room for the moves");
        assert!(me.pending_keys() < 200, "{} keys are held", me.pending_keys());
        twins.iter().for_each(|twin| twin.set_full(false));
        let mut tries = 0;
        while me.evacuate(segment).await.is_err() {
            tries += 1;
            assert!(tries < 100, "it is never emptied");
        }
    };
    assert!(matches!(world.run(empty, Fuse::Never), Outcome::Done(())));
}

/// Who asks for a checkpoint and gives up left its turn to the next one while a store was taking the batch: that store
/// was given it again, and counted all of it twice.
#[test]
fn a_checkpoint_that_is_given_up_adds_no_sum_twice() {
    let world = World::new(17, sim::Options::default());
    let name = BucketName::new("photos").expect("a good name");
    let all = Options { upkeep_ms: 0, ..options(1) };
    let work = async {
        let store = open(&all).await.pop().expect("one core");
        store.create_bucket(&name).await.expect("a new bucket");
        for round in 0..40 {
            for number in round * 4..round * 4 + 4 {
                store.put(&name, &key(number), b"x", PutOptions::default()).await.expect("a put");
            }
            let patience = std::time::Duration::from_micros(20 * u64::try_from(round).expect("small"));
            drop(rt::timeout(patience, store.checkpoint()).await);
            store.checkpoint().await.expect("a checkpoint");
            let objects = 4 * (u64::try_from(round).expect("small") + 1);
            assert_eq!(store.counts(&name).await, Ok((objects, objects)), "round {round}");
        }
    };
    assert!(matches!(world.run(work, Fuse::Never), Outcome::Done(())));
}

#[test]
fn an_exhausted_pool_makes_readers_wait_and_all_of_them_are_served() {
    let world = World::new(14, sim::Options::default());
    let name = BucketName::new("photos").expect("a good name");
    let all = Options { buffer_bytes: 16 * 1024, ..options(1) };
    let work = async {
        let stores = open(&all).await;
        let store = stores[0].clone();
        store.create_bucket(&name).await.expect("a new bucket");
        store.put(&name, &key(1), &body(1), PutOptions::default()).await.expect("a put");
        let readers: Vec<_> = (0..50)
            .map(|_| {
                let (store, name) = (store.clone(), name.clone());
                rt::spawn(async move {
                    let object = store.get(&name, &key(1)).await.expect("it is there");
                    rt::sleep(std::time::Duration::from_millis(5)).await;
                    object.read(0, object.head.size).await
                })
            })
            .collect();
        for reader in readers {
            assert_eq!(reader.await, Ok(body(1)));
        }
    };
    assert!(matches!(world.run(work, Fuse::Never), Outcome::Done(())));
}

thread_local! {
    static TOLD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn an_index_that_is_gone_is_told_of_once_and_built_anew_from_the_log() {
    let world = World::new(15, sim::Options::default());
    let name = BucketName::new("photos").expect("a good name");
    let all = Options { notice: |text| TOLD.with_borrow_mut(|told| told.push(text.to_owned())), ..options(2) };
    let IndexPlace::Twins(twins) = all.index.clone() else { panic!("the index is a row of twins") };
    let fill = async {
        let stores = open(&all).await;
        stores[0].create_bucket(&name).await.expect("a new bucket");
        for number in 0..100 {
            stores[0].put(&name, &key(number), &body(number), PutOptions::default()).await.expect("a put");
        }
        for store in &stores {
            store.close().await.expect("a good end");
        }
    };
    assert!(matches!(world.run(fill, Fuse::Never), Outcome::Done(())));
    assert_eq!(TOLD.take(), Vec::<String>::new(), "a new store has no index to miss");
    let read = async || {
        let stores = open(&all).await;
        for number in 0..100 {
            let object = stores[1].get(&name, &key(number)).await.expect("it is there");
            assert_eq!(object.read(0, object.head.size).await, Ok(body(number)), "{number}");
        }
        assert_eq!(stores[1].counts(&name).await.map(|counts| counts.0), Ok(100));
        for store in &stores {
            store.close().await.expect("a good end");
        }
    };
    let anew = "is not there: nothing is lost, the log has everything; it is built anew, and this start takes longer";
    for (lost, expected) in [(1..2, "the index of shard 1"), (1..3, "the index of shards 1, 2"), (0..4, "the index")] {
        twins[lost].iter().for_each(TwinDisk::erase);
        assert!(matches!(world.run(read(), Fuse::Never), Outcome::Done(())));
        assert_eq!(TOLD.take(), [format!("{expected} {anew}")]);
    }
    assert!(matches!(world.run(read(), Fuse::Never), Outcome::Done(())));
    assert_eq!(TOLD.take(), Vec::<String>::new(), "it is said once");
}
