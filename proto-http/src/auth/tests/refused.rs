//! Requests that are not let in, and what the answer says, by the rows of the list of wire behaviours.

use super::boto3::*;
use super::documented::*;
use super::spelled::*;
use super::stage::{NOW, changed, credentials, head, judge, refused, verifier};
use crate::auth::AuthError;

fn element(error: &AuthError, name: &str) -> Option<String> {
    error.elements().into_iter().find(|(other, _)| *other == name).map(|(_, text)| text)
}

#[test]
fn row_47_a_wrong_signature_shows_what_was_signed() {
    let error = judge(&changed(LIST, "start-after", "start-aftes")).expect_err("a changed query");
    assert_eq!((error.answer().0, error.answer().1), ("SignatureDoesNotMatch", 403));
    let request = "GET\n/b\ndelimiter=%2F&encoding-type=url\
                   &list-type=2&prefix=a%20b%2Bc%2F%C3%A9&start-aftes=x%3Dy%26z\n\
                   host:127.0.0.1:9000\n\
                   x-amz-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n\
                   x-amz-date:20130524T000000Z\n\nhost;x-amz-content-sha256;x-amz-date\n\
                   e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(element(&error, "CanonicalRequest").as_deref(), Some(request));
    let text = element(&error, "StringToSign").expect("a string to sign");
    assert!(text.starts_with("AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n"), "{text}");
    assert_eq!(element(&error, "AWSAccessKeyId").as_deref(), Some("AKIAIOSFODNN7EXAMPLE"));
    let signature = "7e840f31a746388c574d85343561cc9ee3121376ead46fdb1e4b2f7b41e76a88";
    assert_eq!(element(&error, "SignatureProvided").as_deref(), Some(signature));
    assert!(element(&error, "CanonicalRequestBytes").is_some_and(|bytes| bytes.starts_with("47 45 54 0a 2f 62 0a")));
}

#[test]
fn row_47_an_unknown_key_is_told_before_the_signature_is_looked_at() {
    let error = judge(&changed(LIST, "AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLF")).expect_err("nobody's key");
    assert_eq!((error.answer().0, error.answer().1), ("InvalidAccessKeyId", 403));
    assert_eq!(element(&error, "AWSAccessKeyId").as_deref(), Some("AKIAIOSFODNN7EXAMPLF"));
}

#[test]
fn signatures_that_are_none_are_wrong_ones() {
    for other in ["", "7e84", "7E840F31A746388C574D85343561CC9EE3121376EAD46FDB1E4B2F7B41E76A88", "\u{e9}"] {
        let text = changed(LIST, "7e840f31a746388c574d85343561cc9ee3121376ead46fdb1e4b2f7b41e76a88", other);
        assert_eq!(refused(&text), ("SignatureDoesNotMatch", 403), "{other}");
    }
}

#[test]
fn row_34_a_wrong_region_is_answered_with_the_right_one() {
    let error = judge(HEAD_NORTH).expect_err("another region");
    assert_eq!((error.answer().0, error.answer().1), ("AuthorizationHeaderMalformed", 400));
    assert_eq!(element(&error, "Region").as_deref(), Some("us-east-1"));
    let error = judge(&changed(PRESIGNED, "us-east-1", "us-west-1")).expect_err("another region");
    assert_eq!((error.answer().0, error.answer().1), ("AuthorizationQueryParametersError", 400));
    assert_eq!(element(&error, "Region").as_deref(), Some("us-east-1"));
}

#[test]
fn row_35_a_clock_may_be_wrong_by_a_quarter_of_an_hour() {
    for text in [LIST, DATE_ONLY] {
        let at = |now_s| verifier(credentials()).verify(&head(text), None, now_s).map(|_| ());
        assert_eq!((at(NOW - 900), at(NOW + 900)), (Ok(()), Ok(())));
        for now_s in [NOW - 901, NOW + 901] {
            let error = at(now_s).expect_err("another time");
            assert_eq!((error.answer().0, error.answer().1), ("RequestTimeTooSkewed", 403));
            assert_eq!(element(&error, "RequestTime").as_deref(), Some("20130524T000000Z"));
            let server = if now_s > NOW { "2013-05-24T00:15:01Z" } else { "2013-05-23T23:44:59Z" };
            assert_eq!(element(&error, "ServerTime").as_deref(), Some(server));
        }
    }
}

#[test]
fn row_35_a_date_that_is_none_is_no_date() {
    let date = "X-Amz-Date: 20130524T000000Z\r\n";
    let lines = ["", "X-Amz-Date:\r\n", "X-Amz-Date: yesterday\r\n", "X-Amz-Date: 19500707T215304Z\r\n"];
    for line in lines.into_iter().map(str::to_owned).chain([date.repeat(2)]) {
        let error = judge(&changed(LIST, date, &line)).expect_err("no date");
        let message = "AWS authentication requires a valid Date or x-amz-date header";
        assert_eq!(error.answer(), ("AccessDenied", 403, message.to_owned()), "{line}");
    }
    // What stands in `x-amz-date` counts, whatever `Date` says.
    let both = changed(LIST, date, "X-Amz-Date: yesterday\r\nDate: Fri, 24 May 2013 00:00:00 GMT\r\n");
    assert_eq!(refused(&both), ("AccessDenied", 403));
}

#[test]
fn the_day_of_the_scope_is_the_day_of_the_request() {
    let error = judge(&changed(LIST, "/20130524/", "/20130523/")).expect_err("another day");
    assert_eq!((error.answer().0, error.answer().1), ("AuthorizationHeaderMalformed", 400));
    assert!(error.answer().2.contains("This date is not the same as X-Amz-Date: \"20130524\"."));
    let text = changed(PRESIGNED, "%2F20130524%2F", "%2F20130525%2F");
    assert_eq!(refused(&text), ("AuthorizationQueryParametersError", 400));
}

#[test]
fn row_6_an_unknown_way_to_send_the_body_is_refused() {
    let error = judge(STREAMING_UNKNOWN).expect_err("nobody knows it");
    assert_eq!((error.answer().0, error.answer().1), ("InvalidArgument", 400));
    assert_eq!(element(&error, "ArgumentName").as_deref(), Some("x-amz-content-sha256"));
    assert_eq!(element(&error, "ArgumentValue").as_deref(), Some("STREAMING-AWS9-HMAC-SHA512-PAYLOAD"));
    let anonymous = "PUT /b/k HTTP/1.1\r\nHost: h\r\nx-amz-content-sha256: STREAMING-AWS9-HMAC-SHA512-PAYLOAD\r\n\r\n";
    assert_eq!(refused(anonymous), ("InvalidArgument", 400));
}

#[test]
fn row_10_the_digest_of_the_body_is_needed_once() {
    let line = "X-Amz-Content-SHA256: UNSIGNED-PAYLOAD\r\n";
    assert_eq!(refused(&changed(PUT_UNSIGNED, line, "")), ("InvalidRequest", 400));
    assert_eq!(refused(&changed(PUT_UNSIGNED, line, &line.repeat(2))), ("InvalidArgument", 400));
    assert_eq!(refused(&changed(PUT_UNSIGNED, "UNSIGNED-PAYLOAD", "unsigned")), ("InvalidArgument", 400));
    // Another word, though a known one, is not what was signed.
    let other = changed(PUT_UNSIGNED, "SHA256: UNSIGNED-PAYLOAD", "SHA256: STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    assert_eq!(refused(&other), ("SignatureDoesNotMatch", 403));
}

#[test]
fn row_2_signed_chunks_need_a_signed_head() {
    let text = "PUT /b/k HTTP/1.1\r\nHost: h\r\nx-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\n\r\n";
    assert_eq!(refused(text), ("InvalidRequest", 400));
}

#[test]
fn headers_that_must_be_signed_are_named() {
    let added =
        changed(LIST, "\r\n\r\n", "\r\nx-amz-acl: public-read\r\nX-Amz-Meta-A: b\r\nX-Amzn-Trace-Id: c\r\n\r\n");
    let error = judge(&added).expect_err("not signed");
    let message = "There were headers present in the request which were not signed";
    assert_eq!(error.answer(), ("AccessDenied", 403, message.to_owned()));
    assert_eq!(element(&error, "HeadersNotSigned").as_deref(), Some("x-amz-acl, x-amz-meta-a"));
    let presigned =
        changed(PRESIGNED, "\r\n\r\n", "\r\nx-amz-tagging: a=b\r\nx-amz-content-sha256: UNSIGNED-PAYLOAD\r\n\r\n");
    let error = judge(&presigned).expect_err("not signed");
    assert_eq!(element(&error, "HeadersNotSigned").as_deref(), Some("x-amz-tagging, x-amz-content-sha256"));
    let error = judge(&changed(PRESIGNED, "SignedHeaders=host", "SignedHeaders=")).expect_err("no host");
    assert_eq!(element(&error, "HeadersNotSigned").as_deref(), Some("host"));
}

#[test]
fn row_36_a_presigned_request_ends_and_has_nothing_added() {
    let late = verifier(credentials()).verify(&head(PRESIGNED), None, NOW + 86_401).map(|_| ());
    assert_eq!(late.expect_err("too late").answer().2, "Request has expired");
    let early = verifier(credentials()).verify(&head(PRESIGNED), None, NOW - 901).map(|_| ());
    assert_eq!(early.expect_err("too early").answer().2, "Request is not yet valid");
    assert_eq!(refused(&changed(PRESIGNED, " HTTP/1.1", "&versionId=1 HTTP/1.1")), ("SignatureDoesNotMatch", 403));
    assert_eq!(refused(&changed(PRESIGNED, "Expires=86400", "Expires=86401")), ("SignatureDoesNotMatch", 403));
    for (validity, status) in [("604801", 400), ("-1", 400), ("soon", 400)] {
        let text = changed(PRESIGNED, "Expires=86400", &format!("Expires={validity}"));
        assert_eq!(refused(&text).1, status, "{validity}");
    }
}

#[test]
fn row_39_the_method_is_signed() {
    for method in ["HEAD", "PUT", "DELETE"] {
        assert_eq!(refused(&changed(PRESIGNED, "GET ", &format!("{method} "))), ("SignatureDoesNotMatch", 403));
    }
}

#[test]
fn row_42_an_empty_authorization_is_not_anonymous() {
    assert_eq!(refused("GET /b/k HTTP/1.1\r\nHost: h\r\nAuthorization:\r\n\r\n"), ("AccessDenied", 403));
    assert_eq!(refused("GET /b/k HTTP/1.1\r\nHost: h\r\nAuthorization: x\r\n\r\n"), ("InvalidArgument", 400));
    assert_eq!(refused("GET /b/k?X-Amz-Signature=00 HTTP/1.1\r\nHost: h\r\n\r\n").1, 400);
    assert_eq!(refused("GET /b/k?X-Amz-Credential=00 HTTP/1.1\r\nHost: h\r\n\r\n").1, 400);
}

#[test]
fn a_signed_query_has_a_limit() {
    let parameters = vec!["a"; 200].join("&");
    assert_eq!(refused(&changed(ACL, "?acl", &format!("?{parameters}"))), ("InvalidRequest", 400));
}
