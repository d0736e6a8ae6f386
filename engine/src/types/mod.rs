//! The words of the engine as types. A checked thing has its own type: once it exists, it is right.
//!
//! Nothing here does I/O or knows a layer above.

mod bucket;
mod etag;
mod ids;
mod key;
mod kills;
mod note;
mod segment;

pub use bucket::BucketName;
pub use etag::Etag;
pub use ids::{BucketId, CoreId, GroupNumber, Location, Nonce, SegmentId, Sequence, ShardId, UploadId};
pub use key::ObjectKey;
pub use kills::KillList;
pub use note::Note;
pub use segment::SegmentKind;
