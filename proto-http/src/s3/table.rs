//! `S3.md`, the table of what is served, compared with the code row by row.
//!
//! What must hold: every row is what the code does, and everything that the code knows by name has a row.

use super::operation::{Named, Operation, Probe};
use super::query::Query;
use super::unserved;
use crate::auth::Plus;
use crate::error::S3Error;
use crate::http1::Head;

const TABLE: &str = include_str!("../../S3.md");

/// The rows of the table below this heading, each the texts of its cells, without the two lines of its head.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let section = TABLE.lines().skip_while(|line| *line != heading).skip(1).take_while(|line| !line.starts_with("## "));
    let lines = section.filter(|line| line.starts_with('|')).skip(2);
    let cell = |text: &'static str| text.trim().trim_matches('`');
    lines.map(|line| line.trim_matches('|').split('|').map(cell).collect()).collect()
}

fn operation(method: &str, of: &str, parameters: &str) -> Result<Operation, S3Error> {
    let (named, copies) = match of.split_once(' ') {
        Some((named, "copies")) => (named, true),
        _ => (of, false),
    };
    let named = match named {
        "nothing" => Named::Nothing,
        "bucket" => Named::Bucket,
        "object" => Named::Object,
        other => panic!("nothing is called {other}"),
    };
    let query = Query::parse(Some(parameters.trim_start_matches('?').as_bytes()), Plus::Space).expect("a good query");
    Operation::of(method, named, &query, copies)
}

/// What S3 calls an operation that is served, and nothing for the others.
fn served(operation: Operation) -> Option<&'static str> {
    Some(match operation {
        Operation::ListBuckets => "ListBuckets",
        Operation::CreateBucket => "CreateBucket",
        Operation::HeadBucket => "HeadBucket",
        Operation::DeleteBucket => "DeleteBucket",
        Operation::BucketLocation => "GetBucketLocation",
        Operation::ListObjects => "ListObjects",
        Operation::ListObjectsV2 => "ListObjectsV2",
        Operation::ListVersions => "ListObjectVersions",
        Operation::ListUploads => "ListMultipartUploads",
        Operation::DeleteObjects => "DeleteObjects",
        Operation::GetObject => "GetObject",
        Operation::HeadObject => "HeadObject",
        Operation::ObjectAttributes => "GetObjectAttributes",
        Operation::PutObject => "PutObject",
        Operation::CopyObject => "CopyObject",
        Operation::DeleteObject => "DeleteObject",
        Operation::CreateUpload => "CreateMultipartUpload",
        Operation::UploadPart => "UploadPart",
        Operation::CopyPart => "UploadPartCopy",
        Operation::ListParts => "ListParts",
        Operation::CompleteUpload => "CompleteMultipartUpload",
        Operation::AbortUpload => "AbortMultipartUpload",
        Operation::Probe(_) | Operation::RemoveSetting | Operation::PutAcl => return None,
    })
}

/// The word of the table for an answer.
fn word(found: &Result<Operation, S3Error>) -> String {
    match found {
        Ok(Operation::Probe(Probe::Default(_))) => "default".to_owned(),
        Ok(Operation::Probe(Probe::Absent(code))) => code.name.to_owned(),
        Ok(Operation::RemoveSetting) => "204".to_owned(),
        Ok(Operation::PutAcl) => "private".to_owned(),
        Ok(_) => "served".to_owned(),
        Err(error) => error.code.status.to_string(),
    }
}

#[test]
fn every_operation_is_what_the_table_says() {
    let rows = rows("## Operations");
    for row in &rows {
        let [name, method, of, parameters, answer] = row[..] else { panic!("a row of five cells: {row:?}") };
        let found = operation(method, of, parameters);
        assert_eq!(word(&found), answer, "{name}");
        if let Some(known) = found.ok().and_then(served) {
            assert_eq!(known, name, "the name of what is served");
        }
    }
    let count = |answer: &str| rows.iter().filter(|row| row.last() == Some(&answer)).count();
    assert_eq!((rows.len(), count("served")), (106, 22), "no row is lost");
}

#[test]
fn what_is_no_operation_is_what_the_table_says() {
    let rows = rows("## Requests that are none");
    for row in &rows {
        let [method, of, parameters, answer] = row[..] else { panic!("a row of four cells: {row:?}") };
        let found = operation(method, of, parameters);
        assert!(found.is_err(), "{row:?}: {found:?}");
        assert_eq!(word(&found), answer, "{row:?}");
    }
    assert!(rows.len() >= 30, "no row is lost");
}

#[test]
fn parameters_leave_the_operation_what_it_is() {
    let all = rows("## Operations");
    for row in rows("## Parameters that do not pick an operation") {
        let [name, parameters, "served"] = row[..] else { panic!("a row of three cells: {row:?}") };
        let plain = all.iter().find(|row| row.first() == Some(&name)).expect("it is an operation");
        let found = operation(plain[1], plain[2], parameters).ok().and_then(served);
        assert_eq!(found, Some(name), "{parameters}");
    }
}

#[test]
fn every_header_is_what_the_table_says() {
    let rows = rows("## Headers");
    for row in &rows {
        let [line, answer] = row[..] else { panic!("a row of two cells: {row:?}") };
        let request = format!("PUT /b/k HTTP/1.1\r\nHost: h\r\n{line}\r\n\r\n");
        let (head, _) = Head::parse(request.as_bytes()).expect("a good head").expect("a whole head");
        let expected = match answer {
            "served" | "passed over" => Ok(()),
            status => Err(status.parse::<u16>().expect("a status")),
        };
        assert_eq!(unserved::refuse(&head).map_err(|error| error.code.status), expected, "{line}");
    }
    assert!(rows.len() >= 66, "no row is lost");
}

#[test]
fn what_the_code_knows_by_name_has_a_row() {
    for name in super::operation::parameters() {
        assert!(TABLE.contains(&format!("`?{name}")), "no row for ?{name}");
    }
    for name in unserved::names() {
        assert!(TABLE.contains(&format!("`{name}")), "no row for {name}");
    }
}
