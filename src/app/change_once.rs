//! A change of set-up under the caller's `Idempotency-Key`: the change, its audit row and its answer are one
//! transaction (RE25). It decides nothing about the change itself.

use super::engine::Engine;
use super::idempotency::{Idempotent, Keyed};
use crate::clock::Timestamp;
pub use crate::store::{AnyConnection as Connection, StoreError};

/// Carries out a change, or finds the answer given before. `work` answers `Err` inside `Ok` for a refusal: then
/// it must have written nothing. `applied` brings memory up to date after the commit, in the order of commits.
///
/// # Errors
/// [`StoreError`]: nothing is stored.
pub async fn change_once<D, R>(
    engine: &Engine,
    idempotent: Option<Idempotent<D>>,
    work: impl Fn(&mut Connection, Timestamp) -> Result<Result<D, R>, StoreError> + Send + 'static,
    applied: impl Fn(&D) + Send + 'static,
) -> Result<Keyed<Result<D, R>>, StoreError>
where
    D: Send + 'static,
    R: Send + 'static,
{
    let under_key = move |connection: &mut Connection, now: Timestamp| {
        if let Some(idempotent) = &idempotent
            && let Some(replay) = idempotent.find_stored(connection)?
        {
            return Ok(Keyed::Replayed(replay));
        }
        let outcome = work(connection, now)?;
        if let (Ok(done), Some(idempotent)) = (&outcome, &idempotent) {
            idempotent.keep_stored(connection, done, now)?;
        }
        Ok(Keyed::Done(outcome))
    };
    let apply = move |keyed: &Keyed<Result<D, R>>| {
        if let Keyed::Done(Ok(done)) = keyed {
            applied(done);
        }
    };
    engine.store.change(under_key, apply).await
}
