//! Checksums of bodies: MD5 and the five that S3 names.
