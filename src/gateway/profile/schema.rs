//! The JSON Schema of profiles, for editors. It is made from the same lists of keys as the reader, so an editor and
//! `gateway check` know the same fields. It does not know which names and words go together.

use schemars::{Schema, json_schema};
use serde_json::{Map, Value, json};

use super::decode::Syntax;
use super::field::As;
use super::file::keys::{
    ANSWER_KEYS, AUTH_OPTIONAL, AUTHS, CALLBACK_KEYS, CONCAT_KEYS, CORRELATE_KEYS, DECODE_KEYS,
    ENCODING_KEYS, FIELD_KEYS, IDEMPOTENCY_KEYS, INBOUND_KEYS, KIND_KEYS, LIMITS_KEYS, LOOKUP_ANSWER_KEYS,
    LOOKUP_KEYS, MAP_KEYS, MATCH_KEYS, OK_KEYS, PIECE_KEYS, PROFILE_KEYS, REPLY_KEYS, REPORT_KEYS,
    REQUEST_KEYS, SCALE_KEYS, SCHEMES, SEND_KEYS, STOP_KEYS, SUBNUMBER_KEYS, TEST_KEYS, TIME_KEYS,
};
use super::model::Encode;

/// The schema as JSON text.
#[must_use]
pub fn schema() -> String {
    let mut root = object(PROFILE_KEYS, &["format", "profile", "version", "callbacks"], profile_key);
    root.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    root.insert("title".to_owned(), json!("antiphon gateway profile"));
    root.insert("$defs".to_owned(), definitions());
    format!("{:#}\n", root.as_value())
}

/// An object with these keys and no others.
fn object(keys: &[&str], required: &[&str], of: fn(&str) -> Value) -> Schema {
    let properties: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), of(key))).collect();
    let mut schema =
        json_schema!({"type": "object", "additionalProperties": false, "properties": properties});
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}

fn definitions() -> Value {
    let schemes: Vec<Value> = SCHEMES.iter().map(|(scheme, fields)| verifier(scheme, fields)).collect();
    let auths: Vec<Value> = AUTHS.iter().map(|(kind, fields)| credentials(kind, fields)).collect();
    let choice = |of: &str| {
        json!({"type": "object", "required": ["choose"], "properties": {"choose": {"type": "string"}},
            "additionalProperties": {"$ref": of}})
    };
    let verify: Vec<Value> =
        schemes.into_iter().chain([json!({"const": "none"}), choice("#/$defs/verify")]).collect();
    let auth: Vec<Value> =
        auths.into_iter().chain([json!({"const": "none"}), choice("#/$defs/auth")]).collect();
    json!({
        "path": {"type": "string",
            "description": "A JSON Pointer for JSON and XML, a name for forms and queries, ?name for the URL"},
        "words": {"anyOf": [{"type": ["string", "number"]},
            {"type": "array", "items": {"type": ["string", "number"]}}]},
        "value": {"description": "A literal, $name, or {choose}, {scale}, {fill}, lists and maps of them"},
        "verify": {"anyOf": verify},
        "auth": {"anyOf": auth},
        "piece": object(PIECE_KEYS, &[], |_| json!({"type": "integer"})),
        "scale": object(SCALE_KEYS, SCALE_KEYS, |key| match key {
            "pieces" => json!({"type": "array", "items": {"$ref": "#/$defs/piece"}}),
            _scale => json!({"const": "$ttl_seconds"}),
        }),
        "field": {"anyOf": [{"$ref": "#/$defs/path"}, object(FIELD_KEYS, &["path"], |key| match key {
            "as" => words(As::ALL.map(As::as_str)),
            _path => path(),
        })]},
        "decode": object(DECODE_KEYS, &["as"], |key| match key {
            "as" => words(Syntax::ALL.map(Syntax::as_str)),
            "names" => words(["exact", "ignore_case"]),
            _charset => json!({"anyOf": [{"type": "string"}, {"type": "object"}]}),
        }),
        "test": object(TEST_KEYS, &[], |key| if key == "in" { json!({"$ref": "#/$defs/words"}) } else { path() }),
        "callback": object(CALLBACK_KEYS, &["decode", "kind"], callback_key),
    })
}

fn verifier(scheme: &str, fields: &[&str]) -> Value {
    let mut properties: Map<String, Value> =
        fields.iter().map(|field| ((*field).to_owned(), json!({"$ref": "#/$defs/value"}))).collect();
    properties.insert("scheme".to_owned(), json!({"const": scheme}));
    json!({"type": "object", "additionalProperties": false, "required": ["scheme"], "properties": properties})
}

fn credentials(kind: &str, fields: &[&str]) -> Value {
    let inner: Map<String, Value> =
        fields.iter().map(|field| ((*field).to_owned(), json!({"$ref": "#/$defs/value"}))).collect();
    let required: Vec<&&str> = fields.iter().filter(|field| !AUTH_OPTIONAL.contains(field)).collect();
    json!({"type": "object", "additionalProperties": false, "required": [kind], "properties": {
        kind: {"type": "object", "additionalProperties": false, "required": required, "properties": inner}}})
}

fn words<const N: usize>(words: [&str; N]) -> Value {
    json!({"enum": words.to_vec()})
}

fn path() -> Value {
    json!({"$ref": "#/$defs/path"})
}

fn profile_key(key: &str) -> Value {
    match key {
        "format" => json!({"const": "antiphon-gateway/1"}),
        "profile" => json!({"type": "string", "pattern": "^[a-z0-9_-]{1,40}$"}),
        "version" => json!({"type": "integer", "minimum": 0}),
        "base_url" => json!({"type": "string", "description": "https, unless loopback"}),
        "params" => {
            json!({"type": "object", "description": "Values an instance may give, with their defaults"})
        }
        "verify" => json!({"$ref": "#/$defs/verify"}),
        "callbacks" => json!({"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/callback"}}),
        "send" => object(SEND_KEYS, &["request", "answer"], send_key).to_value(),
        "lookup" => object(LOOKUP_KEYS, LOOKUP_KEYS, lookup_key).to_value(),
        "limits" => object(LIMITS_KEYS, &[], |key| match key {
            "unit" => words(["message", "part"]),
            "scope" => words(["account", "sender"]),
            "max_parts" => json!({"type": "integer", "minimum": 1, "maximum": 6}),
            _rate => json!({"type": ["number", "string"], "description": "Per second, or $param.name"}),
        })
        .to_value(),
        "encoding" => object(ENCODING_KEYS, &[], |key| match key {
            "charset" => words(["gsm7_or_ucs2", "gsm7_only", "ucs2_bmp"]),
            "splits" => words(["gateway", "client"]),
            _smart => json!({"type": "boolean"}),
        })
        .to_value(),
        "subnumber" => object(SUBNUMBER_KEYS, &[], |key| match key {
            "mode" => json!({"$ref": "#/$defs/value"}),
            "countries" => json!({"$ref": "#/$defs/words"}),
            "total_digits" => json!({"type": "integer", "minimum": 8, "maximum": 15}),
            _life => duration(),
        })
        .to_value(),
        _stop => object(STOP_KEYS, &[], |key| match key {
            "error_codes" => json!({"$ref": "#/$defs/words"}),
            _value => json!({"$ref": "#/$defs/value"}),
        })
        .to_value(),
    }
}

fn duration() -> Value {
    json!({"type": "string", "pattern": "^[0-9]{1,9}[smhd]$"})
}

/// Where the word of a state stands, and what it means.
fn state() -> Value {
    object(MAP_KEYS, MAP_KEYS, |key| match key {
        "map" => json!({"type": "object", "minProperties": 1, "additionalProperties":
            words(["accepted", "delivered", "undelivered", "expired", "rejected", "ignore"])}),
        _path => path(),
    })
    .to_value()
}

fn callback_key(key: &str) -> Value {
    match key {
        "match" => object(MATCH_KEYS, &[], |_| json!({"$ref": "#/$defs/words"})).to_value(),
        "verify" => json!({"$ref": "#/$defs/verify"}),
        "decode" => json!({"$ref": "#/$defs/decode"}),
        "each" => path(),
        "kind" => object(KIND_KEYS, &[], |_| json!({"$ref": "#/$defs/test"})).to_value(),
        "inbound" => object(INBOUND_KEYS, &["from", "to", "text"], |key| match key {
            "each" => path(),
            "time" => json!({"anyOf": [path(), object(TIME_KEYS, &["path"], |key| match key {
                "path" => path(),
                "zone" => json!({"type": "string", "description": "An IANA zone such as Europe/Oslo"}),
                _format => json!({"type": "string",
                    "description": "rfc3339, unix, unix_ms, or a pattern such as %Y-%m-%d %H:%M:%S"}),
            })]}),
            _field => json!({"$ref": "#/$defs/field"}),
        })
        .to_value(),
        "concat" => {
            object(
                CONCAT_KEYS,
                &["ref", "total", "part"],
                |key| {
                    if key == "wait" { duration() } else { path() }
                },
            )
            .to_value()
        }
        "report" => object(REPORT_KEYS, &["correlate", "state"], |key| match key {
            "correlate" => {
                json!({"type": "array", "minItems": 1, "items": object(CORRELATE_KEYS, &[], |_| path())})
            }
            "state" => state(),
            _path => path(),
        })
        .to_value(),
        _reply => object(REPLY_KEYS, &[], |key| match key {
            "status" => json!({"const": 200}),
            _text => json!({"type": "string"}),
        })
        .to_value(),
    }
}

fn request() -> Value {
    object(REQUEST_KEYS, &["method", "url"], |key| match key {
        "method" => words(["GET", "POST", "PUT"]),
        "url" => json!({"type": "string", "pattern": "^\\{base_url\\}"}),
        "headers" | "query" => {
            json!({"type": "object", "additionalProperties": {"$ref": "#/$defs/value"}})
        }
        "encode" => words(Encode::ALL.map(Encode::as_str)),
        "auth" => json!({"$ref": "#/$defs/auth"}),
        _body => json!({"$ref": "#/$defs/value"}),
    })
    .to_value()
}

fn lookup_key(key: &str) -> Value {
    match key {
        "request" => request(),
        _answer => object(LOOKUP_ANSWER_KEYS, &["state"], |key| match key {
            "decode" => json!({"$ref": "#/$defs/decode"}),
            "state" => state(),
            _path => path(),
        })
        .to_value(),
    }
}

fn send_key(key: &str) -> Value {
    match key {
        "request" => request(),
        "omit_null" => json!({"type": "boolean"}),
        "answer" => object(ANSWER_KEYS, &[], |key| match key {
            "decode" => json!({"$ref": "#/$defs/decode"}),
            "ok" => object(OK_KEYS, &[], |key| match key {
                "path" => path(),
                _words => json!({"$ref": "#/$defs/words"}),
            })
            .to_value(),
            "errors" => object(MAP_KEYS, MAP_KEYS, |key| match key {
                "path" => path(),
                _map => json!({"type": "object", "minProperties": 1}),
            })
            .to_value(),
            "http" => {
                json!({"type": "object", "propertyNames": {"pattern": "^[1-5][0-9]{2}(-[1-5][0-9]{2})?$"}})
            }
            _path => path(),
        })
        .to_value(),
        _idempotency => object(IDEMPOTENCY_KEYS, &["field", "window"], |key| match key {
            "window" => duration(),
            "guaranteed" => json!({"$ref": "#/$defs/value"}),
            _field => json!({"type": "string"}),
        })
        .to_value(),
    }
}
