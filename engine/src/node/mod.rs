//! One node: its cores opened together, and the store as one of them uses it.
//!
//! ```text
//!  seats(n)  -> one Seat per core -> Seat::open on each core -> Store, the handle of that core -> Store::close
//! ```
//!
//! What must hold: a store is served only after recovery has made every segment's end certain and every core has
//! replayed. A [`Store`] lives on its core; what crosses cores are questions (`shard::peers`) and nothing else.

mod boot;
mod buckets;
mod deal;
mod index_homes;
mod listing;
mod multipart;
mod object;
mod options;
mod put;
mod seat;
mod store;
#[cfg(test)]
mod tests;

pub use boot::StartError;
pub use multipart::PartList;
pub use object::Object;
pub use options::{IndexPlace, Options};
pub use put::{PutOptions, Upload};
pub use seat::{Seat, seats};
pub use store::{Head, Store};
