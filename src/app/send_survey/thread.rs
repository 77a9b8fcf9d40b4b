//! What will tell the new session apart from others of its phone: a session of the gateway, or a number that we pick
//! (GW50-GW54). Picked when the session is made, before its first send, and stored with it.

use super::SendSurveyTurn;
use crate::app::moment::Moment;
use crate::gateway::SubnumberMode;
use crate::session::subnumber::{self, Holder, PoolUse, bare};
use crate::store::{HandleRow, SessionRow};

/// How replies will find the new session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Thread {
    /// By phone and receiving channel; `if_open_session` decides about another one (A23).
    Plain,
    /// By the session that the gateway opens at the first send (GW51).
    OfGateway,
    /// By the number it is sent from.
    Subnumber(String),
}

impl Thread {
    /// Whether the session lives beside others of its phone (A22).
    pub(super) fn is_apart(&self) -> bool {
        *self != Self::Plain
    }

    /// The number we picked.
    pub(super) fn subnumber(&self) -> Option<&str> {
        match self {
            Self::Plain | Self::OfGateway => None,
            Self::Subnumber(number) => Some(number),
        }
    }
}

impl SendSurveyTurn {
    /// Picks; without a free number the session goes without one, by phone (P45).
    pub(super) fn pick_thread(&self, moment: &Moment<'_>) -> Thread {
        let phone = &self.prepared.command.identifier;
        let Some(channel) = &self.prepared.channel else {
            return Thread::Plain;
        };
        let picked = match channel.subnumber_mode(phone) {
            SubnumberMode::None => return Thread::Plain,
            SubnumberMode::GatewaySession => return Thread::OfGateway,
            SubnumberMode::OwnSuffix => {
                let drawn = &self.prepared.drawn;
                drawn.iter().find(|number| self.is_free(moment, number)).cloned()
            }
            SubnumberMode::NumberPool => {
                let uses = pool_uses(moment, phone.as_e164(), &channel.row.id);
                let size = u64::try_from(channel.pool_numbers.len()).unwrap_or(u64::MAX);
                let draw = usize::try_from(moment.engine.ids.below(size)).unwrap_or_default();
                subnumber::of_pool(&channel.pool_numbers, &uses, draw).map(str::to_owned)
            }
        };
        match picked {
            Some(number) => Thread::Subnumber(number),
            None => {
                tracing::warn!(channel_id = %channel.row.id, "no subnumber is free; the session goes without one");
                Thread::Plain
            }
        }
    }

    /// A number with a suffix leads to this session alone from now on (GW53).
    pub(super) fn keep_suffix(&self, moment: &mut Moment<'_>, session_id: &str, thread: &Thread) {
        let key =
            thread.subnumber().filter(|_| !self.prepared.drawn.is_empty()).and_then(|n| self.suffix_key(n));
        let Some((gateway, handle)) = key else {
            return;
        };
        let row = HandleRow {
            gateway,
            handle,
            session_id: session_id.to_owned(),
            phone: self.prepared.command.identifier.as_e164().to_owned(),
            created_at: moment.at(),
        };
        moment.space.handles.put((row.gateway.clone(), row.handle.clone()), row);
    }

    /// Under what a number with a suffix is kept.
    pub(super) fn suffix_key(&self, number: &str) -> Option<(String, String)> {
        self.prepared.channel.as_ref().map(|channel| (channel.row.gateway.clone(), bare(number)))
    }

    /// Nobody has the number, and nobody had it lately (A27).
    fn is_free(&self, moment: &Moment<'_>, number: &str) -> bool {
        let Some(known) = self.suffix_key(number).and_then(|key| moment.space.handles.get(&key)) else {
            return true;
        };
        let ended_at = moment.space.sessions.get(&known.session_id).and_then(|session| session.closed_at);
        subnumber::is_free(Some(Holder { ended_at }), moment.at())
    }
}

fn pool_uses<'a>(moment: &'a Moment<'_>, phone: &str, channel_id: &str) -> Vec<PoolUse<'a>> {
    let of_channel = |session: &&SessionRow| session.channel_id == channel_id;
    let used = |session: &'a SessionRow| {
        let number = session.subnumber.as_deref()?;
        Some(PoolUse { number, is_open: session.status.is_open(), at: session.created_at })
    };
    moment.space.sessions_of(phone).filter(of_channel).filter_map(used).collect()
}
