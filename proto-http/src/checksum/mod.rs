//! Checksums of bodies: the five that S3 names, and the MD5 of `Content-MD5`.
//!
//! ```text
//! algorithm   the five and their names; which of them a multipart upload may combine how
//! value       one checksum and its base64; the checksum of an object, with its type and its parts
//! hasher      a checksum of a body that streams past
//! parts       the checksum of an object out of those of its parts
//!   polynomial  what zeros behind some bytes do to their CRC
//! promises    what the headers and the trailer of a request promise of its body
//! answers     which checksum an answer shows
//! stored      checksums as bytes for the engine to keep
//! ```
//!
//! Everything here is a pure function of its bytes. What a mismatch is called in an answer is not here.

mod algorithm;
mod answers;
mod hasher;
mod parts;
mod polynomial;
mod promises;
mod stored;
mod value;

pub use algorithm::{Algorithm, ChecksumType};
pub use answers::{Extent, Shown, asks_for_checksum, shown};
pub use hasher::{Hasher, content_md5};
pub use parts::{composite, full_object};
pub use promises::{
    BodyChecksum, PromiseError, Promises, UploadChecksum, is_checksum, object_claim, trailer_checksum, upload_checksum,
};
pub use stored::{OBJECT_BYTES_MAX, PART_BYTES_MAX, decode_object, decode_part, encode_object, encode_part};
pub use value::{Checksum, ChecksumError, ObjectChecksum};
