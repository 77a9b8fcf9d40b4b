//! [`Bound`]: a profile with everything of one configured gateway put in. Made once, when the configuration is read;
//! whatever is missing or does not fit is found here, all at once.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Duration;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::door::Door;
use super::file::keys::OAUTH2;
use super::model::{AnswerRules, Block, Declaration, Profile, RateScope, RateUnit, RequestRules, Send};
use super::request::BoundRequest;
use super::value::{BindFault, Expr, Instance, Wanting};
use crate::gateway::oauth2::ClientCredentials;
use crate::gateway::settings::{OptOutHandling, check_base_url};
use crate::gateway::subnumber::{Subnumber, SubnumberMode};
use crate::gateway::types::SendClass;

/// A profile with everything of one configured gateway put in.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The profile.
    pub profile: Arc<Profile>,
    /// Who may call, for each variant of its callbacks.
    pub doors: Vec<Door>,
    /// How it is sent to; `None` for the simulator.
    pub send: Option<BoundRequest>,
    /// How its answers are read.
    pub answer: Option<AnswerRules<SendClass>>,
    /// How it is asked what became of a message; `None` = it cannot be (RE19 b).
    pub lookup: Option<BoundRequest>,
    /// How long it surely recognises a repeat with our reference; `None` = it may not (RE19 c).
    pub repeat_window: Option<Duration>,
    /// How two sessions of a phone are told apart.
    pub subnumber: Subnumber,
    /// What it does by itself when a person texts STOP.
    pub opt_out: OptOutHandling,
    /// Words besides START with which an opted-out person opts in again there (GW60).
    pub opt_in_words: Vec<String>,
    /// How fast it may be sent to; `None` = as its channels say.
    pub rate: Option<Rate>,
}

/// How fast a gateway may be sent to, beside what its channels say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tokens per second in millionths.
    pub per_second_micro: i64,
    /// What takes a token.
    pub unit: RateUnit,
    /// Whose rate it is.
    pub scope: RateScope,
}

impl Rate {
    /// Reads a number per second, from 0.01 to 10,000, as millionths.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "at most 10^10")]
    pub fn parse(text: &str) -> Option<i64> {
        let rate = text.parse::<f64>().ok().filter(|rate| (0.01..=10_000.0).contains(rate));
        rate.map(|rate| (rate * 1e6).round() as i64)
    }
}

/// What a gateway is bound with besides its instance.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'s> {
    /// The address we listen on.
    pub bind: IpAddr,
    /// Where the world reaches us.
    pub public_url: Option<&'s Url>,
}

impl Bound {
    /// Puts an instance into a profile.
    ///
    /// # Errors
    /// Every [`BindFault`] there is.
    pub fn new(
        profile: &Arc<Profile>,
        instance: &Instance,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, Vec<BindFault>> {
        let mut faults = Vec::new();
        let doors =
            profile.callbacks.iter().map(|variant| Door::new(&variant.verify, instance, surroundings));
        let doors: Vec<Door> = doors.filter_map(|door| keep_many(door, &mut faults)).collect();
        let guaranteed = keep(repeat_window(profile, instance), &mut faults).flatten();
        let send = profile.send.as_ref();
        let bound_send = send
            .and_then(|send| keep_many(bind_request(&send.request, send.omit_null, instance), &mut faults));
        let answer = send.and_then(|send| keep(bind_answer(send, instance, guaranteed), &mut faults));
        let lookup = profile.lookup.as_ref().map(|lookup| &lookup.request);
        let lookup = lookup.and_then(|rules| keep_many(bind_request(rules, true, instance), &mut faults));
        let subnumber = keep(bind_subnumber(profile, instance), &mut faults);
        let words = [OptOutHandling::None, OptOutHandling::Blocks, OptOutHandling::BlocksAndReplies]
            .map(|handling| (handling.as_str(), handling));
        let opt_out = keep(word(&profile.stop.handled_by_gateway, instance, &words), &mut faults);
        let opt_in_words = keep(profile.stop.opt_in_words.bind(instance), &mut faults);
        let rate = keep(rate(profile, instance), &mut faults).flatten();
        match (subnumber, opt_out, opt_in_words) {
            (Some(subnumber), Some(opt_out), Some(opt_in_words)) if faults.is_empty() => Ok(Self {
                profile: Arc::clone(profile),
                doors,
                send: bound_send,
                answer,
                lookup,
                repeat_window: guaranteed,
                subnumber,
                opt_out,
                opt_in_words: texts(&opt_in_words),
                rate,
            }),
            (_, _, _) => Err(distinct(faults)),
        }
    }

    /// The door of a call: that of its variant, or of the first where none fits.
    #[must_use]
    pub fn door(&self, method: &str, content_type: Option<&str>) -> Option<&Door> {
        let at = self.profile.variant(method, content_type).map_or(0, |(at, _)| at);
        self.doors.get(at)
    }
}

/// A value that is missing in several places is one fault.
fn distinct(faults: Vec<BindFault>) -> Vec<BindFault> {
    let mut told: Vec<BindFault> = Vec::new();
    for fault in faults {
        if !told.contains(&fault) {
            told.push(fault);
        }
    }
    told
}

fn keep<T>(result: Result<T, BindFault>, faults: &mut Vec<BindFault>) -> Option<T> {
    result.map_err(|fault| faults.push(fault)).ok()
}

fn keep_many<T>(result: Result<T, Vec<BindFault>>, faults: &mut Vec<BindFault>) -> Option<T> {
    result.map_err(|found| faults.extend(found)).ok()
}

impl Block {
    /// The declaration that the instance chose.
    ///
    /// # Errors
    /// The parameter is missing, or no word of it is there.
    pub fn pick(&self, instance: &Instance) -> Result<&Declaration, BindFault> {
        match self {
            Self::One(declaration) => Ok(declaration),
            Self::Choose { param, cases, otherwise } => {
                let value = Expr::Literal(instance.param(param)?.clone());
                let word = value.plain_text().unwrap_or_default();
                let case = cases.iter().find(|(case, _)| *case == word).map(|(_, block)| block);
                let Some(block) = case.or(otherwise.as_deref()) else {
                    return Err(BindFault::new(Wanting::Param(param.clone()), one_of(cases)));
                };
                block.pick(instance)
            }
        }
    }
}

fn one_of<T>(cases: &[(String, T)]) -> String {
    let words: Vec<&str> = cases.iter().map(|(word, _)| word.as_str()).collect();
    format!("write one of {}", words.join(", "))
}

/// One of a few words, which a parameter may hold.
fn word<T: Copy>(expr: &Expr, instance: &Instance, words: &[(&str, T)]) -> Result<T, BindFault> {
    let given = expr.bind(instance)?.plain_text().unwrap_or_default();
    let found = words.iter().find(|(word, _)| *word == given).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let wanting = match expr.param() {
            Some(name) => Wanting::Param(name.to_owned()),
            None => Wanting::Profile,
        };
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        BindFault::new(wanting, format!("write one of {}", words.join(", ")))
    })
}

fn repeat_window(profile: &Profile, instance: &Instance) -> Result<Option<Duration>, BindFault> {
    let Some(idempotency) = profile.send.as_ref().and_then(|send| send.idempotency.as_ref()) else {
        return Ok(None);
    };
    let is_sure = word(&idempotency.guaranteed, instance, &[("true", true), ("false", false)])?;
    Ok(is_sure.then_some(idempotency.window))
}

/// What the profile or, where that leaves it open, the instance says; null = no limit of the gateway's own.
fn rate(profile: &Profile, instance: &Instance) -> Result<Option<Rate>, BindFault> {
    let limits = &profile.limits;
    let Some(expr) = &limits.rate else {
        return Ok(None);
    };
    let Some(given) = expr.bind(instance)?.plain_text().filter(|given| !given.is_empty()) else {
        return Ok(None);
    };
    let wanting = expr.param().map_or(Wanting::Profile, |name| Wanting::Param(name.to_owned()));
    let fault = || BindFault::new(wanting, "write a number per second from 0.01 to 10000");
    let per_second_micro = Rate::parse(&given).ok_or_else(fault)?;
    Ok(Some(Rate { per_second_micro, unit: limits.unit, scope: limits.scope }))
}

fn bind_subnumber(profile: &Profile, instance: &Instance) -> Result<Subnumber, BindFault> {
    let rules = &profile.subnumber;
    let words = SubnumberMode::ALL.map(|mode| (mode.as_str(), mode));
    Ok(Subnumber {
        mode: word(&rules.mode, instance, &words)?,
        countries: rules.countries.clone(),
        total_digits: rules.total_digits,
        life: rules.life.to_std().unwrap_or_default(),
    })
}

fn bind_request(
    rules: &RequestRules,
    omit_null: bool,
    instance: &Instance,
) -> Result<BoundRequest, Vec<BindFault>> {
    let mut faults = Vec::new();
    let base_url = keep(base_url(instance), &mut faults);
    let url = keep(rules.url.bind(instance), &mut faults);
    let headers = rules
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), keep(value.bind(instance), &mut faults)?)))
        .collect();
    let query = rules
        .query
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), keep(value.bind(instance), &mut faults)?)))
        .collect();
    let body = rules.body.as_ref().and_then(|body| keep(body.bind(instance), &mut faults));
    let proof = keep(proof(&rules.auth, instance), &mut faults);
    let credentials = keep(credentials(&rules.auth, instance), &mut faults).flatten();
    match (base_url, url, proof) {
        (Some(base_url), Some(url), Some(proof)) if faults.is_empty() => Ok(BoundRequest {
            method: rules.method.clone(),
            url,
            base_url,
            headers,
            query,
            body,
            encode: rules.encode,
            omit_null,
            proof,
            credentials,
        }),
        (_, _, _) => Err(faults),
    }
}

fn base_url(instance: &Instance) -> Result<String, BindFault> {
    let missing = "say where the gateway listens, for example https://sms.example.com";
    let url = instance.base_url.as_ref().ok_or_else(|| BindFault::new(Wanting::BaseUrl, missing))?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn bind_answer(
    send: &Send,
    instance: &Instance,
    repeat_window: Option<Duration>,
) -> Result<AnswerRules<SendClass>, BindFault> {
    let rules = &send.answer;
    let words = SendClass::ALL.map(|class| (class.as_str(), class));
    let class = |expr: &Expr| word(expr, instance, &words);
    let errors = rules.errors.as_ref().map(|(path, map)| Ok((path.clone(), map.try_map(class)?)));
    Ok(AnswerRules {
        decode: rules.decode.clone(),
        ok_status: rules.ok_status.clone(),
        ok_words: rules.ok_words.clone(),
        external_id: rules.external_id.clone(),
        session: rules.session.clone(),
        errors: errors.transpose()?,
        http: rules.http.try_map(class)?,
        recognises_repeats: repeat_window.is_some(),
        opted_out: rules.opted_out.clone(),
    })
}

impl Declaration {
    /// A field as text; none or null gives an empty one.
    fn text(&self, name: &str, instance: &Instance) -> Result<String, BindFault> {
        let field = self.fields.iter().find(|(given, _)| given == name).map(|(_, expr)| expr);
        let bound = field.map(|expr| expr.bind(instance)).transpose()?;
        Ok(bound.and_then(|expr| expr.plain_text()).unwrap_or_default())
    }
}

/// What a token is asked for with, if the instance chose that (gateways.md 2.2).
fn credentials(auth: &Block, instance: &Instance) -> Result<Option<ClientCredentials>, BindFault> {
    let declaration = auth.pick(instance)?;
    if declaration.kind != OAUTH2 {
        return Ok(None);
    }
    let text = |name: &str| declaration.text(name, instance);
    let token_url = check_base_url(&text("token_url")?).map_err(|fault| {
        let expr = declaration.fields.iter().find(|(name, _)| name == "token_url").map(|(_, expr)| expr);
        let wanting = match expr.and_then(Expr::param) {
            Some(name) => Wanting::Param(name.to_owned()),
            None => Wanting::Profile,
        };
        BindFault::new(wanting, format!("token_url: {fault}"))
    })?;
    Ok(Some(ClientCredentials {
        token_url,
        client_id: text("client_id")?,
        client_secret: text("client_secret")?.into(),
        scope: Some(text("scope")?).filter(|scope| !scope.is_empty()),
    }))
}

/// The headers by which we prove ourselves.
fn proof(auth: &Block, instance: &Instance) -> Result<HeaderMap, BindFault> {
    let declaration = auth.pick(instance)?;
    let text = |name: &str| declaration.text(name, instance);
    let (name, value) = match declaration.kind {
        "basic" => {
            let pair = format!("{}:{}", text("user")?, text("password")?);
            (AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)))
        }
        "bearer" => (AUTHORIZATION, format!("Bearer {}", text("token")?)),
        "header" => {
            let fault = || BindFault::new(Wanting::Profile, "auth.header.name is no name of an HTTP header");
            (HeaderName::from_bytes(text("name")?.as_bytes()).map_err(|_| fault())?, text("value")?)
        }
        _none_or_a_token => return Ok(HeaderMap::new()),
    };
    let fault = "the credentials hold a character that cannot stand in an HTTP header";
    let mut value = HeaderValue::from_str(&value).map_err(|_| BindFault::new(Wanting::Profile, fault))?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(name, value)]))
}

/// The texts of a bound value: one, or those of a list.
pub(super) fn texts(expr: &Expr) -> Vec<String> {
    if let Expr::Literal(Value::Array(items)) = expr {
        return items.iter().filter_map(super::value::text_of).collect();
    }
    match expr.items() {
        Some(items) => items.iter().flat_map(texts).collect(),
        None => expr.plain_text().into_iter().collect(),
    }
}
