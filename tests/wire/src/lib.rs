//! The server as its clients see it: recorded bytes over a socket, to the real binary.
//!
//! ```text
//!  tests/*.rs     a file per section of what clients do, a test per behaviour
//!    scene        a bucket of one's own on a server that the tests of a file share
//!      visit      starts that server for the first who comes, ends it with the last who goes
//!      server     the process: started, heard, ended with SIGTERM and exit status 0
//!    recorded     a request as a client sent it; places for what must be fresh: time, host, bucket, signature
//!      chunks     a body in signed chunks
//!      signature  a signer of its own, the obvious way
//!    wire         a socket; answers are read from it byte by byte
//!      tls        the client's side of TLS, and a certificate
//!      answer     status, headers, body
//!    digests      checksums, the slow way
//! ```
//!
//! `README.md` is the table of what is shown, and by which test.
//!
//! What must hold: nothing here shares code with the server, so that each is a test of the other. A request leaves as
//! it is written in the test, byte for byte but for its places.
#![expect(clippy::disallowed_methods, reason = "a test of the real world, outside of the seam")]

mod answer;
mod chunks;
mod digests;
mod recorded;
mod scene;
mod server;
mod signature;
mod tls;
mod visit;
mod wire;

pub use answer::Answer;
pub use chunks::ChunkSigner;
pub use digests::{base64, crc32, crc32c, crc64_nvme, md5, md5_hex, sha256_hex};
pub use recorded::{Place, Recorded, http_date};
pub use scene::Scene;
pub use server::Server;
pub use signature::{ACCESS_KEY, REGION, SECRET_KEY, query_of_version_2};
pub use tls::{Certificate, Handshake, TlsClient};
pub use wire::Wire;

/// What every answer's `Date` and every signature's time are made of: seconds since 1970.
#[must_use]
pub fn now_s() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("the clock is after 1970").as_secs()
}
