//! [`Reader`]: takes typed values out of a [`Node`], notes every fault with its place and goes on. What the values
//! mean is decided by whoever reads.

use super::closest::closest;
use super::place::{Fault, Place, Spanned};
use super::tree::{Node, Scalar, Tree};

/// Collects faults while it reads.
#[derive(Debug, Default)]
pub struct Reader {
    /// What was found so far.
    pub faults: Vec<Fault>,
}

/// The entries of a map, its unknown keys already reported.
#[derive(Debug)]
pub struct Fields<'n> {
    entries: Vec<(&'n str, Place, &'n Node)>,
}

impl<'n> Fields<'n> {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(key, ..)| *key == name).map(|(.., node)| *node)
    }

    /// Its keys, in file order.
    #[must_use]
    pub fn keys(&self) -> Vec<Spanned<String>> {
        let key =
            |(name, place, _): &(&str, Place, &Node)| Spanned { value: (*name).to_owned(), place: *place };
        self.entries.iter().map(key).collect()
    }
}

impl Reader {
    /// Notes a fault and goes on.
    pub fn fault(&mut self, place: Place, message: impl Into<String>, hint: impl Into<String>) {
        self.faults.push(Fault::new(place, message, hint));
    }

    /// The entries of a map with these keys; nothing written counts as an empty map.
    pub fn fields<'n>(&mut self, node: &'n Node, known: &[&str], what: &str) -> Option<Fields<'n>> {
        let entries = self.entries(node, what)?;
        let mut fields = Fields { entries: Vec::new() };
        for (name, place, value) in entries {
            if known.contains(&name) {
                fields.entries.push((name, place, value));
                continue;
            }
            let hint = match closest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("its keys are {}", known.join(", ")),
            };
            self.fault(place, format!("{what} has no key `{name}`"), hint);
        }
        Some(fields)
    }

    /// The entries of a map; nothing written counts as an empty map.
    pub fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Option<Vec<(&'n str, Place, &'n Node)>> {
        match &node.tree {
            Tree::Map(entries) => {
                Some(entries.iter().map(|(key, value)| (key.text.as_str(), key.place, value)).collect())
            }
            Tree::Null => Some(Vec::new()),
            Tree::Scalar(_) | Tree::List(_) => {
                let message = format!("{what} must be a map of keys, but here is {}", node.kind());
                self.fault(node.place, message, "write `key: value` lines, indented");
                None
            }
        }
    }

    /// The items of a list; nothing written counts as an empty list.
    pub fn items<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.tree {
            Tree::List(items) => Some(items),
            Tree::Null => Some(&[]),
            Tree::Scalar(_) | Tree::Map(_) => {
                let message = format!("{what} must be a list, but here is {}", node.kind());
                self.fault(node.place, message, "begin each item with `- `");
                None
            }
        }
    }

    /// A single value.
    pub fn scalar(&mut self, node: Option<&Node>, what: &str) -> Option<Spanned<Scalar>> {
        let node = node?;
        match &node.tree {
            Tree::Scalar(scalar) => Some(Spanned { value: scalar.clone(), place: node.place }),
            Tree::Null => {
                self.fault(node.place, format!("{what} has no value"), "write a value or remove the key");
                None
            }
            Tree::List(_) | Tree::Map(_) => {
                let message = format!("{what} must be a single value, but here is {}", node.kind());
                self.fault(node.place, message, "write one value on the line of the key");
                None
            }
        }
    }

    /// A single value as its text.
    pub fn text(&mut self, node: Option<&Node>, what: &str) -> Option<Spanned<String>> {
        let scalar = self.scalar(node, what)?;
        Some(scalar.with(scalar.value.text.clone()))
    }

    /// A whole number from 0 to 1,000,000.
    pub fn whole(&mut self, node: Option<&Node>, what: &str) -> Option<Spanned<usize>> {
        let scalar = self.scalar(node, what)?;
        let digits = scalar.value.plain
            && scalar.value.text.len() <= 7
            && scalar.value.text.bytes().all(|b| b.is_ascii_digit());
        let value = digits.then(|| scalar.value.text.parse::<usize>().ok()).flatten();
        match value.filter(|value| *value <= 1_000_000) {
            Some(value) => Some(scalar.with(value)),
            None => {
                let message = format!("{what} must be a whole number, not `{}`", scalar.value.text);
                self.fault(scalar.place, message, "write digits only, without quotes");
                None
            }
        }
    }

    /// Only `true` and `false` are booleans (F2).
    pub fn boolean(&mut self, node: Option<&Node>, what: &str) -> Option<Spanned<bool>> {
        let scalar = self.scalar(node, what)?;
        match scalar.value.text.as_str() {
            "true" if scalar.value.plain => Some(scalar.with(true)),
            "false" if scalar.value.plain => Some(scalar.with(false)),
            other => {
                let message = format!("{what} must be true or false, not `{other}`");
                self.fault(scalar.place, message, "write `true` or `false`, without quotes");
                None
            }
        }
    }

    /// A list of texts.
    pub fn texts(&mut self, node: Option<&Node>, what: &str) -> Option<Vec<Spanned<String>>> {
        let items = self.items(node?, what)?;
        let item = format!("an entry of {what}");
        Some(items.iter().filter_map(|node| self.text(Some(node), &item)).collect())
    }

    /// A map whose keys are free or checked later.
    pub fn named<'n>(&mut self, node: Option<&'n Node>, what: &str) -> Vec<(Spanned<String>, &'n Node)> {
        let entries = node.and_then(|node| self.entries(node, what)).unwrap_or_default();
        let named = |(name, place, node): (&str, Place, &'n Node)| {
            let name = Spanned { value: name.to_owned(), place };
            (name, node)
        };
        entries.into_iter().map(named).collect()
    }
}
