//! Growth: the next container is made in the background before its slots are needed.
//!
//! What must hold: a container counts when the table says so in both copies, and the table says so when the container
//! is zero-filled, has its superblocks, and is durable in its directory. A file at its name that is not counted is what
//! a crash left of an earlier attempt, and is made anew. A disk grows only while a reserve for the index stays free.

use std::rc::Rc;
use std::time::Duration;

use crate::rt::{self, OpenMode, directory};

use super::container;
use super::error::DiskError;
use super::locks::{Claim, open_claimed};
use super::owner::TableOwner;
use super::superblock::Superblock;

/// After a refusal the file system is asked again no sooner than this: a refused attempt may have filled it with zeros.
const RETRY: Duration = Duration::from_secs(10);

/// How much of the file system a disk may take, and what it keeps free in itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GrowthLimits {
    /// Slots kept for deletes and compaction.
    pub(super) reserve_slots: usize,
    /// With fewer free slots than these the next container is made.
    pub(super) low_water_slots: usize,
    /// Bytes of the file system that stay free for the index.
    pub(super) index_reserve_bytes: u64,
    /// All containers together are never larger, if this is said.
    pub(super) bytes_max: Option<u64>,
}

/// Where growth stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    /// The next attempt may begin.
    Idle,
    /// An attempt is under way.
    Running,
    /// The last attempt ended without a container.
    Refused {
        /// When, by the core's clock.
        at: u64,
        /// Why.
        why: DiskError,
    },
}

impl Growth {
    /// True while no attempt is made.
    pub(super) fn refuses(&self) -> bool {
        match self {
            Growth::Idle | Growth::Running => false,
            Growth::Refused { at, .. } => u128::from(rt::now() - at) < RETRY.as_nanos(),
        }
    }

    /// Why the last attempt failed.
    pub(super) fn refusal(&self) -> Option<DiskError> {
        match self {
            Growth::Idle | Growth::Running => None,
            Growth::Refused { why, .. } => Some(why.clone()),
        }
    }
}

/// Starts an attempt unless one is under way. False if none will be made now.
pub(super) fn start(owner: &Rc<TableOwner>) -> bool {
    let mut growth = owner.growth.borrow_mut();
    if growth.refuses() {
        return false;
    }
    if *growth != Growth::Running {
        *growth = Growth::Running;
        drop(rt::spawn(run(Rc::clone(owner))));
    }
    true
}

async fn run(owner: Rc<TableOwner>) {
    let outcome = add_container(&owner).await;
    let growth = match outcome {
        Ok(()) => Growth::Idle,
        Err(why) => Growth::Refused { at: rt::now(), why },
    };
    owner.growth.replace(growth);
    owner.grown.notify();
}

async fn add_container(owner: &Rc<TableOwner>) -> Result<(), DiskError> {
    let place = &owner.place;
    let ordinal = owner.container_count();
    let container_bytes = place.geometry.container_bytes();
    let all_bytes = container_bytes.saturating_mul(u64::from(ordinal) + 1);
    if ordinal >= place.geometry.containers_max() || owner.limits.bytes_max.is_some_and(|max| all_bytes > max) {
        return Err(DiskError::Full);
    }
    let wanted = container_bytes.saturating_add(owner.limits.index_reserve_bytes);
    if directory::free_bytes(&place.directory).await? < wanted {
        return Err(DiskError::Full);
    }
    let path = container::path(&place.directory, ordinal);
    directory::remove(&path).await?;
    let file = open_claimed(&place.store, &path, OpenMode::Create, Claim::Table).await?;
    let superblock = Superblock { ordinal, ..owner.superblock.clone() };
    if let Err(error) = container::make(&file, &superblock).await {
        // What was taken is given back at once; that it is gone need not be durable, because nobody counts it.
        directory::remove(&path).await?;
        return Err(error);
    }
    // The table must not count a container whose name a crash could take back.
    directory::flush(&place.directory).await?;
    owner.table.borrow_mut().add_container(&place.geometry);
    owner.settle_change().await
}
