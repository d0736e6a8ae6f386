//! HTTP/1.1 and S3 over the engine.
//!
//! ```text
//!  server      listens, reads request after request, sends answers, stops
//!  client      the other side: sends requests, reads answers
//!    s3        which operation a request is, and what it answers
//!      net     the connection and the body that comes over it, with TLS or without
//!        error     what went wrong, in S3's words
//!          auth    who asks, and whether the bytes are what was signed
//!          xml     documents that come and go
//!          http1   heads, framings and answers as bytes
//!            checksum, text   digests of bodies; percent, base64, hex, dates
//!              limits
//! ```
//!
//! The way of a PUT: `server::conversation` takes a head; `s3::serve` finds what it names, verifies its signature and
//! knows the operation; `s3::writes` asks the engine for an upload and `net::body` for piece after piece, each of them
//! lent where it came in and seen by every check on its way; after the last one the checks are compared, and only then
//! the engine is asked to make it an object. Its answer comes when that is durable.
//!
//! What must hold: imports point down. Below `net` nothing does I/O: bytes and times are arguments. Bytes from outside
//! are never asserted, indexed or unwrapped: they are errors, and the errors have S3's names. Every size, count and
//! time has its limit in `limits`.

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
