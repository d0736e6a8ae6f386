//! A disk: a row of container files divided into slots, and the table that says what each slot holds.
//!
//! ```text
//!  <store>/guard  holder  creating          locked by who serves; says who; there only while the store is being made
//!  <store>/disk-0/container-0000            [superblock x4 | slot table A | slot table B | slot | slot | ...]
//!                 container-0001 ...        [superblock x4 |      unused heads         | slot | slot | ...]
//! ```
//!
//! What must hold: the slot table alone says what is free, allocated, live or dead, and a change of it counts only when
//! both copies are flushed. A container without a readable superblock is never formatted. What is in a slot is the
//! log's business, above. Every byte is in `FORMAT.md`.

mod catalog;
mod container;
mod containers;
#[cfg(test)]
mod crash_tests;
mod error;
mod geometry;
mod growth;
mod locks;
mod opening;
mod owner;
mod segments;
mod slot_table;
#[cfg(test)]
mod story_tests;
mod superblock;
mod table_file;

pub use catalog::{Catalog, Column, Hold, Pin};
pub use containers::{Containers, DiskPlace};
pub use error::{DiskError, Unreadable};
pub use geometry::{Geometry, SlotAddress};
pub use opening::{Disk, DiskOptions, open};
pub use owner::{Grant, SegmentSlot, TableOwner};
pub use segments::{CatalogNote, DiskHealth, OwnerRequest, Segments, follow, serve};
pub use superblock::Superblock;
