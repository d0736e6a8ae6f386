//! Bodies in signed chunks: rows 2 and 3 of the list of wire behaviours, with the documentation's examples.

use super::documented::{PUT_CHUNKS, PUT_CHUNKS_TRAILER};
use super::stage::{NOW, accepted, credentials, head, verifier};
use crate::auth::{AuthError, ChunkSignatures, Outgoing, PayloadHash, Signer};
use proptest::prelude::*;

const CHUNKS: [(u8, usize, &str); 3] = [
    (b'a', 65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
    (b'a', 1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
    (b'a', 0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
];
const CHUNKS_BEFORE_TRAILER: [(u8, usize, &str); 3] = [
    (b'a', 65_536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
    (b'a', 1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
    (b'a', 0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"),
];
const TRAILER: &[u8] = b"x-amz-checksum-crc32c:sOO8/Q==\n";
const TRAILER_SIGNATURE: &[u8] = b"d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";

fn chain(text: &str) -> ChunkSignatures {
    *accepted(text).chunks.expect("its chunks are signed")
}

/// Feeds chunks in slices of this many bytes.
fn feed(chain: &mut ChunkSignatures, chunks: &[(u8, usize, &str)], slice: usize) -> Result<(), AuthError> {
    for (byte, length, signature) in chunks {
        vec![*byte; *length].chunks(slice).for_each(|bytes| chain.data(bytes));
        chain.end_chunk(signature.as_bytes())?;
    }
    Ok(())
}

#[test]
fn row_2_the_documented_body_is_right_in_slices_of_any_size() {
    for slice in [1, 1000, 65_536] {
        assert_eq!(feed(&mut chain(PUT_CHUNKS), &CHUNKS, slice), Ok(()));
    }
}

#[test]
fn row_3_the_documented_body_with_a_trailer_is_right() {
    let mut chain = chain(PUT_CHUNKS_TRAILER);
    assert_eq!(feed(&mut chain, &CHUNKS_BEFORE_TRAILER, 4096), Ok(()));
    assert_eq!(chain.end_trailer(TRAILER, TRAILER_SIGNATURE), Ok(()));
}

#[test]
fn row_3_a_changed_trailer_is_wrong() {
    for trailer in [&b"x-amz-checksum-crc32c:sOO8/R==\n"[..], b"x-amz-checksum-crc32c:sOO8/Q==", b""] {
        let mut chain = chain(PUT_CHUNKS_TRAILER);
        assert_eq!(feed(&mut chain, &CHUNKS_BEFORE_TRAILER, 4096), Ok(()));
        let error = chain.end_trailer(trailer, TRAILER_SIGNATURE).expect_err("another trailer");
        assert_eq!((error.answer().0, error.answer().1), ("SignatureDoesNotMatch", 403));
    }
}

#[test]
fn row_2_chunks_that_are_changed_moved_or_left_out_are_wrong() {
    let [first, second, end] = CHUNKS;
    let changed = (b'b', 1024, second.2);
    let shorter = (b'a', 1023, second.2);
    let unsigned = (b'a', 1024, "");
    let bodies = [
        vec![second, first, end],
        vec![second],
        vec![end],
        vec![first, first],
        vec![first, end],
        vec![first, changed],
        vec![first, shorter],
        vec![first, unsigned],
    ];
    for body in bodies {
        let error = feed(&mut chain(PUT_CHUNKS), &body, 4096).expect_err("another body");
        assert_eq!((error.answer().0, error.answer().1), ("SignatureDoesNotMatch", 403), "{body:?}");
        let names: Vec<_> = error.elements().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["AWSAccessKeyId", "StringToSign", "SignatureProvided", "StringToSignBytes"]);
    }
}

#[test]
fn after_a_wrong_chunk_nothing_is_right() {
    let mut chain = chain(PUT_CHUNKS);
    let [first, second, _] = CHUNKS;
    assert!(feed(&mut chain, &[second], 4096).is_err());
    assert!(feed(&mut chain, &[first], 4096).is_err());
}

#[test]
fn a_chain_does_not_print_its_key() {
    let printed = format!("{:?}", chain(PUT_CHUNKS));
    assert!(printed.starts_with("ChunkSignatures { access_key: \"AKIAIOSFODNN7EXAMPLE\", .. }"), "{printed}");
}

proptest! {
    #[test]
    fn what_our_signer_signs_is_right_and_no_other_order_is(
        body in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 1..6),
        slice in 1_usize..20,
    ) {
        let outgoing = Outgoing {
            method: "PUT".to_owned(),
            host: "h".to_owned(),
            path: b"/b/k".to_vec(),
            query: Vec::new(),
            headers: Vec::new(),
            payload: PayloadHash::StreamingSignedTrailer,
        };
        let mut signed = Signer::s3(credentials(), "us-east-1").sign(&outgoing, NOW);
        let lines: String = signed.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let text = format!("PUT {} HTTP/1.1\r\n{lines}\r\n", signed.target);
        let chain = || *verifier(credentials()).verify(&head(&text), None, NOW).expect("right").chunks.expect("signed");
        let signatures: Vec<String> = body.iter().map(|chunk| signed.chunks.chunk(chunk)).collect();
        let (end, trailer) = (signed.chunks.chunk(b""), signed.chunks.trailer(b"a:b\n"));
        let mut whole = chain();
        for (chunk, signature) in body.iter().zip(&signatures) {
            chunk.chunks(slice).for_each(|bytes| whole.data(bytes));
            prop_assert_eq!(whole.end_chunk(signature.as_bytes()), Ok(()));
        }
        prop_assert_eq!(whole.end_chunk(end.as_bytes()), Ok(()));
        prop_assert_eq!(whole.end_trailer(b"a:b\n", trailer.as_bytes()), Ok(()));
        // Without its first chunk nothing that follows is right.
        let mut rest = chain();
        let (second, signature) = body.iter().zip(&signatures).nth(1).map_or((&[][..], end.as_str()), |(c, s)| (c, s));
        rest.data(second);
        prop_assert!(rest.end_chunk(signature.as_bytes()).is_err());
    }
}
