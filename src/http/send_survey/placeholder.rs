//! Finds IVR placeholders that the IVR did not expand (P36). Never expands any.

/// The first `$(name)` or `§{name}` in a text; a name is letters, digits and `_`, one at least.
pub(super) fn unexpanded(text: &str) -> Option<&str> {
    text.char_indices().find_map(|(start, c)| {
        let rest = text.get(start..)?;
        match c {
            '$' => whole(rest, "$(", ')'),
            '§' => whole(rest, "§{", '}'),
            _ => None,
        }
    })
}

fn whole<'a>(text: &'a str, open: &str, close: char) -> Option<&'a str> {
    let inner = text.strip_prefix(open)?;
    let length = inner.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
    let closed = length > 0 && inner.get(length..)?.starts_with(close);
    text.get(..open.len() + length + close.len_utf8()).filter(|_| closed)
}

#[cfg(test)]
mod tests {
    use super::unexpanded;

    #[test]
    fn placeholders_are_found_anywhere_and_look_alikes_are_not() {
        for (text, found) in [
            ("$(system_session_id)", Some("$(system_session_id)")),
            ("§{survey_expiry}", Some("§{survey_expiry}")),
            ("a $(x1) b", Some("$(x1)")),
            ("$$(x)", Some("$(x)")),
            ("$(a b) §{ok}", Some("§{ok}")),
            ("$(navn_på_kø)", Some("$(navn_på_kø)")),
            ("$()", None),
            ("§{}", None),
            ("$(x", None),
            ("$(x}", None),
            ("§(x)", None),
            ("${x}", None),
            ("$ (x)", None),
            ("$(a-b)", None),
            ("", None),
        ] {
            assert_eq!(unexpanded(text), found, "{text}");
        }
    }
}
