//! Multipart uploads: begun, filled in any order, completed once, completed again, aborted.

use stratum_wire::{Answer, Scene, base64, crc32, crc64_nvme, md5, md5_hex, sha256_hex};

/// The smallest part but the last.
const MIN: usize = 5 * 1024 * 1024;

fn begin(scene: &Scene, headers: &[(&str, &str)]) -> String {
    let answer = scene.ask("POST", "/key?uploads", headers, b"");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.element("UploadId").expect("it has an id")
}

fn put_part(scene: &Scene, upload: &str, number: u16, body: &[u8]) -> String {
    let answer = scene.ask("PUT", &format!("/key?partNumber={number}&uploadId={upload}"), &[], body);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.etag(), md5_hex(body));
    md5_hex(body)
}

fn document(parts: &[(u16, &str)]) -> String {
    let parts: String = parts
        .iter()
        .map(|(number, etag)| format!("<Part><ETag>\"{etag}\"</ETag><PartNumber>{number}</PartNumber></Part>"))
        .collect();
    format!(
        "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{parts}</CompleteMultipartUpload>"
    )
}

fn complete(scene: &Scene, upload: &str, document: &str) -> Answer {
    scene.ask("POST", &format!("/key?uploadId={upload}"), &[], document.as_bytes())
}

fn outcome(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// The entity tag of parts with these ones.
fn tag_of(bodies: &[&[u8]]) -> String {
    let joined: Vec<u8> = bodies.iter().flat_map(|body| md5(body)).collect();
    format!("{}-{}", md5_hex(&joined), bodies.len())
}

/// Rows 83, 87 and 91: parts in any order and with gaps, one twice; the last that came counts.
#[test]
fn parts_come_in_any_order_and_the_last_counts() {
    let scene = Scene::new();
    let upload = begin(&scene, &[("Content-Type", "text/plain"), ("x-amz-meta-a", "b")]);
    let (first, last) = (vec![b'1'; MIN], b"the end".to_vec());
    put_part(&scene, &upload, 10_000, &last);
    put_part(&scene, &upload, 7, b"to be replaced");
    let one = put_part(&scene, &upload, 7, &first);
    let two = md5_hex(&last);
    let listed = scene.ask("GET", &format!("/key?uploadId={upload}"), &[], b"");
    assert_eq!(listed.elements("PartNumber"), ["7", "10000"].map(str::to_owned));
    assert_eq!(scene.stored("key"), None, "it is not there before it is completed");
    for number in ["0", "10001", "-1", "x", ""] {
        let answer = scene.ask("PUT", &format!("/key?partNumber={number}&uploadId={upload}"), &[], b"x");
        assert_eq!(answer.outcome(), outcome(400, "InvalidArgument"), "{number}");
    }
    let answer = complete(&scene, &upload, &document(&[(10_000, &two), (7, &one)]));
    assert_eq!(answer.outcome(), outcome(400, "InvalidPartOrder"));
    let answer = complete(&scene, &upload, &document(&[(7, &one), (10_000, &two)]));
    assert_eq!(answer.status, 200, "{answer:?}");
    let tag = tag_of(&[&first, &last]);
    assert_eq!(answer.element("ETag"), Some(format!("&quot;{tag}&quot;")));
    assert_eq!(answer.element("Location"), Some(format!("http://{}/{}/key", scene.host(), scene.bucket())));
    let read = scene.ask("GET", "/key", &[], b"");
    assert!(read.body == [first.clone(), last.clone()].concat());
    assert_eq!(
        (read.etag(), read.header("content-type"), read.header("x-amz-meta-a")),
        (tag.as_str(), Some("text/plain"), Some("b"))
    );

    // Row 59: parts can be read one by one, counted as they lie.
    let part = scene.ask("GET", "/key?partNumber=2", &[], b"");
    assert_eq!((part.status, part.text().as_str()), (206, "the end"));
    assert_eq!(part.header("x-amz-mp-parts-count"), Some("2"));
    assert_eq!(part.header("content-range"), Some(format!("bytes {MIN}-{}/{}", MIN + 6, MIN + 7).as_str()));
    assert_eq!(scene.ask("GET", "/key?partNumber=3", &[], b"").outcome(), outcome(416, "InvalidPartNumber"));
    let head = scene.ask("HEAD", "/key?partNumber=1", &[], b"");
    assert_eq!((head.status, head.header("content-length")), (206, Some(MIN.to_string().as_str())));
    assert_eq!(head.header("x-amz-mp-parts-count"), Some("2"));
    assert_eq!(head.header("content-range"), Some(format!("bytes 0-{}/{}", MIN - 1, MIN + 7).as_str()));

    // Row 86: the same again succeeds, another list does not, and there is nothing left to abort.
    let again = complete(&scene, &upload, &document(&[(7, &one), (10_000, &two)]));
    assert_eq!((again.status, again.element("ETag")), (200, Some(format!("&quot;{tag}&quot;"))), "{again:?}");
    let abort = scene.ask("DELETE", &format!("/key?uploadId={upload}"), &[], b"");
    assert_eq!(abort.outcome(), outcome(404, "NoSuchUpload"));
    assert!(scene.stored("key").is_some());
}

/// Row 59: an upload of one part is counted, too.
#[test]
fn an_upload_of_one_part_has_one() {
    let scene = Scene::new();
    let upload = begin(&scene, &[]);
    let etag = put_part(&scene, &upload, 5, b"hello");
    assert_eq!(complete(&scene, &upload, &document(&[(5, &etag)])).status, 200);
    for method in ["GET", "HEAD"] {
        let part = scene.ask(method, "/key?partNumber=1", &[], b"");
        assert_eq!((part.status, part.header("x-amz-mp-parts-count")), (206, Some("1")), "{part:?}");
        assert_eq!(part.header("content-range"), Some("bytes 0-4/5"));
        assert_eq!(part.header("etag"), Some(format!("\"{}\"", tag_of(&[b"hello"])).as_str()));
    }
}

/// Row 87: two uploads of one part at once: the one that ends last counts, whichever began first.
#[test]
fn of_two_uploads_of_a_part_the_last_to_end_counts() {
    let bodies = [vec![b'a'; 200_000], vec![b'b'; 100_000]];
    for last in [0, 1] {
        let scene = Scene::new();
        let upload = begin(&scene, &[]);
        let target = format!("/key?partNumber=1&uploadId={upload}");
        let requests = [0, 1].map(|which: usize| scene.plain("PUT", &target, &[], &bodies[which]));
        let mut wires = [0, 1].map(|_| scene.connect());
        for (wire, request) in wires.iter_mut().zip(&requests) {
            wire.send(&request[..request.len() - 10]);
        }
        for which in [1 - last, last] {
            wires[which].send(&requests[which][requests[which].len() - 10..]);
            assert_eq!(wires[which].answer().etag(), md5_hex(&bodies[which]));
        }
        let lost = complete(&scene, &upload, &document(&[(1, &md5_hex(&bodies[1 - last]))]));
        assert_eq!(lost.outcome(), outcome(400, "InvalidPart"), "{last}");
        assert_eq!(complete(&scene, &upload, &document(&[(1, &md5_hex(&bodies[last]))])).status, 200);
        assert!(scene.stored("key").is_some_and(|stored| stored == bodies[last]), "{last}");
    }
}

/// Row 84: a part but the last that is too small.
#[test]
fn a_small_part_may_only_be_the_last() {
    let scene = Scene::new();
    let upload = begin(&scene, &[]);
    let (one, two) = (put_part(&scene, &upload, 1, b"small"), put_part(&scene, &upload, 2, b"too"));
    let answer = complete(&scene, &upload, &document(&[(1, &one), (2, &two)]));
    assert_eq!(answer.outcome(), outcome(400, "EntityTooSmall"));
    for (name, value) in [("ProposedSize", "5"), ("MinSizeAllowed", "5242880"), ("PartNumber", "1"), ("ETag", &one)] {
        assert_eq!(answer.element(name).as_deref(), Some(value), "{answer:?}");
    }
    assert_eq!(scene.stored("key"), None);
    assert_eq!(complete(&scene, &upload, &document(&[(1, &one)])).status, 200, "the upload is still there");
}

/// Rows 85 and 88: entity tags and documents as clients write them.
#[test]
fn a_document_comes_in_many_forms() {
    let etag = md5_hex(b"hello");
    let part = |tag: &str| format!("<Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part>");
    let forms = [
        format!("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", part(&etag)),
        format!("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", part(&format!("\"{etag}\""))),
        format!("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", part(&format!("&quot;{etag}&quot;"))),
        format!("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", part(&format!("&#34;{etag}&#34;"))),
        format!("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", part(&format!("&#x22;{etag}&#x22;"))),
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CompleteMultipartUpload>\n  {}\n</CompleteMultipartUpload>\n",
            part(&etag)
        ),
        format!(
            "<s3:CompleteMultipartUpload xmlns:s3=\"http://s3.amazonaws.com/doc/2006-03-01/\"><s3:Part><s3:PartNumber>1\
            </s3:PartNumber><s3:ETag>{etag}</s3:ETag></s3:Part></s3:CompleteMultipartUpload>"
        ),
        format!(
            "<CompleteMultipartUpload><Part><Unknown>x</Unknown><PartNumber>1</PartNumber><ETag>{etag}</ETag>\
            <ChecksumCRC64NVME>{}</ChecksumCRC64NVME></Part><More/></CompleteMultipartUpload>",
            crc64_nvme(b"hello")
        ),
        format!("<!-- s3cmd --><CompleteMultipartUpload>{}</CompleteMultipartUpload>", part(&etag)),
    ];
    for form in forms {
        let scene = Scene::new();
        let upload = begin(&scene, &[]);
        put_part(&scene, &upload, 1, b"hello");
        let answer = complete(&scene, &upload, &form);
        assert_eq!(answer.status, 200, "{form}: {answer:?}");
        assert_eq!(scene.stored("key").as_deref(), Some(b"hello".as_slice()), "{form}");
    }
}

/// Parts that are not there, or are others than they are said to be; documents that are none.
#[test]
fn a_wrong_list_of_parts_completes_nothing() {
    let scene = Scene::new();
    let upload = begin(&scene, &[]);
    let etag = put_part(&scene, &upload, 1, b"hello");
    let other = "0".repeat(32);
    for (parts, code) in [
        (vec![(1, other.as_str())], "InvalidPart"),
        (vec![(2, etag.as_str())], "InvalidPart"),
        (vec![(1, etag.as_str()), (2, etag.as_str())], "InvalidPart"),
        (vec![(1, etag.as_str()), (1, etag.as_str())], "InvalidPartOrder"),
        (vec![], "MalformedXML"),
    ] {
        let answer = complete(&scene, &upload, &document(&parts));
        assert_eq!(answer.outcome(), outcome(400, code), "{parts:?}");
        if let ("InvalidPart", Some((number, tag))) = (code, parts.last()) {
            assert_eq!(answer.element("PartNumber"), Some(number.to_string()), "{answer:?}");
            assert_eq!(answer.element("ETag").as_deref(), Some(*tag), "{answer:?}");
        }
    }
    for none in ["", "<CompleteMultipartUpload>", "<Complete/>", "hello"] {
        assert_eq!(complete(&scene, &upload, none).outcome(), outcome(400, "MalformedXML"), "{none}");
    }
    assert_eq!(scene.stored("key"), None);
    for (method, target) in [("PUT", "partNumber=1&"), ("GET", ""), ("DELETE", ""), ("POST", "")] {
        let target = format!("/key?{target}uploadId=0123456789abcdef0123456789abcdef");
        let body = if method == "POST" { document(&[(1, &etag)]) } else { String::new() };
        let answer = scene.ask(method, &target, &[], body.as_bytes());
        assert_eq!(answer.outcome(), outcome(404, "NoSuchUpload"), "{method}: {answer:?}");
    }
    assert_eq!(scene.ask("DELETE", &format!("/key?uploadId={upload}"), &[], b"").status, 204);
    assert_eq!(complete(&scene, &upload, &document(&[(1, &etag)])).outcome(), outcome(404, "NoSuchUpload"));
}

/// A checksum of another algorithm than the upload's was passed over, wherever it was claimed: the client took the
/// object for checked. A composite one with its number of parts was taken for malformed.
#[test]
fn every_checksum_that_is_claimed_is_compared_or_refused() {
    let scene = Scene::new();
    let (nvme, crc) = (crc64_nvme(b"hello"), crc32(b"hello"));
    let claims = |chosen: &[(&str, &str)], part: &[(&str, &str)], element: &str, headers: &[(&str, &str)]| {
        let upload = begin(&scene, chosen);
        let put = scene.ask("PUT", &format!("/key?partNumber=1&uploadId={upload}"), part, b"hello");
        assert_eq!(put.status, 200, "{put:?}");
        let parts = document(&[(1, put.etag())]).replace("</Part>", &format!("{element}</Part>"));
        scene.ask("POST", &format!("/key?uploadId={upload}"), headers, parts.as_bytes())
    };
    let (none, composite): (&[_], &[_]) = (&[], &[("x-amz-checksum-algorithm", "CRC32")]);
    let crc_part = [("x-amz-checksum-crc32", crc.as_str())];
    // Of the object, where the upload chose nothing: it has a CRC64NVME.
    let wrong = crc64_nvme(b"other");
    let object = |name: &str, value: &str| claims(none, &[], "", &[(name, value)]).outcome();
    assert_eq!(object("x-amz-checksum-crc64nvme", &wrong), outcome(400, "BadDigest"));
    assert_eq!(object("x-amz-checksum-crc64nvme", "no base64!"), outcome(400, "InvalidRequest"));
    assert_eq!(object("x-amz-checksum-crc32", &crc), outcome(400, "InvalidRequest"));
    assert_eq!(object("x-amz-checksum-xxhash64", "AAAAAAAAAAA="), outcome(400, "InvalidRequest"));
    assert_eq!(object("x-amz-checksum-type", "COMPOSITE"), outcome(400, "InvalidRequest"));
    let several = [("x-amz-checksum-crc64nvme", nvme.as_str()), ("x-amz-checksum-crc32", crc.as_str())];
    assert_eq!(claims(none, &[], "", &several).outcome(), outcome(400, "InvalidRequest"));
    // Of a part.
    let part = |element: &str| claims(none, &[], element, &[]).outcome();
    assert_eq!(part(&format!("<ChecksumCRC64NVME>{wrong}</ChecksumCRC64NVME>")), outcome(400, "InvalidPart"));
    let other = claims(composite, &crc_part, &format!("<ChecksumCRC64NVME>{nvme}</ChecksumCRC64NVME>"), &[]);
    assert_eq!(other.outcome(), outcome(400, "InvalidPart"));
    assert_eq!(scene.stored("key"), None, "none of them made an object");
    // What is right is taken, a composite one with and without its number of parts.
    let digest: Vec<u8> = crc_bytes(&crc);
    let of_parts = crc32(&digest);
    assert_eq!(claims(none, &[], "", &[("x-amz-checksum-crc64nvme", nvme.as_str())]).status, 200);
    for (claimed, expected) in [(of_parts.clone(), 200), (format!("{of_parts}-1"), 200), (format!("{of_parts}-2"), 400)]
    {
        let answer = claims(composite, &crc_part, "", &[("x-amz-checksum-crc32", claimed.as_str())]);
        assert_eq!(answer.status, expected, "{claimed}: {answer:?}");
    }
    let other = claims(composite, &crc_part, "", &[("x-amz-checksum-crc64nvme", nvme.as_str())]);
    assert_eq!(other.outcome(), outcome(400, "InvalidRequest"));
}

/// Row 89: the size of the object that the client reckons with.
#[test]
fn the_size_that_is_said_is_compared() {
    let scene = Scene::new();
    let upload = begin(&scene, &[]);
    let etag = put_part(&scene, &upload, 1, b"hello");
    let say = |size: &str| {
        let document = document(&[(1, &etag)]);
        scene.ask("POST", &format!("/key?uploadId={upload}"), &[("x-amz-mp-object-size", size)], document.as_bytes())
    };
    assert_eq!(say("6").outcome(), outcome(400, "InvalidRequest"));
    assert_eq!(say("many").outcome(), outcome(400, "InvalidArgument"));
    assert_eq!(scene.stored("key"), None);
    assert_eq!(say("5").status, 200);
}

/// Row 90: a part that is copied, all of it or a range that is exact.
#[test]
fn a_part_may_be_a_range_of_an_object() {
    let scene = Scene::new();
    let source: Vec<u8> = (0..1_000_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    scene.put("source", &source);
    let from = format!("{}/source", scene.bucket());
    let upload = begin(&scene, &[]);
    let copy = |range: Option<&str>| {
        let mut headers = vec![("x-amz-copy-source", from.as_str())];
        headers.extend(range.map(|range| ("x-amz-copy-source-range", range)));
        scene.ask("PUT", &format!("/key?partNumber=1&uploadId={upload}"), &headers, b"")
    };
    for bad in ["bytes=0-1000000", "bytes=5-", "bytes=-5", "0-5", "bytes=5-2", "bytes=0-1,3-4", ""] {
        assert_eq!(copy(Some(bad)).outcome(), outcome(400, "InvalidArgument"), "{bad}");
    }
    let whole = copy(None);
    assert_eq!(whole.element("ETag"), Some(format!("&quot;{}&quot;", md5_hex(&source))), "{whole:?}");
    let part = copy(Some("bytes=100-700099"));
    let etag = md5_hex(&source[100..700_100]);
    assert_eq!(part.element("ETag"), Some(format!("&quot;{etag}&quot;")), "{part:?}");
    assert!(part.text().contains("<CopyPartResult"), "{part:?}");
    assert_eq!(complete(&scene, &upload, &document(&[(1, &etag)])).status, 200);
    assert!(scene.stored("key").is_some_and(|stored| stored == source[100..700_100]));
}

/// Row 92: an upload is completed only if nobody else was quicker.
#[test]
fn an_upload_may_be_completed_under_a_condition() {
    let scene = Scene::new();
    let upload = begin(&scene, &[]);
    let etag = put_part(&scene, &upload, 1, b"hello");
    scene.put("key", b"quicker");
    let conditional = || {
        let document = document(&[(1, &etag)]);
        scene.ask("POST", &format!("/key?uploadId={upload}"), &[("If-None-Match", "*")], document.as_bytes())
    };
    let refused = conditional();
    assert_eq!(refused.outcome(), outcome(412, "PreconditionFailed"));
    assert_eq!(refused.element("Condition").as_deref(), Some("If-None-Match"));
    assert_eq!(scene.stored("key").as_deref(), Some(b"quicker".as_slice()));
    assert_eq!(scene.ask("DELETE", "/key", &[], b"").status, 204);
    assert_eq!(conditional().status, 200);
}

/// Row 92: of two who complete at once, each only if nobody else was quicker, one wins.
#[test]
fn of_two_who_complete_at_once_one_wins() {
    for round in 0..5 {
        let scene = Scene::new();
        let bodies = [b"one".as_slice(), b"two"];
        let uploads = bodies.map(|body| {
            let upload = begin(&scene, &[]);
            let etag = put_part(&scene, &upload, 1, body);
            (upload, document(&[(1, &etag)]))
        });
        let mut wires = [0, 1].map(|_| scene.connect());
        let requests = uploads.map(|(upload, document)| {
            scene.plain("POST", &format!("/key?uploadId={upload}"), &[("If-None-Match", "*")], document.as_bytes())
        });
        for (wire, request) in wires.iter_mut().zip(&requests) {
            wire.send(request);
        }
        let answers = wires.map(|mut wire| wire.answer());
        let winner = answers.iter().position(|answer| answer.status == 200 && answer.code().is_empty());
        let winner = winner.unwrap_or_else(|| panic!("round {round}: nobody won: {answers:?}"));
        let lost = &answers[1 - winner];
        assert!(matches!(lost.status, 409 | 412) && !lost.code().is_empty(), "round {round}: {answers:?}");
        assert_eq!(scene.stored("key").as_deref(), Some(bodies[winner]), "round {round}");
    }
}

/// Rows 14 and 15: checksums of parts, of all parts, and of the object.
#[test]
fn checksums_of_parts_make_the_checksum_of_the_object() {
    let scene = Scene::new();
    let (first, last) = (vec![b'1'; MIN], b"the end".to_vec());
    let whole = [first.clone(), last.clone()].concat();
    let sha = |bytes: &[u8]| -> Vec<u8> {
        let hex = sha256_hex(bytes);
        (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("it is hexadecimal")).collect()
    };
    let composite = format!("{}-2", base64(&sha256_bytes(&[sha(&first), sha(&last)].concat())));
    for (algorithm, kind, expected) in [("SHA256", "COMPOSITE", composite), ("CRC32", "FULL_OBJECT", crc32(&whole))] {
        let headers = [("x-amz-checksum-algorithm", algorithm), ("x-amz-checksum-type", kind)];
        let upload = begin(&scene, &headers);
        let header = format!("x-amz-checksum-{}", algorithm.to_ascii_lowercase());
        let of_part = |body: &[u8]| if algorithm == "SHA256" { base64(&sha(body)) } else { crc32(body) };
        for (number, body) in [(1, &first), (2, &last)] {
            let target = format!("/key?partNumber={number}&uploadId={upload}");
            let wrong = scene.ask("PUT", &target, &[(&header, &of_part(b"x"))], body);
            assert_eq!(wrong.outcome(), outcome(400, "BadDigest"));
            let answer = scene.ask("PUT", &target, &[(&header, &of_part(body))], body);
            assert_eq!(answer.header(&header), Some(of_part(body).as_str()));
        }
        let parts = document(&[(1, &md5_hex(&first)), (2, &md5_hex(&last))]);
        let wrong =
            scene.ask("POST", &format!("/key?uploadId={upload}"), &[(&header, &of_part(b"x"))], parts.as_bytes());
        assert_eq!(wrong.outcome(), outcome(400, "BadDigest"), "{wrong:?}");
        let answer = complete(&scene, &upload, &parts);
        let element = format!("Checksum{algorithm}");
        assert_eq!(answer.element(&element), Some(expected.clone()), "{answer:?}");
        assert_eq!(answer.element("ChecksumType").as_deref(), Some(kind));
        let read = scene.ask("HEAD", "/key", &[("x-amz-checksum-mode", "ENABLED")], b"");
        assert_eq!((read.header(&header), read.header("x-amz-checksum-type")), (Some(expected.as_str()), Some(kind)));
        // Row 14: a range that is a part has the part's checksum where the object's is made of those; no other has any.
        let part = scene.ask("GET", "/key?partNumber=2", &[("x-amz-checksum-mode", "ENABLED")], b"");
        let shown = Some(of_part(&last)).filter(|_| kind == "COMPOSITE");
        assert_eq!(part.header(&header), shown.as_deref());
        for (bytes, expected) in [
            (format!("bytes={MIN}-"), shown.as_deref()),
            (format!("bytes=-{}", last.len()), shown.as_deref()),
            (format!("bytes={MIN}-{}", MIN + 5), None),
            (format!("bytes={}-", MIN - 1), None),
            ("bytes=1-5".to_owned(), None),
        ] {
            for method in ["GET", "HEAD"] {
                let asked = [("x-amz-checksum-mode", "ENABLED"), ("Range", bytes.as_str())];
                let range = scene.ask(method, "/key", &asked, b"");
                assert_eq!((range.status, range.header(&header)), (206, expected), "{method} {bytes} {kind}");
            }
        }
    }
    // CRC64NVME is of the whole object only, and shown so: without the number of parts.
    let upload = begin(&scene, &[("x-amz-checksum-algorithm", "CRC64NVME")]);
    for (number, body) in [(1, &first), (2, &last)] {
        let sum = crc64_nvme(body);
        let target = format!("/key?partNumber={number}&uploadId={upload}");
        let answer = scene.ask("PUT", &target, &[("x-amz-checksum-crc64nvme", &sum)], body);
        assert_eq!((answer.status, answer.header("x-amz-checksum-crc64nvme")), (200, Some(sum.as_str())));
    }
    let answer = complete(&scene, &upload, &document(&[(1, &md5_hex(&first)), (2, &md5_hex(&last))]));
    assert_eq!(answer.element("ChecksumCRC64NVME"), Some(crc64_nvme(&whole)), "{answer:?}");
    assert_eq!(answer.element("ChecksumType").as_deref(), Some("FULL_OBJECT"));
    for method in ["GET", "HEAD"] {
        let read = scene.ask(method, "/key", &[("x-amz-checksum-mode", "ENABLED")], b"");
        assert_eq!(read.header("x-amz-checksum-crc64nvme"), Some(crc64_nvme(&whole).as_str()), "{method}");
        assert_eq!(read.header("x-amz-checksum-type"), Some("FULL_OBJECT"), "{method}");
    }
    let refused = [("x-amz-checksum-algorithm", "CRC64NVME"), ("x-amz-checksum-type", "COMPOSITE")];
    assert_eq!(scene.ask("POST", "/key?uploads", &refused, b"").outcome(), outcome(400, "InvalidRequest"));
}

/// The parts of an upload and of an object, in pages.
#[test]
fn parts_are_listed_in_pages() {
    let scene = Scene::new();
    let upload = begin(&scene, &[("x-amz-checksum-algorithm", "CRC32"), ("x-amz-checksum-type", "COMPOSITE")]);
    let bodies = [vec![b'1'; MIN], vec![b'2'; MIN + 1], b"the end".to_vec()];
    let numbers = [2, 30, 400];
    for (number, body) in numbers.iter().zip(&bodies) {
        put_part(&scene, &upload, *number, body);
    }
    let (mut found, mut marker, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = scene.ask("GET", &format!("/key?uploadId={upload}&max-parts=2{marker}"), &[], b"");
        assert_eq!((page.status, page.element("MaxParts").as_deref()), (200, Some("2")), "{page:?}");
        found.extend(page.elements("PartNumber").into_iter().zip(page.elements("Size")).zip(page.elements("ETag")));
        pages += 1;
        if page.element("IsTruncated").as_deref() == Some("false") {
            break;
        }
        marker = format!("&part-number-marker={}", page.element("NextPartNumberMarker").expect("there is more"));
    }
    let quoted = |body: &[u8]| format!("&quot;{}&quot;", md5_hex(body));
    let expected: Vec<((String, String), String)> = numbers
        .iter()
        .zip(&bodies)
        .map(|(number, body)| ((number.to_string(), body.len().to_string()), quoted(body)))
        .collect();
    assert_eq!((found, pages), (expected, 2));
    for bad in ["max-parts=x", "max-parts=-1", "part-number-marker=x"] {
        let answer = scene.ask("GET", &format!("/key?uploadId={upload}&{bad}"), &[], b"");
        assert_eq!(answer.outcome(), outcome(400, "InvalidArgument"), "{bad}");
    }

    let etags = bodies.each_ref().map(|body| md5_hex(body));
    let parts = [(2, etags[0].as_str()), (30, &etags[1]), (400, &etags[2])];
    assert_eq!(complete(&scene, &upload, &document(&parts)).status, 200);
    let ask = |more: &[(&str, &str)]| {
        let headers =
            [&[("x-amz-object-attributes", "ETag,ObjectParts,ObjectSize,StorageClass,Checksum")], more].concat();
        scene.ask("GET", "/key?attributes", &headers, b"")
    };
    let all = ask(&[]);
    assert_eq!((all.status, all.element("PartsCount").as_deref()), (200, Some("3")), "{all:?}");
    assert_eq!(all.elements("Size"), bodies.each_ref().map(|body| body.len().to_string()));
    let size: usize = bodies.iter().map(Vec::len).sum();
    assert_eq!(all.element("ObjectSize"), Some(size.to_string()));
    assert_eq!(all.element("StorageClass").as_deref(), Some("STANDARD"));
    let whole = bodies.each_ref().map(Vec::as_slice);
    assert_eq!(all.element("ETag"), Some(tag_of(&whole)), "without quotes, as S3 writes it here");
    let sums = all.elements("Part").iter().filter(|part| part.contains("<ChecksumCRC32>")).count();
    assert_eq!(sums, 3, "{all:?}");
    let first = ask(&[("x-amz-max-parts", "2")]);
    assert_eq!((first.elements("Size").len(), first.element("IsTruncated").as_deref()), (2, Some("true")));
    let next = first.element("NextPartNumberMarker").expect("there is more");
    let second = ask(&[("x-amz-max-parts", "2"), ("x-amz-part-number-marker", &next)]);
    assert_eq!(
        (second.elements("Size"), second.element("IsTruncated").as_deref()),
        (vec!["7".to_owned()], Some("false"))
    );
    assert_eq!(second.element("PartsCount").as_deref(), Some("3"), "all of them, on every page");
}

/// As boto3 does it: nothing is chosen for the upload, and every part comes with a CRC32 all the same. The object had
/// no checksum then, where S3 gives it one of its own.
#[test]
fn parts_with_checksums_that_nobody_chose_make_the_default_one() {
    let scene = Scene::new();
    let (first, last) = (vec![b'1'; MIN], b"the end".to_vec());
    let upload = begin(&scene, &[]);
    for (number, body) in [(1, &first), (2, &last)] {
        let target = format!("/key?partNumber={number}&uploadId={upload}");
        let wrong = scene.ask("PUT", &target, &[("x-amz-checksum-crc32", &crc32(b"x"))], body);
        assert_eq!(wrong.outcome(), outcome(400, "BadDigest"));
        let answer = scene.ask("PUT", &target, &[("x-amz-checksum-crc32", &crc32(body))], body);
        assert_eq!(answer.header("x-amz-checksum-crc32"), Some(crc32(body).as_str()), "{answer:?}");
    }
    let answer = complete(&scene, &upload, &document(&[(1, &md5_hex(&first)), (2, &md5_hex(&last))]));
    let whole = crc64_nvme(&[first, last].concat());
    assert_eq!(answer.element("ChecksumCRC64NVME"), Some(whole.clone()), "{answer:?}");
    assert_eq!(answer.element("ChecksumType").as_deref(), Some("FULL_OBJECT"));
    let read = scene.ask("HEAD", "/key", &[("x-amz-checksum-mode", "ENABLED")], b"");
    assert_eq!(read.header("x-amz-checksum-crc64nvme"), Some(whole.as_str()));
    // What is of the whole says nothing of the parts, so they are counted and not listed.
    let asked = [("x-amz-object-attributes", "ObjectParts")];
    let parts = scene.ask("GET", "/key?attributes", &asked, b"").element("ObjectParts");
    assert_eq!(parts.as_deref(), Some("<PartsCount>2</PartsCount>"));
}

/// The address of a completed object named its bucket twice: in the host, and in the path.
#[test]
fn the_address_of_an_object_names_its_bucket_once() {
    let scene = Scene::new();
    let upload = begin(&scene, &[]);
    let document = document(&[(1, &put_part(&scene, &upload, 1, b"hello"))]);
    let host = format!("{}.s3.example.com", scene.bucket());
    let head = format!(
        "POST /key?uploadId={upload} HTTP/1.1\r\nHost: {host}\r\nX-Amz-Date: {{date}}\r\n\
         X-Amz-Content-SHA256: {{sha256}}\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential={{scope}}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
         Signature={{signature}}\r\nContent-Length: {{length}}\r\n\r\n"
    );
    let answer = scene.replay(&head, document.as_bytes());
    assert_eq!(answer.element("Location"), Some(format!("http://{host}/key")), "{answer:?}");
}

/// The only part of an object was shown with the object's checksum, which is another one: SDKs compare it with the
/// bytes, and fail.
#[test]
fn the_only_part_has_its_own_checksum() {
    let scene = Scene::new();
    let upload = begin(&scene, &[("x-amz-checksum-algorithm", "CRC32")]);
    let etag = put_part(&scene, &upload, 1, b"hello");
    assert_eq!(complete(&scene, &upload, &document(&[(1, &etag)])).status, 200);
    let read = |target: &str| scene.ask("GET", target, &[("x-amz-checksum-mode", "ENABLED")], b"");
    let part = read("/key?partNumber=1");
    assert_eq!((part.status, part.header("x-amz-checksum-crc32")), (206, Some(crc32(b"hello").as_str())));
    assert_eq!(part.header("x-amz-mp-parts-count"), Some("1"));
    assert!(read("/key").header("x-amz-checksum-crc32").is_some_and(|value| value.ends_with("-1")));
}

fn sha256_bytes(bytes: &[u8]) -> Vec<u8> {
    let hex = sha256_hex(bytes);
    (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("it is hexadecimal")).collect()
}

/// The four bytes behind the base64 of a CRC32.
fn crc_bytes(text: &str) -> Vec<u8> {
    let sextet = |letter: u8| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let letters = text.trim_end_matches('=').bytes();
    let bits = letters.fold(0_u64, |bits, letter| bits << 6 | u64::from(sextet(letter)));
    // Six letters are 36 bits, of which the last four are padding.
    (bits >> 4).to_be_bytes()[4..].to_vec()
}
