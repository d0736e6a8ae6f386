//! The directory calls of the seam on the virtual disk.
//!
//! Every call takes its time before and after the moment at which it happens. A small file is written as the real world
//! does it: a new name beside it, a flush of its bytes, a rename; a crash may find any of the three undone.

use std::path::{Path, PathBuf};

use super::content::Phase;
use super::tree::{Entry, Place};
use super::world::World;
use crate::rt::{IoError, OpenMode};

/// The directories of a world.
pub struct Directory {
    world: World,
}

impl Directory {
    pub(super) fn new(world: World) -> Directory {
        Directory { world }
    }

    /// Makes the directory `path` and those above it.
    ///
    /// # Errors
    /// `Exists` if one of them is a file.
    pub async fn create(&self, path: &Path) -> Result<(), IoError> {
        let mut paths: Vec<&Path> = path.ancestors().collect();
        paths.reverse();
        for path in paths {
            self.world.helper_pause().await;
            let mut disk = self.world.disk();
            match disk.tree.find(path) {
                Some(Entry::Directory(_)) => (),
                Some(Entry::File(_)) => return Err(IoError::from_code("create", libc::EEXIST)),
                None => {
                    let place = disk.tree.place(path).ok_or(IoError::from_code("create", libc::ENOENT))?;
                    let directory = disk.number();
                    disk.tree.link(place, Entry::Directory(directory));
                }
            }
        }
        self.world.helper_pause().await;
        Ok(())
    }

    /// The names in the directory, sorted; `None` if there is none.
    ///
    /// # Errors
    /// If it is a file.
    pub async fn entries(&self, path: &Path) -> Result<Option<Vec<String>>, IoError> {
        self.world.helper_pause().await;
        let disk = self.world.disk();
        match disk.tree.find(path) {
            Some(Entry::Directory(directory)) => Ok(Some(disk.tree.names_in(directory))),
            Some(Entry::File(_)) => Err(IoError::from_code("list", libc::ENOTDIR)),
            None => Ok(None),
        }
    }

    /// The whole of a small file; `None` if there is none.
    ///
    /// # Errors
    /// `Media` if a test made it unreadable.
    pub async fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, IoError> {
        self.world.helper_pause().await;
        let mut disk = self.world.disk();
        let file = match disk.tree.find(path) {
            Some(Entry::File(file)) => file,
            Some(Entry::Directory(_)) => return Err(IoError::from_code("read", libc::EISDIR)),
            None => return Ok(None),
        };
        let len = usize::try_from(disk.content(file).visible_len).expect("a file in memory has a length in memory");
        let mut bytes = vec![0; len];
        disk.read(file, 0, &mut bytes)?;
        Ok(Some(bytes))
    }

    /// Writes a small file whole and flushes it. The directory is not flushed.
    ///
    /// # Errors
    /// What the steps answered.
    pub async fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), IoError> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        self.remove(&beside).await?;
        let written = self.write_flushed(&beside, bytes).await;
        if written.is_err() {
            self.remove(&beside).await?;
            return written;
        }
        self.rename(&beside, path).await
    }

    async fn write_flushed(&self, path: &Path, bytes: &[u8]) -> Result<(), IoError> {
        let file = self.world.disk().open(path, OpenMode::Create)?;
        let number = self.world.disk().submit(file, 0, bytes);
        self.world.helper_pause().await;
        self.world.disk().land("write", file, number, &mut self.world.random())?;
        self.world.disk().content(file).end(number, Phase::Ended);
        self.world.helper_pause().await;
        self.world.disk().flush(file, &[number])
    }

    /// Renames; a file at `to` is replaced, a directory at `to` is an error.
    ///
    /// # Errors
    /// `NotFound`, or that a directory is in the way.
    pub async fn rename(&self, from: &Path, to: &Path) -> Result<(), IoError> {
        self.world.helper_pause().await;
        {
            let mut disk = self.world.disk();
            let entry = disk.tree.find(from).ok_or(IoError::from_code("rename", libc::ENOENT))?;
            let code = match (entry, disk.tree.find(to)) {
                (_, Some(Entry::Directory(_))) => Some(libc::EEXIST),
                (Entry::Directory(_), Some(Entry::File(_))) => Some(libc::ENOTDIR),
                (Entry::Directory(_), None) if to.starts_with(from) => Some(libc::EINVAL),
                _ => None,
            };
            if let Some(code) = code {
                return Err(IoError::from_code("rename", code));
            }
            let places: Option<(Place, Place)> = disk.tree.place(from).zip(disk.tree.place(to));
            let (from, to) = places.ok_or(IoError::from_code("rename", libc::ENOENT))?;
            if from != to {
                disk.tree.rename(from, to);
            }
        }
        self.world.helper_pause().await;
        Ok(())
    }

    /// Removes a file, or a directory with all in it. One that is not there is no error.
    ///
    /// # Errors
    /// None in this world.
    pub async fn remove(&self, path: &Path) -> Result<(), IoError> {
        self.world.helper_pause().await;
        {
            let mut disk = self.world.disk();
            if let Some(place) = disk.tree.place(path) {
                disk.tree.unlink(place);
            }
        }
        self.world.helper_pause().await;
        Ok(())
    }

    /// Makes the entries of the directory durable.
    ///
    /// # Errors
    /// `NotFound` if there is no such directory.
    pub async fn flush(&self, path: &Path) -> Result<(), IoError> {
        self.world.helper_pause().await;
        {
            let mut disk = self.world.disk();
            match disk.tree.find(path) {
                Some(Entry::Directory(directory)) if !disk.lies => disk.tree.flush(directory),
                Some(Entry::Directory(_)) => (),
                Some(Entry::File(_)) => return Err(IoError::from_code("flush", libc::ENOTDIR)),
                None => return Err(IoError::from_code("flush", libc::ENOENT)),
            }
        }
        self.world.helper_pause().await;
        Ok(())
    }

    /// Bytes that the disk can still give.
    ///
    /// # Errors
    /// None in this world.
    pub async fn free_bytes(&self, _path: &Path) -> Result<u64, IoError> {
        self.world.helper_pause().await;
        Ok(self.world.disk().free_bytes())
    }
}
