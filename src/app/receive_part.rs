//! [`ReceivePart`]: a part of a long SMS, of a gateway that does not join them (GW44). It is stored under its own key;
//! the last one to arrive makes the turn of the joined text in its own transaction. [`JoinWaiting`] does so once the
//! first has waited long enough for the others. What a joined text means is [`ReceiveMessage`]'s.

use chrono::Duration;

use super::engine::Engine;
use super::moment::Moment;
use super::receive_message::{InboundMessage, ReceiveMessage, Received, flags_json, read_flags};
use crate::clock::Timestamp;
use crate::gateway::{Concat, Flag};
use crate::store::parts::{self, PartRow};
use crate::store::{AnyConnection, Fault, Keys, Space, StoreError, Work};

/// Most texts that are joined at once because their wait is over.
const GROUPS_MAX: i64 = 512;

/// How long a part that was missing is known for one when it comes after all; a phone has used its references up
/// by then and begins again.
const LATE_PART_MEMORY: Duration = Duration::hours(24);

/// What became of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartReceived {
    /// Stored; others are missing.
    Waiting,
    /// It was the last; what became of the whole text.
    Joined(Received),
    /// Its text was joined without it; kept as `extra`.
    Late(Received),
    /// It was stored before.
    Repeat,
}

/// The turn of one part.
#[derive(Debug)]
pub struct ReceivePart {
    engine: Engine,
    row: PartRow,
    message: InboundMessage,
    /// The turn of the part as if it were a text of its own: names what a joined text needs too.
    turn: ReceiveMessage,
    wait: Duration,
}

impl ReceivePart {
    /// Takes a part in, with its place in the one sequence (RE8).
    #[must_use]
    pub fn new(engine: &Engine, message: InboundMessage, concat: &Concat, place: i64) -> Self {
        let turn = ReceiveMessage::new(engine, message.clone(), place);
        let now = engine.clock.now();
        let id = engine.ids.next(now);
        let row = PartRow {
            group_id: id.clone(),
            id,
            gateway: message.gateway.clone(),
            provider_id: message.provider_id.clone(),
            sender: turn.lane_key().unwrap_or(&message.from).to_owned(),
            destination: message.to.clone(),
            reference: concat.reference().to_owned(),
            total: i32::from(concat.total()),
            part: i32::from(concat.part()),
            body: message.text.chars().filter(|c| *c != '\0').collect(),
            handle: message.handle.clone(),
            provider_at: message.provider_at.map(|at| at.naive_utc()),
            flags: flags_json(message.flags.iter().map(|flag| flag.as_str())),
            recv_seq: place,
            received_at: now.naive_utc(),
            join_at: None,
            session_id: None,
        };
        let wait = Duration::from_std(concat.wait()).unwrap_or(Duration::MAX);
        Self { engine: engine.clone(), row, message, turn, wait }
    }

    fn take(
        &mut self,
        space: &mut Space,
        now: Timestamp,
        fault: Option<&Fault>,
    ) -> Result<PartReceived, Fault> {
        let row = &self.row;
        let known: Vec<PartRow> =
            space.parts_of(&row.sender, &row.reference).filter(|known| is_kin(known, row)).cloned().collect();
        if known.iter().any(|known| is_repeat(known, row)) {
            return Ok(PartReceived::Repeat);
        }
        let waiting = known.iter().find(|known| known.join_at.is_some());
        let is_taken =
            |group_id: &str| known.iter().any(|known| known.group_id == group_id && known.part == row.part);
        match waiting {
            // Two texts of one name at once: the second of them cannot be told from the first.
            Some(first) if is_taken(&first.group_id) => {
                return self.keep_extra(space, now, "part_repeated", first.clone());
            }
            Some(first) => {
                self.row.group_id.clone_from(&first.group_id);
                self.row.join_at = first.join_at;
            }
            None => {
                let since = row.received_at - LATE_PART_MEMORY;
                let lacks = |known: &&PartRow| known.received_at > since && !is_taken(&known.group_id);
                if let Some(joined) = known.iter().rev().find(lacks) {
                    return self.keep_extra(space, now, "late_part", joined.clone());
                }
                self.row.join_at = Some(row.received_at + self.wait);
            }
        }
        space.add_part(self.row.clone());
        let group = group_of(space, &self.row);
        if i32::try_from(group.len()).is_ok_and(|found| found < self.row.total) {
            return Ok(PartReceived::Waiting);
        }
        join(&self.engine, space, group, now, fault).map(PartReceived::Joined)
    }

    /// A part that its text was joined without is kept, and changes nothing (GW44).
    fn keep_extra(
        &self,
        space: &mut Space,
        now: Timestamp,
        reason: &'static str,
        of: PartRow,
    ) -> Result<PartReceived, Fault> {
        let (group_id, session_id) = (of.group_id, of.session_id.clone());
        space.add_part(PartRow {
            group_id,
            body: String::new(),
            session_id: of.session_id,
            ..self.row.clone()
        });
        let message = with_free_id(space, self.message.clone());
        let turn =
            ReceiveMessage::joined(&self.engine, message, self.row.recv_seq, self.row.received_at.and_utc());
        let mut moment = Moment { engine: &self.engine, space, now };
        turn.keep_extra(&mut moment, reason, session_id).map(PartReceived::Late)
    }
}

impl Work for ReceivePart {
    type Output = PartReceived;

    fn lane_key(&self) -> Option<&str> {
        Some(&self.row.sender)
    }

    fn keys(&mut self, connection: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        keys.parts.insert((self.row.sender.clone(), self.row.reference.clone()));
        self.turn.keys(connection, keys)
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<PartReceived, Fault> {
        self.take(space, now, None)
    }

    fn bury(&mut self, space: &mut Space, now: Timestamp, fault: &Fault) -> Result<PartReceived, Fault> {
        self.take(space, now, Some(fault))
    }
}

/// The turn of a text whose parts have waited long enough.
#[derive(Debug)]
pub struct JoinWaiting {
    engine: Engine,
    first: PartRow,
    /// The turn of the first part alone: names what the joined text needs too.
    turn: ReceiveMessage,
}

impl JoinWaiting {
    fn new(engine: &Engine, first: PartRow) -> Self {
        let turn =
            ReceiveMessage::new(engine, message_of(&first, first.body.clone(), Vec::new()), first.recv_seq);
        Self { engine: engine.clone(), first, turn }
    }

    fn join(&self, space: &mut Space, now: Timestamp, fault: Option<&Fault>) -> Result<(), Fault> {
        let group = group_of(space, &self.first);
        // The last part may have come in the meantime, or another node may have been quicker.
        let is_due = group.first().and_then(|first| first.join_at).is_some_and(|at| at <= now.naive_utc());
        if is_due {
            join(&self.engine, space, group, now, fault)?;
        }
        Ok(())
    }
}

impl Work for JoinWaiting {
    type Output = ();

    fn lane_key(&self) -> Option<&str> {
        Some(&self.first.sender)
    }

    fn keys(&mut self, connection: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        keys.parts.insert((self.first.sender.clone(), self.first.reference.clone()));
        self.turn.keys(connection, keys)
    }

    fn run(&mut self, space: &mut Space, now: Timestamp) -> Result<(), Fault> {
        self.join(space, now, None)
    }

    fn bury(&mut self, space: &mut Space, now: Timestamp, fault: &Fault) -> Result<(), Fault> {
        self.join(space, now, Some(fault))
    }
}

/// Joins the texts whose wait is over, each as a turn of its own; gives when the next one is.
///
/// # Errors
/// [`StoreError`] when they cannot be read; one that faults does not stop the others.
pub async fn join_waiting(engine: &Engine) -> Result<Option<Timestamp>, StoreError> {
    loop {
        let now = engine.clock.now().naive_utc();
        let due = engine.store.read(move |connection| parts::due_groups(connection, now, GROUPS_MAX)).await?;
        let full = i64::try_from(due.len()).is_ok_and(|found| found == GROUPS_MAX);
        let turns = due.into_iter().map(|first| engine.store.write(JoinWaiting::new(engine, first)));
        for result in futures_util::future::join_all(turns).await {
            if let Err(error) = result {
                tracing::error!(%error, "the parts of a text could not be joined");
            }
        }
        if !full {
            break;
        }
    }
    let next = engine.store.read(parts::next_due).await?;
    Ok(next.map(|at| at.and_utc()))
}

/// Whether two parts belong to texts that their phone calls by one name.
fn is_kin(known: &PartRow, row: &PartRow) -> bool {
    known.gateway == row.gateway && known.destination == row.destination && known.total == row.total
}

/// Whether a part is the other one once more: by the gateway's id, else by all that is known of it. The body of a
/// joined part is gone; its name is not used again within minutes.
fn is_repeat(known: &PartRow, row: &PartRow) -> bool {
    match (&known.provider_id, &row.provider_id) {
        (Some(id), Some(new)) => id == new && known.part == row.part,
        (None, None) => {
            let is_recent = known.received_at > row.received_at - Duration::minutes(5);
            known.part == row.part && is_recent && (known.join_at.is_none() || known.body == row.body)
        }
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// The parts of a text that waits, in their order.
fn group_of(space: &Space, row: &PartRow) -> Vec<PartRow> {
    let kin = space.parts_of(&row.sender, &row.reference);
    let mut group: Vec<PartRow> =
        kin.filter(|known| known.group_id == row.group_id && known.join_at.is_some()).cloned().collect();
    group.sort_by_key(|part| part.part);
    group
}

/// One turn handles the joined text, at the place in the order at which its first part came.
fn join(
    engine: &Engine,
    space: &mut Space,
    group: Vec<PartRow>,
    now: Timestamp,
    fault: Option<&Fault>,
) -> Result<Received, Fault> {
    let first = group.iter().min_by_key(|part| part.recv_seq);
    let first = first.ok_or_else(|| Fault::Invariant("no part waits to be joined".to_owned()))?.clone();
    let is_complete = i32::try_from(group.len()).is_ok_and(|found| found == first.total);
    let words: Vec<String> = group.iter().flat_map(PartRow::flags).collect();
    let mut flags = read_flags(&words);
    if !is_complete {
        flags.push(Flag::Incomplete);
    }
    let text: String = group.iter().map(|part| part.body.as_str()).collect();
    let message = with_free_id(space, message_of(&first, text, flags));
    let mut turn = ReceiveMessage::joined(engine, message, first.recv_seq, first.received_at.and_utc());
    let received = match fault {
        None => turn.run(space, now)?,
        Some(fault) => turn.bury(space, now, fault)?,
    };
    for part in group {
        if let Some(row) = space.part_mut(&part) {
            row.join_at = None;
            row.body = String::new();
            row.session_id.clone_from(&received.session_id);
        }
    }
    Ok(received)
}

/// Some gateways give all parts of a text one id; a row of `inbound` has its own or none.
fn with_free_id(space: &Space, message: InboundMessage) -> InboundMessage {
    let seen = message.provider_id.as_deref().and_then(|id| space.seen_inbound(&message.gateway, id));
    let provider_id = if seen.is_some() { None } else { message.provider_id.clone() };
    InboundMessage { provider_id, ..message }
}

/// A text as its first part says it: from whom, to whom and when.
fn message_of(first: &PartRow, text: String, flags: Vec<Flag>) -> InboundMessage {
    InboundMessage {
        gateway: first.gateway.clone(),
        provider_id: first.provider_id.clone(),
        from: first.sender.clone(),
        to: first.destination.clone(),
        text,
        handle: first.handle.clone(),
        // The gateways that do not join parts name neither.
        reply_to: None,
        intent: None,
        provider_at: first.provider_at.map(|at| at.and_utc()),
        flags,
    }
}
