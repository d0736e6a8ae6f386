//! The documents of S3, written and read.
//!
//! ```text
//! error  buckets  listing  uploads  multipart  copy  delete  attributes  probes    from plain values to bytes
//!   writer        elements one after the other
//!     escape      text that any parser reads back as it was
//!     percent     keys under encoding-type=url
//!     time        times of documents
//! reader          from bytes to plain values
//! ```
//!
//! What must hold: what is written is well-formed XML 1.0 whatever the keys are, and reads back as what it was made of.
//! What is read came from outside: it is bounded, and whatever it is, it is an answer.
//!
//! Values are lent to the writers for the time of one call and are not stored.

mod attributes;
mod buckets;
mod copy;
mod delete;
mod error;
mod escape;
pub mod fuzz;
#[cfg(test)]
mod leaves;
mod listing;
mod multipart;
mod percent;
mod probes;
pub mod reader;
mod time;
mod uploads;
mod versions;
mod writer;

pub use attributes::{AttributePage, AttributePart, Attributes, PartsOfObject, attributes};
pub use buckets::{BucketList, ListedBucket, bucket_list, location};
pub use copy::{CopiedObject, CopiedPart, copied_object, copied_part};
pub use delete::{Deletion, Outcome, delete_result};
pub use error::{ErrorDocument, error};
pub use listing::{ListedObject, Listing};
pub use multipart::{CompletedUpload, ListedPart, PartList, completed, initiated, part_list};
pub use probes::{
    accelerate, access_control, empty_list, encryption, logging, notification, ownership_controls, policy_status,
    public_access_block, request_payment, tagging, versioning,
};
pub use uploads::{ListedUpload, UploadList, upload_list};
pub use versions::{ListedVersion, VersionList, version_list};
pub use writer::{DECLARATION, Owner, after_declaration};
