//! How a customer and his feed are shown (http-api.md 6.1). Phones are masked without `pii:read`, except those that
//! the caller has just named.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::app::customers::CustomerParts;
use crate::app::failure::Failure;
use crate::app::feed::{FeedItemRow, Notification};
use crate::app::warning::Warning;
use crate::http::caller::Caller;
use crate::http::times::shown;
use crate::phone::mask;

/// Who looks at phones, and which of them he has just named himself.
#[derive(Clone, Debug)]
pub struct Sight {
    reads_pii: bool,
    named: BTreeSet<String>,
}

impl Sight {
    /// A caller who named no phone.
    #[must_use]
    pub fn of(caller: &Caller) -> Self {
        Self { reads_pii: caller.reads_pii(), named: BTreeSet::new() }
    }

    /// A caller who named these.
    #[must_use]
    pub fn naming(caller: &Caller, phones: impl IntoIterator<Item = String>) -> Self {
        Self { reads_pii: caller.reads_pii(), named: phones.into_iter().collect() }
    }

    /// A phone as he may see it.
    #[must_use]
    pub fn phone(&self, e164: &str) -> String {
        if self.reads_pii || self.named.contains(e164) { e164.to_owned() } else { mask(e164) }
    }
}

/// A customer.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Customer)]
pub struct CustomerShape {
    /// The client's own id.
    #[schema(example = "C-1001")]
    pub ccid: String,
    /// Ours.
    #[schema(format = "uuid")]
    pub id: String,
    /// First name.
    #[schema(example = "Kari")]
    pub first_name: String,
    /// Last name.
    pub last_name: Option<String>,
    /// Language code; `null` = that of the number's country.
    pub language: Option<String>,
    /// IANA zone; `null` = those of the number.
    pub timezone: Option<String>,
    /// Grouping label.
    #[schema(example = "default")]
    pub product_group: String,
    /// False = sent nothing on his own behalf.
    pub active: bool,
    /// Facts by key.
    pub attributes: BTreeMap<String, String>,
    /// Tags.
    pub tags: Vec<String>,
    /// His phones, also those that were taken away.
    pub phones: Vec<ConnectionShape>,
    /// When he was first onboarded.
    pub created_at: String,
    /// When he was last changed.
    pub updated_at: String,
}

/// A phone of a customer.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CustomerPhone)]
pub struct ConnectionShape {
    /// E.164; masked without `pii:read`.
    #[schema(example = "+47*****999")]
    pub number: String,
    /// `mobile`, `landline` or `unknown`.
    pub phone_type: String,
    /// Consent of the phone, whoever has it: `written`, `express`, `stop` or `none`.
    pub consent_type: String,
    /// Where the client has it from.
    pub client_source: Option<String>,
    /// False once it was taken away.
    pub active: bool,
}

impl CustomerShape {
    /// A customer as stored.
    ///
    /// # Errors
    /// [`Failure::Internal`] when stored lists cannot be read.
    pub fn of(parts: &CustomerParts, sight: &Sight) -> Result<Self, Failure> {
        let row = &parts.row;
        let consent = |phone: &str| parts.consents.get(phone).map_or("none", String::as_str).to_owned();
        let phones = parts.phones.iter().map(|phone| ConnectionShape {
            number: sight.phone(&phone.phone),
            phone_type: phone.phone_type.clone(),
            consent_type: consent(&phone.phone),
            client_source: phone.client_source.clone(),
            active: phone.active,
        });
        Ok(Self {
            ccid: row.ccid.clone(),
            id: row.id.clone(),
            first_name: row.first_name.clone(),
            last_name: row.last_name.clone(),
            language: row.language.clone(),
            timezone: row.timezone.clone(),
            product_group: row.product_group.clone(),
            active: row.active,
            attributes: row.attributes.get().map_err(|_| Failure::Internal)?.clone(),
            tags: row.tags.get().map_err(|_| Failure::Internal)?.clone(),
            phones: phones.collect(),
            created_at: shown(row.created_at),
            updated_at: shown(row.updated_at),
        })
    }
}

/// What an onboarding did.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Onboarded)]
pub struct OnboardedShape {
    /// The customer as he is now.
    pub customer: CustomerShape,
    /// What was posted to his feed; `null` without a trigger.
    pub message: Option<PostedShape>,
    /// Advice.
    pub warnings: Vec<Warning>,
}

/// What became of one customer of a batch.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OnboardResult)]
pub struct ResultShape {
    /// Place in `items`, from 0.
    pub index: usize,
    /// HTTP status of this item: 201, 200 or that of its problem.
    pub status: u16,
    /// The customer, if it went well.
    pub customer: Option<CustomerShape>,
    /// What was posted to his feed.
    pub message: Option<PostedShape>,
    /// Advice.
    pub warnings: Vec<Warning>,
    /// The problem, if it did not.
    #[schema(value_type = Option<Object>)]
    pub problem: Option<serde_json::Value>,
}

/// A batch.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = OnboardResults)]
pub struct ResultsShape {
    /// One result per item, in order.
    pub results: Vec<ResultShape>,
}

/// What was posted to a feed.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Posted)]
pub struct PostedShape {
    /// The feed item.
    #[schema(format = "uuid")]
    pub feed_item_id: String,
    /// The session that was started.
    pub session_id: Option<String>,
    /// What became of it, phone by phone.
    pub notifications: Vec<NotificationShape>,
}

/// What became of a feed item at one phone.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Notification)]
pub struct NotificationShape {
    /// E.164; masked without `pii:read`; `null` when there is none to text.
    pub phone: Option<String>,
    /// `queued` or `not_attempted`.
    pub status: String,
    /// `opted_out`, `consent_missing`, `no_mobile`, `open_session_exists`, `duplicate_suppressed`, `flooded` and so on.
    pub reason: Option<String>,
    /// The SMS.
    pub message_id: Option<String>,
}

impl NotificationShape {
    /// A notification as stored.
    #[must_use]
    pub fn of(one: &Notification, sight: &Sight) -> Self {
        Self {
            phone: one.phone.as_deref().map(|phone| sight.phone(phone)),
            status: one.status.clone(),
            reason: one.reason.clone(),
            message_id: one.message_id.clone(),
        }
    }
}

/// An item of a feed.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FeedItem)]
pub struct FeedItemShape {
    /// Its id.
    #[schema(format = "uuid")]
    pub id: String,
    /// The trigger that posted it.
    pub trigger_id: Option<String>,
    /// The campaign that posted it.
    pub campaign_id: Option<String>,
    /// The template it was made of.
    pub template_id: Option<String>,
    /// The survey that it started, by slug.
    pub survey_id: Option<String>,
    /// The session that was started.
    pub session_id: Option<String>,
    /// The text as rendered; `null` for a survey.
    pub text: Option<String>,
    /// The caller's values for this one.
    pub input_parameters: BTreeMap<String, String>,
    /// The caller's own mark.
    pub client_message_tag: Option<String>,
    /// Who or what caused it.
    pub launched_by: Option<LaunchedByShape>,
    /// What became of it, phone by phone.
    pub notifications: Vec<NotificationShape>,
    /// When it was posted.
    pub created_at: String,
}

/// Who or what caused a trigger.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = LaunchedBy)]
pub struct LaunchedByShape {
    /// Name.
    pub name: Option<String>,
    /// Source.
    pub source: Option<String>,
}

impl FeedItemShape {
    /// An item as stored.
    ///
    /// # Errors
    /// [`Failure::Internal`] when stored lists cannot be read.
    pub fn of(row: &FeedItemRow, sight: &Sight) -> Result<Self, Failure> {
        let notifications = row.notifications.get().map_err(|_| Failure::Internal)?;
        let (name, source) = (row.launched_by_name.clone(), row.launched_by_source.clone());
        let is_launched = name.is_some() || source.is_some();
        Ok(Self {
            id: row.id.clone(),
            trigger_id: row.trigger_id.clone(),
            campaign_id: row.campaign_id.clone(),
            template_id: row.template_id.clone(),
            survey_id: row.survey_id.clone(),
            session_id: row.session_id.clone(),
            text: row.body.clone(),
            input_parameters: row.input_parameters.get().map_err(|_| Failure::Internal)?.clone(),
            client_message_tag: row.client_message_tag.clone(),
            launched_by: is_launched.then_some(LaunchedByShape { name, source }),
            notifications: notifications.iter().map(|one| NotificationShape::of(one, sight)).collect(),
            created_at: shown(row.created_at),
        })
    }
}
