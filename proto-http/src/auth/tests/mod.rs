//! Stories of requests: whole heads against a whole verifier.
//!
//! ```text
//!  documented, boto3, spelled     the heads
//!  accepted, refused, chunked     what becomes of them
//!  round_trip                     random requests, signed by our own signer, and what one changed byte does
//!  stage                          a verifier at the examples' time, with the examples' key
//! ```

mod accepted;
mod boto3;
mod chunked;
mod documented;
mod refused;
mod round_trip;
mod spelled;
mod stage;
