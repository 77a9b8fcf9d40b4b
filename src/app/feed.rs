//! The feed of a customer, for reading: what he was sent, or would have been (R06, A75). Nothing changes an item.

use super::engine::Engine;
use super::failure::Failure;
use crate::store::listing::Span;
use crate::store::{customers, feed};

pub use crate::store::feed::{FeedItemRow, Notification};

/// A page of a customer's feed; `None` when there is no such customer.
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub async fn page(engine: &Engine, ccid: &str, span: Span) -> Result<Option<Vec<FeedItemRow>>, Failure> {
    let ccid = ccid.to_owned();
    let found = engine.store.read(move |connection| {
        let Some(customer) = customers::find(connection, &ccid)? else {
            return Ok(None);
        };
        feed::page(connection, &customer.id, &span).map(Some)
    });
    Ok(found.await?)
}
