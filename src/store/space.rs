//! [`Space`]: everything a batch of turns may read and change, held in memory between one load and one write.
//! Turns of a batch see each other's changes here; the database sees them all at once.

use std::collections::{BTreeSet, VecDeque};

use chrono::NaiveDateTime;

use super::answers::AnswerRow;
use super::audit::AuditEntry;
use super::channels::{BucketRow, GatewayBucketRow};
use super::consents::{ConsentEventRow, ConsentRow, ContactRow};
use super::deliveries::{DUE, DeliveryRow, WebhookAttemptRow};
use super::events::{CounterRow, EventRow};
use super::inbound::InboundRow;
use super::messages::{AttemptRow, MessageRow, PROACTIVE, ReportRow};
use super::parts::PartRow;
use super::people::People;
use super::requests::{IdempotencyRow, SendRequestRow};
use super::sessions::{HandleRow, SessionRow};
use super::table::{Hashed, SortedTable, Table};
use super::webhooks::WebhookRow;
use crate::session::MessageState;

/// An inbound already stored with the same weak key (RF18).
#[derive(Clone, Debug)]
pub struct WeakMatch {
    /// Its id.
    pub id: String,
    /// When it was received.
    pub received_at: NaiveDateTime,
    /// Its place in the one sequence.
    pub recv_seq: i64,
    /// The session it belonged to.
    pub session_id: Option<String>,
}

/// The rows of a batch.
#[derive(Debug, Default)]
pub struct Space {
    /// Sessions by id.
    pub sessions: Table<String, SessionRow>,
    /// Contacts by phone.
    pub contacts: Table<String, ContactRow>,
    /// Consents by phone and scope.
    pub consents: SortedTable<(String, String), ConsentRow>,
    /// Messages by id.
    pub messages: Table<String, MessageRow>,
    /// Answers by session, element and visit.
    pub answers: SortedTable<(String, String, i32), AnswerRow>,
    /// Session handles by gateway and handle.
    pub handles: Table<(String, String), HandleRow>,
    /// Inbound by id.
    pub inbound: Table<String, InboundRow>,
    /// Parts of long texts by sender, reference and id.
    pub(super) parts: SortedTable<(String, String, String), PartRow>,
    /// SendSurvey requests by natural key.
    pub send_requests: Table<(String, String, String), SendRequestRow>,
    /// Stored answers by API key and idempotency key.
    pub idempotency: Table<(String, String), IdempotencyRow>,
    /// Counters by name.
    pub counters: Table<String, CounterRow>,
    /// Token buckets by channel.
    pub buckets: Table<String, BucketRow>,
    /// Token buckets of gateways by gateway and sender; the sender of a whole account is empty.
    pub gateway_buckets: Table<(String, String), GatewayBucketRow>,
    /// Send attempts by message and number; only those of this batch.
    pub attempts: Table<(String, i32), AttemptRow>,
    /// Delivery reports by id.
    pub reports: Table<String, ReportRow>,
    /// Customers and what belongs to them.
    pub people: People,
    /// Webhooks by id.
    pub webhooks: Table<String, WebhookRow>,
    /// What is to be told to webhooks, by webhook and event.
    pub deliveries: Table<(String, String), DeliveryRow>,
    due_deliveries: Vec<(String, String)>,
    webhook_attempts: Vec<WebhookAttemptRow>,
    events: Vec<EventRow>,
    consent_events: Vec<ConsentEventRow>,
    audit: Vec<AuditEntry>,
    seen: Hashed<(String, String), String>,
    weak: Hashed<String, Vec<WeakMatch>>,
    by_phone: Hashed<String, PhoneIndex>,
    by_session: Hashed<String, BTreeSet<(i32, String)>>,
    by_client_ref: Hashed<String, String>,
    by_external_id: Hashed<String, ReferenceIndex>,
    part_reports: Hashed<String, BTreeSet<String>>,
    holds_phones: bool,
    candidates: Option<Vec<String>>,
    places: VecDeque<i64>,
}

#[derive(Debug, Default)]
struct PhoneIndex {
    sessions: BTreeSet<String>,
    messages: BTreeSet<String>,
}

/// What a gateway's id of a message leads to.
#[derive(Debug, Default)]
struct ReferenceIndex {
    messages: BTreeSet<String>,
    reports: BTreeSet<String>,
}

impl Space {
    /// Messages that may be claimed, most urgent first, if a turn of the batch wanted to know.
    #[must_use]
    pub fn candidates(&self) -> &[String] {
        self.candidates.as_deref().unwrap_or_default()
    }

    /// The next place in the one sequence (RE11); a claim has one for each of its candidates.
    pub fn next_place(&mut self) -> Option<i64> {
        self.places.pop_front()
    }

    /// The inbound already stored under a gateway's id, in the database or earlier in this batch (RF17).
    #[must_use]
    pub fn seen_inbound(&self, gateway: &str, provider_id: &str) -> Option<&str> {
        self.seen.get(&(gateway.to_owned(), provider_id.to_owned())).map(String::as_str)
    }

    /// Inbound texts stored under a weak key in the last minutes, oldest first (RF18).
    #[must_use]
    pub fn weak_matches(&self, weak_key: &str) -> &[WeakMatch] {
        self.weak.get(weak_key).map_or(&[], Vec::as_slice)
    }

    /// Stores an inbound with its outcome.
    pub fn add_inbound(&mut self, row: InboundRow) {
        if let Some(provider_id) = &row.provider_id {
            self.seen.insert((row.gateway.clone(), provider_id.clone()), row.id.clone());
        }
        if let Some(weak_key) = &row.weak_key {
            self.weak.entry(weak_key.clone()).or_default().push(WeakMatch {
                id: row.id.clone(),
                received_at: row.received_at,
                recv_seq: row.recv_seq,
                session_id: row.session_id.clone(),
            });
        }
        self.inbound.insert(row.id.clone(), row);
    }

    /// The parts that a phone has sent under a reference, oldest first.
    pub fn parts_of<'a>(
        &'a self,
        sender: &'a str,
        reference: &'a str,
    ) -> impl Iterator<Item = &'a PartRow> + use<'a> {
        let from = (sender.to_owned(), reference.to_owned(), String::new());
        let rows = self.parts.iter_from(&from).map(|(_, row)| row);
        rows.take_while(move |row| row.sender == sender && row.reference == reference)
    }

    /// Stores a new part.
    pub fn add_part(&mut self, row: PartRow) {
        self.parts.insert(row.key(), row);
    }

    /// A loaded part, to be changed.
    pub fn part_mut(&mut self, row: &PartRow) -> Option<&mut PartRow> {
        self.parts.get_mut(&row.key())
    }

    /// Stores a new session.
    pub fn add_session(&mut self, row: SessionRow) {
        self.by_phone.entry(row.phone.clone()).or_default().sessions.insert(row.id.clone());
        self.sessions.insert(row.id.clone(), row);
    }

    /// Stores a new message.
    pub fn add_message(&mut self, row: MessageRow) {
        self.index_message(&row);
        self.messages.insert(row.id.clone(), row);
    }

    /// Stores a new gateway session handle.
    pub fn add_handle(&mut self, row: HandleRow) {
        self.handles.insert((row.gateway.clone(), row.handle.clone()), row);
    }

    /// Appends a fact.
    pub fn add_event(&mut self, row: EventRow) {
        self.events.push(row);
    }

    /// Stores that an event is to be told to a webhook.
    pub fn add_delivery(&mut self, row: DeliveryRow) {
        self.deliveries.insert((row.webhook_id.clone(), row.event_id.clone()), row);
    }

    /// Deliveries that may be claimed, if a turn of the batch wanted to know; each is given once.
    pub fn take_due_deliveries(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.due_deliveries)
    }

    /// Appends an attempt to tell a webhook.
    pub fn add_webhook_attempt(&mut self, row: WebhookAttemptRow) {
        self.webhook_attempts.push(row);
    }

    /// Stores a new delivery report.
    pub fn add_report(&mut self, row: ReportRow) {
        self.index_report(&row);
        self.reports.insert(row.id.clone(), row);
    }

    /// Notes which message a report is about; gives the report.
    pub fn match_report(&mut self, report_id: &str, message_id: &str) -> Option<ReportRow> {
        let row = self.reports.get_mut(report_id)?;
        row.message_id = Some(message_id.to_owned());
        let row = row.clone();
        self.index_report(&row);
        Some(row)
    }

    /// Loaded reports about single parts of a message (GW34).
    pub fn part_reports_of<'a>(&'a self, message_id: &str) -> impl Iterator<Item = &'a ReportRow> + use<'a> {
        let ids = self.part_reports.get(message_id);
        ids.into_iter().flatten().filter_map(|id| self.reports.get(id.as_str()))
    }

    /// Notes the gateway's id of a loaded message: reports find it by that.
    pub fn set_external_id(&mut self, message_id: &str, external_id: String) {
        let Some(row) = self.messages.get_mut(message_id) else {
            return;
        };
        let earlier = row.external_id.replace(external_id.clone());
        if let Some(index) = earlier.and_then(|earlier| self.by_external_id.get_mut(&earlier)) {
            index.messages.remove(message_id);
        }
        self.by_external_id.entry(external_id).or_default().messages.insert(message_id.to_owned());
    }

    /// Appends a change of consent to the ledger.
    pub fn add_consent_event(&mut self, row: ConsentEventRow) {
        self.consent_events.push(row);
    }

    /// Appends to the audit log (RS10).
    pub fn add_audit(&mut self, entry: AuditEntry) {
        self.audit.push(entry);
    }

    /// Sessions of a phone that are open or ended lately, oldest first.
    pub fn sessions_of<'a>(&'a self, phone: &str) -> impl Iterator<Item = &'a SessionRow> + use<'a> {
        let ids = self.by_phone.get(phone).map(|index| &index.sessions);
        ids.into_iter().flatten().filter_map(|id| self.sessions.get(id.as_str()))
    }

    /// Loaded messages of a session in sequence order: those not finished, and the current prompt.
    pub fn messages_of<'a>(&'a self, session_id: &str) -> impl Iterator<Item = &'a MessageRow> + use<'a> {
        let ids = self.by_session.get(session_id);
        ids.into_iter().flatten().filter_map(|(_, id)| self.messages.get(id.as_str()))
    }

    /// Ids of the unfinished messages to a phone, whatever they belong to.
    #[must_use]
    pub fn open_messages_to(&self, phone: &str) -> Vec<String> {
        let ids = self.by_phone.get(phone).map(|index| &index.messages);
        ids.into_iter()
            .flatten()
            .filter(|id| self.messages.get(id.as_str()).is_some_and(|message| message.is_open))
            .cloned()
            .collect()
    }

    /// Loaded messages by our reference, then by the gateway's id: the surer reference first (GW35).
    pub fn messages_named<'a>(
        &'a self,
        client_ref: Option<&str>,
        external_id: Option<&str>,
    ) -> impl Iterator<Item = &'a MessageRow> + use<'a> {
        let by_ref = client_ref.and_then(|wanted| self.by_client_ref.get(wanted));
        let by_id = external_id.and_then(|wanted| self.by_external_id.get(wanted));
        let ids = by_ref.into_iter().chain(by_id.into_iter().flat_map(|index| &index.messages));
        ids.filter_map(|id| self.messages.get(id.as_str()))
    }

    /// Loaded reports that name a message by the gateway's id.
    pub fn reports_naming<'a>(&'a self, external_id: &str) -> impl Iterator<Item = &'a ReportRow> + use<'a> {
        let ids = self.by_external_id.get(external_id).map(|index| &index.reports);
        ids.into_iter().flatten().filter_map(|id| self.reports.get(id.as_str()))
    }

    /// Phones of the candidates that we send of our own accord: customers may have named zones for them (A69).
    pub(super) fn phones_of_proactive(&self) -> impl Iterator<Item = &String> {
        let loaded = self.candidates().iter().filter_map(|id| self.messages.get(id.as_str()));
        loaded.filter(|message| message.priority >= PROACTIVE).map(|message| &message.phone)
    }

    /// Whether the batch left something for a dispatcher: a message to send, or one finished that others of its
    /// session wait for; or one that was due by `now` while the batch held its phone, so that the claim of another
    /// node or lane may have passed it over.
    pub(super) fn concerns_dispatcher(&self, now: NaiveDateTime) -> bool {
        let is_due = |row: &MessageRow| row.state == MessageState::Due && row.due_at <= now;
        let left_over = || match &self.candidates {
            Some(candidates) => candidates.iter().any(|id| self.messages.get(id).is_some_and(is_due)),
            None => self.messages.values().any(is_due),
        };
        self.messages.to_write().any(|row| row.state != MessageState::Sending)
            || (self.holds_phones && left_over())
    }

    /// The earliest timer among the sessions that the batch made or changed, and the parts that it stored.
    pub(super) fn earliest_timer(&self) -> Option<NaiveDateTime> {
        let sessions = self.sessions.to_write().filter_map(|row| row.wake_at);
        sessions.chain(self.parts.to_write().filter_map(|row| row.join_at)).min()
    }

    /// Whether the batch left something to tell a webhook at once.
    pub(super) fn concerns_webhooks(&self) -> bool {
        self.deliveries.to_write().any(|row| row.state == DUE)
    }

    /// Claims pass over what the batch is about until its commit.
    pub(super) fn hold_phones(&mut self) {
        self.holds_phones = true;
    }

    pub(super) fn load_candidates(&mut self, candidates: Vec<String>) {
        self.candidates = Some(candidates);
    }

    pub(super) fn load_places(&mut self, places: Vec<i64>) {
        self.places = places.into();
    }

    pub(super) fn load_session(&mut self, row: SessionRow) {
        self.by_phone.entry(row.phone.clone()).or_default().sessions.insert(row.id.clone());
        self.sessions.load(row.id.clone(), row);
    }

    pub(super) fn load_message(&mut self, row: MessageRow) {
        self.index_message(&row);
        self.messages.load(row.id.clone(), row);
    }

    pub(super) fn load_report(&mut self, row: ReportRow) {
        self.index_report(&row);
        self.reports.load(row.id.clone(), row);
    }

    pub(super) fn load_due_delivery(&mut self, row: DeliveryRow) {
        let key = (row.webhook_id.clone(), row.event_id.clone());
        self.due_deliveries.push(key.clone());
        self.deliveries.load(key, row);
    }

    pub(super) fn load_part(&mut self, row: PartRow) {
        self.parts.load(row.key(), row);
    }

    pub(super) fn load_seen(&mut self, gateway: String, provider_id: String, id: String) {
        self.seen.insert((gateway, provider_id), id);
    }

    pub(super) fn load_weak(&mut self, weak_key: String, found: WeakMatch) {
        self.weak.entry(weak_key).or_default().push(found);
    }

    pub(super) fn events(&self) -> &[EventRow] {
        &self.events
    }

    pub(super) fn consent_events(&self) -> &[ConsentEventRow] {
        &self.consent_events
    }

    pub(super) fn webhook_attempts(&self) -> &[WebhookAttemptRow] {
        &self.webhook_attempts
    }

    pub(super) fn audit(&self) -> &[AuditEntry] {
        &self.audit
    }

    fn index_message(&mut self, row: &MessageRow) {
        self.by_phone.entry(row.phone.clone()).or_default().messages.insert(row.id.clone());
        if let Some(session_id) = &row.session_id {
            self.by_session.entry(session_id.clone()).or_default().insert((row.seq, row.id.clone()));
        }
        self.by_client_ref.insert(row.client_ref.clone(), row.id.clone());
        if let Some(external_id) = &row.external_id {
            self.by_external_id.entry(external_id.clone()).or_default().messages.insert(row.id.clone());
        }
    }

    fn index_report(&mut self, row: &ReportRow) {
        if let Some(external_id) = &row.external_id {
            self.by_external_id.entry(external_id.clone()).or_default().reports.insert(row.id.clone());
        }
        if let (Some(message_id), Some(_)) = (&row.message_id, row.part) {
            self.part_reports.entry(message_id.clone()).or_default().insert(row.id.clone());
        }
    }
}
