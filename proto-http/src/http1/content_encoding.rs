//! The Content-Encoding of an object: what the client sent without `aws-chunked`, which is of the wire and not of the
//! object.
//!
//! What must hold: a client that reads the object back is never told that it is aws-chunked. What else was sent stays
//! as it was written.

/// The encoding to store, from the values of all Content-Encoding headers. `None` if nothing is left, in which case the
/// object has no such header.
pub fn stored<'a>(values: impl Iterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let words = values.flat_map(|value| value.split(|byte| *byte == b','));
    let is_kept = |word: &&[u8]| !word.trim_ascii().is_empty() && !is_of_the_wire(word);
    let kept: Vec<&[u8]> = words.filter(is_kept).collect();
    (!kept.is_empty()).then(|| kept.join(b",".as_slice()).trim_ascii().to_vec())
}

/// Whether the values of all Content-Encoding headers say that the body is aws-chunked. Clients may leave it out: what
/// counts is `x-amz-content-sha256`, and a request in which the two contradict each other is refused (`s3::serve`).
pub fn is_aws_chunked<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> bool {
    values.any(|value| value.split(|byte| *byte == b',').any(is_of_the_wire))
}

fn is_of_the_wire(word: &[u8]) -> bool {
    word.trim_ascii().eq_ignore_ascii_case(b"aws-chunked")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored_of(values: &[&str]) -> Option<String> {
        let stored = stored(values.iter().map(|value| value.as_bytes()));
        stored.map(|bytes| String::from_utf8(bytes).expect("it was text"))
    }

    #[test]
    fn aws_chunked_alone_leaves_nothing() {
        assert_eq!(stored_of(&["aws-chunked"]), None);
        assert_eq!(stored_of(&["aws-chunked,AWS-Chunked", "aws-chunked"]), None);
        assert_eq!(stored_of(&[]), None);
        assert_eq!(stored_of(&["", ","]), None);
    }

    #[test]
    fn every_aws_chunked_goes_and_the_rest_stays_in_order() {
        assert_eq!(stored_of(&["gzip, aws-chunked"]).as_deref(), Some("gzip"));
        assert_eq!(stored_of(&["aws-chunked,gzip"]).as_deref(), Some("gzip"));
        assert_eq!(stored_of(&["aws-chunked", "br ,aws-chunked, GZip"]).as_deref(), Some("br , GZip"));
        assert_eq!(stored_of(&["gzip, br"]).as_deref(), Some("gzip, br"));
        assert_eq!(stored_of(&["gzip,br", " zstd"]).as_deref(), Some("gzip,br, zstd"));
        assert_eq!(stored_of(&["x-aws-chunked"]).as_deref(), Some("x-aws-chunked"));
    }

    #[test]
    fn aws_chunked_is_found_in_a_list() {
        let found = |value: &str| is_aws_chunked([value.as_bytes()].into_iter());
        assert!(found("aws-chunked") && found("gzip, AWS-CHUNKED"));
        assert!(!found("gzip") && !found("x-aws-chunked"));
    }
}
