//! `stratum bench`: a load on any server of S3, and what came of it.
//!
//! ```text
//!  arguments  what was asked                     kind     the operations
//!  course     one run: the plan, the cores, the end
//!    conductor  on the first core: bucket, fill, run, clean up; one step after the other
//!    station    on every core: does its share of a step
//!      worker     one connection: one operation after the other, in a closed loop
//!        session    an operation as requests and answers, each checked (listing: pages)
//!      content    bodies that show a wrong offset        names   keys
//!    live       what the cores tell while they run: the line that a person watches
//!    usage      what the processes used of the machine
//!  tally      operations and errors of a step            histogram   their times
//!  report     the table                                  json        the same for programs
//! ```
//!
//! What must hold: what is measured is what the server did and not what the generator did beside it: signing, opening a
//! connection and warming up are in no figure. An answer counts only after its status, its length and its content were
//! found right. An error is counted under its code and shown. Nobody's data but the run's own is written or removed.
//!
//! Not here: loads at a fixed rate (open loop). In a closed loop a slow answer delays the next request, so times show
//! what a fixed number of clients sees, not what a fixed rate of them would.

mod arguments;
mod conductor;
mod content;
mod course;
mod credentials;
mod histogram;
mod json;
mod kind;
mod listing;
mod live;
mod names;
mod plan;
mod report;
mod session;
mod station;
mod tally;
mod trouble;
mod usage;
mod worker;

pub(crate) use arguments::{BenchArguments, USAGE, read};
pub(crate) use course::bench;
