//! What went wrong, in S3's words: one table of codes, and the errors made of them.

pub mod code;
mod s3;

pub use code::Code;
pub use s3::{S3Error, range};
