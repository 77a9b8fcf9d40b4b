//! Turns share transactions, and a turn that cannot be carried out takes no other down with it (RF25, RF26, RE9,
//! RE10).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use antiphon::clock::Timestamp;
use antiphon::store::channels::BucketRow;
use antiphon::store::consents::ContactRow;
use antiphon::store::events::CounterRow;
use antiphon::store::{AnyConnection, Fault, Keys, Space, StoreError, Work, WriteError, schema};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::{Opened, open};
use crate::support::Backend;

/// What is wrong with a [`Step`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    Nothing,
    Panics,
    BreaksAnInvariant,
    /// Writes a row that the database refuses.
    IsRefused,
    /// Is refused, and so is its burial.
    IsRefusedTwice,
}

/// A turn that adds one to a counter and remembers the phone.
#[derive(Clone, Debug)]
struct Step {
    phone: String,
    wrong: Wrong,
    runs: Arc<AtomicUsize>,
}

impl Step {
    fn new(number: usize, wrong: Wrong) -> Self {
        Self { phone: format!("+47990{number:05}"), wrong, runs: Arc::default() }
    }

    fn contact(&self, now: Timestamp, count: i32) -> ContactRow {
        ContactRow { outbound_count: count, ..ContactRow::new(&self.phone, now.naive_utc()) }
    }
}

impl Work for Step {
    type Output = i32;

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        keys.phones.insert(self.phone.clone());
        keys.counters.insert("steps".to_owned());
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<i32, Fault> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        let count = space.counters.get(&"steps".to_owned()).map_or(0, |row| row.count) + 1;
        let window_at = now.naive_utc();
        space.counters.put("steps".to_owned(), CounterRow { name: "steps".to_owned(), window_at, count });
        space.contacts.put(self.phone.clone(), self.contact(now, 0));
        match self.wrong {
            Wrong::Nothing => Ok(count),
            Wrong::Panics => panic!("this step panics on purpose"),
            Wrong::BreaksAnInvariant => Err(Fault::Invariant("on purpose".to_owned())),
            Wrong::IsRefused | Wrong::IsRefusedTwice => {
                refuse(space, &self.phone, now);
                Ok(count)
            }
        }
    }

    /// What stays of a bad turn: its phone, with a count that says so.
    fn bury(&mut self, space: &mut Space, now: Timestamp, _: &Fault) -> Result<i32, Fault> {
        space.contacts.put(self.phone.clone(), self.contact(now, -1));
        if self.wrong == Wrong::IsRefusedTwice {
            refuse(space, &self.phone, now);
        }
        Ok(-1)
    }
}

/// Adds the token bucket of a channel that does not exist: the foreign key says no.
fn refuse(space: &mut Space, phone: &str, now: Timestamp) {
    let row = BucketRow {
        channel_id: phone.to_owned(),
        tokens_micro: 0,
        refilled_at: now.naive_utc(),
        paused_until: None,
    };
    space.buckets.insert(row.channel_id.clone(), row);
}

async fn write_all(opened: &Opened, steps: &[Step]) -> Vec<Result<i32, WriteError>> {
    let writes = steps.iter().cloned().map(|step| opened.store.write(step));
    futures_util::future::join_all(writes).await
}

fn count(opened: &Opened) -> i32 {
    let mut connection = opened.database.connect();
    let found = schema::counters::table.select(schema::counters::count).first(&mut connection);
    found.optional().unwrap().unwrap_or(0)
}

fn buried(opened: &Opened) -> Vec<String> {
    let mut connection = opened.database.connect();
    schema::contacts::table
        .filter(schema::contacts::outbound_count.eq(-1))
        .order(schema::contacts::phone)
        .select(schema::contacts::phone)
        .load(&mut connection)
        .unwrap()
}

#[tokio::test]
async fn a_batch_of_one_and_a_batch_of_many() {
    for backend in Backend::ALL {
        let opened = open(backend);
        assert_eq!(opened.store.write(Step::new(0, Wrong::Nothing)).await.unwrap(), 1);
        let steps: Vec<Step> = (1..=700).map(|number| Step::new(number, Wrong::Nothing)).collect();
        let mut results: Vec<i32> =
            write_all(&opened, &steps).await.into_iter().map(|result| result.unwrap()).collect();
        results.sort_unstable();
        assert_eq!(results, (2..=701).collect::<Vec<_>>(), "every turn saw the ones before it");
        assert_eq!(count(&opened), 701);
    }
}

#[tokio::test]
async fn turns_are_carried_out_in_the_order_in_which_they_came() {
    for backend in Backend::ALL {
        let opened = open(backend);
        let steps: Vec<Step> = (0..50).map(|number| Step::new(number, Wrong::Nothing)).collect();
        let results: Vec<i32> = write_all(&opened, &steps).await.into_iter().map(|r| r.unwrap()).collect();
        assert_eq!(results, (1..=50).collect::<Vec<_>>());
    }
}

async fn one_of_many(wrong: Wrong) {
    for backend in Backend::ALL {
        let opened = open(backend);
        let mut steps: Vec<Step> = (0..64).map(|number| Step::new(number, Wrong::Nothing)).collect();
        steps[37].wrong = wrong;
        let results = write_all(&opened, &steps).await;
        let good = results.iter().filter(|result| matches!(result, Ok(count) if *count > 0)).count();
        assert_eq!(good, 63, "{wrong:?}: {:?}", results[37]);
        assert_eq!(count(&opened), 63, "the bad turn's own effects are undone");
        assert!(matches!(results[37], Ok(-1)), "{wrong:?}: {:?}", results[37]);
        assert_eq!(buried(&opened), [steps[37].phone.clone()]);
    }
}

#[tokio::test]
async fn a_turn_that_panics_is_buried_and_the_others_are_stored() {
    one_of_many(Wrong::Panics).await;
}

#[tokio::test]
async fn a_turn_that_breaks_an_invariant_is_buried_and_the_others_are_stored() {
    one_of_many(Wrong::BreaksAnInvariant).await;
}

#[tokio::test]
async fn a_turn_that_the_database_refuses_is_found_by_halving() {
    one_of_many(Wrong::IsRefused).await;
}

#[tokio::test]
async fn a_turn_that_cannot_even_be_buried_is_reported_and_stores_nothing() {
    for backend in Backend::ALL {
        let opened = open(backend);
        let steps =
            [Step::new(0, Wrong::Nothing), Step::new(1, Wrong::IsRefusedTwice), Step::new(2, Wrong::Nothing)];
        let results = write_all(&opened, &steps).await;
        assert!(results[0].is_ok() && results[2].is_ok(), "{results:?}");
        assert!(matches!(results[1], Err(WriteError::Store(StoreError::Constraint(_)))), "{results:?}");
        assert_eq!((count(&opened), buried(&opened).len()), (2, 0));
    }
}

#[tokio::test]
async fn several_bad_turns_of_all_kinds_in_one_batch() {
    for backend in Backend::ALL {
        let opened = open(backend);
        let mut steps: Vec<Step> = (0..100).map(|number| Step::new(number, Wrong::Nothing)).collect();
        steps[0].wrong = Wrong::IsRefused;
        steps[1].wrong = Wrong::Panics;
        steps[50].wrong = Wrong::BreaksAnInvariant;
        steps[99].wrong = Wrong::IsRefused;
        let results = write_all(&opened, &steps).await;
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        assert_eq!((count(&opened), buried(&opened).len()), (96, 4));
    }
}

#[tokio::test]
async fn a_busy_database_is_waited_for() {
    let opened = open(Backend::Sqlite);
    let mut other = opened.database.connect();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let store = opened.store.clone();
    let write = tokio::spawn(async move { store.write(Step::new(0, Wrong::Nothing)).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!write.is_finished(), "somebody else is writing");
    other.batch_execute("COMMIT").unwrap();
    assert_eq!(write.await.unwrap().unwrap(), 1);
}

/// Somebody else has the phone of this step until the connection is closed.
fn hold(opened: &Opened, step: &Step) -> AnyConnection {
    let mut other = opened.database.connect();
    let lock = format!("BEGIN; SELECT 1 FROM contacts WHERE phone = '{}' FOR UPDATE", step.phone);
    other.batch_execute(&lock).unwrap();
    other
}

#[tokio::test]
async fn a_phone_that_another_node_holds_is_waited_for() {
    let opened = open(Backend::Postgres);
    let step = Step::new(0, Wrong::Nothing);
    opened.store.write(step.clone()).await.unwrap();
    let mut other = hold(&opened, &step);
    let store = opened.store.clone();
    let write = tokio::spawn(async move { store.write(step).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!write.is_finished(), "RE13: the phone is the lock");
    other.batch_execute("COMMIT").unwrap();
    assert_eq!(write.await.unwrap().unwrap(), 2);
}

#[tokio::test]
async fn a_phone_that_is_held_too_long_is_given_up_within_five_seconds() {
    let opened = open(Backend::Postgres);
    let step = Step::new(0, Wrong::Nothing);
    opened.store.write(step.clone()).await.unwrap();
    let other = hold(&opened, &step);
    let start = Instant::now();
    let refused = opened.store.write(step.clone()).await;
    assert!(matches!(refused, Err(WriteError::Store(StoreError::Unavailable(_)))), "RE10: {refused:?}");
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    drop(other);
    assert_eq!(opened.store.write(step).await.unwrap(), 2);
}

#[tokio::test]
async fn a_row_that_another_node_stored_first_is_seen_at_the_second_look() {
    let opened = open(Backend::Postgres);
    let mut other = opened.database.connect();
    let insert =
        "BEGIN; INSERT INTO counters (name, window_at, count) VALUES ('steps', now()::timestamp, 41)";
    other.batch_execute(insert).unwrap();
    let store = opened.store.clone();
    let write = tokio::spawn(async move { store.write(Step::new(0, Wrong::Nothing)).await });
    // The lane has found no counter, has inserted one, and waits for whoever inserted it before.
    tokio::time::sleep(Duration::from_millis(200)).await;
    other.batch_execute("COMMIT").unwrap();
    assert_eq!(write.await.unwrap().unwrap(), 42);
    assert_eq!((count(&opened), buried(&opened).len()), (42, 0));
}

#[tokio::test]
async fn a_dry_run_stores_nothing() {
    for backend in Backend::ALL {
        let opened = open(backend);
        let rehearsed = opened.store.rehearse(Step::new(0, Wrong::Nothing), &opened.clock).await.unwrap();
        assert_eq!((rehearsed, count(&opened)), (1, 0));
    }
}
