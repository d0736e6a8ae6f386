//! What core 0 deals to each core after recovery: where things are, and the stores of its shards.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::disk::{Column, Disk, DiskPlace, Segments};
use crate::index::Layers;
use crate::log::Recovered;
use crate::shard::{Buckets, Confirmed};
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

/// The disk itself, which core 0 holds open for the node.
pub(super) struct FirstDisk {
    pub(super) segments: Rc<Segments>,
    /// The store's lock ends with it.
    pub(super) _disk: Disk,
}
