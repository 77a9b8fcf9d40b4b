//! The JSON Schema (F39): it takes what the checker takes, and refuses broken files.

use antiphon::survey::schema;
use serde_json::Value;

use super::{folder, good};

fn validator() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(&schema::json()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

/// A YAML file as an editor sees it: only `true` and `false` are truth values (F2).
fn instance(yaml: &str) -> Value {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(yaml, options).unwrap()
}

#[test]
fn the_schema_file_is_up_to_date() {
    let path = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("surveys/survey.schema.json");
    let written = std::fs::read_to_string(path).unwrap();
    assert_eq!(written, schema::json(), "run `antiphon survey schema > surveys/survey.schema.json`");
}

#[test]
fn the_schema_takes_the_examples() {
    let validator = validator();
    for name in ["csat-after-call.yaml", "nps.yaml"] {
        let errors: Vec<String> = validator
            .iter_errors(&instance(&good(name)))
            .map(|error| format!("{} {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_schema_refuses_broken_files() {
    let validator = validator();
    for name in [
        "e11-no-completion",
        "e11-completion-without-text",
        "e13-no-elements",
        "e15-wrong-format",
        "e15-nothing-identified",
        "e15-malformed-identity",
        "e15-bad-element-ids",
        "e15-option-codes",
        "e16-unknown-key",
        "e16-field-of-another-type",
        "e16-unknown-type",
        "e16-one-option",
        "e16-scale-without-bounds",
        "e16-wrong-values",
        "e16-rule-does-nothing",
        "e16-text-without-language",
    ] {
        let source = std::fs::read_to_string(folder("broken").join(format!("{name}.yaml"))).unwrap();
        assert!(!validator.is_valid(&instance(&source)), "{name}");
    }
}
