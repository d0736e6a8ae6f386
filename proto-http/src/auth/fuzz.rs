//! What a fuzzer calls: a head of any bytes is let in or not, and nothing else happens. Tests call it, too.
//!
//! What must hold: no input is a panic. Nobody is anonymous who presents anything, and nobody who was not given the key
//! is taken for its owner. Every refusal has a code and a status that tells the client not to try the same again.

use super::{Credentials, Endpoint, Keys, Outgoing, PayloadHash, Principal, Signer, Verifier};
use crate::http1::Head;

/// The documentation's example key, region and time: seeds that were signed with it are let in.
const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const REGION: &str = "us-east-1";
const NOW_S: u64 = 1_369_353_600;

/// A head, judged at the example's time.
pub fn signature(bytes: &[u8]) {
    let Ok(Some((head, _))) = Head::parse(bytes) else { return };
    match Verifier::new(Endpoint::s3(REGION), Keys::of_root(credentials())).verify(&head, None, NOW_S) {
        Ok(verified) if verified.principal == Principal::Anonymous => {
            assert!(head.header("authorization").is_none(), "a header presents something");
            let query = head.query().unwrap_or_default();
            let presented = b"X-Amz-Signature=";
            assert!(!query.windows(presented.len()).any(|part| part == presented), "a parameter presents something");
            assert!(!verified.payload.signs_chunks(), "a chain without a begin");
        }
        Ok(verified) => assert_eq!(verified.chunks.is_some(), verified.payload.signs_chunks()),
        Err(error) => {
            let (code, status, message) = error.answer();
            assert!(matches!(status, 400 | 403 | 501) && !code.is_empty() && !message.is_empty());
            assert!(error.elements().iter().all(|(name, _)| !name.is_empty()));
            assert!(!format!("{error:?} {:?}", error.elements()).contains(SECRET_KEY), "a secret is never told");
        }
    }
}

/// Chunks under a right seed: data and signature are the fuzzer's, which cannot sign.
pub fn chunks(bytes: &[u8]) {
    let outgoing = Outgoing {
        method: "PUT".to_owned(),
        host: "h".to_owned(),
        path: b"/b/k".to_vec(),
        query: Vec::new(),
        headers: Vec::new(),
        payload: PayloadHash::StreamingSigned,
    };
    let signed = Signer::s3(credentials(), REGION).sign(&outgoing, NOW_S);
    let lines: String = signed.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let text = format!("PUT {} HTTP/1.1\r\n{lines}\r\n", signed.target);
    let (head, _) = Head::parse(text.as_bytes()).expect("a good head").expect("a whole head");
    let verified = Verifier::new(Endpoint::s3(REGION), Keys::of_root(credentials())).verify(&head, None, NOW_S);
    let mut chain = verified.expect("it was signed").chunks.expect("its chunks are signed");
    let (signature, data) = bytes.split_at_checked(64).unwrap_or((bytes, b""));
    chain.data(data);
    assert!(chain.end_chunk(signature).is_err(), "nobody guesses a signature");
}

fn credentials() -> Credentials {
    Credentials::new(ACCESS_KEY, SECRET_KEY).expect("the example's credentials are valid")
}
