//! [`ExportOptions`]: what is asked of an export, the same for the API, a job and the command line (X10). They are
//! given as names and texts and are read here alone; every fault is told at once, with what exists.

use chrono::NaiveDateTime;
use chrono_tz::Tz;

use crate::app::cursor::Cursor;
use crate::clock::truncated;
use crate::closed_list::closed_list;
use crate::session::Status;
use crate::survey::Language;
use crate::tabular::{CsvStyle, Dialect, Newlines};

/// Most rows that are answered at once; more need a job, or `limit` and `cursor` (X14).
pub const ROWS_AT_ONCE_MAX: u64 = 50_000;
/// Variables that one export can be filtered by.
const VARIABLES_MAX: usize = 8;

closed_list! {
    /// What the rows are.
    pub enum Kind {
        Responses = "responses": "one row per session, its answers side by side",
        Answers = "answers": "one row per answer",
        Messages = "messages": "one row per SMS in either direction",
        Events = "events": "one row per change of status",
        Deliveries = "deliveries": "one row per outbound SMS with what became of it",
        Codebook = "codebook": "one row per column of responses",
    }
}

closed_list! {
    /// How rows are written.
    pub enum Format {
        Csv = "csv": "text with one row a line (RFC 4180)",
        JsonLines = "jsonl": "one JSON object a line",
        Xlsx = "xlsx": "a workbook",
        Json = "json": "one JSON object with all rows in data",
    }
}

/// Which instant `from` and `to` are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateField {
    /// First SMS accepted by the gateway.
    StartedAt,
    /// Completion reached.
    CompletedAt,
    /// Last change of the session.
    UpdatedAt,
}

/// What a cell of a choice shows (X5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codes {
    /// The code of the option.
    Code,
    /// Its place from 0.
    Index0,
    /// Its place from 1, as people see it.
    Index1,
    /// Its label.
    Label,
}

/// How phones are shown (X11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneStyle {
    /// Country code and last three digits.
    Masked,
    /// The keyed hash, equal over exports.
    Hash,
    /// Not at all.
    None,
    /// Whole.
    E164,
}

/// Which sessions (X10). It holds for whatever is counted or exported.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// At this time or later.
    pub from: Option<NaiveDateTime>,
    /// Before this time.
    pub to: Option<NaiveDateTime>,
    /// What `from` and `to` are about; default `started_at`.
    pub date_field: Option<DateField>,
    /// In one of these states; empty = any.
    pub statuses: Vec<Status>,
    /// In this language.
    pub language: Option<Language>,
    /// With these values of session variables.
    pub variables: Vec<(String, String)>,
    /// Test sessions too (A89).
    pub includes_test: bool,
    /// On these channels, for a key that is limited to some; `None` = any.
    pub channel_ids: Option<Vec<String>>,
}

/// What is asked of an export.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// What the rows are.
    pub kind: Kind,
    /// How they are written.
    pub format: Format,
    /// Which sessions.
    pub filter: Filter,
    /// Zone of times.
    pub zone: Tz,
    /// What a cell of a choice shows.
    pub codes: Codes,
    /// Language of labels; default that of the session.
    pub labels_language: Option<Language>,
    /// The columns of detail too.
    pub detail: bool,
    /// How phones are shown.
    pub phone: PhoneStyle,
    /// Elements marked `pii` too.
    pub includes_pii: bool,
    /// Dialect of CSV.
    pub dialect: Dialect,
    /// Line breaks of CSV.
    pub newlines: Newlines,
    /// No guard against formulas (X24).
    pub is_raw: bool,
    /// These columns, in this order; `None` = all.
    pub columns: Option<Vec<String>>,
    /// Sessions changed after this time.
    pub updated_after: Option<NaiveDateTime>,
    /// Sessions changed after those of an earlier reading.
    pub cursor: Option<Cursor>,
    /// Most rows of this reading.
    pub limit: Option<usize>,
}

impl ExportOptions {
    /// Whether it holds what only who may read personal data may see.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        self.includes_pii || self.phone == PhoneStyle::E164
    }

    /// Whether it is one step of a reading by time of change (X13), not a whole export.
    #[must_use]
    pub fn is_incremental(&self) -> bool {
        self.cursor.is_some() || self.updated_after.is_some() || self.limit.is_some()
    }

    /// How CSV is written.
    #[must_use]
    pub fn csv_style(&self) -> CsvStyle {
        CsvStyle { dialect: self.dialect, newlines: self.newlines, guarded: !self.is_raw, zone: self.zone }
    }
}

/// What is wrong with an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionFault {
    /// Its name; empty when it is about the whole.
    pub name: String,
    /// Which kind of fault.
    pub wrong: Wrong,
    /// What would be right.
    pub detail: String,
}

/// Kinds of faults of options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The value does not fit.
    Value,
    /// There is no such option.
    Unknown,
    /// It was given twice.
    Twice,
    /// There are too many rows to answer at once.
    TooLarge,
}

/// Every option by its name; `var.` and a key filters by a session variable.
pub const NAMES: &[&str] = &[
    "format",
    "from",
    "to",
    "dateField",
    "status",
    "language",
    "tz",
    "codes",
    "labelsLang",
    "detail",
    "phone",
    "pii",
    "includeTest",
    "dialect",
    "newlines",
    "raw",
    "columns",
    "updatedAfter",
    "cursor",
    "limit",
];

/// Reads options.
///
/// # Errors
/// Every fault.
pub fn read(kind: Kind, given: &[(String, String)]) -> Result<ExportOptions, Vec<OptionFault>> {
    let mut given = Given::of(given);
    let options = ExportOptions {
        kind,
        format: given.word("format", &words(Format::ALL, Format::as_str)).unwrap_or(Format::Csv),
        filter: filter(&mut given),
        zone: given.zone(),
        codes: given.word("codes", CODES).unwrap_or(Codes::Code),
        labels_language: given.language("labelsLang"),
        detail: given.flag("detail"),
        phone: given.word("phone", PHONES).unwrap_or(PhoneStyle::Masked),
        includes_pii: given.word("pii", &[("none", false), ("include", true)]).unwrap_or(false),
        dialect: given.word("dialect", DIALECTS).unwrap_or(Dialect::Analysis),
        newlines: given.word("newlines", NEWLINES).unwrap_or(Newlines::Keep),
        is_raw: given.flag("raw"),
        columns: given.columns(),
        updated_after: given.time("updatedAfter"),
        cursor: given.cursor(),
        limit: given.limit(),
    };
    if kind == Kind::Codebook && options.is_incremental() {
        given.fault(
            "cursor",
            Wrong::Value,
            "a codebook is always whole; leave cursor, limit and updatedAfter out",
        );
    }
    given.finish(NAMES)?;
    Ok(options)
}

const CODES: &[(&str, Codes)] =
    &[("code", Codes::Code), ("index0", Codes::Index0), ("index1", Codes::Index1), ("label", Codes::Label)];
const PHONES: &[(&str, PhoneStyle)] = &[
    ("masked", PhoneStyle::Masked),
    ("hash", PhoneStyle::Hash),
    ("none", PhoneStyle::None),
    ("e164", PhoneStyle::E164),
];
const DIALECTS: &[(&str, Dialect)] =
    &[("analysis", Dialect::Analysis), ("excel", Dialect::Excel), ("excel-no", Dialect::ExcelNo)];
const NEWLINES: &[(&str, Newlines)] = &[("keep", Newlines::Keep), ("space", Newlines::Space)];
const DATE_FIELDS: &[(&str, DateField)] = &[
    ("started_at", DateField::StartedAt),
    ("completed_at", DateField::CompletedAt),
    ("updated_at", DateField::UpdatedAt),
];

fn words<T: Copy>(all: &[T], word: impl Fn(T) -> &'static str) -> Vec<(&'static str, T)> {
    all.iter().map(|&one| (word(one), one)).collect()
}

/// Which sessions.
pub(in crate::app) fn filter(given: &mut Given) -> Filter {
    let filter = Filter {
        from: given.time("from"),
        to: given.time("to"),
        date_field: given.word("dateField", DATE_FIELDS),
        statuses: given.statuses(),
        language: given.language("language"),
        variables: given.variables(),
        includes_test: given.flag("includeTest"),
        channel_ids: None,
    };
    if filter.from.zip(filter.to).is_some_and(|(from, to)| from > to) {
        given.fault("to", Wrong::Value, "to is before from");
    }
    filter
}

/// Options not read yet, and the faults found.
pub(in crate::app) struct Given {
    pairs: Vec<(String, String)>,
    faults: Vec<OptionFault>,
}

impl Given {
    /// All of them unread.
    pub(in crate::app) fn of(pairs: &[(String, String)]) -> Self {
        Self { pairs: pairs.to_vec(), faults: Vec::new() }
    }

    /// Notes a fault.
    pub(in crate::app) fn fault(&mut self, name: &str, wrong: Wrong, detail: impl Into<String>) {
        self.faults.push(OptionFault { name: name.to_owned(), wrong, detail: detail.into() });
    }

    /// The value of an option; empty is the same as absent.
    fn text(&mut self, name: &str) -> Option<String> {
        let mut values = self.pairs.extract_if(.., |(given, _)| given == name);
        let value = values.next().map(|(_, value)| value);
        if values.count() > 0 {
            self.fault(name, Wrong::Twice, "give this option once");
        }
        if value.as_ref().is_some_and(|value| value.contains('\0')) {
            self.fault(name, Wrong::Value, "the text has a NUL character");
            return None;
        }
        value.filter(|value| !value.is_empty())
    }

    /// One of a closed list of words.
    pub(in crate::app) fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.fault(name, Wrong::Value, format!("use one of: {}", words.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    fn flag(&mut self, name: &str) -> bool {
        self.word(name, &[("true", true), ("false", false)]).unwrap_or(false)
    }

    /// An RFC 3339 time with offset. A bare `+` of a query arrives as a space.
    fn time(&mut self, name: &str) -> Option<NaiveDateTime> {
        let text = self.text(name)?;
        let read = chrono::DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok();
        if read.is_none() {
            let detail = "use an RFC 3339 time with offset, such as 2026-11-21T06:00:00Z";
            self.fault(name, Wrong::Value, detail);
        }
        read.map(|instant| truncated(instant.to_utc()).naive_utc())
    }

    /// A zone; UTC when none is named.
    pub(in crate::app) fn zone(&mut self) -> Tz {
        let Some(text) = self.text("tz") else {
            return Tz::UTC;
        };
        text.parse().unwrap_or_else(|_| {
            self.fault("tz", Wrong::Value, "use UTC or an IANA name such as Europe/Oslo");
            Tz::UTC
        })
    }

    fn language(&mut self, name: &str) -> Option<Language> {
        let text = self.text(name)?;
        let language = Language::parse(&text).ok();
        if language.is_none() {
            self.fault(name, Wrong::Value, "use a language code such as no");
        }
        language
    }

    /// Words with commas between them.
    pub(in crate::app) fn list(&mut self, name: &str) -> Option<Vec<String>> {
        let text = self.text(name)?;
        Some(text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect())
    }

    fn statuses(&mut self) -> Vec<Status> {
        let mut statuses = Vec::new();
        for word in self.list("status").unwrap_or_default() {
            match Status::parse(&word) {
                Some(status) => statuses.push(status),
                None => {
                    let all = Status::ALL.map(Status::as_str).join(", ");
                    self.fault("status", Wrong::Value, format!("use one or more of: {all}"));
                }
            }
        }
        statuses
    }

    fn columns(&mut self) -> Option<Vec<String>> {
        let columns = self.list("columns")?;
        let mut seen = std::collections::BTreeSet::new();
        if let Some(twice) = columns.iter().find(|name| !seen.insert(name.as_str())).cloned() {
            self.fault("columns", Wrong::Value, format!("{twice} stands there twice"));
        }
        Some(columns)
    }

    fn variables(&mut self) -> Vec<(String, String)> {
        let found = self.pairs.extract_if(.., |(name, _)| name.len() > 4 && name.starts_with("var."));
        let found: Vec<(String, String)> =
            found.filter_map(|(name, value)| Some((name.strip_prefix("var.")?.to_owned(), value))).collect();
        if found.len() > VARIABLES_MAX {
            self.fault("var.", Wrong::Value, format!("at most {VARIABLES_MAX} variables"));
        }
        found
    }

    fn cursor(&mut self) -> Option<Cursor> {
        let text = self.text("cursor")?;
        let cursor = Cursor::decode(&text);
        if cursor.is_none() {
            self.fault("cursor", Wrong::Value, "use the next cursor of an earlier export, unchanged");
        }
        cursor
    }

    fn limit(&mut self) -> Option<usize> {
        let text = self.text("limit")?;
        let most = usize::try_from(ROWS_AT_ONCE_MAX).unwrap_or(usize::MAX);
        let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let limit = text.parse().ok().filter(|limit| is_digits && (1..=most).contains(limit));
        if limit.is_none() {
            self.fault("limit", Wrong::Value, format!("use a whole number from 1 to {most}"));
        }
        limit
    }

    /// The end of the reading: what nobody asked for does not exist.
    pub(in crate::app) fn finish(mut self, names: &[&str]) -> Result<(), Vec<OptionFault>> {
        for (name, _) in std::mem::take(&mut self.pairs) {
            let detail = format!("there is no such option; there are: {}, var.<key>", names.join(", "));
            self.fault(&name, Wrong::Unknown, detail);
        }
        if self.faults.is_empty() { Ok(()) } else { Err(self.faults) }
    }
}
