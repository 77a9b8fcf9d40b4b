//! The audit log (RS10): who did what to what, in rows that are only ever appended and chained by hashes. Used
//! inside a turn and inside a change alike; holds no phone number and no text.

use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::closed_list::closed_list;
use crate::hex;
use crate::store::audit::{self, AuditEntry, FIRST_PREVIOUS};
use crate::store::{AnyConnection, Space, StoreError};

/// Rows read at a time while the chain is verified.
const PAGE: i64 = 1_000;

closed_list! {
    /// What is audited.
    pub enum Action {
        KeyCreated = "key.created": "an API key was made",
        KeyRevoked = "key.revoked": "an API key was revoked",
        ChannelCreated = "channel.created": "a channel was made",
        ChannelChanged = "channel.changed": "a channel was changed",
        SurveyUploaded = "survey.uploaded": "a revision of a survey was uploaded",
        SurveyPublished = "survey.published": "a revision of a survey was made active",
        SurveyArchived = "survey.archived": "a survey was archived",
        GatewayPaused = "gateway.paused": "sending through a gateway was stopped",
        GatewayResumed = "gateway.resumed": "sending through a gateway was started again",
        WebhookCreated = "webhook.created": "a webhook was made",
        WebhookChanged = "webhook.changed": "a webhook was changed",
        WebhookRotated = "webhook.rotated": "a webhook got a new secret",
        WebhookReplayed = "webhook.replayed": "a webhook is told again what happened",
        WebhookDisabled = "webhook.disabled": "a webhook that takes no more calls was disabled",
        WebhookDeleted = "webhook.deleted": "a webhook was deleted",
        PhoneRead = "phone.read": "everything held about a phone was read unmasked",
        PhoneErased = "phone.erased": "a phone was erased",
        AnswerCorrected = "answer.corrected": "an answer was corrected",
        PersonalDataExported = "personal_data.exported": "answers or phones of a survey were exported unmasked",
        CustomerDeactivated = "customer.deactivated": "a customer was deactivated",
        ConsentChanged = "consent.changed": "a consent was changed by somebody else than the person",
        TemplateCreated = "template.created": "a template was made",
        TemplateChanged = "template.changed": "a template was changed",
        TemplateDeleted = "template.deleted": "a template was deleted",
        TriggerPut = "trigger.put": "a trigger was made or changed",
        TriggerDeleted = "trigger.deleted": "a trigger was deleted",
        HandoffCreated = "handoff.created": "a handoff was made",
        HandoffChanged = "handoff.changed": "a handoff was changed",
        DeadLetterReplayed = "dead_letter.replayed": "the turn of a dead letter was run again",
        DeadLetterDiscarded = "dead_letter.discarded": "a dead letter was let be",
    }
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// `key:<id>`, `command` or `system`.
    pub name: String,
    /// From which address, if over the network.
    pub address: Option<String>,
}

impl Actor {
    /// The caller with an API key.
    #[must_use]
    pub fn key(id: &str, address: Option<String>) -> Self {
        Self { name: format!("key:{id}"), address }
    }

    /// The server by itself.
    #[must_use]
    pub fn system() -> Self {
        Self { name: "system".to_owned(), address: None }
    }

    /// Somebody at the command line of the machine.
    #[must_use]
    pub fn command() -> Self {
        Self { name: "command".to_owned(), address: None }
    }
}

/// Where audit rows are written to: a change's connection, or the space of a turn.
pub trait Log {
    /// Takes an entry in; it is stored with the transaction.
    ///
    /// # Errors
    /// [`StoreError`] of the statement.
    fn append(&mut self, entry: AuditEntry) -> Result<(), StoreError>;
}

impl Log for AnyConnection {
    fn append(&mut self, entry: AuditEntry) -> Result<(), StoreError> {
        audit::append(self, &[entry])
    }
}

impl Log for Space {
    fn append(&mut self, entry: AuditEntry) -> Result<(), StoreError> {
        self.add_audit(entry);
        Ok(())
    }
}

/// Records what was done, in the transaction that does it.
///
/// # Errors
/// [`StoreError`] of the statement.
pub fn record(
    log: &mut impl Log,
    actor: &Actor,
    action: Action,
    object: &str,
    detail: &Json,
    now: Timestamp,
) -> Result<(), StoreError> {
    log.append(AuditEntry {
        at: now.naive_utc(),
        actor: actor.name.clone(),
        address: actor.address.clone(),
        action: action.as_str().to_owned(),
        object: object.to_owned(),
        detail: detail.to_string(),
    })
}

/// SHA-256 in hex of something before or after a change: the log proves it without showing it.
#[must_use]
pub fn digest(content: &str) -> String {
    hex::encode(&Sha256::digest(content))
}

/// Why the chain cannot be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A row is missing.
    #[error("row {expected} is missing; row {found} follows")]
    Gap {
        /// The number that should have come.
        expected: i64,
        /// The number that came.
        found: i64,
    },
    /// A row does not follow the one before it.
    #[error("row {0} does not follow the row before it")]
    Unchained(i64),
    /// A row was changed after it was written.
    #[error("row {0} was changed after it was written")]
    Changed(i64),
}

/// Walks the whole chain: its number of rows, or the first row that cannot be trusted. Rows cut off at the end
/// leave no trace in the chain; compare the number with an earlier one.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn verify(connection: &mut AnyConnection) -> Result<Result<i64, Broken>, StoreError> {
    let mut seq = 0;
    let mut hash = FIRST_PREVIOUS.to_owned();
    loop {
        let rows = audit::after(connection, seq, PAGE)?;
        if rows.is_empty() {
            return Ok(Ok(seq));
        }
        for row in rows {
            if row.seq != seq + 1 {
                return Ok(Err(Broken::Gap { expected: seq + 1, found: row.seq }));
            }
            if row.previous_hash != hash {
                return Ok(Err(Broken::Unchained(row.seq)));
            }
            if row.hash != row.expected_hash() {
                return Ok(Err(Broken::Changed(row.seq)));
            }
            seq = row.seq;
            hash = row.hash;
        }
    }
}
