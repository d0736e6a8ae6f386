"""Presigned URLs, walked by an HTTP client that knows nothing of S3.

boto3 signs them by version 2 unless it is told otherwise, so both are here.
"""

import os
import ssl
import time
import urllib.error
import urllib.request

import botocore.config

from stage import ODD_KEYS, S3, body, client, content, put, same

VERSIONS = {"2": S3, "4": client(config=botocore.config.Config(signature_version="s3v4"))}


def ask(url, method="GET", sent=None, headers=None):
    """Status and body of a plain request."""
    request = urllib.request.Request(url, data=sent, method=method, headers=headers or {})
    # The trust of the environment: the client of Python's library does not look there by itself.
    trust = os.environ.get("AWS_CA_BUNDLE")
    context = ssl.create_default_context(cafile=trust) if trust else None
    try:
        with urllib.request.urlopen(request, context=context) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def url(version, operation, seconds=300, **parameters):
    signed = VERSIONS[version].generate_presigned_url(operation, Params=parameters, ExpiresIn=seconds)
    mark = "X-Amz-Signature=" if version == "4" else "&Signature="
    assert mark in signed, signed
    return signed


def urls_walk(version, bucket):
    sent = body(100_000)
    headers = {"Content-Type": "text/plain"}
    to_put = url(version, "put_object", Bucket=bucket, Key="a +%ü", ContentType="text/plain")
    same(ask(to_put, "PUT", sent, headers)[0], 200)
    same(content(bucket, "a +%ü"), sent)
    same(ask(url(version, "get_object", Bucket=bucket, Key="a +%ü")), (200, sent))
    same(ask(url(version, "head_object", Bucket=bucket, Key="a +%ü"), "HEAD"), (200, b""))
    changed = url(version, "get_object", Bucket=bucket, Key="a +%ü", ResponseContentType="x/y")
    same(ask(changed), (200, sent))
    # The type is signed, too: this HTTP client sends one of its own where there is none, and version 2 signs what is sent.
    described = {"Metadata": {"colour": "blue green"}, "ContentType": "text/plain"}
    with_metadata = url(version, "put_object", Bucket=bucket, Key="described", **described)
    same(ask(with_metadata, "PUT", b"sent", {"x-amz-meta-colour": "blue green", **headers})[0], 200)
    same(S3.head_object(Bucket=bucket, Key="described")["Metadata"], {"colour": "blue green"})
    same(ask(url(version, "delete_object", Bucket=bucket, Key="a +%ü"), "DELETE")[0], 204)
    for key in ODD_KEYS:
        put(bucket, key, key.encode())
        # The client of Python's library would resolve the dots in a path as browsers do.
        if "/./" not in key and "/../" not in key:
            same(ask(url(version, "get_object", Bucket=bucket, Key=key)), (200, key.encode()))


def urls_are_refused(version, bucket):
    put(bucket, "key", b"body")
    signed = url(version, "get_object", Bucket=bucket, Key="key")
    same(ask(signed, "PUT", b"other")[0], 403)
    same(ask(signed.replace("/key", "/other"))[0], 403)
    # The last sign of the base64 of version 2 is padding, so another one is changed.
    at = signed.index("Signature=") + len("Signature=") + 3
    same(ask(signed[:at] + ("A" if signed[at] != "A" else "B") + signed[at + 1 :])[0], 403)
    short = url(version, "get_object", seconds=1, Bucket=bucket, Key="key")
    time.sleep(2.1)
    status, said = ask(short)
    same((status, b"<Code>AccessDenied</Code>" in said), (403, True))
    same(content(bucket, "key"), b"body")


def urls_of_version_4_walk(bucket):
    urls_walk("4", bucket)


def urls_of_version_4_are_refused_when_changed_or_old(bucket):
    urls_are_refused("4", bucket)


def urls_of_version_2_walk(bucket):
    urls_walk("2", bucket)


def urls_of_version_2_are_refused_when_changed_or_old(bucket):
    urls_are_refused("2", bucket)


EXERCISES = [
    urls_of_version_4_walk,
    urls_of_version_4_are_refused_when_changed_or_old,
    urls_of_version_2_walk,
    urls_of_version_2_are_refused_when_changed_or_old,
]
