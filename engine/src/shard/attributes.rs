//! How many attributes an object may have, and how large.

use crate::error::Error;
use crate::limits::{ATTRIBUTES_BYTES_MAX, ATTRIBUTES_MAX};
use crate::log::Attribute;

/// Refuses attributes that no record has room for.
///
/// # Errors
/// `AttributesTooLarge`.
pub fn check_attributes(attributes: &[Attribute]) -> Result<(), Error> {
    let bytes: usize = attributes.iter().map(|attribute| attribute.name.len() + attribute.value.len()).sum();
    if attributes.len() > ATTRIBUTES_MAX || bytes > ATTRIBUTES_BYTES_MAX {
        return Err(Error::AttributesTooLarge);
    }
    Ok(())
}
