//! A node follows what the others change: surveys, channels, keys, webhooks and paused gateways are read again when the
//! version of the set-up in the database is not the one in memory. It changes nothing that is stored.

use super::channels::Channel;
use super::configure_channels::read_channels;
use super::engine::Engine;
use super::load_surveys::StoredSurveys;
use super::manage_gateways::paused_gateways;
use crate::store::webhooks::{self, WebhookRow};
use crate::store::{AnyConnection, StoreError, meta};

/// What nodes keep in memory, as it is stored.
struct Setup {
    version: i64,
    surveys: StoredSurveys,
    channels: Vec<Channel>,
    paused: Vec<String>,
    webhooks: Vec<WebhookRow>,
}

/// Reads the set-up into memory at the start, when nobody in this process changes it; gives its version.
///
/// # Errors
/// [`StoreError`] of the queries; memory stays as it was.
pub fn read_setup(connection: &mut AnyConnection, engine: &Engine) -> Result<i64, StoreError> {
    let setup = Setup::read(connection, engine)?;
    setup.show(engine);
    Ok(setup.version)
}

/// Reads the set-up again if it is not of the version `seen`; gives the version now in memory.
///
/// # Errors
/// [`StoreError`] of the queries; memory stays as it was.
pub async fn follow_setup(engine: &Engine, seen: i64) -> Result<i64, StoreError> {
    if engine.store.read(meta::setup_version).await? == seen {
        return Ok(seen);
    }
    // In the order of the changes: no older row is put over one that was changed here in the meantime.
    let (reading, showing) = (engine.clone(), engine.clone());
    let setup = engine
        .store
        .change(move |connection, _| Setup::read(connection, &reading), move |setup| setup.show(&showing))
        .await?;
    tracing::debug!(version = setup.version, "the set-up was read again");
    Ok(setup.version)
}

impl Setup {
    fn read(connection: &mut AnyConnection, engine: &Engine) -> Result<Self, StoreError> {
        // First the version: what is changed after it is read again.
        Ok(Self {
            version: meta::setup_version(connection)?,
            surveys: StoredSurveys::read(connection, &engine.library)?,
            channels: read_channels(connection, &engine.gateways, engine.settings.keywords.lexicons())?,
            paused: paused_gateways(connection)?,
            webhooks: webhooks::all(connection)?,
        })
    }

    fn show(&self, engine: &Engine) {
        self.surveys.put_into(&engine.library);
        self.channels.iter().for_each(|channel| engine.channels.put(channel.clone()));
        engine.health.pause_only(&self.paused);
        engine.webhooks.show(&self.webhooks);
        engine.keys.forget_all();
    }
}
