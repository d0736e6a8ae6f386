//! HTTP/1.1 as bytes: what came, what it means for the connection, what goes back. No I/O.
//!
//! ```text
//!  head       the request line and the headers, owned, with accessors that lend
//!    target     the forms of a request's target
//!    scanner    a head that comes in pieces
//! ```

pub mod head;
pub mod scanner;
mod target;

pub use head::{Head, HeadError, Version};
pub use scanner::HeadScanner;
