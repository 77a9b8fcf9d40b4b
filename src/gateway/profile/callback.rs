//! Reads a verified callback into [`CallbackItem`]s by the variants of a profile. It never fails: what cannot be read
//! is a dead letter, and a bad item does not spoil the others (GW3, A84).

use serde_json::{Map, Value, json};

use super::decode::{Charset, CharsetRule, Document, Fields, Item, decode_text, pairs};
use super::field::Field;
use super::model::{ConcatFields, InboundFields, Profile, ReportFields, Test, Variant};
use super::path::Path;
use crate::gateway::item::{CallbackItem, Concat, Flag, Inbound, Intent, Report, ReportState};

/// Most characters kept of a status word or an explanation.
const REASON_CHARACTERS_MAX: usize = 200;

/// Most bytes an id, handle or number of a gateway may have.
pub const ID_BYTES_MAX: usize = 255;

/// What is read of a call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'c> {
    /// Method in capitals.
    pub method: &'c str,
    /// `Content-Type`, if it is stated.
    pub content_type: Option<&'c str>,
    /// Query without `?`, not decoded.
    pub query: &'c str,
    /// Body as it came.
    pub body: &'c [u8],
    /// A parameter of the query that holds a secret; it is not kept (GW42).
    pub secret_parameter: Option<&'c str>,
}

impl Profile {
    /// The items of a call, in its order.
    #[must_use]
    pub fn parse(&self, call: &Call<'_>) -> Vec<CallbackItem> {
        let Some((_, variant)) = self.variant(call.method, call.content_type) else {
            return vec![call.dead("no variant of the profile fits this call", &call.whole())];
        };
        match variant.decode.read(call.body, call.query, call.content_type) {
            Ok(document) => variant.items(call, &document),
            Err(error) => vec![call.dead(error, &call.whole())],
        }
    }

    /// The item of a dead letter, read once more.
    #[must_use]
    pub fn parse_again(&self, raw: &str) -> Option<CallbackItem> {
        let kept: Value = serde_json::from_str(raw).ok()?;
        let text = |name: &str| kept.get(name).and_then(Value::as_str);
        let call = Call {
            method: text("method")?,
            content_type: text("contentType"),
            query: text("query").unwrap_or_default(),
            body: text("body").unwrap_or_default().as_bytes(),
            secret_parameter: None,
        };
        let (_, variant) = self.variant(call.method, call.content_type)?;
        let document = match (kept.get("document"), kept.get("fields").and_then(Value::as_array)) {
            (Some(value), _) => Document::Tree { value: value.clone(), mended: false },
            (None, Some(fields)) => Document::Fields(fields.iter().filter_map(field).collect()),
            (None, None) => variant.decode.read(call.body, call.query, call.content_type).ok()?,
        };
        variant.items(&call, &document).into_iter().next()
    }
}

/// `["name", "value"]`.
fn field(pair: &Value) -> Option<(String, Vec<u8>)> {
    let part = |at: usize| pair.get(at).and_then(Value::as_str);
    Some((part(0)?.to_owned(), part(1)?.as_bytes().to_vec()))
}

impl Call<'_> {
    /// A dead letter that can be read again: the call with this content.
    fn dead(&self, error: &'static str, content: &(&str, Value)) -> CallbackItem {
        let mut kept = Map::from_iter([("method".to_owned(), self.method.into())]);
        if let Some(content_type) = self.content_type {
            kept.insert("contentType".to_owned(), content_type.into());
        }
        let query = self.query_without_secret();
        if !query.is_empty() {
            kept.insert("query".to_owned(), query.into());
        }
        kept.insert(content.0.to_owned(), content.1.clone());
        CallbackItem::Dead { error, raw: Value::Object(kept).to_string() }
    }

    fn whole(&self) -> (&'static str, Value) {
        ("body", String::from_utf8_lossy(self.body).into())
    }

    fn query_without_secret(&self) -> String {
        let is_kept = |piece: &&str| {
            let name = pairs(piece.as_bytes()).into_iter().next().map(|(name, _)| name);
            self.secret_parameter.is_none() || name.as_deref() != self.secret_parameter
        };
        self.query.split('&').filter(is_kept).collect::<Vec<_>>().join("&")
    }
}

impl Variant {
    fn items(&self, call: &Call<'_>, document: &Document) -> Vec<CallbackItem> {
        let query = pairs(call.query.as_bytes());
        let whole = document.item(&query, self.decode.names, self.decode.body_charset());
        whole.each(self.each.as_ref()).iter().flat_map(|item| self.of_item(call, document, item)).collect()
    }

    fn of_item(&self, call: &Call<'_>, document: &Document, item: &Item<'_>) -> Vec<CallbackItem> {
        let is = |test: &Option<Test>| test.as_ref().is_some_and(|test| test.holds(item));
        let dead = |error, each: Option<&Path>, item: &Item<'_>| {
            call.dead(error, &content(&document.with_only(self.each.as_ref().or(each), item), call))
        };
        if !item.is_object() {
            return vec![dead("the item is not an object", None, item)];
        }
        if let Some(fields) = self.inbound.as_ref().filter(|_| is(&self.is_inbound)) {
            let read = |item: &Item<'_>| {
                fields.read(item, self).unwrap_or_else(|error| dead(error, fields.each.as_ref(), item))
            };
            return item.each(fields.each.as_ref()).iter().map(read).collect();
        }
        if let Some(fields) = self.report.as_ref().filter(|_| is(&self.is_report)) {
            let read = |item: &Item<'_>| {
                fields.read(item).unwrap_or_else(|error| dead(error, fields.each.as_ref(), item))
            };
            return item.each(fields.each.as_ref()).iter().map(read).collect();
        }
        vec![dead("the item is neither an inbound SMS nor a report", None, item)]
    }
}

/// A document as a dead letter keeps it.
fn content(document: &Document, call: &Call<'_>) -> (&'static str, Value) {
    match document {
        Document::Tree { value, .. } => ("document", value.clone()),
        Document::Fields(fields) => ("fields", texts(fields, call.secret_parameter)),
    }
}

fn texts(fields: &Fields, secret_parameter: Option<&str>) -> Value {
    let shown = |(name, value): &(String, Vec<u8>)| json!([name, decode_text(value, Charset::UTF_8).0]);
    fields.iter().filter(|(name, _)| Some(name.as_str()) != secret_parameter).map(shown).collect()
}

impl Test {
    fn holds(&self, item: &Item<'_>) -> bool {
        match self {
            Self::Exists(path) => item.find(path).is_some(),
            Self::In(path, words) => {
                let found = item.text(path);
                found.is_some_and(|found| words.iter().any(|word| word.eq_ignore_ascii_case(found.trim())))
            }
        }
    }
}

impl InboundFields {
    fn read(&self, item: &Item<'_>, variant: &Variant) -> Result<CallbackItem, &'static str> {
        let mut flags = Vec::new();
        let charset = match &variant.decode.charset {
            CharsetRule::Fixed(charset) => *charset,
            CharsetRule::Field(path) => {
                item.text(path).and_then(|name| Charset::named(&name)).unwrap_or(Charset::UTF_8)
            }
        };
        // An empty text is a message (GW5).
        let read = self.text.read(item, charset).map_err(|()| "text is not a text")?;
        let (text, mended) = read.map_or((String::new(), false), |read| (read.text, read.mended));
        if mended || item.is_mended() {
            flags.push(Flag::InvalidUtf8);
        }
        let time = self.time.as_ref().and_then(|time| Some((time, item.filled(&time.path)?)));
        let provider_at = time.as_ref().and_then(|(field, time)| field.format.read(time));
        if time.is_some() && provider_at.is_none() {
            flags.push(Flag::UnreadableTime);
        }
        let number =
            |field: &Field| optional(Some(field), item).ok().flatten().filter(|n| !n.trim().is_empty());
        Ok(CallbackItem::Inbound(Inbound {
            id: optional(self.id.as_ref(), item)?,
            from: number(&self.from).ok_or("from is missing")?,
            to: number(&self.to).ok_or("to is missing")?,
            text,
            session: optional(self.session.as_ref(), item)?,
            reply_to: optional(self.reply_to.as_ref(), item)?,
            intent: optional(self.intent.as_ref(), item)?.as_deref().and_then(Intent::parse),
            provider_at,
            flags,
            concat: variant.concat.as_ref().map(|concat| concat.read(item)).transpose()?.flatten(),
        }))
    }
}

impl ConcatFields {
    /// The place of a part; `None` for a text that is whole (GW44).
    fn read(&self, item: &Item<'_>) -> Result<Option<Concat>, &'static str> {
        let Some(reference) = limited(item.filled(&self.reference))? else {
            return Ok(None);
        };
        let number = |path| item.filled(path).and_then(|text| text.trim().parse::<u8>().ok());
        let place = number(&self.total).zip(number(&self.part));
        let wait = self.wait.to_std().unwrap_or(Concat::WAIT);
        let concat = place.and_then(|(total, part)| Concat::new(&reference, total, part, wait));
        concat.map(Some).ok_or("the part does not fit into its whole")
    }
}

/// An id, handle or number that is there and is not empty. Cutting one could make two equal, so a longer one is a
/// fault.
fn optional(field: Option<&Field>, item: &Item<'_>) -> Result<Option<String>, &'static str> {
    let Some(field) = field else {
        return Ok(None);
    };
    let read = field.read(item, Charset::UTF_8).map_err(|()| "an id is not a text")?;
    limited(read.map(|read| read.text))
}

fn limited(id: Option<String>) -> Result<Option<String>, &'static str> {
    match id.filter(|id| !id.is_empty()) {
        Some(id) if id.len() > ID_BYTES_MAX => Err("an id is longer than 255 bytes"),
        id => Ok(id),
    }
}

impl ReportFields {
    fn read(&self, item: &Item<'_>) -> Result<CallbackItem, &'static str> {
        let report = self.report(item)?;
        if report.our_ref.is_none() && report.external_id.is_none() {
            return Err("the report names no message");
        }
        Ok(CallbackItem::Report(report))
    }

    /// What is said of a message, whether or not it is named.
    pub(super) fn report(&self, item: &Item<'_>) -> Result<Report, &'static str> {
        let short = |text: String| text.chars().take(REASON_CHARACTERS_MAX).collect::<String>();
        let raw_state = item.filled(&self.state).ok_or("state is missing")?;
        let first = |paths: &[Path]| limited(paths.iter().find_map(|path| item.filled(path)));
        let (our_ref, external_id) = (first(&self.our_ref)?, first(&self.external_id)?);
        let optional = |path: &Option<Path>| path.as_ref().and_then(|path| item.filled(path)).map(short);
        Ok(Report {
            our_ref,
            external_id,
            state: self.states.get(&raw_state).copied().unwrap_or(ReportState::Unmapped),
            raw_state: short(raw_state),
            code: optional(&self.error_code),
            reason: optional(&self.reason),
            part: self.part.as_ref().and_then(|path| item.filled(path)).as_deref().and_then(part_number),
        })
    }
}

/// A number, alone or behind the last `$` of an id, as LINK Mobility writes it; anything else says nothing of parts.
fn part_number(text: &str) -> Option<u8> {
    let number = text.rsplit_once('$').map_or(text, |(_, number)| number);
    number.trim().parse().ok()
}
