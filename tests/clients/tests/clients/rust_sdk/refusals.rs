//! What is refused, and that the client has a name for it.

use stratum_clients::body;
use stratum_clients::server::{ACCESS_KEY, REGION, SECRET_KEY};

use super::stage::{MIB, exercise, refused};

#[test]
fn the_rust_sdk_knows_what_it_is_refused() {
    exercise(async |stage| {
        let (client, bucket) = (&stage.client, &stage.bucket);
        let absent = client.get_object().bucket(bucket).key("absent").send().await.expect_err("it is not there");
        assert!(absent.as_service_error().is_some_and(|error| error.is_no_such_key()), "{absent:?}");
        let absent = client.head_object().bucket(bucket).key("absent").send().await.expect_err("it is not there");
        assert!(absent.as_service_error().is_some_and(|error| error.is_not_found()), "{absent:?}");
        let nowhere = client.list_objects_v2().bucket("no-such-bucket").send().await.expect_err("it is not there");
        assert!(nowhere.as_service_error().is_some_and(|error| error.is_no_such_bucket()), "{nowhere:?}");

        stage.put("key", b"body").send().await.expect("it is put");
        refused(client.delete_bucket().bucket(bucket).send().await, "BucketNotEmpty", 409);
        // The answer comes before the body is read: the client must see it, not a broken connection.
        let large = stage.put("key", &body::bytes(30 * MIB, 1)).bucket("no-such-bucket").send().await;
        refused(large, "NoSuchBucket", 404);

        let stranger = stage.another_client("stranger-0000000", SECRET_KEY, REGION);
        refused(stranger.list_buckets().send().await, "InvalidAccessKeyId", 403);
        let forger = stage.another_client(ACCESS_KEY, "another-secret-key-0000", REGION);
        refused(forger.list_buckets().send().await, "SignatureDoesNotMatch", 403);
        let abroad = stage.another_client(ACCESS_KEY, SECRET_KEY, "eu-west-3");
        refused(abroad.list_buckets().send().await, "AuthorizationHeaderMalformed", 400);
    });
}
