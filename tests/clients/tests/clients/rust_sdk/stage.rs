//! What the exercises share: a server, a client with its defaults, and a bucket that is removed when they are done.

use std::fmt::Debug;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{Config, Credentials, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use stratum_clients::server::{ACCESS_KEY, REGION, SECRET_KEY, Server};

pub(super) const MIB: usize = 1024 * 1024;

/// Where an exercise runs.
pub(super) struct Stage {
    pub(super) client: Client,
    pub(super) bucket: String,
    endpoint: String,
}

/// What the HTTP layer makes of an answer.
type Answer = aws_sdk_s3::config::http::HttpResponse;

/// Runs an exercise against a server of its own.
pub(super) fn exercise(work: impl AsyncFnOnce(&Stage)) {
    let server = Server::over_http();
    let endpoint = server.endpoint().to_owned();
    let client = client(&endpoint, Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "tests"), REGION);
    let stage = Stage { client, bucket: "exercise".to_owned(), endpoint };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        stage.client.create_bucket().bucket(&stage.bucket).send().await.expect("a bucket is made");
        work(&stage).await;
        stage.empty().await;
        stage.client.delete_bucket().bucket(&stage.bucket).send().await.expect("an empty bucket is removed");
    });
    // Its connections end with it: the server need not wait for them.
    drop((stage, runtime));
    server.stop();
}

fn client(endpoint: &str, credentials: Credentials, region: &str) -> Client {
    let config = Config::builder()
        .endpoint_url(endpoint)
        .credentials_provider(credentials)
        .region(Region::new(region.to_owned()))
        // A retry would hide an answer that is wrong.
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    Client::from_conf(config.build())
}

impl Stage {
    /// A client that says it is somebody else, or somewhere else.
    pub(super) fn another_client(&self, access_key: &str, secret_key: &str, region: &str) -> Client {
        client(&self.endpoint, Credentials::new(access_key, secret_key, None, None, "tests"), region)
    }

    pub(super) fn put(&self, key: &str, body: &[u8]) -> PutObjectFluentBuilder {
        let body = ByteStream::from(body.to_vec());
        self.client.put_object().bucket(&self.bucket).key(key).body(body)
    }

    pub(super) async fn content(&self, key: &str) -> Vec<u8> {
        let got = self.client.get_object().bucket(&self.bucket).key(key).send().await;
        bytes(got.expect("an object is read")).await
    }

    /// Removes all objects, as many at once as may be.
    async fn empty(&self) {
        let mut pages = self.client.list_objects_v2().bucket(&self.bucket).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.expect("a bucket is listed");
            let keys = page.contents().iter().filter_map(|object| object.key()).map(identifier);
            let delete = Delete::builder().set_objects(Some(keys.collect())).build().expect("a list of keys");
            if !delete.objects().is_empty() {
                let answer = self.client.delete_objects().bucket(&self.bucket).delete(delete).send().await;
                assert!(answer.expect("many are removed").errors().is_empty());
            }
        }
    }
}

pub(super) fn identifier(key: &str) -> ObjectIdentifier {
    ObjectIdentifier::builder().key(key).build().expect("a key is all that is needed")
}

/// The whole body; the client holds it against its checksum meanwhile.
pub(super) async fn bytes(got: GetObjectOutput) -> Vec<u8> {
    got.body.collect().await.expect("the body is whole").to_vec()
}

/// Equality of bytes that does not print megabytes when there is none.
#[track_caller]
pub(super) fn same(left: &[u8], right: &[u8]) {
    assert!(left == right, "{} and {} bytes differ", left.len(), right.len());
}

/// What must be refused with this code and status.
#[track_caller]
pub(super) fn refused<T: Debug, E: ProvideErrorMetadata + Debug>(
    answer: Result<T, SdkError<E, Answer>>,
    code: &str,
    status: u16,
) {
    let error = answer.expect_err("it is refused");
    let got = error.raw_response().map(|response| response.status().as_u16());
    assert_eq!((error.code(), got), (Some(code), Some(status)), "{error:?}");
}
