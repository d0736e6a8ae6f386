//! The kill list: why a deleted key stays deleted when the index is rebuilt from the log.
//!
//! A record that kills (a delete, an overwrite, an abort, a complete) carries every segment not yet dead that may hold
//! an older record of its key: those of what it kills plus what is left of the killed record's own list. As long as one
//! of them is not dead, the killing record is live and compaction keeps it; otherwise a rebuild would raise the dead. A
//! record that compaction moves adds the segment it leaves. Above [`KILL_IDS_MAX`] ids the list becomes "all ids up to
//! the newest".

use crate::limits::KILL_IDS_MAX;
use crate::types::SegmentId;

/// The segments that may still hold older records of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KillList {
    /// Every segment with an id at or below this one; `SegmentId::NONE` for none.
    up_to: SegmentId,
    /// These segments too: ascending, all above `up_to`, at most `KILL_IDS_MAX`.
    ids: Vec<SegmentId>,
}

impl KillList {
    /// All segments up to `newest`.
    #[must_use]
    pub fn up_to(newest: SegmentId) -> KillList {
        KillList { up_to: newest, ids: Vec::new() }
    }

    /// The list from its stored form, or `None` if it breaks its own rules.
    #[must_use]
    pub fn from_parts(up_to: SegmentId, ids: Vec<SegmentId>) -> Option<KillList> {
        let ascending = ids.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        let above = ids.first().is_none_or(|first| *first > up_to);
        (ascending && above && ids.len() <= KILL_IDS_MAX).then_some(KillList { up_to, ids })
    }

    /// The stored form.
    #[must_use]
    pub fn parts(&self) -> (SegmentId, &[SegmentId]) {
        (self.up_to, &self.ids)
    }

    /// Adds one segment.
    pub fn add(&mut self, segment: SegmentId) {
        if segment <= self.up_to {
            return;
        }
        let Err(at) = self.ids.binary_search(&segment) else { return };
        self.ids.insert(at, segment);
        if self.ids.len() > KILL_IDS_MAX {
            self.up_to = self.ids.pop().unwrap_or(self.up_to);
            self.ids.clear();
        }
    }

    /// Adds all of another list.
    pub fn inherit(&mut self, other: &KillList) {
        if other.up_to > self.up_to {
            self.up_to = other.up_to;
            self.ids.retain(|id| *id > other.up_to);
        }
        for id in &other.ids {
            self.add(*id);
        }
    }

    /// Drops the segments that are dead: `oldest` is the oldest segment of the store that is not dead, `is_dead` judges
    /// one.
    pub fn prune(&mut self, oldest: SegmentId, is_dead: impl Fn(SegmentId) -> bool) {
        if self.up_to < oldest {
            self.up_to = SegmentId::NONE;
        }
        self.ids.retain(|id| !is_dead(*id));
    }

    /// True if every segment it named is dead.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.up_to == SegmentId::NONE && self.ids.is_empty()
    }

    /// True if `segment` is on the list.
    #[must_use]
    pub fn names(&self, segment: SegmentId) -> bool {
        segment <= self.up_to || self.ids.binary_search(&segment).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(ids: &[u64]) -> KillList {
        let mut kills = KillList::default();
        ids.iter().for_each(|id| kills.add(SegmentId(*id)));
        kills
    }

    #[test]
    fn more_than_eight_ids_become_all_up_to_the_newest() {
        let mut kills = list(&[1, 3, 5, 7, 9, 11, 13, 15]);
        assert!(!kills.names(SegmentId(2)));
        kills.add(SegmentId(4));
        assert!(kills.names(SegmentId(2)) && kills.names(SegmentId(15)) && !kills.names(SegmentId(16)));
    }

    #[test]
    fn an_inherited_list_names_all_of_both() {
        let mut kills = list(&[2, 9]);
        kills.inherit(&KillList::up_to(SegmentId(4)));
        kills.inherit(&list(&[7, 9]));
        for (id, named) in [(1, true), (4, true), (5, false), (7, true), (9, true)] {
            assert_eq!(kills.names(SegmentId(id)), named, "{id}");
        }
    }

    #[test]
    fn only_dead_segments_are_pruned() {
        let mut kills = KillList::up_to(SegmentId(4));
        kills.add(SegmentId(8));
        kills.prune(SegmentId(4), |_| false);
        assert!(kills.names(SegmentId(3)) && kills.names(SegmentId(8)));
        kills.prune(SegmentId(5), |id| id == SegmentId(8));
        assert!(kills.is_empty());
    }
}
