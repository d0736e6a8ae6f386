//! Bodies as clients frame them, and what becomes of them: stored, or refused with nothing stored.

use stratum_wire::{
    Answer, Recorded, Scene, base64, crc32, crc32c, crc64_nvme, md5, md5_hex, now_s, query_of_version_2, sha256_hex,
};

/// boto3 over TLS: chunks within chunks, nobody signs them, a checksum behind them.
const BOTO3_TRAILER: &str = "PUT /{bucket}/key HTTP/1.1\r\n\
    Host: {host}\r\n\
    Accept-Encoding: identity\r\n\
    User-Agent: Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux\r\n\
    Transfer-Encoding: chunked\r\n\
    Content-Encoding: aws-chunked\r\n\
    X-Amz-Trailer: x-amz-checksum-crc32\r\n\
    X-Amz-Decoded-Content-Length: 5\r\n\
    x-amz-sdk-checksum-algorithm: CRC32\r\n\
    X-Amz-Date: {date}\r\n\
    X-Amz-Content-SHA256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=content-encoding;host;x-amz-content-sha256;\
    x-amz-date;x-amz-decoded-content-length;x-amz-sdk-checksum-algorithm;x-amz-trailer, Signature={signature}\r\n\
    amz-sdk-invocation-id: 82077af7-1760-4e84-b18c-41232ecba476\r\n\
    amz-sdk-request: attempt=1\r\n\
    \r\n";

/// The JavaScript SDK with a stream: names in lower case, and every piece of the inner framing is a chunk of its own.
const JS_STREAM: &str = "PUT /{bucket}/key?x-id=PutObject HTTP/1.1\r\n\
    content-type: application/octet-stream\r\n\
    x-amz-sdk-checksum-algorithm: CRC32\r\n\
    content-encoding: aws-chunked\r\n\
    transfer-encoding: chunked\r\n\
    x-amz-decoded-content-length: 5\r\n\
    x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n\
    x-amz-trailer: x-amz-checksum-crc32\r\n\
    x-amz-user-agent: aws-sdk-js/3.1168.0\r\n\
    user-agent: aws-sdk-js/3.1168.0 ua/2.1 os/linux#6.18 lang/js md/nodejs#20.20.2 api/s3#3.1168.0 m/N,Z,b,U,E,e\r\n\
    host: {host}\r\n\
    amz-sdk-invocation-id: 2f2c5b5c-8d61-408a-91bb-203fb5c66d65\r\n\
    amz-sdk-request: attempt=1; max=1\r\n\
    x-amz-date: {date}\r\n\
    authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;\
    content-encoding;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;\
    x-amz-sdk-checksum-algorithm;x-amz-trailer;x-amz-user-agent, Signature={signature}\r\n\
    Connection: keep-alive\r\n\
    \r\n";
const JS_STREAM_BODY: &[u8] =
    b"3\r\n3\r\n\r\n3\r\nhel\r\n2\r\n\r\n\r\n3\r\n2\r\n\r\n2\r\nlo\r\n2\r\n\r\n\r\n3\r\n0\r\n\r\n\
    1f\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n2\r\n\r\n\r\n0\r\n\r\n";

/// minio-go over plain HTTP: no blanks in its authorization, chunks of 64 KiB.
const MINIO_GO: &str = "PUT /{bucket}/key HTTP/1.1\r\n\
    Host: {host}\r\n\
    User-Agent: MinIO (linux; amd64) minio-go/v7.4.1\r\n\
    Content-Length: {FRAMED}\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential={scope},SignedHeaders=content-encoding;content-type;host;\
    x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length,Signature={signature}\r\n\
    Content-Encoding: aws-chunked\r\n\
    Content-Type: text/plain\r\n\
    X-Amz-Content-Sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\n\
    X-Amz-Date: {date}\r\n\
    X-Amz-Decoded-Content-Length: {length}\r\n\
    \r\n";

/// The Java SDK 2 over plain HTTP: signed chunks, and a signed trailer.
const JAVA_TRAILER: &str = "PUT /{bucket}/key HTTP/1.1\r\n\
    Host: {host}\r\n\
    amz-sdk-invocation-id: 9d1f03b6-6f4c-e0a1-4c0a-9d1f03b66f4c\r\n\
    amz-sdk-request: attempt=1; max=4\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;\
    content-encoding;content-length;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;\
    x-amz-sdk-checksum-algorithm;x-amz-trailer, Signature={signature}\r\n\
    Content-Encoding: aws-chunked\r\n\
    Content-Type: application/octet-stream\r\n\
    Expect: 100-continue\r\n\
    User-Agent: aws-sdk-java/2.31.0 md/io#sync md/http#Apache ua/2.1 os/Linux lang/java#21\r\n\
    x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER\r\n\
    X-Amz-Date: {date}\r\n\
    x-amz-decoded-content-length: {length}\r\n\
    x-amz-sdk-checksum-algorithm: CRC32\r\n\
    x-amz-trailer: x-amz-checksum-crc32\r\n\
    Content-Length: {FRAMED}\r\n\
    Connection: Keep-Alive\r\n\
    \r\n";

/// Fills in the length of the framed body: a line of a signed chunk has this many bytes around its data.
fn with_framed_length(head: &str, length: usize) -> String {
    head.replace("{FRAMED}", &length.to_string())
}

/// Bytes of a body in signed chunks of `size`.
fn framed_length(length: usize, size: usize) -> usize {
    let line = |size: usize| format!("{size:x}").len() + ";chunk-signature=".len() + 64 + 2;
    let whole = length / size * (line(size) + size + 2);
    let rest = length % size;
    whole + if rest > 0 { line(rest) + rest + 2 } else { 0 } + line(0) + 2
}

fn stored(scene: &Scene, answer: &Answer, body: &[u8]) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.etag(), md5_hex(body));
    assert_eq!(scene.stored("key").as_deref(), Some(body));
}

fn refused(scene: &Scene, answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.outcome(), (status, code.to_owned()), "{answer:?}");
    assert_eq!(scene.stored("key"), None, "what was refused is not stored");
}

/// Row 1: chunks that are not signed, with a checksum behind them.
#[test]
fn chunks_with_a_trailer_are_stored_without_their_framing() {
    let scene = Scene::new();
    let inner = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    let mut body = format!("{:x}\r\n", inner.len()).into_bytes();
    body.extend_from_slice(inner);
    body.extend_from_slice(b"\r\n0\r\n\r\n");
    let answer = scene.replay(BOTO3_TRAILER, &body);
    stored(&scene, &answer, b"hello");
    assert_eq!(answer.header("x-amz-checksum-crc32"), Some("NhCmhg=="));
    assert_eq!(answer.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
    let read = scene.ask("HEAD", "/key", &[], b"");
    assert_eq!(read.header("content-encoding"), None, "row 9: nothing is left of aws-chunked");
}

/// Rows 1, 7 and 8: as the JavaScript SDK streams it, each piece of the inner framing in an outer chunk of its own.
#[test]
fn chunks_within_chunks_are_stored() {
    let scene = Scene::new();
    stored(&scene, &scene.replay(JS_STREAM, JS_STREAM_BODY), b"hello");
}

/// Row 1: CRC64NVME in the trailer, as aws-cli sends it.
#[test]
fn a_trailer_may_hold_a_crc64() {
    let scene = Scene::new();
    let sum = crc64_nvme(b"hello");
    let inner = format!("5\r\nhello\r\n0\r\nx-amz-checksum-crc64nvme:{sum}\r\n\r\n");
    let body = format!("{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len());
    let answer =
        scene.replay(&BOTO3_TRAILER.replace("crc32", "crc64nvme").replace("CRC32", "CRC64NVME"), body.as_bytes());
    stored(&scene, &answer, b"hello");
    assert_eq!(answer.header("x-amz-checksum-crc64nvme"), Some(sum.as_str()));
}

/// Row 1: a checksum behind the body that is another body's.
#[test]
fn a_trailer_that_does_not_match_stores_nothing() {
    let scene = Scene::new();
    let body = JS_STREAM_BODY.to_vec();
    let at = body.windows(3).position(|window| window == b"hel").expect("it is there");
    let mut other = body.clone();
    other[at] = b'H';
    refused(&scene, &scene.replay(JS_STREAM, &other), 400, "BadDigest");
    let no_sum = String::from_utf8_lossy(&body).replace("NhCmhg==", "NhCmhg=!");
    refused(&scene, &scene.replay(JS_STREAM, no_sum.as_bytes()), 400, "InvalidRequest");
    let not_named = String::from_utf8_lossy(&body).replace("checksum-crc32:", "checksum-crc3x:");
    refused(&scene, &scene.replay(JS_STREAM, not_named.as_bytes()), 400, "MalformedTrailerError");
}

/// Row 2: signed chunks, as minio-go, Java 1 and s3a send them.
#[test]
fn signed_chunks_are_checked_one_by_one() {
    let scene = Scene::new();
    let data: Vec<u8> = (0..70_000_u32).map(|at| at.to_le_bytes()[0] ^ at.to_le_bytes()[1]).collect();
    let head = with_framed_length(MINIO_GO, framed_length(data.len(), 65_536));
    let (bytes, mut signer) = Recorded::new(&head).fill(&scene.place(), &data);
    let body = signer.body(&data, 65_536);
    assert_eq!(body.len(), framed_length(data.len(), 65_536));
    // A byte of the second chunk is another one: the head and the first chunk were right.
    let mut torn = body.clone();
    let last = torn.len() - 100;
    torn[last] ^= 1;
    refused(&scene, &scene.exchange(&[&bytes, torn.as_slice()].concat()), 403, "SignatureDoesNotMatch");
    stored(&scene, &scene.exchange(&[&bytes, body.as_slice()].concat()), &data);
}

/// Row 2: the last chunk is signed, too: a body cannot be cut where a chunk ends.
#[test]
fn signed_chunks_without_the_last_one_store_nothing() {
    let scene = Scene::new();
    let data = b"hello";
    let (bytes, mut signer) =
        Recorded::new(&with_framed_length(MINIO_GO, framed_length(5, 64))).fill(&scene.place(), data);
    let body = [signer.chunk(data), format!("0;chunk-signature={}\r\n\r\n", "0".repeat(64)).into_bytes()].concat();
    refused(&scene, &scene.exchange(&[&bytes, body.as_slice()].concat()), 403, "SignatureDoesNotMatch");
    let (bytes, mut signer) =
        Recorded::new(&with_framed_length(MINIO_GO, framed_length(5, 64))).fill(&scene.place(), data);
    let mut wire = scene.connect();
    wire.send(&[bytes, signer.chunk(data)].concat());
    wire.end_sending();
    refused(&scene, &wire.answer(), 400, "IncompleteBody");
}

/// Row 3: a signed trailer behind signed chunks, sent with `Expect` by Java 2.
#[test]
fn a_signed_trailer_is_checked() {
    let scene = Scene::new();
    let data = b"hello";
    let line = format!("x-amz-checksum-crc32:{}", crc32(data));
    let framed = framed_length(5, 64) - 2 + line.len() + 2 + "x-amz-trailer-signature:".len() + 64 + 4;
    let recorded = Recorded::new(&with_framed_length(JAVA_TRAILER, framed));
    let (bytes, mut signer) = recorded.fill(&scene.place(), data);
    let begin = [signer.chunk(data), signer.chunk(b"")].concat();
    let trailer = signer.trailer(&line);
    let forged = String::from_utf8_lossy(&trailer).replace("signature:", "signature:0").into_bytes();
    let forged = [forged.get(..forged.len() - 5).unwrap_or_default(), b"\r\n\r\n"].concat();
    for (end, outcome) in [(forged, (403, "SignatureDoesNotMatch")), (trailer, (200, ""))] {
        let mut wire = scene.connect();
        wire.send(&bytes);
        wire.expect(b"HTTP/1.1 100 Continue\r\n\r\n");
        wire.send(&begin);
        assert_eq!(framed, begin.len() + end.len());
        wire.send(&end);
        let answer = wire.answer();
        assert_eq!(answer.outcome(), (outcome.0, outcome.1.to_owned()), "{answer:?}");
        assert_eq!(scene.stored("key").is_some(), outcome.0 == 200);
    }
}

/// Row 5: the head promises chunks without signatures, the chunks have some: they are passed over.
#[test]
fn signatures_that_nobody_promised_are_not_looked_at() {
    let scene = Scene::new();
    let inner = format!(
        "5;chunk-signature={0}\r\nhello\r\n0;chunk-signature={0}\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
        "ab".repeat(32)
    );
    let body = format!("{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len());
    stored(&scene, &scene.replay(BOTO3_TRAILER, body.as_bytes()), b"hello");
}

/// Row 6: a way to send a body that nobody knows is refused, never stored with its framing in it.
#[test]
fn an_unknown_streaming_value_is_refused() {
    let scene = Scene::new();
    let other = |value: &str| JS_STREAM.replace("STREAMING-UNSIGNED-PAYLOAD-TRAILER", value);
    let answer = scene.replay(&other("STREAMING-AWS9-HMAC-SHA3-PAYLOAD"), JS_STREAM_BODY);
    refused(&scene, &answer, 400, "InvalidArgument");
    // Row 4's signatures are named, and are not served.
    let answer = scene.replay(&other("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER"), JS_STREAM_BODY);
    refused(&scene, &answer, 501, "NotImplemented");
}

/// Row 7: heads, chunk lines and trailers that come a byte at a time.
#[test]
fn a_request_may_come_byte_by_byte() {
    let scene = Scene::new();
    let request = scene.recorded(JS_STREAM, JS_STREAM_BODY);
    let mut wire = scene.connect();
    for byte in &request {
        wire.send(std::slice::from_ref(byte));
    }
    stored(&scene, &wire.answer(), b"hello");
    assert!(wire.is_silent(std::time::Duration::from_millis(50)), "the connection stays");
}

/// Row 7: chunks of one byte each.
#[test]
fn chunks_may_hold_one_byte_each() {
    let scene = Scene::new();
    let inner: String = "hello".chars().map(|letter| format!("1\r\n{letter}\r\n")).collect();
    let inner = format!("{inner}0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n");
    let body: String = inner.chars().map(|letter| format!("1\r\n{letter}\r\n")).collect();
    stored(&scene, &scene.replay(BOTO3_TRAILER, format!("{body}0\r\n\r\n").as_bytes()), b"hello");
}

/// Row 8: a length and chunks at once, as amazonka sends it. It is stored, and the connection ends.
#[test]
fn a_length_beside_chunks_is_borne_and_ends_the_connection() {
    let scene = Scene::new();
    let head = JS_STREAM.replace("transfer-encoding", "content-length: 97\r\ntransfer-encoding");
    let mut wire = scene.connect();
    wire.send(&scene.recorded(&head, JS_STREAM_BODY));
    let answer = wire.answer();
    assert!(answer.closes() && wire.ends(), "{answer:?}");
    stored(&scene, &answer, b"hello");
}

/// Row 9: what says how the body was sent goes, what says what it is stays.
#[test]
fn aws_chunked_is_taken_off_the_encodings() {
    let scene = Scene::new();
    let answer = scene.replay(&JS_STREAM.replace("aws-chunked", "gzip, aws-chunked"), JS_STREAM_BODY);
    stored(&scene, &answer, b"hello");
    assert_eq!(scene.ask("GET", "/key", &[], b"").header("content-encoding"), Some("gzip"));
    // Every such token goes, wherever it stands, also where there are two lines.
    let line = "content-encoding: aws-chunked\r\n";
    for (lines, left) in [
        ("content-encoding: aws-chunked,gzip\r\n", Some("gzip")),
        ("content-encoding: aws-chunked, gzip, aws-chunked\r\n", Some("gzip")),
        ("content-encoding: AWS-Chunked,br , aws-chunked,gzip\r\n", Some("br,gzip")),
        ("content-encoding: aws-chunked, aws-chunked\r\n", None),
        ("content-encoding: gzip\r\ncontent-encoding: aws-chunked\r\n", Some("gzip")),
        ("content-encoding: aws-chunked\r\ncontent-encoding: gzip\r\n", Some("gzip")),
        ("content-encoding: aws-chunked\r\ncontent-encoding: aws-chunked\r\n", None),
    ] {
        let answer = scene.replay(&JS_STREAM.replace(line, lines), JS_STREAM_BODY);
        assert_eq!(answer.status, 200, "{lines}: {answer:?}");
        let shown = scene.ask("GET", "/key", &[], b"").header("content-encoding").map(|value| value.replace(' ', ""));
        assert_eq!(shown.as_deref(), left, "{lines}");
    }
}

/// Row 10: a body whose digest is signed.
#[test]
fn a_signed_digest_is_compared_with_the_body() {
    let scene = Scene::new();
    let mut request = scene.plain("PUT", "/key", &[], b"hello");
    *request.last_mut().expect("it has a body") = b'0';
    let answer = scene.exchange(&request);
    refused(&scene, &answer, 400, "XAmzContentSHA256Mismatch");
    assert_eq!(answer.element("ClientComputedContentSHA256"), Some(sha256_hex(b"hello")));
    assert_eq!(answer.element("S3ComputedContentSHA256"), Some(sha256_hex(b"hell0")));
    stored(&scene, &scene.ask("PUT", "/key", &[], b"hello"), b"hello");
}

/// Row 10: a body that nobody signed, over plain HTTP too.
#[test]
fn an_unsigned_body_is_taken() {
    let scene = Scene::new();
    let head = "PUT /{bucket}/key HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nX-Amz-Date: {date}\r\n\
        X-Amz-Content-SHA256: UNSIGNED-PAYLOAD\r\nAuthorization: AWS4-HMAC-SHA256 Credential={scope}, \
        SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}\r\n\r\n";
    stored(&scene, &scene.replay(head, b"hello"), b"hello");
}

/// Rows 11 and 13: each of the five checksums, right and wrong and malformed; echoed at once, and on a read that asks.
#[test]
fn checksums_in_headers_are_compared_and_shown() {
    let hello = [
        ("x-amz-checksum-crc32", "NhCmhg=="),
        ("x-amz-checksum-crc32c", "mnG7TA=="),
        ("x-amz-checksum-crc64nvme", "M3eFcAZSQlc="),
        ("x-amz-checksum-sha1", "qvTGHdzF6KLavt4PO0gs2a6pQ00="),
        ("x-amz-checksum-sha256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="),
    ];
    assert_eq!(crc64_nvme(b"hello"), hello[2].1);
    for (name, value) in hello {
        let scene = Scene::new();
        refused(&scene, &scene.ask("PUT", "/key", &[(name, value)], b"hullo"), 400, "BadDigest");
        for malformed in ["", "NhCmhg", "!!!!!!==", "AAAA"] {
            refused(&scene, &scene.ask("PUT", "/key", &[(name, malformed)], b"hello"), 400, "InvalidRequest");
        }
        let answer = scene.ask("PUT", "/key", &[(name, value)], b"hello");
        stored(&scene, &answer, b"hello");
        assert_eq!(answer.header(name), Some(value));
        assert_eq!(answer.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
        for method in ["GET", "HEAD"] {
            let asked = scene.ask(method, "/key", &[("x-amz-checksum-mode", "ENABLED")], b"");
            assert_eq!(asked.header(name), Some(value), "{method}");
            assert_eq!(asked.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
            assert_eq!(scene.ask(method, "/key", &[], b"").header(name), None, "{method}: nobody asked");
        }
    }
}

/// Row 12: the SDK's hint alone promises nothing.
#[test]
fn a_hint_without_a_checksum_is_borne() {
    let scene = Scene::new();
    let answer = scene.ask("PUT", "/key", &[("x-amz-sdk-checksum-algorithm", "CRC32")], b"hello");
    stored(&scene, &answer, b"hello");
    assert_eq!(scene.ask("PUT", "/key", &[("x-amz-sdk-checksum-algorithm", "CRC9000")], b"hello").status, 200);
}

/// Row 14: a part of the bytes has no checksum of the whole.
#[test]
fn a_range_has_no_checksum_of_the_object() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    let ranged = scene.ask("GET", "/key", &[("Range", "bytes=0-2"), ("x-amz-checksum-mode", "ENABLED")], b"");
    assert_eq!((ranged.status, ranged.text().as_str()), (206, "hel"));
    assert!(
        !ranged.headers.iter().any(|(name, _)| name.to_ascii_lowercase().starts_with("x-amz-checksum")),
        "{ranged:?}"
    );
}

/// Row 16: what came without a checksum gets one.
#[test]
fn an_object_without_a_checksum_gets_a_crc64() {
    let scene = Scene::new();
    let sum = crc64_nvme(b"hello");
    assert_eq!(scene.put("key", b"hello").header("x-amz-checksum-crc64nvme"), Some(sum.as_str()));
    let read = scene.ask("GET", "/key?attributes", &[("x-amz-object-attributes", "Checksum,ObjectSize")], b"");
    assert_eq!(read.element("ChecksumCRC64NVME"), Some(sum), "{read:?}");
    assert_eq!(read.element("ObjectSize").as_deref(), Some("5"));
}

/// Row 17: Content-MD5 in all its conditions.
#[test]
fn content_md5_is_compared() {
    let scene = Scene::new();
    let other = base64(&md5(b"hullo"));
    refused(&scene, &scene.ask("PUT", "/key", &[("Content-MD5", &other)], b"hello"), 400, "BadDigest");
    for invalid in ["", "AAAA", "no base64 at all!", "XUFAKrxLKna5cZ2REBfFkg"] {
        refused(&scene, &scene.ask("PUT", "/key", &[("Content-MD5", invalid)], b"hello"), 400, "InvalidDigest");
    }
    stored(&scene, &scene.ask("PUT", "/key", &[("Content-MD5", &base64(&md5(b"hello")))], b"hello"), b"hello");
}

/// Row 17: also for a body that is larger than what is kept in one record.
#[test]
fn the_md5_of_a_large_body_is_compared() {
    let scene = Scene::new();
    let body = vec![7; 300_000];
    let other = base64(&md5(b"hullo"));
    refused(&scene, &scene.ask("PUT", "/key", &[("Content-MD5", &other)], &body), 400, "BadDigest");
    let answer = scene.ask("PUT", "/key", &[("x-amz-checksum-crc32", "NhCmhg==")], &body);
    refused(&scene, &answer, 400, "BadDigest");
    stored(&scene, &scene.ask("PUT", "/key", &[("Content-MD5", &base64(&md5(&body)))], &body), &body);
}

/// Row 18: DeleteObjects wants an MD5 or any checksum.
#[test]
fn deleting_many_wants_a_proof_of_the_document() {
    let scene = Scene::new();
    let document = b"<Delete><Object><Key>key</Key></Object></Delete>";
    let (sum, castagnoli, nvme) = (crc32(document), crc32c(document), crc64_nvme(document));
    let digest = base64(&md5(document));
    for proof in [
        ("x-amz-checksum-crc32", sum.as_str()),
        ("x-amz-checksum-crc32c", &castagnoli),
        ("x-amz-checksum-crc64nvme", &nvme),
        ("x-amz-checksum-sha1", "jxgWvXQ/Z/4Png14vZbT+HrO+sI="),
        ("x-amz-checksum-sha256", "+57kJYO5u/sFFgP3tQ1PKlGPhoPCcGX8kbyt7O9fvoU="),
        ("Content-MD5", &digest),
    ] {
        scene.put("key", b"hello");
        let answer = scene.ask("POST", "?delete", &[], document);
        assert_eq!(answer.outcome(), (400, "InvalidRequest".to_owned()), "{answer:?}");
        assert!(scene.stored("key").is_some());
        let wrong = scene.ask("POST", "?delete", &[("x-amz-checksum-crc32", "AAAAAA==")], document);
        assert_eq!(wrong.outcome(), (400, "BadDigest".to_owned()));
        let wrong = scene.ask("POST", "?delete", &[proof], b"<Delete><Object><Key>kez</Key></Object></Delete>");
        assert_eq!(wrong.outcome(), (400, "BadDigest".to_owned()), "{proof:?}");
        let wrong = scene.ask("POST", "?delete", &[("Content-MD5", &base64(&md5(b"x")))], document);
        assert_eq!(wrong.outcome(), (400, "BadDigest".to_owned()));
        assert!(scene.stored("key").is_some());
        assert_eq!(scene.ask("POST", "?delete", &[proof], document).status, 200);
        assert_eq!(scene.stored("key"), None);
    }
}

/// Row 22: a PUT without a length.
#[test]
fn a_put_without_a_length_is_refused() {
    let scene = Scene::new();
    let without = |line: &str| {
        let request = String::from_utf8(scene.plain("PUT", "/key", &[], b"hello")).expect("it is text");
        request.replace("Content-Length: 5\r\n", line).into_bytes()
    };
    let request = without("");
    let request = request.get(..request.len() - 5).expect("the body is cut off");
    refused(&scene, &scene.exchange(request), 411, "MissingContentLength");
    for garbage in ["-5", "five", "5, 5", "0x5", "+5", "5 5", "99999999999999999999", ""] {
        let mut wire = scene.connect();
        wire.send(&without(&format!("Content-Length: {garbage}\r\n")));
        let answer = wire.answer();
        refused(&scene, &answer, 400, "InvalidRequest");
        assert!(answer.closes() && wire.ends(), "{garbage}");
    }
}

/// Row 23: nothing at all, in both framings.
#[test]
fn an_empty_object_comes_in_every_framing() {
    let scene = Scene::new();
    let inner = "0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n";
    let body = format!("{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len());
    let head = BOTO3_TRAILER.replace("Length: 5", "Length: 0");
    stored(&scene, &scene.replay(&head, body.as_bytes()), b"");
    let scene = Scene::new();
    let (bytes, mut signer) =
        Recorded::new(&with_framed_length(MINIO_GO, framed_length(0, 64))).fill(&scene.place(), b"");
    stored(&scene, &scene.exchange(&[bytes, signer.body(b"", 64)].concat()), b"");
    let scene = Scene::new();
    stored(&scene, &scene.ask("PUT", "/key", &[], b""), b"");
}

/// Row 24: fewer bytes than were announced.
#[test]
fn a_body_that_ends_early_stores_nothing() {
    for body in [b"hello".to_vec(), vec![7; 300_000]] {
        let scene = Scene::new();
        let request = scene.plain("PUT", "/key", &[], &body);
        let mut wire = scene.connect();
        wire.send(request.get(..request.len() - 1).expect("a byte is missing"));
        wire.end_sending();
        refused(&scene, &wire.answer(), 400, "IncompleteBody");
        assert!(wire.ends());
        // The same from a client that goes away without a word.
        let mut wire = scene.connect();
        wire.send(request.get(..request.len() - 1).expect("a byte is missing"));
        drop(wire);
        assert_eq!(scene.stored("key"), None);
    }
}

/// Row 24: `x-amz-decoded-content-length` is held to what came.
#[test]
fn the_decoded_length_is_compared() {
    let scene = Scene::new();
    for (said, status, code) in [
        ("6", 400, "IncompleteBody"),
        ("4", 400, "InvalidRequest"),
        ("five", 411, "MissingContentLength"),
        ("-1", 411, "MissingContentLength"),
    ] {
        let head = JS_STREAM.replace("length: 5", &format!("length: {said}"));
        refused(&scene, &scene.replay(&head, JS_STREAM_BODY), status, code);
    }
}

/// Row 24: more bytes than were announced are the next request.
#[test]
fn what_follows_a_body_is_the_next_request() {
    let scene = Scene::new();
    let mut wire = scene.connect();
    let both = [scene.plain("PUT", "/key", &[], b"hello"), scene.plain("GET", "/key", &[], b"")].concat();
    wire.send(&both);
    assert_eq!(wire.answer().status, 200);
    assert_eq!(wire.answer().text(), "hello");
    // Bytes that are no request are answered as such, and the object stands.
    let mut wire = scene.connect();
    wire.send(&[scene.plain("PUT", "/key", &[], b"hullo"), b"extra bytes\r\n\r\n".to_vec()].concat());
    assert_eq!(wire.answer().status, 200);
    let answer = wire.answer();
    assert_eq!(answer.status, 400);
    assert!(answer.closes() && wire.ends());
    assert_eq!(scene.stored("key").as_deref(), Some(b"hullo".as_slice()));
}

/// Only a `STREAMING-` word says that a body is framed, and without one the framing was stored. S3 refuses the first of
/// these requests.
#[test]
fn an_aws_chunked_body_whose_signature_says_otherwise_is_refused() {
    let scene = Scene::new();
    let body = b"5\r\nhello\r\n0\r\n\r\n";
    let head = |word: &str, encoding: &str| {
        format!(
            "PUT /{{bucket}}/key HTTP/1.1\r\nHost: {{host}}\r\nContent-Encoding: {encoding}\r\n\
             Content-Length: {{length}}\r\nX-Amz-Date: {{date}}\r\nX-Amz-Content-SHA256: {word}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential={{scope}}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
             Signature={{signature}}\r\n\r\n"
        )
    };
    for (word, encoding) in
        [("UNSIGNED-PAYLOAD", "aws-chunked"), ("UNSIGNED-PAYLOAD", "gzip, AWS-chunked"), ("{sha256}", "aws-chunked")]
    {
        let answer = scene.replay(&head(word, encoding), body);
        assert_eq!(answer.outcome(), (400, "InvalidArgument".to_owned()), "{word} {encoding}: {answer:?}");
        assert_eq!(answer.element("ArgumentName").as_deref(), Some("Content-Encoding"));
        assert_eq!(scene.stored("key"), None);
    }
    // Where there is no body there is no framing, and the word is not of the object.
    assert_eq!(scene.replay(&head("UNSIGNED-PAYLOAD", "aws-chunked"), b"").status, 200);
    assert_eq!(scene.ask("HEAD", "/key", &[], b"").header("content-encoding"), None);
}

/// The word of a URL of version 2 was not looked at, and a body in chunks was stored with their lines in it.
#[test]
fn the_chunks_of_a_presigned_put_of_version_2_are_taken_off() {
    let scene = Scene::new();
    let put = |word: &str| {
        let line = format!("x-amz-content-sha256:{word}\n");
        let resource = format!("/{}/key", scene.bucket());
        let query = query_of_version_2("PUT", &resource, &line, now_s() + 300);
        let head = format!(
            "PUT {resource}?{query} HTTP/1.1\r\nHost: {}\r\nx-amz-content-sha256: {word}\r\n\
             Content-Encoding: aws-chunked\r\nContent-Length: 15\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            scene.host()
        );
        scene.exchange(head.as_bytes())
    };
    let signed = put("STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
    assert_eq!(signed.outcome(), (400, "InvalidRequest".to_owned()), "nothing begins the chain: {signed:?}");
    assert_eq!(scene.stored("key"), None);
    let answer = put("STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(scene.stored("key").as_deref(), Some(b"hello".as_slice()));
}
