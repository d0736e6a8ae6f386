//! The steps of a run, one after the other: the bucket, and for each operation its objects and its measurement; then
//! everything that was made is removed.
//!
//! What must hold: all cores work in the same step, and the next begins when all have ended. Cleaning up removes only
//! keys of this run, and the bucket only if this run made it.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use stratum_engine::rt::{self, Mailbox, Postman};
use stratum_proto_http::client::{Call, deletion_document};
use stratum_proto_http::xml::reader;

use super::kind::Kind;
use super::live::Live;
use super::names::Folder;
use super::plan::Plan;
use super::report::Measured;
use super::session::{Session, Target};
use super::station::{Did, Order, Station, Work};
use super::tally::Tally;
use super::trouble::Trouble;
use super::usage;

/// Keys of one request of the clean-up (S3).
const CLEAN_KEYS: usize = 1000;
/// So often a page of the clean-up may be refused before it is given up.
const CLEAN_TRIES: u32 = 10;
/// The time between.
const CLEAN_PAUSE: Duration = Duration::from_millis(200);

/// The one that gives orders, on the first core.
pub(super) struct Conductor {
    plan: Arc<Plan>,
    live: Arc<Live>,
    orders: Vec<Postman<Order>>,
    told: Rc<Mailbox<Did>>,
    session: Session,
    target: Rc<Target>,
    /// The bucket was not there.
    made_bucket: bool,
    /// Folders that are full already.
    full: BTreeSet<&'static str>,
}

impl Conductor {
    /// One for these cores.
    pub(super) fn new(plan: Arc<Plan>, live: Arc<Live>, orders: Vec<Postman<Order>>, told: Mailbox<Did>) -> Conductor {
        let target = Rc::new(Station::target(&plan));
        let session = Session::new(Rc::clone(&target));
        let told = Rc::new(told);
        Conductor { plan, live, orders, told, session, target, made_bucket: false, full: BTreeSet::new() }
    }

    /// Does all that the plan says. What was measured comes back also if something failed later.
    pub(super) async fn conduct(mut self) -> (Vec<Measured>, Result<(), String>) {
        let mut measured = Vec::new();
        let mut ended = self.find_bucket().await;
        if ended.is_err() {
            return (measured, ended);
        }
        for kind in self.plan.arguments.kinds.clone() {
            if ended.is_err() || self.live.is_stopped() {
                break;
            }
            match self.measure(kind).await {
                Ok(one) => measured.push(one),
                Err(why) => ended = Err(format!("{}: {why}", kind.name())),
            }
        }
        if !self.plan.arguments.keep {
            self.live.begin("removing", None);
            ended = ended.and(self.clean_up().await);
        }
        (measured, ended)
    }

    /// Makes the bucket if it is not there.
    async fn find_bucket(&mut self) -> Result<(), String> {
        let bucket = self.target.bucket.clone();
        let server = self.plan.arguments.server.to_string();
        match self.session.call(&Call::head_bucket(&bucket), None, 200).await {
            Ok(_) => return Ok(()),
            Err(Trouble::Refused { status: 404, .. }) => {}
            // An answer to HEAD says no reason; the next question gets one.
            Err(Trouble::Refused { .. }) => {}
            Err(trouble) => return Err(format!("{server}: {trouble}")),
        }
        match self.session.call(&Call::create_bucket(&bucket), None, 200).await {
            Ok(_) => {
                self.made_bucket = true;
                Ok(())
            }
            Err(trouble) => {
                Err(format!("{server}: the bucket {bucket} cannot be made: {} ({trouble})", trouble.code()))
            }
        }
    }

    /// Writes what an operation needs, runs it, and says what came of it.
    async fn measure(&mut self, kind: Kind) -> Result<Measured, String> {
        let content = self.plan.content(kind).ok_or("it has no content")?;
        let order = Order { work: Work::Run(kind), content, objects: 0, window: (0, u64::MAX) };
        let Some((folder, objects)) = self.plan.filling(kind) else { return self.run(kind, order).await };
        let order = Order { objects, ..order };
        let name = folder.name();
        if folder == Folder::Delete {
            // As much as can be written in the time that deleting it may take: that is at least as fast.
            let arguments = &self.plan.arguments;
            let until = rt::now() + nanos(arguments.warm_up + arguments.duration);
            let counts = self.fill(folder, Order { window: (0, until), ..order.clone() }).await?;
            return self.run(kind, Order { work: Work::DeleteAll(Arc::new(counts)), ..order }).await;
        }
        if !self.full.contains(name) {
            self.fill(folder, order.clone()).await?;
            self.full.insert(name);
        }
        self.run(kind, order).await
    }

    /// Fills a folder. How many objects each connection wrote.
    async fn fill(&mut self, folder: Folder, order: Order) -> Result<Vec<u64>, String> {
        self.live.begin(&format!("filling {}", folder.name()), None);
        let connections = usize::try_from(self.plan.arguments.connections).unwrap_or(usize::MAX);
        let mut counts = vec![0; connections];
        self.post(Order { work: Work::Fill(folder), ..order }).await?;
        let mut failed = None;
        for did in gather(Rc::clone(&self.told), self.orders.len()).await {
            match did {
                Did::Filled(of_core) => {
                    for (index, count) in of_core {
                        let place = usize::try_from(index).ok().and_then(|index| counts.get_mut(index));
                        if let Some(place) = place {
                            *place = count;
                        }
                    }
                }
                Did::Failed(why) => failed = Some(why),
                Did::Ran(_) => {}
            }
        }
        match failed {
            None => Ok(counts),
            Some(why) => Err(format!("the objects that it needs cannot be written: {why}")),
        }
    }

    /// Runs a measurement on all cores, and watches what it costs.
    async fn run(&mut self, kind: Kind, order: Order) -> Result<Measured, String> {
        let arguments = &self.plan.arguments;
        let pid = arguments.server_pid;
        let deleted = match &order.work {
            Work::DeleteAll(counts) => Some(counts.iter().sum()),
            Work::Fill(_) | Work::Run(_) => None,
        };
        let is_deletion = deleted.is_some();
        let from = if is_deletion { rt::now() } else { rt::now() + nanos(arguments.warm_up) };
        let until = from + nanos(arguments.duration);
        self.live.begin(kind.name(), (!is_deletion).then_some(until));
        // Deletions end when nothing is left.
        let window = if is_deletion { (0, u64::MAX) } else { (from, until) };
        self.post(Order { window, ..order }).await?;
        let mut gathering = rt::spawn(gather(Rc::clone(&self.told), self.orders.len()));
        let mut all = rt::timeout(left(from), &mut gathering).await;
        let before = (usage::of(None), usage::of(pid));
        if all.is_none() {
            let time = if is_deletion { Duration::MAX } else { left(until) };
            all = rt::timeout(time, &mut gathering).await;
        }
        let (after, ended) = ((usage::of(None), usage::of(pid)), rt::now());
        let all = match all {
            Some(all) => all,
            None => gathering.await,
        };
        let mut tally = Tally::default();
        for did in all {
            if let Did::Ran(of_core) = did {
                tally.merge(&of_core);
            }
        }
        let used = |before: Option<usage::Usage>, after: Option<usage::Usage>| {
            before.zip(after).map(|(before, after)| after.cpu_us.saturating_sub(before.cpu_us))
        };
        let span = tally.span.map_or(0, |(first, last)| last - first);
        let measured = if is_deletion { span } else { ended.min(until).saturating_sub(from) };
        let counted = tally.rows.values().map(|row| row.times.total()).sum();
        Ok(Measured {
            kind,
            seconds: Duration::from_nanos(measured).as_secs_f64(),
            tally,
            watched_seconds: Duration::from_nanos(ended.saturating_sub(from)).as_secs_f64(),
            // A deletion is watched from its first operation on, the warm-up included.
            watched_ops: deleted.unwrap_or(counted),
            generator_cpu_us: used(before.0, after.0),
            server_cpu_us: pid.and_then(|_| used(before.1, after.1)),
            server_anon_bytes: pid.and(after.1).map(|usage| usage.anon_bytes),
        })
    }

    async fn post(&self, order: Order) -> Result<(), String> {
        for core in &self.orders {
            core.post(order.clone()).await.map_err(|_| "a core of the generator has gone".to_owned())?;
        }
        Ok(())
    }

    /// Removes every object of the run, and the bucket if the run made it.
    async fn clean_up(&mut self) -> Result<(), String> {
        let bucket = self.target.bucket.clone();
        let said = |what: &str, trouble: &Trouble| {
            format!("{what} in bucket {bucket} cannot be removed: {} ({trouble})", trouble.code())
        };
        let prefix = self.plan.names.prefix().to_owned();
        let mut refused = 0;
        loop {
            match self.remove_page(&prefix).await {
                Ok(0) => break,
                Ok(removed) => {
                    (0..removed).for_each(|_| self.live.done(0));
                    refused = 0;
                }
                Err(trouble) if refused < CLEAN_TRIES && trouble.may_pass() => {
                    refused += 1;
                    rt::sleep(CLEAN_PAUSE).await;
                }
                Err(trouble) => return Err(said(&prefix, &trouble)),
            }
        }
        if !self.made_bucket {
            return Ok(());
        }
        match self.session.call(&Call::delete_bucket(&bucket), None, 204).await {
            // Somebody else uses it by now.
            Ok(_) | Err(Trouble::Refused { status: 409, .. }) => Ok(()),
            Err(trouble) => Err(said("the bucket itself", &trouble)),
        }
    }

    /// Removes the first objects that are left. How many; zero if none was.
    async fn remove_page(&mut self, prefix: &str) -> Result<usize, Trouble> {
        let bucket = self.target.bucket.clone();
        let (_, page) = self.session.list(prefix, "", CLEAN_KEYS).await?;
        let keys = reader::listed_keys(&page).map_err(|_| Trouble::WrongDocument)?.keys;
        if keys.is_empty() {
            return Ok(0);
        }
        // A server that shows others than it was asked for must not make us remove them.
        if !keys.iter().all(|key| key.starts_with(prefix)) {
            return Err(Trouble::WrongListing);
        }
        let document = deletion_document(&keys).ok_or(Trouble::Unsendable)?;
        let answer = self.session.call(&Call::delete_many(&bucket, &document), Some(&document), 200).await?;
        let left = reader::deletion_failures(&answer).map_err(|_| Trouble::WrongDocument)?;
        match left.first() {
            None => Ok(keys.len()),
            Some((_, code)) => {
                Err(Trouble::Refused { status: 200, code: Some(code.clone()), message: "a key stays".to_owned() })
            }
        }
    }
}

/// Waits until so many cores have told what they did.
async fn gather(told: Rc<Mailbox<Did>>, cores: usize) -> Vec<Did> {
    let mut all = Vec::new();
    while all.len() < cores {
        match told.next().await {
            Some(did) => all.push(did),
            None => break,
        }
    }
    all
}

fn left(until_ns: u64) -> Duration {
    Duration::from_nanos(until_ns.saturating_sub(rt::now()))
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
