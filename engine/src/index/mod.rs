//! The index: what the log says, in key order. It is a cache that can be thrown away and rebuilt.
//!
//! ```text
//!   listing   pages of objects, uploads and parts        lookup of one key
//!      |                                                       |
//!   cursor    merges the layers, highest position first     layers
//!      |                                                       |
//!   memtable  active and frozen, one pair per core   over   store, one per shard: LMDB or its twin in memory
//! ```
//!
//! What must hold: every value begins with the position of the record that wrote it and ends with a checksum over key
//! and value; of two values of one key the higher position wins, never the layer. A store only changes by whole
//! batches, each one transaction that also moves the shard's position.
//!
//! Not here: the log, what a record means (`shard`), when to checkpoint, and threads. Everything is synchronous;
//! whoever must not wait for a disk calls through a helper.

mod batch;
mod cursor;
mod error;
pub mod keys;
mod layers;
mod listing;
mod lmdb;
mod memtable;
mod page;
mod seal;
mod state;
mod store;
mod trust;
mod twin;
mod uploads;
mod value;

pub use batch::{Batch, Write};
pub use error::IndexError;
pub use keys::Table;
pub use layers::{Layers, combine};
pub use listing::{buckets, objects};
pub use lmdb::LmdbStore;
pub use memtable::{Change, Memtable};
pub use page::{After, Item, Page, PageRequest, PartsPage, merge};
pub use seal::stamp;
pub use state::{Counts, CountsDelta, Identity, Position};
pub use store::{Home, Row, Store};
pub use twin::{Fate, TwinDisk, TwinStore};
pub use uploads::{UploadsWalk, parts};
pub use value::{BucketEntry, BucketState, Entry, PartEntry, UploadEntry, UploadState};
