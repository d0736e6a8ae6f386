// Presigned URLs, walked by the HTTP client of Node, which knows nothing of S3.
"use strict";

const assert = require("node:assert/strict");
const s3 = require("@aws-sdk/client-s3");
const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");
const { ODD_KEYS, S3, body, content, put, sameBytes } = require("./stage.cjs");

const signed = (command, options = {}) => getSignedUrl(S3, command, { expiresIn: 300, ...options });

async function urlsWalk(bucket) {
  const sent = body(100_000);
  const toPut = await signed(new s3.PutObjectCommand({ Bucket: bucket, Key: "a +%ü", Body: sent }));
  assert.equal((await fetch(toPut, { method: "PUT", body: sent })).status, 200);
  sameBytes(await content(bucket, "a +%ü"), sent);
  const got = await fetch(await signed(new s3.GetObjectCommand({ Bucket: bucket, Key: "a +%ü" })));
  assert.equal(got.status, 200);
  sameBytes(Buffer.from(await got.arrayBuffer()), sent);
  const gone = await fetch(await signed(new s3.DeleteObjectCommand({ Bucket: bucket, Key: "a +%ü" })), {
    method: "DELETE",
  });
  assert.equal(gone.status, 204);
}

async function urlsOfOddKeysWalk(bucket) {
  for (const key of ODD_KEYS) {
    await put(bucket, key, key);
    // What walks URLs as browsers do resolves dots in their paths.
    if (key.includes("/./") || key.includes("/../")) continue;
    const answer = await fetch(await signed(new s3.GetObjectCommand({ Bucket: bucket, Key: key })));
    assert.deepEqual([answer.status, await answer.text()], [200, key]);
  }
}

async function signedHeadersMustBeSent(bucket) {
  const command = new s3.PutObjectCommand({ Bucket: bucket, Key: "key", ContentType: "text/plain", IfNoneMatch: "*" });
  const url = await signed(command, { signableHeaders: new Set(["content-type"]) });
  const ask = async (headers) => (await fetch(url, { method: "PUT", headers, body: "sent" })).status;
  assert.equal(await ask({ "content-type": "text/html", "if-none-match": "*" }), 403);
  assert.equal(await ask({ "content-type": "text/plain" }), 403);
  assert.equal(await ask({ "content-type": "text/plain", "if-none-match": "*" }), 200);
  assert.equal(await ask({ "content-type": "text/plain", "if-none-match": "*" }), 412);
  assert.equal((await S3.headObject({ Bucket: bucket, Key: "key" })).ContentType, "text/plain");
}

// The presigner knows no body and signs the checksum of an empty one; S3 takes any body all the same.
async function anyBodyMayBePutByAUrlThatWasSignedWithoutOne(bucket) {
  const url = await signed(new s3.PutObjectCommand({ Bucket: bucket, Key: "key" }));
  assert.ok(url.includes("x-amz-checksum-crc32=AAAAAA"), url);
  const sent = body(70_000);
  assert.equal((await fetch(url, { method: "PUT", body: sent })).status, 200);
  sameBytes(await content(bucket, "key"), sent);
}

// The presigner puts headers into the query, so that whoever walks the URL need not know of them.
async function headersInTheUrlCount(bucket) {
  const named = { Bucket: bucket, Key: "key" };
  const put = async (more) => {
    const url = await signed(new s3.PutObjectCommand({ ...named, ...more }));
    return (await fetch(url, { method: "PUT", body: "sent" })).status;
  };
  assert.equal(await put({ Metadata: { colour: "blue green" }, ACL: "private" }), 200);
  assert.deepEqual((await S3.headObject(named)).Metadata, { colour: "blue green" });
  assert.equal(await put({ ACL: "public-read" }), 501);
  const copied = { Bucket: bucket, Key: "copy", CopySource: `${bucket}/key` };
  const answer = await fetch(await signed(new s3.CopyObjectCommand(copied)), { method: "PUT" });
  assert.equal(answer.status, 200);
  sameBytes(await content(bucket, "copy"), Buffer.from("sent"));
}

async function changedUrlsAreRefused(bucket) {
  await put(bucket, "key");
  const url = await signed(new s3.GetObjectCommand({ Bucket: bucket, Key: "key" }));
  assert.equal((await fetch(url.replace("/key", "/other"))).status, 403);
  assert.equal((await fetch(url, { method: "PUT", body: "other" })).status, 403);
}

module.exports = [
  urlsWalk,
  urlsOfOddKeysWalk,
  signedHeadersMustBeSent,
  anyBodyMayBePutByAUrlThatWasSignedWithoutOne,
  headersInTheUrlCount,
  changedUrlsAreRefused,
];
