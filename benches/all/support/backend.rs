//! The databases under test: SQLite in a file on the disk of the temporary folder, PostgreSQL on a durable cluster
//! of the benchmark's own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use antiphon::store::{AnyConnection, DatabaseUrl};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use tempfile::TempDir;

use super::Failure;

const CLUSTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgres/cluster.sh");

/// A kind of database.
#[derive(Clone, Debug)]
pub enum Backend {
    /// The embedded default.
    Sqlite,
    /// For many nodes.
    Postgres(Arc<Cluster>),
}

impl Backend {
    /// As people call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// A database without any table, which goes away with the value.
    pub fn open(&self) -> Result<Database, Failure> {
        match self {
            Self::Sqlite => Ok(Database::in_folder(tempfile::tempdir()?)),
            Self::Postgres(cluster) => Database::on_cluster(cluster, "template0"),
        }
    }
}

/// A database that goes away with the value.
#[derive(Debug)]
pub struct Database {
    /// As in the configuration.
    pub url: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Folder(TempDir),
    Cluster { cluster: Arc<Cluster>, name: String },
}

impl Database {
    fn in_folder(folder: TempDir) -> Self {
        let url = format!("sqlite:{}", file_in(&folder).display());
        Self { url, place: Place::Folder(folder) }
    }

    fn on_cluster(cluster: &Arc<Cluster>, template: &str) -> Result<Self, Failure> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("bench_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        cluster.execute(&format!("CREATE DATABASE {name} TEMPLATE {template}"))?;
        let url = cluster.url_of(&name);
        Ok(Self { url, place: Place::Cluster { cluster: Arc::clone(cluster), name } })
    }

    /// A database with the same rows. Nobody may be using this one.
    pub fn copy(&self) -> Result<Self, Failure> {
        match &self.place {
            Place::Folder(folder) => {
                self.connect()?.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")?;
                let copy = tempfile::tempdir()?;
                std::fs::copy(file_in(folder), file_in(&copy))?;
                Ok(Self::in_folder(copy))
            }
            Place::Cluster { cluster, name } => {
                let copy = Self::on_cluster(cluster, name)?;
                copy.connect()?.batch_execute("CHECKPOINT")?;
                Ok(copy)
            }
        }
    }

    /// A connection that may take as long as it likes.
    pub fn connect(&self) -> Result<AnyConnection, Failure> {
        connect(&self.url)
    }

    /// The file of SQLite.
    pub fn file(&self) -> Option<PathBuf> {
        match &self.place {
            Place::Folder(folder) => Some(file_in(folder)),
            Place::Cluster { .. } => None,
        }
    }

    /// `pgbench` for this database, if it is PostgreSQL.
    pub fn pgbench(&self) -> Option<Command> {
        match &self.place {
            Place::Folder(_) => None,
            Place::Cluster { cluster, name } => {
                let mut command = Command::new(cluster.programs.join("pgbench"));
                command.arg("-h").arg(&cluster.folder).args(["-U", "antiphon"]).env("PGDATABASE", name);
                // Planned as the product's own statements are.
                command.env(
                    "PGOPTIONS",
                    "-c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off -c jit=off \
                     -c plan_cache_mode=force_generic_plan",
                );
                Some(command)
            }
        }
    }

    /// A number out of the database.
    pub fn number(&self, query: &str) -> Result<u64, Failure> {
        let found = texts(&mut self.connect()?, query)?;
        Ok(found.first().ok_or("the query has no row")?.parse()?)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Place::Cluster { cluster, name } = &self.place {
            // The cluster goes away soon after anyhow.
            let _ = cluster.execute(&format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

fn file_in(folder: &TempDir) -> PathBuf {
    folder.path().join("antiphon.db")
}

fn connect(url: &str) -> Result<AnyConnection, Failure> {
    let mut connection = DatabaseUrl::parse(url)?.connect()?;
    match &mut connection {
        AnyConnection::Sqlite(_) => {}
        AnyConnection::Postgres(postgres) => {
            postgres.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0")?;
        }
    }
    Ok(connection)
}

/// The rows of a query with one column of text, which is called `value`.
pub fn texts(connection: &mut AnyConnection, query: &str) -> Result<Vec<String>, Failure> {
    let query = diesel::sql_query(query);
    let cells: Vec<Cell> = match connection {
        AnyConnection::Sqlite(sqlite) => query.load(sqlite)?,
        AnyConnection::Postgres(postgres) => query.load(postgres)?,
    };
    Ok(cells.into_iter().map(|cell| cell.value).collect())
}

#[derive(QueryableByName)]
struct Cell {
    #[diesel(sql_type = Text)]
    value: String,
}

/// A PostgreSQL of the benchmark's own, which waits for the disk.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    url: String,
    programs: PathBuf,
}

impl Cluster {
    /// Starts it.
    pub fn start() -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("antiphon-bench.").tempdir()?.keep();
        let url = script(&["start", &folder.display().to_string(), "durable"])?;
        let programs = script(&["programs"])?;
        Ok(Self { folder, url, programs: PathBuf::from(programs) })
    }

    /// Its version, in words.
    pub fn version(&self) -> Result<String, Failure> {
        let found = texts(&mut connect(&self.url)?, "SELECT current_setting('server_version') AS value")?;
        Ok(found.into_iter().next().unwrap_or_default())
    }

    fn url_of(&self, name: &str) -> String {
        format!("postgres://antiphon@localhost/{name}?host={}", self.folder.display())
    }

    fn execute(&self, statement: &str) -> Result<(), Failure> {
        Ok(connect(&self.url)?.batch_execute(statement)?)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = script(&["stop", &self.folder.display().to_string()]);
    }
}

fn script(arguments: &[&str]) -> Result<String, Failure> {
    let done = Command::new(Path::new(CLUSTER)).args(arguments).output()?;
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
    }
    Ok(String::from_utf8(done.stdout)?.trim().to_owned())
}
