//! Who asks, and whether the bytes are what was signed. No I/O; times are arguments.
//!
//! ```text
//!                 head
//!                  |
//!            authorization, presigned      what is presented: nothing, a header, parameters of the query
//!                  |
//!                sigv4                     is it right?  -> Verified: principal, payload, chunks
//!                  |    \
//!      canonical   |     signing_key       the text that was signed; the key it was signed with
//!            scope |     credentials       where a signature counts; who has which secret
//!                payload                   how the body is bound to the head
//!                  |
//!                chunks                    the chain of signatures through a body in chunks
//!
//!  signer      the other side: what a client sends
//!  error       why somebody is not let in, as data, and S3's words for it
//!  encoding, query, fields, constant_time  beneath all of it
//! ```
//!
//! What must hold: a request is anonymous only if it presents nothing; everything that it presents is right, or it is
//! refused. Secrets are neither printed nor compared in a time that depends on them.
//!
//! Decisions:
//! - Who may do what: the root's key may do everything, an anonymous request nothing. `Principal` says which of them
//!   asks; policies will stand in a file of their own and start from it.
//! - Signatures of version 2 are taken in the query (`presigned_v2`): boto3 and aws-cli 1 still presign so by default.
//!   In the header they are refused (`InvalidRequest`), as those of version 4A are (`NotImplemented`).
//! - `host` and every header that begins with `x-amz-` must be signed in both forms, as S3 has it. `content-type` and
//!   `content-md5` need not be: browsers add the first to presigned uploads. `x-amz-content-sha256` need not be in the
//!   list of the header form, since its value is the last line of what is signed.
//! - A header that is listed and did not come counts as an empty one, as S3 has it.
//! - Limits of validity that are out of range answer 400, as S3 does; some suites want 403 and mean another server.
//! - Regions: one, and with `any_region` all. Services: `s3`, or the one that an endpoint of its own is made for.

mod authorization;
mod canonical;
mod chunks;
mod constant_time;
mod credentials;
mod encoding;
mod error;
mod fields;
pub mod fuzz;
mod payload;
mod presigned;
mod presigned_v2;
mod query;
mod scope;
mod signer;
mod signing_key;
mod sigv4;
#[cfg(test)]
mod tests;

pub use authorization::{Claim, Presented};
pub use chunks::ChunkSignatures;
pub use credentials::{AccessKey, Credentials, CredentialsError, Keys, Principal, RANDOM_BYTES};
pub use encoding::Plus;
pub use error::{AuthError, Flaw, Form, Mismatch};
pub use payload::PayloadHash;
pub use presigned::Presigned;
pub use presigned_v2::PresignedV2;
pub use scope::{Credential, Endpoint};
pub use signer::{ChunkSigner, Outgoing, Signed, Signer};
pub use sigv4::{Verified, Verifier};
