//! Who is let in: heads as clients sign them, and where they name bucket and key.

use stratum_wire::{Answer, Place, Recorded, Scene, http_date, now_s, query_of_version_2, sha256_hex};

/// boto3, a GET.
const BOTO3_GET: &str = "GET /{bucket}/key HTTP/1.1\r\n\
    Host: {host}\r\n\
    Accept-Encoding: identity\r\n\
    User-Agent: Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.18 md/arch#x86_64 lang/python#3.11.7\r\n\
    X-Amz-Date: {date}\r\n\
    X-Amz-Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
    Signature={signature}\r\n\
    amz-sdk-invocation-id: d95fda3c-677d-4982-a61c-1f22c01fc531\r\n\
    amz-sdk-request: attempt=1\r\n\
    \r\n";

/// The JavaScript SDK, a PUT of a key with all its odd signs encoded.
const JS_PUT: &str = "PUT /{bucket}/k%20ey%2B%281%29%21%27%2A?x-id=PutObject HTTP/1.1\r\n\
    content-type: application/octet-stream\r\n\
    content-length: 5\r\n\
    x-amz-sdk-checksum-algorithm: CRC32\r\n\
    x-amz-checksum-crc32: NhCmhg==\r\n\
    x-amz-user-agent: aws-sdk-js/3.1168.0\r\n\
    user-agent: aws-sdk-js/3.1168.0 ua/2.1 os/linux#6.18 lang/js md/nodejs#20.20.2 api/s3#3.1168.0 m/N,Z,b,U,E,e\r\n\
    host: {host}\r\n\
    amz-sdk-invocation-id: 55e5ba46-dc2c-46cd-bdaf-95d9fa252b71\r\n\
    amz-sdk-request: attempt=1; max=1\r\n\
    x-amz-date: {date}\r\n\
    x-amz-content-sha256: {sha256}\r\n\
    authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;\
    content-length;content-type;host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date;\
    x-amz-sdk-checksum-algorithm;x-amz-user-agent, Signature={signature}\r\n\
    Connection: keep-alive\r\n\
    \r\n";

/// The Go SDK 2, a GET: it signs `accept-encoding`.
const GO_GET: &str = "GET /{bucket}/key?x-id=GetObject HTTP/1.1\r\n\
    Host: {host}\r\n\
    User-Agent: aws-sdk-go-v2/1.47.6 ua/2.1 os/linux lang/go#1.26.8 md/GOOS#linux md/GOARCH#amd64 api/s3#1.114.7\r\n\
    Accept-Encoding: identity\r\n\
    Amz-Sdk-Invocation-Id: 8fe842ba-0d6f-4048-857d-901beed19eb4\r\n\
    Amz-Sdk-Request: attempt=1; max=1\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=accept-encoding;amz-sdk-invocation-id;\
    amz-sdk-request;host;x-amz-content-sha256;x-amz-date, Signature={signature}\r\n\
    X-Amz-Content-Sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n\
    X-Amz-Date: {date}\r\n\
    \r\n";

/// A PUT with no more than it needs.
const PUT: &str = "PUT /{bucket}/key HTTP/1.1\r\n\
    Host: {host}\r\n\
    Content-Length: {length}\r\n\
    X-Amz-Date: {date}\r\n\
    X-Amz-Content-SHA256: {sha256}\r\n\
    Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
    Signature={signature}\r\n\
    \r\n";

/// What boto3 makes of a GET that anybody may send.
const PRESIGNED: &str = "GET /{bucket}/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&\
    X-Amz-Date={date}&X-Amz-Expires=300&X-Amz-SignedHeaders=host&X-Amz-Signature={signature} HTTP/1.1\r\n\
    Host: {host}\r\n\
    User-Agent: curl/8.9.1\r\n\
    Accept: */*\r\n\
    \r\n";

/// The keys of all objects in the bucket.
fn keys(scene: &Scene) -> Vec<String> {
    scene.ask("GET", "?list-type=2", &[], b"").elements("Key")
}

fn outcome(answer: &Answer) -> (u16, &str) {
    let code = answer.text();
    let code = code.split_once("<Code>").and_then(|(_, rest)| rest.split_once('<')).map_or("", |(code, _)| code);
    let known = [
        "AccessDenied",
        "AuthorizationHeaderMalformed",
        "AuthorizationQueryParametersError",
        "InvalidArgument",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "RequestTimeTooSkewed",
        "InvalidRequest",
        "NotImplemented",
        "",
    ];
    (answer.status, known.iter().find(|known| **known == code).copied().unwrap_or("another"))
}

/// A request of this place instead of here and now.
fn replay_at(scene: &Scene, head: &str, place: &Place) -> Answer {
    scene.exchange(&Recorded::new(head).fill(place, b"").0)
}

/// The same request with another signature, as well formed as the right one.
fn forged(head: &str) -> String {
    let at = head.find("Signature=").expect("it is there") + "Signature=".len();
    head.replace(&head[at..at + 64], &sha256_hex(b"forged"))
}

/// Rows 26, 28 and 31: nothing in a path is normalised, and what is encoded is decoded once.
#[test]
fn a_key_is_the_path_decoded_once() {
    let scene = Scene::new();
    assert_eq!(scene.replay(JS_PUT, b"hello").status, 200);
    assert_eq!(keys(&scene), ["k ey+(1)!'*"].map(str::to_owned));
    // What is sent, what is signed, and the key.
    let rows = [
        ("//a//b/", "//a//b/", "/a//b/"),
        ("/./a/../b", "/./a/../b", "./a/../b"),
        ("/a%2Fb%2fc", "/a/b/c", "a/b/c"),
        ("/%7E%7e-._", "/~~-._", "~~-._"),
        ("/%25", "/%25", "%"),
        ("/%2525", "/%2525", "%25"),
        ("/gr%c3%bcn", "/gr%C3%BCn", "gr\u{fc}n"),
    ];
    for (sent, signed, key) in rows {
        let scene = Scene::new();
        let head = PUT.replace("/key", sent);
        let (head, _) = Recorded::new(&head).signing_path(&format!("/{{bucket}}{signed}")).fill(&scene.place(), b"");
        let answer = scene.exchange(&head);
        assert_eq!(answer.status, 200, "{sent}: {answer:?}");
        assert_eq!(keys(&scene), [key.to_owned()], "{sent}");
    }
}

/// Row 27: a plus in a path is a plus; in a query it is what the client took it for.
#[test]
fn a_plus_is_a_plus_in_a_path() {
    let scene = Scene::new();
    let (head, _) =
        Recorded::new(&PUT.replace("/key", "/a+b")).signing_path("/{bucket}/a%2Bb").fill(&scene.place(), b"one");
    assert_eq!(scene.exchange(&[head, b"one".to_vec()].concat()).status, 200);
    assert_eq!(scene.stored("a%2Bb").as_deref(), Some(b"one".as_slice()));
    scene.put("a%2Bb", b"two");
    scene.put("a%20b", b"three");
    assert_eq!(keys(&scene), ["a b", "a+b"].map(str::to_owned));
    let list = |query: &str, signed: &str| {
        let head = BOTO3_GET.replace("/key", &format!("?{query}"));
        let (bytes, _) = Recorded::new(&head).signing_query(signed).fill(&scene.place(), b"");
        scene.exchange(&bytes).elements("Key")
    };
    assert_eq!(list("list-type=2&prefix=a+b", "list-type=2&prefix=a%20b"), ["a b"], "form encoding");
    assert_eq!(list("list-type=2&prefix=a+b", "list-type=2&prefix=a%2Bb"), ["a+b"], "a plus that was not encoded");
}

/// Row 29: signs that some clients send raw and sign encoded, and others send and sign raw.
#[test]
fn raw_signs_in_a_path_are_verified_as_encoded() {
    let scene = Scene::new();
    let head = BOTO3_GET
        .replace("GET /{bucket}/key", "PUT /{bucket}/a=@:,()!*'$&;b")
        .replace("\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n");
    let (bytes, _) =
        Recorded::new(&head).signing_path("/{bucket}/a%3D%40%3A%2C%28%29%21%2A%27%24%26%3Bb").fill(&scene.place(), b"");
    let answer = scene.exchange(&bytes);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(keys(&scene), ["a=@:,()!*'$&amp;;b".to_owned()]);
}

/// Row 30: parameters out of order, twice, and without a value.
#[test]
fn a_query_is_signed_in_order() {
    let scene = Scene::new();
    scene.put("a", b"x");
    for query in
        ["prefix=a&list-type=2&delimiter=%2F", "list-type=2&prefix=a&prefix=a", "list-type=2&prefix=a&max-keys="]
    {
        let answer = scene.replay(&BOTO3_GET.replace("/key", &format!("?{query}")), b"");
        assert_eq!((answer.status, answer.elements("Key")), (200, vec!["a".to_owned()]), "{query}: {answer:?}");
    }
    let answer = scene.replay(&BOTO3_GET.replace("/key", "?acl"), b"");
    assert_eq!((answer.status, answer.element("Permission").as_deref()), (200, Some("FULL_CONTROL")));
}

/// Row 30: the order is that of the encoded names, then of the encoded values, and no other does.
#[test]
fn parameters_are_sorted_by_what_is_sent() {
    let scene = Scene::new();
    let rows = [
        ("a-b=1&a%2Fb=2&list-type=2", "a%2Fb=2&a-b=1&list-type=2"),
        ("a-b=1&a=2&list-type=2", "a=2&a-b=1&list-type=2"),
        ("k=b&k=a&k&k=a%2Fb&k=a-b&list-type=2", "k=&k=a&k=a%2Fb&k=a-b&k=b&list-type=2"),
        ("list-type=2&prefix=b&prefix=a", "list-type=2&prefix=a&prefix=b"),
    ];
    for (sent, sorted) in rows {
        let recorded = Recorded::new(&BOTO3_GET.replace("/key", &format!("?{sent}")));
        let of_query = |recorded: Recorded, query: &str| {
            scene.exchange(&recorded.signing_query(query).fill(&scene.place(), b"").0)
        };
        assert_eq!(of_query(recorded, sorted).status, 200, "{sent}");
        let recorded = Recorded::new(&BOTO3_GET.replace("/key", &format!("?{sent}")));
        let as_sent = sent.replace("&k&", "&k=&");
        assert_eq!(outcome(&of_query(recorded, &as_sent)), (403, "SignatureDoesNotMatch"), "{sent}");
    }
}

/// Row 32: values with blanks before, behind and within; a name twice; length and type signed.
#[test]
fn header_values_are_collapsed_before_they_are_signed() {
    let scene = Scene::new();
    let head = "PUT /{bucket}/key HTTP/1.1\r\nHost: {host}\r\nx-amz-meta-a:   one    two \t \r\nX-Amz-Meta-B: 1\r\n\
        x-amz-meta-b:  2\r\nContent-Type: text/plain\r\ncontent-length: {length}\r\nx-amz-date: {date}\r\n\
        x-amz-content-sha256: {sha256}\r\nauthorization: AWS4-HMAC-SHA256 Credential={scope}, \
        SignedHeaders=content-length;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-a;x-amz-meta-b, \
        Signature={signature}\r\n\r\n";
    let answer = scene.replay(head, b"hello");
    assert_eq!(answer.status, 200, "{answer:?}");
    let read = scene.ask("HEAD", "/key", &[], b"");
    assert_eq!(read.header("x-amz-meta-b"), Some("1,2"));
    assert_eq!(read.header("content-type"), Some("text/plain"));
}

/// Row 33: a proxy changes a header: it matters only if it was signed.
#[test]
fn a_changed_header_matters_only_if_it_was_signed() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    let through_proxy = |head: &str| {
        let sent = String::from_utf8(scene.recorded(head, b"")).expect("it is text");
        scene.exchange(sent.replace("Accept-Encoding: identity", "Accept-Encoding: gzip, br").as_bytes())
    };
    assert_eq!(scene.replay(GO_GET, b"").text(), "hello");
    assert_eq!(outcome(&through_proxy(GO_GET)), (403, "SignatureDoesNotMatch"));
    assert_eq!(through_proxy(BOTO3_GET).text(), "hello");
    // The same with the client's name, and with an expectation that the proxy has answered itself.
    let also =
        |head: &str, name: &str| head.replace("x-amz-date, ", "x-amz-date,").replace("=host", &format!("={name}"));
    let names = "host;user-agent";
    for (head, status) in [(BOTO3_GET.to_owned(), 200), (also(BOTO3_GET, names), 403)] {
        assert_eq!(scene.replay(&head, b"").text(), "hello");
        let sent = String::from_utf8(scene.recorded(&head, b"")).expect("it is text");
        let answer = scene.exchange(sent.replace("Boto3/1.43.11", "Relay/1.0").as_bytes());
        assert_eq!(answer.status, status, "{answer:?}");
    }
    let expecting = PUT.replace("Content-Length", "Expect: 100-continue\r\nContent-Length");
    for (head, status) in [(expecting.clone(), 200), (also(&expecting, "expect;host"), 403)] {
        assert_eq!(scene.replay(&head, b"hello").status, 200);
        let sent = String::from_utf8(scene.recorded(&head, b"hello")).expect("it is text");
        let answer = scene.exchange(sent.replace("Expect: 100-continue\r\n", "").as_bytes());
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

/// Row 34: another region is named, so that clients sign again for the right one.
#[test]
fn a_wrong_region_is_answered_with_the_right_one() {
    let scene = Scene::new();
    let place = Place { region: "eu-central-1".to_owned(), ..scene.place() };
    let answer = replay_at(&scene, BOTO3_GET, &place);
    assert_eq!(outcome(&answer), (400, "AuthorizationHeaderMalformed"));
    assert_eq!(answer.element("Region").as_deref(), Some("us-east-1"));
    let answer = replay_at(&scene, PRESIGNED, &place);
    assert_eq!(outcome(&answer), (400, "AuthorizationQueryParametersError"));
    assert_eq!(answer.element("Region").as_deref(), Some("us-east-1"));
}

/// Row 35: a clock that goes wrong is told the time; the limit is fifteen minutes.
#[test]
fn a_clock_that_is_wrong_is_told_the_time() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    let at = |now_s| replay_at(&scene, BOTO3_GET, &Place { now_s, ..scene.place() });
    for skewed in [now_s() - 16 * 60, now_s() + 16 * 60] {
        let answer = at(skewed);
        assert_eq!(outcome(&answer), (403, "RequestTimeTooSkewed"), "{answer:?}");
        assert!(answer.element("ServerTime").is_some() && answer.header("date").is_some());
    }
    for borne in [now_s() - 14 * 60, now_s() + 14 * 60] {
        assert_eq!(at(borne).status, 200);
    }
}

/// Row 35: every answer has the time, whatever it answers.
#[test]
fn every_answer_has_a_date() {
    let scene = Scene::new();
    let rows = [
        ("PUT", "/key", None, 200),
        ("GET", "/key", None, 200),
        ("GET", "/key", Some(("Range", "bytes=0-1")), 206),
        ("GET", "/key", Some(("If-None-Match", "*")), 304),
        ("HEAD", "/key", None, 200),
        ("GET", "?list-type=2", None, 200),
        ("HEAD", "/none", None, 404),
        ("GET", "/none", None, 404),
        ("DELETE", "/key", None, 204),
    ];
    for (method, target, header, status) in rows {
        let body: &[u8] = if method == "PUT" { b"hello" } else { b"" };
        let before = now_s();
        let answer = scene.ask(method, target, header.as_slice(), body);
        assert_eq!(answer.status, status, "{method} {target}: {answer:?}");
        let date = answer.header("date").expect("it has a date");
        assert!((before..=now_s()).any(|second| http_date(second) == date), "{method} {target}: {date}");
    }
}

/// Row 35: a client that sends `Date` and no `X-Amz-Date`.
#[test]
fn a_request_may_be_dated_by_its_date_header() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    let dated = BOTO3_GET
        .replace("X-Amz-Date: {date}", "Date: {http-date}")
        .replace("sha256;x-amz-date", "sha256")
        .replace("=host", "=date;host");
    assert_eq!(scene.replay(&dated, b"").text(), "hello");
    let undated = BOTO3_GET.replace("X-Amz-Date: {date}\r\n", "").replace(";x-amz-date", "");
    assert_eq!(outcome(&scene.replay(&undated, b"")), (403, "AccessDenied"));
}

/// Row 36: presigned requests and their time.
#[test]
fn a_presigned_request_is_valid_for_its_time() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    assert_eq!(scene.replay(PRESIGNED, b"").text(), "hello");
    let valid_for = |seconds: &str| scene.replay(&PRESIGNED.replace("Expires=300", &format!("Expires={seconds}")), b"");
    for good in ["1", "604800"] {
        assert_eq!(valid_for(good).status, 200, "{good}");
    }
    for bad in ["604801", "-1", "soon", "", "1.5", "99999999999999999999"] {
        assert_eq!(outcome(&valid_for(bad)), (400, "AuthorizationQueryParametersError"), "{bad}");
    }
    assert_eq!(outcome(&valid_for("0")), (403, "AccessDenied"), "it is over as it begins");
    let expired = replay_at(&scene, PRESIGNED, &Place { now_s: now_s() - 400, ..scene.place() });
    assert_eq!(outcome(&expired), (403, "AccessDenied"));
    assert!(expired.text().contains("Request has expired"));
    let early = replay_at(&scene, PRESIGNED, &Place { now_s: now_s() + 3600, ..scene.place() });
    assert_eq!(outcome(&early), (403, "AccessDenied"));
    // A parameter that was added later changes what was signed.
    let added = String::from_utf8(scene.recorded(PRESIGNED, b"")).expect("it is text");
    let added = added.replace(" HTTP/1.1", "&response-content-type=text%2Fhtml HTTP/1.1");
    assert_eq!(outcome(&scene.exchange(added.as_bytes())), (403, "SignatureDoesNotMatch"));
}

/// Row 38: headers that a presigned PUT signed have to come as they were signed.
#[test]
fn a_presigned_put_wants_the_headers_that_it_signed() {
    let scene = Scene::new();
    let head = "PUT /{bucket}/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={date}&\
        X-Amz-Expires=300&X-Amz-SignedHeaders=content-type%3Bhost&X-Amz-Signature={signature} HTTP/1.1\r\n\
        Host: {host}\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n";
    let right = String::from_utf8(scene.recorded(head, b"hello")).expect("it is text");
    for wrong in [right.replace("text/plain", "text/html"), right.replace("Content-Type: text/plain\r\n", "")] {
        assert_eq!(outcome(&scene.exchange(wrong.as_bytes())), (403, "SignatureDoesNotMatch"));
        assert_eq!(scene.stored("key"), None);
    }
    assert_eq!(scene.exchange(right.as_bytes()).status, 200);
    assert_eq!(scene.ask("HEAD", "/key", &[], b"").header("content-type"), Some("text/plain"));
    let more = "content-length%3Bcontent-type%3Bhost%3Bx-amz-acl%3Bx-amz-checksum-crc32";
    let head = head.replace("content-type%3Bhost", more).replace("/key", "/more").replace(
        "Content-Length: 5\r\n",
        "Content-Length: 5\r\nx-amz-acl: private\r\nx-amz-checksum-crc32: NhCmhg==\r\n",
    );
    let all = String::from_utf8(scene.recorded(&head, b"hello")).expect("it is text");
    for (from, to) in [
        ("x-amz-acl: private", "x-amz-acl: bucket-owner-full-control"),
        ("x-amz-acl: private\r\n", ""),
        ("Content-Length: 5", "Content-Length: 4"),
        ("NhCmhg==", "AAAAAA=="),
        ("x-amz-checksum-crc32: NhCmhg==\r\n", ""),
    ] {
        assert!(all.contains(from), "{from}");
        let answer = scene.exchange(all.replacen(from, to, 1).as_bytes());
        assert_eq!(outcome(&answer), (403, "SignatureDoesNotMatch"), "{from}: {answer:?}");
        assert_eq!(scene.stored("more"), None, "{from}");
    }
    assert_eq!(scene.exchange(all.as_bytes()).status, 200);
    // A header of Amazon's that nobody signed may change what the request means.
    let unsigned = right.replace("Content-Length", "x-amz-meta-a: b\r\nContent-Length");
    let answer = scene.exchange(unsigned.as_bytes());
    assert_eq!(outcome(&answer), (403, "AccessDenied"), "{answer:?}");
    assert_eq!(answer.element("HeadersNotSigned").as_deref(), Some("x-amz-meta-a"));
}

/// Row 38: the JavaScript presigner hoists the checksum into the query.
#[test]
fn a_checksum_that_was_hoisted_into_the_query_is_borne() {
    let scene = Scene::new();
    let head = "PUT /{bucket}/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&\
        X-Amz-Credential={credential}&X-Amz-Date={date}&X-Amz-Expires=900&X-Amz-Signature={signature}&\
        X-Amz-SignedHeaders=host&x-amz-checksum-crc32=NhCmhg%3D%3D&x-amz-sdk-checksum-algorithm=CRC32&\
        x-id=PutObject HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\n\r\n";
    let answer = scene.replay(head, b"hello");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(scene.stored("key").as_deref(), Some(b"hello".as_slice()));
}

/// Row 39 beside 36: a URL for GET does not do for HEAD.
#[test]
fn the_method_is_signed() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    let mut wire = scene.connect();
    let head = String::from_utf8(scene.recorded(PRESIGNED, b"")).expect("it is text").replace("GET ", "HEAD ");
    wire.send(head.as_bytes());
    assert_eq!(wire.answer_without_body().status, 403);
}

/// Row 40: the list of signed headers with its semicolons raw or encoded.
#[test]
fn a_list_of_signed_headers_may_have_raw_semicolons() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    let two = PRESIGNED.replace("SignedHeaders=host", "SignedHeaders=accept%3Bhost");
    assert_eq!(scene.replay(&two, b"").text(), "hello");
    let sent = String::from_utf8(scene.recorded(&two, b"")).expect("it is text").replace("%3B", ";");
    assert_eq!(scene.exchange(sent.as_bytes()).text(), "hello", "a client decoded the URL that it was given");
}

/// Rows 41 and 42: nothing presented is anonymous, and anything else is right or refused.
#[test]
fn whoever_presents_nothing_may_do_nothing() {
    let scene = Scene::new();
    scene.put("key", b"hello");
    let with = |authorization: &str| {
        let head = format!("GET /{{bucket}}/key HTTP/1.1\r\nHost: {{host}}\r\n{authorization}\r\n");
        scene.replay(&head, b"")
    };
    assert_eq!(outcome(&with("")), (403, "AccessDenied"));
    assert_eq!(outcome(&with("Authorization:\r\n")), (403, "AccessDenied"));
    for scheme in ["Basic dXNlcjpwYXNz", "Bearer x", "AWS4-HMAC-SHA512 Credential=x"] {
        assert_eq!(outcome(&with(&format!("Authorization: {scheme}\r\n"))), (400, "InvalidArgument"), "{scheme}");
    }
    assert_eq!(outcome(&with("Authorization: AWS AK:c2ln\r\n")), (400, "InvalidRequest"), "version 2");
    assert_eq!(outcome(&with("Authorization: AWS4-HMAC-SHA256\r\n")), (400, "AuthorizationHeaderMalformed"));
    // An anonymous upload is refused before its body comes, and stores nothing.
    let head = "PUT /{bucket}/other HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\n\r\n";
    assert_eq!(outcome(&scene.replay(head, b"hello")), (403, "AccessDenied"));
    assert_eq!(scene.stored("other"), None);
}

/// Row 43: the bucket in front of the domain, however the host is written.
#[test]
fn a_host_may_name_the_bucket() {
    let scene = Scene::new();
    scene.put("a/key", b"hello");
    let (_, port) =
        scene.host().split_once(':').map(|(host, port)| (host.to_owned(), port.to_owned())).expect("a port");
    let bucket = scene.bucket().to_owned();
    for host in [
        format!("{bucket}.s3.example.com:{port}"),
        format!("{bucket}.s3.example.com"),
        format!("{}.S3.Example.COM:{port}", bucket.to_uppercase()),
        format!("{bucket}.s3.example.com.:{port}"),
    ] {
        let place = Place { host: host.clone(), ..scene.place() };
        let answer = replay_at(&scene, &BOTO3_GET.replace("/{bucket}/key", "/a/key"), &place);
        assert_eq!(answer.text(), "hello", "{host}");
    }
    for host in [format!("s3.example.com:{port}"), format!("localhost:{port}"), "[::1]:9000".to_owned()] {
        let place = Place { host: host.clone(), ..scene.place() };
        assert_eq!(replay_at(&scene, &BOTO3_GET.replace("/key", "/a/key"), &place).text(), "hello", "{host}");
    }
    // A bucket with dots in its name.
    let dotted = Place { host: format!("my.{bucket}.s3.example.com"), ..scene.place() };
    let put =
        |path: &str| BOTO3_GET.replace("GET /{bucket}/key", path).replace("\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(replay_at(&scene, &put("PUT /"), &dotted).status, 200);
    assert_eq!(replay_at(&scene, &put("PUT /x"), &dotted).status, 200);
    let answer = scene.exchange(&scene.plain_at(&format!("GET /my.{bucket}"), &[], b""));
    assert_eq!(answer.elements("Key"), ["x".to_owned()]);
}

/// The host of an absolute target won over the header that the signature covers: whoever had a URL for one bucket could
/// walk it into another, where the whole path is the key.
#[test]
fn a_presigned_url_is_not_walked_into_another_bucket_by_an_absolute_target() {
    let (scene, other) = (Scene::new(), Scene::new());
    scene.put("key", b"hello");
    other.put(&format!("{}/key", scene.bucket()), b"secret");
    let walk = |host: &str| {
        let head = PRESIGNED.replace("GET /", &format!("GET http://{host}/"));
        let (bytes, _) = Recorded::new(&head).signing_path("/{bucket}/key").fill(&scene.place(), b"");
        scene.exchange(&bytes)
    };
    assert_eq!(walk(&scene.host()).text(), "hello");
    let elsewhere = walk(&format!("{}.s3.example.com", other.bucket()));
    assert_eq!(outcome(&elsewhere), (400, "InvalidRequest"), "{elsewhere:?}");
    assert!(elsewhere.closes());
}

/// Version 2 does not sign the host, and the path alone was signed: a host that names a bucket sent a presigned URL
/// into that bucket. The bucket is signed in front of the path, as S3 has it.
#[test]
fn a_presigned_url_of_version_2_signs_the_bucket_that_its_host_names() {
    let (scene, other) = (Scene::new(), Scene::new());
    scene.put("key", b"hello");
    other.put(&format!("{}/key", scene.bucket()), b"secret");
    other.put("key", b"secret");
    let query = query_of_version_2("GET", &format!("/{}/key", scene.bucket()), "", now_s() + 300);
    let walk = |path: &str, host: &str| {
        scene.exchange(format!("GET {path}?{query} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())
    };
    let path = format!("/{}/key", scene.bucket());
    let [own, others] = [&scene, &other].map(|scene| format!("{}.s3.example.com", scene.bucket()));
    assert_eq!(walk(&path, &scene.host()).text(), "hello", "path-style");
    assert_eq!(walk("/key", &own).text(), "hello", "a virtual host");
    for (path, host) in [(path.as_str(), &others), ("/key", &others), (&path, &own)] {
        assert_eq!(outcome(&walk(path, host)), (403, "SignatureDoesNotMatch"), "{path} {host}");
    }
}

/// Row 44: where a bucket is, also for those who may not look into it.
#[test]
fn the_head_of_a_bucket_tells_its_region() {
    let scene = Scene::new();
    let answer = scene.ask("HEAD", "", &[], b"");
    assert_eq!((answer.status, answer.header("x-amz-bucket-region")), (200, Some("us-east-1")));
    let mut wire = scene.connect();
    wire.send(&scene.recorded("HEAD /{bucket} HTTP/1.1\r\nHost: {host}\r\n\r\n", b""));
    let answer = wire.answer_without_body();
    assert_eq!((answer.status, answer.header("x-amz-bucket-region")), (403, Some("us-east-1")));
    // A signature that is none, and one that is wrong.
    let mut wire = scene.connect();
    let head = String::from_utf8(scene.plain("HEAD", "", &[], b"")).expect("it is text");
    wire.send(head.replace("Signature=", "Signature=0").as_bytes());
    let answer = wire.answer_without_body();
    assert_eq!((answer.status / 100, answer.header("x-amz-bucket-region")), (4, Some("us-east-1")), "{answer:?}");
    let mut wire = scene.connect();
    wire.send(forged(&head).as_bytes());
    let answer = wire.answer_without_body();
    assert_eq!((answer.status, answer.header("x-amz-bucket-region")), (403, Some("us-east-1")), "{answer:?}");
    // Signed for another region: the SDK asks so to be told the right one.
    let place = Place { region: "eu-central-1".to_owned(), ..scene.place() };
    let mut wire = scene.connect();
    wire.send(&Recorded::new(&BOTO3_GET.replace("GET /{bucket}/key", "HEAD /{bucket}")).fill(&place, b"").0);
    let answer = wire.answer_without_body();
    assert_eq!((answer.status, answer.header("x-amz-bucket-region")), (400, Some("us-east-1")), "{answer:?}");
}

/// Row 45: a doubled first slash.
#[test]
fn a_path_of_slashes_lists_buckets() {
    let scene = Scene::new();
    for path in ["/", "//", "/?x-id=ListBuckets", "//?max-buckets=1000"] {
        let answer = scene.exchange(&scene.plain_at(&format!("GET {path}"), &[], b""));
        assert!(answer.elements("Name").contains(&scene.bucket().to_owned()), "{path}: {answer:?}");
    }
    scene.put("key", b"hello");
    assert_eq!(scene.exchange(&scene.plain_at("GET //{bucket}/key", &[], b"")).text(), "hello");
}

/// Row 47: an unknown key, and a wrong signature with what should have been signed.
#[test]
fn a_wrong_signature_is_answered_with_what_was_to_be_signed() {
    let scene = Scene::new();
    let unknown = BOTO3_GET.replace("Credential={scope}", "Credential=NOBODY/20261121/us-east-1/s3/aws4_request");
    let unknown = String::from_utf8(scene.recorded(&unknown, b"")).expect("it is text");
    let today = String::from_utf8(scene.recorded("{scope}", b"")).expect("it is text");
    let today = today.split('/').nth(1).expect("a scope has a day");
    let answer = scene.exchange(unknown.replace("20261121", today).as_bytes());
    assert_eq!(outcome(&answer), (403, "InvalidAccessKeyId"), "{answer:?}");
    assert_eq!(answer.element("AWSAccessKeyId").as_deref(), Some("NOBODY"));
    let right = String::from_utf8(scene.recorded(BOTO3_GET, b"")).expect("it is text");
    let answer = scene.exchange(forged(&right).as_bytes());
    assert_eq!(outcome(&answer), (403, "SignatureDoesNotMatch"));
    assert!(answer.element("StringToSign").is_some_and(|text| text.starts_with("AWS4-HMAC-SHA256&#10;")), "{answer:?}");
    let canonical = answer.element("CanonicalRequest").expect("it is shown");
    assert!(canonical.starts_with(&format!("GET&#10;/{}/key&#10;&#10;host:", scene.bucket())), "{canonical}");
    assert_eq!(answer.element("SignatureProvided"), Some(sha256_hex(b"forged")));
}
