//! The segments of one disk as one core uses them: I/O by segment, and what it asks of the table's owner.
//!
//! ```text
//!  core a: Segments --allocate, make live, free--> owner core: serve --add, retire, bury--> every core: follow
//! ```
//!
//! What must hold: a segment is in every core's catalog before its core is told that it is live, so no location ever
//! comes before its segment. Freeing goes: every core's readers have left, the table says so durably, then it is dead
//! everywhere.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::catalog::{Catalog, Column, Pin};
use super::{Containers, DiskError, TableOwner};
use crate::rt::{self, Buffer, Mailbox, Postman, ReplySlot, reply};
use crate::types::{CoreId, SegmentId, SegmentKind};

/// What a core asks of the table's owner.
pub enum OwnerRequest {
    /// A slot for a new segment.
    Allocate {
        /// What it is for.
        kind: SegmentKind,
        /// Who asks.
        core: CoreId,
        /// True if it may come out of the reserve.
        reserve: bool,
        /// Where the answer goes.
        answer: ReplySlot<Result<Column, DiskError>>,
    },
    /// The segment's header is durable: it may be relied on.
    MakeLive(Column, ReplySlot<Result<(), DiskError>>),
    /// Nothing in these segments is live.
    Free(Vec<SegmentId>, ReplySlot<Result<(), DiskError>>),
    /// Would a request without the right to the reserve be refused?
    IsFull(ReplySlot<bool>),
}

/// What the owner tells every core.
pub enum CatalogNote {
    /// A segment is about to be relied on.
    Add(Column, ReplySlot<()>),
    /// Nothing in these segments is live: answer when no reader is left that could have been told of them.
    Retire(Vec<SegmentId>, ReplySlot<()>),
    /// These segments are dead.
    Bury(Vec<SegmentId>, ReplySlot<()>),
}

/// One core's view.
pub struct Segments {
    containers: Containers,
    catalog: Rc<Catalog>,
    core: CoreId,
    owner: Postman<OwnerRequest>,
    notice: fn(&str),
    health: DiskHealth,
}

/// Whether every write and flush of the disk has succeeded, on whichever core. The kernel tells a failed flush once and
/// may have dropped what others wrote to the same file, so no later flush would prove anything; and a write that failed
/// may be there all the same, a deleted bucket for instance, into which nobody may acknowledge a put from then on. This
/// one bit is shared between the cores: a message could come after an acknowledgement that it forbids.
#[derive(Clone, Debug, Default)]
pub struct DiskHealth(Arc<AtomicBool>);

impl DiskHealth {
    pub(super) fn is_lost(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    pub(super) fn lose(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// What the end of a write or flush proves: one that began before another failed may say that all is well only
    /// because the failure was told to the other.
    pub(super) fn proven<E>(&self, ended: Result<(), E>) -> Result<(), DiskError>
    where
        DiskError: From<E>,
    {
        if ended.is_err() {
            self.lose();
        }
        match ended {
            Ok(()) if self.is_lost() => Err(DiskError::Failed),
            ended => Ok(ended?),
        }
    }
}

impl Segments {
    /// The view of `core`, whose catalog is filled already.
    #[must_use]
    pub fn new(
        containers: Containers,
        catalog: Rc<Catalog>,
        core: CoreId,
        owner: Postman<OwnerRequest>,
        notice: fn(&str),
        health: DiskHealth,
    ) -> Segments {
        Segments { containers, catalog, core, owner, notice, health }
    }

    /// The segments it knows.
    #[must_use]
    pub fn catalog(&self) -> &Rc<Catalog> {
        &self.catalog
    }

    /// Bytes of a slot.
    #[must_use]
    pub fn slot_bytes(&self) -> u64 {
        self.containers.geometry().slot_bytes()
    }

    /// The column of a segment that may be read.
    #[must_use]
    pub fn column(&self, segment: SegmentId) -> Option<Column> {
        self.catalog.column(segment)
    }

    /// Keeps every segment there is from being freed while it is held.
    #[must_use]
    pub fn pin(&self) -> Pin {
        self.catalog.pin()
    }

    /// Reads the whole of `buffer` from `offset` of the column.
    pub async fn read(&self, column: &Column, offset: u64, buffer: Buffer) -> (Result<(), DiskError>, Buffer) {
        self.containers.read_at(column.slot, offset, buffer).await
    }

    /// Writes; durable after a later flush. A write that fails ends those of all cores, and so does one of the next
    /// two; a container that cannot be opened ends nothing, for nothing was written.
    pub async fn write(&self, column: &Column, offset: u64, buffer: Buffer) -> (Result<(), DiskError>, Buffer) {
        if let Err(why) = self.may_write(column).await {
            return (Err(why), buffer);
        }
        let (written, buffer) = self.containers.write_at(column.slot, offset, buffer).await;
        (self.health.proven(written), buffer)
    }

    /// Writes, this one write being durable at its end.
    pub async fn write_durable(&self, column: &Column, offset: u64, buffer: Buffer) -> (Result<(), DiskError>, Buffer) {
        if let Err(why) = self.may_write(column).await {
            return (Err(why), buffer);
        }
        let (written, buffer) = self.containers.write_durable_at(column.slot, offset, buffer).await;
        (self.health.proven(written), buffer)
    }

    /// Makes durable what was written to the column before.
    ///
    /// # Errors
    /// Never to be retried.
    pub async fn flush(&self, column: &Column) -> Result<(), DiskError> {
        self.may_write(column).await?;
        self.health.proven(self.containers.flush(column.slot).await)
    }

    /// Opens the container of a column, unless a write or flush has failed before.
    async fn may_write(&self, column: &Column) -> Result<(), DiskError> {
        if self.health.is_lost() {
            return Err(DiskError::Failed);
        }
        self.containers.file(column.slot.container).await.map(|_| ())
    }

    /// Makes durable what was written to any segment before.
    ///
    /// # Errors
    /// Never to be retried.
    pub async fn flush_all(&self) -> Result<(), DiskError> {
        let mut flushed = Vec::new();
        for column in self.catalog.of_kind(SegmentKind::Log).into_iter().chain(self.catalog.of_kind(SegmentKind::Data))
        {
            if !flushed.contains(&column.slot.container) {
                flushed.push(column.slot.container);
                self.flush(&column).await?;
            }
        }
        Ok(())
    }

    /// A slot for a new segment.
    ///
    /// # Errors
    /// `Full`, or the table can no longer change.
    pub async fn allocate(&self, kind: SegmentKind, reserve: bool) -> Result<Column, DiskError> {
        let core = self.core;
        self.ask(|answer| OwnerRequest::Allocate { kind, core, reserve, answer }).await
    }

    /// Says that the segment's header is durable.
    ///
    /// # Errors
    /// The table can no longer change.
    pub async fn make_live(&self, column: &Column) -> Result<(), DiskError> {
        self.ask(|answer| OwnerRequest::MakeLive(column.clone(), answer)).await
    }

    /// Frees segments in which nothing is live.
    ///
    /// # Errors
    /// The table can no longer change.
    pub async fn free(&self, segments: Vec<SegmentId>) -> Result<(), DiskError> {
        self.ask(|answer| OwnerRequest::Free(segments, answer)).await
    }

    /// True while only deletes and compaction get slots.
    pub async fn is_full(&self) -> bool {
        let (slot, answer) = reply();
        match self.owner.post(OwnerRequest::IsFull(slot)).await {
            Ok(()) => answer.await.unwrap_or(true),
            Err(_) => true,
        }
    }

    /// Tells the operator of an error that nobody waits for.
    pub fn report(&self, what: &str, error: &dyn std::fmt::Display) {
        (self.notice)(&format!("{what}: {error}"));
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(ReplySlot<Result<T, DiskError>>) -> OwnerRequest,
    ) -> Result<T, DiskError> {
        let (slot, answer) = reply();
        // A mailbox that is gone means that the owner's core has stopped: nothing can change any more.
        self.owner.post(request(slot)).await.map_err(|_| DiskError::Failed)?;
        answer.await.unwrap_or(Err(DiskError::Failed))
    }
}

/// Answers the cores' requests, on the core that owns the table, until every core is gone.
pub async fn serve(owner: Rc<TableOwner>, requests: Mailbox<OwnerRequest>, cores: Vec<Postman<CatalogNote>>) {
    let cores = Rc::new(cores);
    while let Some(request) = requests.next().await {
        // Each in a task of its own: changes that come together share one write of the table, and a request that waits
        // for readers must not hold up the others. Their number is bounded by what each core asks at a time.
        drop(rt::spawn(carry_out(Rc::clone(&owner), request, Rc::clone(&cores))));
    }
}

async fn carry_out(owner: Rc<TableOwner>, request: OwnerRequest, cores: Rc<Vec<Postman<CatalogNote>>>) {
    // An answer that nobody waits for any more belongs to a core that has stopped.
    match request {
        OwnerRequest::Allocate { kind, core, reserve, answer } => {
            let granted = owner.allocate(kind, core, reserve).await;
            let column =
                granted.map(|grant| Column { segment: grant.segment, kind, nonce: grant.nonce, slot: grant.slot });
            drop(answer.answer(column));
        }
        OwnerRequest::MakeLive(column, answer) => {
            let live = owner.make_live(column.segment).await;
            if live.is_ok() {
                tell_all(&cores, |slot| CatalogNote::Add(column.clone(), slot)).await;
            }
            drop(answer.answer(live));
        }
        OwnerRequest::Free(segments, answer) => {
            tell_all(&cores, |slot| CatalogNote::Retire(segments.clone(), slot)).await;
            let freed = owner.free(&segments).await;
            if freed.is_ok() {
                tell_all(&cores, |slot| CatalogNote::Bury(segments.clone(), slot)).await;
            }
            drop(answer.answer(freed));
        }
        OwnerRequest::IsFull(answer) => drop(answer.answer(owner.full())),
    }
}

/// Sends a note to every core and waits until all have acted on it. A core that has stopped reads nothing any more.
async fn tell_all(cores: &[Postman<CatalogNote>], note: impl Fn(ReplySlot<()>) -> CatalogNote) {
    let mut answers = Vec::new();
    for core in cores {
        let (slot, answer) = reply();
        if core.post(note(slot)).await.is_ok() {
            answers.push(answer);
        }
    }
    for answer in answers {
        answer.await;
    }
}

/// Keeps one core's catalog as the owner says, until the owner is gone.
pub async fn follow(catalog: Rc<Catalog>, notes: Mailbox<CatalogNote>) {
    while let Some(note) = notes.next().await {
        match note {
            CatalogNote::Add(column, done) => {
                catalog.add(column);
                done.answer(());
            }
            CatalogNote::Retire(segments, done) => {
                let catalog = Rc::clone(&catalog);
                drop(rt::spawn(async move {
                    catalog.retire(&segments).await;
                    done.answer(());
                }));
            }
            CatalogNote::Bury(segments, done) => {
                catalog.bury(&segments);
                done.answer(());
            }
        }
    }
}
