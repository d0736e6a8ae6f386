//! Counts a body against the length that was declared for it: `x-amz-decoded-content-length`, or the Content-Length
//! where the framing is another.
//!
//! What must hold: a body is stored only if it has exactly the length that was said.

use std::fmt;

/// How many bytes of a declared length have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeclaredLength {
    declared: u64,
    come: u64,
}

/// How a body differs from what was declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LengthError {
    /// It is longer: the client's request is wrong.
    TooLong,
    /// It ended early: S3 calls it `IncompleteBody`.
    TooShort,
}

impl fmt::Display for LengthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LengthError::TooLong => "the body is longer than was declared",
            LengthError::TooShort => "the body is shorter than was declared",
        })
    }
}

impl std::error::Error for LengthError {}

impl DeclaredLength {
    /// Nothing of so many bytes has come.
    #[must_use]
    pub fn new(declared: u64) -> DeclaredLength {
        DeclaredLength { declared, come: 0 }
    }

    /// Counts what has come.
    ///
    /// # Errors
    /// It is more than was declared.
    pub fn add(&mut self, bytes: usize) -> Result<(), LengthError> {
        let come = self.come.checked_add(bytes as u64).filter(|come| *come <= self.declared);
        self.come = come.ok_or(LengthError::TooLong)?;
        Ok(())
    }

    /// Says that all has come.
    ///
    /// # Errors
    /// It is less than was declared.
    pub fn end(self) -> Result<(), LengthError> {
        (self.come == self.declared).then_some(()).ok_or(LengthError::TooShort)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_what_was_declared_is_right() {
        let mut length = DeclaredLength::new(5);
        assert_eq!([length.add(2), length.add(0), length.add(3), length.end()], [Ok(()); 4]);
        assert_eq!(DeclaredLength::new(0).end(), Ok(()));
    }

    #[test]
    fn one_byte_more_is_too_long() {
        let mut length = DeclaredLength::new(5);
        assert_eq!(length.add(5), Ok(()));
        assert_eq!(length.add(1), Err(LengthError::TooLong));
        assert_eq!(DeclaredLength { declared: u64::MAX, come: u64::MAX }.add(1), Err(LengthError::TooLong));
    }

    #[test]
    fn one_byte_fewer_is_too_short() {
        let mut length = DeclaredLength::new(5);
        assert_eq!(length.add(4), Ok(()));
        assert_eq!(length.end(), Err(LengthError::TooShort));
    }
}
