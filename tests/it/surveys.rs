//! Survey files: reading, checking, expressions and the tools of authors (survey-file.md).

mod check;
mod expressions;
mod paths;
mod properties;
mod schema;
mod tools;

use std::path::PathBuf;

use antiphon::survey::Survey;
use antiphon::survey::check::{Checked, Context, FileName, check};

/// A folder of this test's data.
fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/surveys").join(name)
}

/// The text of a good example.
fn good(name: &str) -> String {
    std::fs::read_to_string(folder("good").join(name)).unwrap()
}

/// Compares with `snapshots/it__surveys__<name>.snap`.
fn snapshot(name: &str, text: &str) {
    insta::assert_snapshot!(name, text);
}

fn checked(source: &str, name: &str) -> Checked {
    check(source, &FileName::new(name), &Context::default())
}

/// The survey in a text without errors, whatever its warnings.
fn survey(source: &str) -> Survey {
    let checked = checked(source, "s.yaml");
    assert!(!checked.has_errors(), "{:#?}", checked.findings);
    checked.survey.unwrap()
}

/// The code and place of every finding.
fn codes(source: &str) -> Vec<String> {
    let findings = checked(source, "s.yaml").findings;
    findings.iter().map(|finding| format!("{} {}:{}", finding.code, finding.line, finding.column)).collect()
}

/// A survey of these elements, each a block of YAML indented by two.
fn with_elements(elements: &str) -> String {
    format!(
        "format: antiphon/1\nid: s\nlanguages: [en, no]\ndefault_language: en\n\
         settings: {{expiry: 24h}}\nvariables:\n  segment: {{default: {{en: small, no: liten}}}}\n  age: {{}}\n\
         elements:\n{elements}completion:\n  text: {{en: Thank you!, no: Takk!}}\n"
    )
}
