//! What our signer signs is let in, and it is let in as long as it means the same and no longer: of a head with one
//! changed byte, the obvious reading below says whether it still does.

use std::collections::BTreeMap;

use super::boto3::{LIST, PRESIGNED_PUT, PUT_ODD_KEY};
use super::documented::PRESIGNED;
use super::spelled::JOINED_HEADERS;
use super::stage::{NOW, credentials, verifier};
use crate::auth::{Outgoing, PayloadHash, Principal, Signed, Signer};
use crate::http1::Head;
use proptest::prelude::*;

/// All that a head says and a signature covers.
#[derive(Debug, PartialEq)]
struct Meaning {
    method: String,
    path: Vec<u8>,
    query: Vec<(Vec<u8>, Vec<u8>)>,
    authorization: String,
    headers: BTreeMap<String, String>,
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let digits = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let value = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(value.unwrap_or(*byte));
        at += if value.is_some() { 3 } else { 1 };
    }
    bytes
}

impl Meaning {
    /// What a head says about these signed headers; of the others, only those count that must be signed.
    fn of(head: &Head, signed_headers: &[String]) -> Meaning {
        let parts = head.query().unwrap_or_default().split(|byte| *byte == b'&').filter(|part| !part.is_empty());
        let mut query: Vec<_> = parts
            .map(|part| {
                let mut halves = part.splitn(2, |byte| *byte == b'=');
                let (name, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
                (unescaped(name), unescaped(value))
            })
            .collect();
        query.sort();
        let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut authorization = String::new();
        for (name, value) in head.headers() {
            let value = String::from_utf8_lossy(value);
            if name == "authorization" {
                authorization = value.split_ascii_whitespace().collect();
                while authorization.contains(",,") {
                    authorization = authorization.replace(",,", ",");
                }
            } else if signed_headers.iter().any(|signed| signed == name) || name.starts_with("x-amz-") {
                let words: Vec<&str> = value.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
                headers.entry(name.to_owned()).or_default().push(words.join(" "));
            }
        }
        let mut headers: BTreeMap<_, _> = headers.into_iter().map(|(name, values)| (name, values.join(","))).collect();
        for name in signed_headers {
            headers.entry(name.clone()).or_default();
        }
        Meaning { method: head.method().to_owned(), path: unescaped(head.path()), query, authorization, headers }
    }
}

fn parse(bytes: &[u8]) -> Option<Head> {
    Some(Head::parse(bytes).ok()??.0)
}

fn let_in(head: &Head) -> bool {
    let verified = verifier(credentials()).verify(head, None, NOW);
    verified.is_ok_and(|verified| matches!(verified.principal, Principal::Key(_)))
}

/// The names that this head says are signed.
fn signed_headers(text: &str) -> Vec<String> {
    let text = text.replace("%3B", ";");
    let list = text.split("SignedHeaders=").nth(1).unwrap_or_default();
    list.split(['&', ',']).next().unwrap_or_default().split(';').map(str::to_owned).collect()
}

/// Whether a head with this one byte changed is let in exactly if it means the same.
fn byte_counts(text: &str, at: usize, change: u8) -> Result<(), TestCaseError> {
    let mut bytes = text.as_bytes().to_vec();
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= change;
    }
    let (Some(before), Some(after)) = (parse(text.as_bytes()), parse(&bytes)) else { return Ok(()) };
    let names = signed_headers(text);
    let same = Meaning::of(&before, &names) == Meaning::of(&after, &names);
    prop_assert_eq!(let_in(&after), same, "byte {} of {}", at, String::from_utf8_lossy(&bytes));
    Ok(())
}

#[test]
fn every_bit_of_recorded_heads_counts() {
    for text in [LIST, PUT_ODD_KEY, JOINED_HEADERS, PRESIGNED, PRESIGNED_PUT] {
        assert!(let_in(&parse(text.as_bytes()).expect("a head")));
        for at in 0..text.len() {
            for bit in 0..8 {
                byte_counts(text, at, 1 << bit).expect("a byte that counts");
            }
        }
    }
}

fn outgoing() -> impl Strategy<Value = Outgoing> {
    let payload = prop_oneof![
        any::<[u8; 32]>().prop_map(PayloadHash::Literal),
        Just(PayloadHash::Unsigned),
        Just(PayloadHash::StreamingUnsignedTrailer),
    ];
    let path = proptest::collection::vec(any::<u8>(), 0..20);
    let query = proptest::collection::vec(("[a-c+% /=&;\u{e9}-]{1,4}", "[a-c+% /=&;\u{e9}-]{0,4}"), 0..5);
    let headers = proptest::collection::vec(("(content-type|x-amz-meta-[a-b]|If-Match)", "[!-~\u{e9} \t]{0,9}"), 0..5);
    ("(GET|PUT|POST|DELETE|HEAD)", path, query, headers, payload).prop_map(|(method, path, query, headers, payload)| {
        let path = [b"/".as_slice(), &path].concat();
        Outgoing { method, host: "host:9000".to_owned(), path, query, headers, payload }
    })
}

fn sent(outgoing: &Outgoing, signed: &Signed) -> String {
    let lines: String = signed.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{} {} HTTP/1.1\r\n{lines}\r\n", outgoing.method, signed.target)
}

proptest! {
    #[test]
    fn what_is_signed_in_a_header_is_let_in_until_a_byte_changes(
        outgoing in outgoing(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), 1..=255_u8), 8),
    ) {
        let text = sent(&outgoing, &Signer::s3(credentials(), "us-east-1").sign(&outgoing, NOW - 800));
        let head = parse(text.as_bytes()).expect("what we send is a head");
        let verified = verifier(credentials()).verify(&head, None, NOW).map_err(|error| error.to_string());
        prop_assert_eq!(verified.map(|verified| verified.payload), Ok(outgoing.payload), "{}", text);
        for (at, change) in changes {
            byte_counts(&text, at.index(text.len()), change)?;
        }
    }

    #[test]
    fn what_is_signed_in_the_query_is_let_in_until_a_byte_changes(
        outgoing in outgoing(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), 1..=255_u8), 8),
    ) {
        let text = sent(&outgoing, &Signer::s3(credentials(), "us-east-1").presign(&outgoing, NOW - 800, 900));
        let head = parse(text.as_bytes()).expect("what we send is a head");
        let verified = verifier(credentials()).verify(&head, None, NOW).map_err(|error| error.to_string());
        prop_assert_eq!(verified.map(|verified| verified.payload), Ok(outgoing.payload), "{}", text);
        for (at, change) in changes {
            byte_counts(&text, at.index(text.len()), change)?;
        }
    }
}
