//! [`Expr::value`]: a bound value with the message put in. What is put in is never looked at again (GW40).

use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::template::{Part, Template};
use super::{Expr, Variable};
use crate::gateway::types::{GatewaySession, SendRequest};

/// The message that is put in, and where absent members go.
#[derive(Clone, Copy, Debug)]
pub struct Message<'m> {
    /// What is sent.
    pub request: &'m SendRequest,
    /// Members whose value is null are left out (`send.omit_null`).
    pub omit_null: bool,
}

/// The text of a text, number or boolean.
#[must_use]
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl Message<'_> {
    /// What a variable is for this message.
    fn variable(&self, variable: Variable) -> Value {
        let request = self.request;
        let digits = |number: &str| number.strip_prefix('+').unwrap_or(number).to_owned();
        match variable {
            Variable::To => request.to.clone().into(),
            Variable::ToDigits => digits(&request.to).into(),
            Variable::From => request.from.clone().into(),
            Variable::FromDigits => digits(&request.from).into(),
            Variable::SenderType => request.sender_type.as_str().into(),
            Variable::Text => request.text.clone().into(),
            Variable::Encoding => request.encoding.as_str().into(),
            Variable::Parts => request.segments.into(),
            Variable::Ref => request.client_ref.clone().into(),
            Variable::StatusUrl => request.status_url.clone().into(),
            Variable::TtlSeconds => request.ttl_seconds.into(),
            Variable::SessionIsNew if request.session == GatewaySession::New => true.into(),
            Variable::SessionIsNew => Value::Null,
            Variable::SessionHandle => match &request.session {
                GatewaySession::Existing(handle) => handle.clone().into(),
                GatewaySession::None | GatewaySession::New => Value::Null,
            },
        }
    }
}

impl Expr {
    /// The value for a message. What was not bound is null.
    #[must_use]
    pub fn value(&self, message: &Message<'_>) -> Value {
        match self {
            Self::Literal(value) => value.clone(),
            Self::Hidden(secret) => secret.expose_secret().into(),
            Self::Variable(variable) => message.variable(*variable),
            Self::Param(_) | Self::Secret(_) => Value::Null,
            Self::Fill(template) => template.fill(message, "", str::to_owned).into(),
            Self::Choose(choose) => {
                let word = text_of(&choose.on.value(message)).unwrap_or_default();
                let case = choose.cases.iter().find(|(case, _)| *case == word).map(|(_, value)| value);
                case.or(choose.otherwise.as_ref()).map_or(Value::Null, |value| value.value(message))
            }
            Self::Scale(scale) => {
                let seconds = i64::try_from(message.request.ttl_seconds).unwrap_or(i64::MAX);
                scale.at(seconds).into()
            }
            Self::List(items) => {
                let values = items.iter().map(|item| item.value(message));
                values.filter(|value| !(message.omit_null && value.is_null())).collect()
            }
            Self::Map(members) => {
                let mut object = Map::new();
                for (name, value) in members {
                    let value = value.value(message);
                    if !(message.omit_null && value.is_null()) {
                        object.insert(name.clone(), value);
                    }
                }
                Value::Object(object)
            }
        }
    }
}

impl Template {
    /// The text for a message, each value escaped once; `None` if one of them is null.
    pub fn fill(
        &self,
        message: &Message<'_>,
        base_url: &str,
        escape: impl Fn(&str) -> String,
    ) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::BaseUrl => text.push_str(base_url),
                Part::Value(value) => text.push_str(&escape(&text_of(&value.value(message))?)),
            }
        }
        Some(text)
    }
}
