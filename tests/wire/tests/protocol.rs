//! What is no matter of one operation: buckets, probes, errors, limits.

use stratum_wire::{Answer, Scene, Wire, crc32};

fn outcome(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// Row 95: an error's document and headers.
#[test]
fn an_error_says_what_went_wrong_and_with_what() {
    let scene = Scene::new();
    let answer = scene.ask("GET", "/no%20key", &[], b"");
    assert_eq!(answer.outcome(), outcome(404, "NoSuchKey"));
    assert!(answer.text().starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/xml"));
    assert_eq!(answer.element("Key").as_deref(), Some("no key"));
    assert_eq!(answer.element("Resource"), Some(format!("/{}/no%20key", scene.bucket())));
    let id = answer.header("x-amz-request-id").expect("every answer has one");
    assert_eq!(answer.element("RequestId").as_deref(), Some(id));
    assert!(answer.header("x-amz-id-2").is_some() && answer.element("HostId").is_some());
    assert!(answer.element("Message").is_some_and(|message| !message.is_empty()));
    let elsewhere = scene.exchange(&scene.plain_at("GET /no-such-bucket-here", &[], b""));
    assert_eq!(elsewhere.outcome(), outcome(404, "NoSuchBucket"));
    assert_eq!(elsewhere.element("BucketName").as_deref(), Some("no-such-bucket-here"));
    assert_ne!(elsewhere.header("x-amz-request-id"), answer.header("x-amz-request-id"));
    assert!(elsewhere.header("date").is_some());
}

/// Rows 96 and 97: what is not served is 501, which nobody retries, and names what it was; nothing is redirected.
#[test]
fn what_is_not_served_says_so() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    for (method, target, headers) in [
        ("PUT", "?versioning", vec![]),
        ("PUT", "?policy", vec![]),
        ("PUT", "/key?tagging", vec![]),
        ("POST", "/key?restore", vec![]),
        ("POST", "/key?select&select-type=2", vec![]),
        ("GET", "/key?torrent", vec![]),
        ("PUT", "/key", vec![("x-amz-server-side-encryption", "AES256")]),
        ("PUT", "/key", vec![("x-amz-object-lock-mode", "GOVERNANCE")]),
        ("PUT", "/key", vec![("x-amz-tagging", "a=b")]),
        ("PUT", "/key", vec![("x-amz-acl", "public-read")]),
        ("PUT", "/key", vec![("x-amz-storage-class", "GLACIER")]),
        ("POST", "", vec![]),
    ] {
        let answer = scene.ask(method, target, &headers, b"other");
        assert_eq!(answer.outcome(), outcome(501, "NotImplemented"), "{method} {target} {headers:?}");
        assert!(answer.element("Header").is_some() && answer.header("location").is_none(), "{answer:?}");
    }
    assert_eq!(scene.stored("key").as_deref(), Some(b"hello".as_slice()));
    for method in ["PATCH", "TRACE", "PROPFIND", "BREW"] {
        let answer = scene.ask(method, "/key", &[], b"");
        assert_eq!(answer.outcome(), outcome(405, "MethodNotAllowed"), "{method}");
        assert_eq!(answer.header("allow"), Some("GET, HEAD, PUT, DELETE"), "{method}");
        assert_eq!(answer.element("ResourceType").as_deref(), Some("OBJECT"), "{method}");
    }
    let acl = scene.ask("PUT", "/key", &[("x-amz-acl", "open")], b"other");
    assert_eq!(acl.outcome(), outcome(400, "InvalidArgument"));
    for probe in ["retention", "legal-hold"] {
        let lock = scene.ask("GET", &format!("/key?{probe}"), &[], b"");
        assert_eq!(lock.outcome(), outcome(400, "InvalidRequest"), "{probe}");
    }
}

/// An anonymous request was told what is served and what is not, before it was told that it may do nothing; and
/// AccessDenied where there is nothing to be denied.
#[test]
fn whoever_does_not_sign_is_told_nothing_else() {
    let scene = Scene::new();
    let nobody = |request: &str, line: &str| {
        scene.replay(&format!("{request} HTTP/1.1\r\nHost: {{host}}\r\n{line}Content-Length: 0\r\n\r\n"), b"")
    };
    for (request, line) in [
        ("GET /", ""),
        ("GET /{bucket}", ""),
        ("GET /{bucket}/key", ""),
        ("PUT /{bucket}?versioning", ""),
        ("PATCH /{bucket}/key", ""),
        ("PUT /{bucket}/key", "x-amz-tagging: a=b\r\n"),
        ("PUT /no-such-bucket-here", ""),
    ] {
        assert_eq!(nobody(request, line).outcome(), outcome(403, "AccessDenied"), "{request}");
    }
    for request in ["GET /no-such-bucket-here", "PUT /no-such-bucket-here/key", "PUT /no-such-bucket-here?acl"] {
        assert_eq!(nobody(request, "").outcome(), outcome(404, "NoSuchBucket"), "{request}");
    }
}

/// What asks for what is so anyway is taken: the only access list and the only class that there are.
#[test]
fn what_is_so_already_may_be_asked_for() {
    let headers = [("x-amz-acl", "private"), ("x-amz-storage-class", "STANDARD")];
    let scene = Scene::without_bucket();
    assert_eq!(scene.ask("PUT", "", &[("x-amz-acl", "private")], b"").status, 200);
    assert_eq!(scene.ask("PUT", "/key", &headers, b"hello").status, 200);
    assert_eq!(scene.stored("key").as_deref(), Some(b"hello".as_slice()));
    assert_eq!(scene.ask("HEAD", "/key", &[], b"").header("x-amz-storage-class"), None, "S3 does not name this one");
    let upload = scene.ask("POST", "/parts?uploads", &headers, b"");
    assert_eq!((upload.status, upload.element("UploadId").is_some()), (200, true), "{upload:?}");
    let source = format!("{}/key", scene.bucket());
    let copy = [&[("x-amz-copy-source", source.as_str())], headers.as_slice()].concat();
    assert_eq!(scene.ask("PUT", "/copy", &copy, b"").status, 200);
    assert_eq!(scene.ask("PUT", "?acl", &[("x-amz-acl", "private")], b"").status, 200);
    assert_eq!(scene.ask("PUT", "/key?acl", &[("x-amz-acl", "private")], b"").status, 200);
    for (name, value, refused) in [
        ("x-amz-storage-class", "BETTER", outcome(400, "InvalidStorageClass")),
        ("x-amz-acl", "public-read", outcome(501, "NotImplemented")),
    ] {
        assert_eq!(scene.ask("PUT", "/other", &[(name, value)], b"hello").outcome(), refused);
        assert_eq!(scene.stored("other"), None);
    }
}

/// Row 98: buckets are made, made again, and deleted once they are empty.
#[test]
fn a_bucket_is_deleted_once_it_is_empty() {
    let scene = Scene::new();
    assert_eq!(scene.ask("PUT", "", &[], b"").status, 200, "in the first region a second creation is as the first");
    scene.put("key", b"hello");
    let full = scene.ask("DELETE", "", &[], b"");
    assert_eq!(full.outcome(), outcome(409, "BucketNotEmpty"));
    assert_eq!(full.element("BucketName").as_deref(), Some(scene.bucket()));
    assert_eq!(scene.ask("DELETE", "/key", &[], b"").status, 204);
    assert_eq!(scene.ask("DELETE", "", &[], b"").status, 204);
    assert_eq!(scene.ask("HEAD", "", &[], b"").status, 404);
    assert_eq!(scene.ask("DELETE", "", &[], b"").outcome(), outcome(404, "NoSuchBucket"));
    assert_eq!(scene.ask("PUT", "/key", &[], b"hello").outcome(), outcome(404, "NoSuchBucket"));
}

/// More buckets on a page than there can be were taken for as many as there can be.
#[test]
fn a_page_of_buckets_has_a_limit() {
    let scene = Scene::new();
    for (most, status) in [("1", 200), ("10000", 200), ("0", 400), ("10001", 400), ("-1", 400)] {
        let answer = scene.exchange(&scene.plain_at(&format!("GET /?max-buckets={most}"), &[], b""));
        assert_eq!(answer.status, status, "{most}: {answer:?}");
    }
}

/// Row 106: a bucket is made with and without a document, with and without a length.
#[test]
fn a_bucket_is_made_in_every_way() {
    let document = |region: &str| {
        format!(
            "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>{region}\
             </LocationConstraint></CreateBucketConfiguration>"
        )
    };
    let here = document("us-east-1");
    for body in ["", here.as_str(), "<CreateBucketConfiguration/>"] {
        let scene = Scene::without_bucket();
        let answer = scene.ask("PUT", "", &[], body.as_bytes());
        assert_eq!(answer.status, 200, "{body}: {answer:?}");
        assert_eq!(answer.header("location"), Some(format!("/{}", scene.bucket()).as_str()));
        assert_eq!(scene.ask("HEAD", "", &[], b"").status, 200);
    }
    let scene = Scene::without_bucket();
    let request = String::from_utf8(scene.plain("PUT", "", &[], b"")).expect("it is text");
    assert_eq!(scene.exchange(request.replace("Content-Length: 0\r\n", "").as_bytes()).status, 200);
    let scene = Scene::without_bucket();
    let elsewhere = scene.ask("PUT", "", &[], document("eu-west-1").as_bytes());
    assert_eq!(elsewhere.outcome(), outcome(400, "IllegalLocationConstraintException"));
    let nowhere = scene.ask("PUT", "", &[], document("nowhere").as_bytes());
    assert_eq!(nowhere.outcome(), outcome(400, "InvalidLocationConstraint"));
    assert_eq!(scene.ask("PUT", "", &[], b"<CreateBucket").outcome(), outcome(400, "MalformedXML"));
    assert_eq!(scene.ask("HEAD", "", &[], b"").status, 404);
    for name in ["sthree-a", "a--x-s3", "ab", "Upper", "under_score", "-dash", "1.2.3.4", "a..b", &"x".repeat(64)] {
        let answer = scene.exchange(&scene.plain_at(&format!("PUT /{name}"), &[], b""));
        assert_eq!(answer.outcome(), outcome(400, "InvalidBucketName"), "{name}");
    }
}

/// Row 99: what clients look at before they begin: a default, or the code that says that it is not configured.
#[test]
fn a_bucket_answers_to_probes() {
    let scene = Scene::new();
    let here = scene.ask("GET", "?location", &[], b"");
    assert_eq!((here.status, here.text().contains("<LocationConstraint")), (200, true));
    for (probe, begin) in [
        ("versioning", "<VersioningConfiguration"),
        ("requestPayment", "<RequestPaymentConfiguration"),
        ("acl", "<AccessControlPolicy"),
        ("logging", "<BucketLoggingStatus"),
        ("notification", "<NotificationConfiguration"),
        ("accelerate", "<AccelerateConfiguration"),
    ] {
        let answer = scene.ask("GET", &format!("?{probe}"), &[], b"");
        assert_eq!(answer.status, 200, "{probe}: {answer:?}");
        assert!(answer.text().contains(begin), "{probe}: {answer:?}");
    }
    for (probe, code) in [
        ("object-lock", "ObjectLockConfigurationNotFoundError"),
        ("encryption", "ServerSideEncryptionConfigurationNotFoundError"),
        ("cors", "NoSuchCORSConfiguration"),
        ("policy", "NoSuchBucketPolicy"),
        ("policyStatus", "NoSuchBucketPolicy"),
        ("publicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
        ("ownershipControls", "OwnershipControlsNotFoundError"),
        ("lifecycle", "NoSuchLifecycleConfiguration"),
        ("tagging", "NoSuchTagSet"),
        ("website", "NoSuchWebsiteConfiguration"),
        ("replication", "ReplicationConfigurationNotFoundError"),
    ] {
        let answer = scene.ask("GET", &format!("?{probe}"), &[], b"");
        assert_eq!(answer.outcome(), outcome(404, code), "{probe}");
        let elsewhere = scene.exchange(&scene.plain_at(&format!("GET /no-such-bucket-here?{probe}"), &[], b""));
        assert_eq!(elsewhere.outcome(), outcome(404, "NoSuchBucket"), "{probe}");
    }
}

/// Row 103: heads up to 64 KiB are read, larger ones are answered, not reset.
#[test]
fn a_large_head_is_answered() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    let with = |bytes: usize| scene.plain("GET", "/key", &[("Cookie", &"c".repeat(bytes))], b"");
    assert_eq!(scene.exchange(&with(16 * 1024)).text(), "hello");
    assert_eq!(scene.exchange(&with(60 * 1024)).text(), "hello");
    for bytes in [64 * 1024, 200 * 1024, 2 * 1024 * 1024] {
        let mut wire = scene.connect();
        wire.try_send(&with(bytes));
        too_large(&mut wire);
    }
    let lines = |count: usize| {
        let more: Vec<(String, String)> = (0..count).map(|at| (format!("X-Line-{at}"), "v".to_owned())).collect();
        let more: String = more.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        String::from_utf8(scene.plain("GET", "/key", &[], b""))
            .expect("it is text")
            .replace("\r\nX-Amz-Date", &format!("\r\n{more}X-Amz-Date"))
    };
    assert_eq!(scene.exchange(lines(124).as_bytes()).text(), "hello", "128 lines in all");
    let mut wire = scene.connect();
    wire.send(lines(125).as_bytes());
    too_large(&mut wire);
}

/// Row 103: a session's token of sixteen KiB is read and answered, on a connection that goes on.
#[test]
fn a_large_token_is_answered() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    let mut wire = scene.connect();
    for size in [1024, 8 * 1024, 16 * 1024] {
        let token = "t".repeat(size);
        for request in [
            scene.plain("GET", "/key", &[("x-amz-security-token", &token)], b""),
            scene.plain("PUT", "/key", &[("x-amz-security-token", &token)], b"other"),
        ] {
            wire.send(&request);
            let answer = wire.answer();
            assert!((400..500).contains(&answer.status) && answer.text().ends_with("</Error>"), "{size}: {answer:?}");
            assert_eq!((answer.code().as_str(), answer.closes()), ("InvalidToken", false), "{size}");
        }
        wire.send(&scene.plain("GET", "/key", &[], b""));
        assert_eq!(wire.answer().text(), "hello", "{size}");
    }
}

fn too_large(wire: &mut Wire) {
    let answer = wire.answer();
    assert_eq!(answer.outcome(), outcome(400, "RequestHeaderSectionTooLarge"));
    assert!(answer.closes() && wire.ends());
}

/// Row 103: user metadata has S3's limit.
#[test]
fn metadata_has_a_limit() {
    let scene = Scene::new();
    let put = |bytes: usize| scene.ask("PUT", "/key", &[("x-amz-meta-a", &"v".repeat(bytes))], b"hello");
    assert_eq!(put(2047).status, 200);
    for bytes in [2048, 8 * 1024, 32 * 1024] {
        let answer = put(bytes);
        assert_eq!(answer.outcome(), outcome(400, "MetadataTooLarge"));
        assert_eq!(answer.element("MaxSizeAllowed").as_deref(), Some("2048"));
    }
    let read = scene.ask("HEAD", "/key", &[], b"");
    assert_eq!(read.header("x-amz-meta-a").map(str::len), Some(2047));
    // Headers of the object that are not metadata have room, too, but not all of a head.
    let large =
        [("Content-Disposition", "d".repeat(8000)), ("Cache-Control", "c".repeat(8000)), ("Expires", "e".repeat(8000))];
    let large: Vec<(&str, &str)> = large.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(scene.ask("PUT", "/key", &large, b"hello").outcome(), outcome(400, "MetadataTooLarge"));
}

/// A query has a limit, and so has what of it is signed.
#[test]
fn a_query_has_a_limit() {
    let scene = Scene::new();
    let with = |count: usize| {
        let query: Vec<String> = (0..count).map(|at| format!("p{at:04}=x")).collect();
        scene.ask("GET", &format!("?list-type=2&{}", query.join("&")), &[], b"")
    };
    assert_eq!(with(100).status, 200);
    assert_eq!(with(300).outcome(), outcome(400, "InvalidRequest"));
    assert_eq!(with(5000).outcome(), outcome(400, "InvalidRequest"));
}

/// A key has a limit, in a path and in a document.
#[test]
fn a_key_has_a_limit() {
    let scene = Scene::new();
    let longest = "k".repeat(1024);
    scene.put(&longest, b"hello");
    assert_eq!(scene.ask("GET", "?list-type=2", &[], b"").element("Key"), Some(longest.clone()));
    for method in ["PUT", "GET", "DELETE"] {
        let answer = scene.ask(method, &format!("/{longest}k"), &[], b"");
        assert_eq!(answer.outcome(), outcome(400, "KeyTooLongError"), "{method}");
        assert_eq!(answer.element("MaxSizeAllowed").as_deref(), Some("1024"));
    }
    // Bytes count, not letters.
    let answer = scene.ask("PUT", &format!("/{}", "%C3%A9".repeat(513)), &[], b"");
    assert_eq!(answer.outcome(), outcome(400, "KeyTooLongError"));
    let document =
        format!("<Delete><Object><Key>{longest}k</Key></Object><Object><Key>{longest}</Key></Object></Delete>");
    let answer = delete_many(&scene, &document);
    assert_eq!((answer.status, answer.element("Code").as_deref()), (200, Some("KeyTooLongError")), "{answer:?}");
    assert_eq!(scene.stored(&longest), None);
    for (key, code) in [("a%00b", "InvalidURI"), ("a%FFb", "InvalidURI"), ("a%2", "InvalidURI"), ("a%zz", "InvalidURI")]
    {
        assert_eq!(scene.ask("PUT", &format!("/{key}"), &[], b"x").outcome(), outcome(400, code), "{key}");
    }
}

/// A document has a limit: in keys, in bytes, in depth.
#[test]
fn a_document_has_a_limit() {
    let scene = Scene::new();
    let keys = |count: usize| {
        let objects: String = (0..count).map(|at| format!("<Object><Key>key-{at}</Key></Object>")).collect();
        format!("<Delete>{objects}</Delete>")
    };
    let answer = delete_many(&scene, &keys(1000));
    assert_eq!((answer.status, answer.elements("Deleted").len()), (200, 1000));
    assert_eq!(delete_many(&scene, &keys(1001)).outcome(), outcome(400, "MalformedXML"));
    let padded = format!("<Delete><Object><Key>a</Key></Object>{}</Delete>", " ".repeat(4 * 1024 * 1024));
    let answer = delete_many(&scene, &padded);
    assert_eq!(answer.outcome(), outcome(400, "MalformedXML"));
    let deep = format!("<Delete><Object><Key>a</Key></Object>{}{}</Delete>", "<x>".repeat(100), "</x>".repeat(100));
    assert_eq!(delete_many(&scene, &deep).outcome(), outcome(400, "MalformedXML"));
    let long = format!("<CreateBucketConfiguration>{}</CreateBucketConfiguration>", " ".repeat(64 * 1024));
    let other = Scene::without_bucket();
    assert_eq!(other.ask("PUT", "", &[], long.as_bytes()).outcome(), outcome(400, "MalformedXML"));
}

/// An object in one piece has a limit, which is said before its body comes.
#[test]
fn a_body_has_a_limit() {
    let scene = Scene::new();
    let request = String::from_utf8(scene.plain("PUT", "/key", &[], b"")).expect("it is text");
    let mut wire = scene.connect();
    wire.send(request.replace("Content-Length: 0", "Content-Length: 5368709121").as_bytes());
    let answer = wire.answer();
    assert_eq!(answer.outcome(), outcome(400, "EntityTooLarge"));
    assert_eq!(answer.element("MaxSizeAllowed").as_deref(), Some("5368709120"));
    assert!(answer.closes() && wire.ends());
}

/// A chunk's line and a trailer have limits.
#[test]
fn the_framing_of_a_body_has_limits() {
    let scene = Scene::new();
    let head = "PUT /{bucket}/key HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\nX-Amz-Date: {date}\r\n\
        X-Amz-Content-SHA256: UNSIGNED-PAYLOAD\r\nAuthorization: AWS4-HMAC-SHA256 Credential={scope}, \
        SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}\r\n\r\n";
    let long_line = format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(2000));
    let long_trailer = format!("5\r\nhello\r\n0\r\n{}\r\n", "a: b\r\n".repeat(3000));
    for body in [long_line, long_trailer] {
        let mut wire = scene.connect();
        wire.send(&scene.recorded(head, b""));
        wire.try_send(body.as_bytes());
        let answer = wire.answer();
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.closes() && wire.ends());
        assert_eq!(scene.stored("key"), None);
    }
    let mut wire = scene.connect();
    wire.send(&scene.recorded(head, b""));
    wire.send(b"5;ext=\"a b\"\r\nhello\r\n0\r\nX-Trailer: borne\r\n\r\n");
    assert_eq!(wire.answer().status, 200);
}

/// The two questions of whoever watches the node.
#[test]
fn a_node_says_that_it_lives() {
    let scene = Scene::new();
    for target in ["/health/live", "/health/ready"] {
        for method in ["GET", "HEAD"] {
            let mut wire = scene.connect();
            wire.send(format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes());
            assert_eq!(wire.answer_without_body().status, 200, "{method} {target}");
        }
    }
}

fn delete_many(scene: &Scene, document: &str) -> Answer {
    scene.ask("POST", "?delete", &[("x-amz-checksum-crc32", &crc32(document.as_bytes()))], document.as_bytes())
}
