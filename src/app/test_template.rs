//! A template sent to one phone to look at it (Z35): at once, to anybody who has not said stop.

use std::sync::Arc;

use chrono::Duration;

use super::channels::Channel;
use super::consent;
use super::engine::Engine;
use super::moment::{Moment, Queued, priority};
use crate::clock::Timestamp;
use crate::phone::Phone;
use crate::session::MessageClass;
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError, Work};

/// How long a test may wait.
const LIFE: Duration = Duration::hours(1);

/// One test; the output is the message's id, or `None` when the phone said stop.
#[derive(Debug)]
pub struct TestTemplate {
    /// Shared parts of the server.
    pub engine: Engine,
    /// The recipient.
    pub phone: Phone,
    /// The channel it leaves by.
    pub channel: Arc<Channel>,
    /// The text as rendered.
    pub body: String,
}

impl Work for TestTemplate {
    type Output = Option<String>;

    fn lane_key(&self) -> Option<&str> {
        Some(self.phone.as_e164())
    }

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        keys.phones.insert(self.phone.as_e164().to_owned());
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<Self::Output, Fault> {
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        let phone = self.phone.as_e164();
        if consent::is_stopped(moment.space, phone, None) {
            return Ok(None);
        }
        consent::touch_contact(&mut moment, phone, None);
        let at = moment.at();
        let queued = Queued {
            session_id: None,
            channel_id: self.channel.row.id.clone(),
            phone: phone.to_owned(),
            class: MessageClass::Notice,
            kind: "template_test".to_owned(),
            priority: priority::START,
            element_id: None,
            visit: None,
            body: self.body.clone(),
            due_at: at,
            ttl_at: at + LIFE,
            inbound_id: None,
        };
        moment.queue(queued, Duration::zero()).map(Some)
    }
}
