//! Upkeep: what makes room. One task per node, on core 0, in steps with a pause between them.
//!
//! ```text
//!  a step:  the log segment with the least live bytes -> every core moves what is live of its shards -> free
//!           data segments, one after the other, when runs have died -> nothing names them -> free
//! ```
//!
//! What must hold: hints choose, they never decide. A segment is freed only after every record or run in it was found
//! dead, or was moved, by the core that owns it. An error leaves the segment as it is.

mod compaction;
mod data;
mod freeing;
mod step;

pub use step::run;
