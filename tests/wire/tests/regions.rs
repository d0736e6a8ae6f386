//! A server of another region than the first: what clients sign for, are told, and are answered when they repeat
//! themselves.

use stratum_wire::{Answer, Place, Recorded, Scene, Server};

const HERE: &str = "eu-west-1";

const GET: &str = "GET /{bucket}/key HTTP/1.1\r\nHost: {host}\r\nX-Amz-Date: {date}\r\n\
    X-Amz-Content-SHA256: UNSIGNED-PAYLOAD\r\nAuthorization: AWS4-HMAC-SHA256 Credential={scope}, \
    SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}\r\n\r\n";

fn in_region(test: impl FnOnce(&Scene)) {
    let directory = tempfile::tempdir().expect("a folder can be made");
    let server = Server::start(directory.path(), &["--region", HERE]);
    test(&Scene::in_region(&server, HERE));
    server.stop();
}

/// Row 34: who signs for this region is served, who signs for the default one is told this one.
#[test]
fn a_server_is_of_the_region_that_it_was_started_with() {
    in_region(|scene| {
        scene.put("key", b"hello");
        assert_eq!(scene.replay(GET, b"").text(), "hello");
        for elsewhere in ["us-east-1", "eu-central-1", ""] {
            let place = Place { region: elsewhere.to_owned(), ..scene.place() };
            let answer: Answer = scene.exchange(&Recorded::new(GET).fill(&place, b"").0);
            assert_eq!(answer.outcome(), (400, "AuthorizationHeaderMalformed".to_owned()), "{elsewhere}: {answer:?}");
            assert_eq!(answer.element("Region").as_deref(), Some(HERE), "{elsewhere}");
        }
        // Row 44.
        let head = scene.ask("HEAD", "", &[], b"");
        assert_eq!((head.status, head.header("x-amz-bucket-region")), (200, Some(HERE)));
        let location = scene.ask("GET", "?location", &[], b"");
        assert!(location.text().contains(&format!(">{HERE}</LocationConstraint>")), "{location:?}");
    });
}

/// Row 98: outside of the first region a bucket is made once; who owns it is told so.
#[test]
fn a_bucket_is_made_once() {
    in_region(|scene| {
        let document = |region: &str| {
            let inner = format!("<LocationConstraint>{region}</LocationConstraint>");
            format!("<CreateBucketConfiguration>{inner}</CreateBucketConfiguration>")
        };
        for body in [String::new(), document(HERE)] {
            let again = scene.ask("PUT", "", &[], body.as_bytes());
            assert_eq!(again.outcome(), (409, "BucketAlreadyOwnedByYou".to_owned()), "{again:?}");
            assert_eq!(again.element("BucketName").as_deref(), Some(scene.bucket()));
        }
        let elsewhere = scene.ask("PUT", "", &[], document("us-east-1").as_bytes());
        assert_eq!(elsewhere.outcome(), (400, "IllegalLocationConstraintException".to_owned()));
    });
}
