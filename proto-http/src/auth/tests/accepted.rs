//! Requests that are let in, by the rows of the list of wire behaviours.

use super::boto3::*;
use super::documented::*;
use super::spelled::*;
use super::stage::{NOW, SESSION_TOKEN, accepted, changed, credentials, head, judge, refused, session, verifier};
use crate::auth::{Endpoint, Keys, PayloadHash, Plus, Principal, Verifier};

#[test]
fn the_documented_examples_are_right() {
    for text in [GET_OBJECT, PUT_OBJECT, GET_LIFECYCLE, LIST_OBJECTS, PRESIGNED] {
        accepted(text);
    }
}

#[test]
fn rows_26_to_28_the_path_is_signed_as_it_is_with_one_spelling() {
    // boto3's key has doubled slashes, both kinds of dots, and every sign that has to be encoded.
    accepted(PUT_ODD_KEY);
    accepted(SMALL_HEX);
    accepted(PLUS_IN_PATH);
    assert_eq!(refused(&changed(PUT_ODD_KEY, "/b/a//b", "/b/a/b")), ("SignatureDoesNotMatch", 403));
    assert_eq!(refused(&changed(PUT_ODD_KEY, "/../", "/")), ("SignatureDoesNotMatch", 403));
    accepted(&changed(PUT_ODD_KEY, "%C3%A9", "%c3%a9"));
}

#[test]
fn row_27_a_plus_in_a_query_means_what_was_signed() {
    assert_eq!(accepted(PLUS_IS_SPACE).plus, Plus::Space);
    assert_eq!(accepted(PLUS_IS_PLUS).plus, Plus::Literal);
    assert_eq!(accepted(LIST).plus, Plus::Space);
}

#[test]
fn row_29_what_is_sent_raw_is_signed_encoded() {
    accepted(RAW_PATH);
    accepted(&changed(RAW_PATH, "k=@:,()!*'", "k%3d%40%3A%2C%28%29%21%2A%27"));
}

#[test]
fn rows_30_and_31_queries_are_sorted_and_everything_in_them_is_signed() {
    for text in [LIST, ACL, UPLOAD_PART, DELETE_OBJECTS, DOUBLE_PARAMETERS, X_ID] {
        accepted(text);
    }
    accepted(&changed(ACL, "?acl", "?acl="));
    accepted(&changed(DOUBLE_PARAMETERS, "?b=2&a=2&uploads&a=1", "?a=1&uploads&&b=2&a=2"));
    assert_eq!(refused(&changed(X_ID, "?x-id=PutObject", "")), ("SignatureDoesNotMatch", 403));
    assert_eq!(refused(&changed(DOUBLE_PARAMETERS, "a=1&", "")), ("SignatureDoesNotMatch", 403));
}

#[test]
fn row_32_headers_are_trimmed_shortened_and_joined() {
    accepted(JOINED_HEADERS);
    accepted(&changed(JOINED_HEADERS, "one \t two ", "one two"));
    // boto3 signs the spaces within quotes shortened too.
    accepted(PUT_ODD_KEY);
    assert_eq!(refused(&changed(JOINED_HEADERS, "h:9000", "h")), ("SignatureDoesNotMatch", 403));
    assert_eq!(refused(&changed(JOINED_HEADERS, "text/plain", "text/html")), ("SignatureDoesNotMatch", 403));
}

#[test]
fn row_33_what_proxies_change_matters_only_if_it_was_signed() {
    let proxied = changed(PUT_ODD_KEY, "Expect: 100-continue\r\n", "Accept-Encoding: br\r\nVia: 1.1 proxy\r\n");
    accepted(&changed(&proxied, "Boto3/1.44.5", "Proxy/2"));
    accepted(&changed(SIGNED_ENCODING, "client/1", "proxy/2"));
    assert_eq!(refused(&changed(SIGNED_ENCODING, "gzip", "gzip, br")), ("SignatureDoesNotMatch", 403));
}

#[test]
fn row_34_with_any_region_all_are_let_in() {
    let endpoint = Endpoint { any_region: true, ..Endpoint::s3("us-east-1") };
    let mut verifier = Verifier::new(endpoint, Keys::of_root(credentials()));
    assert!(verifier.verify(&head(HEAD_NORTH), None, NOW).is_ok());
}

#[test]
fn row_35_the_date_may_stand_in_date() {
    accepted(DATE_ONLY);
}

#[test]
fn rows_10_and_1_every_way_to_bind_the_body_is_known() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(accepted(LIST).payload.text(), empty);
    assert!(matches!(accepted(PUT_ODD_KEY).payload, PayloadHash::Literal(_)));
    assert_eq!(accepted(PUT_UNSIGNED).payload, PayloadHash::Unsigned);
    assert_eq!(accepted(PUT_CHUNKS).payload, PayloadHash::StreamingSigned);
    assert_eq!(accepted(PUT_CHUNKS_TRAILER).payload, PayloadHash::StreamingSignedTrailer);
    assert_eq!(accepted(PRESIGNED).payload, PayloadHash::Unsigned);
    assert_eq!(accepted(HOISTED).payload, PayloadHash::Unsigned);
    assert!(matches!(accepted(PRESIGNED_DIGEST).payload, PayloadHash::Literal(_)));
}

#[test]
fn row_5_unsigned_chunks_are_not_verified_whatever_they_carry() {
    let verified = accepted(PUT_TRAILER);
    assert_eq!(verified.payload, PayloadHash::StreamingUnsignedTrailer);
    assert!(verified.chunks.is_none());
}

#[test]
fn rows_36_and_40_a_presigned_request_is_right_until_it_ends() {
    for text in [PRESIGNED, PRESIGNED_OVERRIDES, HOISTED, RAW_SEMICOLON] {
        let mut verifier = verifier(credentials());
        assert!(verifier.verify(&head(text), None, NOW + 3600).is_ok(), "{text}");
    }
    accepted(&changed(RAW_SEMICOLON, "content-type;host", "content-type%3bhost"));
}

#[test]
fn row_37_a_sessions_token_is_signed_or_appended() {
    for text in [GET_SESSION, PRESIGNED_SESSION, TOKEN_APPENDED] {
        let verified = verifier(session()).verify(&head(text), None, NOW);
        assert!(matches!(verified.map(|v| v.principal), Ok(Principal::Key(_))), "{text}");
        // The same key without a session has no token, so this one is wrong, though all of it is signed.
        assert_eq!(refused(text), ("InvalidToken", 400), "{text}");
        let other = session().with_session_token("another").expect("valid");
        assert!(verifier(other).verify(&head(text), None, NOW).is_err(), "{text}");
    }
    // Without its token, a session's key opens nothing.
    assert!(verifier(session()).verify(&head(LIST), None, NOW).is_err_and(|error| error.answer().0 == "InvalidToken"));
    let encoded = SESSION_TOKEN.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let text = changed(TOKEN_APPENDED, SESSION_TOKEN, &encoded);
    assert!(verifier(session()).verify(&head(&text), None, NOW).is_ok());
}

#[test]
fn row_38_a_presigned_request_needs_its_signed_headers_as_they_were() {
    accepted(PRESIGNED_PUT);
    accepted(HOISTED);
    let without_acl = changed(PRESIGNED_PUT, "x-amz-acl: public-read\r\n", "");
    let other_type = changed(PRESIGNED_PUT, "image/png", "image/gif");
    let other_checksum = changed(HOISTED, "AAAAAA", "AAAAAB");
    for text in [without_acl, other_type, other_checksum] {
        assert_eq!(refused(&text), ("SignatureDoesNotMatch", 403), "{text}");
    }
}

#[test]
fn row_41_who_presents_nothing_is_anonymous() {
    let verified = judge("GET /b/k HTTP/1.1\r\nHost: h\r\n\r\n").expect("nothing to be wrong");
    assert_eq!((verified.principal, verified.payload), (Principal::Anonymous, PayloadHash::Unsigned));
    let text = "PUT /b/k HTTP/1.1\r\nHost: h\r\nx-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n\r\n";
    let verified = judge(text).expect("nothing to be wrong");
    assert_eq!((verified.principal, verified.payload), (Principal::Anonymous, PayloadHash::StreamingUnsignedTrailer));
}

#[test]
fn row_46_another_service_has_an_endpoint_of_its_own() {
    let endpoint = Endpoint { service: "s3express".to_owned(), ..Endpoint::s3("us-east-1") };
    let mut verifier = Verifier::new(endpoint, Keys::of_root(credentials()));
    assert!(verifier.verify(&head(EXPRESS), None, NOW).is_ok());
    assert!(verifier.verify(&head(LIST), None, NOW).is_err());
    assert_eq!(refused(EXPRESS), ("AuthorizationHeaderMalformed", 400));
}

#[test]
fn a_listed_header_that_did_not_come_counts_as_empty() {
    accepted(LISTED_BUT_NOT_SENT);
    let sent = changed(LISTED_BUT_NOT_SENT, "Content-Length: 0", "Content-Length: 0\r\nTransfer-Encoding: chunked");
    assert_eq!(refused(&sent), ("SignatureDoesNotMatch", 403));
}

#[test]
fn a_remembered_key_gives_the_same_answers_and_new_keys_forget_it() {
    let mut verifier = verifier(credentials());
    for _ in 0..2 {
        assert!(verifier.verify(&head(LIST), None, NOW).is_ok());
        assert!(verifier.verify(&head(&changed(LIST, "delimiter", "delimitex")), None, NOW).is_err());
    }
    let other = crate::auth::Credentials::new(super::stage::ACCESS_KEY, "another-secret").expect("valid");
    verifier.replace_keys(Keys::of_root(other));
    assert!(verifier.verify(&head(LIST), None, NOW).is_err());
    verifier.replace_keys(Keys::of_root(credentials()));
    assert!(verifier.verify(&head(LIST), None, NOW).is_ok());
}
