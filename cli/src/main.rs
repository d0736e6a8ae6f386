//! The binary `stratum`. It starts nothing but a message until the server is built over the engine.
use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let message = "stratum: this build holds the storage engine only; there is no server in it yet";
    let said = writeln!(std::io::stderr(), "{message}");
    if said.is_err() { ExitCode::from(2) } else { ExitCode::FAILURE }
}
