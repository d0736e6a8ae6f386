//! The operations that a load is made of.

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// PutObject.
    Put,
    /// GetObject, the whole.
    Get,
    /// HeadObject.
    Head,
    /// ListObjectsV2, one page.
    List,
    /// DeleteObject.
    Delete,
    /// CreateMultipartUpload, its parts one after the other, CompleteMultipartUpload.
    Multipart,
    /// Many of these, by chance.
    Mixed,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Kind; 7] =
        [Kind::Put, Kind::Get, Kind::Head, Kind::List, Kind::Delete, Kind::Multipart, Kind::Mixed];

    /// Its name, as it is asked for and shown.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Put => "put",
            Kind::Get => "get",
            Kind::Head => "head",
            Kind::List => "list",
            Kind::Delete => "delete",
            Kind::Multipart => "multipart",
            Kind::Mixed => "mixed",
        }
    }

    /// The operation of this name.
    pub(crate) fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
