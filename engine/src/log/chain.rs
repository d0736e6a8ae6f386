//! Following the chain of a log segment that has no footer. Recovery trusts the chain and nothing else: it never
//! replays what it finds by searching, because payloads are chosen by users.

use crate::codec::length;
use crate::disk::{Column, DiskError, Segments};
use crate::limits::{BLOCK_BYTES, GROUP_BYTES_MAX};
use crate::log::footer::FooterEntry;
use crate::log::group::{self, GroupHeader};
use crate::rt::Buffer;
use crate::types::{GroupNumber, SegmentId};

/// What the chain of a segment holds, and how it ends.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// The last group that fits; 0 if there is none.
    pub last: GroupNumber,
    /// Where in the slot the chain ends.
    pub end: u64,
    /// What the first group names: the segment before and its last group.
    pub previous: Option<(SegmentId, GroupNumber)>,
    /// The records, without payloads.
    pub entries: Vec<FooterEntry>,
    /// The medium's error that ended it, if it was one.
    pub media: Option<DiskError>,
    /// What ended it is a group that fits and is whole, but whose records are none that this program knows.
    pub unknown: bool,
}

/// Bytes read at once while following a chain.
const WINDOW_BYTES: usize = 256 * 1024;

/// Follows the chain of `column` from its first group.
pub(super) async fn follow(disk: &Segments, column: &Column) -> Chain {
    let mut chain = Chain { end: BLOCK_BYTES as u64, ..Chain::default() };
    let mut previous_crc = 0;
    let mut window = Window::default();
    loop {
        let header = match window.bytes(disk, column, chain.end, BLOCK_BYTES).await {
            Ok(Some(block)) => GroupHeader::decode(block),
            Ok(None) => None,
            Err(error) => {
                chain.media = Some(error);
                return chain;
            }
        };
        let next = GroupNumber(chain.last.0 + 1);
        let links = |header: &GroupHeader| {
            header.nonce == column.nonce && header.number == next && header.previous_crc == previous_crc
        };
        let Some(header) = header.filter(links) else { return chain };
        let whole = match window.bytes(disk, column, chain.end, length(header.bytes)).await {
            Ok(whole) => whole,
            Err(error) => {
                chain.media = Some(error);
                return chain;
            }
        };
        let Some(whole) = whole.filter(|whole| header.matches(whole)) else { return chain };
        let Some(records) = group::records(&header, whole) else {
            chain.unknown = true;
            return chain;
        };
        if chain.last == GroupNumber(0) {
            chain.previous = Some((header.previous_segment, header.previous_last));
        }
        let begin = u32::try_from(chain.end).expect("a slot is smaller than 4 GiB");
        for (offset, record) in records {
            let mut stored = Vec::new();
            record.encode(&mut stored);
            chain.entries.push((begin + offset, stored));
        }
        chain.last = next;
        chain.end += u64::from(header.bytes);
        previous_crc = header.crc;
    }
}

/// What the first group of a segment names: the segment before and its last group. Evidence for a verdict, not a link.
pub(crate) async fn first_names(disk: &Segments, column: &Column) -> Option<(SegmentId, GroupNumber)> {
    let mut window = Window::default();
    let block = window.bytes(disk, column, BLOCK_BYTES as u64, BLOCK_BYTES).await.ok()??;
    let header = GroupHeader::decode(block)?;
    let is_first = header.nonce == column.nonce && header.number == GroupNumber(1);
    is_first.then_some((header.previous_segment, header.previous_last))
}

/// The highest `durable_up_to` that any block from `from` on carries together with the segment's nonce, or the medium's
/// error. Used for the verdict on a chain's end only, never to find records.
///
/// # Errors
/// The medium's, which is damage.
pub(super) async fn probe(disk: &Segments, column: &Column, from: u64) -> Result<GroupNumber, DiskError> {
    let mut highest = GroupNumber(0);
    let mut window = Window::default();
    let mut at = from;
    while let Some(block) = window.bytes(disk, column, at, BLOCK_BYTES).await? {
        if let Some(header) = GroupHeader::decode(block).filter(|header| header.nonce == column.nonce) {
            highest = highest.max(header.durable_up_to);
        }
        at += BLOCK_BYTES as u64;
    }
    Ok(highest)
}

/// A piece of a slot in memory.
#[derive(Default)]
pub(super) struct Window {
    at: u64,
    held: Option<Buffer>,
}

impl Window {
    /// `len` bytes at `offset` of the slot; `None` if they reach beyond it.
    ///
    /// # Errors
    /// The medium's.
    pub(super) async fn bytes(
        &mut self,
        disk: &Segments,
        column: &Column,
        offset: u64,
        len: usize,
    ) -> Result<Option<&[u8]>, DiskError> {
        let slot = disk.slot_bytes();
        if offset + len as u64 > slot || len > GROUP_BYTES_MAX {
            return Ok(None);
        }
        let held = self.held.as_ref().map_or(0, |held| held.len()) as u64;
        if offset < self.at || offset + len as u64 > self.at + held {
            let room = usize::try_from(slot - offset).unwrap_or(usize::MAX);
            let (read, buffer) = disk.read(column, offset, Buffer::zeroed(len.max(WINDOW_BYTES).min(room))).await;
            let buffer = match read {
                Ok(()) => buffer,
                // One bad block must not hide the good ones that were read ahead with it.
                Err(_) => {
                    let (read, buffer) = disk.read(column, offset, Buffer::zeroed(len)).await;
                    read?;
                    buffer
                }
            };
            self.at = offset;
            self.held = Some(buffer);
        }
        let begin = usize::try_from(offset - self.at).expect("the window is in memory");
        Ok(self.held.as_ref().and_then(|held| held.get(begin..begin + len)))
    }
}
