//! Every limit of the wire, with its reason.

// ---------------------------------------------------------------------------------------------------------------- heads

/// Bytes of a request's head, the blank line included. Session tokens and policies take some KiB, metadata two.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Header lines of a request.
pub const HEADERS_MAX: usize = 128;

// --------------------------------------------------------------------------------------------------------------- bodies

// ----------------------------------------------------------------------------------------------------------- signatures

/// Bytes of the header `Authorization`. It holds a credential, the names of the signed headers and a signature; with
/// all headers signed that is below this.
pub const AUTHORIZATION_BYTES_MAX: usize = 8 * 1024;
/// Names in a list of signed headers: all headers that a head may have.
pub const SIGNED_HEADERS_MAX: usize = HEADERS_MAX;
/// Parameters of a signed query, because they are sorted before anybody has proved anything. Presigned requests have
/// about ten, listings and multipart requests fewer.
pub const SIGNED_PARAMETERS_MAX: usize = 128;
/// Bytes of an access key. Three are what other servers take; IAM's longest has 128.
pub const ACCESS_KEY_BYTES_MIN: usize = 3;
/// See `ACCESS_KEY_BYTES_MIN`.
pub const ACCESS_KEY_BYTES_MAX: usize = 128;
/// Bytes of a secret key: below eight it can be guessed from one recorded request.
pub const SECRET_KEY_BYTES_MIN: usize = 8;
/// See `SECRET_KEY_BYTES_MIN`. Longer secrets are no safer: SHA-256 has 256 bits.
pub const SECRET_KEY_BYTES_MAX: usize = 128;
/// Bytes of a session token. Tokens with policies in them take some KiB.
pub const SESSION_TOKEN_BYTES_MAX: usize = 8 * 1024;
/// Seconds between a request's time and ours. S3's number: clients correct their clocks when they are told of more.
pub const SKEW_S_MAX: u64 = 15 * 60;
/// Seconds for which a presigned request may be valid: a week, as long as a signing key lives.
pub const PRESIGNED_S_MAX: u64 = 7 * 24 * 60 * 60;
/// Signing keys that each core remembers. One takes about 300 bytes; making it anew takes four short HMACs.
pub const SIGNING_KEYS_MAX: usize = 1024;

const _: () = assert!(AUTHORIZATION_BYTES_MAX < HEAD_BYTES_MAX && SESSION_TOKEN_BYTES_MAX < HEAD_BYTES_MAX);

// ------------------------------------------------------------------------------------------------------------ documents

// ------------------------------------------------------------------------------------------------------------ checksums
