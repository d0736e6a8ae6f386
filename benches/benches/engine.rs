//! What the engine's parts cost by themselves: filling a group and appending it, finding a key, listing a page, a
//! checkpoint.
//!
//! The stores are real LMDB environments in a temporary directory, the log is a real one there on a core of its own;
//! what they write is synced. What is not here: a whole node under load, which is the program `engine_load`.
#![expect(clippy::disallowed_methods, reason = "the stores of a bench lie in real directories")]

use std::collections::{BTreeMap, VecDeque};
use std::hint::black_box;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use stratum_engine::digest::crc32c;
use stratum_engine::disk::{self, Catalog, DiskHealth, DiskOptions, Geometry, Segments, follow, serve};
use stratum_engine::index::{Entry, Home, Identity, Layers, PageRequest, Position, Store, Table, keys, objects};
use stratum_engine::log::{Change, GroupBuilder, Link, LogWriter, Meta, Record};
use stratum_engine::rt::real::{Driver, RunOptions, run};
use stratum_engine::rt::{self, Buffer, mailbox};
use stratum_engine::types::{BucketId, CoreId, Etag, KillList, Location, ObjectKey, SegmentId, Sequence, ShardId};
use tempfile::TempDir;

const BUCKET: BucketId = BucketId(7);
const KEYS: u64 = 100_000;
const MAP_BYTES: usize = 1 << 30;
/// Segments of the log that are kept behind the open one: the last may still be getting its footer.
const SEGMENTS_KEPT: usize = 3;

fn key(number: u64) -> ObjectKey {
    ObjectKey::new(format!("folder/objects/of/the/bench/{number:012}").as_bytes()).expect("a good key")
}

fn shard_of(number: u64, shards: u16) -> ShardId {
    let shard = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    ShardId(u16::try_from(shard % u64::from(shards)).expect("a remainder of 16 bits"))
}

fn record(payload: &[u8]) -> Record {
    let size = payload.len() as u64;
    let change = Change::Put { size, md5: [5; 16], parts: 0, large: false, completes: None, attributes: Vec::new() };
    Record {
        shard: ShardId(0),
        bucket: BUCKET,
        sequence: Sequence(2),
        position: Sequence(2),
        time_ms: 3,
        key: key(2).as_bytes().to_vec(),
        meta: Meta::new(change, &KillList::default()),
        payload_bytes: u32::try_from(payload.len()).expect("a small payload"),
        payload_crc: crc32c(payload),
    }
}

/// Layers over empty stores in `home`, and all keys in the memtable.
fn filled(home: &TempDir, shards: u16) -> Layers {
    let stores = (0..shards).map(|shard| {
        let directory = home.path().join(format!("shard-{shard}"));
        std::fs::create_dir_all(&directory).expect("a directory in a temporary one");
        let identity = Identity { store: [7; 16], shard: ShardId(shard), shard_count: shards };
        let store =
            Store::create(&Home::Directory(directory, MAP_BYTES), identity, |_| {}).expect("an empty directory");
        (ShardId(shard), store)
    });
    let mut layers = Layers::new(stores.collect());
    for number in 0..KEYS {
        let stored = keys::object(BUCKET, &key(number));
        let position = Sequence(number + 1);
        let entry = Entry {
            position,
            sequence: position,
            location: Location { segment: SegmentId(1), offset: 4096, length: 4200 },
            time_ms: 1,
            size: 4096,
            etag: Etag::default(),
            large: false,
            upload: None,
            kills: KillList::default(),
        };
        let value = entry.encode(&stored);
        layers.active_mut().put(Table::Current, stored, shard_of(number, shards), position, value);
    }
    layers
}

/// Brings what the memtable holds into the stores, as a checkpoint does.
fn checkpoint(layers: &mut Layers) {
    let frozen = layers.freeze().expect("nothing was frozen before");
    let last = frozen.last().iter();
    let positions: BTreeMap<ShardId, Position> =
        last.map(|(shard, sequence)| (*shard, Position { sequence: *sequence, ..Position::default() })).collect();
    for (shard, batch) in frozen.batches(&positions) {
        layers.stores()[&shard].commit(&batch).expect("there is room");
    }
    layers.drop_frozen();
}

fn group(criterion: &mut Criterion) {
    let payload = vec![9; 4096];
    let mut group = criterion.benchmark_group("group");
    group.throughput(Throughput::Elements(16));
    group.bench_function("sixteen records of 4 KiB", |bencher| {
        let mut memory = Some(Buffer::zeroed(1 << 20));
        bencher.iter(|| {
            let buffer = memory.take().expect("every round gives it back");
            let mut builder = GroupBuilder::new(SegmentId(1), 4096, 1 << 25, buffer);
            for _ in 0..16 {
                let placed = builder.place(&record(&payload), black_box(&payload)).expect("there is room");
                builder.add(placed, black_box(&payload));
            }
            let (sealed, crc, entries) = builder.seal(Link::default());
            black_box((crc, entries));
            memory = Some(sealed);
        });
    });
    group.sample_size(20);
    for records in [1, 16] {
        let name = BenchmarkId::new("appended, records of 4 KiB", records);
        group.throughput(Throughput::Elements(records));
        group.bench_function(name, |bencher| bencher.iter_custom(|groups| appended(groups, records)));
    }
    group.finish();
}

/// The time that so many groups take, one after the other, each durable before the next.
fn appended(groups: u64, records: u64) -> Duration {
    let home = TempDir::new().expect("a temporary directory");
    let (store, took) = (home.path().join("store"), Arc::new(AtomicU64::new(0)));
    let told = Arc::clone(&took);
    let options = RunOptions { cores: 1, driver: Driver::Auto, notice: |_| {} };
    let main = move |core| {
        let (store, told) = (store.clone(), Arc::clone(&told));
        async move { told.store(append(&store, core, groups, records).await, Ordering::SeqCst) }
    };
    run(options, main).expect("a core starts");
    Duration::from_nanos(took.load(Ordering::SeqCst))
}

async fn append(store: &Path, core: CoreId, groups: u64, records: u64) -> u64 {
    let options = DiskOptions {
        geometry: Geometry::product(),
        shards: 1,
        reserve_slots: 0,
        low_water_slots: 2,
        index_reserve_bytes: 0,
        bytes_max: None,
    };
    let disk = disk::open(store, &options).await.expect("the disk opens");
    let catalog = Rc::new(Catalog::default());
    let ((post, requests), (notes_post, notes)) = (mailbox(16), mailbox(16));
    drop(rt::spawn(serve(Rc::clone(disk.owner()), requests, vec![notes_post])));
    drop(rt::spawn(follow(Rc::clone(&catalog), notes)));
    let segments = Segments::new(disk.containers(core), catalog, core, post, |_| {}, DiskHealth::default());
    let segments = Rc::new(segments);
    let mut log = LogWriter::new(Rc::clone(&segments), core);
    let mut kept = VecDeque::new();
    let (payload, mut appended) = (vec![9; 4096], 0);
    // The first segment is made before the clock starts.
    log.turn().await.expect("an empty disk has room");
    let begun = rt::now();
    while appended < groups {
        if let Some(mut group) = log.begin() {
            let mut placed = 0;
            while placed < records
                && let Some(place) = group.place(&record(&payload), &payload)
            {
                group.add(place, &payload);
                placed += 1;
            }
            if placed == records {
                let done = log.append(group).await.expect("a group is appended");
                appended += 1;
                if kept.back() != Some(&done.segment) {
                    kept.push_back(done.segment);
                }
                continue;
            }
            log.put_back(group);
        }
        log.turn().await.expect("there is a next segment");
        if kept.len() > SEGMENTS_KEPT {
            segments.free(kept.drain(..1).collect()).await.expect("nobody reads it");
        }
    }
    rt::now() - begun
}

fn lookup(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lookup");
    let home = TempDir::new().expect("a temporary directory");
    let mut layers = filled(&home, 16);
    for place in ["memtable", "stores"] {
        let mut number = 0;
        group.bench_function(place, |bencher| {
            bencher.iter(|| {
                number = (number + 7919) % KEYS;
                let stored = keys::object(BUCKET, &key(number));
                layers.lookup(Table::Current, &stored, shard_of(number, 16)).expect("a whole store")
            });
        });
        if place == "memtable" {
            checkpoint(&mut layers);
        }
    }
    group.finish();
}

fn listing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a page of 1,000 keys");
    for shards in [1, 16] {
        let home = TempDir::new().expect("a temporary directory");
        let mut layers = filled(&home, shards);
        checkpoint(&mut layers);
        let request = PageRequest { bucket: BUCKET, prefix: Vec::new(), delimiter: None, after: None, limit: 1000 };
        group.bench_with_input(BenchmarkId::new("stores", shards), &request, |bencher, request| {
            bencher.iter(|| objects(&layers, black_box(request)).expect("whole stores"));
        });
    }
    group.finish();
}

fn checkpoints(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("checkpoint of 100,000 keys");
    group.sample_size(10);
    group.throughput(Throughput::Elements(KEYS));
    for shards in [1, 16] {
        group.bench_with_input(BenchmarkId::new("into empty stores", shards), &shards, |bencher, shards| {
            let made = || {
                let home = TempDir::new().expect("a temporary directory");
                let layers = filled(&home, *shards);
                (home, layers)
            };
            let work = |(home, mut layers): (TempDir, Layers)| {
                checkpoint(&mut layers);
                (home, layers)
            };
            bencher.iter_batched(made, work, BatchSize::PerIteration);
        });
    }
    group.finish();
}

criterion_group!(benches, group, lookup, listing, checkpoints);
criterion_main!(benches);
