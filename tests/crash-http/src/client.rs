//! One of the sixteen: puts, creates, replaces, deletes, uploads and contests, until the server is gone.
//!
//! What must hold: a client writes into the books what it wants before it asks, and what it was told before it asks for
//! the next thing. A key belongs to one client, which has one thing under way; only keys of contests have several.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, MutexGuard, PoisonError};

use stratum_crash::body;
use stratum_crash::chance::Chance;
use stratum_crash::saying::Saying;

use crate::books::Books;
use crate::bucket::{Bucket, Trouble};
use crate::content::{etag, version};
use crate::uploads::{Fate, Open};

/// Clients of the server.
pub const CLIENTS: u64 = 16;
/// Keys of each client that hold small bodies, and now and then a longer one than a record takes.
const SMALL_KEYS: u64 = 32;
/// Keys of each client that hold bodies of a MiB, or of a dozen. Few: everything is read after every kill.
const LARGE_KEYS: u64 = 3;
const LARGE_BYTES: u64 = 1024 * 1024;
/// Requests that meet in one contest.
const RIVALS: u64 = 8;
/// Uploads that a client leaves open.
const OPEN_MAX: usize = 2;

/// What all clients of one server share.
#[derive(Debug)]
pub struct Load<'a> {
    /// Where the server listens.
    pub server: SocketAddr,
    /// Where it all stands.
    pub books: &'a Mutex<Books>,
    /// Whoever kills the server says so before.
    pub killed: AtomicBool,
    /// Who is told how it goes.
    pub events: Sender<Event>,
    /// A number that no server before had.
    pub round: u64,
    /// Requests of contests so far.
    pub entered: AtomicU64,
}

/// What is told of the clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something was acknowledged, and stands in the books.
    Acknowledged(Deed),
    /// What must not be.
    Wrong(String),
}

/// What was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// A put, of something new or over something.
    Put,
    /// A put of a MiB.
    PutLarge,
    /// A put where nothing was.
    Create,
    /// A delete.
    Delete,
    /// A put that won a contest.
    Win,
    /// The beginning of an upload.
    Begin,
    /// A part.
    Part,
    /// The completion of an upload.
    Complete,
    /// The completion of one of 12 MiB.
    CompleteLong,
    /// An abort.
    Abort,
}

impl Deed {
    /// All of them.
    pub const ALL: [Deed; 10] = [
        Deed::Put,
        Deed::PutLarge,
        Deed::Create,
        Deed::Delete,
        Deed::Win,
        Deed::Begin,
        Deed::Part,
        Deed::Complete,
        Deed::CompleteLong,
        Deed::Abort,
    ];
}

/// A client, which outlives the servers.
#[derive(Debug)]
pub struct Client {
    number: u64,
    chance: Chance,
    bodies: u64,
    /// Uploads that it has begun.
    open: Vec<Open>,
    /// Uploads to its keys whose beginning nobody was told of.
    strays: Vec<(String, String)>,
    /// Keys of decided contests, which it will delete.
    doomed: Vec<String>,
}

/// A client at work.
pub(crate) struct Session<'a> {
    /// Its way to the server.
    pub(crate) bucket: Bucket,
    load: &'a Load<'a>,
}

impl Session<'_> {
    /// Writes into the books.
    pub(crate) fn hear(&self, saying: &Saying) -> Result<(), Trouble> {
        self.books().hear(saying)
    }

    /// The same, of an acknowledgement.
    pub(crate) fn acknowledged(&self, deed: Deed, saying: &Saying) -> Result<(), Trouble> {
        self.hear(saying)?;
        self.tell(Event::Acknowledged(deed));
        Ok(())
    }

    /// Writes what became of the last thing wanted of a key.
    pub(crate) fn report(&self, deed: Deed, key: &str, answer: Result<(), Trouble>) -> Result<(), Trouble> {
        match answer {
            Ok(()) => self.acknowledged(deed, &Saying::Done(key.to_owned())),
            Err(Trouble::Refused) => self.hear(&Saying::Refused(key.to_owned())),
            Err(Trouble::Busy) => self.hear(&Saying::Full(key.to_owned())),
            Err(trouble) => Err(trouble),
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.load.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, event: Event) {
        // Whoever listened has heard enough.
        drop(self.load.events.send(event));
    }
}

impl Client {
    /// The client of this number.
    #[must_use]
    pub fn new(number: u64, seed: u64) -> Client {
        let chance = Chance::new(seed.wrapping_add(number << 40));
        Client { number, chance, bodies: 0, open: Vec::new(), strays: Vec::new(), doomed: Vec::new() }
    }

    /// All keys that it puts to by itself.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        let number = self.number;
        let small = (0..SMALL_KEYS).map(move |key| format!("c{number:02}/small-{key:02}"));
        small.chain((0..LARGE_KEYS).map(move |key| format!("c{number:02}/large-{key}")))
    }

    /// Its uploads: their ids, keys and versions.
    pub fn uploads(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.open.iter().map(|open| (open.upload.as_str(), open.key.as_str(), open.version))
    }

    /// Goes on from what the store was found to hold: open uploads by id, with their key and parts.
    pub fn go_on_from(&mut self, uploads: &BTreeMap<String, (String, u64)>) {
        self.open.retain(|open| uploads.contains_key(&open.upload));
        for open in &mut self.open {
            open.parts = uploads.get(&open.upload).map_or(0, |(_, parts)| *parts);
        }
        let own = format!("c{:02}/", self.number);
        let unknown = |upload: &str| self.open.iter().all(|open| open.upload != upload);
        let strays = uploads.iter().filter(|(upload, (key, _))| key.starts_with(&own) && unknown(upload));
        self.strays = strays.map(|(upload, (key, _))| (key.clone(), upload.clone())).collect();
    }

    /// Takes a key that a contest has left.
    pub fn take(&mut self, key: String) {
        self.doomed.push(key);
    }

    /// Works until the server is gone, or until something is wrong.
    pub fn work(&mut self, load: &Load<'_>) {
        let mut session = Session { bucket: Bucket::at(load.server), load };
        loop {
            let trouble = match self.step(&mut session) {
                Ok(()) => continue,
                Err(Trouble::Cut(_)) if load.killed.load(Ordering::SeqCst) => return,
                Err(trouble) => trouble,
            };
            return session.tell(Event::Wrong(format!("client {}: {trouble}", self.number)));
        }
    }

    fn step(&mut self, session: &mut Session<'_>) -> Result<(), Trouble> {
        if let Some((key, upload)) = self.strays.last() {
            crate::uploads::abort(session, key, upload)?;
            self.strays.pop();
            return Ok(());
        }
        match self.chance.below(200) {
            0..72 => {
                let (key, bytes) = (self.any_key(), self.small());
                self.put(session, Deed::Put, &key, bytes)
            }
            72..100 => {
                let (key, bytes) = (self.any_key(), self.small());
                self.put(session, Deed::Create, &key, bytes)
            }
            100..150 => self.delete(session),
            150..190 => self.compete(session),
            190..195 => {
                let key = self.large_key();
                self.put(session, Deed::PutLarge, &key, LARGE_BYTES)
            }
            _ => self.upload(session),
        }
    }

    fn put(&mut self, session: &mut Session<'_>, deed: Deed, key: &str, bytes: u64) -> Result<(), Trouble> {
        let (version, new) = (self.version(false), deed == Deed::Create);
        let wanted = if new { Saying::Create } else { Saying::Put };
        session.hear(&wanted(key.to_owned(), version, bytes))?;
        let body = body::piece(key, version, 0, bytes);
        let answer = session.bucket.put(key, &body, new).and_then(|told| same(key, &told, &etag(version, &body)));
        session.report(deed, key, answer)
    }

    fn delete(&mut self, session: &mut Session<'_>) -> Result<(), Trouble> {
        let key = self.doomed.pop().unwrap_or_else(|| self.any_key());
        session.hear(&Saying::Delete(key.clone()))?;
        let answer = session.bucket.delete(&key);
        session.report(Deed::Delete, &key, answer)
    }

    /// Tries to create a key that others try to create too.
    fn compete(&mut self, session: &mut Session<'_>) -> Result<(), Trouble> {
        let contest = session.load.entered.fetch_add(1, Ordering::SeqCst) / RIVALS;
        let key = format!("contest/{:03}/{contest:04}", session.load.round);
        let (version, bytes) = (self.version(false), self.small());
        session.books().contests.enter(&key, (version, bytes));
        let body = body::piece(&key, version, 0, bytes);
        let answer = session.bucket.put(&key, &body, true).and_then(|told| same(&key, &told, &etag(version, &body)));
        match answer {
            Ok(()) => session.books().contests.won(&key, version).map_err(Trouble::Wrong)?,
            Err(Trouble::Refused) => return session.books().contests.refused(&key, version).map_err(Trouble::Wrong),
            Err(Trouble::Busy) => {
                session.books().contests.withdrawn(&key, version);
                return Ok(());
            }
            Err(trouble) => return Err(trouble),
        }
        session.tell(Event::Acknowledged(Deed::Win));
        Ok(())
    }

    /// Begins an upload or goes on with one.
    fn upload(&mut self, session: &mut Session<'_>) -> Result<(), Trouble> {
        let goes_on = self.open.len() >= OPEN_MAX || (!self.open.is_empty() && self.chance.below(2) == 0);
        let at = match goes_on {
            true => usize::try_from(self.chance.below(self.open.len() as u64)).unwrap_or(0),
            false => {
                let (key, version) = (self.large_key(), self.version(true));
                let Some(open) = Open::begin(session, &key, version, &mut self.chance)? else { return Ok(()) };
                self.open.push(open);
                self.open.len() - 1
            }
        };
        let Some(open) = self.open.get_mut(at) else { return Ok(()) };
        if open.advance(session, &mut self.chance)? == Fate::Ended {
            self.open.remove(at);
        }
        Ok(())
    }

    fn version(&mut self, in_parts: bool) -> u64 {
        self.bodies += 1;
        version(self.bodies, self.number, in_parts)
    }

    fn any_key(&mut self) -> String {
        let at = self.chance.below(SMALL_KEYS + LARGE_KEYS);
        let key = self.keys().nth(usize::try_from(at).unwrap_or(0));
        key.expect("there are so many")
    }

    fn large_key(&mut self) -> String {
        format!("c{:02}/large-{}", self.number, self.chance.below(LARGE_KEYS))
    }

    fn small(&mut self) -> u64 {
        let bytes = match self.chance.below(20) {
            0..14 => self.chance.between(body::BYTES_MIN, 4096),
            14..19 => self.chance.between(4096, 64 * 1024),
            // On both sides of what a record takes.
            _ => self.chance.between(100 * 1024, 300 * 1024),
        };
        bytes / 8 * 8
    }
}

/// Whether the entity tag that was told is the one that must be.
pub(crate) fn same(key: &str, told: &str, etag: &str) -> Result<(), Trouble> {
    match told == etag {
        true => Ok(()),
        false => Err(Trouble::Wrong(format!("{key}: the entity tag is {told} and must be {etag}"))),
    }
}
