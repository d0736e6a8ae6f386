//! The system tests: one binary, a file per story.

mod cut_starts;
mod damage;
mod failed_flush;
mod full_disk;
mod power_cuts;
mod races;
mod read_only;
mod rebuilt_uploads;
mod rotten_index;
mod unreadable_header;
