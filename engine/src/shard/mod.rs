//! What an operation means: conditions, kill lists, effects. Everything here lives on the core that owns the shards.
//!
//! ```text
//!  operation -> queue -> commit: judge in order -> group -> flush -> publish effects -> answer
//!                                 |                                    |
//!                               judge.rs                            effects.rs  <- replay.rs (recovery, rebuild)
//! ```
//!
//! What must hold: effects reach the memtable only after their group is durable, and answers leave only after that. The
//! same function turns a record into effects at commit and at replay, so that a rebuilt index cannot differ.

mod attributes;
mod buckets;
mod checkpoint;
mod commit;
mod complete;
mod conditions;
mod effects;
mod evacuate;
mod hashing;
mod intent;
mod judge;
mod liveness;
mod owner;
mod peers;
mod reading;
mod replay;
mod warming;

pub use attributes::check_attributes;
pub use buckets::{Bucket, Buckets};
pub use checkpoint::run as run_checkpoints;
pub use commit::run as run_commits;
pub use complete::{Completion, NamedPart};
pub use conditions::{Conditions, EtagMatch};
pub use evacuate::Evacuated;
pub use intent::{Answer, Intent, PutBody};
pub use owner::{Confirmed, Owner, OwnerOptions, Start};
pub use peers::{Peers, Question, answer_all, owner_of};
pub use reading::Reading;
pub use replay::{Pass, ReplayError, Replayed, buckets_of, replay};
