//! The binary `stratum`: reads what it is asked, and does it.
//!
//! ```text
//!  stratum serve DIRECTORY [options]    the server
//!  stratum bench URL [options]          a load on a server
//! ```
//!
//! Exit status: 0 it ended well; 1 it could not do what was asked; 2 it was not asked anything it knows.

mod arguments;
mod bench;
mod credentials;
mod said;
mod serve;

use std::process::ExitCode;

use arguments::{Asked, USAGE, read};
use mimalloc::MiMalloc;

/// A request takes and gives back some dozens of small pieces of memory; this allocator does so in half the time of the
/// system's.
#[global_allocator]
static MEMORY: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match read(std::env::args_os().skip(1)) {
        Ok(Asked::Serve(arguments)) => ended(serve::serve(&arguments)),
        Ok(Asked::Bench(arguments)) => ended(bench::bench(&arguments)),
        Ok(Asked::Help) => {
            said::line(USAGE);
            said::line("");
            said::line(bench::USAGE);
            said::line("\nstratum --version");
            ExitCode::SUCCESS
        }
        Ok(Asked::Version) => {
            said::line(concat!("stratum ", env!("CARGO_PKG_VERSION")));
            ExitCode::SUCCESS
        }
        Err(why) => {
            said::problem(&why);
            said::problem("`stratum --help` says what can be asked");
            ExitCode::from(2)
        }
    }
}

fn ended(how: Result<(), String>) -> ExitCode {
    match how {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            said::problem(&why);
            ExitCode::FAILURE
        }
    }
}
