//! Migrations go up, down and up again, and `store/schema` says what the database says.

use std::collections::BTreeMap;
use std::path::Path;

use antiphon::store::{AnyConnection, migrate};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use regex::Regex;

use crate::support::{Backend, Database};

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

#[test]
fn up_down_and_up_again() {
    for backend in Backend::ALL {
        let database = backend.open_empty();
        let mut connection = database.connect();
        let run = migrate::migrate(&mut connection).unwrap();
        assert!(!run.is_empty());
        let first = database.tables();
        assert!(first.contains(&"sessions".to_owned()), "{first:?}");
        migrate::revert_all(&mut connection).unwrap();
        assert_eq!(database.tables(), Vec::<String>::new(), "down leaves nothing behind");
        assert_eq!(migrate::pending(&mut connection).unwrap().len(), run.len());
        assert_eq!(migrate::migrate(&mut connection).unwrap(), run);
        assert_eq!(database.tables(), first);
        assert!(migrate::migrate(&mut connection).unwrap().is_empty(), "a second run has nothing to do");
    }
}

#[test]
fn a_schema_from_the_future_is_refused() {
    for backend in Backend::ALL {
        let database = backend.open();
        let mut connection = database.connect();
        migrate::migrate(&mut connection).unwrap();
        connection.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')").unwrap();
        let refused = migrate::migrate(&mut connection).unwrap_err().to_string();
        assert!(refused.contains("9999"), "{refused}");
    }
}

/// Table, then column, then its type as diesel names it; `Nullable<…>` included.
type Schema = BTreeMap<String, BTreeMap<String, String>>;

#[test]
fn the_schema_says_what_the_database_says() {
    for backend in Backend::ALL {
        assert_eq!(stated(), found(&backend.open()), "{backend:?}");
    }
}

fn stated() -> Schema {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/schema");
    let files = std::fs::read_dir(folder).unwrap();
    let source: String = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
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
    let names = database.tables();
    names
        .into_iter()
        .map(|name| {
            let columns = columns(&mut connection, &name).into_iter().map(|column| {
                let kind = match column.kind.as_str() {
                    "TEXT" | "text" => "Text",
                    "INTEGER" | "integer" => "Integer",
                    "BIGINT" | "bigint" => "BigInt",
                    "BOOLEAN" | "boolean" => "Bool",
                    "TIMESTAMP" | "timestamp without time zone" => "Timestamp",
                    other => {
                        panic!("{name}.{} is of type {other}, which the house does not use", column.name)
                    }
                };
                let required = column.notnull == 1 || column.pk > 0;
                let kind = if required { kind.to_owned() } else { format!("Nullable<{kind}>") };
                (column.name, kind)
            });
            (name.clone(), columns.collect())
        })
        .collect()
}

fn columns(connection: &mut AnyConnection, table: &str) -> Vec<Column> {
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            diesel::sql_query(format!("PRAGMA table_info({table})")).load(sqlite).unwrap()
        }
        AnyConnection::Postgres(postgres) => {
            let query = "SELECT column_name::text AS name, data_type::text AS type, \
                         CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END AS notnull, 0 AS pk \
                         FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1";
            diesel::sql_query(query).bind::<Text, _>(table).load(postgres).unwrap()
        }
    }
}
