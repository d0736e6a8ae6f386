//! S3: which operation a request is, and what it answers.
//!
//! ```text
//!  serve         one request, from its head to its answer
//!    address       bucket and key            operation     which one it is (the table: S3.md)
//!    query         its parameters            unserved      headers that are refused by name
//!                                            hoisted       headers that a presigned query carries
//!  buckets  reads  object_attributes  writes  copies  multipart  listing  settings      the operations
//!    attributes    what is kept with an object             conditions  range
//!  service       the store on this core, and who may use it
//!  reply         what goes back, before it is bytes
//! ```
//!
//! What must hold: an operation is a straight line from its request to its answer; conditions of writes are judged by
//! the engine when it commits.

mod address;
mod attributes;
mod buckets;
mod conditions;
mod copies;
mod hoisted;
mod listing;
mod multipart;
mod object_attributes;
mod operation;
mod query;
mod range;
mod reads;
mod reply;
mod request;
mod serve;
mod service;
mod settings;
#[cfg(test)]
mod table;
mod unserved;
mod writes;

pub use range::Slice;
pub use reply::{Failure, Outcome, Reply, ReplyBody};
pub use serve::serve;
pub use service::{Service, Settings};
