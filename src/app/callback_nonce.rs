//! [`Nonce`]: a callback whose proof holds a nonce has one effect (RF37). A nonce is an idempotency key of its
//! gateway and is kept like one: durable, on all nodes, until `retention.idempotency` has passed, which is far
//! longer than the minutes in which such a proof is valid. It is spent only after the callback is stored, so that a
//! call that failed may come again; a crash in between leaves the gateway's message ids, which outlive it (RF17).

use std::sync::Arc;

use super::engine::Engine;
use super::failure::Failure;
use super::idempotency::{Idempotent, NoEffect, WithKey, find_replay};

/// Stands for method, path and body of a callback, which the proof covers.
const FINGERPRINT: &str = "callback";

/// A nonce of one gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce {
    /// The gateway, as an owner of idempotency keys; no API key has a colon in its id.
    pub owner: String,
    /// At most 255 bytes.
    pub text: String,
}

impl Nonce {
    /// A nonce that came with an authentic callback.
    #[must_use]
    pub fn new(gateway: &str, text: &str) -> Self {
        Self { owner: format!("gateway:{gateway}"), text: text.to_owned() }
    }

    /// Whether a callback with it is stored already.
    ///
    /// # Errors
    /// [`Failure`] when that cannot be read.
    pub async fn is_spent(&self, engine: &Engine) -> Result<bool, Failure> {
        Ok(find_replay(engine, &self.owner, &self.text, FINGERPRINT).await?.is_some())
    }

    /// Keeps it.
    ///
    /// # Errors
    /// [`Failure`] when it cannot be stored.
    pub async fn spend(&self, engine: &Engine) -> Result<(), Failure> {
        let idempotent = Idempotent {
            key_id: self.owner.clone(),
            key: self.text.clone(),
            fingerprint: FINGERPRINT.to_owned(),
            render: Arc::new(|()| (200, None, String::new())),
        };
        engine.store.write(WithKey { work: NoEffect, idempotent: Some(idempotent) }).await?;
        Ok(())
    }
}
