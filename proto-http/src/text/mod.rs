//! Small texts of the wire.
//!
//! ```text
//!  ascii     short texts of a fixed length, owned
//!  decimal   numbers of headers
//!  hex       digests and chunk sizes
//!  percent   percent encoding of paths and queries
//!  query     the pairs of a query
//!  dates     the dates of HTTP and of S3
//!    civil     days and times of the calendar
//! ```
//!
//! Base64 is the `base64` crate's.

pub mod ascii;
mod civil;
pub mod dates;
pub mod decimal;
pub mod hex;
pub mod percent;
pub mod query;

pub use ascii::Ascii;
