//! What core 0 deals to each core after recovery, and how they agree that the node may serve.
//!
//! ```text
//!  core 0: recover -> deal to every core -> every core replays, and says what came of it -> serve
//!             ^                                                  | a store is damaged: all let go of theirs
//!             +---- begin that store anew, and deal once more <---+
//! ```
//!
//! What must hold: no core serves before all of them have replayed, and what one of them found holds for all. A store
//! that is begun anew is open nowhere: a start may find another one to begin anew than the one that failed.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::disk::{Column, Disk, DiskPlace, Segments};
use crate::index::Layers;
use crate::log::{LogReader, Recovered};
use crate::node::boot::StartError;
use crate::node::options::Options;
use crate::rt::{Reply, ReplySlot};
use crate::shard::{Buckets, Confirmed, Pass, ReplayError, Replayed, replay};
use crate::types::{SegmentId, Sequence, ShardId};

/// What a core begins with.
pub(super) struct Deal {
    pub(super) place: DiskPlace,
    pub(super) salt: [u8; 16],
    pub(super) shards: u16,
    pub(super) columns: Vec<Column>,
    pub(super) layers: Layers,
    pub(super) recovered: Arc<Recovered>,
    pub(super) buckets: Arc<Buckets>,
    pub(super) last: Sequence,
    pub(super) confirmed: BTreeMap<ShardId, Confirmed>,
    pub(super) floor: SegmentId,
    pub(super) read_only: bool,
}

/// What core 0 tells another core during the start, or why there is none.
pub(super) type Orders = Reply<Result<Order, StartError>>;
/// Where core 0 puts it.
pub(super) type OrderSlot = ReplySlot<Result<Order, StartError>>;

/// The next thing to do in a start.
pub(super) enum Order {
    /// Replay this, whatever was replayed before.
    Replay(Box<Round>),
    /// The replay of some core has failed: let go of the stores, and say so.
    LetGo { done: ReplySlot<()>, next: Orders },
    /// Every core has replayed. The node is read-only if any of them found damage that was not accepted.
    Serve {
        /// See there.
        read_only: bool,
    },
}

/// A deal, and the way of what comes of it.
pub(super) struct Round {
    pub(super) deal: Deal,
    pub(super) outcome: ReplySlot<Result<Replayed, ReplayError>>,
    pub(super) next: Orders,
}

impl Deal {
    /// Applies what the stores do not hold yet. The stores are let go if that cannot be done.
    pub(super) async fn replay(
        &mut self,
        disk: &Segments,
        reader: &LogReader,
        options: &Options,
    ) -> Result<Replayed, ReplayError> {
        let (recovered, buckets) = (&self.recovered, &self.buckets);
        let pass = Pass::All { read_only: self.read_only, accept_damage: options.accept_damage };
        let replayed = replay(disk, reader, recovered, &mut self.layers, buckets, &options.owner, pass).await;
        if replayed.is_err() {
            self.layers = Layers::default();
        }
        replayed
    }
}

/// The disk itself, which core 0 holds open for the node.
pub(super) struct FirstDisk {
    pub(super) segments: Rc<Segments>,
    /// The store's lock ends with it.
    pub(super) _disk: Disk,
}
