//! Which keys each object of a profile has. The reader and the JSON Schema work from these lists.

/// Keys of the file.
pub const PROFILE_KEYS: &[&str] = &[
    "format",
    "profile",
    "version",
    "base_url",
    "params",
    "verify",
    "callbacks",
    "send",
    "lookup",
    "limits",
    "encoding",
    "subnumber",
    "stop",
];

/// Keys of a variant of `callbacks`.
pub const CALLBACK_KEYS: &[&str] =
    &["match", "verify", "decode", "each", "kind", "inbound", "concat", "report", "reply"];

/// Keys of `match`.
pub const MATCH_KEYS: &[&str] = &["method", "content_type"];

/// Keys of `decode`.
pub const DECODE_KEYS: &[&str] = &["as", "charset", "names"];

/// Keys of `kind`.
pub const KIND_KEYS: &[&str] = &["inbound", "report"];

/// Keys of a test in `kind`.
pub const TEST_KEYS: &[&str] = &["exists", "path", "in"];

/// Keys of `inbound`.
pub const INBOUND_KEYS: &[&str] =
    &["each", "id", "from", "to", "text", "session", "reply_to", "time", "parts", "intent"];

/// Keys of a field that is more than a path.
pub const FIELD_KEYS: &[&str] = &["path", "as"];

/// Keys of `time`.
pub const TIME_KEYS: &[&str] = &["path", "format", "zone"];

/// Keys of `concat`.
pub const CONCAT_KEYS: &[&str] = &["ref", "total", "part", "wait"];

/// Keys of `report`.
pub const REPORT_KEYS: &[&str] = &["each", "correlate", "state", "reason", "error_code", "part"];

/// Keys of an entry of `correlate`.
pub const CORRELATE_KEYS: &[&str] = &["our_ref", "external_id"];

/// Keys of a path with a map.
pub const MAP_KEYS: &[&str] = &["path", "map"];

/// Keys of `reply`.
pub const REPLY_KEYS: &[&str] = &["status", "content_type", "body"];

/// Keys of `send`.
pub const SEND_KEYS: &[&str] = &["request", "omit_null", "answer", "idempotency"];

/// Keys of `send.request` and of `lookup.request`.
pub const REQUEST_KEYS: &[&str] = &["method", "url", "headers", "query", "body", "encode", "auth"];

/// Keys of `send.answer`.
pub const ANSWER_KEYS: &[&str] = &["decode", "ok", "external_id", "session", "errors", "http"];

/// Keys of `send.answer.ok`.
pub const OK_KEYS: &[&str] = &["status", "path", "in"];

/// Keys of `send.idempotency`.
pub const IDEMPOTENCY_KEYS: &[&str] = &["field", "window", "guaranteed"];

/// Keys of `lookup`.
pub const LOOKUP_KEYS: &[&str] = &["request", "answer"];

/// Keys of `lookup.answer`.
pub const LOOKUP_ANSWER_KEYS: &[&str] =
    &["decode", "our_ref", "external_id", "state", "reason", "error_code"];

/// Keys of `limits`.
pub const LIMITS_KEYS: &[&str] = &["rate", "unit", "scope", "max_parts"];

/// Keys of `encoding`.
pub const ENCODING_KEYS: &[&str] = &["charset", "smart", "splits"];

/// Keys of `subnumber`.
pub const SUBNUMBER_KEYS: &[&str] = &["mode", "countries", "total_digits", "life"];

/// Keys of `stop`.
pub const STOP_KEYS: &[&str] = &["handled_by_gateway", "error_codes", "opt_in_words"];

/// Keys of `scale` with its pieces.
pub const SCALE_KEYS: &[&str] = &["scale", "pieces"];

/// Keys of a piece of a scale.
pub const PIECE_KEYS: &[&str] = &["below", "from", "step", "base", "min", "max"];

/// Schemes of `verify` and the fields each takes besides `scheme`.
pub const SCHEMES: &[(&str, &[&str])] = &[
    ("hmac_url_params", &["secrets", "cidrs"]),
    ("hmac_plivo_v3", &["secrets", "cidrs"]),
    ("hmac_sorted_params", &["algorithm", "secrets", "cidrs"]),
    ("jwt_hashes", &["algorithm", "secrets", "cidrs"]),
    ("ed25519_ts_body", &["secrets", "cidrs"]),
    ("hmac_body_nonce_ts", &["secrets", "cidrs"]),
    ("standard_webhooks", &["secrets", "cidrs"]),
    ("static", &["in", "name", "secrets", "cidrs"]),
];

/// The kind of `auth` that asks for a token first.
pub const OAUTH2: &str = "oauth2";

/// Fields of `auth` that may be left out.
pub const AUTH_OPTIONAL: &[&str] = &["scope"];

/// Kinds of `auth` and the fields of each.
pub const AUTHS: &[(&str, &[&str])] = &[
    ("basic", &["user", "password"]),
    ("bearer", &["token"]),
    ("header", &["name", "value"]),
    (OAUTH2, &["token_url", "client_id", "client_secret", "scope"]),
];
