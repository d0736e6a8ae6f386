//! HTTP/1.1 as bytes: what came, what it means for the connection, what goes back. No I/O.
//!
//! ```text
//!  head       the request line and the headers, owned, with accessors that lend
//! ```

pub mod head;

pub use head::{Head, HeadError, Version};
