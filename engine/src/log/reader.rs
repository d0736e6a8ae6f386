//! Reading: a record at its location, a footer at its slot's end, a range of a run. Nothing unverified leaves this
//! file.

use std::fmt;
use std::rc::Rc;

use crate::codec::length;
use crate::disk::{Column, DiskError, Segments};
use crate::limits::{BLOCK_BYTES, UNIT_BYTES};
use crate::log::footer::{Footer, FooterTail};
use crate::log::manifest::RunSpan;
use crate::log::record::Record;
use crate::log::run::{RunEnd, unit_checksum};
use crate::rt::{Buffer, BufferPool, Piece};
use crate::types::{Location, SegmentId};

/// Why bytes cannot be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// The segment is not on this disk.
    Missing(SegmentId),
    /// The disk did not give the bytes.
    Disk(SegmentId, DiskError),
    /// The bytes are not the ones that were written.
    Damaged(SegmentId, u64),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Missing(segment) => write!(f, "segment {segment} is not on any disk"),
            ReadError::Disk(segment, error) => write!(f, "segment {segment}: {error}"),
            ReadError::Damaged(segment, offset) => write!(f, "segment {segment} is damaged at {offset}"),
        }
    }
}

/// A record with its payload, verified.
#[derive(Debug)]
pub struct Read {
    /// The record.
    pub record: Record,
    buffer: Buffer,
    payload_at: usize,
}

impl Read {
    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.buffer.get(self.payload_at..self.payload_at + length(self.record.payload_bytes)).unwrap_or_default()
    }
}

/// The end of a segment, where a footer may be.
#[derive(Debug)]
pub enum Ending {
    /// The footer's last block.
    Footer(FooterTail),
    /// There is none.
    None,
}

/// Reads the log for one core.
#[derive(Clone)]
pub struct LogReader {
    disk: Rc<Segments>,
    pool: BufferPool,
}

impl LogReader {
    /// A reader that takes its buffers from `pool`.
    #[must_use]
    pub fn new(disk: Rc<Segments>, pool: BufferPool) -> LogReader {
        LogReader { disk, pool }
    }

    /// A reader of the same disk that takes its buffers from another pool.
    #[must_use]
    pub fn with_pool(&self, pool: BufferPool) -> LogReader {
        LogReader { disk: Rc::clone(&self.disk), pool }
    }

    /// The record at `location`. The caller compares key and sequence with what it asked for.
    ///
    /// # Errors
    /// Whatever keeps it from being the record that was written.
    pub async fn record(&self, location: Location) -> Result<Read, ReadError> {
        let column = self.column(location.segment)?;
        let begin = u64::from(location.offset);
        let damaged = || ReadError::Damaged(location.segment, begin);
        let aligned = begin - begin % BLOCK_BYTES as u64;
        let end = (begin + u64::from(location.length)).next_multiple_of(BLOCK_BYTES as u64);
        if end > self.disk.slot_bytes() {
            return Err(damaged());
        }
        let span = usize::try_from(end - aligned).expect("a record fits in memory");
        let buffer = self.read(&column, aligned, span).await?;
        let head_at = usize::try_from(begin - aligned).expect("an offset within a block");
        let whole = buffer.get(head_at..head_at + length(location.length)).ok_or_else(damaged)?;
        let (record, head_bytes) = Record::decode(whole).ok_or_else(damaged)?;
        if whole.get(head_bytes..).is_none_or(|payload| !record.payload_is(payload)) {
            return Err(damaged());
        }
        Ok(Read { record, payload_at: head_at + head_bytes, buffer })
    }

    /// The last block of the slot, if it is this segment's footer.
    ///
    /// # Errors
    /// The disk's.
    pub async fn ending(&self, column: &Column) -> Result<Ending, ReadError> {
        let block = self.read(column, self.disk.slot_bytes() - BLOCK_BYTES as u64, BLOCK_BYTES).await?;
        let tail = Footer::decode_tail(&block, column.segment, column.nonce, self.disk.slot_bytes());
        Ok(tail.map_or(Ending::None, Ending::Footer))
    }

    /// The whole footer whose last block is `tail`.
    ///
    /// # Errors
    /// `Damaged` if the entries are not the ones that block was written with.
    pub async fn footer(&self, column: &Column, tail: FooterTail) -> Result<Footer, ReadError> {
        let damaged = ReadError::Damaged(column.segment, tail.body_offset);
        let body = if tail.body_bytes == 0 {
            Buffer::zeroed(0)
        } else {
            self.read(column, tail.body_offset, tail.body_bytes.next_multiple_of(BLOCK_BYTES)).await?
        };
        tail.with_body(&body).ok_or(damaged)
    }

    /// The block that ends a run: its checksums, for those who read the run.
    ///
    /// # Errors
    /// Whatever keeps it from being the block that was written.
    pub async fn run_end(&self, run: RunSpan) -> Result<RunEnd, ReadError> {
        let column = self.column(run.segment)?;
        let at = u64::from(run.offset) + u64::from(run.bytes).next_multiple_of(BLOCK_BYTES as u64);
        let damaged = || ReadError::Damaged(column.segment, at);
        if at + BLOCK_BYTES as u64 > self.disk.slot_bytes() {
            return Err(damaged());
        }
        let block = self.read(&column, at, BLOCK_BYTES).await?;
        let end = RunEnd::decode(&block, column.nonce).ok_or_else(damaged)?;
        if (end.offset, end.bytes) == (run.offset, run.bytes) { Ok(end) } else { Err(damaged()) }
    }

    /// `bytes` bytes from `start` of a run with this end, verified.
    ///
    /// # Errors
    /// Whatever keeps them from being the bytes that were written.
    pub async fn run(&self, run: RunSpan, end: &RunEnd, start: u32, bytes: u32) -> Result<Piece, ReadError> {
        let column = self.column(run.segment)?;
        let unit_bytes = UNIT_BYTES as u64;
        let first = u64::from(start) / unit_bytes;
        let stop = (u64::from(start) + u64::from(bytes)).div_ceil(unit_bytes) * unit_bytes;
        let stop = stop.min(u64::from(run.bytes)).next_multiple_of(BLOCK_BYTES as u64);
        let from = first * unit_bytes;
        let outside = || ReadError::Damaged(run.segment, u64::from(run.offset));
        let span = usize::try_from(stop.checked_sub(from).ok_or_else(outside)?).expect("a run fits in memory");
        let buffer = self.read(&column, u64::from(run.offset) + from, span).await?;
        let body_end = usize::try_from(u64::from(run.bytes) - from).expect("a run fits in memory").min(span);
        let body = buffer.get(..body_end).unwrap_or_default();
        for (index, unit) in body.chunks(UNIT_BYTES).enumerate() {
            let number = usize::try_from(first).expect("a run has few units") + index;
            if end.units.get(number) != Some(&unit_checksum(column.nonce, number, unit)) {
                return Err(ReadError::Damaged(run.segment, u64::from(run.offset) + (number * UNIT_BYTES) as u64));
            }
        }
        let skip = usize::try_from(u64::from(start) - from).expect("an offset within a unit");
        let wanted = skip..skip + length(bytes);
        if wanted.end > body_end {
            return Err(outside());
        }
        Ok(buffer.piece(wanted))
    }

    /// The column that holds `segment`.
    ///
    /// # Errors
    /// `Missing`.
    pub fn column(&self, segment: SegmentId) -> Result<Column, ReadError> {
        self.disk.column(segment).ok_or(ReadError::Missing(segment))
    }

    async fn read(&self, column: &Column, offset: u64, bytes: usize) -> Result<Buffer, ReadError> {
        // What is larger than the pool could ever give is read outside it: a footer at a start, on its own.
        let buffer = match self.pool.take(bytes).await {
            Some(buffer) => buffer,
            None => Buffer::zeroed(bytes),
        };
        let (read, buffer) = self.disk.read(column, offset, buffer).await;
        read.map_err(|error| ReadError::Disk(column.segment, error))?;
        Ok(buffer)
    }
}
