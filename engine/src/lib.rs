//! The storage engine of Stratum: one node's keys and bytes on its disks, durable before they are acknowledged.
//!
//! It knows nothing of HTTP. `ARCHITECTURE.md` is the map, `FORMAT.md` every byte on disk.

pub mod codec;
pub mod digest;
pub mod disk;
pub mod error;
#[cfg(test)]
mod golden;
pub mod index;
pub mod limits;
pub mod log;
#[cfg(test)]
mod mutation;
pub mod node;
pub mod rt;
pub mod shard;
pub mod types;
pub mod upkeep;
