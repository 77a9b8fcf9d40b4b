//! Reads what a client says about a customer and his phones (http-api.md 6.1), with every fault.

use std::collections::BTreeMap;

use crate::app::change_consent::ConsentType;
use crate::app::customers::{Attributes, CONNECTIONS_MAX};
use crate::app::onboard_customer::{NewPhone, Onboarding, PhoneType, new_phone};
use crate::app::post_message::TriggerCall;
use crate::clock::Timestamp;
use crate::http::fields::Fields;
use crate::http::json::Json;
use crate::http::problem::FaultCode;
use crate::http::triggers::messages::read_call;
use crate::phone::{Line, Phone, PhoneFault, PhoneRules};
use crate::survey::Language;

/// Longest ccid, in characters (R17).
const CCID_CHARS_MAX: usize = 100;
/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 255;
/// Most attributes, and their sizes in characters (R04).
const ATTRIBUTES_MAX: usize = 100;
const KEY_CHARS_MAX: usize = 100;
const VALUE_CHARS_MAX: usize = 1_000;
/// Most tags, and characters of a tag, a product group or a source.
const TAGS_MAX: usize = 100;
const WORD_CHARS_MAX: usize = 100;

/// A customer as a client describes him.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = CustomerBody, rename_all = "camelCase")]
#[expect(dead_code, reason = "read field by field with every fault; this is its description")]
pub struct CustomerBody {
    /// 1 to 255 characters; needed each time.
    first_name: String,
    /// As it is when left out.
    last_name: Option<String>,
    /// A language code; as it is when left out.
    language: Option<String>,
    /// An IANA zone; else the zones of the number count.
    timezone: Option<String>,
    /// 1 to 100 characters; `default` at first.
    product_group: Option<String>,
    /// 1 to 50.
    phones: Vec<ConnectionBody>,
    /// Texts of up to 1000 characters by keys of up to 100, at most 100; replaced as a whole.
    #[schema(value_type = Option<Object>)]
    attributes: Option<BTreeMap<String, String>>,
    /// At most 100; replaced as a whole.
    tags: Option<Vec<String>>,
    /// Phones that are not named lose their connection; default false.
    deactivate_previous_connections: Option<bool>,
    /// A message to post when the customer is stored.
    trigger_id: Option<String>,
    /// Values for that message, by the names of variables.
    #[schema(value_type = Option<Object>)]
    input_parameters: Option<BTreeMap<String, String>>,
    /// The caller's own mark on it, up to 100 characters.
    client_message_tag: Option<String>,
    /// Who or what caused it, `name` and `source`, up to 255 characters each.
    #[schema(value_type = Option<Object>)]
    launched_by: Option<BTreeMap<String, String>>,
}

/// A phone of a customer.
#[derive(Debug, utoipa::ToSchema)]
#[schema(as = CustomerPhoneBody, rename_all = "camelCase")]
#[expect(dead_code, reason = "read field by field with every fault; this is its description")]
pub struct ConnectionBody {
    /// E.164; in the path where a single phone is meant.
    number: Option<String>,
    /// `written`, `express` or `stop`; needed each time.
    consent_type: String,
    /// `mobile`, `landline` or `unknown`; default as the number says.
    phone_type: Option<String>,
    /// Where the client has it from, up to 100 characters.
    client_source: Option<String>,
    /// RFC 3339; the proof that lifts a person's own stop if it is later than that.
    consent_obtained_at: Option<String>,
}

/// Whether a text may be a ccid: 1 to 100 characters, none of them invisible.
pub(in crate::http) fn is_ccid(text: &str) -> bool {
    (1..=CCID_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// Reads the properties of a customer at a place of the body; faults stay with the fields.
pub(super) fn read(
    fields: &mut Fields<'_>,
    place: &str,
    ccid: &str,
    rules: &PhoneRules,
    now: Timestamp,
) -> Onboarding {
    let first_name = fields.text("firstName", 1..=NAME_CHARS_MAX).map(str::trim).unwrap_or_default();
    if first_name.is_empty() {
        fields.require("firstName");
    }
    let text = |text: &str| text.trim().to_owned();
    let wish = Onboarding {
        ccid: ccid.to_owned(),
        first_name: first_name.to_owned(),
        last_name: fields.text("lastName", 1..=NAME_CHARS_MAX).map(text),
        language: language(fields),
        timezone: timezone(fields),
        product_group: fields.text("productGroup", 1..=WORD_CHARS_MAX).map(text),
        phones: phones(fields, rules, now),
        attributes: fields.object("attributes", attributes),
        tags: tags(fields),
        deactivate_previous_connections: fields.boolean("deactivatePreviousConnections").unwrap_or_default(),
        trigger: trigger(fields, ccid),
        place: place.to_owned(),
    };
    fields.require("phones");
    wish
}

/// The message that is to be posted (R07); its values mean nothing without a trigger.
fn trigger(fields: &mut Fields<'_>, ccid: &str) -> Option<TriggerCall> {
    let trigger_id = fields.text("triggerId", 1..=100).map(str::to_owned);
    let call = read_call(fields, trigger_id.as_deref().unwrap_or_default(), ccid);
    trigger_id.map(|_| call)
}

fn language(fields: &mut Fields<'_>) -> Option<String> {
    let text = fields.text("language", 1..=35)?;
    match Language::parse(text) {
        Ok(language) => Some(language.code().to_owned()),
        Err(fault) => {
            fields.fault("language", FaultCode::InvalidParam, fault.to_string());
            None
        }
    }
}

fn timezone(fields: &mut Fields<'_>) -> Option<String> {
    let text = fields.text("timezone", 1..=50)?;
    if text.parse::<chrono_tz::Tz>().is_err() {
        fields.fault("timezone", FaultCode::InvalidParam, "use an IANA zone such as Europe/Oslo");
        return None;
    }
    Some(text.to_owned())
}

fn tags(fields: &mut Fields<'_>) -> Option<Vec<String>> {
    let given = fields.texts("tags", TAGS_MAX, &(1..=WORD_CHARS_MAX))?;
    let mut tags: Vec<String> = Vec::with_capacity(given.len());
    for tag in given.into_iter().map(str::trim) {
        if !tag.is_empty() && !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    Some(tags)
}

fn attributes(fields: &mut Fields<'_>) -> Attributes {
    let mut attributes = Attributes::new();
    let given = fields.entries();
    if given.len() > ATTRIBUTES_MAX {
        let detail = format!("at most {ATTRIBUTES_MAX} attributes");
        let place = fields.pointer("");
        fields.fault_at(place.trim_end_matches('/'), FaultCode::InvalidParam, detail);
        return attributes;
    }
    for (key, json) in given {
        let place = fields.pointer(key);
        let key_fits = (1..=KEY_CHARS_MAX).contains(&key.chars().count()) && !key.contains('\0');
        match json {
            Json::Null => {}
            Json::Text(value) | Json::Number(value) if key_fits && fits_value(value) => {
                attributes.insert(key.clone(), value.clone());
            }
            Json::Text(_) | Json::Number(_) | Json::Bool(_) | Json::Array(_) | Json::Object(_) => {
                let detail = format!(
                    "use a text of up to {VALUE_CHARS_MAX} characters under a key of up to {KEY_CHARS_MAX}"
                );
                fields.fault_at(place, FaultCode::InvalidParam, detail);
            }
        }
    }
    attributes
}

fn fits_value(value: &str) -> bool {
    value.chars().count() <= VALUE_CHARS_MAX && !value.contains('\0')
}

fn phones(fields: &mut Fields<'_>, rules: &PhoneRules, now: Timestamp) -> Vec<NewPhone> {
    let Some(json) = fields.json("phones") else {
        return Vec::new();
    };
    let Json::Array(items) = json else {
        fields.fault("phones", FaultCode::InvalidParam, "use an array of phones");
        return Vec::new();
    };
    if !(1..=CONNECTIONS_MAX).contains(&items.len()) {
        fields.fault("phones", FaultCode::InvalidParam, format!("use 1 to {CONNECTIONS_MAX} phones"));
        return Vec::new();
    }
    let mut phones: Vec<NewPhone> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let place = format!("{}/{index}", fields.pointer("phones"));
        let mut one = Fields::at(place.clone(), item);
        let number = one.text("number", 1..=50);
        one.require("number");
        let line = number.and_then(|number| line(&mut one, "number", number, rules));
        let phone = connection(&mut one, line, now);
        fields.absorb(one);
        let Some(phone) = phone else { continue };
        if phones.iter().any(|known| known.consent.phone == phone.consent.phone) {
            let detail = "the same number came before; send it once";
            fields.fault_at(format!("{place}/number"), FaultCode::DuplicateParam, detail);
        }
        phones.push(phone);
    }
    phones
}

/// A number in its normal form, and what the metadata says it is; `name` is where it stands, empty in a path.
pub(super) fn line(
    fields: &mut Fields<'_>,
    name: &str,
    number: &str,
    rules: &PhoneRules,
) -> Option<(Phone, PhoneType)> {
    let kind = match Phone::identifier(number, rules) {
        Ok(phone) => return Some((phone, PhoneType::Mobile)),
        Err(PhoneFault::NotMobile(Line::Fixed)) => PhoneType::Landline,
        Err(PhoneFault::NotMobile(Line::Service | Line::Other)) => PhoneType::Unknown,
        Err(fault @ (PhoneFault::NotE164 | PhoneFault::Invalid)) => {
            let place = if name.is_empty() { String::new() } else { fields.pointer(name) };
            fields.fault_at(place, FaultCode::InvalidPhoneNumber, fault.to_string());
            return None;
        }
    };
    Phone::correlation(number).map(|phone| (phone, kind))
}

/// The other properties of a phone.
pub(super) fn connection(
    fields: &mut Fields<'_>,
    line: Option<(Phone, PhoneType)>,
    now: Timestamp,
) -> Option<NewPhone> {
    let types: Vec<(&str, PhoneType)> = PhoneType::ALL.iter().map(|kind| (kind.as_str(), *kind)).collect();
    let said = fields.word("phoneType", &types);
    let source = fields.text("clientSource", 1..=WORD_CHARS_MAX).map(str::to_owned);
    let obtained_at = obtained_at(fields, "consentObtainedAt", now);
    let consent_type = consent_type(fields)?;
    let (phone, kind) = line?;
    if said == Some(PhoneType::Mobile) && kind != PhoneType::Mobile {
        fields.fault("phoneType", FaultCode::IdentifierNotMobile, "this number is no mobile");
        return None;
    }
    let phone_type = said.unwrap_or(kind);
    Some(new_phone(
        phone.as_e164().to_owned(),
        phone_type,
        consent_type,
        "api",
        obtained_at.map(|at| at.naive_utc()),
        source,
    ))
}

/// The consent that each phone needs each time (R03, R15).
pub(in crate::http) fn consent_type(fields: &mut Fields<'_>) -> Option<ConsentType> {
    let words: Vec<(&str, ConsentType)> =
        ConsentType::ALL.iter().map(|kind| (kind.as_str(), *kind)).collect();
    let Some(json) = fields.json("consentType") else {
        fields.fault("consentType", FaultCode::ConsentRequired, "use written, express or stop");
        return None;
    };
    let found = words.iter().find(|(word, _)| matches!(json, Json::Text(text) if text == word));
    if found.is_none() {
        fields.fault("consentType", FaultCode::InvalidParam, "use written, express or stop");
    }
    found.map(|(_, kind)| *kind)
}

/// A time of the past; a proof of tomorrow proves nothing.
pub(in crate::http) fn obtained_at(
    fields: &mut Fields<'_>,
    name: &'static str,
    now: Timestamp,
) -> Option<Timestamp> {
    let at = fields.time(name)?;
    if at > now {
        fields.fault(name, FaultCode::InvalidParam, "this time has not come yet");
        return None;
    }
    Some(at)
}
