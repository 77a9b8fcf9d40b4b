//! The databases the suite runs on: SQLite in a file of its own, PostgreSQL in a database of its own on the
//! throw-away server that the test command starts. Without that server the suite fails; it does not skip.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use antiphon::app::api_key::Scope;
use antiphon::app::audit::Actor;
use antiphon::app::manage_keys::{NewKey, create_key};
use antiphon::clock::Clock;
use antiphon::store::{AnyConnection, DatabaseUrl, migrate, open_for_command};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use tempfile::TempDir;

/// URL of the throw-away server's own database, as the test command gives it.
const SERVER: &str = "TEST_POSTGRES_URL";
/// The database on which the tests that need just one run: `sqlite` (default) or `postgres`.
const CHOICE: &str = "TEST_BACKEND";

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The embedded default, in a file of its own.
    Sqlite,
    /// For many nodes.
    Postgres,
}

impl Backend {
    /// Every backend that the whole suite must pass on.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    /// The one for tests that run once in each pass of the suite: the test command makes a pass for each.
    pub fn chosen() -> Self {
        match variable(CHOICE).as_deref() {
            None | Some("sqlite") => Self::Sqlite,
            Some("postgres") => Self::Postgres,
            Some(other) => panic!("{CHOICE} is sqlite or postgres, not {other}"),
        }
    }

    /// A database that goes away with the value, with or without the tables.
    pub fn open(self) -> Database {
        match self {
            Self::Sqlite => {
                let folder = quick_folder();
                let url = format!("sqlite:{}", folder.path().join("antiphon.db").display());
                Database { url, place: Place::Folder { _folder: folder } }
            }
            Self::Postgres => Database::on_server(&SHARED.template),
        }
    }

    /// A database without any table.
    pub fn open_empty(self) -> Database {
        match self {
            Self::Sqlite => self.open(),
            Self::Postgres => Database::on_server("template0"),
        }
    }
}

/// A database for one test.
#[derive(Debug)]
pub struct Database {
    /// As in the configuration.
    pub url: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Folder { _folder: TempDir },
    Server { name: String },
}

impl Database {
    /// A connection of one's own.
    pub fn connect(&self) -> AnyConnection {
        connect(&self.url)
    }

    /// A key that may do everything, for servers that go by the machine's clock.
    pub fn make_key(&self) -> String {
        let new = NewKey {
            name: "everything".to_owned(),
            scopes: Scope::ALL.to_vec(),
            surveys: Vec::new(),
            channels: Vec::new(),
            expires_at: None,
            env: "test".to_owned(),
        };
        let now = Clock::system().now();
        let mut connection = open_for_command(&self.url).unwrap();
        let made =
            connection.write(|connection| create_key(connection, &new, &[7; 40], &Actor::command(), now));
        made.unwrap().unwrap().key.reveal().to_owned()
    }

    /// Names of our tables.
    pub fn tables(&self) -> Vec<String> {
        let tables: Vec<Named> = match &mut self.connect() {
            AnyConnection::Sqlite(sqlite) => diesel::sql_query(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
                 AND name NOT LIKE '__diesel%' ORDER BY name",
            )
            .load(sqlite)
            .unwrap(),
            AnyConnection::Postgres(postgres) => diesel::sql_query(
                "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public' \
                 AND tablename NOT LIKE '__diesel%' ORDER BY 1",
            )
            .load(postgres)
            .unwrap(),
        };
        tables.into_iter().map(|table| table.name).collect()
    }

    fn on_server(template: &str) -> Self {
        let name = new_name("test");
        SHARED.execute(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
        Self { url: SHARED.url_of(&name), place: Place::Server { name } }
    }
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Place::Server { name } = &self.place {
            SHARED.execute(&format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

/// The throw-away server, with a database that has the tables already: copying it is quicker than making them.
struct Shared {
    server: String,
    template: String,
}

static SHARED: LazyLock<Shared> = LazyLock::new(|| {
    let server = variable(SERVER).unwrap_or_else(|| panic!("{SERVER} is not set: run the tests by ./test"));
    let shared = Shared { server, template: new_name("template") };
    shared.execute(&format!("CREATE DATABASE {}", shared.template));
    migrate::migrate(&mut connect(&shared.url_of(&shared.template))).unwrap();
    shared
});

impl Shared {
    /// URL of a database of this server.
    fn url_of(&self, name: &str) -> String {
        let (start, query) = self.server.split_once('?').unwrap();
        let (server, _) = start.rsplit_once('/').unwrap();
        format!("{server}/{name}?{query}")
    }

    fn execute(&self, statement: &str) {
        connect(&self.server).batch_execute(statement).unwrap();
    }
}

fn connect(url: &str) -> AnyConnection {
    DatabaseUrl::parse(url).unwrap().connect().unwrap()
}

fn new_name(kind: &str) -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    format!("{kind}_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

#[expect(clippy::disallowed_methods, reason = "the test command says where its server is")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A folder that goes away with the value; in memory where the machine has such a place, since these tests ask
/// what is stored, not whether it survives a power cut.
fn quick_folder() -> TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}
