//! The server in a process of its own under sixteen clients of HTTP, killed again and again, and what must be left.
//!
//! ```text
//!  tests/kill.rs --starts, kills--> stratum serve        server
//!       |                              ^
//!       |  16 clients  --requests------'                 client, uploads -> bucket -> wire
//!       |     |  before a request: what is wanted        books: ledger (of stratum-crash), contests
//!       |     '- after its answer: what was acknowledged
//!       |
//!       '- after the next start: list and get everything, compare with the books            reading
//! ```
//!
//! What must hold: the books lie outside of the process that is killed, and an answer stands in them before its client
//! asks for the next thing. Every byte of a body follows from its key and version, so that every byte is compared.
#![expect(clippy::disallowed_methods, reason = "a test of the real world, outside of the seam")]

pub mod books;
pub mod bucket;
pub mod client;
pub mod content;
pub mod contest;
pub mod document;
pub mod reading;
pub mod server;
pub mod uploads;
pub mod wire;
