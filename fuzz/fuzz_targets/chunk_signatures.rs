//! Any bytes as a chunk under a right seed.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stratum_proto_http::auth::fuzz::chunks(bytes));
