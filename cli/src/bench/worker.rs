//! One connection: one operation after the other, each begun when the one before has ended.
//!
//! What must hold: what ends before the warm-up is over, or after the time is up, is in no figure, but an error always
//! is. Numbers of objects are dealt among the connections, so that no two write the same one.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use stratum_engine::rt;

use super::content::Content;
use super::kind::Kind;
use super::listing::Pages;
use super::live::Live;
use super::names::{Folder, Names};
use super::session::{Session, Took};
use super::tally::Tally;
use super::trouble::Trouble;

/// A connection waits this long after an error: one that is refused at once would otherwise keep a core busy with it.
const ERROR_PAUSE: Duration = Duration::from_millis(20);
/// So often something is tried that is to be there before anything is measured.
const FILL_TRIES: u32 = 10;
/// A mixed load, in percent; the rest are deletions of what it put.
const MIXED_GETS: u64 = 45;
/// See `MIXED_GETS`.
const MIXED_HEADS: u64 = 30;
/// See `MIXED_GETS`.
const MIXED_PUTS: u64 = 15;

/// What the connections of a core share in a step.
pub(super) struct Share {
    /// Names of objects.
    pub(super) names: Names,
    /// Bodies.
    pub(super) content: Arc<Content>,
    /// Connections of all cores.
    pub(super) connections: u64,
    /// Objects that a connection writes before it writes over its first ones.
    pub(super) ring: u64,
    /// Objects that are there to be read.
    pub(super) objects: u64,
    /// Pages to be listed.
    pub(super) pages: Pages,
    /// What came of it.
    pub(super) tally: RefCell<Tally>,
    /// What is told while it runs.
    pub(super) live: Arc<Live>,
    /// When counting begins and ends.
    pub(super) window: (u64, u64),
}

/// One connection in one step.
pub(super) struct Worker {
    share: Rc<Share>,
    session: Session,
    /// Its place among all.
    index: u64,
    chance: u64,
    /// Objects that it has written, and of those of a mixed load, deleted.
    written: u64,
    deleted: u64,
}

impl Worker {
    /// The connection of this index.
    pub(super) fn new(share: Rc<Share>, session: Session, index: u64) -> Worker {
        let chance = u64::from_le_bytes(rt::random_bytes());
        Worker { share, session, index, chance, written: 0, deleted: 0 }
    }

    /// Writes its share of a folder until that is full or the time is up. How many it wrote.
    ///
    /// # Errors
    /// What went wrong again and again.
    pub(super) async fn fill(mut self, folder: Folder, objects: u64) -> Result<u64, Trouble> {
        let mut filled = 0;
        while self.number(filled) < objects && self.goes_on() {
            let mut tries = 1;
            while let Err(trouble) = self.put(folder, self.number(filled)).await {
                if tries == FILL_TRIES || !trouble.may_pass() || self.share.live.is_stopped() {
                    return Err(trouble);
                }
                rt::sleep(ERROR_PAUSE * tries).await;
                tries += 1;
            }
            self.share.live.done(self.share.content.size());
            filled += 1;
        }
        Ok(filled)
    }

    /// Does an operation again and again until the time is up.
    pub(super) async fn run(mut self, kind: Kind) {
        while self.goes_on() {
            let (kind, took) = self.once(kind).await;
            self.note(kind, took).await;
        }
    }

    /// Deletes what it wrote before, of which there are `count`. The first tenth is its warm-up: how long it takes
    /// cannot be known.
    pub(super) async fn delete_all(mut self, count: u64) {
        for number in 0..count {
            if !self.goes_on() {
                return;
            }
            let key = self.share.names.key(Folder::Delete, self.number(number));
            let took = self.session.delete(&key).await;
            match took {
                Ok(_) if number < count / 10 => self.share.live.done(0),
                took => self.note(Kind::Delete, took).await,
            }
        }
    }

    fn goes_on(&self) -> bool {
        rt::now() < self.share.window.1 && !self.share.live.is_stopped()
    }

    async fn note(&self, kind: Kind, took: Result<Took, Trouble>) {
        let share = &self.share;
        match took {
            Ok(took) => {
                share.live.done(took.bytes);
                if (share.window.0..share.window.1).contains(&took.span.1) {
                    share.tally.borrow_mut().note(kind, took.span, took.bytes);
                }
            }
            Err(trouble) => {
                share.live.failed();
                share.tally.borrow_mut().fail(kind, &trouble);
                rt::sleep(ERROR_PAUSE).await;
            }
        }
    }

    /// One operation: which, and what came of it.
    async fn once(&mut self, kind: Kind) -> (Kind, Result<Took, Trouble>) {
        match kind {
            Kind::Mixed => self.mixed().await,
            Kind::Put => (kind, self.put_next(Folder::Put).await),
            Kind::Multipart => {
                let number = self.next_written();
                let key = self.share.names.key(Folder::Multipart, number);
                let variant = self.share.content.variant(number);
                (kind, self.session.multipart(&key, &self.share.content, variant).await)
            }
            Kind::Get => (kind, self.get().await),
            Kind::Head => (kind, self.head().await),
            Kind::List => (kind, self.list().await),
            Kind::Delete => (kind, self.delete_last().await),
        }
    }

    async fn mixed(&mut self) -> (Kind, Result<Took, Trouble>) {
        match self.below(100) {
            0..MIXED_GETS => (Kind::Get, self.get().await),
            draw if draw < MIXED_GETS + MIXED_HEADS => (Kind::Head, self.head().await),
            draw if draw < MIXED_GETS + MIXED_HEADS + MIXED_PUTS => (Kind::Put, self.put_next(Folder::Mixed).await),
            _ if self.deleted < self.written => (Kind::Delete, self.delete_last().await),
            _ => (Kind::Put, self.put_next(Folder::Mixed).await),
        }
    }

    async fn put_next(&mut self, folder: Folder) -> Result<Took, Trouble> {
        let number = self.next_written();
        self.put(folder, number).await
    }

    async fn put(&mut self, folder: Folder, number: u64) -> Result<Took, Trouble> {
        let share = &self.share;
        self.session.put(&share.names.key(folder, number), &share.content, share.content.variant(number)).await
    }

    async fn get(&mut self) -> Result<Took, Trouble> {
        let number = self.below(self.share.objects);
        let share = &self.share;
        self.session.get(&share.names.key(Folder::Read, number), &share.content, share.content.variant(number)).await
    }

    async fn head(&mut self) -> Result<Took, Trouble> {
        let number = self.below(self.share.objects);
        self.session.head(&self.share.names.key(Folder::Read, number), &self.share.content).await
    }

    async fn list(&mut self) -> Result<Took, Trouble> {
        let page = self.below(self.share.pages.count());
        let pages = &self.share.pages;
        let most = usize::try_from(super::listing::PAGE_KEYS).unwrap_or(usize::MAX);
        let (took, document) = self.session.list(&pages.prefix(), &pages.after(page), most).await?;
        pages.check(page, document)?;
        Ok(took)
    }

    /// Deletes the oldest of what it put and has not deleted.
    async fn delete_last(&mut self) -> Result<Took, Trouble> {
        let number = self.number(self.deleted % self.share.ring);
        self.deleted += 1;
        self.session.delete(&self.share.names.key(Folder::Mixed, number)).await
    }

    fn next_written(&mut self) -> u64 {
        let number = self.number(self.written % self.share.ring);
        self.written += 1;
        number
    }

    /// The number of this connection's object of this place.
    fn number(&self, place: u64) -> u64 {
        place * self.share.connections + self.index
    }

    /// A number below `end` by chance: cheap, and good enough to spread reads.
    fn below(&mut self, end: u64) -> u64 {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 20) % end.max(1)
    }
}
