//! What one virtual file holds: what a read sees, what is durable, and the versions of blocks between the two.
//!
//! A write is submitted, lands (a read sees it from here on), and ends; a flush decides those that had ended when it
//! was called. Landing puts each block on top of the versions of its place. Deciding a write makes its version durable
//! and forgets the versions below it, so that an older undecided write can never come back over a newer durable one;
//! those above stay undecided.
//!
//! What must hold: a place without versions reads the same visible and durable. Zero blocks are absent. Times, errors
//! and fates are decided elsewhere (`file`, `disk`, `crash`).

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::limits::BLOCK_BYTES;

/// The bytes of one block; `None` is zeros.
pub(super) type Block = Option<Rc<[u8; BLOCK_BYTES]>>;
/// Blocks by their number in the file.
type Blocks = BTreeMap<u64, Rc<[u8; BLOCK_BYTES]>>;

/// The block size as files count it.
pub(super) const BLOCK: u64 = BLOCK_BYTES as u64;

/// One file.
#[derive(Clone, Default)]
pub(super) struct Content {
    pub(super) visible: Blocks,
    pub(super) durable: Blocks,
    pub(super) visible_len: u64,
    pub(super) durable_len: u64,
    /// Undecided versions of each place, the oldest first. No list is empty.
    pub(super) versions: BTreeMap<u64, Vec<Version>>,
    /// Undecided writes by their number.
    pub(super) writes: BTreeMap<u64, Write>,
    /// What a test broke.
    pub(super) broken: Broken,
}

/// One block of an undecided write.
#[derive(Clone)]
pub(super) struct Version {
    pub(super) write: u64,
    pub(super) block: Block,
}

/// An undecided write, or an allocation, which is a write without blocks.
#[derive(Clone)]
pub(super) struct Write {
    pub(super) first: u64,
    /// The blocks, until they land.
    pub(super) blocks: Vec<Block>,
    pub(super) block_count: u64,
    /// The file is at least this long once the write counts.
    pub(super) end: u64,
    pub(super) phase: Phase,
}

/// How far an undecided write has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// No read sees it yet.
    Submitted,
    /// Reads see it, its caller does not know.
    Landed,
    /// The next flush decides it.
    Ended,
    /// It or its flush failed: no later flush decides it, as after a failed fsync.
    Forsaken,
}

/// What a test broke about one file.
#[derive(Clone, Default)]
pub(super) struct Broken {
    /// Byte ranges that do not read: start and end.
    pub(super) unreadable: Vec<(u64, u64)>,
    /// Writes fail.
    pub(super) refuses_writes: bool,
    /// Counts down with every flush; the one that reaches zero fails.
    pub(super) flushes_until_failure: Option<u64>,
}

/// The blocks of `bytes`; a last piece that is not whole is filled up with zeros.
pub(super) fn blocks_of(bytes: &[u8]) -> Vec<Block> {
    bytes.chunks(BLOCK_BYTES).map(block_of).collect()
}

/// One block of at most a block of bytes.
pub(super) fn block_of(bytes: &[u8]) -> Block {
    static ZEROS: [u8; BLOCK_BYTES] = [0; BLOCK_BYTES];
    if ZEROS.get(..bytes.len()) == Some(bytes) {
        return None;
    }
    let mut block = [0; BLOCK_BYTES];
    block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    Some(Rc::new(block))
}

pub(super) fn put(blocks: &mut Blocks, place: u64, block: &Block) {
    match block {
        Some(bytes) => blocks.insert(place, Rc::clone(bytes)),
        None => blocks.remove(&place),
    };
}

impl Content {
    /// Takes in a write of whole blocks; nothing sees it yet.
    pub(super) fn submit(&mut self, number: u64, offset: u64, blocks: Vec<Block>, end: u64) {
        let block_count = blocks.len() as u64;
        let write = Write { first: offset / BLOCK, blocks, block_count, end, phase: Phase::Submitted };
        self.writes.insert(number, write);
    }

    /// Lets reads see a submitted write.
    pub(super) fn land(&mut self, number: u64) {
        let Some(write) = self.writes.get_mut(&number) else { return };
        if write.phase != Phase::Submitted {
            return;
        }
        write.phase = Phase::Landed;
        let (first, end) = (write.first, write.end);
        let blocks = std::mem::take(&mut write.blocks);
        self.visible_len = self.visible_len.max(end);
        for (place, block) in (first..).zip(blocks) {
            if block.is_none() && !self.visible.contains_key(&place) && !self.versions.contains_key(&place) {
                // Zeros over zeros: there is nothing to be undecided about, and growth writes a great many of them.
                continue;
            }
            put(&mut self.visible, place, &block);
            self.versions.entry(place).or_default().push(Version { write: number, block });
        }
    }

    /// The caller is told that the write is done.
    pub(super) fn end(&mut self, number: u64, phase: Phase) {
        if let Some(write) = self.writes.get_mut(&number) {
            write.phase = phase;
        }
    }

    /// The writes that a flush called now decides.
    pub(super) fn ended(&self) -> Vec<u64> {
        self.writes.iter().filter(|(_, write)| write.phase == Phase::Ended).map(|(number, _)| *number).collect()
    }

    /// Makes a write that ended durable; one that another flush has forsaken meanwhile stays undecided.
    pub(super) fn decide(&mut self, number: u64) {
        if self.writes.get(&number).is_none_or(|write| write.phase != Phase::Ended) {
            return;
        }
        let Some(write) = self.writes.remove(&number) else { return };
        self.durable_len = self.durable_len.max(write.end);
        for place in write.first..write.first + write.block_count {
            let Some(versions) = self.versions.get_mut(&place) else { continue };
            let Some(at) = versions.iter().position(|version| version.write == number) else { continue };
            if let Some(version) = versions.drain(..=at).next_back() {
                put(&mut self.durable, place, &version.block);
            }
            if versions.is_empty() {
                self.versions.remove(&place);
            }
        }
    }

    /// What reads see, from `offset`, into `bytes`; false if the file ends before.
    pub(super) fn read(&self, offset: u64, bytes: &mut [u8]) -> bool {
        if offset.saturating_add(bytes.len() as u64) > self.visible_len {
            return false;
        }
        for (place, piece) in (offset / BLOCK..).zip(bytes.chunks_mut(BLOCK_BYTES)) {
            match self.visible.get(&place) {
                Some(block) => piece.copy_from_slice(&block[..piece.len()]),
                None => piece.fill(0),
            }
        }
        true
    }

    /// Flips a bit in each byte of the range, wherever the range is held.
    pub(super) fn rot(&mut self, offset: u64, len: u64) {
        let end = offset.saturating_add(len).min(self.visible_len.max(self.durable_len));
        for place in offset / BLOCK..end.div_ceil(BLOCK) {
            let flip = |block: &Block| {
                let mut bytes = block.as_deref().copied().unwrap_or([0; BLOCK_BYTES]);
                for (at, byte) in (place * BLOCK..).zip(bytes.iter_mut()) {
                    if (offset..end).contains(&at) {
                        *byte ^= 1 << (at % 8);
                    }
                }
                block_of(&bytes)
            };
            let (seen, kept) = (self.visible.get(&place).cloned(), self.durable.get(&place).cloned());
            put(&mut self.visible, place, &flip(&seen));
            put(&mut self.durable, place, &flip(&kept));
            let versions = self.versions.get_mut(&place).into_iter().flatten();
            versions.for_each(|version| version.block = flip(&version.block));
        }
    }

    /// True if a test made any of the range unreadable.
    pub(super) fn is_unreadable(&self, offset: u64, len: u64) -> bool {
        let end = offset.saturating_add(len);
        self.broken.unreadable.iter().any(|(from, to)| offset < *to && *from < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(byte: u8) -> Vec<Block> {
        blocks_of(&[byte; BLOCK_BYTES])
    }

    fn written(content: &mut Content, number: u64, byte: u8) {
        content.submit(number, 0, filled(byte), BLOCK);
        content.land(number);
        content.end(number, Phase::Ended);
    }

    fn first_byte(blocks: &Blocks) -> u8 {
        blocks.get(&0).map_or(0, |block| block[0])
    }

    #[test]
    fn a_write_is_seen_when_it_lands_and_durable_when_decided() {
        let mut content = Content::default();
        content.submit(1, 0, filled(7), BLOCK);
        assert!(!content.read(0, &mut [0; BLOCK_BYTES]));
        content.land(1);
        assert_eq!((first_byte(&content.visible), first_byte(&content.durable)), (7, 0));
        assert!(content.ended().is_empty(), "a flush decides nothing that has not ended");
        content.end(1, Phase::Ended);
        assert_eq!(content.ended(), [1]);
        content.decide(1);
        assert_eq!((first_byte(&content.durable), content.durable_len), (7, BLOCK));
        assert!(content.writes.is_empty() && content.versions.is_empty());
    }

    #[test]
    fn an_older_undecided_write_does_not_come_back_over_a_newer_durable_one() {
        let mut content = Content::default();
        written(&mut content, 1, 1);
        written(&mut content, 2, 2);
        content.decide(2);
        assert!(content.versions.is_empty(), "nothing is left that a crash could choose");
        content.decide(1);
        assert_eq!((first_byte(&content.durable), first_byte(&content.visible)), (2, 2));
    }

    #[test]
    fn a_newer_undecided_write_stays_undecided_over_an_older_durable_one() {
        let mut content = Content::default();
        written(&mut content, 1, 1);
        written(&mut content, 2, 2);
        content.decide(1);
        assert_eq!((first_byte(&content.durable), first_byte(&content.visible)), (1, 2));
        assert_eq!(content.versions[&0].len(), 1);
    }

    #[test]
    fn a_write_that_one_flush_has_forsaken_is_not_decided_by_another() {
        let mut content = Content::default();
        written(&mut content, 1, 1);
        content.end(1, Phase::Forsaken);
        content.decide(1);
        assert_eq!((first_byte(&content.durable), first_byte(&content.visible)), (0, 1));
    }

    #[test]
    fn zeros_over_zeros_cost_nothing_and_zeros_over_bytes_are_a_version() {
        let mut content = Content::default();
        written(&mut content, 1, 0);
        assert!(content.versions.is_empty() && content.visible.is_empty());
        written(&mut content, 2, 5);
        written(&mut content, 3, 0);
        assert_eq!((content.versions[&0].len(), content.visible.len()), (2, 0));
        content.decide(3);
        assert!(content.durable.is_empty() && content.versions.is_empty());
    }

    #[test]
    fn rot_flips_what_is_seen_and_what_is_kept_and_nothing_beside() {
        let mut content = Content::default();
        written(&mut content, 1, 9);
        content.decide(1);
        content.rot(10, 2);
        for blocks in [&content.visible, &content.durable] {
            let block = &blocks[&0];
            assert!(block[10] != 9 && block[11] != 9);
            assert_eq!(block.iter().filter(|byte| **byte != 9).count(), 2);
        }
    }
}
