// The JavaScript SDK, version 3, against the endpoint of the environment: all exercises, one after another. Exit status 1
// if one failed.
"use strict";

const { run } = require("./stage.cjs");

const version = require("@aws-sdk/client-s3/package.json").version;
console.log(`@aws-sdk/client-s3 ${version}, node ${process.version}`);
const modules = ["objects", "listing", "multipart", "presigned"].map((name) => require(`./${name}.cjs`));
run(modules.flat()).then((failed) => process.exit(failed === 0 ? 0 : 1));
