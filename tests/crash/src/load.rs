//! The work of the victim: clients that put, replace, create, delete, upload in parts, and checkpoints on top, until it
//! is killed.
//!
//! What must hold: a client says what it wants before it asks, and that it was done after it was answered. A key
//! belongs to one client, which has one thing under way with it.

use std::time::Duration;

use stratum_engine::error::Error;
use stratum_engine::node::{PutOptions, Store};
use stratum_engine::rt::{self, real::Driver};
use stratum_engine::shard::{Conditions, EtagMatch};
use stratum_engine::types::{BucketName, ObjectKey};

use crate::body;
use crate::chance::Chance;
use crate::node::{Core, run_node, signal_all};
use crate::options::{SMALL_SLOT_BYTES, Scale};
use crate::saying::{Phase, Saying};
use crate::uploads;

/// Clients of the whole node.
const CLIENTS: u64 = 8;
/// Keys of each client. Every eighth may have a large body: all that is live stays far below what the disk may take.
const KEYS: u64 = 40;
/// Bodies that are longer than a data segment come now and then.
const LARGE_BYTES: (u64, u64) = (300 * 1024, 3 * 1024 * 1024);
/// A body of a burst: it lies in its record.
const BURST_BYTES: u64 = 100 * 1024;

/// The bucket of all this.
#[must_use]
pub fn bucket() -> BucketName {
    BucketName::new("crash").expect("a good name")
}

/// The checked key.
#[must_use]
pub fn key(name: &str) -> ObjectKey {
    ObjectKey::new(name.as_bytes()).expect("a short word")
}

/// Works until it is killed. Versions begin at `versions`, which no earlier run may have reached.
pub fn load(store: std::path::PathBuf, cores: u16, driver: Driver, seed: u64, versions: u64) -> bool {
    run_node(&Scale::Small.options(store, cores), driver, move |core| work(core, cores, seed, versions))
}

async fn work(core: Core, cores: u16, seed: u64, versions: u64) {
    let Core { store, last_to_open, signals, signal } = core;
    if last_to_open {
        make_bucket(&store).await;
        uploads::end_all(&store, &mut Chance::new(seed ^ 0xE0)).await;
        signal_all(&signals).await;
    }
    signal.next().await;
    let me = u64::from(store.core().0);
    let mut tasks = Vec::new();
    for client in (0..CLIENTS).filter(|client| client % u64::from(cores) == me) {
        let client = Client {
            store: store.clone(),
            number: client,
            chance: Chance::new(seed.wrapping_add(client << 40)),
            version: versions + client,
        };
        tasks.push(rt::spawn(client.run()));
    }
    if me == 0 {
        tasks.push(rt::spawn(bursts(store.clone(), cores, seed, versions + CLIENTS)));
        tasks.push(rt::spawn(checkpoints(store.clone(), seed)));
    }
    for task in tasks {
        task.await;
    }
}

/// The first victim makes the bucket; one that was killed in the middle of that leaves it to the next.
pub(crate) async fn make_bucket(store: &Store) {
    if store.bucket(&bucket()).is_some() {
        return;
    }
    if let Err(why) = store.create_bucket(&bucket()).await {
        Saying::Wrong(format!("no bucket: {why}")).say();
    }
}

/// Checkpoints that nothing but chance asks for.
async fn checkpoints(store: Store, seed: u64) {
    let mut chance = Chance::new(seed ^ 0xC0);
    loop {
        rt::sleep(Duration::from_millis(chance.between(10, 120))).await;
        Saying::Begin(Phase::Checkpoint).say();
        match store.checkpoint().await {
            // A full disk has no room for the record that confirms it; the index has it all the same.
            Ok(()) | Err(Error::NoSpace) => {}
            Err(why) => Saying::Wrong(format!("a checkpoint failed: {why}")).say(),
        }
        Saying::End(Phase::Checkpoint).say();
    }
}

/// Bursts that no open log segments can take: more bytes at once than one slot for each core, so one of them must turn.
async fn bursts(store: Store, cores: u16, seed: u64, versions: u64) {
    let mut chance = Chance::new(seed ^ 0xB0);
    let bodies = (u64::from(cores) * SMALL_SLOT_BYTES).div_ceil(BURST_BYTES) + 1;
    let mut version = versions;
    loop {
        rt::sleep(Duration::from_millis(chance.between(20, 200))).await;
        Saying::Begin(Phase::Turn).say();
        let mut tasks = Vec::new();
        for number in 0..bodies {
            version += CLIENTS + 1;
            let (store, name, version) = (store.clone(), format!("burst/{number}"), version);
            tasks.push(rt::spawn(async move { put(&store, &name, version, BURST_BYTES, false).await }));
        }
        for task in tasks {
            task.await;
        }
        Saying::End(Phase::Turn).say();
    }
}

struct Client {
    store: Store,
    number: u64,
    chance: Chance,
    version: u64,
}

impl Client {
    async fn run(mut self) {
        loop {
            let number = self.chance.below(KEYS);
            let name = format!("c{}/{number:02}", self.number);
            self.version += CLIENTS + 1;
            let large = number.is_multiple_of(8);
            match self.chance.below(100) {
                0..50 => {
                    let size = self.size(large);
                    put(&self.store, &name, self.version, size, false).await;
                }
                50..70 => {
                    let size = self.size(large);
                    put(&self.store, &name, self.version, size, true).await;
                }
                70..92 => delete(&self.store, &name).await,
                _ if large => uploads::upload(&self.store, &name, self.version, &mut self.chance).await,
                _ => {}
            }
        }
    }

    fn size(&mut self, large: bool) -> u64 {
        let bytes = match self.chance.below(10) {
            0..3 if large => self.chance.between(LARGE_BYTES.0, LARGE_BYTES.1),
            0..7 => self.chance.between(body::BYTES_MIN, 2048),
            _ => self.chance.between(2048, 40 * 1024),
        };
        bytes / 8 * 8
    }
}

async fn put(store: &Store, name: &str, version: u64, size: u64, create: bool) {
    let if_none_match = create.then_some(EtagMatch::Any);
    let options = PutOptions { conditions: Conditions { if_match: None, if_none_match }, ..PutOptions::default() };
    let bytes = body::piece(name, version, 0, size);
    let turns = size > SMALL_SLOT_BYTES;
    if turns {
        Saying::Begin(Phase::DataTurn).say();
    }
    if create {
        Saying::Create(name.to_owned(), version, size).say();
    } else {
        Saying::Put(name.to_owned(), version, size).say();
    }
    let answer = store.put(&bucket(), &key(name), &bytes, options).await;
    report(name, answer.map(|_| ())).await;
    if turns {
        Saying::End(Phase::DataTurn).say();
    }
}

async fn delete(store: &Store, name: &str) {
    Saying::Delete(name.to_owned()).say();
    let answer = store.delete(&bucket(), &key(name), Conditions::default()).await;
    report(name, answer.map(|_| ())).await;
}

/// Says what became of the last thing wanted of a key.
pub(crate) async fn report(name: &str, answer: Result<(), Error>) {
    match answer {
        Ok(()) => Saying::Done(name.to_owned()).say(),
        Err(Error::PreconditionFailed) => Saying::Refused(name.to_owned()).say(),
        Err(Error::SlowDown | Error::NoSpace) => {
            Saying::Full(name.to_owned()).say();
            rt::sleep(Duration::from_millis(20)).await;
        }
        Err(why) => Saying::Wrong(format!("{name}: {why}")).say(),
    }
}
