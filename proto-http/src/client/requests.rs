//! A call as the bytes of a request's head: signed, addressed, with the length of its body.
//!
//! What must hold: no value can end its line or begin another. One that would is refused, as what was signed would not
//! be what is read.

use sha2::{Digest as _, Sha256};

use crate::auth::{Credentials, Outgoing, PayloadHash, Signer};
use crate::client::call::Call;
use crate::client::server_url::ServerUrl;
use crate::http1::field;
use crate::text::decimal;

/// Makes requests to one server with one key.
#[derive(Clone, Debug)]
pub struct Requests {
    signer: Signer,
    host: String,
}

impl Requests {
    /// Requests to this server, signed for this region.
    #[must_use]
    pub fn new(server: &ServerUrl, credentials: Credentials, region: &str) -> Requests {
        Requests { signer: Signer::s3(credentials, region), host: server.host().to_owned() }
    }

    /// The head of a request whose body has `length` bytes and is bound to it by `payload`; `now_s` is the time in
    /// seconds since 1970. `None` if a header of the call cannot be sent.
    #[must_use]
    pub fn head(&self, call: &Call, payload: PayloadHash, length: u64, now_s: u64) -> Option<Vec<u8>> {
        let outgoing = Outgoing {
            method: call.method.to_owned(),
            host: self.host.clone(),
            path: call.path.clone(),
            query: call.query.clone(),
            headers: call.headers.clone(),
            payload,
        };
        let signed = self.signer.sign(&outgoing, now_s);
        let mut bytes = Vec::with_capacity(1024);
        for part in [call.method, " ", signed.target.as_str(), " HTTP/1.1\r\n"] {
            bytes.extend_from_slice(part.as_bytes());
        }
        for (name, value) in &signed.headers {
            if !field::is_name(name.as_bytes()) || !field::is_value(value.as_bytes()) {
                return None;
            }
            for part in [name.as_str(), ": ", value.as_str(), "\r\n"] {
                bytes.extend_from_slice(part.as_bytes());
            }
        }
        if length > 0 || matches!(call.method, "PUT" | "POST") {
            bytes.extend_from_slice(b"content-length: ");
            decimal::write(&mut bytes, length);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        Some(bytes)
    }
}

/// What binds a small body to its request: its digest. Larger ones have theirs made as they come.
#[must_use]
pub fn digest_of(body: &[u8]) -> PayloadHash {
    PayloadHash::Literal(Sha256::digest(body).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Endpoint, Keys, Principal, Verifier};
    use crate::http1::{BodyFraming, Framing, Head};

    const NOW_S: u64 = 1_764_000_000;

    fn credentials() -> Credentials {
        Credentials::new("AKIDEXAMPLE", "a-secret-of-the-test").expect("valid")
    }

    fn head(call: &Call, payload: PayloadHash, length: u64) -> Option<Vec<u8>> {
        let server = ServerUrl::parse("http://localhost:9000").expect("valid");
        Requests::new(&server, credentials(), "us-east-1").head(call, payload, length, NOW_S)
    }

    #[test]
    fn the_server_lets_in_what_is_made_here() {
        let calls = [
            Call::create_bucket("b"),
            Call::put("b", "a key/gr\u{fc}n+%?&=".as_bytes()),
            Call::range("b", b"k", 5, 9),
            Call::head("b", b"k"),
            Call::list("b", "a/b c&d", "a/b c&d/1", 1000),
            Call::delete_many("b", b"<Delete/>"),
            Call::upload_part("b", b"k", "0123", 7),
            Call::complete_upload("b", b"k", "0123"),
        ];
        for call in calls {
            for payload in [PayloadHash::Unsigned, PayloadHash::Literal([7; 32])] {
                let bytes = head(&call, payload.clone(), 5).expect("it can be sent");
                let (read, length) = Head::parse(&bytes).expect("valid").expect("complete");
                assert_eq!((length, read.method()), (bytes.len(), call.method));
                assert_eq!(read.host(), Some(b"localhost:9000".as_slice()));
                let mut verifier = Verifier::new(Endpoint::s3("us-east-1"), Keys::of_root(credentials()));
                let verified = verifier.verify(&read, None, NOW_S).expect("the signature is right");
                assert_ne!(verified.principal, Principal::Anonymous);
                assert_eq!(verified.payload, payload, "{call:?}");
            }
        }
    }

    #[test]
    fn a_length_is_said_where_there_is_or_could_be_a_body() {
        let framing = |call: Call, length| {
            let bytes = head(&call, PayloadHash::Unsigned, length).expect("it can be sent");
            let (read, _) = Head::parse(&bytes).expect("valid").expect("complete");
            Framing::of(&read).expect("clear").body
        };
        assert_eq!(framing(Call::put("b", b"k"), 0), BodyFraming::Length(0));
        assert_eq!(framing(Call::put("b", b"k"), 4096), BodyFraming::Length(4096));
        assert_eq!(framing(Call::get("b", b"k"), 0), BodyFraming::None);
    }

    #[test]
    fn a_header_that_would_end_its_line_is_not_sent() {
        let call = Call::put("b", b"k").header("x-amz-meta-a", "b\r\nx-evil: 1");
        assert_eq!(head(&call, PayloadHash::Unsigned, 0), None);
        assert_eq!(head(&Call::put("b", b"k").header("x a", "b"), PayloadHash::Unsigned, 0), None);
    }
}
