//! One core of the generator: it does its share of every step, with its share of the connections.
//!
//! What must hold: a core waits for orders and nothing else; what it did is told once, at the end of the step.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use stratum_engine::rt::{self, Mailbox, Postman};
use stratum_proto_http::client::Requests;

use super::content::Content;
use super::kind::Kind;
use super::listing::Pages;
use super::live::Live;
use super::names::Folder;
use super::plan::Plan;
use super::session::{Session, Target};
use super::tally::Tally;
use super::worker::{Share, Worker};

/// A step of the run.
#[derive(Clone)]
pub(super) struct Order {
    /// What is done.
    pub(super) work: Work,
    /// The bodies.
    pub(super) content: Arc<Content>,
    /// Objects that are there to be read or listed, or are to be.
    pub(super) objects: u64,
    /// When counting begins and when all ends, in nanoseconds of `rt::now`.
    pub(super) window: (u64, u64),
}

/// What is done in a step.
#[derive(Clone)]
pub(super) enum Work {
    /// A folder is filled.
    Fill(Folder),
    /// An operation is measured.
    Run(Kind),
    /// What was written to be deleted is deleted: how many, for each connection.
    DeleteAll(Arc<Vec<u64>>),
}

/// What a core did.
pub(super) enum Did {
    /// It wrote so many: the index of the connection, and how many.
    Filled(Vec<(u64, u64)>),
    /// It measured.
    Ran(Tally),
    /// It could not write what has to be there.
    Failed(String),
}

/// Works on this core until no more orders come.
pub(super) async fn work(core: u16, plan: Arc<Plan>, live: Arc<Live>, orders: Mailbox<Order>, told: Postman<Did>) {
    let target = Rc::new(Station::target(&plan));
    let station = Station { core, plan, live, target };
    while let Some(order) = orders.next().await {
        let did = station.follow(order).await;
        if told.post(did).await.is_err() {
            return;
        }
    }
}

/// One core.
pub(super) struct Station {
    core: u16,
    plan: Arc<Plan>,
    live: Arc<Live>,
    target: Rc<Target>,
}

impl Station {
    /// Who is asked.
    pub(super) fn target(plan: &Plan) -> Target {
        let arguments = &plan.arguments;
        let requests = Requests::new(&arguments.server, plan.credentials.clone(), &arguments.region);
        Target { address: plan.address, requests, bucket: arguments.bucket.clone() }
    }

    async fn follow(&self, order: Order) -> Did {
        let share = Rc::new(Share {
            names: self.plan.names.clone(),
            content: order.content,
            connections: u64::from(self.plan.arguments.connections),
            ring: self.plan.ring_of_connection(),
            objects: order.objects,
            pages: Pages::new(self.plan.names.clone(), order.objects),
            tally: RefCell::default(),
            live: Arc::clone(&self.live),
            window: order.window,
        });
        let workers = self.indices().map(|index| {
            let session = Session::new(Rc::clone(&self.target));
            (index, Worker::new(Rc::clone(&share), session, index))
        });
        match order.work {
            Work::Fill(folder) => {
                let tasks: Vec<_> =
                    workers.map(|(index, worker)| (index, rt::spawn(worker.fill(folder, order.objects)))).collect();
                let mut filled = Vec::new();
                let mut failed = None;
                for (index, task) in tasks {
                    match task.await {
                        Ok(count) => filled.push((index, count)),
                        Err(trouble) => failed = Some(format!("{} ({trouble})", trouble.code())),
                    }
                }
                return failed.map_or(Did::Filled(filled), Did::Failed);
            }
            Work::Run(kind) => join(workers.map(|(_, worker)| rt::spawn(worker.run(kind))).collect()).await,
            Work::DeleteAll(counts) => {
                let count = |index: u64| usize::try_from(index).ok().and_then(|at| counts.get(at)).copied();
                let tasks =
                    workers.map(|(index, worker)| rt::spawn(worker.delete_all(count(index).unwrap_or_default())));
                join(tasks.collect()).await;
            }
        }
        Did::Ran(share.tally.take())
    }

    /// The connections of this core.
    fn indices(&self) -> impl Iterator<Item = u64> {
        let (core, cores) = (u64::from(self.core), u64::from(self.plan.arguments.cores));
        (0..u64::from(self.plan.arguments.connections)).filter(move |index| index % cores == core)
    }
}

async fn join(tasks: Vec<rt::Task<()>>) {
    for task in tasks {
        task.await;
    }
}
