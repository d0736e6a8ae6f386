//! Conditions of a request, judged at commit against the newest appended record. Pure.

use crate::error::Error;
use crate::types::Etag;

/// What an entity tag is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EtagMatch {
    /// Any object that exists.
    Any,
    /// An object with one of these.
    OneOf(Vec<Etag>),
}

/// The conditions of a write or delete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The object must exist and match.
    pub if_match: Option<EtagMatch>,
    /// The object must not exist, or not match.
    pub if_none_match: Option<EtagMatch>,
}

impl EtagMatch {
    fn holds(&self, etag: Etag) -> bool {
        match self {
            EtagMatch::Any => true,
            EtagMatch::OneOf(etags) => etags.contains(&etag),
        }
    }
}

impl Conditions {
    /// Whether the conditions hold for the object as it is, `None` for none.
    ///
    /// # Errors
    /// `NoSuchKey` where an object is demanded and there is none, else `PreconditionFailed`.
    pub fn judge(&self, current: Option<Etag>) -> Result<(), Error> {
        match (&self.if_match, current) {
            (Some(_), None) => return Err(Error::NoSuchKey),
            (Some(wanted), Some(etag)) if !wanted.holds(etag) => return Err(Error::PreconditionFailed),
            _ => {}
        }
        match (&self.if_none_match, current) {
            (Some(refused), Some(etag)) if refused.holds(etag) => Err(Error::PreconditionFailed),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Etag = Etag { md5: [1; 16], parts: 0 };
    const B: Etag = Etag { md5: [2; 16], parts: 0 };

    #[test]
    fn the_table_of_conditions() {
        let one = |etag| Some(EtagMatch::OneOf(vec![etag]));
        let any = || Some(EtagMatch::Any);
        let rows = [
            (None, None, None, Ok(())),
            (None, None, Some(A), Ok(())),
            (any(), None, None, Err(Error::NoSuchKey)),
            (any(), None, Some(A), Ok(())),
            (one(A), None, Some(A), Ok(())),
            (one(B), None, Some(A), Err(Error::PreconditionFailed)),
            (one(B), None, None, Err(Error::NoSuchKey)),
            (None, any(), None, Ok(())),
            (None, any(), Some(A), Err(Error::PreconditionFailed)),
            (None, one(B), Some(A), Ok(())),
            (None, one(A), Some(A), Err(Error::PreconditionFailed)),
            (one(A), one(A), Some(A), Err(Error::PreconditionFailed)),
        ];
        for (if_match, if_none_match, current, expected) in rows {
            let conditions = Conditions { if_match, if_none_match };
            assert_eq!(conditions.judge(current), expected, "{conditions:?} {current:?}");
        }
    }
}
