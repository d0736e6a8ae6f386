//! The clients: one binary, a file per client.

mod aws_cli;
mod boto3;
mod javascript_sdk;
mod rclone;
mod rust_sdk;
