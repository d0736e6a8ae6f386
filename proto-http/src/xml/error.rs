//! The document of an error. It has no namespace, as those of S3 have none.
//!
//! Which code and which details an error has is not here.

use super::writer::{Encoding, Writer};

/// What an error document says.
#[derive(Clone, Copy, Debug)]
pub struct ErrorDocument<'a> {
    /// The code that programs look at.
    pub code: &'a str,
    /// The sentence that people read.
    pub message: &'a str,
    /// What was asked for; left out if empty.
    pub resource: &'a [u8],
    /// The request's id, as in its header.
    pub request_id: &'a str,
    /// The host's id, as in its header.
    pub host_id: &'a str,
    /// Elements that only some errors have, such as `Region` or `ActualObjectSize`: names of ours and values of
    /// anybody.
    pub details: &'a [(&'static str, &'a [u8])],
}

/// The document of an error.
#[must_use]
pub fn error(error: &ErrorDocument<'_>) -> Vec<u8> {
    let details: usize = error.details.iter().map(|(name, value)| 2 * name.len() + value.len() + 8).sum();
    let mut writer = Writer::bare("Error", 256 + error.message.len() + error.resource.len() + details);
    writer.text("Code", error.code);
    writer.text("Message", error.message);
    for (name, value) in error.details {
        writer.key(name, value, Encoding::Text);
    }
    if !error.resource.is_empty() {
        writer.key("Resource", error.resource, Encoding::Text);
    }
    writer.text("RequestId", error.request_id);
    writer.text("HostId", error.host_id);
    writer.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::xml::leaves::{at, leaves};

    const NO_SUCH_KEY: ErrorDocument<'_> = ErrorDocument {
        code: "NoSuchKey",
        message: "The specified key does not exist.",
        resource: b"/bucket/a&b",
        request_id: "4442587FB7D0A2F9",
        host_id: "host",
        details: &[("Key", b"a&b")],
    };

    #[test]
    fn an_error_has_its_code_its_message_its_details_and_its_ids() {
        // Row 95.
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code>\
                        <Message>The specified key does not exist.</Message><Key>a&amp;b</Key>\
                        <Resource>/bucket/a&amp;b</Resource><RequestId>4442587FB7D0A2F9</RequestId>\
                        <HostId>host</HostId></Error>";
        assert_eq!(error(&NO_SUCH_KEY), expected.as_bytes());
    }

    #[test]
    fn details_of_any_error_come_out_as_they_went_in() {
        // Rows 34, 47 and 55.
        let to_sign = "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n<&>";
        let details = [
            ("Region", &b"eu-central-1"[..]),
            ("ActualObjectSize", b"10"),
            ("StringToSign", to_sign.as_bytes()),
            ("BucketName", b"bucket"),
        ];
        let document = error(&ErrorDocument { details: &details, ..NO_SUCH_KEY });
        assert_eq!(at(&document, "Error/StringToSign"), [to_sign]);
        assert_eq!(at(&document, "Error/Region"), ["eu-central-1"]);
        assert_eq!(at(&document, "Error/ActualObjectSize"), ["10"]);
    }

    #[test]
    fn an_error_without_a_resource_has_none() {
        let document = error(&ErrorDocument { resource: b"", ..NO_SUCH_KEY });
        assert!(at(&document, "Error/Resource").is_empty());
    }

    proptest! {
        #[test]
        fn any_resource_gives_a_well_formed_document(resource in prop::collection::vec(any::<u8>(), 0..80)) {
            let details = [("Key", &resource[..])];
            let document = error(&ErrorDocument { resource: &resource, details: &details, ..NO_SUCH_KEY });
            prop_assert_eq!(leaves(&document).len(), 5 + usize::from(!resource.is_empty()));
        }
    }
}
