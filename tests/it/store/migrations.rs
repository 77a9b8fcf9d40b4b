//! Migrations go up, down and up again, and `schema.rs` says what the database says.

use std::collections::BTreeMap;
use std::path::Path;

use antiphon::store::{AnyConnection, migrate};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use regex::Regex;

use crate::support::{Backend, Database};

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(Debug, QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text, column_name = "type")]
    kind: String,
    #[diesel(sql_type = Integer)]
    notnull: i32,
    #[diesel(sql_type = Integer)]
    pk: i32,
}

fn tables(connection: &mut AnyConnection) -> Vec<String> {
    let AnyConnection::Sqlite(sqlite) = connection else { panic!("not written yet for this database") };
    let query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
                 AND name NOT LIKE '__diesel%' ORDER BY name";
    diesel::sql_query(query).load::<Named>(sqlite).unwrap().into_iter().map(|table| table.name).collect()
}

#[test]
fn up_down_and_up_again() {
    for backend in Backend::ALL {
        let database = backend.open();
        let mut connection = database.connect();
        let run = migrate::migrate(&mut connection).unwrap();
        assert!(!run.is_empty());
        let first = tables(&mut connection);
        assert!(first.contains(&"sessions".to_owned()), "{first:?}");
        migrate::revert_all(&mut connection).unwrap();
        assert_eq!(tables(&mut connection), Vec::<String>::new(), "down leaves nothing behind");
        assert_eq!(migrate::pending(&mut connection).unwrap().len(), run.len());
        assert_eq!(migrate::migrate(&mut connection).unwrap(), run);
        assert_eq!(tables(&mut connection), first);
        assert!(migrate::migrate(&mut connection).unwrap().is_empty(), "a second run has nothing to do");
    }
}

#[test]
fn a_schema_from_the_future_is_refused() {
    let database = Backend::Sqlite.open();
    let mut connection = database.connect();
    migrate::migrate(&mut connection).unwrap();
    let AnyConnection::Sqlite(sqlite) = &mut connection else { panic!("SQLite") };
    diesel::sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')")
        .execute(sqlite)
        .unwrap();
    let refused = migrate::migrate(&mut connection).unwrap_err().to_string();
    assert!(refused.contains("9999"), "{refused}");
}

/// Table, then column, then its type as diesel names it; `Nullable<…>` included.
type Schema = BTreeMap<String, BTreeMap<String, String>>;

#[test]
fn schema_rs_says_what_the_database_says() {
    let database = Backend::Sqlite.open();
    assert_eq!(stated(), found(&database));
}

fn stated() -> Schema {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/schema.rs");
    let source = std::fs::read_to_string(path).unwrap();
    let table = Regex::new(r"(?s)diesel::table! \{\s*(\w+) \([^)]*\) \{(.*?)\}\s*\}").unwrap();
    let column = Regex::new(r"(\w+) -> ([\w<>]+),").unwrap();
    let columns = |body: &str| {
        column.captures_iter(body).map(|found| (found[1].to_owned(), found[2].to_owned())).collect()
    };
    table.captures_iter(&source).map(|found| (found[1].to_owned(), columns(&found[2]))).collect()
}

fn found(database: &Database) -> Schema {
    let mut connection = database.connect();
    migrate::migrate(&mut connection).unwrap();
    let names = tables(&mut connection);
    let AnyConnection::Sqlite(sqlite) = &mut connection else { panic!("SQLite") };
    let mut schema = Schema::new();
    for name in names {
        let columns: Vec<Column> =
            diesel::sql_query(format!("PRAGMA table_info({name})")).load(sqlite).unwrap();
        let columns = columns.into_iter().map(|column| {
            let kind = match column.kind.as_str() {
                "TEXT" => "Text",
                "INTEGER" => "Integer",
                "BIGINT" => "BigInt",
                "BOOLEAN" => "Bool",
                "TIMESTAMP" => "Timestamp",
                other => panic!("{name}.{} is of type {other}, which the house does not use", column.name),
            };
            let required = column.notnull == 1 || column.pk > 0;
            let kind = if required { kind.to_owned() } else { format!("Nullable<{kind}>") };
            (column.name, kind)
        });
        let columns = columns.collect();
        schema.insert(name, columns);
    }
    schema
}
