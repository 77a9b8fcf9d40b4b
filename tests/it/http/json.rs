//! The JSON reader: equal to `serde_json` on strict documents, forgiving exactly what A02 lists, never panicking.

use antiphon::http::json::{Json, lenient, strict};
use proptest::prelude::*;
use serde_json::Value;

/// The tree as `serde_json` holds it: the last of equal names wins, numbers as `serde_json` reads them.
fn as_serde(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(digits) => serde_json::from_str(digits).unwrap(),
        Json::Text(text) => Value::String(text.clone()),
        Json::Array(items) => Value::Array(items.iter().map(as_serde).collect()),
        Json::Object(pairs) => {
            Value::Object(pairs.iter().map(|(name, value)| (name.clone(), as_serde(value))).collect())
        }
    }
}

fn fault(body: &str) -> String {
    lenient(body.as_bytes()).unwrap_err().to_string()
}

fn forgiven(body: &str) -> Vec<String> {
    lenient(body.as_bytes()).unwrap().1.iter().map(ToString::to_string).collect()
}

#[test]
fn trailing_commas_and_a_byte_order_mark_are_forgiven_and_named() {
    assert_eq!(forgiven("[1,\n2,\n]"), ["comma before ] at line 3"]);
    assert_eq!(forgiven("{\"a\": {\"b\": 1 , } ,}"), ["comma before } at line 1"; 2]);
    assert_eq!(forgiven("\u{feff}{}"), ["byte order mark at the start"]);
    assert_eq!(forgiven("{}"), [""; 0]);
    for body in ["[1,]", "{\"a\":1,}", "\u{feff}{}"] {
        assert!(strict(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn strings_are_never_touched() {
    let (json, forgiven) = lenient(br#"{"a,]": "a,]", "b": "x,}", "c": "\ufeff,]",}"#).unwrap();
    assert_eq!(forgiven.len(), 1);
    assert_eq!(
        json,
        Json::Object(vec![
            ("a,]".to_owned(), Json::Text("a,]".to_owned())),
            ("b".to_owned(), Json::Text("x,}".to_owned())),
            ("c".to_owned(), Json::Text("\u{feff},]".to_owned())),
        ])
    );
}

#[test]
fn everything_else_is_refused_with_line_and_column() {
    for (body, expected) in [
        ("", "the document ends too early at line 1, column 1"),
        ("  \n ", "the document ends too early at line 2, column 2"),
        ("{\"a\": 1", "the document ends too early at line 1, column 8"),
        ("[,]", "a character where a value should start at line 1, column 2"),
        ("[1,,]", "a character where a value should start at line 1, column 4"),
        ("{,}", "a character where a property name in quotes should start at line 1, column 2"),
        ("{a: 1}", "a character where a property name in quotes should start at line 1, column 2"),
        ("{\"a\" 1}", "a property name without a colon after it at line 1, column 6"),
        ("{\"æ\": 'x'}", "a character where a value should start at line 1, column 7"),
        ("[1 2]", "a character where a comma or a closing bracket should stand at line 1, column 4"),
        ("{} {}", "something after the end of the document at line 1, column 4"),
        ("[1],", "something after the end of the document at line 1, column 4"),
        ("// x\n{}", "a character where a value should start at line 1, column 1"),
        ("[01]", "a character where a comma or a closing bracket should stand at line 1, column 3"),
        ("[1.]", "a number without a digit where one should stand at line 1, column 4"),
        ("[NaN]", "a character where a value should start at line 1, column 2"),
        ("[nul]", "a word that is not true, false or null at line 1, column 5"),
        ("\"a\nb\"", "a control character in a text that is not escaped at line 1, column 3"),
        ("\"\\x\"", "an escape that JSON does not know at line 1, column 3"),
        ("\"\\ud800\"", "half of a surrogate pair at line 1, column 2"),
        ("\"\\ud800\\u0041\"", "half of a surrogate pair at line 1, column 2"),
        ("\"\\udc00\"", "half of a surrogate pair at line 1, column 2"),
        ("\u{feff}\u{feff}{}", "a character where a value should start at line 1, column 1"),
    ] {
        assert_eq!(fault(body), expected, "{body:?}");
    }
    assert_eq!(
        strict(b"{\n\"a\": \"\xff\"}").unwrap_err().to_string(),
        "bytes that are not UTF-8 at line 2, column 7"
    );
}

#[test]
fn nesting_ends_at_32_levels() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(strict(nested(32).as_bytes()).is_ok());
    assert_eq!(fault(&nested(33)), "nesting deeper than 32 levels at line 1, column 33");
    assert!(lenient("[".repeat(60_000).as_bytes()).is_err());
    let objects = format!("{}1{}", "{\"a\":".repeat(33), "}".repeat(33));
    assert!(strict(objects.as_bytes()).is_err());
}

#[test]
fn duplicate_names_and_the_digits_of_numbers_survive() {
    let json = strict(br#"{"a": 12345678901234567890123, "A": -0.10e+2, "a": "\ud83d\ude00"}"#).unwrap();
    assert_eq!(json.to_string(), r#"{"a":12345678901234567890123,"A":-0.10e+2,"a":"😀"}"#);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        "(\\PC|[,\\]}\\\\\"\n\t\u{0}\u{feff}]){0,12}".prop_map(Value::String),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec(("\\PC{0,6}", inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn valid_json_reads_as_serde_json_reads_it(value in any_json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.unwrap();
        let json = strict(text.as_bytes()).unwrap();
        prop_assert_eq!(as_serde(&json), value);
        let (again, forgiven) = lenient(json.to_string().as_bytes()).unwrap();
        prop_assert_eq!(again, json);
        prop_assert!(forgiven.is_empty());
    }

    #[test]
    fn a_damaged_document_is_refused_exactly_when_serde_json_refuses_it(
        value in any_json(),
        at in any::<prop::sample::Index>(),
        byte in prop::sample::select(b"{}[]\",:\\0e-.tnu \n\x00\xc3x".to_vec()),
    ) {
        let mut bytes = serde_json::to_vec(&value).unwrap();
        let index = at.index(bytes.len());
        bytes[index] = byte;
        match (strict(&bytes), serde_json::from_slice::<Value>(&bytes)) {
            (Ok(ours), Ok(theirs)) => prop_assert_eq!(as_serde(&ours), theirs),
            (Err(_), Err(_)) => {}
            // serde_json refuses numbers that no f64 can hold; we keep the digits.
            (ours, Err(theirs)) if theirs.to_string().starts_with("number out of range") => {
                prop_assert!(ours.is_ok());
            }
            (ours, theirs) => prop_assert!(false, "{ours:?} but {theirs:?}"),
        }
    }

    #[test]
    fn a_comma_before_any_closing_bracket_changes_nothing(value in any_json()) {
        let text = serde_json::to_string(&value).unwrap();
        // A bracket inside a string may not get a comma: put commas only where the reader itself sees an end.
        let whole = strict(text.as_bytes()).unwrap();
        let with_commas = commas(&whole);
        let (json, _) = lenient(with_commas.as_bytes()).unwrap();
        prop_assert_eq!(json, whole);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = strict(&bytes);
        let _ = lenient(&bytes);
    }
}

fn commas(json: &Json) -> String {
    match json {
        Json::Array(items) if !items.is_empty() => {
            let items: Vec<String> = items.iter().map(commas).collect();
            format!("[{} , ]", items.join(","))
        }
        Json::Object(pairs) if !pairs.is_empty() => {
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(name, value)| format!("{}:{}", Json::Text(name.clone()), commas(value)))
                .collect();
            format!("{{{},\n}}", pairs.join(","))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Array(_) | Json::Object(_) => {
            json.to_string()
        }
    }
}
