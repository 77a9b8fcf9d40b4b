//! A message to a known customer (R08–R12, http-api.md 6.3): the trigger's template is sent to his mobiles, or its survey
//! started with the first of them that may have it. The feed item is posted in every case and says what became of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::Duration;
use serde_json::json;

use super::audit::digest;
use super::channels::Channel;
use super::customers::{self, CustomerParts, CustomerPhoneRow};
use super::engine::Engine;
use super::event_kind::EventKind;
use super::moment::Moment;
use super::proactive::{self, AllowExistingSession, NotAttempted, Outgoing, obstacle};
use super::send_survey::{
    Prepared, Refusal, SendSurvey, SendSurveyTurn, Sent, Unprepared, Variables, prepare,
};
use super::templates::{list_of, rendered};
use crate::clock::Timestamp;
use crate::phone::Phone;
use crate::store::feed::FeedItemRow;
use crate::store::templates::{TemplateRow, TriggerRow, triggers_with_templates};
use crate::store::{AnyConnection, Fault, Json, Keys, Space, StoreError, Work, phones_of_customers};

pub use crate::store::feed::Notification;

/// How long the same message is a duplicate (requirements.md 7.3).
const DUPLICATE_WINDOW: Duration = Duration::minutes(15);

/// One message asked for; it cannot be wrong in itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerCall {
    /// The trigger.
    pub trigger_id: String,
    /// The customer.
    pub ccid: String,
    /// The caller's values for this one.
    pub input_parameters: BTreeMap<String, String>,
    /// The caller's own mark.
    pub client_message_tag: Option<String>,
    /// Who caused it.
    pub launched_by_name: Option<String>,
    /// What caused it.
    pub launched_by_source: Option<String>,
}

/// What was posted.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The feed item.
    pub feed_item_id: String,
    /// The session that was started.
    pub session_id: Option<String>,
    /// What became of it, phone by phone.
    pub notifications: Vec<Notification>,
}

/// Why nothing was posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostRefused {
    /// No such trigger.
    TriggerNotFound,
    /// No such customer (R09).
    CustomerNotFound,
    /// The trigger's survey is not active.
    SurveyNotActive,
    /// No enabled channel can send it.
    ChannelNotConfigured,
}

/// A trigger with everything it needs, as it is in this transaction.
#[derive(Clone, Debug)]
pub struct Loaded {
    row: TriggerRow,
    template: Option<TemplateRow>,
    channel: Option<Arc<Channel>>,
    /// Starts of its survey, one for each phone that it may go to.
    starts: BTreeMap<String, Prepared>,
    is_survey_active: bool,
}

/// Triggers by id.
pub type LoadedTriggers = BTreeMap<String, Loaded>;

/// Reads triggers, and names what must be loaded to text these phones.
///
/// # Errors
/// [`StoreError`] of a query.
pub fn load_triggers(
    engine: &Engine,
    connection: &mut AnyConnection,
    keys: &mut Keys,
    ids: &[&str],
    phones: &[String],
) -> Result<LoadedTriggers, StoreError> {
    let now = engine.clock.now();
    keys.want_feed_since((now - DUPLICATE_WINDOW).naive_utc());
    phones.iter().for_each(|phone| proactive::want(keys, phone));
    let mut loaded = LoadedTriggers::new();
    for (row, template) in triggers_with_templates(connection, ids.iter().copied())? {
        let mut one = Loaded {
            channel: channel_of(engine, &row, template.as_ref()),
            is_survey_active: row.survey_id.is_none(),
            starts: BTreeMap::new(),
            template,
            row,
        };
        prepare_starts(engine, connection, keys, &mut one, phones)?;
        loaded.insert(one.row.id.clone(), one);
    }
    Ok(loaded)
}

/// The trigger's channel, else the first that its template is made available to (Z11), else the deployment's; only an
/// enabled one that the template may leave by.
fn channel_of(engine: &Engine, row: &TriggerRow, template: Option<&TemplateRow>) -> Option<Arc<Channel>> {
    let listed = template.map(|template| list_of(&template.channel_ids)).unwrap_or_default();
    let channel = match row.channel_id.as_ref().or(listed.first()) {
        Some(id) => engine.channels.get(id),
        None => engine.channels.default_channel(),
    };
    channel.filter(|channel| channel.row.enabled && (listed.is_empty() || listed.contains(&channel.row.id)))
}

/// The starts of a survey, each with what it wants loaded: the same that SendSurvey wants.
fn prepare_starts(
    engine: &Engine,
    connection: &mut AnyConnection,
    keys: &mut Keys,
    one: &mut Loaded,
    phones: &[String],
) -> Result<(), StoreError> {
    let Some(survey_id) = &one.row.survey_id else {
        return Ok(());
    };
    one.is_survey_active = engine.library.active(survey_id).is_some()
        && engine.library.find(survey_id).is_some_and(|row| row.status == "active");
    for phone in phones.iter().filter_map(|phone| Phone::from_stored(phone)) {
        let mut command = SendSurvey::of(survey_id, phone.clone());
        command.channel_id.clone_from(&one.row.channel_id);
        let prepared = match prepare(engine, command, engine.clock.now()) {
            Ok(prepared) => Prepared { origin: "trigger", ..prepared },
            Err(Unprepared::SurveyNotFound | Unprepared::SurveyNotActive | Unprepared::ChannelNotFound) => {
                continue;
            }
        };
        let mut turn = SendSurveyTurn { engine: engine.clone(), prepared, idempotent: None };
        turn.keys(connection, keys)?;
        one.starts.insert(phone.as_e164().to_owned(), turn.prepared);
    }
    Ok(())
}

/// What forbids a call, looked at before anything is changed; the customer is another matter.
///
/// # Errors
/// [`PostRefused`].
pub fn usable<'l>(loaded: &'l LoadedTriggers, trigger_id: &str) -> Result<&'l Loaded, PostRefused> {
    let one = loaded.get(trigger_id).ok_or(PostRefused::TriggerNotFound)?;
    if !one.is_survey_active {
        return Err(PostRefused::SurveyNotActive);
    }
    if one.channel.is_none() {
        return Err(PostRefused::ChannelNotConfigured);
    }
    Ok(one)
}

/// Posts messages one after the other, in one transaction.
#[derive(Debug)]
pub struct PostMessages {
    /// Shared parts of the server.
    pub engine: Engine,
    /// The messages.
    pub calls: Vec<TriggerCall>,
    /// Filled in when the keys are asked for.
    pub triggers: LoadedTriggers,
}

impl PostMessages {
    /// The messages of one request.
    #[must_use]
    pub fn new(engine: &Engine, calls: Vec<TriggerCall>) -> Self {
        Self { engine: engine.clone(), calls, triggers: LoadedTriggers::new() }
    }
}

impl Work for PostMessages {
    type Output = Vec<Result<Posted, PostRefused>>;

    fn lane_key(&self) -> Option<&str> {
        self.calls.first().map(|call| call.ccid.as_str())
    }

    fn keys(&mut self, connection: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        keys.ccids.extend(self.calls.iter().map(|call| call.ccid.clone()));
        let phones = phones_of_customers(connection, self.calls.iter().map(|call| call.ccid.as_str()))?;
        let ids: Vec<&str> = self.calls.iter().map(|call| call.trigger_id.as_str()).collect();
        self.triggers = load_triggers(&self.engine, connection, keys, &ids, &phones)?;
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<Self::Output, Fault> {
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        let mut posted = Vec::with_capacity(self.calls.len());
        for call in &self.calls {
            posted.push(match usable(&self.triggers, &call.trigger_id) {
                Err(refused) => Err(refused),
                Ok(_) if moment.space.people.customers.get(&call.ccid).is_none() => {
                    Err(PostRefused::CustomerNotFound)
                }
                Ok(trigger) => Ok(post(&mut moment, trigger, call)?),
            });
        }
        Ok(posted)
    }
}

/// Posts one message to a loaded customer.
///
/// # Errors
/// [`Fault`] when a row is missing.
pub fn post(moment: &mut Moment<'_>, trigger: &Loaded, call: &TriggerCall) -> Result<Posted, Fault> {
    let parts = customers::parts(moment.space, &call.ccid)?;
    let fingerprint = digest(&json!([trigger.row.id, call.input_parameters]).to_string());
    let mut post = Post { trigger, call, parts: &parts, fingerprint, session_id: None, body: None };
    let mut notifications = Vec::new();
    for phone in parts.phones.iter().filter(|phone| phone.active) {
        let outcome = post.attempt(moment, phone)?;
        notifications.push(notification(Some(phone.phone.clone()), outcome));
        if post.session_id.is_some() {
            break;
        }
    }
    if notifications.is_empty() {
        notifications.push(notification(None, Err(NotAttempted::NoMobile)));
    }
    let item = FeedItemRow {
        id: moment.id(),
        customer_id: parts.row.id.clone(),
        trigger_id: Some(trigger.row.id.clone()),
        campaign_id: None,
        template_id: trigger.row.template_id.clone(),
        survey_id: trigger.row.survey_id.clone(),
        session_id: post.session_id,
        body: post.body,
        fingerprint: post.fingerprint,
        input_parameters: Json::of(call.input_parameters.clone()),
        client_message_tag: call.client_message_tag.clone(),
        launched_by_name: call.launched_by_name.clone(),
        launched_by_source: call.launched_by_source.clone(),
        notifications: Json::of(notifications.clone()),
        created_at: moment.at(),
    };
    for one in notifications.iter().filter(|one| one.message_id.is_none() && one.reason.is_some()) {
        let data = json!({"feedItemId": item.id, "customerId": item.customer_id, "reason": one.reason});
        moment.record_event(EventKind::MessageNotAttempted, None, &data)?;
    }
    let posted = Posted { feed_item_id: item.id.clone(), session_id: item.session_id.clone(), notifications };
    moment.space.people.post(item);
    Ok(posted)
}

fn notification(phone: Option<String>, outcome: Result<Option<String>, NotAttempted>) -> Notification {
    let status = if outcome.is_ok() { "queued" } else { "not_attempted" };
    Notification {
        phone,
        status: status.to_owned(),
        reason: outcome.as_ref().err().map(|reason| reason.as_str().to_owned()),
        message_id: outcome.ok().flatten(),
    }
}

/// One message on its way to a customer.
struct Post<'a> {
    trigger: &'a Loaded,
    call: &'a TriggerCall,
    parts: &'a CustomerParts,
    fingerprint: String,
    session_id: Option<String>,
    body: Option<String>,
}

impl Post<'_> {
    /// The message that was queued, or why there is none.
    fn attempt(
        &mut self,
        moment: &mut Moment<'_>,
        row: &CustomerPhoneRow,
    ) -> Result<Result<Option<String>, NotAttempted>, Fault> {
        if !self.parts.row.active {
            return Ok(Err(NotAttempted::CustomerInactive));
        }
        let phone = Phone::from_stored(&row.phone).filter(|_| row.phone_type == "mobile");
        let (Some(phone), Some(channel)) = (phone, self.trigger.channel.clone()) else {
            return Ok(Err(NotAttempted::NoMobile));
        };
        let allowed = AllowExistingSession::of(&self.trigger.row.allow_existing_session);
        if let Some(reason) = obstacle(moment, &phone, &channel, allowed) {
            return Ok(Err(reason));
        }
        if self.is_duplicate(moment, &row.phone)? {
            return Ok(Err(NotAttempted::DuplicateSuppressed));
        }
        if self.trigger.row.survey_id.is_some() {
            return self.start_survey(moment, &phone);
        }
        self.send_template(moment, &phone, &channel)
    }

    /// The same message was queued to this phone in the last 15 minutes, and its consent has not changed since.
    fn is_duplicate(&self, moment: &Moment<'_>, phone: &str) -> Result<bool, Fault> {
        let since = moment.at() - DUPLICATE_WINDOW;
        let key = (phone.to_owned(), super::consent::GLOBAL.to_owned());
        let changed_at = moment.space.consents.get(&key).map(|row| row.updated_at);
        for item in moment.space.people.recent_feed(&self.parts.row.id) {
            let is_same = item.fingerprint == self.fingerprint && item.created_at > since;
            if !is_same || changed_at.is_some_and(|changed_at| changed_at > item.created_at) {
                continue;
            }
            let notifications =
                item.notifications.get().map_err(|error| Fault::Invariant(error.to_string()))?;
            let was_queued =
                |one: &Notification| one.status == "queued" && one.phone.as_deref() == Some(phone);
            if notifications.iter().any(was_queued) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn send_template(
        &mut self,
        moment: &mut Moment<'_>,
        phone: &Phone,
        channel: &Channel,
    ) -> Result<Result<Option<String>, NotAttempted>, Fault> {
        let Some(template) = &self.trigger.template else {
            return Err(Fault::Invariant("a trigger without a survey has a template".to_owned()));
        };
        let values = self.values(phone)?;
        let Ok(text) = rendered(template, &values) else {
            return Ok(Err(NotAttempted::MissingVariable));
        };
        let body = text.sms().to_owned();
        self.body.get_or_insert_with(|| body.clone());
        if proactive::is_flooded(moment, phone.as_e164(), &digest(&body))? {
            return Ok(Err(NotAttempted::Flooded));
        }
        let outgoing = Outgoing { phone, channel, body, kind: "trigger" };
        Ok(proactive::queue(moment, outgoing)?.map(Some))
    }

    /// The customer's own data by the names of Z30, his attributes by their keys too; the caller's values win.
    fn values(&self, phone: &Phone) -> Result<BTreeMap<String, String>, Fault> {
        let row = &self.parts.row;
        let attributes = row.attributes.get().map_err(|error| Fault::Invariant(error.to_string()))?;
        let mut values = attributes.clone();
        values.extend(attributes.iter().map(|(key, value)| (format!("attributes.{key}"), value.clone())));
        values.insert("firstName".to_owned(), row.first_name.clone());
        values.extend(row.last_name.clone().map(|name| ("lastName".to_owned(), name)));
        values.insert("ccid".to_owned(), row.ccid.clone());
        values.insert("phone".to_owned(), phone.as_e164().to_owned());
        values.extend(self.call.input_parameters.clone());
        Ok(values)
    }

    /// Through the one path that starts surveys; the caller's values are its variables.
    fn start_survey(
        &mut self,
        moment: &mut Moment<'_>,
        phone: &Phone,
    ) -> Result<Result<Option<String>, NotAttempted>, Fault> {
        let Some(prepared) = self.trigger.starts.get(phone.as_e164()) else {
            return Err(Fault::Invariant("a phone of the customer was not foreseen".to_owned()));
        };
        if proactive::is_flooded(moment, phone.as_e164(), &self.fingerprint)? {
            return Ok(Err(NotAttempted::Flooded));
        }
        let mut prepared = prepared.clone();
        prepared.command.variables = Variables::new(self.call.input_parameters.clone().into_iter().collect());
        let mut turn = SendSurveyTurn { engine: moment.engine.clone(), prepared, idempotent: None };
        match turn.run(moment.space, moment.now)? {
            Sent::Created(created) => {
                self.session_id = Some(created.session.id.clone());
                Ok(Ok(created.messages.first().map(|message| message.id.clone())))
            }
            Sent::Refused(refusal) => Ok(Err(reason(&refusal))),
            Sent::Duplicate { .. } | Sent::Replayed(_) => {
                Err(Fault::Invariant("a trigger names no earlier call".to_owned()))
            }
        }
    }
}

fn reason(refusal: &Refusal) -> NotAttempted {
    match refusal {
        Refusal::RecipientOptedOut => NotAttempted::OptedOut,
        Refusal::ConsentMissing => NotAttempted::ConsentMissing,
        Refusal::Quarantined { .. } => NotAttempted::Quarantined,
        Refusal::OpenSessionExists { .. } => NotAttempted::OpenSessionExists,
        Refusal::BudgetUsedUp { .. } => NotAttempted::RateLimited,
        // Both were looked at before anything was posted.
        Refusal::SurveyNotActive | Refusal::ChannelNotConfigured => NotAttempted::NoMobile,
    }
}
