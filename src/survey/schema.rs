//! The JSON Schema of survey files, for editors (F39). It is made from the same lists of keys as the reader,
//! so an editor and the checker know the same fields. It knows nothing of flow, lengths or expressions.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::check::METHODS;
use super::definition::field::{
    COMPLETION_KEYS, ELEMENT_KEYS, MESSAGE_KEYS, OPTION_KEYS, REMINDER_KEYS, RULE_KEYS, SEND_WINDOW_KEYS,
    SETTINGS_KEYS, SURVEY_KEYS, TypeName, VARIABLE_KEYS, VARIANT_KEYS,
};

/// The schema as JSON text, as it stands in `surveys/survey.schema.json`.
#[must_use]
pub fn json() -> String {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let schema = generator.into_root_schema_for::<SurveyFile>();
    format!("{:#}\n", schema.as_value())
}

/// Declares a named part of the schema.
macro_rules! part {
    ($name:ident, $schema:expr) => {
        struct $name;
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                let build: fn(&mut SchemaGenerator) -> Schema = $schema;
                build(generator)
            }
        }
    };
}

part!(SurveyFile, |generator| object(
    generator,
    SURVEY_KEYS,
    &["format", "id", "languages", "default_language", "elements", "completion"],
    survey_key
));
part!(Text, |_| json_schema!({
    "type": "object",
    "description": "A text per language; a language that lacks one falls back to default_language",
    "propertyNames": { "pattern": LANGUAGE },
    "additionalProperties": { "type": ["string", "null"] },
    "minProperties": 1,
}));
part!(Words, |_| json_schema!({
    "type": "object",
    "description": "Words per language",
    "propertyNames": { "pattern": LANGUAGE },
    "additionalProperties": { "type": "array", "items": { "type": "string" } },
}));
part!(Duration, |_| json_schema!({
    "type": "string",
    "description": "A number and a unit: 90s, 15m, 24h, 14d",
    "pattern": "^[0-9]{1,9}[smhd]$",
}));
part!(Condition, |_| json_schema!({
    "type": "string",
    "description": "For example: csat <= 2 and $queueKey != \"sales\"",
    "minLength": 1,
    "maxLength": 2000,
}));
part!(Settings, |generator| object(generator, SETTINGS_KEYS, &[], settings_key));
part!(SendWindow, |generator| object(generator, SEND_WINDOW_KEYS, &["from", "to"], send_window_key));
part!(Variable, |generator| {
    let declared = object(generator, VARIABLE_KEYS, &[], variable_key);
    json_schema!({ "anyOf": [declared, { "type": "null" }] })
});
part!(Reminder, |generator| object(generator, REMINDER_KEYS, REMINDER_KEYS, reminder_key));
part!(Completion, |generator| object(generator, COMPLETION_KEYS, &["text"], completion_key));
part!(Variant, |generator| object(generator, VARIANT_KEYS, VARIANT_KEYS, variant_key));
part!(Rule, |generator| {
    let mut rule = object(generator, RULE_KEYS, &["if"], rule_key);
    let does_something = json!([{ "required": ["goto"] }, { "required": ["tag"] }]);
    rule.insert("anyOf".to_owned(), does_something);
    rule
});
part!(ChoiceOption, |generator| object(generator, OPTION_KEYS, &["code", "label"], option_key));
part!(Messages, |generator| object(generator, MESSAGE_KEYS, &[], |generator, _| {
    generator.subschema_for::<Text>()
}));
part!(Element, |generator| {
    let kinds: Vec<Value> =
        TypeName::ALL.into_iter().map(|type_name| element(generator, type_name).to_value()).collect();
    json_schema!({ "type": "object", "required": ["id", "type", "text"], "oneOf": kinds })
});

/// Two or three letters, with a region if need be.
const LANGUAGE: &str = "^[A-Za-z]{2,3}([-_][A-Za-z]{2})?$";

/// The names of element ids and columns.
const IDENTIFIER: &str = "^[a-z][a-z0-9_]{0,62}$";

/// An object with these keys and no others.
fn object(
    generator: &mut SchemaGenerator,
    keys: &[&str],
    required: &[&str],
    schema_of: fn(&mut SchemaGenerator, &str) -> Schema,
) -> Schema {
    let mut properties = Map::new();
    for key in keys {
        properties.insert((*key).to_owned(), schema_of(generator, key).to_value());
    }
    let mut schema = json_schema!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}

fn list_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let items = generator.subschema_for::<T>();
    json_schema!({ "type": "array", "items": items })
}

fn word_of(words: &[&str]) -> Schema {
    json_schema!({ "type": "string", "enum": words })
}

fn whole_number(from: u32, to: u32) -> Schema {
    json_schema!({ "type": "integer", "minimum": from, "maximum": to })
}

fn survey_key(generator: &mut SchemaGenerator, key: &str) -> Schema {
    match key {
        "format" => json_schema!({ "const": "antiphon/1", "description": "Always antiphon/1" }),
        "id" => json_schema!({
            "type": "string",
            "description": "Equals the file name without its extension",
            "pattern": "^[a-z0-9][a-z0-9-]{0,62}$",
        }),
        "uuid" => json_schema!({
            "type": "string",
            "description": "What an IVR script holds as surveyId",
            "pattern": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
        }),
        "title" => json_schema!({
            "type": "string",
            "description": "Shown to people who run surveys, never sent",
        }),
        "languages" => json_schema!({
            "type": "array",
            "items": { "type": "string", "pattern": LANGUAGE },
            "minItems": 1,
            "uniqueItems": true,
        }),
        "default_language" => json_schema!({
            "type": "string",
            "description": "One of languages",
            "pattern": LANGUAGE,
        }),
        "settings" => generator.subschema_for::<Settings>(),
        "variables" => {
            let declared = generator.subschema_for::<Variable>();
            json_schema!({
                "type": "object",
                "description": "Session variables that the caller sends",
                "additionalProperties": declared,
            })
        }
        "reminders" => list_of::<Reminder>(generator),
        "elements" => {
            let mut list = list_of::<Element>(generator);
            list.insert("minItems".to_owned(), json!(1));
            list.insert("maxItems".to_owned(), json!(super::check::ELEMENTS_MAX));
            list
        }
        "completion" => generator.subschema_for::<Completion>(),
        _ => generator.subschema_for::<Messages>(),
    }
}

fn settings_key(generator: &mut SchemaGenerator, key: &str) -> Schema {
    match key {
        "expiry" | "element_gap" | "quarantine" => generator.subschema_for::<Duration>(),
        "max_attempts" | "partial_after" => whole_number(1, 100),
        "on_exhausted" => word_of(&["close", "skip"]),
        "if_open_session" => word_of(&["supersede", "queue", "reject", "parallel"]),
        "send_window" => generator.subschema_for::<SendWindow>(),
        "option_style" => word_of(&["1: label", "1. label", "1) label", "1 = label"]),
        "review_methods" => json_schema!({ "type": "array", "items": word_of(&METHODS) }),
        "sender_name" => json_schema!({ "type": "string" }),
        _ => json_schema!({ "type": "boolean" }),
    }
}

fn send_window_key(_: &mut SchemaGenerator, key: &str) -> Schema {
    match key {
        "from" | "to" => json_schema!({
            "type": "string",
            "description": "A clock time in quotes, such as \"09:00\"",
            "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
        }),
        "days" => json_schema!({
            "type": "array",
            "items": { "enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] },
            "minItems": 1,
            "uniqueItems": true,
        }),
        _ => json_schema!({
            "type": "string",
            "description": "recipient, or an IANA name such as Europe/Oslo",
        }),
    }
}

fn variable_key(generator: &mut SchemaGenerator, key: &str) -> Schema {
    match key {
        "default" => {
            let text = generator.subschema_for::<Text>();
            json_schema!({ "anyOf": [{ "type": ["string", "number", "boolean"] }, text] })
        }
        _ => whole_number(1, 1600),
    }
}

fn reminder_key(generator: &mut SchemaGenerator, key: &str) -> Schema {
    match key {
        "after" => generator.subschema_for::<Duration>(),
        "when" => word_of(&["no_reply", "started"]),
        _ => generator.subschema_for::<Text>(),
    }
}

fn completion_key(generator: &mut SchemaGenerator, key: &str) -> Schema {
    match key {
        "text" => generator.subschema_for::<Text>(),
        _ => list_of::<Variant>(generator),
    }
}

fn variant_key(generator: &mut SchemaGenerator, key: &str) -> Schema {
    match key {
        "if" => generator.subschema_for::<Condition>(),
        _ => generator.subschema_for::<Text>(),
    }
}

fn rule_key(generator: &mut SchemaGenerator, key: &str) -> Schema {
    match key {
        "if" => generator.subschema_for::<Condition>(),
        "goto" => json_schema!({
            "type": "string",
            "description": "An element id, or completion",
            "pattern": IDENTIFIER,
        }),
        _ => json_schema!({
            "type": "string",
            "description": "Stored on the session; raises the webhook event answer.flagged",
            "pattern": IDENTIFIER,
        }),
    }
}

fn option_key(generator: &mut SchemaGenerator, key: &str) -> Schema {
    match key {
        "code" => json_schema!({
            "type": "string",
            "description": "Never changes; what reports join on",
            "pattern": "^[a-z][a-z0-9_]{0,30}$",
        }),
        "label" => generator.subschema_for::<Text>(),
        "aliases" => generator.subschema_for::<Words>(),
        _ => json_schema!({ "type": "boolean" }),
    }
}

/// An element of one type, with the fields this type takes (F11).
fn element(generator: &mut SchemaGenerator, type_name: TypeName) -> Schema {
    let mut properties = Map::new();
    for key in ELEMENT_KEYS.iter().filter(|key| type_name.takes(key)) {
        properties.insert((*key).to_owned(), element_key(generator, key, type_name).to_value());
    }
    let required: &[&str] = match type_name {
        TypeName::Scale => &["min", "max"],
        TypeName::SingleChoice | TypeName::MultipleChoice => &["options"],
        TypeName::Text
        | TypeName::Nps
        | TypeName::Number
        | TypeName::YesNo
        | TypeName::FreeText
        | TypeName::Date => &[],
    };
    json_schema!({
        "title": type_name.name(),
        "additionalProperties": false,
        "properties": properties,
        "required": required,
    })
}

fn element_key(generator: &mut SchemaGenerator, key: &str, type_name: TypeName) -> Schema {
    match key {
        "type" if type_name == TypeName::SingleChoice => word_of(&["single_choice", "dropdown"]),
        "type" => json_schema!({ "const": type_name.name() }),
        "id" | "export_as" => json_schema!({ "type": "string", "pattern": IDENTIFIER }),
        "next" => rule_key(generator, "goto"),
        "text" | "label" => generator.subschema_for::<Text>(),
        "variants" => list_of::<Variant>(generator),
        "when" => generator.subschema_for::<Condition>(),
        "rules" => list_of::<Rule>(generator),
        "options" => {
            let mut list = list_of::<ChoiceOption>(generator);
            list.insert("minItems".to_owned(), json!(2));
            list
        }
        "min" | "max" if type_name == TypeName::Date => json_schema!({
            "type": "string",
            "description": "YYYY-MM-DD",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        }),
        "min" | "max" => json_schema!({ "type": "number" }),
        "decimals" => whole_number(0, 2),
        "labels" => {
            let text = generator.subschema_for::<Text>();
            json_schema!({
                "type": "object",
                "description": "Names of points, such as 5: {en: very happy}",
                "additionalProperties": text,
            })
        }
        "skip_words" => generator.subschema_for::<Words>(),
        "min_select" | "max_select" => whole_number(1, 99),
        "min_length" | "max_length" => whole_number(0, 10_000),
        "append_window" => generator.subschema_for::<Duration>(),
        "direction" => word_of(&["past", "future", "any"]),
        "order" => word_of(&["dmy", "mdy"]),
        "unit" => json_schema!({ "type": "string", "minLength": 1, "maxLength": 20 }),
        "pattern" => json_schema!({ "type": "string", "maxLength": 512 }),
        _ => json_schema!({ "type": "boolean" }),
    }
}
