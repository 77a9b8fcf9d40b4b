//! A verified and parsed callback: each item is a turn of its own, taken in order; a bad one does not spoil the
//! others (A84). It is done only when every item is stored (RE8).

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all, poll_immediate};
use tokio::time::Instant;

use super::engine::Engine;
use super::failure::Failure;
use super::receive_dead::ReceiveDead;
use super::receive_message::{InboundMessage, ReceiveMessage};
use super::receive_part::{PartReceived, ReceivePart};
use super::receive_status::{ReceiveStatus, StatusReport};
use crate::gateway::{CallbackItem, Concat, Inbound, Report, report_json};
use crate::store::WriteError;
use crate::telemetry::TurnKind;

/// Takes all items of a callback.
///
/// # Errors
/// [`Failure`] when one of them could not be stored; the gateway sends the callback again, and what is stored
/// has no second effect (RF17).
pub async fn receive_callback(
    engine: &Engine,
    gateway: &str,
    items: Vec<CallbackItem>,
) -> Result<(), Failure> {
    let mut waiting = Vec::new();
    let texts = items.iter().filter(|item| !matches!(item, CallbackItem::Report(_))).count();
    let mut places = engine.store.draw_places(texts).await?.into_iter();
    for item in items {
        let mut turn = turn(engine, gateway, item, &mut places)?;
        // The first poll hands the turn to the writer: that fixes their order.
        match poll_immediate(&mut turn).await {
            Some(done) => done?,
            None => waiting.push(turn),
        }
    }
    join_all(waiting).await.into_iter().collect()
}

/// The turn of one item; texts take their place in the one sequence (RE8).
fn turn(
    engine: &Engine,
    gateway: &str,
    item: CallbackItem,
    places: &mut impl Iterator<Item = i64>,
) -> Result<BoxFuture<'static, Result<(), Failure>>, Failure> {
    let engine = engine.clone();
    let gateway = gateway.to_owned();
    let mut place = || places.next().ok_or(Failure::Internal);
    Ok(match item {
        CallbackItem::Inbound(mut inbound) => {
            let concat = inbound.concat.take().filter(|concat| concat.total() > 1);
            let message = message_of(gateway, inbound);
            if engine.settings.log_bodies {
                tracing::trace!(gateway = %message.gateway, text = %message.text, "text received");
            }
            match concat {
                Some(concat) => receive_part(engine, message, concat, place()?).boxed(),
                None => receive(engine, message, place()?).boxed(),
            }
        }
        CallbackItem::Report(report) => report_turn(engine, gateway, report).boxed(),
        CallbackItem::Dead { error, raw } => {
            let work = ReceiveDead::unreadable(&engine, &gateway, &raw, error, place()?);
            bury(engine, work).boxed()
        }
    })
}

/// An inbound SMS as its turn takes it.
pub(super) fn message_of(gateway: String, inbound: Inbound) -> InboundMessage {
    InboundMessage {
        gateway,
        provider_id: inbound.id,
        from: inbound.from,
        to: inbound.to,
        text: inbound.text,
        handle: inbound.session,
        reply_to: inbound.reply_to,
        intent: inbound.intent,
        provider_at: inbound.provider_at,
        flags: inbound.flags,
    }
}

async fn receive(engine: Engine, message: InboundMessage, place: i64) -> Result<(), Failure> {
    let started = Instant::now();
    let work = ReceiveMessage::new(&engine, message.clone(), place);
    match engine.store.write(work).await {
        Ok(received) => {
            engine.metrics.turn(TurnKind::Reply, started.elapsed());
            if received.outcome.is_none() {
                engine.metrics.inbound(&message.gateway, "duplicate");
            }
            Ok(())
        }
        Err(WriteError::Fault(fault)) => {
            let work = ReceiveDead::faulted(&engine, &message, &fault.to_string(), place);
            bury(engine, work).await
        }
        Err(error @ WriteError::Store(_)) => Err(error.into()),
    }
}

/// A part of a longer text; the last one makes the turn of all (GW44).
async fn receive_part(
    engine: Engine,
    message: InboundMessage,
    concat: Concat,
    place: i64,
) -> Result<(), Failure> {
    let started = Instant::now();
    let work = ReceivePart::new(&engine, message.clone(), &concat, place);
    match engine.store.write(work).await {
        Ok(received) => {
            engine.metrics.turn(TurnKind::Reply, started.elapsed());
            if received == PartReceived::Repeat {
                engine.metrics.inbound(&message.gateway, "duplicate");
            }
            Ok(())
        }
        Err(WriteError::Fault(fault)) => {
            let work = ReceiveDead::faulted(&engine, &message, &fault.to_string(), place);
            bury(engine, work).await
        }
        Err(error @ WriteError::Store(_)) => Err(error.into()),
    }
}

async fn report_turn(engine: Engine, gateway: String, report: Report) -> Result<(), Failure> {
    let started = Instant::now();
    let raw = report_json(&report).to_string();
    let work = ReceiveStatus { engine: engine.clone(), report: StatusReport::of(&gateway, report) };
    match engine.store.write(work).await {
        Ok(_) => {
            engine.metrics.turn(TurnKind::Status, started.elapsed());
            Ok(())
        }
        Err(WriteError::Fault(fault)) => {
            let place = engine.store.draw_places(1).await?.pop().ok_or(Failure::Internal)?;
            let work = ReceiveDead::unreadable(&engine, &gateway, &raw, &fault.to_string(), place);
            bury(engine, work).await
        }
        Err(error @ WriteError::Store(_)) => Err(error.into()),
    }
}

async fn bury(engine: Engine, work: ReceiveDead) -> Result<(), Failure> {
    engine.store.write(work).await?;
    Ok(())
}
