//! The real world: monoio with io_uring, one pinned thread per core, files past the page cache.
//!
//! ```text
//!   cores   starts the threads, ends them (cpus pins)    ring       builds a core's runtime, or says why it cannot
//!   core    what a thread knows of itself                pool       threads for what would block a core
//!   file    reads, writes and flushes                    transfer   one read or write, completed or an error
//!   room    makes files longer, with zeros on disk       directory  names and small files
//!   sigbus  a page of a mapped file does not read        maps       where a file is mapped
//! ```
//!
//! What must hold: nothing here blocks a core: what may block goes to a helper thread. A runtime ends only after every
//! call that it gave to the kernel has ended, since the kernel writes into memory that the runtime owns. What is not
//! here: sockets; the server takes them from monoio itself.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the real world is where clocks, threads and files live"
)]

mod buf;
mod clock;
mod core;
mod cores;
mod cpus;
pub mod directory;
mod file;
mod files_max;
mod maps;
mod pool;
mod ring;
mod room;
mod sigbus;
mod task;
#[cfg(test)]
mod tests;
mod transfer;

pub use clock::{fill_random, now, wall_ms};
pub use cores::{RunOptions, StartError, run};
pub use file::File;
pub use pool::help;
pub use ring::Driver;
pub use sigbus::{MapWatch, Words};
pub use task::{Task, sleep, spawn, yield_now};
