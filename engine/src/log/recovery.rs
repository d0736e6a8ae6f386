//! Before serving: every segment gets its footer, and every chain's end its verdict.
//!
//! ```text
//!  flush every disk          what was readable after a kill becomes durable before anybody is shown it
//!  live slots' headers       one that does not read is damage, never space
//!  log, with a footer        trusted as it is
//!  log, without              follow the chain, judge its end, write the footer that fixes the last group's number
//!  data, without             find the end blocks by the secret nonce, write the footer
//!  flush every disk          what the footers fix stays fixed through the next crash
//! ```
//!
//! What must hold: nothing is written while there is damage that the operator has not accepted. A segment from before a
//! crash is never appended to. Replay (`shard::replay`) reads footers only, in ascending segment id.

use std::collections::BTreeMap;
use std::fmt;

use crate::codec::field_u32;
use crate::disk::{Column, DiskError, Segments};
use crate::limits::BLOCK_BYTES;
use crate::log::chain::{self, Chain, Window};
use crate::log::footer::{Footer, newest_positions};
use crate::log::reader::{Ending, LogReader, ReadError};
use crate::log::record::Record;
use crate::log::run::RunEnd;
use crate::log::segment::SegmentHeader;
use crate::log::verdict::{Evidence, Verdict, judge};
use crate::log::writer::write_footer;
use crate::types::{CoreId, GroupNumber, Location, SegmentId, SegmentKind, Sequence, ShardId};

/// Acknowledged data that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The header of a live segment does not read.
    Header(SegmentId),
    /// Groups of a segment are lost.
    Groups {
        /// The segment.
        segment: SegmentId,
        /// The first lost group.
        first: GroupNumber,
        /// The last that is known of.
        last: GroupNumber,
    },
    /// A block of a data segment could not be read while it was searched.
    Data(SegmentId, DiskError),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::Header(segment) => write!(f, "the header of segment {segment} does not read"),
            Damage::Groups { segment, first, last } => {
                write!(f, "groups {first} to {last} of segment {segment} were acknowledged and do not read")
            }
            Damage::Data(segment, error) => write!(f, "data segment {segment}: {error}"),
        }
    }
}

/// What recovery found.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Log segments that replay reads, ascending.
    pub log: Vec<SegmentId>,
    /// Footers that could not be written because there is damage: replay takes them from here.
    pub unwritten: BTreeMap<SegmentId, Footer>,
    /// Segments with nothing in them: to be freed.
    pub empty: Vec<SegmentId>,
    /// What is lost.
    pub damage: Vec<Damage>,
    /// The largest position in any log segment's footer.
    pub newest: Sequence,
    /// The newest checkpoint record of each shard: what it confirms, and where it lies.
    pub confirmed: BTreeMap<ShardId, (Sequence, Location)>,
}

/// A record that the index holds: it was durable once.
pub type IndexMark = (SegmentId, GroupNumber);

struct Unsealed {
    column: Column,
    chain: Chain,
    footer_names: GroupNumber,
}

/// Recovers the segments of one disk. `marks` is what the index is known to hold, `floor` the oldest segment that may
/// hold a record it does not: those below have their footers. With `accept` the operator has said that what is lost is
/// lost.
///
/// # Errors
/// If the disk fails while it is made ready: nothing has been decided then, and another start may succeed.
pub async fn recover(
    disk: &Segments,
    reader: &LogReader,
    marks: &[IndexMark],
    floor: SegmentId,
    accept: bool,
) -> Result<Recovered, ReadError> {
    disk.flush_all().await.map_err(|error| ReadError::Disk(SegmentId::NONE, error))?;
    let mut found = Recovered::default();
    let mut unsealed = Vec::new();
    let mut sealed_columns = Vec::new();
    let mut successors: BTreeMap<SegmentId, GroupNumber> = BTreeMap::new();
    for column in disk.catalog().of_kind(SegmentKind::Log) {
        header(reader, disk, &column, accept, &mut found).await?;
        if column.segment < floor {
            continue;
        }
        match sealed(reader, &column).await {
            Sealed::Yes(footer) => {
                found.note(&footer);
                sealed_columns.push(column);
            }
            Sealed::No(footer_names) => {
                let chain = chain::follow(disk, &column).await;
                if let Some((previous, last)) = chain.previous {
                    successors.insert(previous, last);
                }
                unsealed.push(Unsealed { column, chain, footer_names });
            }
        }
    }
    if !unsealed.is_empty() {
        for column in sealed_columns {
            if let Some((previous, last)) = chain::first_names(disk, &column).await {
                successors.insert(previous, last);
            }
        }
    }
    let mut footers = Vec::new();
    for Unsealed { column, chain, footer_names } in unsealed {
        let segment = column.segment;
        let behind = chain::probe(disk, &column, chain.end).await;
        let index = marks.iter().filter(|(marked, _)| *marked == segment).map(|(_, group)| *group).max();
        let evidence = Evidence {
            media: chain.media.is_some() || behind.is_err(),
            unknown: chain.unknown,
            later_block: behind.unwrap_or_default(),
            footer: footer_names,
            successor: successors.get(&segment).copied().unwrap_or_default(),
            index: index.unwrap_or_default(),
        };
        if let Verdict::Lost { first, last } = judge(chain.last, evidence) {
            found.damage.push(Damage::Groups { segment, first, last });
        }
        let newest = newest_positions(&chain.entries);
        let footer = Footer { segment, nonce: column.nonce, last_group: chain.last, newest, entries: chain.entries };
        found.note(&footer);
        footers.push((column, footer));
    }
    let mut data = Vec::new();
    for column in disk.catalog().of_kind(SegmentKind::Data) {
        header(reader, disk, &column, accept, &mut found).await?;
        if matches!(sealed(reader, &column).await, Sealed::No(_)) {
            match search(disk, &column, accept).await {
                Ok(footer) => data.push((column, footer)),
                Err(error) => found.damage.push(Damage::Data(column.segment, error)),
            }
        }
    }
    if found.damage.is_empty() || accept {
        for (column, footer) in footers.into_iter().chain(data) {
            if footer.entries.is_empty() {
                found.log.retain(|segment| *segment != column.segment);
                found.empty.push(column.segment);
            } else {
                write_footer(disk, &column, &footer).await.map_err(|error| ReadError::Disk(column.segment, error))?;
            }
        }
        disk.flush_all().await.map_err(|error| ReadError::Disk(SegmentId::NONE, error))?;
    } else {
        found.unwritten = footers.into_iter().map(|(column, footer)| (column.segment, footer)).collect();
    }
    found.log.sort_unstable();
    Ok(found)
}

impl Recovered {
    fn note(&mut self, footer: &Footer) {
        self.log.push(footer.segment);
        let newest = footer.newest.values().copied().max().unwrap_or_default();
        self.newest = self.newest.max(newest);
        for (offset, stored) in &footer.entries {
            let Some((record, _)) = Record::decode(stored) else { continue };
            if let Some((sequence, _)) = record.meta.change.confirmed() {
                let location = Location { segment: footer.segment, offset: *offset, length: field_u32(stored.len()) };
                let newest = self.confirmed.entry(record.shard).or_insert((sequence, location));
                if sequence >= newest.0 {
                    *newest = (sequence, location);
                }
            }
        }
    }
}

/// Looks at a live segment's header. All it says is in the slot table too, so an accepted loss is mended.
async fn header(
    reader: &LogReader,
    disk: &Segments,
    column: &Column,
    accept: bool,
    found: &mut Recovered,
) -> Result<(), ReadError> {
    if header_reads(reader, disk, column).await {
        return Ok(());
    }
    found.damage.push(Damage::Header(column.segment));
    if accept {
        let (segment, nonce, kind) = (column.segment, column.nonce, column.kind);
        let header = SegmentHeader { kind, segment, nonce, core: CoreId(0), previous: SegmentId::NONE };
        let written = disk.write(column, 0, header.encode()).await.0;
        written.map_err(|error| ReadError::Disk(segment, error))?;
    }
    Ok(())
}

async fn header_reads(reader: &LogReader, disk: &Segments, column: &Column) -> bool {
    let mut window = Window::default();
    let Ok(Some(block)) = window.bytes(disk, column, 0, BLOCK_BYTES).await else { return false };
    let Some(header) = SegmentHeader::decode(block) else { return false };
    reader.column(column.segment).is_ok()
        && (header.segment, header.nonce, header.kind) == (column.segment, column.nonce, column.kind)
}

enum Sealed {
    /// With this footer.
    Yes(Footer),
    /// No footer that counts; a damaged one whose last block is right still names its last group.
    No(GroupNumber),
}

async fn sealed(reader: &LogReader, column: &Column) -> Sealed {
    match reader.ending(column).await {
        Ok(Ending::Footer(tail)) => {
            let names = tail.footer.last_group;
            // A footer that was being written when the power went has its last block, perhaps, but not its entries.
            reader.footer(column, tail).await.map_or(Sealed::No(names), Sealed::Yes)
        }
        Ok(Ending::None) | Err(_) => Sealed::No(GroupNumber(0)),
    }
}

/// The runs of a data segment without a footer: whatever block carries the secret nonce as an end block. A run whose
/// end block does not read has lost its checksums and with them itself; with `accept` such blocks are passed over.
async fn search(disk: &Segments, column: &Column, accept: bool) -> Result<Footer, DiskError> {
    let mut footer = Footer { segment: column.segment, nonce: column.nonce, ..Footer::default() };
    let mut window = Window::default();
    let mut at = BLOCK_BYTES as u64;
    loop {
        let block = match window.bytes(disk, column, at, BLOCK_BYTES).await {
            Ok(Some(block)) => block,
            Ok(None) => return Ok(footer),
            Err(error) if !accept => return Err(error),
            Err(_) => &[],
        };
        // An end block that does not lie behind its run was written to the wrong place: a reader would not find it.
        let found = RunEnd::decode(block, column.nonce).filter(|end| end.place() == at);
        if let Some(end) = found {
            footer.entries.push((end.offset, end.owner.encode()));
        }
        at += BLOCK_BYTES as u64;
    }
}
