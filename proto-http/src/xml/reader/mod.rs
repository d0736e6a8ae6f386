//! The documents that clients send, read into plain values; and of those that servers answer, what a client needs.
//!
//! ```text
//! completion   the parts that become an object
//! deletion     the objects that are to go
//! creation     how a bucket is to be made
//! answers      what a server answered
//!   document     elements and texts, bounded, out of whatever came
//! error        why a document is none
//! ```
//!
//! What must hold: whatever the bytes are, the answer is a value or an error; memory and time are bounded by the
//! limits. Names are compared without their prefix and without a namespace, because clients send both and neither.
//! Elements that nobody knows are ignored. Declarations of types and processing instructions are refused, so that a
//! document cannot make itself larger than it came.

mod answers;
mod completion;
mod creation;
mod deletion;
mod document;
mod error;

pub use answers::{ErrorAnswer, ListedKeys, deletion_failures, error_answer, listed_keys, upload_id};
pub use completion::{ClaimedPart, Completion, completion};
pub use creation::{BucketCreation, creation};
pub use deletion::{DeleteRequest, DoomedObject, deletion};
pub use error::DocumentError;
