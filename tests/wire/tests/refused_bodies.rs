//! What follows a refused body is the next request. A body is refused somewhere on its way, and holds bytes that look
//! like a request: they are never taken for one, and the request that does follow is answered, or the connection ends.
//!
//! A defect of this kind was there: a body was refused within its chunks, and the bytes of the chunk were still counted
//! as what comes next, so that a client could hide a request of its own choice in the body of somebody else's.

use stratum_wire::{Recorded, Scene, base64, crc32, md5};

const TRAILER: &str = "PUT /{bucket}/refused HTTP/1.1\r\nHost: {host}\r\nContent-Encoding: aws-chunked\r\n\
    {FRAMING}\r\nX-Amz-Decoded-Content-Length: {DECODED}\r\nX-Amz-Trailer: x-amz-checksum-crc32\r\n\
    X-Amz-Date: {date}\r\nX-Amz-Content-SHA256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\nAuthorization: AWS4-HMAC-SHA256 \
    Credential={scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-trailer, \
    Signature={signature}\r\n\r\n";

const SIGNED: &str = "PUT /{bucket}/refused HTTP/1.1\r\nHost: {host}\r\nContent-Encoding: aws-chunked\r\n\
    Content-Length: {FRAMED}\r\nX-Amz-Decoded-Content-Length: {length}\r\nX-Amz-Date: {date}\r\n\
    X-Amz-Content-SHA256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\nAuthorization: AWS4-HMAC-SHA256 Credential={scope}, \
    SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length, Signature={signature}\r\n\r\n";

/// A scene with an object that the next request reads.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.put("next", b"the next answer");
    scene
}

/// A request as it would stand in a body: signed, and it would store something.
fn hidden(scene: &Scene) -> Vec<u8> {
    scene.plain("PUT", "/hidden", &[], b"from within a body")
}

/// Sends a request that is refused and the next one behind it, at once and one after the other.
fn next_is_next(scene: &Scene, what: &str, request: &[u8], status: u16, code: &str) {
    let next = scene.plain("GET", "/next", &[], b"");
    for at_once in [true, false] {
        let mut wire = scene.connect();
        if at_once {
            wire.send(&[request, &next].concat());
        } else {
            wire.send(request);
        }
        let answer = wire.answer();
        assert_eq!(answer.outcome(), (status, code.to_owned()), "{what}, at once: {at_once}: {answer:?}");
        let following = (!answer.closes()).then(|| {
            if !at_once {
                wire.send(&next);
            }
            wire.answer()
        });
        assert_eq!(scene.stored("hidden"), None, "{what}, at once: {at_once}: a request was taken out of a body");
        assert_eq!(scene.stored("refused"), None, "{what}: what was refused is not stored");
        match following {
            Some(following) => assert_eq!(
                (following.status, following.text().as_str()),
                (200, "the next answer"),
                "{what}, at once: {at_once}: what was answered is not what was asked"
            ),
            None => assert!(wire.ends(), "{what}, at once: {at_once}: it says that it ends, and goes on"),
        }
    }
}

/// A body in chunks that nobody signed, framed by a length or by chunks of its own.
fn chunked(scene: &Scene, decoded: usize, inner: &[u8], within_chunks: bool) -> Vec<u8> {
    let (framing, body) = if within_chunks {
        let outer = [format!("{:x}\r\n", inner.len()).as_bytes(), inner, b"\r\n0\r\n\r\n"].concat();
        ("Transfer-Encoding: chunked".to_owned(), outer)
    } else {
        (format!("Content-Length: {}", inner.len()), inner.to_vec())
    };
    let head = TRAILER.replace("{FRAMING}", &framing).replace("{DECODED}", &decoded.to_string());
    scene.recorded(&head, &body)
}

fn inner(data: &[u8], trailer: &str) -> Vec<u8> {
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n0\r\n", trailer.as_bytes(), b"\r\n\r\n"].concat()
}

fn trailer_of(data: &[u8]) -> String {
    format!("x-amz-checksum-crc32:{}", crc32(data))
}

/// The length that was said is too short: the rest of the chunk is no request.
#[test]
fn after_a_decoded_length_that_is_too_short() {
    let scene = scene();
    let data = hidden(&scene);
    // As long as what stands behind the chunk: whoever forgot the chunk and dropped as much of what came would find the
    // request behind this.
    let behind = inner(b"", &trailer_of(b"")).len() - "0\r\n".len();
    for within_chunks in [false, true] {
        for padding in [behind, 0] {
            let padded = [vec![b'x'; padding], data.clone()].concat();
            for said in [0, 1, padded.len() - 1] {
                let request = chunked(&scene, said, &inner(&padded, &trailer_of(&padded)), within_chunks);
                let what = format!("said {said} of {}, within chunks: {within_chunks}", padded.len());
                next_is_next(&scene, &what, &request, 400, "InvalidRequest");
            }
        }
        // A chunk that is right, and one too much, which begins with a request.
        let two = [b"5\r\nhello\r\n".as_slice(), &inner(&data, &trailer_of(&data))].concat();
        let request = chunked(&scene, 5, &two, within_chunks);
        next_is_next(
            &scene,
            &format!("a chunk too much, within chunks: {within_chunks}"),
            &request,
            400,
            "InvalidRequest",
        );
    }
}

/// The length that was said is too long: that shows at the end.
#[test]
fn after_a_decoded_length_that_is_too_long() {
    let scene = scene();
    let data = hidden(&scene);
    for within_chunks in [false, true] {
        let request = chunked(&scene, data.len() + 1, &inner(&data, &trailer_of(&data)), within_chunks);
        next_is_next(&scene, &format!("within chunks: {within_chunks}"), &request, 400, "IncompleteBody");
    }
}

/// The first chunk, or the last one, is not signed as it should be; what it holds is no request.
#[test]
fn after_a_wrong_signature_of_a_chunk() {
    let scene = scene();
    let data = hidden(&scene);
    let line = |size: usize| format!("{size:x};chunk-signature={}\r\n", "0".repeat(64)).into_bytes();
    let forged = [line(data.len()).as_slice(), &data, b"\r\n", &line(0), b"\r\n"].concat();
    let head = SIGNED.replace("{FRAMED}", &forged.len().to_string());
    let (bytes, mut signer) = Recorded::new(&head).fill(&scene.place(), &data);
    next_is_next(&scene, "the first chunk", &[&bytes, forged.as_slice()].concat(), 403, "SignatureDoesNotMatch");
    let last = [signer.chunk(&data), line(0), b"\r\n".to_vec()].concat();
    assert_eq!(last.len(), forged.len());
    next_is_next(&scene, "the last chunk", &[&bytes, last.as_slice()].concat(), 403, "SignatureDoesNotMatch");
}

/// What stands behind the chunks is not what was announced, or another body's.
#[test]
fn after_a_bad_trailer() {
    let scene = scene();
    let data = hidden(&scene);
    for (trailer, code) in [
        (trailer_of(b"another"), "BadDigest"),
        ("x-amz-checksum-crc32:NhCmhg=!".to_owned(), "InvalidRequest"),
        ("x-amz-checksum-sha1:NhCmhg==".to_owned(), "MalformedTrailerError"),
        ("no trailer at all".to_owned(), "InvalidRequest"),
    ] {
        for within_chunks in [false, true] {
            let request = chunked(&scene, data.len(), &inner(&data, &trailer), within_chunks);
            next_is_next(&scene, &format!("{trailer}, within chunks: {within_chunks}"), &request, 400, code);
        }
    }
}

/// Chunks that are none, within a length that is right, and a request behind the last chunk but within the length.
#[test]
fn after_chunks_that_are_none() {
    let scene = scene();
    let data = hidden(&scene);
    let good = inner(b"hello", &trailer_of(b"hello"));
    let request = |inner: &[u8], within_chunks| chunked(&scene, 5, inner, within_chunks);
    for within_chunks in [false, true] {
        let no_size = [b"zz\r\n".as_slice(), &data].concat();
        let no_end = [b"5\r\nhelloXX".as_slice(), &data].concat();
        for (what, inner) in [("no size", no_size), ("no end", no_end), ("a request alone", data.clone())] {
            let what = format!("{what}, within chunks: {within_chunks}");
            next_is_next(&scene, &what, &request(&inner, within_chunks), 400, "InvalidRequest");
        }
        let behind = request(&[good.as_slice(), &data].concat(), within_chunks);
        let what = format!("behind the last chunk, within chunks: {within_chunks}");
        next_is_next(&scene, &what, &behind, 400, "InvalidRequest");
    }
}

/// A body of a known length whose digest or checksum is another's.
#[test]
fn after_a_body_that_is_another() {
    let scene = scene();
    let data = hidden(&scene);
    let other = base64(&md5(b"another"));
    for (name, value, code) in [
        ("Content-MD5", other.as_str(), "BadDigest"),
        ("Content-MD5", "no digest", "InvalidDigest"),
        ("x-amz-checksum-crc32", "NhCmhg==", "BadDigest"),
        ("x-amz-checksum-crc32", "x", "InvalidRequest"),
    ] {
        next_is_next(&scene, name, &scene.plain("PUT", "/refused", &[(name, value)], &data), 400, code);
    }
    let mut torn = scene.plain("PUT", "/refused", &[], &data);
    *torn.last_mut().expect("it has a body") ^= 1;
    next_is_next(&scene, "the digest", &torn, 400, "XAmzContentSHA256Mismatch");
}

/// What is refused before its body is looked at: nobody, a wrong signature, no bucket, no upload, nothing served.
#[test]
fn after_a_request_that_is_refused_for_its_head() {
    let scene = scene();
    let data = hidden(&scene);
    let nobody =
        format!("PUT /{{bucket}}/refused HTTP/1.1\r\nHost: {{host}}\r\nContent-Length: {}\r\n\r\n", data.len());
    next_is_next(&scene, "nobody", &scene.recorded(&nobody, &data), 403, "AccessDenied");
    let forged = String::from_utf8(scene.plain("PUT", "/refused", &[], &data)).expect("it is text");
    let forged = forged.replacen("/refused ", "/refuse ", 1);
    next_is_next(&scene, "a signature", forged.as_bytes(), 403, "SignatureDoesNotMatch");
    let nowhere = scene.plain_at("PUT /no-such-bucket-here/refused", &[], &data);
    next_is_next(&scene, "no bucket", &nowhere, 404, "NoSuchBucket");
    let part = scene.plain("PUT", "/refused?partNumber=1&uploadId=0123456789abcdef0123456789abcdef", &[], &data);
    next_is_next(&scene, "no upload", &part, 404, "NoSuchUpload");
    let sealed = scene.plain("PUT", "/refused", &[("x-amz-server-side-encryption", "AES256")], &data);
    next_is_next(&scene, "not served", &sealed, 501, "NotImplemented");
    let form = scene.plain("POST", "", &[], &data);
    next_is_next(&scene, "a form", &form, 501, "NotImplemented");
    let read = scene.plain("GET", "/none", &[], b"");
    next_is_next(&scene, "no object", &read, 404, "NoSuchKey");
}

/// Bodies of requests that want none: they are no requests either, whatever becomes of the one that had them.
#[test]
fn after_a_body_that_nobody_wants() {
    let scene = scene();
    let data = hidden(&scene);
    let length = format!("Content-Length: {}\r\n\r\n", data.len());
    for (method, target) in [("GET", "/none"), ("GET", "?list-type=7&max-keys=x"), ("DELETE", "/none?uploadId=0")] {
        let request = String::from_utf8(scene.plain(method, target, &[], b"")).expect("it is text");
        let request = [request.replacen("\r\n\r\n", &format!("\r\n{length}"), 1).as_bytes(), &data].concat();
        let mut wire = scene.connect();
        wire.send(&[request, scene.plain("GET", "/next", &[], b"")].concat());
        let answer = wire.answer();
        assert!((400..500).contains(&answer.status), "{method} {target}: {answer:?}");
        if answer.closes() {
            assert!(wire.ends(), "{method} {target}");
        } else {
            assert_eq!(wire.answer().text(), "the next answer", "{method} {target}");
        }
        assert_eq!(scene.stored("hidden"), None, "{method} {target}");
    }
}

/// Documents that are none or too long.
#[test]
fn after_a_document_that_is_refused() {
    let scene = scene();
    let data = hidden(&scene);
    let proof = crc32(&data);
    let none = scene.plain("POST", "?delete", &[("x-amz-checksum-crc32", &proof)], &data);
    next_is_next(&scene, "no document", &none, 400, "MalformedXML");
    let unproven = scene.plain("POST", "?delete", &[], b"<Delete><Object><Key>a</Key></Object></Delete>");
    next_is_next(&scene, "no proof", &unproven, 400, "InvalidRequest");
    let completing = scene.plain("POST", "/refused?uploadId=0123456789abcdef0123456789abcdef", &[], &data);
    next_is_next(&scene, "no list of parts", &completing, 400, "MalformedXML");
    let begin = format!("<CreateBucketConfiguration>{}", " ".repeat(64 * 1024));
    let long = [begin.as_bytes(), &data, b"</CreateBucketConfiguration>"].concat();
    next_is_next(&scene, "too long", &scene.plain("PUT", "", &[], &long), 400, "MalformedXML");
    let begin = format!("<Delete>{}", " ".repeat(4 * 1024 * 1024));
    let long = [begin.as_bytes(), &data].concat();
    let proof = crc32(&long);
    let long = scene.plain("POST", "?delete", &[("x-amz-checksum-crc32", &proof)], &long);
    next_is_next(&scene, "far too long", &long, 400, "MalformedXML");
}
