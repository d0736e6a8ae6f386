//! A store in a process of its own that is killed again and again, and what must be left of it.
//!
//! ```text
//!  tests/kill.rs  --starts, kills-->  victim load    works, and says what it wants and what was acknowledged
//!       |         <----- pipe ------
//!       |  ledger: what every key may be
//!       |         --starts--------->  victim verify  reads the whole store on another number of cores
//!       |         <----- pipe ------
//! ```
//!
//! What must hold: the ledger lives outside of the store and outside of the process that is killed. A line that was
//! read from the pipe was said before the kill, so what it acknowledges must be there.
#![expect(clippy::disallowed_methods, reason = "a test of the real world, outside of the seam")]

pub mod body;
pub mod chance;
pub mod child;
pub mod fill;
pub mod ledger;
pub mod load;
pub mod node;
pub mod options;
pub mod saying;
pub mod tear;
pub mod uploads;
pub mod verify;
