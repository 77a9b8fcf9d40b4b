//! Consent as callers change it: by API, onboarding, import or command (A64, R15). A person's own stop is lifted only
//! by newer proof; every change is a ledger row. Reading consents stands here, too.

use chrono::NaiveDateTime;
use serde_json::json;

use super::audit::{self, Action, Actor};
use super::consent::{self, Change, GLOBAL, STOP};
use super::engine::Engine;
use super::failure::Failure;
use super::moment::Moment;
use crate::clock::Timestamp;
use crate::closed_list::closed_list;
use crate::store::listing::Span;
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError, Work, consents};

pub use crate::store::consents::{ConsentEventRow, ConsentRow};

/// Where the consents come from that a person gave himself: his texts, what his gateway understood, and the stop that
/// outlived his erasure. No caller may use these words.
pub const OWN_SOURCES: [&str; 3] = ["inbound", "gateway", "erasure"];

closed_list! {
    /// What a phone may be texted for (R03).
    pub enum ConsentType {
        Written = "written": "the person agreed in writing",
        Express = "express": "the person agreed by a message or on the phone",
        Stop = "stop": "the person wants no texts",
    }
}

/// What a caller says about the consent of a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentWish {
    /// E.164.
    pub phone: String,
    /// What was said.
    pub consent_type: ConsentType,
    /// Where it comes from: `api`, or the caller's own word; none of [`OWN_SOURCES`].
    pub source: String,
    /// When it was given, if the caller knows: proof against an older stop (A64).
    pub obtained_at: Option<NaiveDateTime>,
    /// A remark for the ledger.
    pub note: Option<String>,
}

/// What became of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentDecision {
    /// It is on record now.
    Changed,
    /// It was on record already.
    Unchanged,
    /// The person's own stop was kept: there is no newer proof (A64).
    Kept,
}

/// Whether a phone's stop was said by the person himself.
fn is_own_stop(row: &ConsentRow) -> bool {
    row.consent_type == STOP && OWN_SOURCES.contains(&row.source.as_str())
}

fn decide(known: Option<&ConsentRow>, wish: &ConsentWish) -> ConsentDecision {
    let Some(known) = known else {
        return ConsentDecision::Changed;
    };
    let is_newer = wish.obtained_at.is_some_and(|obtained_at| obtained_at > known.obtained_at);
    let is_same = known.consent_type == wish.consent_type.as_str();
    match (is_own_stop(known), is_same) {
        // Said by himself: a caller's stop would be easier to lift than his own.
        (true, true) => ConsentDecision::Unchanged,
        (true, false) if is_newer => ConsentDecision::Changed,
        (true, false) => ConsentDecision::Kept,
        (false, true) if !is_newer => ConsentDecision::Unchanged,
        (false, _) => ConsentDecision::Changed,
    }
}

/// Puts a caller's word about a consent on record, if it may be; a stop cancels what waits and closes sessions (A57).
/// What was on record before is audited (RS10). The phone must be loaded.
///
/// # Errors
/// [`Fault`] when a row is missing.
pub fn apply(moment: &mut Moment<'_>, wish: &ConsentWish, actor: &Actor) -> Result<ConsentDecision, Fault> {
    let key = (wish.phone.clone(), GLOBAL.to_owned());
    let known = moment.space.consents.get(&key).cloned();
    let decision = decide(known.as_ref(), wish);
    if decision != ConsentDecision::Changed {
        return Ok(decision);
    }
    let change = Change {
        phone: &wish.phone,
        scope: GLOBAL,
        consent_type: wish.consent_type.as_str(),
        source: &wish.source,
        obtained_at: wish.obtained_at.unwrap_or(moment.at()),
        keyword: None,
        raw: None,
        inbound_id: None,
        actor: Some(&actor.name),
        note: wish.note.as_deref(),
    };
    consent::record(moment, &change)?;
    if wish.consent_type == ConsentType::Stop {
        consent::apply_stop(moment, &wish.phone, None)?;
        moment.engine.metrics.optout(GLOBAL);
    }
    if let Some(known) = known {
        let object = format!("phone:{}", moment.engine.store.phone_hash(&wish.phone));
        let detail = json!({"before": known.consent_type, "after": wish.consent_type, "source": wish.source});
        audit::record(moment.space, actor, Action::ConsentChanged, &object, &detail, moment.now)?;
    }
    Ok(ConsentDecision::Changed)
}

/// One change of consent.
#[derive(Debug)]
pub struct ChangeConsent {
    /// Shared parts of the server.
    pub engine: Engine,
    /// What is said.
    pub wish: ConsentWish,
    /// Who says it.
    pub actor: Actor,
}

impl Work for ChangeConsent {
    type Output = (ConsentRow, ConsentDecision);

    fn lane_key(&self) -> Option<&str> {
        Some(&self.wish.phone)
    }

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        keys.phones.insert(self.wish.phone.clone());
        Ok(())
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<Self::Output, Fault> {
        let engine = self.engine.clone();
        let mut moment = Moment { engine: &engine, space, now };
        let decision = apply(&mut moment, &self.wish, &self.actor)?;
        let key = (self.wish.phone.clone(), GLOBAL.to_owned());
        let row = space.consents.get(&key).cloned();
        let row = row.ok_or_else(|| Fault::Invariant("a decided consent is on record".to_owned()))?;
        Ok((row, decision))
    }
}

/// The consent of a phone in a scope: `global` or a survey.
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub async fn find(engine: &Engine, phone: &str, scope: &str) -> Result<Option<ConsentRow>, Failure> {
    let hash = engine.store.phone_hash(phone);
    let (phone, scope) = (phone.to_owned(), scope.to_owned());
    Ok(engine.store.read(move |connection| consents::find(connection, &phone, &hash, &scope)).await?)
}

/// A page of consents in a scope, of one type or of all.
///
/// # Errors
/// [`Failure`] when they cannot be read.
pub async fn list(
    engine: &Engine,
    consent_type: Option<&'static str>,
    scope: String,
    span: Span,
) -> Result<Vec<ConsentRow>, Failure> {
    let page = engine.store.read(move |connection| consents::page(connection, consent_type, &scope, &span));
    Ok(page.await?)
}

/// A page of the ledger of a phone, and whether anything is on record about it at all.
///
/// # Errors
/// [`Failure`] when it cannot be read.
pub async fn history(engine: &Engine, phone: &str, span: Span) -> Result<Vec<ConsentEventRow>, Failure> {
    let phone = phone.to_owned();
    Ok(engine.store.read(move |connection| consents::history(connection, &phone, &span)).await?)
}
