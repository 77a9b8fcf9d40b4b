//! The JSON of gateways of one's own, as a gateway writes it (GW12): what the simulator posts. It is read by the
//! profile `generic`, like that of any other gateway.

use serde_json::{Map, Value};

use super::item::{Inbound, Report};

/// The JSON of an inbound SMS, as a generic gateway or the simulator posts it.
#[must_use]
pub fn inbound_json(inbound: &Inbound) -> Value {
    let mut item = Map::new();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            item.insert(name.to_owned(), Value::String(value));
        }
    };
    put("messageId", inbound.id.clone());
    put("from", Some(inbound.from.clone()));
    put("to", Some(inbound.to.clone()));
    put("text", Some(inbound.text.clone()));
    put("sessionId", inbound.session.clone());
    put("receivedAt", inbound.provider_at.map(|time| time.to_rfc3339()));
    put("concatRef", inbound.concat.as_ref().map(|concat| concat.reference().to_owned()));
    put("concatTotal", inbound.concat.as_ref().map(|concat| concat.total().to_string()));
    put("concatPart", inbound.concat.as_ref().map(|concat| concat.part().to_string()));
    Value::Object(item)
}

/// The JSON of a delivery report, as a generic gateway or the simulator posts it.
#[must_use]
pub fn report_json(report: &Report) -> Value {
    let mut item = Map::new();
    let mut put = |name: &str, value: Option<&String>| {
        if let Some(value) = value {
            item.insert(name.to_owned(), Value::String(value.clone()));
        }
    };
    put("ref", report.our_ref.as_ref());
    put("messageId", report.external_id.as_ref());
    put("state", Some(&report.raw_state));
    put("reason", report.reason.as_ref());
    Value::Object(item)
}
