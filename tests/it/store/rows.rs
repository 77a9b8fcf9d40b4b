//! Both databases store the same rows, whether turns come alone or 512 at a time.

use antiphon::store::AnyConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::statements::{Watched, phones};
use crate::support::Backend;

/// What says who wrote a row and in which order, not what happened.
const INCIDENTAL: [&str; 4] = ["events.id", "messages.send_seq", "inbound.recv_seq", "send_attempts.node"];
/// What belongs to the installation, not to a turn.
const OF_THE_INSTALLATION: [&str; 2] = ["meta", "api_keys"];

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
}

fn columns(connection: &mut AnyConnection, table: &str) -> Vec<Column> {
    match connection {
        AnyConnection::Sqlite(sqlite) => diesel::sql_query(format!(
            "SELECT name, type AS kind FROM pragma_table_info('{table}') ORDER BY name"
        ))
        .load(sqlite),
        AnyConnection::Postgres(postgres) => diesel::sql_query(format!(
            "SELECT column_name::text AS name, data_type::text AS kind FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY 1"
        ))
        .load(postgres),
    }
    .unwrap()
}

/// All rows of all tables, a line each.
fn dump(watched: &Watched) -> Vec<String> {
    let connection = &mut watched.database.connect();
    let mut lines = Vec::new();
    for table in watched.database.tables() {
        if OF_THE_INSTALLATION.contains(&table.as_str()) {
            continue;
        }
        let columns = columns(connection, &table);
        let shown = columns.iter().filter(|column| {
            let full = format!("{table}.{}", column.name);
            !INCIDENTAL.contains(&full.as_str())
        });
        let shown: Vec<String> = shown
            .map(|Column { name, kind }| {
                let text = match kind.as_str() {
                    "boolean" => format!("CAST(CAST(\"{name}\" AS INTEGER) AS TEXT)"),
                    "timestamp without time zone" => format!("to_char(\"{name}\", 'YYYY-MM-DD HH24:MI:SS')"),
                    _ => format!("CAST(\"{name}\" AS TEXT)"),
                };
                format!("'{name}=' || COALESCE({text}, '')")
            })
            .collect();
        let sql = format!("SELECT '{table}: ' || {} AS line FROM \"{table}\"", shown.join(" || ' ' || "));
        let found: Vec<Line> = match connection {
            AnyConnection::Sqlite(sqlite) => diesel::sql_query(sql).load(sqlite),
            AnyConnection::Postgres(postgres) => diesel::sql_query(sql).load(postgres),
        }
        .unwrap();
        lines.extend(found.into_iter().map(|found| found.line));
    }
    lines.sort_unstable();
    lines
}

/// Two answers and a STOP from each of so many people, in batches of them all.
async fn live(backend: Backend, people: usize) -> Vec<String> {
    let watched = Watched::start(backend).await;
    let crowd = phones(0, people);
    watched.ask(&crowd).await;
    for text in ["4", "nine", "because it was", "STOP"] {
        watched.reply(&crowd, text).await;
    }
    let lines = dump(&watched);
    watched.server.stop().await;
    lines
}

#[tokio::test]
async fn a_batch_of_one_and_one_of_512_store_the_same_rows_on_both_databases() {
    for people in [1, 512] {
        let on_sqlite = live(Backend::Sqlite, people).await;
        let on_postgres = live(Backend::Postgres, people).await;
        assert!(on_sqlite.len() > people * 10, "{}", on_sqlite.len());
        let differing: Vec<_> =
            on_sqlite.iter().zip(&on_postgres).filter(|(one, other)| one != other).collect();
        assert!(differing.is_empty(), "{:#?}", &differing[..2.min(differing.len())]);
        assert_eq!(on_sqlite.len(), on_postgres.len());
    }
}
