//! Every limit of the wire, with its reason.

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

// ------------------------------------------------------------------------------------------------------------ checksums

/// Bytes of the longest checksum, a SHA-256.
pub const CHECKSUM_BYTES_MAX: usize = 32;
/// Letters of the longest checksum in base64.
pub const CHECKSUM_BASE64_BYTES_MAX: usize = CHECKSUM_BYTES_MAX.div_ceil(3) * 4;
