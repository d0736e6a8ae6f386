//! The seats of a node: made together, so that the cores can find each other, then taken to their cores and opened
//! there.

use std::rc::Rc;

use crate::disk::{Catalog, CatalogNote, Containers, DiskHealth, OwnerRequest, Segments, follow};
use crate::limits::{CREDITS_PER_CORE, OWNER_REQUESTS_MAX};
use crate::log::{DataWriter, LogReader, LogWriter};
use crate::node::boot::{self, StartError};
use crate::node::deal::Deal;
use crate::node::options::Options;
use crate::node::store::Store;
use crate::rt::{self, BufferPool, Mailbox, Postman, Reply, ReplySlot, mailbox, reply};
use crate::shard::{self, Owner, Pass, Peers, Question, Start, replay};
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
    deal: Option<Reply<Result<Deal, StartError>>>,
}

/// What only core 0 has.
pub(super) struct First {
    pub(super) requests: Mailbox<OwnerRequest>,
    pub(super) note_posts: Vec<Postman<CatalogNote>>,
    pub(super) deals: Vec<ReplySlot<Result<Deal, StartError>>>,
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
    let (deals, replies): (Vec<_>, Vec<_>) = (1..cores).map(|_| reply()).unzip();
    let mut first = Some(First { requests, note_posts, deals });
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
        deal: replies.next().flatten(),
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
        let (deal, first) = match (self.first.take(), self.deal.take()) {
            (Some(first), _) => {
                let (deal, first) = boot::first(&self, first, &catalog).await?;
                (deal, Some(first))
            }
            (None, Some(deal)) => (deal.await.unwrap_or(Err(StartError::OtherCore))?, None),
            (None, None) => return Err(StartError::OtherCore),
        };
        let disk = match &first {
            Some(first) => Rc::clone(&first.segments),
            None => {
                deal.columns.iter().cloned().for_each(|column| catalog.add(column));
                let containers = Containers::new(deal.place.clone(), self.core);
                let owner = self.owner_post.clone();
                let (notice, health) = (self.options.notice, self.health.clone());
                Rc::new(Segments::new(containers, Rc::clone(&catalog), self.core, owner, notice, health))
            }
        };
        drop(rt::spawn(follow(catalog, self.notes)));
        let pool = BufferPool::new(self.options.buffer_bytes);
        let reader = LogReader::new(Rc::clone(&disk), pool);
        let mut layers = deal.layers;
        let owner_options = self.options.owner;
        let (recovered, buckets) = (&deal.recovered, &deal.buckets);
        let replayed = replay(&disk, &reader, recovered, &mut layers, buckets, &owner_options, Pass::All).await?;
        let unknown = replayed.unknown_buckets;
        if unknown > 0 {
            (self.options.notice)(&format!("damage: {unknown} records name buckets whose making was lost"));
        }
        let read_only = deal.read_only || (unknown > 0 && !self.options.accept_damage);
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
}
