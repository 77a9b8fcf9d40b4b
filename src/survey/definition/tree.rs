//! [`Node`]: what a YAML or JSON file says, with every scalar as it was written, so that `no` stays a word
//! and `1.0` keeps its zero (F2, F40).

use super::Place;

/// A value of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::survey) struct Node {
    pub(in crate::survey) tree: Tree,
    pub(in crate::survey) place: Place,
}

/// The kinds of value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::survey) enum Tree {
    /// Nothing written, `~` or `null`.
    Null,
    Scalar(Scalar),
    List(Vec<Node>),
    /// Keys in file order.
    Map(Vec<(Key, Node)>),
}

/// A scalar as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::survey) struct Scalar {
    /// The text, without quotes, escapes resolved.
    pub(in crate::survey) text: String,
    /// Written without quotes: it may be a number or `true`.
    pub(in crate::survey) plain: bool,
}

/// A key of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::survey) struct Key {
    pub(in crate::survey) text: String,
    pub(in crate::survey) place: Place,
}

impl Node {
    /// The kind of value in words, for messages.
    pub(in crate::survey) fn kind(&self) -> &'static str {
        match &self.tree {
            Tree::Null => "nothing",
            Tree::Scalar(_) => "a single value",
            Tree::List(_) => "a list",
            Tree::Map(_) => "a map",
        }
    }
}
