//! What a crash makes of undecided writes.
//!
//! | write | killed process | power cut |
//! |---|---|---|
//! | decided by a flush, or durable by itself | stays | stays |
//! | landed or ended, not flushed | stays, and stays undecided | kept, dropped or torn, each on its own |
//! | submitted | fully, partly or not there, then undecided | kept, dropped or torn, each on its own |
//!
//! A torn write leaves a prefix or any subset of its sectors. Where several kept writes meet in one sector, the sector
//! has the bytes of one of them, mostly of the last; never a mixture, and never bytes older than the durable ones.

use super::content::{Block, Content, Phase, Version, block_of, put};
use super::disk::Stats;
use super::random::{Random, mix};
use crate::limits::BLOCK_BYTES;

/// What a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;
const SECTORS: u64 = (BLOCK_BYTES / SECTOR_BYTES) as u64;

/// How cruel one power cut is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Everything landed just in time.
    KeepAll,
    /// The disk kept what it had promised and nothing else.
    DropAll,
    /// Each write has its own fate; of sixteen about so many are dropped and torn.
    Mixed { dropped: u64, torn: u64 },
}

impl Mode {
    /// One in eight cuts keeps all, one in eight drops all.
    pub(super) fn draw(random: &mut Random) -> Mode {
        match random.below(8) {
            0 => Mode::KeepAll,
            1 => Mode::DropAll,
            _ => Mode::Mixed { dropped: random.within(&(1..=9)), torn: random.within(&(1..=6)) },
        }
    }

    /// True if a change that cannot be torn happened.
    pub(super) fn keeps(self, random: &mut Random) -> bool {
        match self {
            Mode::KeepAll => true,
            Mode::DropAll => false,
            Mode::Mixed { dropped, .. } => !random.chance(dropped, 16),
        }
    }

    fn fate(self, sectors: u64, random: &mut Random) -> Fate {
        match self {
            Mode::KeepAll => Fate::Kept,
            Mode::DropAll => Fate::Dropped,
            Mode::Mixed { dropped, torn } => match random.below(16) {
                drawn if drawn < dropped => Fate::Dropped,
                drawn if drawn < dropped + torn && sectors > 0 => Fate::torn(sectors, random),
                _ => Fate::Kept,
            },
        }
    }
}

/// What became of one write.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Kept,
    Dropped,
    /// The sectors before this one.
    Prefix(u64),
    /// About half of the sectors, chosen by this seed.
    Scattered(u64),
}

impl Fate {
    fn torn(sectors: u64, random: &mut Random) -> Fate {
        if random.chance(1, 2) { Fate::Prefix(1 + random.below(sectors - 1)) } else { Fate::Scattered(random.next()) }
    }

    fn keeps(self, sector: u64) -> bool {
        match self {
            Fate::Kept => true,
            Fate::Dropped => false,
            Fate::Prefix(end) => sector < end,
            Fate::Scattered(seed) => mix(seed ^ sector).is_multiple_of(2),
        }
    }

    fn count(self, stats: &mut Stats) {
        match self {
            Fate::Kept => stats.kept += 1,
            Fate::Dropped => stats.dropped += 1,
            Fate::Prefix(_) | Fate::Scattered(_) => stats.torn += 1,
        }
    }
}

impl Content {
    /// The process is gone: what it had submitted is fully, partly or not there; nothing that had ended is lost.
    pub(super) fn kill(&mut self, random: &mut Random, stats: &mut Stats) {
        for number in self.submitted(random) {
            self.land_by_chance(number, Phase::Ended, random, stats);
        }
        for write in self.writes.values_mut().filter(|write| write.phase == Phase::Landed) {
            write.phase = Phase::Ended;
        }
    }

    /// A submitted write lands fully, partly or not at all.
    pub(super) fn land_by_chance(&mut self, number: u64, phase: Phase, random: &mut Random, stats: &mut Stats) {
        let Some(write) = self.writes.get_mut(&number) else { return };
        let fate = Mode::Mixed { dropped: 5, torn: 6 }.fate(write.block_count * SECTORS, random);
        fate.count(stats);
        if let Fate::Dropped = fate {
            self.writes.remove(&number);
            return;
        }
        for (at, block) in (0..).zip(write.blocks.iter_mut()) {
            let below = self.visible.get(&(write.first + at)).cloned();
            *block = assembled(|sector| if fate.keeps(at * SECTORS + sector) { block } else { &below });
        }
        self.land(number);
        self.end(number, phase);
    }

    /// The power is gone: each undecided write is kept, dropped or torn, and what is there now is durable.
    pub(super) fn power_cut(&mut self, mode: Mode, random: &mut Random, stats: &mut Stats) {
        for number in self.submitted(random) {
            self.land(number);
        }
        let mut writes = std::mem::take(&mut self.writes).into_iter().collect::<Vec<_>>();
        writes.retain(|(_, write)| write.block_count > 0 || write.end > self.durable_len);
        let mut fates = Vec::with_capacity(writes.len());
        for (number, write) in writes {
            let fate = mode.fate(write.block_count * SECTORS, random);
            fate.count(stats);
            if !matches!(fate, Fate::Dropped) {
                self.durable_len = self.durable_len.max(write.end);
            }
            fates.push((number, write.first, fate));
        }
        for (place, versions) in std::mem::take(&mut self.versions) {
            let keeps = |version: &Version, sector: u64| {
                let found = fates.binary_search_by_key(&version.write, |(number, _, _)| *number).ok();
                let Some((_, first, fate)) = found.and_then(|at| fates.get(at)) else { return false };
                fate.keeps((place - first) * SECTORS + sector)
            };
            let old = self.durable.get(&place).cloned();
            let block = assembled(|sector| {
                let kept = versions.iter().filter(|version| keeps(version, sector));
                chosen(kept.map(|version| &version.block), mode, random).unwrap_or(&old)
            });
            put(&mut self.durable, place, &block);
            put(&mut self.visible, place, &block);
        }
        self.visible_len = self.durable_len;
    }

    /// The writes no read has seen, in the random order in which they reach the medium.
    fn submitted(&self, random: &mut Random) -> Vec<u64> {
        let submitted = self.writes.iter().filter(|(_, write)| write.phase == Phase::Submitted);
        let mut numbers: Vec<u64> = submitted.map(|(number, _)| *number).collect();
        random.shuffle(&mut numbers);
        numbers
    }
}

/// Of the kept versions of a sector mostly the last one: a disk may reorder, and now and then does.
fn chosen<'a>(kept: impl Iterator<Item = &'a Block>, mode: Mode, random: &mut Random) -> Option<&'a Block> {
    let mut kept: Vec<&Block> = kept.collect();
    if kept.len() > 1 && mode != Mode::KeepAll && random.chance(1, 8) {
        return Some(kept.swap_remove(random.index(kept.len())));
    }
    kept.pop()
}

/// A block of which each sector comes from the block that `source` names.
fn assembled<'a>(mut source: impl FnMut(u64) -> &'a Block) -> Block {
    let sources: Vec<&Block> = (0..SECTORS).map(&mut source).collect();
    let whole = sources.first().filter(|first| sources.iter().all(|other| same(first, other)));
    if let Some(whole) = whole {
        return (*whole).clone();
    }
    let mut bytes = [0; BLOCK_BYTES];
    for (at, (to, block)) in bytes.chunks_exact_mut(SECTOR_BYTES).zip(sources).enumerate() {
        if let Some(from) = block.as_deref().and_then(|from| from.chunks_exact(SECTOR_BYTES).nth(at)) {
            to.copy_from_slice(from);
        }
    }
    block_of(&bytes)
}

fn same(one: &Block, other: &Block) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => std::rc::Rc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::content::{BLOCK, blocks_of};
    use super::*;

    /// A file of two durable blocks of ones, over which each of `writes` has put both blocks.
    fn content(writes: &[(u8, Phase)]) -> Content {
        let mut content = Content::default();
        for (number, (byte, phase)) in (1..).zip([(1, Phase::Ended)].iter().chain(writes)) {
            content.submit(number, 0, blocks_of(&[*byte; 2 * BLOCK_BYTES]), 2 * BLOCK);
            if *phase != Phase::Submitted {
                content.land(number);
                content.end(number, *phase);
            }
            if number == 1 {
                content.decide(1);
            }
        }
        content
    }

    /// What is read, as one byte for each sector; no sector may hold a mixture.
    fn sectors(content: &Content) -> Vec<u8> {
        let mut bytes = vec![0; 2 * BLOCK_BYTES];
        assert!(content.read(0, &mut bytes));
        let sectors = bytes.chunks(SECTOR_BYTES);
        sectors
            .map(|sector| sector.iter().copied().reduce(|one, other| if one == other { one } else { 0xff }))
            .map_while(|byte| byte)
            .collect()
    }

    /// The outcomes of a thousand crashes.
    fn outcomes(of: &Content, crash: impl Fn(&mut Content, &mut Random, &mut Stats)) -> BTreeSet<Vec<u8>> {
        let outcome = |seed| {
            let (mut content, mut random) = (of.clone(), Random::new(seed));
            crash(&mut content, &mut random, &mut Stats::default());
            sectors(&content)
        };
        (0..1000).map(outcome).collect()
    }

    fn cut(content: &mut Content, random: &mut Random, stats: &mut Stats) {
        content.power_cut(Mode::draw(random), random, stats);
    }

    #[test]
    fn power_cut_keeps_what_is_durable() {
        assert_eq!(outcomes(&content(&[]), cut), BTreeSet::from([vec![1; 16]]));
    }

    #[test]
    fn power_cut_keeps_drops_or_tears_what_was_not_flushed() {
        for phase in [Phase::Submitted, Phase::Landed, Phase::Ended, Phase::Forsaken] {
            let outcomes = outcomes(&content(&[(2, phase)]), cut);
            assert!(outcomes.contains(&vec![1; 16]) && outcomes.contains(&vec![2; 16]), "{phase:?}");
            assert!(outcomes.contains([&[2; 5][..], &[1; 11]].concat().as_slice()), "a prefix of {phase:?}");
            assert!(
                outcomes.iter().any(|torn| torn.starts_with(&[1]) && torn.contains(&2)),
                "not a prefix of {phase:?}"
            );
            assert!(outcomes.iter().flatten().all(|byte| [1, 2].contains(byte)), "{phase:?}");
        }
    }

    #[test]
    fn power_cut_leaves_any_version_where_writes_meet_and_mostly_the_last() {
        let content = content(&[(2, Phase::Ended), (3, Phase::Ended)]);
        let outcomes = outcomes(&content, cut);
        for byte in [1, 2, 3] {
            assert!(outcomes.contains(&vec![byte; 16]), "{byte}");
        }
        assert!(outcomes.iter().any(|mixed| [1, 2, 3].iter().all(|byte| mixed.contains(byte))));
        assert!(outcomes.iter().flatten().all(|byte| [1, 2, 3].contains(byte)));
    }

    #[test]
    fn kill_loses_nothing_that_had_ended() {
        let kill = |content: &mut Content, random: &mut Random, stats: &mut Stats| content.kill(random, stats);
        for phase in [Phase::Ended, Phase::Landed] {
            assert_eq!(outcomes(&content(&[(2, phase)]), kill), BTreeSet::from([vec![2; 16]]));
        }
        let outcomes = outcomes(&content(&[(2, Phase::Submitted)]), kill);
        assert!(outcomes.len() > 10, "fully, partly or not at all: {}", outcomes.len());
    }

    #[test]
    fn power_cut_after_a_kill_can_still_lose_it() {
        let both = |content: &mut Content, random: &mut Random, stats: &mut Stats| {
            content.kill(random, stats);
            cut(content, random, stats);
        };
        assert!(outcomes(&content(&[(2, Phase::Ended)]), both).contains(&vec![1; 16]));
    }

    #[test]
    fn keep_all_is_what_reads_saw_and_drop_all_is_what_was_flushed() {
        let content = content(&[(2, Phase::Ended), (3, Phase::Landed)]);
        let keep = |content: &mut Content, random: &mut Random, stats: &mut Stats| {
            content.power_cut(Mode::KeepAll, random, stats)
        };
        let lose = |content: &mut Content, random: &mut Random, stats: &mut Stats| {
            content.power_cut(Mode::DropAll, random, stats)
        };
        assert_eq!(outcomes(&content, keep), BTreeSet::from([vec![3; 16]]));
        assert_eq!(outcomes(&content, lose), BTreeSet::from([vec![1; 16]]));
    }

    #[test]
    fn an_allocation_that_was_not_flushed_may_revert() {
        let lengths = (0..100).map(|seed| {
            let (mut content, mut random) = (content(&[]), Random::new(seed));
            content.submit(9, 0, Vec::new(), 8 * BLOCK);
            content.land(9);
            content.end(9, Phase::Ended);
            cut(&mut content, &mut random, &mut Stats::default());
            assert_eq!(content.visible_len, content.durable_len);
            content.visible_len
        });
        assert_eq!(lengths.collect::<BTreeSet<_>>(), BTreeSet::from([2 * BLOCK, 8 * BLOCK]));
    }
}
