//! The service on one core: the store, who may use it, and how much may be under way at once.

use std::cell::RefCell;
use std::time::Duration;

use stratum_engine::node::Store;
use stratum_engine::rt::{self, Gate, Permit};

use crate::auth::{AuthError, Endpoint, Keys, Verified, Verifier};
use crate::error::{S3Error, code};
use crate::http1::Head;
use crate::limits::{
    BODIES_MAX, READ_PIECE_BYTES_MAX, READ_PIECE_BYTES_MIN, READS_BYTES, READS_MAX, SMALL_BODIES_MAX, SMALL_READS_MAX,
    WAIT_FOR_ROOM_MS,
};
use crate::xml::Owner;

/// What an operator decides about the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The region that clients sign for.
    pub region: String,
    /// Whether signatures for other regions are taken as well.
    pub any_region: bool,
    /// Domains before which a bucket's name may stand, in lower case.
    pub domains: Vec<String>,
    /// Whose keys are taken.
    pub keys: Keys,
}

/// The service on one core.
pub struct Service {
    /// The store, from this core.
    pub store: Store,
    /// The region that clients sign for.
    pub region: String,
    /// Domains before which a bucket's name may stand.
    pub domains: Vec<String>,
    /// Who owns everything.
    pub owner: Owner,
    verifier: RefCell<Verifier>,
    bodies: Gate,
    small_bodies: Gate,
    reads: Gate,
    small_reads: Gate,
}

impl Service {
    /// The service over `store`.
    #[must_use]
    pub fn new(store: Store, settings: &Settings) -> Service {
        let endpoint = Endpoint { any_region: settings.any_region, ..Endpoint::s3(&settings.region) };
        Service {
            store,
            region: settings.region.clone(),
            domains: settings.domains.clone(),
            owner: Owner { id: OWNER_ID.to_owned(), display_name: "root".to_owned() },
            verifier: RefCell::new(Verifier::new(endpoint, settings.keys.clone())),
            bodies: Gate::new(BODIES_MAX),
            small_bodies: Gate::new(SMALL_BODIES_MAX),
            reads: Gate::new(READS_MAX),
            small_reads: Gate::new(SMALL_READS_MAX),
        }
    }

    /// Who sent this request, whose host named the bucket `hosted` or none.
    ///
    /// # Errors
    /// What it presents is not right.
    pub fn verify(&self, head: &Head, hosted: Option<&str>) -> Result<Verified, AuthError> {
        self.verifier.borrow_mut().verify(head, hosted, rt::wall_ms() / 1000)
    }

    /// Room for one more body that comes in and is small: those who are slow with large ones do not hold it up.
    ///
    /// # Errors
    /// `SlowDown` if there is none for a while.
    pub async fn room_for_small_body(&self) -> Result<Permit, S3Error> {
        room(&self.small_bodies).await
    }

    /// Room for one more body that comes in and may be large.
    ///
    /// # Errors
    /// `SlowDown` if there is none for a while.
    pub async fn room_for_body(&self) -> Result<Permit, S3Error> {
        room(&self.bodies).await
    }

    /// Room for one more body that goes out and is large.
    ///
    /// # Errors
    /// `SlowDown` if there is none for a while.
    pub async fn room_for_read(&self) -> Result<Permit, S3Error> {
        room(&self.reads).await
    }

    /// Room for one more body that goes out and is small.
    ///
    /// # Errors
    /// `SlowDown` if there is none for a while.
    pub async fn room_for_small_read(&self) -> Result<Permit, S3Error> {
        room(&self.small_reads).await
    }

    /// How much of an object is read at once, while so many are read as now.
    #[must_use]
    pub fn piece_bytes(&self) -> u64 {
        let share = READS_BYTES / 2 / (self.reads.entered() as u64).max(1);
        // The sizes that buffers have.
        let size = 1_u64.checked_shl(share.ilog2()).unwrap_or(READ_PIECE_BYTES_MAX);
        size.clamp(READ_PIECE_BYTES_MIN, READ_PIECE_BYTES_MAX)
    }
}

async fn room(gate: &Gate) -> Result<Permit, S3Error> {
    if let Some(permit) = gate.try_enter() {
        return Ok(permit);
    }
    let patience = Duration::from_millis(WAIT_FOR_ROOM_MS);
    rt::timeout(patience, gate.enter()).await.ok_or_else(|| code::SLOW_DOWN.into())
}

/// The canonical id of the one owner there is: 64 hexadecimal digits, as S3 has them.
const OWNER_ID: &str = "5374726174756d00000000000000000000000000000000000000000000000001";
