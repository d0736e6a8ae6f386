//! Listings: order, pages, prefixes, encodings; nothing twice, nothing left out.

use stratum_wire::{Answer, Scene};

fn scene_with(keys: &[&str]) -> Scene {
    let scene = Scene::new();
    let mut wire = scene.connect();
    for key in keys {
        wire.send(&scene.plain("PUT", &format!("/{key}"), &[], b"x"));
        assert_eq!(wire.answer().status, 200, "{key}");
    }
    scene
}

fn list(scene: &Scene, query: &str) -> Answer {
    let answer = scene.ask("GET", &format!("?{query}"), &[], b"");
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    answer
}

/// Keys and common prefixes of one page.
fn page(answer: &Answer) -> (Vec<String>, Vec<String>) {
    let prefixes = answer.elements("CommonPrefixes");
    let inner = |text: &String| text.trim_start_matches("<Prefix>").trim_end_matches("</Prefix>").to_owned();
    (answer.elements("Key"), prefixes.iter().map(inner).collect())
}

/// All pages of a listing, by what each says comes next. `next` makes the parameters of the next page.
fn all(scene: &Scene, query: &str, mut next: impl FnMut(&Answer) -> String) -> (Vec<String>, Vec<String>, usize) {
    let (mut keys, mut prefixes, mut pages) = (Vec::new(), Vec::new(), 0);
    let mut more = String::new();
    loop {
        let answer = list(scene, &format!("{query}{more}"));
        let (mut some, mut others) = page(&answer);
        pages += 1;
        assert!(pages < 100, "a listing without an end");
        assert!(!some.is_empty() || !others.is_empty() || pages == 1, "an empty page");
        keys.append(&mut some);
        prefixes.append(&mut others);
        if answer.element("IsTruncated").as_deref() == Some("false") {
            return (keys, prefixes, pages);
        }
        more = next(&answer);
    }
}

fn by_token(answer: &Answer) -> String {
    format!("&continuation-token={}", answer.element("NextContinuationToken").expect("there is more"))
}

/// Row 71: keys come in the order of their bytes, on one page and on many.
#[test]
fn keys_come_in_the_order_of_their_bytes() {
    let keys =
        ["B", "a", "a%20b", "a-b", "a%2Bb", "a.b", "aa", "%C3%A9", "z", "~", "%F0%9F%98%80", "%EF%BC%A1", "0", "_"];
    let scene = scene_with(&keys);
    let mut expected: Vec<String> =
        ["B", "a", "a b", "a-b", "a+b", "a.b", "aa", "\u{e9}", "z", "~", "\u{1f600}", "\u{ff21}", "0", "_"]
            .map(str::to_owned)
            .to_vec();
    expected.sort();
    assert_eq!(page(&list(&scene, "list-type=2")).0, expected);
    for most in [1, 3, 13, 14] {
        let (found, _, pages) = all(&scene, &format!("list-type=2&max-keys={most}"), by_token);
        assert_eq!((found, pages), (expected.clone(), expected.len().div_ceil(most)), "row 77: {most}");
    }
}

/// Row 72: what is encoded, and how.
#[test]
fn an_encoded_listing_is_encoded_throughout() {
    let scene = scene_with(&["a%20b/c%2Bd", "a%20b/e%26f", "a%20b/g%0Ah"]);
    let answer =
        list(&scene, "list-type=2&encoding-type=url&prefix=a%20b%2F&start-after=a%20b%2F&delimiter=%2F&max-keys=2");
    assert_eq!(page(&answer).0, ["a%20b/c%2Bd", "a%20b/e%26f"]);
    assert_eq!(answer.element("Prefix").as_deref(), Some("a%20b/"));
    assert_eq!(answer.element("StartAfter").as_deref(), Some("a%20b/"));
    assert_eq!(answer.element("Delimiter").as_deref(), Some("/"));
    assert_eq!(answer.element("EncodingType").as_deref(), Some("url"));
    let answer = list(&scene, "encoding-type=url&prefix=a&delimiter=%2Bd&marker=a%20&max-keys=1");
    assert_eq!(page(&answer), (vec![], vec!["a%20b/c%2Bd".to_owned()]));
    assert_eq!(answer.element("NextMarker").as_deref(), Some("a%20b/c%2Bd"));
    assert_eq!(answer.element("Marker").as_deref(), Some("a%20"));
    assert_eq!(answer.element("Delimiter").as_deref(), Some("%2Bd"));
    // Row 80: without it, what XML cannot hold as a letter is a reference, and signs of XML are escaped.
    assert_eq!(page(&list(&scene, "list-type=2")).0, ["a b/c+d", "a b/e&amp;f", "a b/g&#10;h"]);
    let refused = scene.ask("GET", "?encoding-type=base64", &[], b"");
    assert_eq!(refused.outcome(), (400, "InvalidArgument".to_owned()));
}

/// Row 80: a key with what no XML may hold at all never makes a document that is none.
#[test]
fn control_characters_never_break_a_document() {
    let scene = scene_with(&["a%01b", "a%1Fb", "a%7Fb", "a%0Db"]);
    let answer = list(&scene, "list-type=2");
    assert_eq!(answer.elements("Key").len(), 4);
    assert!(!answer.body.iter().any(|byte| *byte < 0x20 && *byte != b'\n'), "{:?}", answer.text());
    assert_eq!(page(&list(&scene, "list-type=2&encoding-type=url")).0, ["a%01b", "a%0Db", "a%1Fb", "a%7Fb"]);
}

/// Row 80: nor in any other document that names the key: listings of both versions, of versions, of uploads and parts,
/// what an upload says, and errors.
#[test]
fn no_document_is_broken_by_the_key_in_it() {
    let scene = scene_with(&["a%01b", "a%0Bb/c"]);
    let upload = scene.ask("POST", "/a%01b?uploads", &[], b"");
    let id = upload.element("UploadId").expect("it has an id");
    let part = scene.ask("PUT", &format!("/a%01b?partNumber=1&uploadId={id}"), &[], b"hello");
    let complete = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part></CompleteMultipartUpload>",
        part.etag()
    );
    let ask = |method: &str, target: &str| scene.ask(method, target, &[], b"");
    let answers = [
        ask("GET", ""),
        ask("GET", "?delimiter=%2F&prefix=a%0B&marker=a%01"),
        ask("GET", "?list-type=2&start-after=a%01&delimiter=%02"),
        ask("GET", "?versions"),
        ask("GET", "?versions&key-marker=a%01b&delimiter=%2F"),
        ask("GET", "?uploads"),
        ask("GET", "?uploads&max-uploads=1&key-marker=a%01"),
        ask("GET", &format!("/a%01b?uploadId={id}")),
        ask("GET", "/a%01c"),
        ask("GET", "/a%01b?uploadId=0%01"),
        ask("GET", "?list-type=2&continuation-token=%01"),
        ask("GET", "/a%01b?versionId=%01"),
        scene.ask("PUT", "/copy", &[("x-amz-copy-source", &format!("{}/a%01c", scene.bucket()))], b""),
        upload,
        scene.ask("POST", &format!("/a%01b?uploadId={id}"), &[], complete.as_bytes()),
    ];
    for answer in answers {
        let is_legal = |c: char| c >= ' ' || matches!(c, '\n' | '\r' | '\t');
        assert!(answer.text().starts_with("<?xml") && answer.text().chars().all(is_legal), "{answer:?}");
        // A reference to such a letter is no better.
        let text = answer.text();
        let numbers = text.split("&#").skip(1).filter_map(|rest| rest.split(';').next());
        for number in numbers {
            let letter = number.strip_prefix('x').map_or_else(|| number.parse(), |hex| u32::from_str_radix(hex, 16));
            assert!(
                letter.is_ok_and(|letter| letter >= 0x20 || matches!(letter, 9 | 10 | 13)),
                "&#{number}; in {answer:?}"
            );
        }
    }
}

/// Row 73: version 1 names a next marker with a delimiter; without one the last key is it.
#[test]
fn version_1_goes_on_by_markers() {
    let scene = scene_with(&["a", "b/1", "b/2", "c", "d/1", "e"]);
    let (keys, prefixes, _) = all(&scene, "delimiter=%2F&max-keys=1", |answer| {
        format!("&marker={}", answer.element("NextMarker").expect("with a delimiter it is there").replace('/', "%2F"))
    });
    assert_eq!((keys.join(" "), prefixes.join(" ")), ("a c e".to_owned(), "b/ d/".to_owned()));
    let (keys, _, _) = all(&scene, "max-keys=2", |answer| {
        assert_eq!(answer.element("NextMarker"), None, "there is no delimiter");
        format!("&marker={}", answer.elements("Key").last().expect("a page has keys").replace('/', "%2F"))
    });
    assert_eq!(keys.join(" "), "a b/1 b/2 c d/1 e");
}

/// Row 74: a marker within a common prefix, one that is not below the prefix, and all three together.
#[test]
fn a_marker_may_lie_anywhere() {
    let scene = scene_with(&["a", "b/1", "b/2", "b/3/x", "c"]);
    let of = |query: &str| {
        let (keys, prefixes) = page(&list(&scene, query));
        format!("{} | {}", keys.join(" "), prefixes.join(" "))
    };
    assert_eq!(of("delimiter=%2F&marker=b%2F1"), "c | ", "the prefix was on the page before");
    assert_eq!(of("delimiter=%2F&marker=b%2F"), "c | ");
    assert_eq!(of("delimiter=%2F&marker=b"), "c | b/");
    assert_eq!(of("delimiter=%2F&prefix=b%2F&marker=b%2F1"), "b/2 | b/3/");
    assert_eq!(of("delimiter=%2F&prefix=b%2F&marker=a"), "b/1 b/2 | b/3/");
    assert_eq!(of("prefix=b%2F&marker=zzz"), " | ");
    assert_eq!(of("list-type=2&delimiter=%2F&start-after=b%2F1"), "c | ");
    assert_eq!(of("list-type=2&delimiter=%2F&prefix=b%2F&start-after=b%2F2"), " | b/3/");
}

/// Row 75: counts, tokens, and what is wrong with them.
#[test]
fn version_2_counts_and_goes_on_by_tokens() {
    let scene = scene_with(&["a", "b/1", "b/2", "c", "d"]);
    let answer = list(&scene, "list-type=2&delimiter=%2F&max-keys=3");
    assert_eq!(answer.element("KeyCount").as_deref(), Some("3"), "a key, a prefix, a key");
    assert_eq!(
        (answer.element("IsTruncated").as_deref(), answer.element("MaxKeys").as_deref()),
        (Some("true"), Some("3"))
    );
    let token = answer.element("NextContinuationToken").expect("there is more");
    let next = list(&scene, &format!("list-type=2&delimiter=%2F&max-keys=3&start-after=a&continuation-token={token}"));
    assert_eq!(page(&next), (vec!["d".to_owned()], vec![]), "start-after counts on the first page alone");
    assert_eq!(next.element("ContinuationToken"), Some(token));
    let nothing = list(&scene, "list-type=2&max-keys=0");
    assert_eq!(
        (nothing.element("KeyCount").as_deref(), nothing.element("IsTruncated").as_deref()),
        (Some("0"), Some("false"))
    );
    let clamped = list(&scene, "list-type=2&max-keys=5000");
    assert_eq!((clamped.element("MaxKeys").as_deref(), clamped.elements("Key").len()), (Some("1000"), 5));
    let none = scene.ask("GET", "?list-type=3", &[], b"");
    assert_eq!(none.outcome(), (400, "InvalidArgument".to_owned()), "there are two versions");
    for bad in [
        "max-keys=-1",
        "max-keys=2147483648",
        "max-keys=many",
        "max-keys=1.5",
        "continuation-token=garbage",
        "continuation-token=",
    ] {
        let answer = scene.ask("GET", &format!("?list-type=2&{bad}"), &[], b"");
        assert_eq!(answer.outcome(), (400, "InvalidArgument".to_owned()), "{bad}");
    }
}

/// Row 76: empty parameters are absent; delimiters of all kinds.
#[test]
fn delimiters_come_in_all_kinds() {
    let scene = scene_with(&["a%20b", "a%25c", "a%3A%3Ab%3A%3Ac", "a%0Ad", "plain"]);
    let prefixes = |query: &str| page(&list(&scene, &format!("list-type=2&encoding-type=url&{query}"))).1.join(" ");
    assert_eq!(prefixes("delimiter=%20"), "a%20");
    assert_eq!(prefixes("delimiter=%25"), "a%25");
    assert_eq!(prefixes("delimiter=%3A%3A"), "a%3A%3A");
    assert_eq!(prefixes("delimiter=%3A%3A&prefix=a%3A%3A"), "a%3A%3Ab%3A%3A");
    assert_eq!(prefixes("delimiter=%0A"), "a%0A");
    assert_eq!(prefixes("delimiter="), "");
    let answer = list(&scene, "list-type=2&delimiter=&prefix=");
    assert_eq!((answer.elements("Key").len(), answer.element("Delimiter")), (5, None));
}

/// Buckets in pages: in order, none twice, and the last page says that it is the last.
#[test]
fn buckets_are_listed_in_pages() {
    let scene = Scene::new();
    let names: Vec<String> = ["a", "b", "c", "d", "e"].map(|end| format!("{}-{end}", scene.bucket())).to_vec();
    for name in names.iter().rev() {
        assert_eq!(scene.exchange(&scene.plain_at(&format!("PUT /{name}"), &[], b"")).status, 200);
    }
    let list = |query: &str| scene.exchange(&scene.plain_at(&format!("GET /?{query}"), &[], b""));
    let prefix = format!("prefix={}-", scene.bucket());
    assert_eq!(list(&prefix).elements("Name"), names, "all at once");
    for most in [1, 2, 4, 5] {
        let (mut found, mut token, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = list(&format!("{prefix}&max-buckets={most}{token}"));
            assert_eq!((page.status, page.element("Prefix")), (200, Some(format!("{}-", scene.bucket()))), "{page:?}");
            assert_eq!(page.element("BucketRegion").as_deref(), Some("us-east-1"));
            assert!(!page.elements("Name").is_empty() && page.elements("Name").len() <= most, "{page:?}");
            found.extend(page.elements("Name"));
            pages += 1;
            assert!(pages < 20, "a listing without an end");
            let Some(next) = page.element("ContinuationToken") else { break };
            token = format!("&continuation-token={next}");
        }
        assert_eq!((found, pages), (names.clone(), names.len().div_ceil(most)), "{most}");
    }
    assert_eq!(list(&format!("{prefix}&bucket-region=eu-west-1")).elements("Name").len(), 0);
    for bad in ["max-buckets=0", "max-buckets=x", "max-buckets=-1", "continuation-token=%21"] {
        assert_eq!(list(bad).outcome(), (400, "InvalidArgument".to_owned()), "{bad}");
    }
}

/// Row 77: a page that holds exactly what there is says that there is no more.
#[test]
fn a_full_last_page_is_the_last() {
    let scene = scene_with(&["a/1", "a/2", "b"]);
    for query in
        ["list-type=2&max-keys=3", "list-type=2&max-keys=2&delimiter=%2F", "max-keys=3", "max-keys=2&delimiter=%2F"]
    {
        let answer = list(&scene, query);
        assert_eq!(answer.element("IsTruncated").as_deref(), Some("false"), "{query}");
        assert_eq!((answer.element("NextContinuationToken"), answer.element("NextMarker")), (None, None), "{query}");
    }
}

/// Row 78: who owns what: always in version 1, on request in version 2.
#[test]
fn owners_are_listed_where_they_are_asked_for() {
    let scene = scene_with(&["a"]);
    assert_eq!(list(&scene, "").elements("Owner").len(), 1);
    assert_eq!(list(&scene, "list-type=2").elements("Owner").len(), 0);
    assert_eq!(list(&scene, "list-type=2&fetch-owner=true").elements("Owner").len(), 1);
    assert_eq!(list(&scene, "list-type=2&fetch-owner=false").elements("Owner").len(), 0);
}

/// Row 79, as far as a bucket without versions has any.
#[test]
fn every_object_is_its_own_only_version() {
    let scene = scene_with(&["a", "b/1", "b/2", "c"]);
    let answer = list(&scene, "versions");
    assert_eq!(answer.elements("Key").join(" "), "a b/1 b/2 c");
    assert_eq!(answer.elements("VersionId"), ["null"; 4].map(str::to_owned));
    assert_eq!(answer.elements("IsLatest"), ["true"; 4].map(str::to_owned));
    let first = list(&scene, "versions&max-keys=2&delimiter=%2F");
    assert_eq!(page(&first), (vec!["a".to_owned()], vec!["b/".to_owned()]));
    for bad in ["version-id-marker=null", "key-marker=a&version-id-marker=abc"] {
        let answer = scene.ask("GET", &format!("?versions&{bad}"), &[], b"");
        assert_eq!(answer.outcome(), (400, "InvalidArgument".to_owned()), "{bad}");
    }
    let next = first.element("NextKeyMarker").expect("there is more").replace('/', "%2F");
    let second = list(&scene, &format!("versions&delimiter=%2F&key-marker={next}"));
    assert_eq!(page(&second), (vec!["c".to_owned()], vec![]));
}

/// Row 81: a bucket without uploads has an empty page of them.
#[test]
fn no_uploads_are_an_empty_page() {
    let scene = Scene::new();
    for query in ["uploads", "uploads=", "uploads&max-uploads=1", "uploads&prefix=a&delimiter=%2F"] {
        let answer = list(&scene, query);
        assert_eq!(answer.element("IsTruncated").as_deref(), Some("false"), "{query}");
        assert_eq!(answer.elements("Upload").len(), 0);
    }
}

/// Row 81: uploads in pages, several of one key.
#[test]
fn uploads_are_listed_in_pages() {
    let scene = Scene::new();
    for key in ["a", "b/1", "a", "c"] {
        assert_eq!(scene.ask("POST", &format!("/{key}?uploads"), &[], b"").status, 200);
    }
    let (keys, prefixes, pages) = all(&scene, "uploads&max-uploads=1", |answer| {
        let marker = |name: &str| answer.element(name).expect("there is more").replace('/', "%2F");
        format!("&key-marker={}&upload-id-marker={}", marker("NextKeyMarker"), marker("NextUploadIdMarker"))
    });
    assert_eq!((keys.join(" ").as_str(), prefixes.len(), pages), ("a a b/1 c", 0, 4));
    assert_eq!(page(&list(&scene, "uploads&delimiter=%2F")).1, ["b/".to_owned()]);
    // One that was none was passed over, and with it the uploads of its key.
    let wrong = scene.ask("GET", "?uploads&key-marker=a&upload-id-marker=x", &[], b"");
    assert_eq!(wrong.outcome(), (400, "InvalidArgument".to_owned()));
    assert_eq!(list(&scene, "uploads&upload-id-marker=x").elements("Upload").len(), 4, "without a key it says nothing");
}

/// Row 82: while others write and delete, no key that was there throughout is left out.
#[test]
fn a_listing_while_others_write_leaves_nothing_out() {
    let scene = Scene::new();
    let stays: Vec<String> = (0..60).map(|number| format!("key-{number:03}-stays")).collect();
    let mut wire = scene.connect();
    for key in &stays {
        wire.send(&scene.plain("PUT", &format!("/{key}"), &[], b"x"));
        assert_eq!(wire.answer().status, 200);
    }
    let mut written = 0_usize;
    let (keys, _, _) = all(&scene, "list-type=2&max-keys=7", |answer| {
        for number in [written, written + 1, 59 - written % 60] {
            let key = format!("/key-{:03}-goes", number % 60);
            let method = if number % 3 == 2 { "DELETE" } else { "PUT" };
            assert!(matches!(scene.ask(method, &key, &[], b"y").status, 200 | 204));
        }
        written += 1;
        by_token(answer)
    });
    let found: Vec<String> = keys.iter().filter(|key| key.ends_with("stays")).cloned().collect();
    assert_eq!(found, stays);
    let mut sorted = keys.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(keys, sorted, "in order, and none twice");
}
