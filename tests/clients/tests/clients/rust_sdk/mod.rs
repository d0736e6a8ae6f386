//! The Rust SDK, over plain HTTP.

mod listing;
mod multipart;
mod objects;
mod presigned;
mod refusals;
mod stage;
