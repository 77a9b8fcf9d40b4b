//! TLS to PostgreSQL: the node knows the server by its certificate, or does not talk to it.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use antiphon::config::{Config, Inputs};
use antiphon::store::{AnyConnection, DatabaseUrl};

/// A throw-away server that takes TLS connections on a port of its own.
struct Cluster {
    folder: tempfile::TempDir,
    port: u16,
}

impl Cluster {
    fn start() -> Self {
        // Free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Self { folder: tempfile::tempdir().unwrap(), port };
        cluster.command("start").arg(port.to_string()).status().unwrap();
        cluster
    }

    fn command(&self, verb: &str) -> Command {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres/cluster.sh");
        let mut command = Command::new(script);
        command.arg(verb).arg(self.folder.path()).stdout(std::process::Stdio::null());
        command
    }

    /// Connects by TCP, to a host by name and with these parameters.
    fn connect(&self, host: &str, parameters: &str) -> Result<AnyConnection, String> {
        let url = format!("postgres://antiphon@{host}:{}/postgres?{parameters}", self.port);
        DatabaseUrl::parse(&url).unwrap().connect().map_err(|error| error.to_string())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It removes the folder too; what is left of it goes with the value.
        let _ = self.command("stop").status();
    }
}

#[cfg(feature = "postgres-tls")]
#[derive(diesel::QueryableByName)]
struct Encrypted {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    ssl: bool,
}

#[cfg(not(feature = "postgres-tls"))]
#[test]
fn a_build_without_tls_says_so() {
    let cluster = Cluster::start();
    let refused = cluster.connect("localhost", "sslmode=verify-full").err().unwrap();
    assert!(refused.contains("--features postgres-tls"), "{refused}");
}

#[cfg(feature = "postgres-tls")]
#[test]
fn a_server_is_known_by_its_certificate() {
    use antiphon::store::migrate;
    use diesel::prelude::*;

    let cluster = Cluster::start();
    let certificate = cluster.folder.path().join("server.crt");
    let trusted = format!("sslmode=verify-full&sslrootcert={}", certificate.display());
    let mut connection = cluster.connect("localhost", &trusted).unwrap();
    migrate::ping(&mut connection).unwrap();
    let AnyConnection::Postgres(postgres) = &mut connection else { panic!("not PostgreSQL") };
    let found: Encrypted = diesel::sql_query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        .get_result(postgres)
        .unwrap();
    assert!(found.ssl);

    let other_name = cluster.connect("127.0.0.1", &trusted).err().unwrap();
    assert!(other_name.contains("does not match host name"), "{other_name}");
    let stranger = cluster.folder.path().join("stranger.crt");
    let untrusted = format!("sslmode=verify-full&sslrootcert={}", stranger.display());
    let refused = cluster.connect("localhost", &untrusted).err().unwrap();
    assert!(refused.contains("certificate verify failed"), "{refused}");
}

#[test]
fn a_database_elsewhere_without_tls_is_warned_of() {
    let warned = |url: &str| {
        let flags = vec![("database.url".to_owned(), url.to_owned())];
        let config = Config::load(&Inputs { flags, ..Inputs::default() }).unwrap();
        config.warnings().iter().any(|warning| warning.contains("insisting on TLS"))
    };
    for url in [
        "postgres://a@db.example.com/a",
        "postgres://a@db.example.com/a?sslmode=disable",
        "postgres://a@localhost/a?host=10.0.0.7&sslmode=prefer",
        "postgresql://a@db.example.com/a?sslmode=allow",
    ] {
        assert!(warned(url), "{url}");
    }
    for url in [
        "sqlite:antiphon.db",
        "postgres://a@localhost/a?sslmode=disable",
        "postgres://a@127.0.0.1/a",
        "postgres://a@[::1]:5433/a",
        "postgres:///a",
        "postgres://a@localhost/a?host=/var/run/postgresql",
        "postgres://a@db.example.com/a?sslmode=require",
        "postgres://a@db.example.com/a?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt",
    ] {
        assert!(!warned(url), "{url}");
    }
}
