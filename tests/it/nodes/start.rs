//! How nodes start: the schema is brought up to date by one of them, on purpose, and by none that is too old.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use antiphon::clock::ManualClock;
use antiphon::ids::Ids;
use antiphon::store::{Store, StoreError, StoreSettings, migrate};
use diesel::connection::SimpleConnection;

use crate::support::Backend;

fn antiphon(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_antiphon"));
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null()).output().unwrap()
}

fn open(url: &str, migrates: bool) -> Result<Store, StoreError> {
    let clock = ManualClock::new("2026-11-21T08:00:00Z".parse().unwrap()).clock();
    Store::open(url, &StoreSettings { migrates, ..StoreSettings::default() }, &clock, &Ids::seeded(2))
}

#[test]
fn re42_a_node_migrates_a_shared_database_only_when_it_is_told_to() {
    let database = Backend::Postgres.open_empty();
    let refused = open(&database.url, false).unwrap_err();
    assert!(matches!(refused, StoreError::Pending(_)), "{refused}");
    let said = refused.to_string();
    assert!(said.contains("0001_core") && said.contains("antiphon migrate"), "{said}");
    assert_eq!(database.tables(), Vec::<String>::new(), "it changed nothing");
    assert!(open(&database.url, true).is_ok());
    assert!(open(&database.url, false).is_ok(), "now it is up to date");
    database
        .connect()
        .batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')")
        .unwrap();
    for migrates in [false, true] {
        let refused = open(&database.url, migrates).unwrap_err().to_string();
        assert!(refused.contains("9999") && refused.contains("newer antiphon"), "{refused}");
    }
}

#[test]
fn re42_nodes_that_migrate_at_once_migrate_once() {
    let database = Backend::Postgres.open_empty();
    let runs: Vec<Vec<String>> = std::thread::scope(|scope| {
        let nodes: Vec<_> =
            (0..4).map(|_| scope.spawn(|| migrate::migrate(&mut database.connect()).unwrap())).collect();
        nodes.into_iter().map(|node| node.join().unwrap()).collect()
    });
    assert_eq!(runs.iter().filter(|run| !run.is_empty()).count(), 1, "{runs:?}");
}

#[test]
fn a_worker_and_a_node_without_one_need_a_database_that_is_shared() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, reason) in [
        (vec!["worker"], "a SQLite file is locked by one process alone"),
        (vec!["serve", "--no-worker"], "nothing would ever be sent"),
    ] {
        let output = antiphon(folder.path(), &arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(reason) && said.contains("PostgreSQL"), "{said}");
    }
    assert!(!folder.path().join("antiphon.db").exists());
}

#[test]
fn a_command_on_a_database_without_tables_says_what_to_run() {
    let database = Backend::Postgres.open_empty();
    let folder = tempfile::tempdir().unwrap();
    let output = antiphon(folder.path(), &["keys", "list", "--database", &database.url]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("antiphon migrate"), "{said}");
    let output = antiphon(folder.path(), &["migrate", "--database", &database.url]);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres");
    let names =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let versions: BTreeSet<String> =
        names.map(|name| format!("ran {}\n", name.split('_').next().unwrap())).collect();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), String::from_iter(versions));
}
