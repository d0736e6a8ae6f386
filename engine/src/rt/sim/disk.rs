//! The one virtual disk of a world: its files and names, locks and room, and what a crash does to all of them.
//!
//! What must hold: every answer here is at once; how long a call takes, and when it lands and ends, is decided in
//! `file` and `directory`. A file lives as long as a name or an undecided change of names leads to it, and at least
//! until its process ends.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::content::{BLOCK, Content, Phase, blocks_of};
use super::crash::Mode;
use super::random::Random;
use super::tree::{Entry, Tree};
use crate::rt::{IoError, IoKind, OpenMode};

/// What happened so far, so that a test can see that the faults it asked for occurred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Reads that ended well.
    pub reads: u64,
    /// Writes that ended well, durable ones and allocations included.
    pub writes: u64,
    /// Writes that were durable by themselves.
    pub durable_writes: u64,
    /// Flushes of files that ended well.
    pub flushes: u64,
    /// Calls that failed because a test had asked for it.
    pub failures: u64,
    /// Undecided writes that a crash kept whole.
    pub kept: u64,
    /// Undecided writes of which a crash left nothing.
    pub dropped: u64,
    /// Undecided writes of which a crash left a part.
    pub torn: u64,
    /// Created, renamed or removed entries that a power cut undid.
    pub entries_dropped: u64,
    /// Power cuts.
    pub power_cuts: u64,
    /// Ends of the process, with and without a kill.
    pub exits: u64,
}

/// All that lies on a world's disk at one moment, to go back to.
#[derive(Clone)]
pub struct Snapshot {
    pub(super) tree: Tree,
    pub(super) files: BTreeMap<u64, Content>,
    pub(super) now: u64,
    pub(super) next_number: u64,
}

/// What ends a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crash {
    Exit,
    PowerCut,
}

pub(super) struct Disk {
    pub(super) tree: Tree,
    pub(super) files: BTreeMap<u64, Content>,
    pub(super) stats: Stats,
    pub(super) capacity: u64,
    /// Flushes say they did, and did not.
    pub(super) lies: bool,
    /// Counts down with the flushes of every file.
    pub(super) flushes_until_failure: Option<u64>,
    /// The process has as many files open as it may.
    pub(super) no_descriptors: bool,
    locks: Vec<Lock>,
    next_number: u64,
}

/// A locked byte range of a file.
struct Lock {
    file: u64,
    holder: u64,
    start: u64,
    end: u64,
}

/// The error of `operation` for a reason that has no number.
pub(super) fn refusal(operation: &'static str, kind: IoKind) -> IoError {
    IoError { operation, kind, code: 0 }
}

impl Disk {
    pub(super) fn new(capacity: u64) -> Disk {
        Disk {
            tree: Tree::new(),
            files: BTreeMap::new(),
            stats: Stats::default(),
            capacity,
            lies: false,
            flushes_until_failure: None,
            no_descriptors: false,
            locks: Vec::new(),
            next_number: 1,
        }
    }

    /// A number that no file, directory, write or holder of a lock has.
    pub(super) fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    /// Numbers given from now on are above all of a restored state.
    pub(super) fn numbers_after(&mut self, number: u64) {
        self.next_number = self.next_number.max(number);
    }

    pub(super) fn next_number(&self) -> u64 {
        self.next_number
    }

    pub(super) fn open(&mut self, path: &Path, mode: OpenMode) -> Result<u64, IoError> {
        if self.no_descriptors {
            self.stats.failures += 1;
            return Err(IoError::from_code("open", libc::EMFILE));
        }
        match (self.tree.find(path), mode) {
            (Some(Entry::File(file)), OpenMode::Existing) => Ok(file),
            (Some(Entry::Directory(_)), OpenMode::Existing) => Err(IoError::from_code("open", libc::EISDIR)),
            (Some(_), OpenMode::Create) => Err(IoError::from_code("open", libc::EEXIST)),
            (None, OpenMode::Existing) => Err(IoError::from_code("open", libc::ENOENT)),
            (None, OpenMode::Create) => {
                let place = self.tree.place(path).ok_or(IoError::from_code("open", libc::ENOENT))?;
                let file = self.number();
                self.files.insert(file, Content::default());
                self.tree.link(place, Entry::File(file));
                Ok(file)
            }
        }
    }

    /// An open file's content; it outlives its name.
    pub(super) fn content(&mut self, file: u64) -> &mut Content {
        self.files.entry(file).or_default()
    }

    pub(super) fn read(&mut self, file: u64, offset: u64, bytes: &mut [u8]) -> Result<(), IoError> {
        let content = self.content(file);
        if content.is_unreadable(offset, bytes.len() as u64) {
            self.stats.failures += 1;
            return Err(IoError::from_code("read", libc::EIO));
        }
        if !content.read(offset, bytes) {
            return Err(refusal("read", IoKind::Short));
        }
        self.stats.reads += 1;
        Ok(())
    }

    /// Takes in a write and gives its number.
    pub(super) fn submit(&mut self, file: u64, offset: u64, bytes: &[u8]) -> u64 {
        let number = self.number();
        self.content(file).submit(number, offset, blocks_of(bytes), offset + bytes.len() as u64);
        number
    }

    /// Takes in an allocation and gives its number.
    pub(super) fn submit_allocation(&mut self, file: u64, len: u64) -> u64 {
        let number = self.number();
        self.content(file).submit(number, 0, Vec::new(), len);
        number
    }

    /// Lets a write reach the file; one that fails is partly there or not, and stays undecided for good.
    pub(super) fn land(
        &mut self,
        operation: &'static str,
        file: u64,
        number: u64,
        random: &mut Random,
    ) -> Result<(), IoError> {
        let content = self.content(file);
        let end = content.writes.get(&number).map_or(0, |write| write.end);
        let growth = blocks_for(end).saturating_sub(blocks_for(content.visible_len));
        let has_room = growth == 0 || growth <= self.free_bytes() / BLOCK;
        let mut stats = self.stats;
        let content = self.content(file);
        let result = if content.broken.refuses_writes {
            content.land_by_chance(number, Phase::Forsaken, random, &mut stats);
            stats.failures += 1;
            Err(IoError::from_code(operation, libc::EIO))
        } else if !has_room {
            content.writes.remove(&number);
            Err(IoError::from_code(operation, libc::ENOSPC))
        } else {
            content.land(number);
            Ok(())
        };
        self.stats = stats;
        result
    }

    /// A write that landed is done.
    pub(super) fn end(&mut self, file: u64, number: u64, durable: bool) {
        self.stats.writes += 1;
        self.stats.durable_writes += u64::from(durable);
        let lies = self.lies;
        let content = self.content(file);
        content.end(number, Phase::Ended);
        if durable && !lies {
            content.decide(number);
        }
    }

    /// A flush of `writes`, those that had ended when it was called, is done.
    pub(super) fn flush(&mut self, file: u64, writes: &[u64]) -> Result<(), IoError> {
        let lies = self.lies;
        let fails = burns(&mut self.flushes_until_failure);
        let content = self.content(file);
        if burns(&mut content.broken.flushes_until_failure) || fails {
            writes.iter().for_each(|write| content.end(*write, Phase::Forsaken));
            self.stats.failures += 1;
            return Err(IoError::from_code("flush", libc::EIO));
        }
        if !lies {
            writes.iter().for_each(|write| content.decide(*write));
        }
        self.stats.flushes += 1;
        Ok(())
    }

    pub(super) fn lock(&mut self, file: u64, holder: u64, start: u64, len: u64) -> Result<(), IoError> {
        let end = start.saturating_add(len);
        let meets = |lock: &Lock| lock.file == file && lock.holder != holder && lock.start < end && start < lock.end;
        if self.locks.iter().any(meets) {
            return Err(IoError::from_code("lock", libc::EAGAIN));
        }
        self.locks.push(Lock { file, holder, start, end });
        Ok(())
    }

    pub(super) fn unlock(&mut self, holder: u64) {
        self.locks.retain(|lock| lock.holder != holder);
    }

    /// Bytes that files can still grow by.
    pub(super) fn free_bytes(&self) -> u64 {
        let lens = self.tree.files().into_iter().filter_map(|(_, file)| self.files.get(&file));
        let used: u64 = lens.map(|content| blocks_for(content.visible_len) * BLOCK).sum();
        self.capacity.saturating_sub(used)
    }

    /// Every file that has a name, with its length.
    pub(super) fn files(&self) -> Vec<(PathBuf, u64)> {
        let len = |file: &u64| self.files.get(file).map_or(0, |content| content.visible_len);
        self.tree.files().into_iter().map(|(path, file)| (path, len(&file))).collect()
    }

    /// The process is gone, and with it its locks; perhaps the power too.
    pub(super) fn crash(&mut self, crash: Crash, random: &mut Random) {
        self.locks.clear();
        match crash {
            Crash::Exit => {
                self.stats.exits += 1;
                self.files.values_mut().for_each(|content| content.kill(random, &mut self.stats));
            }
            Crash::PowerCut => {
                self.stats.power_cuts += 1;
                let mode = Mode::draw(random);
                self.stats.entries_dropped += self.tree.power_cut(mode, random);
                self.files.values_mut().for_each(|content| content.power_cut(mode, random, &mut self.stats));
            }
        }
        if self.tree.is_settled() {
            self.tree.sweep();
            let named: BTreeSet<u64> = self.tree.files().into_iter().map(|(_, file)| file).collect();
            self.files.retain(|file, _| named.contains(file));
        }
    }
}

/// True for the flush that brings the count to zero.
fn burns(left: &mut Option<u64>) -> bool {
    *left = left.map(|left| left.saturating_sub(1));
    left.take_if(|left| *left == 0).is_some()
}

fn blocks_for(len: u64) -> u64 {
    len.div_ceil(BLOCK)
}
