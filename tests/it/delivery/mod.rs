//! What becomes of messages when the gateway is slow, silent, wrong or gone; and that people who text at the same
//! time, twice, or to say stop, are understood once.

mod doubt;
mod guards;
mod hours;
mod lookups;
mod order;
mod pace;
mod parts;
mod recovery;
mod repeats;
mod reports;
mod stop;
mod subnumbers;

use crate::support::Sent;

/// The ledger without repeats: the first copy of each message.
fn first_copies(ledger: &[Sent]) -> Vec<&Sent> {
    let mut seen = std::collections::BTreeSet::new();
    ledger.iter().filter(|sent| seen.insert(&sent.reference)).collect()
}
