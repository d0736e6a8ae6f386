//! Any bytes as who a head lets in.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stratum_proto_http::auth::fuzz::signature(bytes));
