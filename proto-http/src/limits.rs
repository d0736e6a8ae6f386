//! Every limit of the wire, with its reason.

use stratum_engine::limits::{DELETE_KEYS_MAX, KEY_BYTES_MAX, PARTS_MAX};

// ---------------------------------------------------------------------------------------------------------------- heads

/// Bytes of a request's head, the blank line included. Session tokens and policies take some KiB, metadata two.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Header lines of a request.
pub const HEADERS_MAX: usize = 128;
/// Empty lines before a request line: some clients end a body with one that belongs to nothing.
pub const EMPTY_LINES_MAX: usize = 2;
/// Parameters of a query. A presigned URL with every signed header and override has about thirty.
pub const QUERY_PAIRS_MAX: usize = 256;

// --------------------------------------------------------------------------------------------------------------- bodies

/// Bytes of the line before a chunk: its size and its extensions. The longest signature known takes 161.
pub const CHUNK_LINE_BYTES_MAX: usize = 1024;
/// Bytes of the lines after the last chunk. A checksum and its signature take 200.
pub const TRAILER_BYTES_MAX: usize = 8 * 1024;
/// Lines after the last chunk of an aws-chunked body: two are known to be sent.
pub const TRAILERS_MAX: usize = 16;

// ----------------------------------------------------------------------------------------------------------- signatures

// ------------------------------------------------------------------------------------------------------------ documents

/// Bytes of a document that names objects or parts: 1,000 keys of 1,024 bytes, each byte of which may be a reference of
/// three, or 10,000 parts with checksums from a client that indents.
pub const DOCUMENT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of a document that configures a bucket: 50 tags take 20 KiB.
pub const CONFIGURATION_BYTES_MAX: usize = 64 * 1024;
/// Elements within elements. What is read has four levels; what is ignored may have more.
pub const DOCUMENT_DEPTH_MAX: usize = 16;
/// Bytes of the text of one element that is read. A key that is too long must still be told from a broken document.
pub const ELEMENT_TEXT_BYTES_MAX: usize = 4 * 1024;
/// Attributes of one element: namespaces, and no more than a few.
pub const ELEMENT_ATTRIBUTES_MAX: usize = 16;
/// Tags of one bucket (S3).
pub const BUCKET_TAGS_MAX: usize = 50;

const _: () = assert!(DELETE_KEYS_MAX * (3 * KEY_BYTES_MAX + 512) <= DOCUMENT_BYTES_MAX);
const _: () = assert!(PARTS_MAX as usize * 400 <= DOCUMENT_BYTES_MAX);
const _: () = assert!(KEY_BYTES_MAX < ELEMENT_TEXT_BYTES_MAX);

// ------------------------------------------------------------------------------------------------------------ checksums

/// Bytes of the longest checksum, a SHA-256.
pub const CHECKSUM_BYTES_MAX: usize = 32;
/// Letters of the longest checksum in base64.
pub const CHECKSUM_BASE64_BYTES_MAX: usize = CHECKSUM_BYTES_MAX.div_ceil(3) * 4;
