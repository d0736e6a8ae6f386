//! Clients as their makers ship them, against the binary as it is shipped.
//!
//! ```text
//!  tests/clients/   a test for each client ---starts---> stratum serve, on a store of its own
//!       |                                                     ^
//!       +--runs--> python/  javascript/  shell/  -------------+   S3 over HTTP or TLS
//!       +--is----> the Rust SDK  -----------------------------+
//! ```
//!
//! What must hold: no client is changed, and none knows what it talks to. Every body that comes back is compared with
//! the one that was sent, byte for byte. A server that complains, answers with a fault of its own or does not end well
//! fails the test, whatever its client thought. `set-up` lays the clients down; nothing here installs anything.
#![expect(clippy::disallowed_methods, reason = "a test of the real world, outside of the seam")]

pub mod body;
pub mod certificate;
pub mod clients;
pub mod odd_keys;
pub mod script;
pub mod server;
pub mod tree;
