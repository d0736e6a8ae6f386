//! The log: groups of records, chained in log segments, and runs of large bodies in data segments.
//!
//! ```text
//!  log segment (one slot)                              data segment (one slot)
//!  [header | group 1 | group 2 | ... | footer ]        [header | run | run | ...        | footer ]
//!              |                                                  |
//!    [group header | record | record | pad to 4 KiB]    [body, 64 KiB units | end block: unit checksums, whose it is]
//! ```
//!
//! What must hold: a record is acknowledged only after its group is durable, a group rests only on durable groups, a
//! segment from before a crash is never appended to, and bytes are believed only after their checksum and nonce.
//! What a record means is not known here: that is `shard`.

mod body;
mod chain;
mod data;
mod footer;
mod group;
mod hasher;
mod manifest;
mod meta;
mod reader;
mod record;
mod recovery;
mod run;
mod segment;
#[cfg(test)]
mod tests;
mod verdict;
mod writer;

pub use body::{Body, BodyWriter};
pub use data::{DataWriter, Hold};
pub use footer::{Footer, FooterEntry};
pub use group::{GroupBuilder, Link};
pub use manifest::{Manifest, PartSpan, RunSpan};
pub use meta::{Attribute, Change, Meta};
pub use reader::{Ending, LogReader, Read, ReadError};
pub use record::{Record, RecordKind};
pub use recovery::{Damage, IndexMark, Recovered, recover};
pub use run::{RunEnd, RunOwner};
pub use segment::SegmentHeader;
pub use writer::{Appended, LogError, LogWriter};
