//! The file model of `antiphon/1` (survey-file.md §1, §2): reading YAML or JSON into one flat struct per
//! object, with a place for every value (F40). It says what is written, not whether it makes sense; that is
//! decided by [`super::check`].

pub(in crate::survey) mod field;
pub(in crate::survey) mod file;
pub(in crate::survey) mod place;
mod read;
mod read_element;

pub(in crate::survey) use place::{Fault, Part, Place, Spanned};
pub(in crate::survey) use read::{FORMAT, read};
