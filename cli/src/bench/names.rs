//! Keys of a run: under a prefix that no other run has, in one folder for each use.
//!
//! What must hold: keys of a folder ascend with their numbers, so that a listing can be foretold.

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folder {
    /// Written, and nothing else.
    Put,
    /// Written before, and read.
    Read,
    /// Written before, and listed.
    List,
    /// Written before, and deleted.
    Delete,
    /// Written in parts.
    Multipart,
    /// Written and deleted beside reads.
    Mixed,
}

impl Folder {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Folder::Put => "put",
            Folder::Read => "read",
            Folder::List => "list",
            Folder::Delete => "delete",
            Folder::Multipart => "multipart",
            Folder::Mixed => "mixed",
        }
    }
}

/// The names of one run.
#[derive(Clone, Debug)]
pub(super) struct Names {
    prefix: String,
}

impl Names {
    /// Names that no other run has, as far as `random` goes.
    pub(super) fn new(random: [u8; 4]) -> Names {
        Names { prefix: format!("stratum-bench-{:08x}/", u32::from_le_bytes(random)) }
    }

    /// What all keys of the run begin with.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What all keys of a folder begin with.
    pub(super) fn folder(&self, folder: Folder) -> String {
        format!("{}{}/", self.prefix, folder.name())
    }

    /// The key with this number.
    pub(super) fn key(&self, folder: Folder, number: u64) -> String {
        format!("{}{number:012}", self.folder(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_ascend_with_their_numbers() {
        let names = Names::new([1, 2, 3, 4]);
        assert_eq!(names.key(Folder::List, 7), "stratum-bench-04030201/list/000000000007");
        let numbers = [0, 9, 10, 999, 1000, 123_456_789_012];
        assert!(numbers.map(|number| names.key(Folder::List, number)).is_sorted());
        assert!(names.key(Folder::Put, 1).starts_with(names.prefix()));
    }
}
