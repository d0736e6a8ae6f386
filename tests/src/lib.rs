//! The proof of the engine: a model of the store that shares no code with it, a workload, and a harness that cuts the
//! power again and again and compares every answer, and what is there after every start, with the model.
//!
//! ```text
//!  workload -> client -> engine's Store        the simulated process; it dies at every crash
//!                 |
//!              ledger -> history -> model      outside of it: what was asked, what was answered, what may be true now
//!                 |
//!              inspection                      after every start: everything there is, compared
//! ```
//!
//! What must hold: a seed replays exactly. `model` and `history` import nothing of the engine.

pub mod chance;
pub mod client;
pub mod crash;
pub mod history;
pub mod index_files;
pub mod inspection;
pub mod ledger;
pub mod model;
pub mod node;
pub mod stage;
pub mod workload;
