//! A load on the engine alone, in the real world: one core, a number of clients as tasks on that core, closed loop.
//!
//! ```text
//!   engine_load DIRECTORY [seconds] [clients,clients,...]
//! ```
//!
//! Each number of clients puts bodies of 4 KiB under new keys, each put durable before the next; then gets random ones
//! of them and compares every byte; then streams bodies of 16 MiB. What must hold: the time of warming up is in no
//! figure; the CPU time is that of the whole process, its helper threads and the making and checking of bodies by the
//! clients included. What is not here: sockets, HTTP, signatures.
#![expect(
    clippy::disallowed_methods,
    reason = "a load program reads what the kernel says of it, outside the simulation"
)]

use std::cell::{Cell, RefCell};
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use stratum_engine::error::Error;
use stratum_engine::node::{Options, PutOptions, Store, seats};
use stratum_engine::rt::{self, real};
use stratum_engine::types::{BucketName, ObjectKey};

const SMALL_BYTES: usize = 4096;
const LARGE_BYTES: usize = 16 * 1024 * 1024;
const PIECE_BYTES: usize = 1024 * 1024;
const LARGE_BODIES: u64 = 32;
/// The kernel counts the time of a process in ticks of this many per second.
const TICKS_PER_SECOND: f64 = 100.0;
const NANOS: f64 = 1e9;

#[derive(Clone)]
struct Plan {
    directory: PathBuf,
    seconds: u64,
    clients: Vec<u64>,
}

fn main() -> ExitCode {
    let Some(plan) = plan() else {
        return complain("usage: engine_load DIRECTORY [seconds] [clients,clients,...]");
    };
    let failed = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&failed);
    let run = real::RunOptions { cores: 1, driver: real::Driver::Auto, notice };
    let started = real::run(run, move |_| {
        let (plan, failed) = (plan.clone(), Arc::clone(&seen));
        async move {
            if let Err(why) = load(&plan).await {
                notice(&why);
                failed.store(true, Ordering::Relaxed);
            }
        }
    });
    match started {
        Ok(()) if !failed.load(Ordering::Relaxed) => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(why) => complain(&why.to_string()),
    }
}

fn plan() -> Option<Plan> {
    let mut words = env::args().skip(1);
    let directory = PathBuf::from(words.next()?);
    let seconds = words.next().map_or(Some(3), |word| word.parse().ok())?;
    let clients = words.next().unwrap_or_else(|| "1,8,32,128".to_owned());
    let clients = clients.split(',').map(|word| word.parse().ok()).collect::<Option<Vec<u64>>>()?;
    Some(Plan { directory, seconds, clients })
}

/// Runs the whole plan on this core.
async fn load(plan: &Plan) -> Result<(), String> {
    let options = Options::product(plan.directory.clone(), 1, notice);
    let seat = seats(&options).pop().ok_or("a node of one core has one seat")?;
    let store = seat.open().await.map_err(|why| why.to_string())?;
    let bucket = BucketName::new("load").ok_or("the bucket's name is a good one")?;
    store.create_bucket(&bucket).await.map_err(|why| why.to_string())?;
    let load = Rc::new(Load { store, bucket, put: Cell::new(0), large: Cell::new(0) });
    say("| what | clients | ops/s | p50 us | p99 us | us of CPU per op | of these on the core |")?;
    say("|---|---|---|---|---|---|---|")?;
    for clients in &plan.clients {
        Rc::clone(&load).small("put 4 KiB", *clients, plan.seconds, Small::Put).await?;
    }
    for clients in &plan.clients {
        Rc::clone(&load).small("get 4 KiB", *clients, plan.seconds, Small::Get).await?;
    }
    say("\n| what | clients | MB/s | CPU-s per GB | of these on the core |\n|---|---|---|---|---|")?;
    for clients in [1, 8] {
        Rc::clone(&load).large("put 16 MiB", clients, Large::Put).await?;
        Rc::clone(&load).large("get 16 MiB", clients, Large::Get).await?;
    }
    load.store.close().await.map_err(|why| why.to_string())
}

struct Load {
    store: Store,
    bucket: BucketName,
    /// Small bodies that are there, under the numbers below this one.
    put: Cell<u64>,
    /// The same of large ones.
    large: Cell<u64>,
}

#[derive(Clone, Copy)]
enum Small {
    Put,
    Get,
}

#[derive(Clone, Copy)]
enum Large {
    Put,
    Get,
}

/// What one kind of load did after its warming up.
#[derive(Default)]
struct Seen {
    nanos: RefCell<Vec<u64>>,
    stop: Cell<bool>,
    failed: RefCell<Option<String>>,
}

impl Load {
    /// A closed loop of small operations by some clients for some time.
    async fn small(self: Rc<Self>, what: &str, clients: u64, seconds: u64, kind: Small) -> Result<(), String> {
        let seen = Rc::new(Seen::default());
        let tasks: Vec<_> = (0..clients)
            .map(|client| rt::spawn(Rc::clone(&self).client(client, kind, Rc::clone(&seen), self.put.get())))
            .collect();
        rt::sleep(std::time::Duration::from_millis(500)).await;
        seen.nanos.borrow_mut().clear();
        let (began, before) = (rt::now(), Used::now()?);
        rt::sleep(std::time::Duration::from_secs(seconds)).await;
        let (took, after) = (rt::now() - began, Used::now()?);
        seen.stop.set(true);
        let mut nanos = seen.nanos.take();
        for task in tasks {
            task.await;
        }
        if let Some(why) = seen.failed.take() {
            return Err(why);
        }
        nanos.sort_unstable();
        let at = |share: usize| nanos.get(nanos.len() * share / 100).copied().unwrap_or_default() / 1000;
        let ops = float(nanos.len() as u64);
        let (all, core) = after.since(&before);
        let mut line = String::new();
        write!(line, "| {what} | {clients} | {:.0} | {} | {} ", ops / float(took) * NANOS, at(50), at(99))
            .and_then(|()| write!(line, "| {:.2} | {:.2} |", all * 1e6 / ops, core * 1e6 / ops))
            .map_err(|why| why.to_string())?;
        say(&line)
    }

    async fn client(self: Rc<Self>, client: u64, kind: Small, seen: Rc<Seen>, there: u64) {
        let mut body = vec![7; SMALL_BYTES];
        let mut dice = Dice(client + 1);
        while !seen.stop.get() {
            let began = rt::now();
            let done = match kind {
                Small::Put => self.put_small(&mut body).await,
                Small::Get => self.check_small(dice.below(there), &mut body).await,
            };
            if let Err(why) = done {
                seen.failed.replace(Some(why));
                return;
            }
            seen.nanos.borrow_mut().push(rt::now() - began);
        }
    }

    async fn put_small(&self, body: &mut [u8]) -> Result<(), String> {
        let number = self.put.replace(self.put.get() + 1);
        stamp(body, number);
        let put = self.store.put(&self.bucket, &key("small", number)?, body, PutOptions::default()).await;
        put.map(|_| ()).map_err(|why| why.to_string())
    }

    async fn check_small(&self, number: u64, expected: &mut [u8]) -> Result<(), String> {
        stamp(expected, number);
        let read = async {
            let object = self.store.get(&self.bucket, &key("small", number).map_err(|_| Error::NoSuchKey)?).await?;
            object.read(0, object.head.size).await
        };
        let body = read.await.map_err(|why| why.to_string())?;
        if body == expected { Ok(()) } else { Err(format!("body {number} is not the one that was put")) }
    }

    /// Some large bodies by some clients, each streamed in pieces.
    async fn large(self: Rc<Self>, what: &str, clients: u64, kind: Large) -> Result<(), String> {
        let first = match kind {
            Large::Put => self.large.replace(self.large.get() + LARGE_BODIES),
            Large::Get => self.large.get() - LARGE_BODIES,
        };
        let next = Rc::new(Cell::new(first));
        let (began, before) = (rt::now(), Used::now()?);
        let tasks: Vec<_> = (0..clients)
            .map(|_| {
                let (load, next) = (Rc::clone(&self), Rc::clone(&next));
                rt::spawn(async move {
                    while next.get() < first + LARGE_BODIES {
                        let number = next.replace(next.get() + 1);
                        match kind {
                            Large::Put => load.put_large(number).await?,
                            Large::Get => load.check_large(number).await?,
                        }
                    }
                    Ok::<(), String>(())
                })
            })
            .collect();
        for task in tasks {
            task.await?;
        }
        let (took, after) = (rt::now() - began, Used::now()?);
        let (all, core) = after.since(&before);
        let bytes = float(LARGE_BODIES) * float(LARGE_BYTES as u64);
        let rate = bytes / 1e6 / float(took) * NANOS;
        say(&format!("| {what} | {clients} | {rate:.0} | {:.3} | {:.3} |", all * 1e9 / bytes, core * 1e9 / bytes))
    }

    async fn put_large(&self, number: u64) -> Result<(), String> {
        let mut piece = vec![9; PIECE_BYTES];
        stamp(&mut piece, number);
        let put = async {
            let key = key("large", number).map_err(|_| Error::NoSuchKey)?;
            let mut upload = self.store.upload(&self.bucket, &key, Some(LARGE_BYTES as u64))?;
            for _ in 0..LARGE_BYTES / PIECE_BYTES {
                upload.write(&piece).await?;
            }
            upload.finish(PutOptions::default()).await
        };
        put.await.map(|_| ()).map_err(|why| why.to_string())
    }

    async fn check_large(&self, number: u64) -> Result<(), String> {
        let mut expected = vec![9; PIECE_BYTES];
        stamp(&mut expected, number);
        let object = self.store.get(&self.bucket, &key("large", number)?).await.map_err(|why| why.to_string())?;
        for at in (0..LARGE_BYTES).step_by(PIECE_BYTES) {
            let piece = object.read(at as u64, PIECE_BYTES as u64).await.map_err(|why| why.to_string())?;
            if piece != expected {
                return Err(format!("large body {number} is not the one that was put"));
            }
        }
        Ok(())
    }
}

/// The CPU seconds of the process so far, and those of its core's thread.
struct Used {
    all: f64,
    core: f64,
}

impl Used {
    fn now() -> Result<Used, String> {
        let read = |path: &str| fs::read_to_string(path).map_err(|why| format!("{path}: {why}"));
        // The name of the program is in brackets and may hold blanks; user and system time are the 12th and 13th behind
        // it.
        let stat = read("/proc/self/stat")?;
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: f64 = fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
        let thread = read("/proc/thread-self/schedstat")?;
        let on_cpu = thread.split_whitespace().next().and_then(|field| field.parse::<f64>().ok());
        Ok(Used { all: ticks / TICKS_PER_SECOND, core: on_cpu.unwrap_or_default() / NANOS })
    }

    fn since(&self, before: &Used) -> (f64, f64) {
        (self.all - before.all, self.core - before.core)
    }
}

/// Which body is read next: cheap, and the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 20) % end.max(1)
    }
}

/// Makes a body that of a number.
fn stamp(body: &mut [u8], number: u64) {
    if let Some(head) = body.first_chunk_mut::<8>() {
        *head = number.to_le_bytes();
    }
}

fn key(folder: &str, number: u64) -> Result<ObjectKey, String> {
    ObjectKey::new(format!("{folder}/objects/of/the/load/{number:012}").as_bytes())
        .ok_or_else(|| "the key is a good one".to_owned())
}

#[expect(clippy::cast_precision_loss, reason = "counts and times of a run are far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}

fn say(line: &str) -> Result<(), String> {
    writeln!(io::stdout(), "{line}").map_err(|why| why.to_string())
}

fn notice(text: &str) {
    // Whoever closed the error stream does not want to be told.
    drop(writeln!(io::stderr(), "engine_load: {text}"));
}

fn complain(text: &str) -> ExitCode {
    notice(text);
    ExitCode::FAILURE
}
