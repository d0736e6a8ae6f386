//! The server is killed a hundred times under sixteen clients, and loses nothing that it acknowledged.
//!
//! Each round: at least a thousand acknowledgements, a kill at any moment, in some rounds a kill in the start after it,
//! a start, and then everything is read and compared. In some rounds the server is stopped in good order before the
//! next load, which must make no difference. The number of cores changes all the time.
//!
//! `STRATUM_HTTP_KILLS` says how many rounds, `STRATUM_SEED` which choices; the choices follow from the seed, what the
//! kernel makes of them does not.
#![expect(clippy::disallowed_methods, reason = "a test of the real world, outside of the seam")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use stratum_crash::chance::Chance;
use stratum_crash::saying::{Phase, Saying};
use stratum_crash_http::books::Books;
use stratum_crash_http::bucket::{Bucket, Trouble};
use stratum_crash_http::client::{CLIENTS, Client, Deed, Event, Load};
use stratum_crash_http::reading::{Known, Reading, read};
use stratum_crash_http::server::{Remains, START_MAX, Server, bring};
use stratum_crash_http::wire::SILENCE_MAX;
use tempfile::TempDir;

/// The short form: CI runs it with every change.
const ROUNDS: u64 = 8;
/// Acknowledgements before a kill.
const ACKNOWLEDGED_MIN: u64 = 1000;
/// The kill comes at most so long after them.
const KILL_US: u64 = 300_000;

struct Story {
    home: TempDir,
    program: PathBuf,
    chance: Chance,
    books: Mutex<Books>,
    clients: Vec<Client>,
    starts: u64,
    /// How long the last start took: the next one is killed within this time.
    start_us: u64,
    count: Count,
}

/// What happened, for the last line.
#[derive(Debug, Default)]
struct Count {
    killed_in_load: u64,
    killed_in_start: u64,
    stopped: u64,
    compared: u64,
    acknowledged: BTreeMap<Deed, u64>,
    /// Creations that met others in a contest.
    rivals: u64,
    /// What was under way at a kill, and decided by the start after it.
    undecided: usize,
    /// Uploads that were found open.
    uploads: usize,
    /// Objects at the end.
    objects: usize,
    /// And their bytes.
    bytes: u64,
}

#[test]
fn kills_under_sixteen_clients_lose_nothing_that_was_acknowledged() {
    let rounds = number_from("STRATUM_HTTP_KILLS").unwrap_or(ROUNDS);
    let seed = number_from("STRATUM_SEED").unwrap_or(20_261_121);
    let began = Instant::now();
    let home = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a place for the store");
    let mut story = Story {
        program: bring(home.path()).expect("the server is built"),
        home,
        chance: Chance::new(seed),
        books: Mutex::default(),
        clients: (0..CLIENTS).map(|number| Client::new(number, seed)).collect(),
        starts: 0,
        start_us: 50_000,
        count: Count::default(),
    };
    for round in 1..=rounds {
        // The first one too: a store that is being made is no other case.
        if round == 1 || story.chance.below(3) == 0 {
            story.kill_in_start();
        }
        let (server, address) = story.start();
        story.compare(address);
        let (server, address) = match story.chance.below(4) {
            0 => {
                story.stop(server);
                story.start()
            }
            _ => (server, address),
        };
        story.load(server, address);
    }
    let (server, address) = story.start();
    story.compare(address);
    story.stop(server);
    let Story { count, .. } = &story;
    let acknowledged: u64 = count.acknowledged.values().sum();
    let seconds = began.elapsed().as_secs();
    let summary = format!("seed {seed}: {rounds} rounds in {seconds} s, {acknowledged} acknowledgements, {count:?}");
    assert!(acknowledged >= rounds * ACKNOWLEDGED_MIN, "too little was done; {summary}");
    assert!(count.objects >= 300, "too little is left; {summary}");
    for deed in Deed::ALL {
        let times = count.acknowledged.get(&deed).copied().unwrap_or(0);
        assert!(times >= rounds / 2, "too few of {deed:?}; {summary}");
    }
    assert!(count.undecided as u64 >= rounds * 2, "too little was under way; {summary}");
    assert!(count.uploads as u64 >= rounds * 2, "too few uploads were left open; {summary}");
    assert!(count.killed_in_start >= rounds / 10, "too few died in their start; {summary}");
    stratum_crash::options::tell(&summary);
}

impl Story {
    /// Starts a server on some cores, which becomes ready.
    fn start(&mut self) -> (Server, SocketAddr) {
        let mut server = self.begin();
        let began = Instant::now();
        let Some(address) = server.ready(began + START_MAX) else {
            let remains = server.kill();
            self.fail(&[format!("it is not ready: {remains:?}")]);
        };
        self.start_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        (server, address)
    }

    fn begin(&mut self) -> Server {
        self.starts += 1;
        let cores = if self.chance.below(2) == 0 { 1 } else { 2 };
        self.hear(&Saying::Begin(Phase::Start));
        let log = self.home.path().join(format!("server-{:03}.log", self.starts));
        Server::start(&self.program, &self.store(), cores, log).expect("a server can be started")
    }

    /// Starts a server and kills it at once or a little later.
    fn kill_in_start(&mut self) {
        let after = Duration::from_micros(self.chance.below(self.start_us + 1));
        let mut server = self.begin();
        let was_ready = server.ready(Instant::now() + after).is_some();
        let remains = server.kill().expect("a child may be killed");
        self.judge(&remains, None);
        self.count.killed_in_start += u64::from(!was_ready && !remains.was_ready);
    }

    /// Lets the clients work, and kills the server under them.
    fn load(&mut self, server: Server, address: SocketAddr) {
        let (events, heard) = channel();
        let (killed, entered) = (AtomicBool::new(false), AtomicU64::new(0));
        let load = Load { server: address, books: &self.books, killed, events, round: self.starts, entered };
        let after = Duration::from_micros(self.chance.below(KILL_US));
        let clients = &mut self.clients;
        let mut heard_before = Vec::new();
        let (watched, remains) = std::thread::scope(|scope| {
            for client in clients {
                let load = &load;
                scope.spawn(move || client.work(load));
            }
            let watched = watch(&heard, &mut heard_before, after);
            load.killed.store(true, Ordering::SeqCst);
            (watched, server.kill().expect("a child may be killed"))
        });
        self.count.rivals += load.entered.load(Ordering::SeqCst);
        self.count.killed_in_load += 1;
        let mut wrong = Vec::from_iter(watched.err());
        for event in heard_before.into_iter().chain(heard.try_iter()) {
            match event {
                Event::Acknowledged(deed) => *self.count.acknowledged.entry(deed).or_default() += 1,
                Event::Wrong(what) => wrong.push(what),
            }
        }
        if !wrong.is_empty() {
            self.fail(&wrong);
        }
        self.judge(&remains, None);
    }

    /// Stops a server in good order.
    fn stop(&mut self, server: Server) {
        let remains = server.stop().expect("a child may be stopped");
        self.judge(&remains, Some(0));
        self.count.stopped += 1;
    }

    /// Reads everything and compares.
    fn compare(&mut self, address: SocketAddr) {
        if let Err(trouble) = Bucket::at(address).make() {
            // It is there from the first time on.
            let is_there = matches!(&trouble, Trouble::Wrong(what) if what.contains("BucketAlreadyOwnedByYou"));
            if !is_there {
                self.fail(&[format!("the bucket is not made: {trouble}")]);
            }
        }
        let known = Known {
            keys: self.clients.iter().flat_map(Client::keys).collect(),
            uploads: self
                .clients
                .iter()
                .flat_map(Client::uploads)
                .map(|(upload, key, version)| (upload.to_owned(), (key.to_owned(), version)))
                .collect(),
        };
        let reading = match read(address, &known, &mut self.chance) {
            Ok(reading) => reading,
            Err(trouble) => self.fail(&[format!("the store is not read: {trouble}")]),
        };
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        self.count.undecided += books.ledger.undecided();
        let compared = books.compare(&reading.said);
        drop(books);
        match compared {
            Ok(created) => self.go_on_from(&reading, created),
            Err(wrong) => self.fail(&wrong),
        }
    }

    fn go_on_from(&mut self, reading: &Reading, created: Vec<String>) {
        for client in &mut self.clients {
            client.go_on_from(&reading.uploads);
        }
        for (key, client) in created.into_iter().zip((0..self.clients.len()).cycle()) {
            self.clients[client].take(key);
        }
        self.count.compared += 1;
        let objects = reading.said.iter().filter(|saying| matches!(saying, Saying::Object(..)));
        (self.count.objects, self.count.bytes) = (objects.count(), reading.bytes);
        self.count.uploads += reading.uploads.len();
    }

    /// A server ended as it was made to, and had nothing to tell but of this machine.
    fn judge(&mut self, remains: &Remains, code: Option<i32>) {
        let of_machine = |line: &&String| line.contains("io_uring") || line.contains("the CPUs of this process");
        let told: Vec<String> = remains.told.iter().filter(|line| !of_machine(line)).cloned().collect();
        if remains.status.code() != code || !told.is_empty() {
            self.fail(&[format!("it ended with {:?} and told: {told:#?}", remains.status)]);
        }
    }

    fn hear(&mut self, saying: &Saying) {
        let heard = self.books.lock().unwrap_or_else(PoisonError::into_inner).hear(saying);
        heard.expect("a mark is never wrong");
    }

    fn store(&self) -> PathBuf {
        self.home.path().join("store")
    }

    /// Ends the test with all that is known of what is wrong.
    fn fail(&mut self, wrong: &[String]) -> ! {
        // Keys have a slash, ids of uploads are long, and no other word is either.
        let of_name = |c: char| c.is_alphanumeric() || matches!(c, '/' | '-');
        let words = wrong.iter().flat_map(|line| line.split(|c| !of_name(c)));
        let names: Vec<&str> = words.filter(|word| word.contains('/') || word.len() >= 32).collect();
        let story = self.books.lock().unwrap_or_else(PoisonError::into_inner).ledger.story(&names);
        self.home.disable_cleanup(true);
        let kept = self.home.path().display();
        panic!("start {}: {wrong:#?}; {:?}; store and journals are kept in {kept}\n{story}", self.starts, self.count);
    }
}

/// Takes what is told until enough is acknowledged, and a little longer.
fn watch(events: &Receiver<Event>, heard: &mut Vec<Event>, after: Duration) -> Result<(), String> {
    let mut deadline = None;
    loop {
        let wait = deadline.map_or(SILENCE_MAX, |deadline: Instant| deadline.saturating_duration_since(Instant::now()));
        match events.recv_timeout(wait) {
            Ok(event) => heard.push(event),
            Err(_) if deadline.is_some() => return Ok(()),
            Err(_) => return Err(format!("nothing was acknowledged for {SILENCE_MAX:?}")),
        }
        if matches!(heard.last(), Some(Event::Wrong(_))) {
            return Ok(());
        }
        if deadline.is_none() && heard.len() as u64 >= ACKNOWLEDGED_MIN {
            deadline = Some(Instant::now() + after);
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(());
        }
    }
}

fn number_from(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}
