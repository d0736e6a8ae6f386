"""Buckets and objects: what is put is what is got, whole and in ranges, with all that stands in its headers."""

import concurrent.futures
import datetime
import io
import socket

import botocore.config

from stage import MIB, ODD_KEYS, S3, body, client, content, put, refused, same


def buckets_are_made_listed_found_and_removed(bucket):
    S3.create_bucket(Bucket="another-bucket")
    names = [each["Name"] for each in S3.list_buckets()["Buckets"]]
    assert bucket in names and "another-bucket" in names, names
    same(names, sorted(names))
    same(S3.head_bucket(Bucket="another-bucket")["BucketRegion"], "us-east-1")
    same(S3.get_bucket_location(Bucket="another-bucket")["LocationConstraint"], None)
    S3.delete_bucket(Bucket="another-bucket")
    refused("404", 404, S3.head_bucket, Bucket="another-bucket")
    refused("NoSuchBucket", 404, S3.delete_bucket, Bucket="another-bucket")


def buckets_are_listed_in_pages(bucket):
    names = [f"paged-{number}" for number in range(7)]
    for name in names:
        S3.create_bucket(Bucket=name)
    pages = S3.get_paginator("list_buckets").paginate(Prefix="paged-", PaginationConfig={"PageSize": 3})
    listed = [[each["Name"] for each in page["Buckets"]] for page in pages]
    same(listed, [names[:3], names[3:6], names[6:]])
    for name in names:
        S3.delete_bucket(Bucket=name)


def bodies_of_many_sizes_come_back(bucket):
    for size in [0, 1, 1023, 4096, 65_537, MIB, 7 * MIB + 1]:
        sent = body(size, size)
        put(bucket, "size", sent)
        answer = S3.get_object(Bucket=bucket, Key="size")
        same(answer["ContentLength"], size)
        same(answer["Body"].read(), sent)
        same(S3.head_object(Bucket=bucket, Key="size")["ContentLength"], size)


def a_body_may_be_a_stream(bucket):
    sent = body(3 * MIB)
    put(bucket, "stream", io.BytesIO(sent))
    same(content(bucket, "stream"), sent)


def objects_are_removed_and_a_second_removal_is_no_error(bucket):
    put(bucket, "key")
    for _ in range(2):
        same(S3.delete_object(Bucket=bucket, Key="key")["ResponseMetadata"]["HTTPStatusCode"], 204)
    refused("404", 404, S3.head_object, Bucket=bucket, Key="key")


def ranges_are_parts_of_the_body(bucket):
    sent = body(100_000)
    put(bucket, "key", sent)
    rows = [
        ("bytes=0-0", sent[:1], "bytes 0-0/100000"),
        ("bytes=10-99", sent[10:100], "bytes 10-99/100000"),
        ("bytes=99000-", sent[99_000:], "bytes 99000-99999/100000"),
        ("bytes=-500", sent[-500:], "bytes 99500-99999/100000"),
        ("bytes=99990-200000", sent[99_990:], "bytes 99990-99999/100000"),
    ]
    for asked, part, shown in rows:
        answer = S3.get_object(Bucket=bucket, Key="key", Range=asked)
        same((answer["ContentRange"], answer["ResponseMetadata"]["HTTPStatusCode"]), (shown, 206))
        same(answer["Body"].read(), part)
    refused("InvalidRange", 416, S3.get_object, Bucket=bucket, Key="key", Range="bytes=100000-")


def headers_and_metadata_come_back(bucket):
    until = datetime.datetime(2031, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc)
    headers = {
        "CacheControl": "max-age=60",
        "ContentDisposition": 'attachment; filename="a b.txt"',
        "ContentEncoding": "zstd",
        "ContentLanguage": "de, fr",
        "ContentType": "text/plain; charset=utf-8",
        "Metadata": {"colour": "blue green", "empty": "", "mixed-case": "Is Kept"},
    }
    put(bucket, "key", Expires=until, **headers)
    for answer in [S3.head_object(Bucket=bucket, Key="key"), S3.get_object(Bucket=bucket, Key="key")]:
        same({name: answer[name] for name in headers}, headers)
        same(answer["ExpiresString"], "Tue, 06 May 2031 07:08:09 GMT")
    put(bucket, "plain")
    same(S3.head_object(Bucket=bucket, Key="plain")["ContentType"], "binary/octet-stream")
    changed = S3.get_object(Bucket=bucket, Key="key", ResponseContentType="a/b", ResponseCacheControl="no-store")
    same((changed["ContentType"], changed["CacheControl"]), ("a/b", "no-store"))


def odd_keys_name_what_they_name(bucket):
    for key in ODD_KEYS:
        put(bucket, key, key.encode())
    for key in ODD_KEYS:
        same(content(bucket, key), key.encode())
        same(S3.head_object(Bucket=bucket, Key=key)["ContentLength"], len(key.encode()))


def a_bucket_may_stand_in_the_name_of_the_host(bucket):
    # No resolver knows the name; the client must reach the address that the test listens on.
    resolve = socket.getaddrinfo
    socket.getaddrinfo = lambda host, *more, **named: resolve(
        "127.0.0.1" if host.endswith("s3.stratum.test") else host, *more, **named
    )
    try:
        endpoint = S3.meta.endpoint_url.replace("127.0.0.1", "s3.stratum.test")
        virtual = botocore.config.Config(s3={"addressing_style": "virtual"})
        hosted = client(config=virtual, endpoint=endpoint)
        same(hosted.head_bucket(Bucket=bucket)["BucketRegion"], "us-east-1")
        for key in ["key", "/leading slash", "a//b", "ü+ %"]:
            hosted.put_object(Bucket=bucket, Key=key, Body=key.encode())
            same(content(bucket, key), key.encode())
            same(hosted.get_object(Bucket=bucket, Key=key)["Body"].read(), key.encode())
    finally:
        socket.getaddrinfo = resolve


def many_threads_share_a_client(bucket):
    def one(number):
        sent = body(number * 97, number)
        put(bucket, f"thread/{number}", sent)
        return content(bucket, f"thread/{number}") == sent

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        assert all(pool.map(one, range(400)))


EXERCISES = [
    buckets_are_made_listed_found_and_removed,
    buckets_are_listed_in_pages,
    bodies_of_many_sizes_come_back,
    a_body_may_be_a_stream,
    objects_are_removed_and_a_second_removal_is_no_error,
    ranges_are_parts_of_the_body,
    headers_and_metadata_come_back,
    odd_keys_name_what_they_name,
    a_bucket_may_stand_in_the_name_of_the_host,
    many_threads_share_a_client,
]
