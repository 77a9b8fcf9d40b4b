//! The SendSurvey payload of the demo: the seed's own, stray comma and all, with its placeholders expanded as an
//! IVR expands them. It sends nothing.

/// As the IVR script holds it.
const SEED: &str = include_str!("payload.json");

/// The phone the person at the terminal holds.
pub(super) const PHONE: &str = "+4799999999";

/// What the IVR puts in place of its placeholders; `survey_expiry` was never set there.
const EXPANSIONS: [(&str, &str); 6] = [
    ("$(system_session_id)", "ivr-000184"),
    ("§{survey_expiry}", ""),
    ("$(system_last_user_id)", "agent-42"),
    ("$(system_queue_key)", "sales"),
    ("$(e164_phone_number)", PHONE),
    ("$(system_country)", "NO"),
];

/// The body of the call. The seed names no language; `language` adds one.
pub(super) fn payload(language: Option<&str>) -> String {
    let expanded = EXPANSIONS
        .iter()
        .fold(SEED.to_owned(), |body, (placeholder, value)| body.replace(placeholder, value));
    match language {
        Some(language) => {
            let property = format!("{{\n\"language\": {},", serde_json::Value::from(language));
            expanded.replacen('{', &property, 1)
        }
        None => expanded,
    }
}

#[cfg(test)]
mod tests {
    use super::payload;

    #[test]
    fn nothing_is_left_to_expand_and_the_stray_comma_stays() {
        let body = payload(None);
        assert!(!body.contains("$(") && !body.contains('§'), "{body}");
        assert!(body.contains("},\n],"), "{body}");
    }

    #[test]
    fn a_language_is_added_as_a_property() {
        assert!(payload(Some("no")).starts_with("{\n\"language\": \"no\",\n\"clientReference\""));
    }
}
