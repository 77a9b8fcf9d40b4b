//! Two nodes on one PostgreSQL do each thing once, in order, whichever of them is asked (RE8, RE13, RE16, RE28).

mod setup;
mod start;
mod tls;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use antiphon::app::claim_messages::{ClaimMessages, Claimed};
use antiphon::app::engine::Engine;
use antiphon::app::receive_message::{InboundMessage, ReceiveMessage, Received};
use antiphon::app::send_survey::{SendSurvey, SendSurveyTurn, Sent, prepare};
use antiphon::app::settle_message::SettleMessage;
use antiphon::clock::ManualClock;
use antiphon::config::{Config, Inputs};
use antiphon::gateway::SendResult;
use antiphon::ids::Ids;
use antiphon::phone::{Phone, PhoneRules};
use antiphon::server::{Role, Server};
use antiphon::session::Outcome;
use antiphon::store::schema;
use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use futures_util::future::join_all;

use crate::support::{Backend, Database};

const SURVEY: &str = "format: antiphon/1\nid: ask\ntitle: Ask\nlanguages: [en]\ndefault_language: en\n\
    settings: { expiry: 24h }\nelements:\n  - { id: intro, type: text, text: { en: Reply STOP to opt out. } }\n  \
    - { id: score, type: scale, min: 1, max: 5, text: { en: \"How was it? Reply 1-5.\" } }\n  - { id: again, \
    type: scale, min: 1, max: 5, text: { en: \"And the price? Reply 1-5.\" } }\ncompletion: { text: { en: Thank \
    you! } }\n";

/// Two servers without dispatchers on one database; the tests are their dispatchers.
struct Nodes {
    servers: Vec<Server>,
    clock: ManualClock,
    database: Database,
    _folder: tempfile::TempDir,
}

impl Nodes {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let database = Backend::Postgres.open();
        let clock = ManualClock::new("2026-11-21T08:00:00Z".parse().unwrap());
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ask.yaml"), SURVEY).unwrap();
        let own = [
            ("server.bind", "127.0.0.1:0"),
            ("database.url", &database.url),
            ("surveys.folder", folder.path().to_str().unwrap()),
            ("gateways.simulator.profile", "simulator"),
            ("gateways.simulator.params.proof", "none"),
            ("channels.simulator.gateway", "simulator"),
            ("channels.simulator.sender", "2099"),
            ("channels.simulator.sender_type", "short_number"),
        ];
        let flags: Vec<(String, String)> =
            own.iter().chain(settings).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let mut servers = Vec::new();
        for seed in [11, 12] {
            let config = Config::load(&Inputs { flags: flags.clone(), ..Inputs::default() }).unwrap();
            let (clock, ids) = (clock.clock(), Ids::seeded(seed));
            servers.push(Server::start(config, clock, ids, Role::WithoutWorker).await.unwrap());
        }
        Self { servers, clock, database, _folder: folder }
    }

    fn engines(&self) -> impl Iterator<Item = &Engine> {
        self.servers.iter().map(|server| &server.engine)
    }

    /// SendSurvey for each phone at both nodes at the same time; gives the outcomes, node by node.
    async fn ask_at_both(&self, phones: &[String]) -> Vec<Sent> {
        let asked = self.engines().flat_map(|engine| phones.iter().map(|phone| ask(engine, phone)));
        join_all(asked).await
    }

    /// Every phone is asked, by one node or the other.
    async fn ask(&self, phones: &[String]) {
        let engines: Vec<&Engine> = self.engines().collect();
        let asked = phones.iter().enumerate().map(|(number, phone)| ask(engines[number % 2], phone));
        assert!(join_all(asked).await.iter().all(|sent| matches!(sent, Sent::Created(_))));
    }

    /// Both claim and hand over, at the same time, until neither finds anything; what each of them claimed.
    async fn dispatch(&self) -> Vec<Vec<Claimed>> {
        join_all(self.engines().map(|engine| async move {
            let mut all = Vec::new();
            loop {
                let claimed = engine.store.write(ClaimMessages::new(engine, BTreeMap::new())).await.unwrap();
                // Whoever was passed over for the other's sake is found in the next round.
                if claimed.is_empty() {
                    return all;
                }
                join_all(claimed.iter().map(|claimed| accept(engine, claimed))).await;
                all.extend(claimed);
            }
        }))
        .await
    }

    /// The clock goes on, second by second, and both dispatch: until all is sent.
    async fn dispatch_for(&self, seconds: usize) -> Vec<Claimed> {
        let mut all = Vec::new();
        for _ in 0..seconds {
            all.extend(self.dispatch().await.into_iter().flatten());
            self.clock.advance(TimeDelta::seconds(1));
        }
        all
    }

    async fn stop(self) {
        for server in self.servers {
            server.stop().await;
        }
    }
}

async fn ask(engine: &Engine, phone: &str) -> Sent {
    let command = SendSurvey {
        client_reference: Some("visit-1".to_owned()),
        ..SendSurvey::of("ask", Phone::identifier(phone, &PhoneRules::default()).unwrap())
    };
    let prepared = prepare(engine, command, engine.clock.now()).unwrap();
    engine.store.write(SendSurveyTurn { engine: engine.clone(), prepared, idempotent: None }).await.unwrap()
}

async fn accept(engine: &Engine, claimed: &Claimed) {
    let result = SendResult::Accepted { external_id: Some(claimed.message.id.clone()), session: None };
    let (engine, claimed) = (engine.clone(), claimed.clone());
    engine.store.clone().write(SettleMessage { engine, claimed, result, jitter: 0 }).await.unwrap();
}

async fn receive(engine: &Engine, phone: &str, id: &str, text: &str) -> Received {
    let message = InboundMessage {
        gateway: "simulator".to_owned(),
        provider_id: Some(id.to_owned()),
        from: phone.to_owned(),
        to: "2099".to_owned(),
        text: text.to_owned(),
        handle: None,
        reply_to: None,
        intent: None,
        provider_at: None,
        flags: Vec::new(),
    };
    let place = engine.store.draw_places(1).await.unwrap()[0];
    engine.store.write(ReceiveMessage::new(engine, message, place)).await.unwrap()
}

fn phones(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("+47{}", 40_000_000 + number)).collect()
}

#[tokio::test]
async fn re16_two_nodes_that_claim_at_the_same_time_take_each_message_once_and_in_order() {
    let nodes =
        Nodes::start(&[("outbox.claim_batch", "16"), ("channels.simulator.throttle_per_second", "10000")])
            .await;
    nodes.ask(&phones(200)).await;
    let claimed = nodes.dispatch_for(4).await;
    let ids: BTreeSet<&str> = claimed.iter().map(|claimed| claimed.message.id.as_str()).collect();
    assert_eq!((ids.len(), claimed.len()), (400, 400), "each once: an introduction and a question");
    let mut by_session: BTreeMap<&str, Vec<(i64, i32)>> = BTreeMap::new();
    for one in &claimed {
        let session = one.message.session_id.as_deref().unwrap();
        by_session.entry(session).or_default().push((one.message.send_seq.unwrap(), one.message.seq));
    }
    for sends in by_session.values_mut() {
        sends.sort_unstable();
        assert!(sends.is_sorted_by_key(|(_, seq)| *seq), "A12: {sends:?}");
    }
    let mut places: Vec<i64> = claimed.iter().filter_map(|claimed| claimed.message.send_seq).collect();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), 400, "RE11: one sequence for both nodes");
    nodes.stop().await;
}

#[tokio::test]
async fn re16_a_claim_passes_over_a_phone_that_somebody_holds_and_never_waits_for_it() {
    let nodes = Nodes::start(&[("channels.simulator.throttle_per_second", "10000")]).await;
    let phones = phones(3);
    nodes.ask(&phones).await;
    let mut other = nodes.database.connect();
    let hold = format!("BEGIN; SELECT 1 FROM contacts WHERE phone = '{}' FOR UPDATE", phones[0]);
    other.batch_execute(&hold).unwrap();
    let claimed: Vec<Claimed> = nodes.dispatch().await.into_iter().flatten().collect();
    let texted: BTreeSet<&str> = claimed.iter().map(|claimed| claimed.message.phone.as_str()).collect();
    assert_eq!(texted, BTreeSet::from([phones[1].as_str(), phones[2].as_str()]));
    other.batch_execute("COMMIT").unwrap();
    assert_eq!(nodes.dispatch().await.into_iter().flatten().count(), 1, "and now it is its turn");
    nodes.stop().await;
}

#[tokio::test]
async fn a_phone_that_is_held_up_holds_up_its_own_lane_and_no_other() {
    let nodes = Nodes::start(&[("database.writers", "4")]).await;
    let phones = phones(30);
    nodes.ask(&phones).await;
    let mut other = nodes.database.connect();
    let hold = format!("BEGIN; SELECT 1 FROM contacts WHERE phone = '{}' FOR UPDATE", phones[0]);
    other.batch_execute(&hold).unwrap();
    let turns: Vec<_> = phones
        .into_iter()
        .map(|phone| {
            let engine = nodes.servers[0].engine.clone();
            tokio::spawn(async move { receive(&engine, &phone, &format!("mo-{phone}"), "4").await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let done = turns.iter().filter(|turn| turn.is_finished()).count();
    assert!((1..30).contains(&done), "{done} turns of other lanes are done");
    other.batch_execute("COMMIT").unwrap();
    for turn in turns {
        turn.await.unwrap();
    }
    nodes.stop().await;
}

#[tokio::test]
async fn re16_whoever_held_a_phone_whose_message_was_due_wakes_the_dispatcher() {
    let nodes = Nodes::start(&[("channels.simulator.throttle_per_second", "10000")]).await;
    let phones = phones(1);
    nodes.ask(&phones).await;
    let engine = nodes.engines().next().unwrap();
    // Two repeats: the second changes nothing, but a claim may have passed the phone over meanwhile.
    receive(engine, &phones[0], "mo-1", "4").await;
    let wake = engine.store.signals().outbox.clone();
    wake.notified().await;
    assert_eq!(receive(engine, &phones[0], "mo-1", "4").await.outcome, None);
    tokio::time::timeout(Duration::from_secs(5), wake.notified()).await.unwrap();
    nodes.stop().await;
}

#[tokio::test]
async fn rf17_an_inbound_that_comes_to_both_nodes_has_one_effect() {
    let nodes = Nodes::start(&[("channels.simulator.throttle_per_second", "10000")]).await;
    let phones = phones(40);
    nodes.ask(&phones).await;
    nodes.dispatch_for(4).await;
    let received = join_all(nodes.engines().flat_map(|engine| {
        phones.iter().map(move |phone| async move {
            (phone, receive(engine, phone, &format!("mo-{phone}"), "4").await)
        })
    }))
    .await;
    for phone in &phones {
        let of_phone: Vec<&Received> =
            received.iter().filter(|(of, _)| *of == phone).map(|(_, one)| one).collect();
        let applied = of_phone.iter().filter(|one| one.outcome == Some(Outcome::Applied)).count();
        let repeats = of_phone.iter().filter(|one| one.outcome.is_none()).count();
        assert_eq!((applied, repeats), (1, 1), "{of_phone:?}");
        assert_eq!(of_phone[0].inbound_id, of_phone[1].inbound_id);
    }
    nodes.stop().await;
}

#[tokio::test]
async fn re13_of_two_replies_at_two_nodes_exactly_one_advances_the_session() {
    let nodes = Nodes::start(&[("channels.simulator.throttle_per_second", "10000")]).await;
    let phones = phones(40);
    nodes.ask(&phones).await;
    nodes.dispatch_for(4).await;
    let received = join_all(nodes.engines().enumerate().flat_map(|(node, engine)| {
        phones.iter().map(move |phone| async move {
            (phone, receive(engine, phone, &format!("mo-{node}-{phone}"), "4").await.outcome)
        })
    }))
    .await;
    for phone in &phones {
        let mut outcomes: Vec<_> =
            received.iter().filter(|(of, _)| *of == phone).filter_map(|(_, outcome)| *outcome).collect();
        outcomes.sort_by_key(|outcome| *outcome != Outcome::Applied);
        assert_eq!(outcomes, [Outcome::Applied, Outcome::Extra], "{phone}");
    }
    let answers: i64 = schema::answers::table
        .filter(schema::answers::inbound_id.is_not_null())
        .count()
        .get_result(&mut nodes.database.connect())
        .unwrap();
    assert_eq!(answers, 40);
    nodes.stop().await;
}

#[tokio::test]
async fn re24_the_same_sendsurvey_at_two_nodes_starts_one_session() {
    let nodes = Nodes::start(&[]).await;
    let phones = phones(60);
    let sent = nodes.ask_at_both(&phones).await;
    let created = sent.iter().filter(|sent| matches!(sent, Sent::Created(_))).count();
    assert_eq!(created, 60, "{sent:?}");
    assert!(sent.iter().all(|sent| matches!(sent, Sent::Created(_) | Sent::Duplicate { .. })), "{sent:?}");
    let sessions: i64 = schema::sessions::table.count().get_result(&mut nodes.database.connect()).unwrap();
    assert_eq!(sessions, 60);
    nodes.stop().await;
}

#[tokio::test]
async fn a73_the_rate_of_a_channel_holds_over_both_nodes_together() {
    let nodes = Nodes::start(&[("channels.simulator.throttle_per_second", "5")]).await;
    nodes.ask(&phones(30)).await;
    for second in 0..4 {
        let claimed = nodes.dispatch().await;
        assert_eq!(claimed.iter().map(Vec::len).sum::<usize>(), 5, "in second {second}");
        nodes.clock.advance(TimeDelta::seconds(1));
    }
    nodes.stop().await;
}

#[tokio::test]
async fn re8_places_are_drawn_in_one_order_between_nodes() {
    let nodes = Nodes::start(&[]).await;
    let engines: Vec<&Engine> = nodes.engines().collect();
    let mut last = 0;
    for round in 0..50 {
        let places = engines[round % 2].store.draw_places(round % 4 + 1).await.unwrap();
        assert_eq!(places.len(), round % 4 + 1);
        assert!(places.is_sorted() && places[0] > last, "{places:?} after {last}");
        last = *places.last().unwrap();
    }
    let draws = engines.iter().flat_map(|engine| (0..300).map(|_| engine.store.draw_places(2)));
    let drawn: Vec<i64> = join_all(draws).await.into_iter().flat_map(|places| places.unwrap()).collect();
    assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), 1200, "none twice");
    nodes.stop().await;
}
