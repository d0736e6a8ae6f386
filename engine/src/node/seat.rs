//! The seats of a node: made together, so that the cores can find each other, then taken to their cores and opened
//! there.

use std::rc::Rc;

use crate::disk::{Catalog, CatalogNote, Containers, DiskHealth, OwnerRequest, Segments, follow};
use crate::index::Layers;
use crate::limits::{CREDITS_PER_CORE, OWNER_REQUESTS_MAX};
use crate::log::{DataWriter, LogReader, LogWriter};
use crate::node::boot::{self, StartError};
use crate::node::deal::{Deal, Order, OrderSlot, Orders};
use crate::node::options::Options;
use crate::node::store::Store;
use crate::rt::{self, BufferPool, Mailbox, Postman, mailbox, reply};
use crate::shard::{self, Owner, Peers, Question, Start};
use crate::types::CoreId;
use crate::upkeep;

/// What one core needs to become a part of its node. It may be moved to its thread.
pub struct Seat {
    pub(super) core: CoreId,
    pub(super) options: Options,
    questions: Mailbox<Question>,
    posts: Vec<Postman<Question>>,
    notes: Mailbox<CatalogNote>,
    pub(super) owner_post: Postman<OwnerRequest>,
    pub(super) health: DiskHealth,
    /// Core 0 owns the slot table and deals out what the others begin with.
    pub(super) first: Option<First>,
    orders: Option<Orders>,
}

/// What only core 0 has.
pub(super) struct First {
    pub(super) requests: Mailbox<OwnerRequest>,
    pub(super) note_posts: Vec<Postman<CatalogNote>>,
    pub(super) orders: Vec<OrderSlot>,
}

/// The seats of a node with `options.cores` cores, in their order.
#[must_use]
pub fn seats(options: &Options) -> Vec<Seat> {
    let cores = options.cores;
    let boxes: Vec<_> = (0..cores).map(|_| mailbox::<Question>(CREDITS_PER_CORE)).collect();
    let note_boxes: Vec<_> = (0..cores).map(|_| mailbox::<CatalogNote>(OWNER_REQUESTS_MAX)).collect();
    let (owner_post, requests) = mailbox::<OwnerRequest>(OWNER_REQUESTS_MAX);
    let health = DiskHealth::default();
    let posts: Vec<_> = boxes.iter().map(|(post, _)| post.clone()).collect();
    let note_posts = note_boxes.iter().map(|(post, _)| post.clone()).collect();
    let (orders, replies): (Vec<_>, Vec<_>) = (1..cores).map(|_| reply()).unzip();
    let mut first = Some(First { requests, note_posts, orders });
    let mut replies = std::iter::once(None).chain(replies.into_iter().map(Some));
    let seat = |(core, ((_, questions), (_, notes)))| Seat {
        core: CoreId(core),
        options: options.clone(),
        questions,
        posts: posts.clone(),
        notes,
        owner_post: owner_post.clone(),
        health: health.clone(),
        first: first.take(),
        orders: replies.next().flatten(),
    };
    (0..cores).zip(boxes.into_iter().zip(note_boxes)).map(seat).collect()
}

impl Seat {
    /// Opens the store on this core. Every core of the node must do so; all of them have replayed before one is served
    /// by another.
    ///
    /// # Errors
    /// Why the store cannot be served. Nothing has been changed that another start would not do as well.
    pub async fn open(mut self) -> Result<Store, StartError> {
        let catalog = Rc::new(Catalog::default());
        let (deal, disk, first) = match (self.first.take(), self.orders.take()) {
            (Some(first), _) => {
                let (deal, first) = boot::first(&self, first, &catalog).await?;
                (deal, Rc::clone(&first.segments), Some(first))
            }
            (None, Some(orders)) => {
                let (deal, disk) = self.follow_orders(orders, &catalog).await?;
                (deal, disk, None)
            }
            (None, None) => return Err(StartError::OtherCore),
        };
        drop(rt::spawn(follow(catalog, self.notes)));
        let reader = self::reader(&disk, &self.options);
        let owner_options = self.options.owner;
        let (layers, read_only) = (deal.layers, deal.read_only);
        let start =
            Start { layers, last: deal.last, confirmed: deal.confirmed, buckets: deal.buckets, floor: deal.floor };
        let owner = Owner::new(self.core, owner_options, Rc::clone(&disk), reader.clone(), start);
        if read_only {
            owner.read_only();
        } else {
            let log = LogWriter::new(Rc::clone(&disk), self.core);
            drop(rt::spawn(shard::run_commits(Rc::clone(&owner), log)));
            drop(rt::spawn(shard::run_checkpoints(Rc::clone(&owner))));
        }
        let peers = Rc::new(Peers::new(Rc::clone(&owner), self.posts, deal.salt, deal.shards));
        drop(rt::spawn(shard::answer_all(Rc::clone(&owner), self.questions)));
        if self.core == CoreId(0) && !read_only {
            if !deal.recovered.empty.is_empty() {
                disk.free(deal.recovered.empty.clone()).await.map_err(StartError::Disk)?;
            }
            if self.options.upkeep_ms > 0 {
                drop(rt::spawn(upkeep::run(
                    Rc::clone(&peers),
                    Rc::clone(&disk),
                    reader.clone(),
                    self.options.upkeep_ms,
                )));
            }
        }
        let data = Rc::new(DataWriter::new(Rc::clone(&disk), self.core));
        Ok(Store::new(peers, disk, reader, data, self.options, first, deal.recovered))
    }

    /// What a core but the first does in a start: it replays what it is dealt, until it is told to serve.
    async fn follow_orders(
        &self,
        mut orders: Orders,
        catalog: &Rc<Catalog>,
    ) -> Result<(Deal, Rc<Segments>), StartError> {
        let mut replayed: Option<(Deal, Rc<Segments>)> = None;
        loop {
            let round = match orders.await.unwrap_or(Err(StartError::OtherCore))? {
                Order::Replay(round) => *round,
                Order::LetGo { done, next } => {
                    if let Some((deal, _)) = &mut replayed {
                        deal.layers = Layers::default();
                    }
                    orders = next;
                    // If core 0 has gone, the next order says so.
                    let _nobody: Option<()> = done.answer(());
                    continue;
                }
                Order::Serve { read_only } => {
                    let (deal, disk) = replayed.ok_or(StartError::OtherCore)?;
                    return Ok((Deal { read_only, ..deal }, disk));
                }
            };
            let mut deal = round.deal;
            let disk = match replayed.take() {
                Some((_, disk)) => disk,
                None => self.segments(&deal, catalog),
            };
            let outcome = deal.replay(&disk, &reader(&disk, &self.options), &self.options).await;
            replayed = Some((deal, disk));
            orders = round.next;
            // If core 0 has gone, the next order says so.
            drop(round.outcome.answer(outcome));
        }
    }

    fn segments(&self, deal: &Deal, catalog: &Rc<Catalog>) -> Rc<Segments> {
        deal.columns.iter().cloned().for_each(|column| catalog.add(column));
        let containers = Containers::new(deal.place.clone(), self.core);
        let owner = self.owner_post.clone();
        let (notice, health) = (self.options.notice, self.health.clone());
        Rc::new(Segments::new(containers, Rc::clone(catalog), self.core, owner, notice, health))
    }
}

fn reader(disk: &Rc<Segments>, options: &Options) -> LogReader {
    LogReader::new(Rc::clone(disk), BufferPool::new(options.buffer_bytes))
}
