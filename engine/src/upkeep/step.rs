//! The steps of upkeep, one after the other.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use crate::disk::Segments;
use crate::error::Error;
use crate::log::LogReader;
use crate::rt;
use crate::shard::{Peers, Question};
use crate::types::SegmentId;
use crate::upkeep::compaction::{self, Compacted};
use crate::upkeep::data::{self, Looked};
use crate::upkeep::freeing::Freeing;

/// After moving more than half a slot to free one, compaction rests for so many steps: its hints were wrong, and moving
/// the same records again would not make them right.
const REST_STEPS: u32 = 64;

/// A pass over the data segments is made at least every so many steps.
const PASS_STEPS: u32 = 256;

/// Where upkeep is.
struct Upkeep {
    peers: Rc<Peers>,
    disk: Rc<Segments>,
    reader: LogReader,
    /// The data segment that was looked at last.
    cursor: SegmentId,
    /// Passes over the data segments still to be made.
    passes: u32,
    /// Steps for which compaction rests, unless the disk is full.
    rest: u32,
    /// Log segments that could not be emptied since the start.
    avoided: BTreeSet<SegmentId>,
    /// Steps so far.
    steps: u32,
    freeing: Freeing,
}

/// Runs until the node's writes end.
pub async fn run(peers: Rc<Peers>, disk: Rc<Segments>, reader: LogReader, pause_ms: u64) {
    let freeing = Freeing::new(Rc::clone(&disk));
    let (cursor, avoided) = (SegmentId::NONE, BTreeSet::new());
    let mut upkeep = Upkeep { peers, disk, reader, cursor, passes: 1, rest: 0, avoided, steps: 0, freeing };
    let mut hurry = false;
    loop {
        // On a full disk every freed slot is waited for: as long as steps free something there is no pause.
        if !hurry {
            rt::sleep(Duration::from_millis(pause_ms)).await;
        }
        hurry = false;
        match upkeep.step().await {
            Ok(freed) => hurry = freed && upkeep.disk.is_full().await,
            Err(Error::SlowDown | Error::NoSpace) => {}
            Err(Error::WritesStopped | Error::ReadOnly | Error::Stopping) => return,
            // Damage in one segment must not keep the others from being looked at; the operator hears of it by reading
            // it.
            Err(why) => upkeep.disk.report("upkeep passes over a segment", &why),
        }
    }
}

impl Upkeep {
    /// One step: one data segment if any may have died, and one log segment. True if a slot will be free. Data segments
    /// come first and need no room in the log, so that a full disk finds its way out.
    async fn step(&mut self) -> Result<bool, Error> {
        let freed = self.data_step().await?;
        self.peers.ask_all(Question::ForgetCompleted).await?;
        self.log_step().await.map(|log| log || freed)
    }

    async fn data_step(&mut self) -> Result<bool, Error> {
        if self.peers.ask_all(Question::RunsDied).await?.contains(&true) {
            // A second pass after the last death: the cursor may have been past the segment when it died.
            self.passes = 2;
        }
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(PASS_STEPS) {
            // A segment may have got its footer after what was in it died.
            self.passes = self.passes.max(1);
        }
        if self.passes == 0 {
            return Ok(false);
        }
        let looked = data::step(&self.peers, &self.disk, &self.reader, &mut self.cursor, &self.freeing).await?;
        match looked {
            Looked::AtTheEnd => self.passes -= 1,
            Looked::Dead(segment) => self.freeing.begin(segment).await,
            Looked::AtOne => {}
        }
        Ok(matches!(looked, Looked::Dead(_)))
    }

    async fn log_step(&mut self) -> Result<bool, Error> {
        self.rest = self.rest.saturating_sub(1);
        if self.rest > 0 && !self.disk.is_full().await {
            return Ok(false);
        }
        match compaction::step(&self.peers, &self.disk, &self.reader, &mut self.avoided, &self.freeing).await? {
            Compacted::WantsCheckpoint => {
                self.peers.ask_all(Question::Checkpoint).await?;
                Ok(false)
            }
            Compacted::Emptied(segment, moved) => {
                self.freeing.begin(segment).await;
                self.rest = if moved * 2 > self.disk.slot_bytes() { REST_STEPS } else { 0 };
                // Moving as much as was freed makes no room: that is no reason to hurry.
                Ok(self.rest == 0)
            }
            Compacted::Nothing => Ok(false),
        }
    }
}
