//! Who may open a database, and what is kept when it is closed.

use antiphon::clock::ManualClock;
use antiphon::ids::Ids;
use antiphon::store::{Store, StoreError, StoreSettings};
use chrono::TimeDelta;

use super::open;
use crate::support::Backend;

#[test]
fn a_second_server_on_the_same_file_is_refused() {
    let first = open(Backend::Sqlite);
    let second = Store::open(&first.database.url, &StoreSettings::default(), &first.clock, &Ids::seeded(2));
    assert!(matches!(second, Err(StoreError::InUse(_))), "{second:?}");
    first.store.close(&first.clock);
    assert!(
        Store::open(&first.database.url, &StoreSettings::default(), &first.clock, &Ids::seeded(2)).is_ok()
    );
}

#[test]
fn the_installation_keeps_its_name_and_its_time() {
    for backend in Backend::ALL {
        let first = open(backend);
        let name = first.store.install_id().to_owned();
        let hand = ManualClock::new("2026-11-21T09:00:00Z".parse().unwrap());
        let clock = hand.clock();
        assert_eq!(clock.now().to_string(), "2026-11-21 09:00:00 UTC");
        first.store.close(&clock);
        // RF29: the machine's clock was set back by an hour while we were down.
        let early = ManualClock::new("2026-11-21T08:00:00Z".parse().unwrap());
        let again =
            Store::open(&first.database.url, &StoreSettings::default(), &early.clock(), &Ids::seeded(2))
                .unwrap();
        assert_eq!(again.install_id(), name);
        assert_eq!(early.clock().now() - clock.now(), TimeDelta::zero());
    }
}

#[test]
fn the_scheme_decides_and_nothing_else() {
    let clock = ManualClock::new("2026-11-21T08:00:00Z".parse().unwrap()).clock();
    for url in ["", "antiphon.db", "sqlite:", "mysql://host/name", "SQLITE:antiphon.db"] {
        let refused = Store::open(url, &StoreSettings::default(), &clock, &Ids::seeded(2));
        assert!(matches!(refused, Err(StoreError::BadUrl(_))), "{url}: {refused:?}");
    }
}
