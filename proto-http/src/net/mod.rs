//! Bytes to and from a client: the stream, what has come and is not yet taken, the body of a request.
//!
//! ```text
//!  body        the payload of a request, its framing taken off, its promises checked
//!  connection  what came and was not taken; answers on their way; time-outs
//!  stream      the socket, with TLS or without
//! ```
//!
//! What must hold: every wait for a client has an end. A buffer that the kernel may still write to is never touched:
//! it moves into the call and comes back with the answer.

mod body;
mod connection;
mod incoming;
mod stream;
mod tls;

pub use body::{Body, BodyError, Payload};
pub use connection::{Connection, Gone};
pub use incoming::Incoming;
pub use stream::Stream;
pub use tls::{TlsError, TlsIdentity};
