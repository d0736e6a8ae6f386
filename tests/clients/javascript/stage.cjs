// What the exercises share: clients, bodies, odd keys, and the loop that runs exercises and counts them.
//
// An exercise is a function that gets a fresh, empty bucket. What it does not expect is an exception.
"use strict";

const assert = require("node:assert/strict");
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const s3 = require("@aws-sdk/client-s3");

const ENDPOINT = process.env.STRATUM_ENDPOINT;
const MIB = 1024 * 1024;
const LINES = fs.readFileSync(path.join(__dirname, "..", "odd-keys.txt"), "utf8").split("\n");
const ODD_KEYS = LINES.filter((line) => line !== "" && !line.startsWith("#")).map(decodeURIComponent);

// A client with all defaults but those named: credentials, region and trust come from the environment. A retry would
// hide an answer that is wrong.
const client = (changes = {}) => new s3.S3({ endpoint: ENDPOINT, maxAttempts: 1, ...changes });
const S3 = client();

// Bytes that differ from place to place and from seed to seed.
function body(size, seed = 1) {
  const key = Buffer.alloc(32, seed);
  return crypto.createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

const put = (bucket, key, content = "content", more = {}) =>
  S3.putObject({ Bucket: bucket, Key: key, Body: content, ...more });

async function bytes(answer) {
  return Buffer.from(await answer.Body.transformToByteArray());
}

const content = async (bucket, key, more = {}) => bytes(await S3.getObject({ Bucket: bucket, Key: key, ...more }));

// Equality of bytes that does not print megabytes when there is none.
function sameBytes(left, right) {
  assert.ok(Buffer.compare(Buffer.from(left), Buffer.from(right)) === 0, `${left.length} and ${right.length} bytes differ`);
}

// What must be refused with this name and status; the answer is the error.
async function refused(name, status, promise) {
  const answer = await promise.then(
    () => assert.fail(`not refused with ${name}`),
    (error) => error,
  );
  if (answer instanceof assert.AssertionError) throw answer;
  assert.deepEqual([answer.name, answer.$metadata?.httpStatusCode], [name, status], answer.stack);
  return answer;
}

// Keys in the order of their bytes, which is not that of JavaScript's strings.
const inOrder = (keys) => [...keys].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));

async function empty(bucket) {
  for await (const page of s3.paginateListObjectsV2({ client: S3 }, { Bucket: bucket })) {
    const keys = (page.Contents ?? []).map(({ Key }) => ({ Key }));
    if (keys.length > 0) {
      const answer = await S3.deleteObjects({ Bucket: bucket, Delete: { Objects: keys } });
      assert.equal(answer.Errors, undefined);
    }
  }
}

// Runs all exercises, each in a bucket of its own, and says how many failed.
async function run(exercises) {
  let failed = 0;
  for (const [number, exercise] of exercises.entries()) {
    const bucket = `exercise-${number}`;
    try {
      await S3.createBucket({ Bucket: bucket });
      await exercise(bucket);
      await empty(bucket);
      await S3.deleteBucket({ Bucket: bucket });
      console.log("ok     ", exercise.name);
    } catch (error) {
      failed += 1;
      console.log("FAILED ", exercise.name);
      console.error(error);
    }
  }
  console.log(`${exercises.length} exercises, ${failed} failed`);
  return failed;
}

module.exports = { ENDPOINT, MIB, ODD_KEYS, S3, body, bytes, client, content, inOrder, put, refused, run, sameBytes };
