"""Conditions: on writes that must not replace, or only what is known; on reads of what has not changed."""

import datetime

from stage import S3, content, put, refused, same


def an_object_that_is_there_is_not_created_again(bucket):
    put(bucket, "key", b"first", IfNoneMatch="*")
    refused("PreconditionFailed", 412, put, bucket, "key", b"second", IfNoneMatch="*")
    same(content(bucket, "key"), b"first")


def only_the_known_object_is_replaced(bucket):
    first = put(bucket, "key", b"first")["ETag"]
    second = put(bucket, "key", b"second", IfMatch=first)["ETag"]
    refused("PreconditionFailed", 412, put, bucket, "key", b"third", IfMatch=first)
    same(content(bucket, "key"), b"second")
    refused("NoSuchKey", 404, put, bucket, "absent", b"x", IfMatch=second)


def an_upload_in_parts_may_be_forbidden_to_replace(bucket):
    put(bucket, "key", b"first")
    upload = S3.create_multipart_upload(Bucket=bucket, Key="key")["UploadId"]
    part = S3.upload_part(Bucket=bucket, Key="key", UploadId=upload, PartNumber=1, Body=b"second")
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    named = {"Bucket": bucket, "Key": "key", "UploadId": upload, "MultipartUpload": parts}
    refused("PreconditionFailed", 412, S3.complete_multipart_upload, IfNoneMatch="*", **named)
    same(content(bucket, "key"), b"first")


def only_the_known_object_is_removed(bucket):
    tag = put(bucket, "key")["ETag"]
    other = '"00000000000000000000000000000000"'
    refused("PreconditionFailed", 412, S3.delete_object, Bucket=bucket, Key="key", IfMatch=other)
    S3.delete_object(Bucket=bucket, Key="key", IfMatch=tag)
    refused("404", 404, S3.head_object, Bucket=bucket, Key="key")


def reads_are_conditional(bucket):
    put(bucket, "key", b"body")
    head = S3.head_object(Bucket=bucket, Key="key")
    tag, changed = head["ETag"], head["LastModified"]
    day = datetime.timedelta(days=1)
    for call in [S3.get_object, S3.head_object]:
        named = {"Bucket": bucket, "Key": "key"}
        call(IfMatch=tag, **named)
        call(IfModifiedSince=changed - day, **named)
        call(IfUnmodifiedSince=changed, **named)
        refused("304", 304, call, IfNoneMatch=tag, **named)
        refused("304", 304, call, IfModifiedSince=changed, **named)
        code = "PreconditionFailed" if call == S3.get_object else "412"
        refused(code, 412, call, IfMatch='"other"', **named)
        refused(code, 412, call, IfUnmodifiedSince=changed - day, **named)


EXERCISES = [
    an_object_that_is_there_is_not_created_again,
    only_the_known_object_is_replaced,
    an_upload_in_parts_may_be_forbidden_to_replace,
    only_the_known_object_is_removed,
    reads_are_conditional,
]
