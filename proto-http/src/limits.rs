//! Every limit of the wire, with its reason.

// ---------------------------------------------------------------------------------------------------------------- heads

/// Bytes of a request's head, the blank line included. Session tokens and policies take some KiB, metadata two.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Header lines of a request.
pub const HEADERS_MAX: usize = 128;

// --------------------------------------------------------------------------------------------------------------- bodies

// ----------------------------------------------------------------------------------------------------------- signatures

// ------------------------------------------------------------------------------------------------------------ documents

// ------------------------------------------------------------------------------------------------------------ checksums

/// Bytes of the longest checksum, a SHA-256.
pub const CHECKSUM_BYTES_MAX: usize = 32;
/// Letters of the longest checksum in base64.
pub const CHECKSUM_BASE64_BYTES_MAX: usize = CHECKSUM_BYTES_MAX.div_ceil(3) * 4;
