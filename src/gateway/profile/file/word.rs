//! Words of closed lists, paths and lists of words, with their faults.

use super::super::path::{Path, Style};
use crate::yaml::{Node, Reader, Spanned, closest};

/// One of a few words.
pub(super) fn word<T: Copy>(
    reader: &mut Reader,
    node: Option<&Node>,
    what: &str,
    words: &[(&str, T)],
) -> Option<T> {
    let written = reader.text(node, what)?;
    let found = words.iter().find(|(word, _)| *word == written.value).map(|(_, value)| *value);
    if found.is_none() {
        unknown(reader, &written, what, words.iter().map(|(word, _)| *word));
    }
    found
}

/// A word that is not in its list.
pub(super) fn unknown<'w>(
    reader: &mut Reader,
    written: &Spanned<String>,
    what: &str,
    words: impl Iterator<Item = &'w str> + Clone,
) {
    let hint = match closest(&written.value, words.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write one of {}", words.collect::<Vec<_>>().join(", ")),
    };
    reader.fault(written.place, format!("{what} cannot be `{}`", written.value), hint);
}

/// A path.
pub(super) fn path(reader: &mut Reader, node: Option<&Node>, what: &str, style: Style) -> Option<Path> {
    let node = node?;
    let written = reader.text(Some(node), what)?;
    match Path::parse(&written.value, style) {
        Ok(path) => Some(path),
        Err(fault) => {
            let message = format!("{what}: `{}` is no path here", written.value);
            reader.fault(written.place, message, fault.hint());
            None
        }
    }
}

/// A path that must be there; `place` is where it is missed.
pub(super) fn needed<T>(
    reader: &mut Reader,
    found: Option<T>,
    node: Option<&Node>,
    parent: &Node,
    what: &str,
    hint: &str,
) -> Option<T> {
    if node.is_none() {
        reader.fault(parent.place, format!("{what} is missing"), hint);
    }
    found
}

/// Texts, one or a list of them.
pub(super) fn words(reader: &mut Reader, node: Option<&Node>, what: &str) -> Vec<Spanned<String>> {
    match node.map(|node| (&node.tree, node)) {
        Some((crate::yaml::Tree::Scalar(_), node)) => reader.text(Some(node), what).into_iter().collect(),
        Some((_, node)) => reader.texts(Some(node), what).unwrap_or_default(),
        None => Vec::new(),
    }
}

/// Texts without their places.
pub(super) fn plain(words: Vec<Spanned<String>>) -> Vec<String> {
    words.into_iter().map(|word| word.value).collect()
}
