//! The seam: all that the engine knows of threads, time, chance and files.
//!
//! Behind it are two worlds. The **real** one is monoio with io_uring, one pinned thread per core. The **simulation**
//! is one thread with a seeded scheduler, virtual time and virtual disks that tear, reorder, fill and die. Which world
//! a thread lives in is a thread-local choice made once, by `real::run` or `sim::World`; everything above the seam runs
//! in both unchanged.
//!
//! What must hold: nothing above this folder reads a clock, draws a random number, starts a thread or touches a file
//! except through here. A buffer given to a file comes back with the answer, and only then.

mod buffer;
pub mod directory;
mod error;
mod event;
mod file;
mod mailbox;
pub mod real;
#[cfg(any(test, feature = "sim"))]
pub mod sim;
mod task;

pub use buffer::{Buffer, BufferPool, Piece};
pub use error::{IoError, IoKind};
pub use event::{Event, Gate, Permit, Wait};
pub use file::{File, OpenMode};
pub use mailbox::{Mailbox, Postman, Reply, ReplySlot, mailbox, reply};
pub use task::{Helper, Task, help, now, random_bytes, sleep, spawn, timeout, wall_ms, yield_now};
