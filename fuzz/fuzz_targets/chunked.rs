//! Any bytes as a chunked body, whole and in pieces.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stratum_proto_http::http1::fuzz::chunked(bytes));
