//! The other side of the wire: a client of S3 over HTTP/1.1, for the cold tier and for measurements.
//!
//! ```text
//!  server_url   where a server is: `http://host:port`
//!  call         the operations of S3, as method, path and query
//!    documents    the bodies of those that have one
//!  requests     a call signed, as the bytes of its head
//!  answer       the head of an answer, and where its body ends
//!  connection   the socket: requests go out, answers come back one after the other     (all that does I/O)
//! ```
//!
//! What must hold: whatever a server sends, memory and every single wait are bounded, and nothing of it is trusted: not
//! a length, not a framing, not a document. A connection whose next byte is uncertain is never used again.
//!
//! Not here: TLS, redirects, repeating what failed, pools of connections. Who asks knows what may be repeated.

mod answer;
mod call;
mod connection;
mod documents;
mod error;
mod requests;
mod server_url;
#[cfg(test)]
mod tests;

pub use answer::{AnswerBody, AnswerHead};
pub use call::Call;
pub use connection::ClientConnection;
pub use documents::{completion_document, deletion_document};
pub use error::ClientError;
pub use requests::{Requests, digest_of};
pub use server_url::{ServerUrl, ServerUrlError};
