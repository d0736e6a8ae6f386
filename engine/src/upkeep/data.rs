//! Data segments in which nothing is live any more.
//!
//! A footer means that every body in the segment is decided; each of its runs is then asked for where its owner lives.

use std::rc::Rc;

use crate::disk::Segments;
use crate::error::Error;
use crate::log::{Ending, LogReader, RunOwner};
use crate::shard::{Peers, Question};
use crate::types::{SegmentId, SegmentKind};
use crate::upkeep::freeing::Freeing;

/// How far a step has looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looked {
    /// At one segment, which stays.
    AtOne,
    /// At this segment, in which nothing is live.
    Dead(SegmentId),
    /// Past the last one: the next step begins again.
    AtTheEnd,
}

/// Looks at the next data segment after `cursor`.
pub(super) async fn step(
    peers: &Peers,
    disk: &Rc<Segments>,
    reader: &LogReader,
    cursor: &mut SegmentId,
    freeing: &Freeing,
) -> Result<Looked, Error> {
    let next = disk.catalog().of_kind(SegmentKind::Data).into_iter().find(|column| column.segment > *cursor);
    let Some(column) = next else {
        *cursor = SegmentId::NONE;
        return Ok(Looked::AtTheEnd);
    };
    // The cursor moves first: a segment that cannot be read must not hold up the others.
    *cursor = column.segment;
    if freeing.holds(column.segment) {
        return Ok(Looked::AtOne);
    }
    let dead = {
        let _pin = disk.pin();
        let Ending::Footer(tail) = reader.ending(&column).await? else { return Ok(Looked::AtOne) };
        let footer = reader.footer(&column, tail).await?;
        let mut dead = true;
        for (_, stored) in &footer.entries {
            let damaged = crate::log::ReadError::Damaged(column.segment, 0);
            let run = RunOwner::decode(stored).ok_or(damaged)?;
            let shard = peers.shard_of(run.bucket, &run.key);
            let segment = column.segment;
            if peers.ask(peers.owner_of(shard), |slot| Question::NamesSegment(shard, run, segment, slot)).await? {
                dead = false;
                break;
            }
        }
        dead
    };
    Ok(if dead { Looked::Dead(column.segment) } else { Looked::AtOne })
}
