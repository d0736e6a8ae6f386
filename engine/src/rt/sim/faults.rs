//! What a test does to a world from outside: it breaks things, looks at them, and goes back to an earlier disk.
//!
//! A fault belongs to the file that the path names now, and stays with it through renames and crashes.

use std::path::{Path, PathBuf};

use super::content::{Broken, Content};
use super::disk::{Snapshot, Stats};
use super::tree::Entry;
use super::world::World;

impl World {
    /// From now on all files together may have so many bytes.
    pub fn disk_capacity(&self, bytes: u64) {
        self.disk().capacity = bytes;
    }

    /// Flips one bit in each byte of the range, in what is seen and in what is durable.
    pub fn rot(&self, path: &Path, offset: u64, len: u64) {
        self.with_content(path, |content| content.rot(offset, len));
    }

    /// Reads that touch the range fail from now on.
    pub fn fail_reads(&self, path: &Path, offset: u64, len: u64) {
        let range = (offset, offset.saturating_add(len));
        self.with_content(path, |content| content.broken.unreadable.push(range));
    }

    /// Writes and allocations fail from now on; a failed write may be there in part.
    pub fn fail_writes(&self, path: &Path) {
        self.with_content(path, |content| content.broken.refuses_writes = true);
    }

    /// The `count`-th flush from now on fails, of this file or of all files. What it should have made durable stays
    /// undecided for good, as after a failed fsync; later flushes work.
    pub fn fail_flush_after(&self, path: Option<&Path>, count: u64) {
        match path {
            Some(path) => self.with_content(path, |content| content.broken.flushes_until_failure = Some(count)),
            None => self.disk().flushes_until_failure = Some(count),
        }
    }

    /// While this is so no file can be opened: the process has as many open as it may.
    pub fn refuse_descriptors(&self, refuses: bool) {
        self.disk().no_descriptors = refuses;
    }

    /// Ends the faults of a file; what is rotten stays rotten.
    pub fn mend(&self, path: &Path) {
        self.with_content(path, |content| content.broken = Broken::default());
    }

    /// Whether flushes and durable writes say that they did and did not. A suite that does not notice is worth nothing.
    pub fn lie_about_flush(&self, lies: bool) {
        self.disk().lies = lies;
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.disk().stats
    }

    /// Every file with its length, in the order of the paths.
    #[must_use]
    pub fn files(&self) -> Vec<(PathBuf, u64)> {
        self.disk().files()
    }

    /// What a read would see of a file; `None` if there is none.
    #[must_use]
    pub fn contents(&self, path: &Path) -> Option<Vec<u8>> {
        let mut disk = self.disk();
        let Some(Entry::File(file)) = disk.tree.find(path) else { return None };
        let content = disk.content(file);
        let mut bytes = vec![0; usize::try_from(content.visible_len).ok()?];
        content.read(0, &mut bytes).then_some(bytes)
    }

    /// All that lies on the disk, undecided writes included.
    ///
    /// # Panics
    /// While a process runs: its I/O under way is no state of the disk.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        assert!(!self.is_running(), "a snapshot is taken between two runs");
        let disk = self.disk();
        Snapshot {
            tree: disk.tree.clone(),
            files: disk.files.clone(),
            now: self.now(),
            next_number: disk.next_number(),
        }
    }

    /// Puts back a disk, of this world or of another. Time does not go back, nor do the stats.
    ///
    /// # Panics
    /// While a process runs.
    pub fn restore(&self, snapshot: &Snapshot) {
        assert!(!self.is_running(), "a disk is changed between two runs");
        self.advance_to(snapshot.now);
        let mut disk = self.disk();
        disk.tree = snapshot.tree.clone();
        disk.files = snapshot.files.clone();
        disk.numbers_after(snapshot.next_number);
    }

    fn with_content(&self, path: &Path, change: impl FnOnce(&mut Content)) {
        let mut disk = self.disk();
        let Some(Entry::File(file)) = disk.tree.find(path) else {
            panic!("a test breaks only what is there: {path:?}")
        };
        change(disk.content(file));
    }
}
