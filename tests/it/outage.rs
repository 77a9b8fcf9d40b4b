//! PostgreSQL goes away under load and comes back (RP5, RE8): callers hear 503 meanwhile, the node recovers by
//! itself, and nothing that was acknowledged is lost.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use antiphon::clock::Clock;
use antiphon::config::{Config, Inputs};
use antiphon::ids::Ids;
use antiphon::server::{Role, Server};
use antiphon::store::{DatabaseUrl, schema};
use diesel::prelude::*;
use tempfile::TempDir;

use crate::support::{Door, GATEWAY_SECRET, Message};

/// Longest time until the node takes texts again.
const RECOVERY_MAX: Duration = Duration::from_secs(10);

/// A PostgreSQL of this test's own.
struct Cluster {
    folder: TempDir,
    url: String,
}

impl Cluster {
    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("antiphon-outage-").tempdir().unwrap();
        let url = run("start", folder.path()).trim().to_owned();
        Self { folder, url }
    }

    async fn now(&self, what: &'static str) {
        let folder = self.folder.path().to_owned();
        tokio::task::spawn_blocking(move || run(what, &folder)).await.unwrap();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        run("stop", self.folder.path());
    }
}

fn run(what: &str, folder: &Path) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres/cluster.sh");
    let done = Command::new(script).arg(what).arg(folder).output().unwrap();
    assert!(done.status.success(), "{what}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// People who text without end, each text once; remembers which were acknowledged.
struct Crowd {
    door: Door,
    texts: usize,
    acknowledged: BTreeSet<String>,
}

impl Crowd {
    /// Texts `count` times at once; the statuses.
    async fn text(&mut self, count: usize) -> Vec<u16> {
        let messages: Vec<Message> = (self.texts..self.texts + count)
            .map(|number| Message {
                id: Some(format!("mo-{number}")),
                from: format!("+4670123{:04}", number % 50),
                to: "2012".to_owned(),
                text: "hello".to_owned(),
                thread: None,
            })
            .collect();
        self.texts += count;
        let posted = messages.iter().map(|message| self.door.inbound(std::slice::from_ref(message)));
        let statuses = futures_util::future::join_all(posted).await;
        for (message, status) in messages.into_iter().zip(&statuses) {
            assert!(matches!(status, 200 | 503), "{status}");
            if *status == 200 {
                self.acknowledged.extend(message.id);
            }
        }
        statuses
    }
}

async fn start(url: &str) -> Server {
    let flags = [
        ("server.bind", "127.0.0.1:0"),
        ("server.shutdown_timeout", "1s"),
        ("database.url", url),
        ("database.migrate", "true"),
        ("surveys.folder", "nowhere"),
        ("limits.webhooks_per_second", "100000"),
        ("gateways.fake.profile", "generic"),
        ("gateways.fake.base_url", "http://127.0.0.1:9"),
        ("gateways.fake.secrets.inbound", GATEWAY_SECRET),
        ("channels.fake.gateway", "fake"),
        ("channels.fake.sender", "2012"),
        ("channels.fake.sender_type", "short_number"),
    ];
    let flags = flags.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let config = Config::load(&Inputs { flags, ..Inputs::default() }).unwrap();
    Server::start(config, Clock::system(), Ids::seeded(5), Role::Whole).await.unwrap()
}

#[tokio::test]
async fn while_postgresql_is_away_texts_are_refused_and_none_that_was_taken_is_lost() {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let server = start(&cluster.url).await;
    let mut crowd = Crowd { door: Door::new(server.address, ""), texts: 0, acknowledged: BTreeSet::new() };
    assert!(crowd.text(20).await.iter().all(|status| *status == 200));
    for round in 0..2 {
        // It dies while texts come in: each of them is stored and answered 200, or refused.
        let killed = cluster.now("kill");
        tokio::pin!(killed);
        loop {
            tokio::select! {
                () = &mut killed => break,
                _ = crowd.text(10) => {}
            }
        }
        let away = Instant::now();
        let statuses = crowd.text(30).await;
        assert!(statuses.iter().all(|status| *status == 503), "round {round}: {statuses:?}");
        assert!(away.elapsed() < Duration::from_secs(3), "refused at once: {:?}", away.elapsed());
        cluster.now("revive").await;
        let back = Instant::now();
        while crowd.text(1).await != [200] {
            assert!(back.elapsed() < RECOVERY_MAX, "round {round}: it does not recover");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(crowd.text(20).await.iter().all(|status| *status == 200), "round {round}: on every lane");
    }
    server.stop().await;
    let mut connection = DatabaseUrl::parse(&cluster.url).unwrap().connect().unwrap();
    let stored: Vec<Option<String>> =
        schema::inbound::table.select(schema::inbound::provider_id).load(&mut connection).unwrap();
    let unique: BTreeSet<String> = stored.iter().flatten().cloned().collect();
    assert_eq!(unique.len(), stored.len(), "none twice");
    let lost: Vec<&String> = crowd.acknowledged.difference(&unique).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
}
