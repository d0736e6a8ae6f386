//! What a deletion of many objects answers: what became of each.
//!
//! What must hold: keys read back as they were sent, so that a client can tell which is which.

use super::writer::{Encoding, Writer};

/// What became of one object that was to be deleted.
#[derive(Clone, Copy, Debug)]
pub struct Deletion<'a> {
    /// Its key.
    pub key: &'a [u8],
    /// The version that was named.
    pub version: Option<&'a str>,
    /// What became of it.
    pub outcome: Outcome<'a>,
}

/// What became of an object.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// It is gone, or was not there.
    Deleted {
        /// The version of the delete marker that was made or removed, if one was.
        marker: Option<&'a str>,
    },
    /// It is still there.
    Failed {
        /// The error's code.
        code: &'a str,
        /// The error's sentence.
        message: &'a str,
    },
}

/// The document `DeleteResult`. A quiet one shows only what failed.
#[must_use]
pub fn delete_result(deletions: &[Deletion<'_>], quiet: bool) -> Vec<u8> {
    let keys: usize = deletions.iter().map(|deletion| deletion.key.len()).sum();
    let mut writer = Writer::new("DeleteResult", if quiet { 256 } else { 256 + keys + 64 * deletions.len() });
    for deletion in deletions {
        match deletion.outcome {
            Outcome::Deleted { .. } if quiet => {}
            Outcome::Deleted { marker } => {
                writer.open("Deleted");
                named(&mut writer, deletion);
                if let Some(marker) = marker {
                    writer.flag("DeleteMarker", true);
                    writer.text("DeleteMarkerVersionId", marker);
                }
                writer.close("Deleted");
            }
            Outcome::Failed { code, message } => {
                writer.open("Error");
                named(&mut writer, deletion);
                writer.text("Code", code);
                writer.text("Message", message);
                writer.close("Error");
            }
        }
    }
    writer.finish()
}

fn named(writer: &mut Writer, deletion: &Deletion<'_>) {
    writer.key("Key", deletion.key, Encoding::Text);
    if let Some(version) = deletion.version {
        writer.text("VersionId", version);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::xml::escape;
    use crate::xml::leaves::{at, leaves};

    const DELETED: Outcome<'_> = Outcome::Deleted { marker: None };
    const FAILED: Outcome<'_> = Outcome::Failed { code: "AccessDenied", message: "Access Denied" };

    fn of<'a>(key: &'a [u8], outcome: Outcome<'static>) -> Deletion<'a> {
        Deletion { key, version: None, outcome }
    }

    #[test]
    fn the_result_is_that_of_s3() {
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
            <DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Deleted><Key>sample1.txt</Key></Deleted>\
            <Error><Key>sample2.txt</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>\
            </DeleteResult>";
        let deletions = [of(b"sample1.txt", DELETED), of(b"sample2.txt", FAILED)];
        assert_eq!(delete_result(&deletions, false), expected.as_bytes());
    }

    #[test]
    fn a_quiet_result_shows_only_what_failed() {
        let deletions = [of(b"a", DELETED), of(b"b", FAILED)];
        let document = delete_result(&deletions, true);
        assert_eq!(at(&document, "DeleteResult/Error/Key"), ["b"]);
        assert!(at(&document, "DeleteResult/Deleted/Key").is_empty());
        assert_eq!(leaves(&delete_result(&deletions[..1], true)), [("DeleteResult".to_owned(), String::new())]);
    }

    #[test]
    fn versions_and_markers_are_shown() {
        let marker = Outcome::Deleted { marker: Some("m1") };
        let document = delete_result(&[Deletion { key: b"a", version: Some("v1"), outcome: marker }], false);
        for (name, expected) in [("VersionId", "v1"), ("DeleteMarker", "true"), ("DeleteMarkerVersionId", "m1")] {
            assert_eq!(at(&document, &format!("DeleteResult/Deleted/{name}")), [expected], "{name}");
        }
    }

    #[test]
    fn keys_with_line_ends_and_entities_read_back_as_they_were() {
        // Row 107.
        let key = "a\r\nb\rc\n&amp;<x>\"'\t ";
        let document = delete_result(&[of(key.as_bytes(), DELETED), of(key.as_bytes(), FAILED)], false);
        assert_eq!(at(&document, "DeleteResult/Deleted/Key"), [key]);
        assert_eq!(at(&document, "DeleteResult/Error/Key"), [key]);
    }

    proptest! {
        #[test]
        fn any_keys_give_a_well_formed_result(
            keys in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..30), any::<bool>()), 0..5),
        ) {
            let outcome = |deleted: bool| if deleted { DELETED } else { FAILED };
            let deletions: Vec<_> = keys.iter().map(|(key, deleted)| of(key, outcome(*deleted))).collect();
            let document = delete_result(&deletions, false);
            let read = leaves(&document).into_iter().filter(|(path, _)| path.ends_with("/Key"));
            let read: Vec<String> = read.map(|(_, text)| text).collect();
            prop_assert_eq!(read.len(), keys.len());
            for (text, (key, _)) in read.iter().zip(&keys) {
                prop_assert_eq!(text.as_bytes() == key, escape::is_text(key));
            }
        }
    }
}
