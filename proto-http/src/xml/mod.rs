//! The documents of S3, read and written.
