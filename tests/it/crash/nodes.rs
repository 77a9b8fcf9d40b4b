//! Three nodes on one PostgreSQL under load: one is killed every few seconds, another is stopped for longer than its
//! lease and goes on as if nothing had happened (issue 3, RE16, RE17, RE20). No message is claimed twice, no order is
//! violated, no acknowledged reply is lost or doubled, and every possible duplicate is flagged.
//!
//! `NODES_SECONDS` sets how long (default 60).

use std::process::Command;
use std::time::Duration;

use antiphon::clock::Clock;
use antiphon::ids::Ids;
use diesel::prelude::*;
use tokio::sync::watch;

use super::{PATIENCE, Program, check, converse, number, schema, wait_for_the_end, write_config};
use crate::support::{Backend, FakeGateway};

/// The shortest that a request of two seconds allows: what a dead node has in hand is not sent before.
const LEASE: Duration = Duration::from_secs(34);

/// People who begin in each second.
const PEOPLE_PER_SECOND: usize = 8;

impl Program {
    /// SIGSTOP: it does nothing, and does not know.
    fn stop(&self) {
        self.signal("-STOP");
    }

    /// SIGCONT.
    fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, name: &str) {
        let done = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(done.success(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_lose_and_double_nothing_while_one_is_killed_and_one_is_stopped_past_its_lease() {
    let seconds = number("NODES_SECONDS", 60);
    let people = seconds * PEOPLE_PER_SECOND;
    let folder = tempfile::tempdir().unwrap();
    let database = Backend::Postgres.open();
    let gateway = FakeGateway::start(Clock::system()).await;
    let lease = format!("lease = \"{}s\"\n", LEASE.as_secs());
    let config = write_config(folder.path(), &database, &gateway, &lease);
    let key = database.make_key();
    let start = || Program::start(&config, &key);
    let (steady, stopped, mut killed) = (start(), start(), start());

    let all = |killed: &Program| vec![steady.door.clone(), stopped.door.clone(), killed.door.clone()];
    let (doors, seen) = watch::channel(all(&killed));
    let at_work: Vec<_> = (0..people)
        .map(|person| {
            let (gateway, seen) = (gateway.clone(), seen.clone());
            let begins = Duration::from_millis(u64::try_from(person * 1_000 / PEOPLE_PER_SECOND).unwrap());
            tokio::spawn(async move {
                tokio::time::sleep(begins).await;
                converse(person, gateway, seen).await;
            })
        })
        .collect();

    let random = Ids::seeded(42);
    let end = tokio::time::Instant::now() + Duration::from_secs(u64::try_from(seconds).unwrap());
    let pause = LEASE + Duration::from_secs(3);
    let stopping = async {
        while tokio::time::Instant::now() < end {
            tokio::time::sleep(Duration::from_secs(4)).await;
            stopped.stop();
            tokio::time::sleep(pause).await;
            stopped.go_on();
        }
    };
    let killing = async {
        while tokio::time::Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(1_500 + random.below(3_000))).await;
            killed.kill();
            killed = start();
            doors.send_replace(all(&killed));
        }
        killed
    };
    let (killed, ()) = tokio::join!(killing, stopping);

    let ended = tokio::time::timeout(PATIENCE, futures_util::future::join_all(at_work)).await;
    assert!(ended.is_ok(), "some conversations never end");
    wait_for_the_end(&database).await;
    [steady, stopped, killed].into_iter().for_each(Program::kill);
    check(people, &database, &gateway.ledger());
    check_claims(&database);
}

/// A message has a second attempt only if it says so, or if the first one surely failed.
fn check_claims(database: &crate::support::Database) {
    use schema::{messages, send_attempts};
    let attempts: Vec<(String, i32, Option<String>, bool)> = send_attempts::table
        .inner_join(messages::table.on(messages::id.eq(send_attempts::message_id)))
        .order((send_attempts::message_id, send_attempts::attempt))
        .select((
            send_attempts::message_id,
            send_attempts::attempt,
            send_attempts::result,
            messages::possible_duplicate,
        ))
        .load(&mut database.connect())
        .unwrap();
    assert!(!attempts.is_empty());
    for pair in attempts.windows(2) {
        let [(message, _, result, _), (again, attempt, _, flagged)] = pair else { unreachable!() };
        let surely_failed = matches!(result.as_deref(), Some("retry" | "throttled"));
        assert!(
            message != again || *flagged || surely_failed,
            "{message}: attempt {attempt} after {result:?}"
        );
    }
}
