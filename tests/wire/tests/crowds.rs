//! Crowds: clients that send or take a byte now and then, and clients that do nothing. The server's memory grows by an
//! amount that is known before, and honest clients are served as quickly as without them.
//!
//! Rates are compared within one run, the best of several batches with the best of several batches, and a run that a
//! busy machine has spoilt is repeated.
#![expect(clippy::disallowed_methods, reason = "a test of the real world, outside of the seam")]

use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use stratum_wire::{Scene, Server, Wire};

/// Clients that send their request byte by byte, and as many that take their answer so.
const SLOW: usize = 250;
/// Clients that do nothing.
const IDLE: usize = 5000;
/// Files that this process and the server, its child, may open: the crowd and some.
const DESCRIPTORS: usize = IDLE + 500;
/// More small bodies than one core takes at once.
const SMALL_BODIES: usize = 2048 + 50;
/// More large bodies than one core takes at once.
const LARGE_BODIES: usize = 512 + 50;
/// The longest small body.
const INLINE_BYTES: usize = 128 * 1024;
/// The body that slow clients take: more than the kernel holds of it on its way.
const LARGE_BYTES: usize = 8 * 1024 * 1024;
/// Pieces of an object that the server holds for one who takes it slowly.
const PIECE_KIB: u64 = 512;
/// Honest clients go on at this part of their rate.
const RATE_MIN: f64 = 0.8;
/// So many runs may be spoilt.
const RUNS: usize = 6;

/// One crowd at a time: they would be each other's noise.
static ALONE: Mutex<()> = Mutex::new(());

/// A client that sends its request byte by byte.
struct Sender {
    wire: Wire,
    request: Vec<u8>,
    sent: usize,
}

impl Sender {
    fn step(&mut self) {
        // The last byte is kept back: the request is not to be answered before the end.
        if let Some(byte) = self.request.get(self.sent..self.sent + 1).filter(|_| self.sent + 1 < self.request.len()) {
            self.wire.send(byte);
            self.sent += 1;
        }
    }

    fn end(mut self) {
        self.wire.send(self.request.get(self.sent..).unwrap_or_default());
        assert_eq!(self.wire.answer().status, 200, "a slow client is served, too");
    }
}

/// An honest client's time for a batch of requests, between which `meanwhile` happens, which is not counted.
fn batch(scene: &Scene, wire: &mut Wire, mut meanwhile: impl FnMut()) -> Duration {
    let mut took = Duration::ZERO;
    for _ in 0..30 {
        let request = scene.plain("GET", "/small", &[], b"");
        let began = Instant::now();
        for _ in 0..10 {
            wire.send(&request);
            assert_eq!(wire.answer().status, 200);
        }
        took += began.elapsed();
        meanwhile();
    }
    took
}

fn best(scene: &Scene, mut meanwhile: impl FnMut()) -> Duration {
    let mut wire = scene.connect();
    (0..5).map(|_| batch(scene, &mut wire, &mut meanwhile)).min().unwrap_or_default()
}

/// The rate that is left with a crowd, in parts of what it was without one.
fn rate_left(alone: Duration, crowded: Duration) -> f64 {
    alone.as_secs_f64() / crowded.as_secs_f64()
}

#[test]
fn slow_clients_slow_nobody_else() {
    let _alone = ALONE.lock();
    let directory = tempfile::tempdir().expect("a folder can be made");
    let server = Server::start(directory.path(), &[]);
    let scene = Scene::on(&server);
    scene.put("small", &vec![b's'; 4096]);
    scene.put("large", &vec![b'l'; LARGE_BYTES]);
    let mut rates = Vec::new();
    for _ in 0..RUNS {
        let alone = best(&scene, || ());
        let before = server.resident_kib();
        let mut senders: Vec<Sender> = (0..SLOW)
            .map(|_| Sender { wire: scene.connect(), request: scene.plain("GET", "/small", &[], b""), sent: 0 })
            .collect();
        let mut takers: Vec<Wire> = (0..SLOW).map(|_| scene.connect()).collect();
        for taker in &mut takers {
            taker.send(&scene.plain("GET", "/large", &[], b""));
        }
        senders.iter_mut().for_each(Sender::step);
        for taker in &mut takers {
            assert!(taker.sip(100).is_ok_and(|bytes| bytes > 0), "its answer has begun");
        }
        let mut turn = 0;
        let crowded = best(&scene, || {
            for _ in 0..8 {
                turn = (turn + 1) % SLOW;
                senders[turn].step();
                assert!(takers[turn].sip(1).is_ok_and(|bytes| bytes > 0));
            }
        });
        let grown = server.resident_kib().saturating_sub(before);
        // One who sends slowly holds what has come of its head, one who takes slowly two pieces of what it takes.
        let allowed = SLOW as u64 * (32 + 2 * PIECE_KIB + 64) + 32 * 1024;
        assert!(grown < allowed, "{grown} KiB for {SLOW} senders and {SLOW} takers, allowed are {allowed}");
        rates.push((rate_left(alone, crowded), grown));
        for sender in senders {
            sender.end();
        }
        drop(takers);
        if rates.iter().any(|(rate, _)| *rate >= RATE_MIN) {
            break;
        }
    }
    assert!(rates.iter().any(|(rate, _)| *rate >= RATE_MIN), "rate left and KiB grown in each run: {rates:?}");
    server.stop();
}

#[test]
fn idle_clients_cost_little_and_slow_nobody() {
    let _alone = ALONE.lock();
    raise_descriptors();
    let directory = tempfile::tempdir().expect("a folder can be made");
    let server = Server::start(directory.path(), &[]);
    let scene = Scene::on(&server);
    scene.put("small", &vec![b's'; 4096]);
    let mut rates = Vec::new();
    for _ in 0..RUNS {
        let alone = best(&scene, || ());
        let before = server.resident_kib();
        // Some never say anything, some rest after a request, some in the middle of one.
        let mut idle: Vec<Wire> = (0..IDLE).map(|_| scene.connect()).collect();
        let request = scene.plain("GET", "/small", &[], b"");
        for wire in idle.iter_mut().step_by(3) {
            wire.send(&request);
            assert_eq!(wire.answer().status, 200);
        }
        for wire in idle.iter_mut().skip(1).step_by(3) {
            wire.send(b"\r\n");
        }
        let crowded = best(&scene, || ());
        let grown = server.resident_kib().saturating_sub(before);
        let allowed = IDLE as u64 * 20 + 16 * 1024;
        assert!(grown < allowed, "{grown} KiB for {IDLE} idle connections, allowed are {allowed}");
        rates.push((rate_left(alone, crowded), grown));
        // They are served when they come back.
        for wire in idle.iter_mut().step_by(97) {
            wire.send(&request);
            assert_eq!(wire.answer().status, 200);
        }
        drop(idle);
        if rates.iter().any(|(rate, _)| *rate >= RATE_MIN) {
            break;
        }
    }
    assert!(rates.iter().any(|(rate, _)| *rate >= RATE_MIN), "rate left and KiB grown in each run: {rates:?}");
    server.stop();
}

/// Row 96: more bodies at once than there is room for, small ones and large ones. Who is too much is told to come again
/// later, as a document, and may: his connection is not ended. Who was there before is served.
#[test]
fn who_is_too_much_is_told_to_slow_down() {
    let _alone = ALONE.lock();
    raise_descriptors();
    let directory = tempfile::tempdir().expect("a folder can be made");
    let server = Server::start(directory.path(), &["--cores", "1"]);
    too_many(&Scene::on(&server), SMALL_BODIES, 5);
    too_many(&Scene::on(&server), LARGE_BODIES, INLINE_BYTES + 1);
    server.stop();
}

/// So many bodies of so many bytes, of which the last byte does not come.
fn too_many(scene: &Scene, bodies: usize, bytes: usize) {
    let body = vec![b'b'; bytes];
    let request = |number: usize| scene.plain("PUT", &format!("/key-{number}"), &[], &body);
    let mut wires: Vec<Wire> = (0..bodies).map(|_| scene.connect()).collect();
    for (number, wire) in wires.iter_mut().enumerate() {
        let request = request(number);
        wire.send(request.get(..request.len() - bytes + 1).unwrap_or_default());
    }
    // Whoever is told so is told without having sent all. How many find room is the server's to say.
    let refused = wires.last_mut().expect("a crowd").answer();
    assert_eq!(refused.outcome(), (503, "SlowDown".to_owned()), "{refused:?}");
    assert_eq!((refused.header("content-type"), refused.closes()), (Some("application/xml"), false), "{refused:?}");
    let mut served = 0;
    for (number, wire) in wires.iter_mut().enumerate() {
        wire.send(body.get(1..).unwrap_or_default());
        if number + 1 < bodies {
            let answer = wire.answer();
            assert!(matches!(answer.status, 200 | 503), "{number}: {answer:?}");
            served += usize::from(answer.status == 200);
            if answer.status == 200 {
                continue;
            }
        }
        // There is room again: the same request once more, on the same connection.
        wire.send(&request(number));
        let again = wire.answer();
        assert_eq!(again.status, 200, "{number}: {again:?}");
    }
    assert!(served > 0, "nobody was served");
    let last = format!("key-{}", bodies - 1);
    assert_eq!(scene.stored(&last).map(|stored| stored.len()), Some(bytes));
}

/// Raises what this process may open to what it needs for a crowd. The server inherits it.
fn raise_descriptors() {
    let of = |line: &str, column: usize| line.split_whitespace().nth(column).and_then(|limit| limit.parse().ok());
    let limits = std::fs::read_to_string("/proc/self/limits").expect("the kernel says it");
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).expect("it is among them");
    let soft: usize = of(line, 0).unwrap_or(usize::MAX);
    if soft >= DESCRIPTORS {
        return;
    }
    let hard: usize = of(line, 1).unwrap_or(usize::MAX);
    assert!(hard >= DESCRIPTORS, "a limit of {hard} open files is too low for a crowd: raise it (ulimit -Hn)");
    let own = std::process::id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &own, &format!("--nofile={DESCRIPTORS}:{hard}")]).status();
    assert!(raised.expect("prlimit is there, of util-linux").success(), "the limit is not raised");
}
