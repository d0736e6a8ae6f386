// Listings: every key once and in the order of its bytes, in pages, under prefixes; and removal of many at once. This
// client asks for no encoding of keys, so XML itself must carry them.
"use strict";

const assert = require("node:assert/strict");
const s3 = require("@aws-sdk/client-s3");
const { ODD_KEYS, S3, inOrder, put, refused } = require("./stage.cjs");

const fill = (bucket, keys) => Promise.all(keys.map((key) => put(bucket, key, key)));

async function pages(asked, size) {
  const found = { keys: [], prefixes: [], counts: [] };
  for await (const page of s3.paginateListObjectsV2({ client: S3, pageSize: size }, asked)) {
    found.keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
    found.prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
    found.counts.push(page.KeyCount);
  }
  return found;
}

async function oddKeysAreListedAsTheyAre(bucket) {
  await fill(bucket, ODD_KEYS);
  for (const size of [5, 1000]) {
    assert.deepEqual((await pages({ Bucket: bucket }, size)).keys, inOrder(ODD_KEYS));
  }
  const first = await S3.listObjects({ Bucket: bucket });
  assert.deepEqual(first.Contents.map(({ Key }) => Key), inOrder(ODD_KEYS));
  const entry = first.Contents[0];
  assert.ok(entry.ETag && entry.LastModified instanceof Date && entry.Owner.ID && entry.StorageClass === "STANDARD");
}

async function delimitersFoldKeys(bucket) {
  await fill(bucket, ODD_KEYS);
  for (const Delimiter of ["/", " ", "%", "ing"]) {
    for (const Prefix of ["", "folder/", "a"]) {
      const [keys, folded] = [[], new Set()];
      for (const key of inOrder(ODD_KEYS).filter((each) => each.startsWith(Prefix))) {
        const at = key.indexOf(Delimiter, Prefix.length);
        if (at < 0) keys.push(key);
        else folded.add(key.slice(0, at + Delimiter.length));
      }
      const found = await pages({ Bucket: bucket, Delimiter, Prefix }, 2);
      assert.deepEqual(found.keys, keys);
      assert.deepEqual(found.prefixes, [...folded]);
    }
  }
}

async function thousandsAreListedInPagesAndRemovedAtOnce(bucket) {
  const keys = Array.from({ length: 1205 }, (_, number) => `many/${String(number).padStart(5, "0")}`);
  for (let at = 0; at < keys.length; at += 100) await fill(bucket, keys.slice(at, at + 100));
  const found = await pages({ Bucket: bucket });
  assert.deepEqual([found.keys, found.counts], [keys, [1000, 205]]);
  const objects = (some) => ({ Bucket: bucket, Delete: { Objects: some.map((Key) => ({ Key })) } });
  const answer = await S3.deleteObjects(objects(keys.slice(0, 1000)));
  assert.deepEqual(answer.Deleted.map(({ Key }) => Key).sort(), keys.slice(0, 1000));
  assert.deepEqual((await pages({ Bucket: bucket })).keys, keys.slice(1000));
  await refused("MalformedXML", 400, S3.deleteObjects(objects(keys.slice(0, 1001))));
}

async function oddKeysAreRemovedAtOnce(bucket) {
  await fill(bucket, ODD_KEYS);
  const all = [...ODD_KEYS, "absent"];
  const answer = await S3.deleteObjects({ Bucket: bucket, Delete: { Objects: all.map((Key) => ({ Key })) } });
  assert.deepEqual(inOrder(answer.Deleted.map(({ Key }) => Key)), inOrder(all));
  assert.equal(answer.Errors, undefined);
  assert.deepEqual((await pages({ Bucket: bucket })).keys, []);
}

module.exports = [
  oddKeysAreListedAsTheyAre,
  delimitersFoldKeys,
  thousandsAreListedInPagesAndRemovedAtOnce,
  oddKeysAreRemovedAtOnce,
];
