//! A store whose process is killed two hundred times loses nothing that it acknowledged.
//!
//! Victims are killed at random, in their start, in a checkpoint, and while their log turns to its next segment. After
//! each kill but those that hit a start, a process with another number of cores reads the whole store. After every
//! tenth start, whoever made it, the index is thrown away, and the listing must be the same, byte for byte.
//!
//! `STRATUM_KILLS` says how many kills, `STRATUM_SEED` which moments are chosen; the moments follow from the seed, what
//! the kernel makes of them does not.
#![expect(clippy::disallowed_methods, reason = "a test of the real world, outside of the seam")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use stratum_crash::chance::Chance;
use stratum_crash::child::{Remains, SILENCE_MAX, Victim};
use stratum_crash::ledger::Ledger;
use stratum_crash::saying::{Phase, Saying};
use tempfile::TempDir;

const KILLS: u64 = 200;
/// Versions of each victim: more than any of them can use.
const VERSIONS_EACH: u64 = 1_000_000;
/// A start is killed within this time; it takes some hundredths of a second.
const START_US: u64 = 40_000;

/// After so many starts the index is thrown away.
const STARTS_TO_REBUILD: u64 = 10;
/// A rebuild is killed within this time: in its start, in its replay, or while it is read.
const REBUILD_US: u64 = 150_000;

/// When a victim is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    /// So many microseconds after it was started.
    InStart(u64),
    /// So many microseconds after a phase began for the n-th time.
    InPhase(Phase, u64, u64),
    /// So many microseconds after the store was open.
    Any(u64),
}

struct Story {
    home: TempDir,
    chance: Chance,
    ledger: Ledger,
    victims: u64,
    readings: u64,
    starts: u64,
    /// The starts up to the last rebuild.
    rebuilt_at: u64,
    rebuilds: u64,
    deaths: BTreeMap<Phase, u64>,
}

#[test]
fn two_hundred_kills_lose_nothing_that_was_acknowledged() {
    let kills = number_from("STRATUM_KILLS").unwrap_or(KILLS);
    let seed = number_from("STRATUM_SEED").unwrap_or(20_261_121);
    let mut story = Story {
        home: TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a place for the store"),
        chance: Chance::new(seed),
        ledger: Ledger::default(),
        victims: 0,
        readings: 0,
        starts: 0,
        rebuilt_at: 0,
        rebuilds: 0,
        deaths: BTreeMap::new(),
    };
    while story.victims < kills {
        let moment = story.moment();
        story.one_kill(moment);
        // A start that is killed is followed by the next start, so that an unfinished recovery is recovered from.
        if !matches!(moment, Moment::InStart(_)) || story.victims >= kills {
            story.reading();
        }
    }
    let Story { ledger, deaths, readings, starts, rebuilds, .. } = &story;
    let died_in = |phase| deaths.get(&phase).copied().unwrap_or(0);
    let summary = format!(
        "seed {seed}: {kills} kills, {starts} starts, {readings} readings, {rebuilds} rebuilds, {} acknowledgements, \
         {} objects; died in {deaths:?}",
        ledger.acknowledged,
        ledger.objects(),
    );
    for phase in [Phase::Start, Phase::Checkpoint, Phase::Turn, Phase::DataTurn] {
        assert!(died_in(phase) >= kills / 20, "too few died in {phase:?}; {summary}");
    }
    // A victim killed in its start is followed by no reading, and so by no rebuild: it comes a little later.
    assert!(*rebuilds >= kills / (STARTS_TO_REBUILD + 2), "too few rebuilds; {summary}");
    assert!(ledger.acknowledged >= kills * 10, "too little was done; {summary}");
    assert!(ledger.objects() >= 20, "too little is left; {summary}");
    stratum_crash::options::tell(&summary);
}

impl Story {
    fn moment(&mut self) -> Moment {
        let chance = &mut self.chance;
        match chance.below(10) {
            0..3 => Moment::InStart(chance.below(START_US)),
            3..5 => Moment::InPhase(Phase::Checkpoint, chance.between(1, 5), chance.below(3000)),
            5..7 => Moment::InPhase(Phase::Turn, chance.between(1, 4), chance.below(20_000)),
            7 => Moment::InPhase(Phase::DataTurn, chance.between(1, 4), chance.below(20_000)),
            _ => Moment::Any(chance.below(500_000)),
        }
    }

    /// One victim, from its start to its end.
    fn one_kill(&mut self, moment: Moment) {
        self.victims += 1;
        self.starts += 1;
        let (seed, versions) = (self.chance.number(), self.victims * VERSIONS_EACH);
        let arguments = ["load", &self.store(), self.cores(), self.driver(), &seed.to_string(), &versions.to_string()];
        let mut victim = start(&arguments);
        let began = Instant::now();
        let mut until = match moment {
            Moment::InStart(after) => Some(began + Duration::from_micros(after)),
            _ => None,
        };
        let mut left = match moment {
            Moment::InPhase(_, times, _) => times,
            _ => 1,
        };
        loop {
            let deadline = until.unwrap_or_else(|| Instant::now() + SILENCE_MAX);
            let Some(saying) = victim.hear(deadline) else { break };
            self.hear(&saying, moment);
            let reached = match (moment, &saying) {
                (Moment::InPhase(phase, _, after), Saying::Begin(begun)) if *begun == phase => Some(after),
                (Moment::Any(after), Saying::End(Phase::Start)) => Some(after),
                _ => None,
            };
            if let Some(after) = reached.filter(|_| until.is_none()) {
                left -= 1;
                if left == 0 {
                    until = Some(Instant::now() + Duration::from_micros(after));
                }
            }
            // More is said than this loop can wait for: the moment may come between two sayings.
            if until.is_some_and(|until| Instant::now() >= until) {
                break;
            }
        }
        assert!(until.is_some(), "{moment:?}: victim {} was silent for {SILENCE_MAX:?} or ended", self.victims);
        let remains = victim.kill().expect("a child may be killed");
        for saying in &remains.said {
            self.hear(saying, moment);
        }
        assert!(remains.status.code().is_none(), "{moment:?}: it ended by itself: {remains:?}");
        assert_eq!(remains.told, "", "{moment:?}: nothing is to be told of in a start after a kill");
        for phase in remains.phases {
            *self.deaths.entry(phase).or_default() += 1;
        }
    }

    fn hear(&mut self, saying: &Saying, moment: Moment) {
        if let Err(what) = self.ledger.hear(saying) {
            let kept = self.keep();
            panic!("victim {}, {moment:?}: {what}; {kept}", self.victims);
        }
    }

    /// Reads everything and compares; after every tenth start once more with a new index.
    fn reading(&mut self) {
        self.readings += 1;
        let leaving = if self.chance.below(3) == 0 { "close" } else { "exit" };
        // Whether the next victim finds a store that was closed must not matter.
        let remains = self.verify(leaving).wait().expect("a child may be waited for");
        if let Err(wrong) = self.ledger.compare(&remains.said) {
            let kept = self.keep();
            let words: Vec<&str> = wrong.iter().flat_map(|line| line.split(' ')).collect();
            let story = self.ledger.story(&words);
            panic!("after victim {}: {wrong:#?}; told: {}; {kept}\n{story}", self.victims, remains.told);
        }
        assert_eq!(remains.told, "", "after victim {}: nothing is to be told of", self.victims);
        if self.starts - self.rebuilt_at >= STARTS_TO_REBUILD {
            self.rebuilding(&content(&remains));
            self.rebuilds += 1;
            self.rebuilt_at = self.starts;
        }
    }

    /// Throws the index away, kills a process that builds it anew, and lets the next one do it.
    fn rebuilding(&mut self, before: &[Saying]) {
        std::fs::remove_dir_all(Path::new(&self.store()).join("index")).expect("the index is there");
        let rebuild = self.verify("exit");
        let moment = Instant::now() + Duration::from_micros(self.chance.below(REBUILD_US));
        rebuild.kill_at(moment).expect("a child may be killed");
        let rebuilt = self.verify("close").wait().expect("a child may be waited for");
        // The stores that the rebuild that was killed did not come to are still missing; those it had begun are behind
        // what the log confirms. Both are told of.
        let expected = |line: &str| {
            line.ends_with("is older than its log confirms: it is built anew")
                || line.starts_with("the index") && line.contains("is not there: nothing is lost")
        };
        assert!(rebuilt.told.lines().all(expected), "{}", rebuilt.told);
        let lines = |said: &[Saying]| said.iter().map(Saying::to_string).collect::<Vec<_>>().join("\n");
        let (before, after) = (lines(before), lines(&content(&rebuilt)));
        if before != after {
            let kept = self.keep();
            panic!("a rebuild changed the listing:\n{before}\n--\n{after}\n{}; {kept}", rebuilt.told);
        }
    }

    fn verify(&mut self, leaving: &str) -> Victim {
        self.starts += 1;
        let (cores, driver) = (self.cores(), self.driver());
        start(&["verify", &self.store(), cores, driver, leaving])
    }

    fn cores(&mut self) -> &'static str {
        ["1", "2", "4"][usize::try_from(self.chance.below(3)).unwrap_or(0)]
    }

    fn driver(&mut self) -> &'static str {
        if self.chance.below(5) == 0 { "epoll" } else { "ring" }
    }

    fn store(&self) -> String {
        self.home.path().join("store").to_string_lossy().into_owned()
    }

    /// Keeps the store for whoever looks into it.
    fn keep(&mut self) -> String {
        self.home.disable_cleanup(true);
        format!("the store is kept in {}", self.store())
    }
}

/// What a verifying process said of the store, without what it said of itself.
fn content(remains: &Remains) -> Vec<Saying> {
    let of_itself = |saying: &Saying| matches!(saying, Saying::Begin(_) | Saying::End(_));
    remains.said.iter().filter(|saying| !of_itself(saying)).cloned().collect()
}

fn start(arguments: &[&str]) -> Victim {
    let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    Victim::start(&PathBuf::from(env!("CARGO_BIN_EXE_victim")), &arguments).expect("the victim starts")
}

fn number_from(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}
