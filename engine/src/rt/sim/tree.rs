//! Names: which there are, which are durable, and the changes between the two.
//!
//! A change is a created, removed or renamed entry. It is decided by a flush of its directory, with every earlier
//! change that it rests on. A power cut decides each other change on its own, but for those that touch an entry of a
//! dropped one: they are dropped too, as file systems keep the order of changes to one entry, and a rename never loses
//! the file.
//!
//! What must hold: a directory without pending changes is visible as it is durable. The root is always there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::crash::Mode;
use super::random::Random;

/// What a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    File(u64),
    Directory(u64),
}

/// A name in a directory.
pub(super) type Place = (u64, String);
type Names = BTreeMap<String, Entry>;

/// The number of the root directory.
const ROOT: u64 = 0;

/// All names.
#[derive(Clone)]
pub(super) struct Tree {
    directories: BTreeMap<u64, Directory>,
    pending: Vec<Change>,
}

#[derive(Clone, Default)]
struct Directory {
    visible: Names,
    durable: Names,
}

/// Entries that change together, or not at all.
#[derive(Clone)]
struct Change {
    entries: Vec<(Place, Option<Entry>)>,
}

impl Tree {
    pub(super) fn new() -> Tree {
        Tree { directories: BTreeMap::from([(ROOT, Directory::default())]), pending: Vec::new() }
    }

    /// What is at `path`.
    pub(super) fn find(&self, path: &Path) -> Option<Entry> {
        names(path).try_fold(Entry::Directory(ROOT), |at, name| match at {
            Entry::Directory(number) => self.directories.get(&number)?.visible.get(&name).copied(),
            Entry::File(_) => None,
        })
    }

    /// The place that `path` names, if its directory is there.
    pub(super) fn place(&self, path: &Path) -> Option<Place> {
        let name = names(path).last()?;
        match self.find(path.parent()?)? {
            Entry::Directory(directory) => Some((directory, name)),
            Entry::File(_) => None,
        }
    }

    /// The names in a directory, sorted.
    pub(super) fn names_in(&self, directory: u64) -> Vec<String> {
        self.directories.get(&directory).map(|found| found.visible.keys().cloned().collect()).unwrap_or_default()
    }

    /// Makes an entry; a new directory is empty.
    pub(super) fn link(&mut self, place: Place, entry: Entry) {
        if let Entry::Directory(number) = entry {
            self.directories.insert(number, Directory::default());
        }
        self.change(vec![(place, Some(entry))]);
    }

    /// Removes an entry and all beneath it, one change each.
    pub(super) fn unlink(&mut self, place: Place) {
        let entry = self.directories.get(&place.0).and_then(|directory| directory.visible.get(&place.1)).copied();
        if let Some(Entry::Directory(number)) = entry {
            for name in self.names_in(number) {
                self.unlink((number, name));
            }
        }
        if entry.is_some() {
            self.change(vec![(place, None)]);
        }
    }

    /// Moves an entry, over whatever is at `to`.
    pub(super) fn rename(&mut self, from: Place, to: Place) {
        let entry = self.directories.get(&from.0).and_then(|directory| directory.visible.get(&from.1)).copied();
        self.change(vec![(from, None), (to, entry)]);
    }

    /// Makes the entries of a directory durable.
    pub(super) fn flush(&mut self, directory: u64) {
        let mut needed: BTreeSet<Place> = BTreeSet::new();
        let mut decided = Vec::new();
        let pending = std::mem::take(&mut self.pending);
        for change in pending.into_iter().rev() {
            let mut places = change.entries.iter().map(|(place, _)| place);
            if places.any(|place| place.0 == directory || needed.contains(place)) {
                needed.extend(change.entries.iter().map(|(place, _)| place.clone()));
                decided.push(change);
            } else {
                self.pending.push(change);
            }
        }
        self.pending.reverse();
        decided.into_iter().rev().for_each(|change| self.keep(change));
    }

    /// The power is gone: gives the number of changes that did not happen.
    pub(super) fn power_cut(&mut self, mode: Mode, random: &mut Random) -> u64 {
        let mut lost: BTreeSet<Place> = BTreeSet::new();
        let mut dropped = 0;
        for change in std::mem::take(&mut self.pending) {
            let rests_on_lost = change.entries.iter().any(|(place, _)| lost.contains(place));
            if rests_on_lost || !mode.keeps(random) {
                lost.extend(change.entries.into_iter().map(|(place, _)| place));
                dropped += 1;
            } else {
                self.keep(change);
            }
        }
        for directory in self.directories.values_mut() {
            directory.visible.clone_from(&directory.durable);
        }
        dropped
    }

    /// Every file that has a name, with its path, in the order of the paths.
    pub(super) fn files(&self) -> Vec<(PathBuf, u64)> {
        let mut found = Vec::new();
        self.walk(ROOT, Path::new("/"), &mut |path, entry| {
            if let Entry::File(number) = entry {
                found.push((path, number));
            }
        });
        found
    }

    /// Forgets directories that no path leads to and no pending change could bring back.
    pub(super) fn sweep(&mut self) {
        if !self.pending.is_empty() {
            return;
        }
        let mut found = BTreeSet::from([ROOT]);
        self.walk(ROOT, Path::new("/"), &mut |_, entry| {
            if let Entry::Directory(number) = entry {
                found.insert(number);
            }
        });
        self.directories.retain(|number, _| found.contains(number));
    }

    /// True if nothing is undecided.
    pub(super) fn is_settled(&self) -> bool {
        self.pending.is_empty()
    }

    fn walk(&self, number: u64, path: &Path, visit: &mut dyn FnMut(PathBuf, Entry)) {
        let names = self.directories.get(&number).map(|directory| &directory.visible);
        for (name, entry) in names.into_iter().flatten() {
            let path = path.join(name);
            visit(path.clone(), *entry);
            if let Entry::Directory(number) = entry {
                self.walk(*number, &path, visit);
            }
        }
    }

    fn change(&mut self, entries: Vec<(Place, Option<Entry>)>) {
        for ((directory, name), entry) in &entries {
            let directory = self.directories.entry(*directory).or_default();
            set(&mut directory.visible, name, *entry);
        }
        self.pending.push(Change { entries });
    }

    fn keep(&mut self, change: Change) {
        for ((directory, name), entry) in change.entries {
            set(&mut self.directories.entry(directory).or_default().durable, &name, entry);
        }
    }
}

fn set(names: &mut Names, name: &str, entry: Option<Entry>) {
    match entry {
        Some(entry) => names.insert(name.to_owned(), entry),
        None => names.remove(name),
    };
}

/// The names of a path; the paths of a simulated world all begin at its root.
fn names(path: &Path) -> impl Iterator<Item = String> + '_ {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(tree: &Tree, path: &str) -> Place {
        tree.place(Path::new(path)).expect("the directory is there")
    }

    fn tree() -> Tree {
        let mut tree = Tree::new();
        tree.link((ROOT, "d".into()), Entry::Directory(1));
        tree.link((1, "a".into()), Entry::File(2));
        tree.flush(1);
        tree.flush(ROOT);
        tree
    }

    /// What is there after each of many power cuts.
    fn outcomes(tree: &Tree) -> BTreeSet<Vec<(PathBuf, u64)>> {
        let outcome = |seed| {
            let (mut tree, mut random) = (tree.clone(), Random::new(seed));
            tree.power_cut(Mode::draw(&mut random), &mut random);
            tree.files()
        };
        (0..200).map(outcome).collect()
    }

    fn files(paths: &[(&str, u64)]) -> Vec<(PathBuf, u64)> {
        paths.iter().map(|(path, number)| (PathBuf::from(path), *number)).collect()
    }

    #[test]
    fn a_flushed_entry_stays_and_an_unflushed_one_may_vanish() {
        let mut tree = tree();
        assert_eq!(outcomes(&tree), BTreeSet::from([files(&[("/d/a", 2)])]));
        tree.link(place(&tree, "/d/b"), Entry::File(3));
        let both = files(&[("/d/a", 2), ("/d/b", 3)]);
        assert_eq!(outcomes(&tree), BTreeSet::from([files(&[("/d/a", 2)]), both.clone()]));
        tree.flush(1);
        assert_eq!(outcomes(&tree), BTreeSet::from([both]));
    }

    #[test]
    fn a_flush_of_one_directory_says_nothing_of_another() {
        let mut tree = tree();
        tree.link((ROOT, "e".into()), Entry::Directory(4));
        tree.link((4, "x".into()), Entry::File(5));
        tree.flush(4);
        let outcomes = outcomes(&tree);
        assert!(outcomes.contains(&files(&[("/d/a", 2)])), "the directory itself was not flushed");
        assert!(outcomes.contains(&files(&[("/d/a", 2), ("/e/x", 5)])));
    }

    #[test]
    fn a_rename_happens_or_does_not_and_never_loses_the_file() {
        let mut tree = tree();
        tree.rename(place(&tree, "/d/a"), place(&tree, "/d/b"));
        tree.link(place(&tree, "/d/a"), Entry::File(6));
        let old = files(&[("/d/a", 2)]);
        let (renamed, both) = (files(&[("/d/b", 2)]), files(&[("/d/a", 6), ("/d/b", 2)]));
        assert_eq!(outcomes(&tree), BTreeSet::from([old, renamed, both]));
    }

    #[test]
    fn a_removed_directory_takes_its_files_along() {
        let mut tree = tree();
        tree.unlink(place(&tree, "/d"));
        assert!(tree.files().is_empty() && tree.find(Path::new("/d")).is_none());
        assert_eq!(outcomes(&tree), BTreeSet::from([files(&[]), files(&[("/d/a", 2)])]));
    }

    #[test]
    fn a_flush_takes_along_what_the_change_rests_on() {
        let mut tree = tree();
        tree.link((ROOT, "e".into()), Entry::Directory(4));
        tree.flush(ROOT);
        tree.link((4, "x".into()), Entry::File(5));
        tree.rename((1, "a".into()), (4, "x".into()));
        tree.flush(1);
        assert_eq!(outcomes(&tree), BTreeSet::from([files(&[("/e/x", 2)])]));
    }
}
