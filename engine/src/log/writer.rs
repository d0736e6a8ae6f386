//! The log of one core: a chain of segments, one group in flight.
//!
//! What must hold: when [`LogWriter::append`] ends well its group is durable, and so is everything the group rests on.
//! A failed write or flush ends the log: nothing is retried, nothing more is appended. A segment is live before its
//! first group; the next one is made ready while this one fills. Sealing goes on beside the appending.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

use crate::disk::{Column, DiskError, Segments};
use crate::limits::{BLOCK_BYTES, DSYNC_BYTES_MAX, GROUP_BYTES_MAX};
use crate::log::footer::{Footer, FooterEntry, newest_positions};
use crate::log::group::{FOOTER_ENTRY_EXTRA, GroupBuilder, Link};
use crate::log::segment::SegmentHeader;
use crate::rt::{self, Buffer, Task};
use crate::types::{CoreId, GroupNumber, SegmentId, SegmentKind};

/// Why the log took no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogError {
    /// The disk gave no segment.
    Segment(DiskError),
    /// A write or flush failed: what was in flight is neither acknowledged nor denied, and the log has ended.
    Failed(DiskError),
    /// The log had ended before.
    Ended,
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogError::Segment(error) => write!(f, "no segment for the log: {error}"),
            LogError::Failed(error) => write!(f, "the log has ended: {error}"),
            LogError::Ended => f.write_str("the log has ended"),
        }
    }
}

/// The segment being filled.
struct Open {
    column: Column,
    tail: u64,
    number: GroupNumber,
    crc: u32,
    previous: (SegmentId, GroupNumber),
    /// It came out of the reserve: only deletes and compaction may fill it.
    reserved: bool,
    /// Its last group held records, and no group behind it calls them durable.
    uncovered: bool,
    entries: Vec<FooterEntry>,
    entry_bytes: usize,
}

/// Where a group went.
#[derive(Clone, Copy, Debug)]
pub struct Appended {
    /// The segment.
    pub segment: SegmentId,
    /// Its number there.
    pub group: GroupNumber,
    /// Its bytes.
    pub bytes: u64,
}

/// Writes the log of one core.
pub struct LogWriter {
    disk: Rc<Segments>,
    core: CoreId,
    open: Option<Open>,
    ready: Option<Task<Result<Prepared, DiskError>>>,
    unsealed: Rc<RefCell<BTreeSet<SegmentId>>>,
    ended: Rc<Cell<bool>>,
    /// What the last group was built in: fresh memory of this size costs more than filling it.
    memory: Option<Buffer>,
}

impl LogWriter {
    /// A log that has no segment yet.
    #[must_use]
    pub fn new(disk: Rc<Segments>, core: CoreId) -> LogWriter {
        LogWriter { disk, core, open: None, ready: None, unsealed: Rc::default(), ended: Rc::default(), memory: None }
    }

    /// A group for the open segment, if there is one and it has room for any record at all.
    #[must_use]
    pub fn begin(&mut self) -> Option<GroupBuilder> {
        let open = self.open.as_ref()?;
        let footer = Footer::bytes_for(open.entry_bytes) as u64 + BLOCK_BYTES as u64;
        let room = self.disk.slot_bytes().checked_sub(open.tail + footer)?;
        let offset = u32::try_from(open.tail).expect("a slot is smaller than 4 GiB");
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let most = usize::try_from(self.disk.slot_bytes()).unwrap_or(GROUP_BYTES_MAX).min(GROUP_BYTES_MAX);
        let memory = self.memory.take().unwrap_or_else(|| Buffer::zeroed(most));
        Some(GroupBuilder::new(open.column.segment, offset, room, memory))
    }

    /// Takes back a group that is not appended.
    pub fn put_back(&mut self, group: GroupBuilder) {
        self.memory = Some(group.into_memory());
    }

    /// Turns to the next segment, sealing the one before in the background.
    ///
    /// # Errors
    /// If the disk gives none. The log goes on in the old segment as far as it has room.
    pub async fn turn(&mut self) -> Result<(), LogError> {
        if self.ended.get() {
            return Err(LogError::Ended);
        }
        let prepared = match self.ready.take() {
            Some(ready) => match ready.await {
                // It was asked for when the segment before was begun, long ago: there may be room by now.
                Err(why) if why.passes() => self.prepare().await,
                answer => answer,
            },
            None => self.prepare().await,
        };
        let Prepared { column, reserved } = prepared.map_err(LogError::Segment)?;
        let previous = self.open.as_ref().map_or_else(Default::default, |open| (open.column.segment, open.number));
        self.unsealed.borrow_mut().insert(column.segment);
        let open = Open {
            column,
            tail: BLOCK_BYTES as u64,
            number: GroupNumber(0),
            crc: 0,
            previous,
            reserved,
            uncovered: false,
            entries: Vec::new(),
            entry_bytes: 0,
        };
        if let Some(full) = self.open.replace(open) {
            drop(rt::spawn(seal(Rc::clone(&self.disk), full, Rc::clone(&self.unsealed), Rc::clone(&self.ended))));
        }
        self.ready = Some(self.prepare());
        Ok(())
    }

    /// Writes the group and makes it durable.
    ///
    /// # Errors
    /// The write's or the flush's; the log has then ended.
    pub async fn append(&mut self, group: GroupBuilder) -> Result<Appended, LogError> {
        if self.ended.get() {
            return Err(LogError::Ended);
        }
        let open = self.open.as_mut().expect("a group was begun in an open segment");
        assert_eq!(group.segment(), open.column.segment, "a group goes where it was begun");
        let number = GroupNumber(open.number.0 + 1);
        let first = open.number == GroupNumber(0);
        let previous = if first { open.previous } else { Default::default() };
        let link = Link {
            nonce: open.column.nonce,
            number,
            durable_up_to: open.number,
            previous_crc: open.crc,
            previous_segment: previous.0,
            previous_last: previous.1,
        };
        let (buffer, crc, entries) = group.seal(link);
        let bytes = buffer.len() as u64;
        // The groups before are durable, so one write through the cache is enough for a small group. A large one is
        // cheaper as a plain write with a flush behind it (floor, section 3).
        let (written, buffer) = if buffer.len() <= DSYNC_BYTES_MAX {
            self.disk.write_durable(&open.column, open.tail, buffer).await
        } else {
            match self.disk.write(&open.column, open.tail, buffer).await {
                (Ok(()), buffer) => (self.disk.flush(&open.column).await, buffer),
                failed => failed,
            }
        };
        self.memory = Some(buffer);
        if let Err(error) = written {
            self.ended.set(true);
            return Err(LogError::Failed(error));
        }
        open.tail += bytes;
        open.number = number;
        open.crc = crc;
        open.uncovered = !entries.is_empty();
        open.entry_bytes += entries.iter().map(|(_, stored)| stored.len() + FOOTER_ENTRY_EXTRA).sum::<usize>();
        open.entries.extend(entries);
        Ok(Appended { segment: open.column.segment, group: number, bytes })
    }

    /// True if the last group held records: nothing says yet that it was durable.
    #[must_use]
    pub fn uncovered(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.uncovered)
    }

    /// True if nothing was appended to the open segment.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.number == GroupNumber(0))
    }

    /// True if the open segment came out of the reserve and the disk is still full: only deletes and compaction may go
    /// on.
    pub async fn only_reserve(&mut self) -> bool {
        let Some(open) = self.open.as_mut().filter(|open| open.reserved) else { return false };
        open.reserved = self.disk.is_full().await;
        open.reserved
    }

    /// True if the log takes no more.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.ended.get()
    }

    /// The oldest segment of this log without a durable footer, or the next one to come.
    #[must_use]
    pub fn oldest_unsealed(&self) -> Option<SegmentId> {
        self.unsealed.borrow().first().copied()
    }

    fn prepare(&self) -> Task<Result<Prepared, DiskError>> {
        let previous = self.open.as_ref().map_or(SegmentId::NONE, |open| open.column.segment);
        rt::spawn(prepare(Rc::clone(&self.disk), SegmentKind::Log, self.core, previous, true))
    }
}

/// A segment that may be written.
pub(super) struct Prepared {
    /// Its column.
    pub column: Column,
    /// It came out of the reserve.
    pub reserved: bool,
}

/// A segment that may be written: allocated, its header flushed, its slot live. With `reserve` it may come out of the
/// reserve if there is nothing else.
///
/// # Errors
/// The disk's.
pub(super) async fn prepare(
    disk: Rc<Segments>,
    kind: SegmentKind,
    core: CoreId,
    previous: SegmentId,
    reserve: bool,
) -> Result<Prepared, DiskError> {
    let (column, reserved) = match disk.allocate(kind, false).await {
        Err(DiskError::Full) if reserve => (disk.allocate(kind, true).await?, true),
        answer => (answer?, false),
    };
    let header = SegmentHeader { kind, segment: column.segment, nonce: column.nonce, core, previous };
    if let Err(why) = disk.write(&column, 0, header.encode()).await.0 {
        if why.passes() {
            // Whoever tries again gets another slot. In a task of its own: freeing waits for readers.
            drop(rt::spawn(async move { disk.free(vec![column.segment]).await }));
        }
        return Err(why);
    }
    // The table calls a slot live only after its header would survive a power cut.
    disk.flush(&column).await?;
    disk.make_live(&column).await?;
    Ok(Prepared { column, reserved })
}

/// Writes the footer of a segment of which nothing more is appended.
///
/// # Errors
/// The disk's; the segment then has no footer that counts, and recovery follows its chain.
pub(super) async fn write_footer(disk: &Segments, column: &Column, footer: &Footer) -> Result<(), DiskError> {
    let bytes = footer.encode();
    let offset = disk.slot_bytes() - bytes.len() as u64;
    disk.write(column, offset, bytes).await.0?;
    disk.flush(column).await
}

async fn seal(disk: Rc<Segments>, full: Open, unsealed: Rc<RefCell<BTreeSet<SegmentId>>>, ended: Rc<Cell<bool>>) {
    let segment = full.column.segment;
    let footer = Footer {
        segment,
        nonce: full.column.nonce,
        last_group: full.number,
        newest: newest_positions(&full.entries),
        entries: full.entries,
    };
    match write_footer(&disk, &full.column, &footer).await {
        Ok(()) => {
            unsealed.borrow_mut().remove(&segment);
        }
        // A device that failed once is not trusted with the next group either.
        Err(_) => ended.set(true),
    }
}
