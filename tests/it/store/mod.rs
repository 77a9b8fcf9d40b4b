//! What every store must do, whatever database is behind it.

mod batches;
mod lock;
mod migrations;
mod plans;
mod rows;
mod statements;

use antiphon::clock::{Clock, ManualClock};
use antiphon::ids::Ids;
use antiphon::store::{Store, StoreSettings};

use crate::support::{Backend, Database};

/// An open store on an empty database.
struct Opened {
    store: Store,
    database: Database,
    clock: Clock,
}

fn open(backend: Backend) -> Opened {
    let database = backend.open();
    let clock = ManualClock::new("2026-11-21T08:00:00Z".parse().unwrap()).clock();
    let store = Store::open(&database.url, &StoreSettings::default(), &clock, &Ids::seeded(1)).unwrap();
    Opened { store, database, clock }
}
