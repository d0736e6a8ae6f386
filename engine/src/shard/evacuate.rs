//! Emptying a log segment: what is live in it is appended anew, by the core that owns each record's shard.
//!
//! What must hold: a segment is only emptied when every shard's confirmed position is past all that is in it. After
//! [`Owner::evacuate`] has ended well on every core, nothing in the segment is live, and what was live is durable
//! elsewhere.

use std::collections::BTreeMap;

use crate::codec::{field_u32, length};
use crate::disk::Column;
use crate::error::Error;
use crate::index::IndexError;
use crate::log::{Change, Ending, Record};
use crate::rt;
use crate::shard::intent::Intent;
use crate::shard::judge::is_live;
use crate::shard::owner::Owner;
use crate::shard::reading::Reading;
use crate::types::{Location, SegmentId, Sequence, ShardId};

/// What emptying a segment came to on one core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evacuated {
    /// Nothing of this core's is live in it; so many bytes were moved.
    Done(u64),
    /// It cannot be emptied yet: it has no footer, or a position is not confirmed past it.
    NotYet,
}

/// Moves that wait for their group at a time: bounds the payloads held in memory.
const MOVES_IN_FLIGHT: usize = 64;
/// Records that are looked at before the other tasks of the core have their turn: each look is a microsecond or two.
const LOOKS_AT_A_TIME: usize = 128;

impl Owner {
    /// Moves what is live in `segment` of this core's shards.
    ///
    /// # Errors
    /// If what is live cannot be read or appended: the segment stays as it is.
    pub async fn evacuate(&self, segment: SegmentId) -> Result<Evacuated, Error> {
        if let Some(why) = self.refusal() {
            return Err(why);
        }
        let _pin = self.disk.pin();
        let column = self.reader.column(segment)?;
        let Ending::Footer(tail) = self.reader.ending(&column).await? else { return Ok(Evacuated::NotYet) };
        if !self.is_confirmed_past(&tail.footer.newest) {
            return Ok(Evacuated::NotYet);
        }
        let footer = self.reader.footer(&column, tail).await?;
        let mut moved = 0;
        let mut waiting = Vec::new();
        self.room().await?;
        for (number, (offset, stored)) in footer.entries.iter().enumerate() {
            if number % LOOKS_AT_A_TIME == LOOKS_AT_A_TIME - 1 {
                rt::yield_now().await;
            }
            let (record, _) = Record::decode(stored).ok_or(Error::Index(IndexError::Corrupt))?;
            if !self.layers.borrow().stores().contains_key(&record.shard) {
                continue;
            }
            let bytes = field_u32(stored.len() + length(record.payload_bytes));
            let location = Location { segment, offset: *offset, length: bytes };
            if let Some(intent) = self.departure(&column, record, location).await? {
                moved += u64::from(bytes);
                waiting.push(intent);
            }
            if waiting.len() >= MOVES_IN_FLIGHT {
                settle(&mut waiting).await?;
                // Moves fill the memtable like any other change, and wait like any other for it to be brought away.
                self.room().await?;
            }
        }
        settle(&mut waiting).await?;
        Ok(Evacuated::Done(moved))
    }

    /// Queues what takes a record's place elsewhere, if it is live.
    async fn departure(&self, column: &Column, record: Record, from: Location) -> Result<Option<Waiting>, Error> {
        let shard = record.shard;
        if let Change::Checkpoint { .. } = record.meta.change {
            let newest = self.confirmed.borrow().get(&shard).copied().unwrap_or_default();
            if newest.location != from {
                return Ok(None);
            }
            let floor = self.floor.get();
            return Ok(Some(self.admit(shard, Intent::Checkpoint { sequence: newest.sequence, floor })?));
        }
        self.warm_record(&record).await;
        if !self.is_live_at(&record, from)? {
            return Ok(None);
        }
        let read = self.reader.record(from).await?;
        if read.record != record {
            return Err(crate::log::ReadError::Damaged(column.segment, u64::from(from.offset)).into());
        }
        let payload = read.payload().to_vec();
        Ok(Some(self.admit(shard, Intent::Move { from, record: Box::new(record), payload })?))
    }

    fn is_live_at(&self, record: &Record, location: Location) -> Result<bool, Error> {
        let layers = self.layers.borrow();
        let mut kills = record.meta.kills().ok_or(Error::Index(IndexError::Corrupt))?;
        let catalog = self.disk.catalog();
        let oldest = catalog.ends().map_or(SegmentId::NONE, |(oldest, _)| oldest);
        kills.prune(oldest, |segment| catalog.is_dead(segment));
        is_live(&Reading::published(&layers), &self.buckets(), record, location, &kills)
    }

    fn is_confirmed_past(&self, newest: &BTreeMap<ShardId, Sequence>) -> bool {
        let confirmed = self.confirmed.borrow();
        let layers = self.layers.borrow();
        newest
            .iter()
            .filter(|(shard, _)| layers.stores().contains_key(shard))
            .all(|(shard, newest)| confirmed.get(shard).is_some_and(|confirmed| confirmed.sequence >= *newest))
    }
}

type Waiting = crate::rt::Reply<Result<crate::shard::intent::Answer, Error>>;

async fn settle(waiting: &mut Vec<Waiting>) -> Result<(), Error> {
    for answer in waiting.drain(..) {
        answer.await.unwrap_or(Err(Error::WritesStopped))?;
    }
    Ok(())
}
