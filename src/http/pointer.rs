//! JSON Pointers (RFC 6901), spelled as the caller spelled his properties.

/// The pointer of property `name` of the value at `place`.
#[must_use]
pub fn below(place: &str, name: &str) -> String {
    format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"))
}
