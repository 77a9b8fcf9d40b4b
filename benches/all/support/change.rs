//! [`Change`]: what one turn does to the rows of the database, found by comparing them before and after, so that
//! a reference writes the very same rows, whatever the schema is. Ids and numbers of the person who was watched
//! are replaced by those of any other.

use antiphon::store::AnyConnection;
use serde_json::{Map, Value as Json};

use super::Failure;
use super::backend::texts;

/// Columns whose values belong to one row of one person, and are put anew for the next.
const OWN: [&str; 5] = ["id", "client_ref", "external_id", "provider_id", "phone"];

/// A text that belongs to the person who was watched: it keeps its beginning, and ends in the person's number.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Own {
    text: String,
    prefix: String,
    digits: usize,
}

/// The texts that belong to the person who was watched.
#[derive(Clone, Debug, Default)]
pub struct Owns(Vec<Own>);

/// A part of a text.
enum Piece {
    Text(String),
    /// The person's number, in so many digits.
    Number(usize),
}

impl Owns {
    /// Notes what rows hold that no other person may have.
    pub fn learn(&mut self, rows: &[Row]) {
        for row in rows {
            for column in OWN {
                let Some(text) = row.values.get(column).and_then(Json::as_str) else {
                    continue;
                };
                // Our references are time in eight characters, then a hash: enough of it stays to tell those of one person apart.
                let digits = if text.starts_with('+') { 7 } else { 9 };
                let prefix: String = text.chars().take(text.len().saturating_sub(digits)).collect();
                let own = Own { text: text.to_owned(), prefix, digits };
                if !self.0.contains(&own) {
                    self.0.push(own);
                }
            }
        }
    }

    fn split(&self, text: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut rest = text;
        let next = |rest: &str| {
            let found = self.0.iter().filter_map(|own| rest.find(&own.text).map(|at| (at, own)));
            found.min_by_key(|(at, _)| *at).map(|(at, own)| (at, own.clone()))
        };
        while let Some((at, own)) = next(rest) {
            let (before, from) = rest.split_at(at);
            pieces.push(Piece::Text(format!("{before}{}", own.prefix)));
            pieces.push(Piece::Number(own.digits));
            rest = from.split_at(own.text.len()).1;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces
    }

    fn is_in(&self, value: &Json) -> bool {
        value.as_str().is_some_and(|text| self.0.iter().any(|own| text.contains(&own.text)))
    }

    /// The value for the person with this number.
    pub fn value(&self, value: &Json, number: u64) -> rusqlite::types::Value {
        use rusqlite::types::Value;
        match value {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Integer(i64::from(*flag)),
            Json::Number(number) => Value::Integer(number.as_i64().unwrap_or_default()),
            Json::String(text) => {
                let parts = self.split(text).into_iter().map(|piece| match piece {
                    Piece::Text(text) => text,
                    Piece::Number(digits) => format!("{number:0digits$}"),
                });
                Value::Text(parts.collect())
            }
            Json::Array(_) | Json::Object(_) => Value::Text(value.to_string()),
        }
    }

    /// The value as SQL, for the person whose number the SQL expression gives.
    fn expression(&self, value: &Json, number: &str, dialect: Dialect) -> String {
        let quoted = |text: &str| dialect.quoted(text);
        match value {
            Json::Null => "NULL".to_owned(),
            Json::Bool(flag) => flag.to_string(),
            Json::Number(number) => number.to_string(),
            Json::String(text) => {
                let parts: Vec<String> = self
                    .split(text)
                    .into_iter()
                    .filter(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()))
                    .map(|piece| match (piece, dialect) {
                        (Piece::Text(text), _) => quoted(&text),
                        (Piece::Number(digits), Dialect::Sqlite) => {
                            format!("printf('%0{digits}d', {number})")
                        }
                        (Piece::Number(digits), Dialect::Postgres) => {
                            format!("lpad(({number})::text, {digits}, '0')")
                        }
                    })
                    .collect();
                if parts.is_empty() { quoted("") } else { parts.join(" || ") }
            }
            Json::Array(_) | Json::Object(_) => quoted(&value.to_string()),
        }
    }
}

/// Whose SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Dialect {
    /// That of a connection.
    pub fn of(connection: &AnyConnection) -> Self {
        match connection {
            AnyConnection::Sqlite(_) => Self::Sqlite,
            AnyConnection::Postgres(_) => Self::Postgres,
        }
    }
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its table.
    pub table: String,
    key: Vec<String>,
    values: Map<String, Json>,
}

impl Row {
    /// Whether its key belongs to the person who was watched.
    pub fn is_owned(&self, owns: &Owns) -> bool {
        self.key.iter().filter_map(|column| self.values.get(column)).any(|value| owns.is_in(value))
    }

    fn columns(&self) -> String {
        let columns: Vec<&str> = self.values.keys().map(String::as_str).collect();
        columns.join(", ")
    }

    /// The row once for each number that a table `series` with the column `n` gives.
    pub fn insert_for(&self, series: &str, owns: &Owns, dialect: Dialect) -> String {
        let values: Vec<String> =
            self.values.values().map(|value| owns.expression(value, "n", dialect)).collect();
        format!("INSERT INTO {} ({}) SELECT {} FROM {series}", self.table, self.columns(), values.join(", "))
    }
}

/// Every row of every table.
pub fn rows(connection: &mut AnyConnection) -> Result<Vec<Row>, Failure> {
    let dialect = Dialect::of(connection);
    let mut rows = Vec::new();
    for table in texts(connection, dialect.tables())? {
        let key = texts(connection, &dialect.key(&table))?;
        let query = match dialect {
            Dialect::Postgres => format!("SELECT row_to_json(t)::text AS value FROM {table} t"),
            Dialect::Sqlite => {
                let columns =
                    texts(connection, &format!("SELECT name AS value FROM pragma_table_info('{table}')"))?;
                let pairs: Vec<String> =
                    columns.iter().map(|column| format!("'{column}', {column}")).collect();
                format!("SELECT json_object({}) AS value FROM {table}", pairs.join(", "))
            }
        };
        for text in texts(connection, &query)? {
            rows.push(Row { table: table.clone(), key: key.clone(), values: serde_json::from_str(&text)? });
        }
    }
    Ok(rows)
}

impl Dialect {
    /// A text as a literal. pgbench takes what follows a colon for a variable, wherever it stands.
    fn quoted(self, text: &str) -> String {
        let text = text.replace('\'', "''");
        match self {
            Self::Sqlite => format!("'{text}'"),
            Self::Postgres => format!("E'{}'", text.replace('\\', "\\\\").replace(':', "\\u003a")),
        }
    }

    fn tables(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "SELECT name AS value FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
                 AND name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' ORDER BY name"
            }
            Self::Postgres => {
                "SELECT tablename::text AS value FROM pg_tables WHERE schemaname = 'public' \
                 AND tablename NOT LIKE '\\_\\_diesel%' ORDER BY 1"
            }
        }
    }

    fn key(self, table: &str) -> String {
        match self {
            Self::Sqlite => format!("SELECT name AS value FROM pragma_table_info('{table}') WHERE pk > 0"),
            Self::Postgres => format!(
                "SELECT a.attname::text AS value FROM pg_index i JOIN pg_attribute a \
                 ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) \
                 WHERE i.indrelid = '{table}'::regclass AND i.indisprimary"
            ),
        }
    }
}

/// What a turn does to one row.
#[derive(Clone, Debug)]
pub enum Change {
    /// A new row.
    Insert(Row),
    /// Some columns of a row that was there.
    Update {
        /// The row as it is now.
        row: Row,
        /// What is new in it.
        columns: Vec<String>,
    },
}

impl Change {
    /// The difference between the rows before and after.
    pub fn between(before: &[Row], after: &[Row]) -> Vec<Self> {
        let key_of = |row: &Row| {
            let values: Vec<Option<Json>> = row.key.iter().map(|c| row.values.get(c).cloned()).collect();
            (row.table.clone(), values)
        };
        after
            .iter()
            .filter(|row| !before.contains(row))
            .map(|row| match before.iter().find(|old| key_of(old) == key_of(row)) {
                None => Self::Insert(row.clone()),
                Some(old) => {
                    let is_new = |column: &&String| old.values.get(*column) != row.values.get(*column);
                    Self::Update {
                        row: row.clone(),
                        columns: row.values.keys().filter(is_new).cloned().collect(),
                    }
                }
            })
            .collect()
    }

    /// The row as it is afterwards.
    pub fn row(&self) -> &Row {
        match self {
            Self::Insert(row) | Self::Update { row, .. } => row,
        }
    }

    /// A prepared statement for SQLite, whose parameters [`Self::parameters`] gives.
    pub fn statement(&self) -> String {
        match self {
            Self::Insert(row) => {
                let marks = vec!["?"; row.values.len()].join(", ");
                format!("INSERT INTO {} ({}) VALUES ({marks})", row.table, row.columns())
            }
            Self::Update { row, columns } => format!(
                "UPDATE {} SET {} = ? WHERE {} = ?",
                row.table,
                columns.join(" = ?, "),
                row.key.join(" = ? AND ")
            ),
        }
    }

    /// The values for the person with this number.
    pub fn parameters(&self, owns: &Owns, number: u64) -> Vec<rusqlite::types::Value> {
        match self {
            Self::Insert(row) => row.values.values().map(|value| owns.value(value, number)).collect(),
            Self::Update { row, columns } => {
                let named = columns.iter().chain(&row.key).filter_map(|column| row.values.get(column));
                named.map(|value| owns.value(value, number)).collect()
            }
        }
    }

    /// The statement for PostgreSQL, for the person whose number the SQL expression gives.
    pub fn postgres(&self, owns: &Owns, number: &str) -> String {
        let row = self.row();
        let expression = |column: &String| {
            let value = row.values.get(column).unwrap_or(&Json::Null);
            owns.expression(value, number, Dialect::Postgres)
        };
        let pairs = |columns: &[String], between: &str| {
            let pairs: Vec<String> = columns.iter().map(|c| format!("{c} = {}", expression(c))).collect();
            pairs.join(between)
        };
        match self {
            Self::Insert(row) => {
                let columns: Vec<String> = row.values.keys().map(expression).collect();
                format!("INSERT INTO {} ({}) VALUES ({})", row.table, row.columns(), columns.join(", "))
            }
            Self::Update { row, columns } => {
                format!(
                    "UPDATE {} SET {} WHERE {}",
                    row.table,
                    pairs(columns, ", "),
                    pairs(&row.key, " AND ")
                )
            }
        }
    }
}
