//! Compaction of log segments: the one with the least live bytes is emptied.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::disk::Segments;
use crate::error::Error;
use crate::log::{Ending, LogReader};
use crate::shard::{Evacuated, Peers, Question};
use crate::types::{SegmentId, SegmentKind};
use crate::upkeep::freeing::Freeing;

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compacted {
    /// No segment is worth it.
    Nothing,
    /// This segment is empty, and so many bytes had to be moved for it.
    Emptied(SegmentId, u64),
    /// The best segment holds records above a confirmed position.
    WantsCheckpoint,
}

/// A segment is worth emptying when less than half of it is live; nine tenths when the disk is full.
const LIVE_TENTHS_MAX: i64 = 5;
const LIVE_TENTHS_MAX_FULL: i64 = 9;

/// Empties the segment with the least live bytes, if it is worth it.
pub(super) async fn step(
    peers: &Peers,
    disk: &Rc<Segments>,
    reader: &LogReader,
    avoided: &mut BTreeSet<SegmentId>,
    freeing: &Freeing,
) -> Result<Compacted, Error> {
    let Some(segment) = candidate(peers, disk, reader, avoided, freeing).await? else { return Ok(Compacted::Nothing) };
    let emptied = match peers.ask_all(|slot| Question::Evacuate(segment, slot)).await {
        Err(why @ (Error::Damaged(_) | Error::Index(_))) => {
            // One segment that cannot be emptied must not keep the others from being.
            avoided.insert(segment);
            return Err(why);
        }
        answer => answer?,
    };
    if emptied.contains(&Evacuated::NotYet) {
        return Ok(Compacted::WantsCheckpoint);
    }
    let moved = emptied.iter().map(|core| if let Evacuated::Done(moved) = core { *moved } else { 0 }).sum();
    Ok(Compacted::Emptied(segment, moved))
}

async fn candidate(
    peers: &Peers,
    disk: &Rc<Segments>,
    reader: &LogReader,
    avoided: &BTreeSet<SegmentId>,
    freeing: &Freeing,
) -> Result<Option<SegmentId>, Error> {
    let mut live: BTreeMap<SegmentId, i64> = BTreeMap::new();
    for hints in peers.ask_all(Question::LiveBytes).await? {
        for (segment, bytes) in hints {
            *live.entry(segment).or_default() += bytes;
        }
    }
    let tenths = if disk.is_full().await { LIVE_TENTHS_MAX_FULL } else { LIVE_TENTHS_MAX };
    let slot_bytes = i64::try_from(disk.slot_bytes()).unwrap_or(i64::MAX);
    let mut worth: Vec<(i64, SegmentId)> = disk
        .catalog()
        .of_kind(SegmentKind::Log)
        .iter()
        .map(|column| (live.get(&column.segment).copied().unwrap_or(0), column.segment))
        .filter(|(_, segment)| !avoided.contains(segment) && !freeing.holds(*segment))
        .filter(|(bytes, _)| bytes.saturating_mul(10) < slot_bytes.saturating_mul(tenths))
        .collect();
    worth.sort_unstable();
    let _pin = disk.pin();
    for (_, segment) in worth {
        // An open segment has no footer, and is not asked to be emptied.
        let Some(column) = disk.column(segment) else { continue };
        if let Ok(Ending::Footer(_)) = reader.ending(&column).await {
            return Ok(Some(segment));
        }
    }
    Ok(None)
}
