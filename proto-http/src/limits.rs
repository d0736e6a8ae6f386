//! Every limit of the wire, with its reason.

use stratum_engine::limits::{DELETE_KEYS_MAX, KEY_BYTES_MAX, PARTS_MAX, UNIT_BYTES};

// -------------------------------------------------------------------------------------------------------------- heads

/// Bytes of a request's head, the blank line included. Session tokens and policies take some KiB, metadata two.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Header lines of a request.
pub const HEADERS_MAX: usize = 128;
/// Empty lines before a request line: some clients end a body with one that belongs to nothing.
pub const EMPTY_LINES_MAX: usize = 2;
/// Parameters of a query. A presigned URL with every signed header and override has about thirty.
pub const QUERY_PAIRS_MAX: usize = 256;

// ------------------------------------------------------------------------------------------------------------- bodies

/// Bytes of the line before a chunk: its size and its extensions. The longest signature known takes 161.
pub const CHUNK_LINE_BYTES_MAX: usize = 1024;
/// Bytes of the lines after the last chunk. A checksum and its signature take 200.
pub const TRAILER_BYTES_MAX: usize = 8 * 1024;
/// Lines after the last chunk of an aws-chunked body: two are known to be sent.
pub const TRAILERS_MAX: usize = 16;

// -------------------------------------------------------------------------------------------------------- connections

/// Connections of one core. An idle one holds about 10 KiB, with TLS some 30.
pub const CONNECTIONS_MAX: usize = 16 * 1024;
/// Room for what comes on a connection between two requests, and for most heads with a small body.
pub const HEAD_READ_BYTES: usize = 8 * 1024;
/// Room for what comes of a body at once: more than the system holds of one connection gains nothing.
pub const BODY_READ_BYTES: usize = 128 * 1024;
/// A piece of a body is at most this long: hashing it holds the core for some tens of microseconds.
pub const PIECE_BYTES_MAX: usize = 64 * 1024;
/// A connection on which no request comes is closed after this time: longer than the pools of clients keep theirs.
pub const IDLE_MS: u64 = 75_000;
/// A head that has begun to come has to be there within this time.
pub const HEAD_MS: u64 = 30_000;
/// A client that sends nothing of a body for this long is gone.
pub const BODY_SILENCE_MS: u64 = 30_000;
/// A body may take this long whatever its length, and as much longer as its bytes need at the slowest rate that is
/// borne.
pub const BODY_GRACE_MS: u64 = 60_000;
/// The slowest rate at which a body may come.
pub const BODY_BYTES_PER_SECOND_MIN: u64 = 4 * 1024;
/// A client that has not taken all of an answer's piece after this time is gone.
pub const SEND_MS: u64 = 60_000;
/// The slowest rate at which an object may be taken, after the time that one piece may take: what it is read from
/// cannot be freed meanwhile.
pub const SEND_BYTES_PER_SECOND_MIN: u64 = 16 * 1024;
/// An answer that takes longer than this is preceded by signs of life.
pub const PATIENCE_MS: u64 = 10_000;
/// What is left of a refused body is read up to this length if another request is to follow.
pub const DRAIN_BYTES_MAX: u64 = 256 * 1024;
/// A connection that ends while its client is still sending is listened to for so many bytes more.
pub const LINGER_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// And for this long: clients that send everything before they read have slow lines, too.
pub const LINGER_MS: u64 = 30_000;
/// But not longer than this if nothing comes.
pub const LINGER_SILENCE_MS: u64 = 2_000;
/// Large bodies that come in on one core at once. Each holds at most its room for reading and three steps of its runs.
pub const BODIES_MAX: usize = 512;
/// Small bodies that come in on one core at once. Each holds at most its room for reading and itself.
pub const SMALL_BODIES_MAX: usize = 2048;
/// Bodies of large objects that go out on one core at once. Each holds two pieces.
pub const READS_MAX: usize = 512;
/// Bodies of small objects that go out on one core at once. Each holds itself.
pub const SMALL_READS_MAX: usize = 2048;
/// An object is read and sent in pieces of at most this length.
pub const READ_PIECE_BYTES_MAX: u64 = 512 * 1024;
/// And of at least this one, a unit that has its own checksum, however many are read at once.
pub const READ_PIECE_BYTES_MIN: u64 = 64 * 1024;
/// Pieces that all readers of a core hold together, each its share: a crowd of slow ones takes no more than a few quick
/// ones.
pub const READS_BYTES: u64 = 64 * 1024 * 1024;
/// An object is copied in pieces of this length.
pub const COPY_PIECE_BYTES: u64 = 1024 * 1024;
/// A request that waits for room longer than this is told to slow down.
pub const WAIT_FOR_ROOM_MS: u64 = 1_000;
/// After a connection could not be taken, for want of descriptors, the next is tried after this time.
pub const ACCEPT_RETRY_MS: u64 = 50;
/// A node that is told to stop waits for what is under way for this long.
pub const STOP_MS: u64 = 20_000;
/// Encrypted bytes that are read at once: a record of TLS.
pub const TLS_READ_BYTES: usize = 17 * 1024;
/// Bytes that are encrypted at once.
pub const TLS_PIECE_BYTES: usize = 64 * 1024;
/// Lines of the journal that wait on one core.
pub const JOURNAL_BYTES_MAX: usize = 1024 * 1024;
/// The journal is written this often.
pub const JOURNAL_MS: u64 = 100;

// ------------------------------------------------------------------------------------------------------------- client

/// Bytes of the head of an answer, the blank line included: metadata takes two KiB of it.
pub const ANSWER_HEAD_BYTES_MAX: usize = 64 * 1024;
/// Answers before the answer, as `100 Continue`, that are passed over.
pub const INTERIM_ANSWERS_MAX: usize = 8;
/// A server that does not take a connection within this time is not there.
pub const CONNECT_MS: u64 = 10_000;
/// A server that sends nothing of an answer for this long is gone. Servers that work long send signs of life more
/// often.
pub const ANSWER_SILENCE_MS: u64 = 30_000;
/// Bytes of an answer that is a document: a page of 1,000 keys of 1,024 bytes, each byte percent-encoded.
pub const ANSWER_DOCUMENT_BYTES_MAX: usize = 4 * 1024 * 1024;

const _: () = assert!(ANSWER_SILENCE_MS > PATIENCE_MS);
const _: () = assert!(READS_MAX as u64 * 2 * READ_PIECE_BYTES_MIN <= READS_BYTES);
const _: () = assert!(READ_PIECE_BYTES_MIN.is_multiple_of(UNIT_BYTES as u64));

// ------------------------------------------------------------------------------------------------------------ objects

/// User metadata of one object, names and values (S3).
pub const METADATA_BYTES_MAX: usize = 2 * 1024;
/// The largest object put in one piece, the largest part, the largest source of a copy (S3).
pub const OBJECT_PUT_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;
/// Parts on one page (S3).
pub const PARTS_PAGE_MAX: usize = 1000;
/// Buckets on one page (S3).
pub const BUCKETS_PAGE_MAX: usize = 10_000;

// --------------------------------------------------------------------------------------------------------- signatures

/// Bytes of the header `Authorization`. It holds a credential, the names of the signed headers and a signature; with
/// all headers signed that is below this.
pub const AUTHORIZATION_BYTES_MAX: usize = 8 * 1024;
/// Names in a list of signed headers: all headers that a head may have.
pub const SIGNED_HEADERS_MAX: usize = HEADERS_MAX;
/// Parameters of a signed query, because they are sorted before anybody has proved anything. Presigned requests have
/// about ten, listings and multipart requests fewer.
pub const SIGNED_PARAMETERS_MAX: usize = 128;
/// Bytes of a signed text that are shown when its signature is wrong, because they go to somebody who has proved
/// nothing. The texts of clients take one KiB, with a long session token four.
pub const SHOWN_BYTES_MAX: usize = 8 * 1024;
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
/// Signing keys that each core remembers. One takes about 300 bytes, and making it anew 0.7 us.
pub const SIGNING_KEYS_MAX: usize = 1024;

const _: () = assert!(AUTHORIZATION_BYTES_MAX < HEAD_BYTES_MAX && SESSION_TOKEN_BYTES_MAX < HEAD_BYTES_MAX);

// ---------------------------------------------------------------------------------------------------------- documents

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

// ---------------------------------------------------------------------------------------------------------- checksums

/// Bytes of the longest checksum, a SHA-256.
pub const CHECKSUM_BYTES_MAX: usize = 32;
/// Letters of the longest checksum in base64.
pub const CHECKSUM_BASE64_BYTES_MAX: usize = CHECKSUM_BYTES_MAX.div_ceil(3) * 4;
