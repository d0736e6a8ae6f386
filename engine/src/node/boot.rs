//! The start of a node, on core 0: the disk, the stores, recovery, and what each core is dealt.
//!
//! ```text
//!  open the disk -> open the stores (one that is missing, marked or damaged is begun anew, at position zero)
//!    -> recover from the lowest floor
//!    -> a store behind its confirmed position counts as gone: begin it anew, recover again
//!    -> buckets -> deal -> every core replays
//!    -> a store that is found damaged on the way: begin it anew, and all of it again
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use crate::disk::{self, Catalog, Column, DiskError, Segments, serve};
use crate::index::{IndexError, Layers, Position, Store};
use crate::log::{LogReader, ReadError, Recovered, recover};
use crate::node::deal::{Deal, FirstDisk, Order, OrderSlot, Round};
use crate::node::index_homes::{Homes, open_stores, renew_store};
use crate::node::options::Options;
use crate::node::seat::{First, Seat};
use crate::rt::{self, BufferPool, IoError, reply};
use crate::shard::{Buckets, Confirmed, Pass, ReplayError, Replayed, buckets_of, owner_of, replay};
use crate::types::{CoreId, GroupNumber, SegmentId, Sequence, ShardId};

/// Why a node does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartError {
    /// The disk.
    Disk(DiskError),
    /// The log.
    Log(ReadError),
    /// The index, even begun anew.
    Index(IndexError),
    /// The directory of the index.
    Directory(IoError),
    /// The replay.
    Replay(ReplayError),
    /// Another core of the node did not start, and says why.
    OtherCore,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Disk(error) => write!(f, "{error}"),
            StartError::Log(error) => write!(f, "{error}"),
            StartError::Index(error) => write!(f, "{error}"),
            StartError::Directory(error) => write!(f, "the index: {error}"),
            StartError::Replay(error) => write!(f, "{error}"),
            StartError::OtherCore => f.write_str("another core did not start"),
        }
    }
}

impl std::error::Error for StartError {}

impl From<ReplayError> for StartError {
    fn from(error: ReplayError) -> StartError {
        StartError::Replay(error)
    }
}

impl From<IndexError> for StartError {
    fn from(error: IndexError) -> StartError {
        StartError::Index(error)
    }
}

/// Starts the node: deals to every core, and has all of them replay. Gives core 0 its own share.
pub(super) async fn first(seat: &Seat, first: First, catalog: &Rc<Catalog>) -> Result<(Deal, FirstDisk), StartError> {
    let First { requests, note_posts, mut orders } = first;
    match start(seat, catalog, &mut orders).await {
        Ok((own, disk, segments)) => {
            drop(rt::spawn(serve(Rc::clone(disk.owner()), requests, note_posts)));
            for slot in orders {
                // A core that has gone fails its own open; the others see it when they ask it something.
                drop(slot.answer(Ok(Order::Serve { read_only: own.read_only })));
            }
            Ok((own, FirstDisk { segments, _disk: disk }))
        }
        Err(why) => {
            for slot in orders {
                drop(slot.answer(Err(StartError::OtherCore)));
            }
            Err(why)
        }
    }
}

type Started = (Deal, disk::Disk, Rc<Segments>);

async fn start(seat: &Seat, catalog: &Rc<Catalog>, orders: &mut Vec<OrderSlot>) -> Result<Started, StartError> {
    let options = &seat.options;
    let disk = disk::open(&options.store, &options.disk).await.map_err(StartError::Disk)?;
    let columns: Vec<Column> = disk
        .owner()
        .live_segments()
        .into_iter()
        .map(|live| Column { segment: live.segment, kind: live.kind, nonce: live.nonce, slot: live.slot })
        .collect();
    columns.iter().cloned().for_each(|column| catalog.add(column));
    let containers = disk.containers(CoreId(0));
    let owner_post = seat.owner_post.clone();
    let (notice, health) = (options.notice, seat.health.clone());
    disk.owner().share(health.clone());
    let segments = Segments::new(containers, Rc::clone(catalog), CoreId(0), owner_post, notice, health);
    let segments = Rc::new(segments);
    let reader = LogReader::new(Rc::clone(&segments), BufferPool::new(options.buffer_bytes));
    let superblock = disk.superblock();
    let homes = Homes::new(options, superblock.store, superblock.shards).await.map_err(StartError::Directory)?;
    let mut stores = open_stores(&homes, !columns.is_empty(), options.notice).await?;
    let start = Start { options, disk: &disk, columns, segments: &segments, reader: &reader, homes: &homes };
    let mut renewed = BTreeSet::new();
    loop {
        let why = match start.round(&mut stores, orders).await {
            Ok(own) => return Ok((own, disk, segments)),
            Err(why) => why,
        };
        let damaged: Vec<ShardId> =
            stores.iter().filter(|(_, store)| store.is_damaged()).map(|(shard, _)| *shard).collect();
        // A store that does not hold what was just written into it is a disk that takes nothing.
        if damaged.is_empty() || !damaged.iter().all(|shard| renewed.insert(*shard)) {
            return Err(why);
        }
        for shard in damaged {
            // Closed first: one process cannot have the same environment open twice.
            drop(stores.remove(&shard));
            stores.insert(shard, renew_store(&homes, shard).await?);
        }
    }
}

/// What a start has in its hands.
struct Start<'a> {
    options: &'a Options,
    disk: &'a disk::Disk,
    columns: Vec<Column>,
    segments: &'a Segments,
    reader: &'a LogReader,
    homes: &'a Homes,
}

impl Start<'_> {
    /// Recovers, deals, and waits until every core has replayed. Gives the share of core 0.
    async fn round(
        &self,
        stores: &mut BTreeMap<ShardId, Store>,
        orders: &mut Vec<OrderSlot>,
    ) -> Result<Deal, StartError> {
        let mut deals = self.deals(stores).await?;
        let others = deals.split_off(1);
        let mut own = deals.pop().ok_or(StartError::OtherCore)?;
        let mut outcomes = Vec::new();
        for (slot, deal) in std::mem::take(orders).into_iter().zip(others) {
            let ((outcome, replayed), (next_slot, next)) = (reply(), reply());
            outcomes.push(replayed);
            orders.push(next_slot);
            drop(slot.answer(Ok(Order::Replay(Box::new(Round { deal, outcome, next })))));
        }
        let mut all = vec![Some(own.replay(self.segments, self.reader, self.options).await)];
        for outcome in outcomes {
            // All are waited for: what a core replays may not change under it.
            all.push(outcome.await);
        }
        let all: Vec<_> = all.into_iter().collect::<Option<_>>().ok_or(StartError::OtherCore)?;
        let replayed: Vec<Replayed> = match all.into_iter().collect::<Result<_, _>>() {
            Ok(replayed) => replayed,
            Err(why) => {
                drop(own);
                let_go(orders).await?;
                return Err(why.into());
            }
        };
        let unknown: u64 = replayed.iter().map(|replayed| replayed.unknown_buckets).sum();
        if unknown > 0 {
            (self.options.notice)(&format!("damage: {unknown} records name buckets whose making was lost"));
        }
        // For all cores: one of them would otherwise write on over what another cannot judge.
        own.read_only |= unknown > 0 && !self.options.accept_damage;
        Ok(own)
    }

    /// What each core is to replay.
    async fn deals(&self, stores: &mut BTreeMap<ShardId, Store>) -> Result<Vec<Deal>, StartError> {
        let Start { options, segments, reader, .. } = self;
        let (recovered, floor) = settle(options, segments, reader, self.homes, stores).await?;
        let last = newest(&recovered, stores)?;
        for damage in &recovered.damage {
            (options.notice)(&format!("damage: {damage}"));
        }
        let read_only = !recovered.damage.is_empty() && !options.accept_damage;
        let recovered = Arc::new(recovered);
        let mut deals = Vec::new();
        let mut buckets = Arc::new(Buckets::default());
        for core in (0..options.cores).map(CoreId) {
            let own = |shard: &ShardId| owner_of(*shard, usize::from(options.cores)) == core;
            let mine =
                stores.iter().filter(|(shard, _)| own(shard)).map(|(shard, store)| (*shard, store.clone())).collect();
            let layers = Layers::new(mine);
            if core == CoreId(0) {
                let (none, mut passing) = (Buckets::default(), Layers::new(layers.stores().clone()));
                replay(segments, reader, &recovered, &mut passing, &none, &options.owner, Pass::Buckets).await?;
                buckets = Arc::new(buckets_of(&passing)?);
            }
            let confirmed = recovered.confirmed.iter().filter(|(shard, _)| own(shard));
            deals.push(Deal {
                place: self.disk.place().clone(),
                salt: self.disk.superblock().salt,
                shards: self.disk.superblock().shards,
                columns: self.columns.clone(),
                layers,
                recovered: Arc::clone(&recovered),
                buckets: Arc::clone(&buckets),
                last,
                confirmed: confirmed
                    .map(|(shard, (sequence, location))| {
                        (*shard, Confirmed { sequence: *sequence, location: *location })
                    })
                    .collect(),
                floor,
                read_only,
            });
        }
        Ok(deals)
    }
}

/// Has every other core let go of its stores, also those that are well: what a rebuild has brought into one of them may
/// be less than its log confirms, so the next round may begin it anew.
async fn let_go(orders: &mut Vec<OrderSlot>) -> Result<(), StartError> {
    let mut waited = Vec::new();
    for slot in std::mem::take(orders) {
        let ((done, gone), (next_slot, next)) = (reply(), reply());
        waited.push(gone);
        orders.push(next_slot);
        drop(slot.answer(Ok(Order::LetGo { done, next })));
    }
    for gone in waited {
        gone.await.ok_or(StartError::OtherCore)?;
    }
    Ok(())
}

/// Recovers, and once more from the beginning if a store turns out to be older than its log confirms.
async fn settle(
    options: &Options,
    segments: &Segments,
    reader: &LogReader,
    homes: &Homes,
    stores: &mut BTreeMap<ShardId, Store>,
) -> Result<(Recovered, SegmentId), StartError> {
    loop {
        let positions = positions(stores)?;
        let floor = positions.values().map(|position| position.floor).min().unwrap_or_default();
        let marks: Vec<(SegmentId, GroupNumber)> =
            positions.values().map(|position| (position.segment, position.group)).collect();
        let recovered =
            recover(segments, reader, &marks, floor, options.accept_damage).await.map_err(StartError::Log)?;
        let stale: Vec<ShardId> = recovered
            .confirmed
            .iter()
            .filter(|(shard, (confirmed, _))| {
                positions.get(shard).is_some_and(|held| held.sequence < *confirmed && held.sequence > Sequence(0))
            })
            .map(|(shard, _)| *shard)
            .collect();
        if stale.is_empty() {
            return Ok((recovered, floor));
        }
        for shard in stale {
            (options.notice)(&format!("the index of shard {shard} is older than its log confirms: it is built anew"));
            // Closed first: one process cannot have the same environment open twice.
            drop(stores.remove(&shard));
            stores.insert(shard, renew_store(homes, shard).await?);
        }
    }
}

fn positions(stores: &BTreeMap<ShardId, Store>) -> Result<BTreeMap<ShardId, Position>, IndexError> {
    stores.iter().map(|(shard, store)| Ok((*shard, store.position()?))).collect()
}

/// The largest sequence in the store: every shard goes on from there.
fn newest(recovered: &Recovered, stores: &BTreeMap<ShardId, Store>) -> Result<Sequence, IndexError> {
    let held = positions(stores)?.values().map(|position| position.sequence).max().unwrap_or_default();
    Ok(held.max(recovered.newest))
}
