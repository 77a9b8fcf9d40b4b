//! Conversations that a call-centre manager can read, each played twice: through the interpreter alone, with its
//! progress written out and read back between turns, and through the whole server. The format is explained in
//! README.txt beside them.

mod core;
mod read;
mod server;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use self::read::{Step, Transcript};
use crate::support::Backend;

/// An SMS that reached a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sms {
    to: String,
    text: String,
}

/// Where a transcript is played.
trait Stage {
    /// The call centre calls SendSurvey; gives status and problem code.
    async fn send_survey(&mut self, call: &read::SendSurvey) -> (u16, String);
    /// A person texts.
    async fn text(&mut self, inbound: &read::Inbound);
    /// Time passes.
    async fn wait(&mut self, time: chrono::TimeDelta);
    /// What has been sent since the last look.
    fn arrived(&mut self) -> Vec<Sms>;
    /// The `number`th session, as the API shows it.
    async fn session(&mut self, number: usize) -> Json;
    /// What became of the latest text: outcome and reason.
    async fn last_inbound(&mut self) -> (String, Option<String>);
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/transcripts")
}

fn all() -> Vec<Transcript> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .filter(|path| !path.ends_with("README.txt"))
        .collect();
    files.sort();
    assert!(files.len() > 20, "the transcripts are gone");
    files.iter().map(|path| read::read(path)).collect()
}

#[tokio::test]
async fn every_transcript_plays_through_the_interpreter() {
    let mut faults = Vec::new();
    let mut played = 0;
    for transcript in all().iter().filter(|transcript| !transcript.server_only) {
        played += 1;
        let mut stage = core::Core::new(transcript);
        faults.extend(play(transcript, &mut stage).await.err());
    }
    assert!(played > 10, "only {played} transcripts were played");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[tokio::test]
async fn every_transcript_plays_through_the_whole_server() {
    for backend in Backend::ALL {
        let mut faults = Vec::new();
        for transcript in all() {
            let mut stage = server::Server::start(backend, &transcript).await;
            match play(&transcript, &mut stage).await {
                Ok(()) => stage.end().await,
                Err(fault) => {
                    stage.give_up();
                    faults.push(fault);
                }
            }
        }
        assert!(faults.is_empty(), "{backend:?}\n{}", faults.join("\n"));
    }
}

/// Plays a transcript; gives the first line that does not hold.
async fn play<S: Stage>(transcript: &Transcript, stage: &mut S) -> Result<(), String> {
    let mut inbox: VecDeque<Sms> = VecDeque::new();
    for (line, step) in &transcript.steps {
        let fault = |what: String| Err(format!("{}:{line}: {what}", transcript.name));
        match step {
            Step::Sms(expected) => match inbox.pop_front() {
                Some(sms) if sms == *expected => continue,
                Some(sms) => return fault(format!("expected {expected:?}\n         but got {sms:?}")),
                None => return fault(format!("expected {expected:?}, but nothing came")),
            },
            Step::Check { session, claim } => {
                check(stage, *session, claim).await.or_else(fault)?;
                continue;
            }
            Step::SendSurvey(_) | Step::Text(_) | Step::Wait(_) => {}
        }
        if let Some(sms) = inbox.front() {
            return fault(format!("before this, {sms:?} came and is not in the transcript"));
        }
        match step {
            Step::SendSurvey(call) => {
                let answer = stage.send_survey(call).await;
                if answer != call.expected {
                    return fault(format!("expected {:?}, but the answer is {answer:?}", call.expected));
                }
            }
            Step::Text(inbound) => stage.text(inbound).await,
            Step::Wait(time) => stage.wait(*time).await,
            Step::Sms(_) | Step::Check { .. } => {}
        }
        inbox.extend(stage.arrived());
    }
    match inbox.front() {
        Some(sms) => {
            Err(format!("{}: at the end {sms:?} came and is not in the transcript", transcript.name))
        }
        None => Ok(()),
    }
}

async fn check<S: Stage>(stage: &mut S, session: usize, claim: &read::Claim) -> Result<(), String> {
    if let read::Claim::Inbound { outcome, reason } = claim {
        let found = stage.last_inbound().await;
        let same = found.0 == *outcome && (reason.is_none() || found.1 == *reason);
        return if same { Ok(()) } else { Err(format!("the latest inbound is {found:?}")) };
    }
    let seen = stage.session(session).await;
    match claim {
        read::Claim::Inbound { .. } => Ok(()),
        read::Claim::Session { status, at } => {
            let found = (seen["status"].as_str().unwrap(), seen["currentElementId"].as_str());
            let same = found.0 == status && (at.is_none() || found.1 == at.as_deref());
            if same { Ok(()) } else { Err(format!("the session is {found:?}")) }
        }
        read::Claim::NoAnswer { element } => match answer(&seen, element, None) {
            Some(found) if found["state"] != "pending" => Err(format!("there is an answer: {found}")),
            Some(_) | None => Ok(()),
        },
        read::Claim::Answer(expected) => {
            let found = answer(&seen, &expected.element, expected.visit)
                .ok_or_else(|| format!("there is no answer to {}", expected.element))?;
            expected.compare(&found)
        }
    }
}

/// The latest answer to an element, or that of one visit.
fn answer(session: &Json, element: &str, visit: Option<u64>) -> Option<Json> {
    let answers = session["answers"].as_array().unwrap();
    answers
        .iter()
        .filter(|answer| answer["elementId"] == element)
        .filter(|answer| visit.is_none_or(|visit| answer["visit"] == visit))
        .max_by_key(|answer| answer["visit"].as_u64())
        .cloned()
}
