//! The server: accepts connections, reads requests, sends answers, and ends well.
//!
//! ```text
//!  core          one core's life: listen, serve, stop
//!    conversation  one connection: request after request
//!      sending       an answer as bytes, small or streamed
//!      health        /health/live and /health/ready
//!    journal       one line for each request, written in the background
//!    hub           what the connections of a core share
//! ```
//!
//! What must hold: nothing here blocks a core, and everything has an end: a connection that does nothing, a body that
//! does not come, an answer that nobody takes, a stop that somebody waits for.

mod conversation;
mod core;
mod health;
mod hub;
mod journal;
mod sending;

pub use core::{Listening, serve_core};
pub use hub::Node;
