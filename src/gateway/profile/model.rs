//! [`Profile`]: a kind of gateway as data (gateways.md section 2), valid by construction: [`super::read`] is the one
//! way to it. It holds no secret and no address of an instance.

use chrono::Duration;
use reqwest::Method;
use reqwest::header::HeaderName;
use serde_json::Value;

use super::decode::Decode;
use super::field::{Field, TimeField};
use super::lookup::Lookup;
use super::path::Path;
use super::value::{Expr, Template};
use super::word_map::WordMap;
use crate::gateway::item::ReportState;

/// A kind of gateway.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Counts up when its author changes it.
    pub version: u32,
    /// Where gateways of this kind listen, unless an instance says otherwise.
    pub base_url: Option<String>,
    /// Plain values an instance may give, and those it must.
    pub params: Vec<Param>,
    /// Names of secrets an instance may have to give.
    pub secrets: Vec<String>,
    /// How callbacks are read; the first that fits is used.
    pub callbacks: Vec<Variant>,
    /// How messages are sent; `None` for the simulator.
    pub send: Option<Send>,
    /// How it is asked what became of a message (RE19 b); `None` = it cannot be.
    pub lookup: Option<Lookup>,
    /// How fast and how long.
    pub limits: Limits,
    /// What texts it can carry.
    pub encoding: EncodingRules,
    /// How two sessions of a phone are told apart.
    pub subnumber: SubnumberRules,
    /// What it does with opt-outs.
    pub stop: Stop,
}

/// A plain value that an instance gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// What it is unless an instance says otherwise; `None` = it must.
    pub default: Option<Value>,
}

/// One way a gateway calls us.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Methods in capitals; none = any.
    pub methods: Vec<String>,
    /// Media types in lower case; none = any.
    pub content_types: Vec<String>,
    /// How it proves itself.
    pub verify: Block,
    /// How its body is read.
    pub decode: Decode,
    /// The list whose items are messages; `None` = the document is one.
    pub each: Option<Path>,
    /// What makes it an inbound SMS.
    pub is_inbound: Option<Test>,
    /// What makes it a report.
    pub is_report: Option<Test>,
    /// Fields of an inbound SMS.
    pub inbound: Option<InboundFields>,
    /// Fields of a report.
    pub report: Option<ReportFields>,
    /// How parts that the gateway does not join are put together.
    pub concat: Option<ConcatFields>,
    /// What we answer.
    pub reply: Reply,
}

/// A choice of the instance between blocks of fields, as `verify` and `auth` have it.
#[derive(Clone, Debug)]
pub enum Block {
    /// A kind and its fields.
    One(Declaration),
    /// By a parameter of the instance.
    Choose {
        /// The parameter.
        param: String,
        /// Word and block.
        cases: Vec<(String, Block)>,
        /// The block of every other word.
        otherwise: Option<Box<Block>>,
    },
}

/// A kind, such as the scheme of a verifier, and its fields.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// One of a closed list.
    pub kind: &'static str,
    /// Fields by name.
    pub fields: Vec<(String, Expr)>,
}

/// What an item must have to be of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// A value there.
    Exists(Path),
    /// One of these words there.
    In(Path, Vec<String>),
}

/// Where the fields of an inbound SMS stand.
#[derive(Clone, Debug)]
pub struct InboundFields {
    /// The list whose items are messages.
    pub each: Option<Path>,
    /// The gateway's id.
    pub id: Option<Field>,
    /// The sender.
    pub from: Field,
    /// The receiving number, always raw (GW55).
    pub to: Field,
    /// The text.
    pub text: Field,
    /// The handle of a gateway session.
    pub session: Option<Field>,
    /// The gateway's id of our message that is answered.
    pub reply_to: Option<Field>,
    /// The gateway's time.
    pub time: Option<TimeField>,
    /// Number of SMS parts that the gateway joined.
    pub parts: Option<Field>,
    /// What the gateway takes the text for: optout, optin, help.
    pub intent: Option<Field>,
}

/// Where the fields of a delivery report stand.
#[derive(Clone, Debug)]
pub struct ReportFields {
    /// The list whose items are reports.
    pub each: Option<Path>,
    /// Our reference, in the order tried.
    pub our_ref: Vec<Path>,
    /// The gateway's id, in the order tried.
    pub external_id: Vec<Path>,
    /// The status word.
    pub state: Path,
    /// What it means.
    pub states: WordMap<ReportState>,
    /// The gateway's explanation.
    pub reason: Option<Path>,
    /// The gateway's error code.
    pub error_code: Option<Path>,
    /// Which part of the message it is about.
    pub part: Option<Path>,
}

/// How parts are put together (GW44).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConcatFields {
    /// What all parts of a message share.
    pub reference: Path,
    /// How many there are.
    pub total: Path,
    /// Which one this is, from 1.
    pub part: Path,
    /// How long the last may take after the first.
    pub wait: Duration,
}

/// What we answer to an authentic call, always with 200 (GW1, GW2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Media type of the body.
    pub content_type: Option<String>,
    /// The body.
    pub body: String,
}

/// How messages are sent.
#[derive(Clone, Debug)]
pub struct Send {
    /// What is sent.
    pub request: RequestRules,
    /// Members whose value is null are left out.
    pub omit_null: bool,
    /// How the answer is read.
    pub answer: AnswerRules<Expr>,
    /// Whether a repeat with our reference is safe.
    pub idempotency: Option<Idempotency>,
}

/// What a request to the gateway is made of: that of a send, or that of a lookup.
#[derive(Clone, Debug)]
pub struct RequestRules {
    /// Method.
    pub method: Method,
    /// URL; its host is that of the instance or of the profile.
    pub url: Template,
    /// Headers.
    pub headers: Vec<(HeaderName, Template)>,
    /// Parameters of the URL.
    pub query: Vec<(String, Expr)>,
    /// The body, or what is written into the query.
    pub body: Option<Expr>,
    /// How the body is written.
    pub encode: Encode,
    /// How we prove ourselves.
    pub auth: Block,
}

/// How the body of a request is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encode {
    /// JSON.
    Json,
    /// A form.
    Form,
    /// The query of the URL.
    Query,
}

impl Encode {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Json, Self::Form, Self::Query];

    /// The word of `send.request.encode`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Form => "form",
            Self::Query => "query",
        }
    }
}

/// How an answer is read (gateways.md 2.5). `C` is a class, or before the gateway is opened a choice of one.
#[derive(Clone, Debug)]
pub struct AnswerRules<C> {
    /// How its body is read.
    pub decode: Decode,
    /// Statuses of an acceptance; none = every 2xx.
    pub ok_status: Vec<u16>,
    /// Where the body must hold one of these words to be one.
    pub ok_words: Option<(Path, Vec<String>)>,
    /// The gateway's id of the message; an acceptance without it is none.
    pub external_id: Option<Path>,
    /// The handle of the gateway session.
    pub session: Option<Path>,
    /// The gateway's error code, and the classes of codes.
    pub errors: Option<(Path, WordMap<C>)>,
    /// Classes of HTTP statuses, where they are not the usual ones.
    pub http: WordMap<C>,
    /// Error codes that mean that the person said stop to the gateway (GW64).
    pub opted_out: Vec<String>,
    /// The gateway surely recognises a repeat with our reference (GW30).
    pub recognises_repeats: bool,
}

/// A gateway that recognises a repeat (RE19 c).
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The field that holds our reference.
    pub field: String,
    /// How long it is recognised.
    pub window: Duration,
    /// Whether it is documented, or promised by the operator.
    pub guaranteed: Expr,
}

/// How fast and how long.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Messages or parts per second; `None` = it knows no limit of its own.
    pub rate: Option<Expr>,
    /// What the rate counts.
    pub unit: RateUnit,
    /// Whose rate it is.
    pub scope: RateScope,
    /// Most SMS parts of a message, at most ours (GW92).
    pub max_parts: usize,
}

/// What a rate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateUnit {
    /// Messages.
    Message,
    /// SMS parts.
    Part,
}

/// Whose rate it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateScope {
    /// The account's: all its channels share it.
    Account,
    /// Each of our numbers has it.
    Sender,
}

/// What texts a gateway can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodingRules {
    /// Characters.
    pub charset: SmsCharset,
    /// Whether our own texts may be made to fit GSM-7 (GW94).
    pub smart: bool,
    /// Who cuts a long text into parts.
    pub splits: Splits,
}

/// Who cuts a long text into SMS parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Splits {
    /// The gateway: it gets the text whole, and phones join the parts.
    Gateway,
    /// We: it gets one SMS after the other, each on its own.
    Client,
}

/// Characters that a gateway can carry (GW93).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmsCharset {
    /// All.
    Gsm7OrUcs2,
    /// Those of GSM 03.38.
    Gsm7Only,
    /// Those of two bytes: no emoji.
    Ucs2Bmp,
}

/// How two sessions of a phone are told apart, before an instance is opened.
#[derive(Clone, Debug)]
pub struct SubnumberRules {
    /// The mode.
    pub mode: Expr,
    /// Country codes of the recipients that get one (GW50).
    pub countries: Vec<String>,
    /// Digits of short number and suffix together (GW53).
    pub total_digits: usize,
    /// How long a gateway session lives (GW52).
    pub life: Duration,
}

/// What a gateway does with opt-outs, before an instance is opened.
#[derive(Clone, Debug)]
pub struct Stop {
    /// What it does by itself.
    pub handled_by_gateway: Expr,
    /// Codes that say that the person said stop to it (GW64).
    pub error_codes: Vec<String>,
    /// Words besides START by which a person opts in again (GW60).
    pub opt_in_words: Expr,
}

impl Profile {
    /// A callback's variant.
    #[must_use]
    pub fn variant(&self, method: &str, content_type: Option<&str>) -> Option<(usize, &Variant)> {
        self.callbacks.iter().enumerate().find(|(_, variant)| variant.fits(method, content_type))
    }
}

impl Variant {
    /// Whether a call is of this variant. A call that states no media type is of any; `application/json` stands for
    /// its relatives (`application/…+json`) too.
    fn fits(&self, method: &str, content_type: Option<&str>) -> bool {
        let method_fits =
            self.methods.is_empty() || self.methods.iter().any(|known| known.eq_ignore_ascii_case(method));
        let Some(content_type) = content_type.filter(|_| !self.content_types.is_empty()) else {
            return method_fits;
        };
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_kin = |known: &String| {
            let kind = known.strip_prefix("application/");
            *known == essence
                || kind.is_some_and(|kind| {
                    let kin = essence.strip_prefix("application/").and_then(|rest| rest.strip_suffix(kind));
                    kin.is_some_and(|kin| kin.ends_with('+'))
                })
        };
        method_fits && self.content_types.iter().any(is_kin)
    }
}
