//! The options of an export as the API reference shows them; they are read in `app/export/options.rs`.

/// Options of an export.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "read by name with every fault; this is its description")]
pub struct ExportParameters {
    /// `csv` (default), `jsonl`, `xlsx` or `json`
    format: Option<String>,
    /// Sessions of this time or later; see `dateField`
    from: Option<String>,
    /// Sessions before this time
    to: Option<String>,
    /// What `from` and `to` are about: `started_at` (default), `completed_at` or `updated_at`
    date_field: Option<String>,
    /// One or more states of sessions, with commas
    status: Option<String>,
    /// Language of sessions
    language: Option<String>,
    /// `var.` and any variable: its exact value
    #[param(rename = "var.queueKey")]
    variable: Option<String>,
    /// Zone of times: `UTC` (default) or an IANA name
    tz: Option<String>,
    /// What a choice shows: `code` (default), `index0`, `index1` or `label`
    codes: Option<String>,
    /// Language of labels; default that of each session
    labels_lang: Option<String>,
    /// Columns of detail for each question too
    detail: Option<bool>,
    /// `masked` (default), `hash`, `none`, or `e164` with the scope `pii:read`
    phone: Option<String>,
    /// `none` (default), or `include` with the scope `pii:read`: elements marked `pii`
    pii: Option<String>,
    /// Test sessions too
    include_test: Option<bool>,
    /// CSV for `analysis` (default), `excel` or `excel-no`
    dialect: Option<String>,
    /// Line breaks in texts of CSV: `keep` (default) or `space`
    newlines: Option<String>,
    /// Texts of CSV as they are: a spreadsheet may run them as formulas
    raw: Option<bool>,
    /// These columns in this order, with commas
    columns: Option<String>,
    /// Sessions changed after this time
    updated_after: Option<String>,
    /// `X-Next-Cursor` of an earlier export: what changed since
    cursor: Option<String>,
    /// Most sessions, 1 to 50000
    limit: Option<u32>,
}
