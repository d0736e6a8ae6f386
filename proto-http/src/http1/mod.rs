//! HTTP/1.1 as bytes: what came, what it means for the connection, what goes back. No I/O.
//!
//! ```text
//!  head               the request line and the headers, owned, with accessors that lend
//!    target             the forms of a request's target
//!    scanner            a head that comes in pieces
//!    field              what may stand in a header
//!  framing            how the body is delimited, whether the connection stays, what the client waits for
//!  body               the bytes of a body, whatever its framing
//!    chunked            bodies in chunks
//!  aws_chunked        bodies in the chunks of S3, which may lie inside of any framing
//!  declared_length    the length that a body was said to have
//!  content_encoding   what of a Content-Encoding belongs to the object
//!  response           the head of an answer, and its chunks
//!    status             the statuses of S3
//!  fuzz               what a fuzzer calls
//! ```

pub mod aws_chunked;
pub mod body;
pub mod chunked;
pub mod content_encoding;
pub mod declared_length;
pub mod field;
pub mod framing;
pub mod fuzz;
pub mod head;
pub mod response;
pub mod scanner;
pub mod status;
mod target;

pub use aws_chunked::{AwsChunkError, AwsChunkedDecoder, AwsEvent};
pub use body::BodyDecoder;
pub use chunked::{ChunkError, ChunkedDecoder, Event};
pub use declared_length::{DeclaredLength, LengthError};
pub use framing::{BodyFraming, Connection, Expectation, Framing, FramingError};
pub use head::{Head, HeadError, Version};
pub use response::{Lines, ResponseBody, ResponseHead};
pub use scanner::HeadScanner;
pub use status::Status;
