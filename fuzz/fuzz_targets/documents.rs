//! Any bytes as documents of XML.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stratum_proto_http::xml::fuzz::documents(bytes));
