//! HTTP/1.1 and S3 over the engine.
//!
//! ```text
//!  server      accepts, reads heads and bodies, sends answers
//!  client      the other side: sends requests, reads answers; these two, over net, are all that does I/O
//!    s3        operations: which one a request is, what it answers
//!      auth    who asks, and whether the bytes are what was signed
//!      xml     documents that come and go
//!    http1     heads, bodies and answers as bytes
//!      checksum, text   digests of bodies; percent, base64, hex, dates
//! ```
//!
//! What must hold: everything below `server` and `client` takes bytes and times and does no I/O. Bytes that came from outside are
//! never asserted, indexed or unwrapped: they are errors, and the errors have S3's names. Every size and count has its
//! limit in `limits`.

pub mod auth;
pub mod checksum;
pub mod client;
pub mod error;
pub mod http1;
pub mod limits;
pub mod net;
pub mod s3;
pub mod server;
pub mod text;
pub mod xml;
