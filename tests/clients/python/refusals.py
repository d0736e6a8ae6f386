"""What is refused, and that the client has a name for it."""

import botocore
import botocore.config
import botocore.exceptions

from stage import S3, body, client, put, refused, same


def what_is_not_there_has_classes(bucket):
    for call, expected in [
        (lambda: S3.get_object(Bucket=bucket, Key="absent"), S3.exceptions.NoSuchKey),
        (lambda: S3.list_objects_v2(Bucket="no-such-bucket"), S3.exceptions.NoSuchBucket),
        (lambda: S3.put_object(Bucket="no-such-bucket", Key="key", Body=b""), S3.exceptions.NoSuchBucket),
        (
            lambda: S3.abort_multipart_upload(Bucket=bucket, Key="key", UploadId="no-such-upload"),
            S3.exceptions.NoSuchUpload,
        ),
    ]:
        try:
            call()
        except expected as error:
            assert error.response["ResponseMetadata"]["RequestId"], error.response
            assert error.response["Error"]["Message"], error.response
        else:
            raise AssertionError(f"no {expected}")


def a_large_body_for_no_bucket_ends_in_an_answer(bucket):
    # The answer comes before the body is read: the client must see it, not a broken connection.
    sent = body(30 * 1024 * 1024)
    refused("NoSuchBucket", 404, S3.put_object, Bucket="no-such-bucket", Key="key", Body=sent)
    same(put(bucket, "key", b"next")["ResponseMetadata"]["HTTPStatusCode"], 200)


def buckets_are_refused(bucket):
    put(bucket, "key")
    refused("BucketNotEmpty", 409, S3.delete_bucket, Bucket=bucket)
    elsewhere = {"LocationConstraint": "eu-central-1"}
    wrong = S3.create_bucket
    refused("IllegalLocationConstraintException", 400, wrong, Bucket="other", CreateBucketConfiguration=elsewhere)
    refused("InvalidBucketName", 400, S3.create_bucket, Bucket="Upper.Case")


def keys_that_are_too_long_are_refused(bucket):
    refused("KeyTooLongError", 400, put, bucket, "k" * 1025)
    put(bucket, "k" * 1024)


def strangers_are_refused(bucket):
    wrong = client(aws_access_key_id="stranger-0000000", aws_secret_access_key="wrong")
    refused("InvalidAccessKeyId", 403, wrong.list_buckets)
    mine = S3._request_signer._credentials.access_key
    forger = client(aws_access_key_id=mine, aws_secret_access_key="wrong-secret-key-0000")
    refused("SignatureDoesNotMatch", 403, forger.list_buckets)
    refused("SignatureDoesNotMatch", 403, forger.put_object, Bucket=bucket, Key="key", Body=body(300_000))
    nobody = client(config=botocore.config.Config(signature_version=botocore.UNSIGNED))
    refused("AccessDenied", 403, nobody.get_object, Bucket=bucket, Key="key")
    refused("AccessDenied", 403, nobody.list_buckets)


def another_region_is_told_the_right_one(bucket):
    # The client asks once more by itself, with the region that the answer names.
    abroad = client(region_name="eu-west-3")
    same(abroad.head_bucket(Bucket=bucket)["BucketRegion"], "us-east-1")
    abroad.put_object(Bucket=bucket, Key="key", Body=b"from abroad")
    same(client(region_name="eu-west-3").head_object(Bucket=bucket, Key="key")["ContentLength"], 11)


def what_is_not_served_is_refused_by_name(bucket):
    versioned = {"Status": "Enabled"}
    refused("NotImplemented", 501, S3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=versioned)
    refused("NotImplemented", 501, put, bucket, "key", Tagging="a=b")
    same(S3.get_bucket_versioning(Bucket=bucket).get("Status"), None)
    refused("NoSuchBucketPolicy", 404, S3.get_bucket_policy, Bucket=bucket)
    refused("NoSuchCORSConfiguration", 404, S3.get_bucket_cors, Bucket=bucket)


EXERCISES = [
    what_is_not_there_has_classes,
    a_large_body_for_no_bucket_ends_in_an_answer,
    buckets_are_refused,
    keys_that_are_too_long_are_refused,
    strangers_are_refused,
    another_region_is_told_the_right_one,
    what_is_not_served_is_refused_by_name,
]
