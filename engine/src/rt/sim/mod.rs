//! The simulated world behind the seam: one thread, a seeded scheduler, virtual time, and a virtual disk that fails
//! like a real one.
//!
//! What must hold: the same seed and the same program give exactly the same run, on any machine. Nothing here reads a
//! clock, asks the system for chance, or depends on an address or on the order of a hash map. The disk keeps every
//! promise a real one makes and no other: what was flushed stays, and of the rest a power cut leaves whatever a real
//! one could leave.
//!
//! ```text
//!   World::run(main, fuse)             one boot: drives all tasks until main ends or the fuse burns
//!     world      the handle; which world this thread is in; how a process ends
//!     scheduler  tasks, wakers, the agenda of virtual time        random  the seeded source of all choices
//!     task       what a spawn gives back
//!     file       File: each call is a task of its own that lands at one moment and ends at a later one
//!     directory  Directory: names and small files
//!       disk     all files, locks, room; what a crash does to all of it
//!         tree     names: visible, durable, and changes between the two
//!         content  one file: visible, durable, and versions of blocks between the two
//!         crash    which of the undecided versions a power cut or a kill leaves
//!     faults     what a test breaks, and what it looks at afterwards
//! ```

mod content;
mod crash;
mod directory;
mod disk;
mod faults;
mod file;
mod random;
mod scheduler;
mod task;
#[cfg(test)]
mod tests;
mod tree;
mod world;

pub use directory::Directory;
pub use disk::{Snapshot, Stats};
pub use file::File;
pub use task::Task;
pub use world::{Fuse, Options, Outcome, World, current};
