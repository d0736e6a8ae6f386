//! Checksums and hashes: what the engine stores next to bytes so that it can tell later whether they are still the
//! same.
//!
//! ```text
//! crc         crc32c of structures on disk and of the units of runs: finds rot and torn writes
//! md5         MD5 of one body as it streams past: the etag that clients compare
//! md5_lanes   MD5 of many small bodies at once, when a group is closed
//!   md5_rounds  the steps of MD5, whatever the width
//!   md5_x86     a step in vector registers
//! shard_hash  which shard a key belongs to
//! ```
//!
//! Everything here is a pure function of its bytes. None of it resists a forger but the shard hash, which is keyed so
//! that a client cannot aim its keys at one core. The checksums that clients send to be compared are not here.

mod crc;
mod md5;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "no other CPU has lanes yet"))]
mod md5_lanes;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "no other CPU has lanes yet"))]
mod md5_rounds;
#[cfg(target_arch = "x86_64")]
mod md5_x86;
mod shard_hash;

pub use crc::{Crc32c, crc32c, crc32c_unit};
pub use md5::Md5;
pub use md5_lanes::md5_many;
pub use shard_hash::shard_of;
