//! What a turn, a claim, a timer, a sweep and a scrape cost does not grow with the data: the database finds every
//! row by an index, and on PostgreSQL by a key that could be sharded (issue 3; docs/scaling.md).

use std::collections::{BTreeMap, BTreeSet};

use antiphon::app::claim_messages::ClaimMessages;
use antiphon::app::receive_status::{ReceiveStatus, StatusReport};
use antiphon::app::sweep_outbox::SweepOutbox;
use antiphon::clock::Timestamp;
use antiphon::gateway::ReportState;
use antiphon::store::phones::ErasureRow;
use antiphon::store::{
    AnyConnection, Fault, Keys, Space, StoreError, Work, inbound, messages, parts, phones as people, sessions,
};
use chrono::Duration;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use regex::Regex;
use serde_json::Value;

use super::statements::{Watched, phones};
use crate::support::Backend;

/// Tables that grow with the traffic.
const BIG: [&str; 19] = [
    "sessions",
    "session_updates",
    "messages",
    "inbound",
    "answers",
    "events",
    "contacts",
    "consents",
    "consent_events",
    "send_attempts",
    "session_handles",
    "send_requests",
    "idempotency",
    "delivery_reports",
    "inbound_parts",
    "customers",
    "customer_phones",
    "customer_terms",
    "feed_items",
];

/// Lets PostgreSQL plan as if ten million rows were stored and a million were unfinished: with an empty table it takes
/// any index for as good as another.
const TEN_MILLION_ROWS: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
    SET jit = off; \
    UPDATE pg_class SET relpages = 1, reltuples = CASE relkind WHEN 'r' THEN 1e7 ELSE 1e6 END \
    WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace";

/// Indexes of what is unfinished or went wrong, read from one end or counted: they are as small as what waits.
const UNFINISHED: [&str; 9] = [
    "inbound_dead",
    "inbound_parts_join",
    "messages_due",
    "messages_lease",
    "messages_unknown",
    "messages_held",
    "messages_receipt",
    "sessions_wake",
    "sessions_open",
];

/// By which columns a turn may find and write the rows of a table, if the tables are ever sharded by phone: the phone,
/// or an id that we make and that can carry the shard of the phone. docs/scaling.md says what each would need.
const SHARD_KEYS: [(&str, &[&str]); 14] = [
    ("sessions", &["id", "phone"]),
    ("session_updates", &["session_id"]),
    ("contacts", &["phone"]),
    ("consents", &["phone"]),
    ("consent_events", &["phone"]),
    ("suppressions", &["phone_hash"]),
    ("messages", &["id", "session_id", "phone", "client_ref"]),
    ("send_attempts", &["message_id"]),
    ("answers", &["session_id"]),
    ("events", &["session_id"]),
    ("send_requests", &["phone"]),
    ("session_handles", &["session_id", "phone"]),
    ("inbound", &["sender"]),
    ("inbound_parts", &["id", "sender"]),
];

/// What a gateway alone has named. The caller knows the phone of `handle` and `provider_id` and could say it too;
/// a report has nothing but `external_id`, and needs a table that leads from it to the phone.
const NAMED_BY_GATEWAYS: [(&str, &str); 4] = [
    ("session_handles", "handle"),
    ("inbound", "provider_id"),
    ("delivery_reports", "external_id"),
    ("messages", "external_id"),
];

/// A turn that wants everything there is to want.
struct Everything;

impl Work for Everything {
    type Output = ();

    fn keys(&mut self, _: &mut AnyConnection, keys: &mut Keys) -> Result<(), StoreError> {
        let word = || "word".to_owned();
        let words = [
            &mut keys.phones,
            &mut keys.sessions,
            &mut keys.messages,
            &mut keys.client_refs,
            &mut keys.external_ids,
            &mut keys.weak_keys,
            &mut keys.counters,
            &mut keys.buckets,
            &mut keys.answers_of,
        ];
        for set in words {
            set.insert(word());
        }
        keys.provider_ids.insert((word(), word()));
        keys.handles.insert((word(), word()));
        keys.parts.insert((word(), word()));
        keys.idempotency.insert((word(), word()));
        keys.send_requests.insert((word(), word(), word()));
        keys.gateway_buckets.insert((word(), word()));
        keys.part_reports = true;
        Ok(())
    }

    fn run(&mut self, _: &mut Space, _: Timestamp) -> Result<(), Fault> {
        Ok(())
    }
}

/// Does everything that happens all day; gives the statements.
async fn a_day(watched: &Watched) -> BTreeSet<String> {
    let engine = watched.engine();
    let at_start = watched.known();
    let crowd = phones(0, 3);
    watched.ask(&crowd).await;
    watched.reply(&crowd, "4").await;
    watched.ask(&phones(3, 1)).await;
    watched.reply(&phones(0, 1), "STOP").await;
    let strangers = phones(700, 1);
    watched.reply(&strangers, "hello").await;
    engine.store.write(Everything).await.unwrap();
    engine.store.write(ClaimMessages::new(engine, BTreeMap::new())).await.unwrap();
    engine.store.write(SweepOutbox::new(engine)).await.unwrap();
    let report = StatusReport {
        gateway: "simulator".to_owned(),
        client_ref: Some("r".to_owned()),
        external_id: Some("x".to_owned()),
        state: ReportState::Delivered,
        code: None,
        reason: None,
        part: Some(1),
    };
    engine.store.write(ReceiveStatus { engine: engine.clone(), report }).await.unwrap();
    let now = engine.clock.now().naive_utc();
    let connection = &mut watched.database.connect();
    messages::next_due(connection, now).unwrap();
    messages::due_load(connection, now).unwrap();
    messages::next_overdue(connection, Duration::seconds(1), Duration::seconds(1)).unwrap();
    messages::all_sending(connection).unwrap();
    messages::open_load(connection).unwrap();
    messages::unknown_by_channel(connection).unwrap();
    sessions::due_timers(connection, now, 100).unwrap();
    sessions::next_timer(connection).unwrap();
    sessions::open_load(connection).unwrap();
    sessions::oldest_timers(connection, now).unwrap();
    inbound::dead_load(connection).unwrap();
    parts::due_groups(connection, now, 100).unwrap();
    parts::next_due(connection).unwrap();
    parts::waiting_load(connection).unwrap();
    people::dossier(connection, "+4740000000", "hash").unwrap();
    queries(watched, &at_start)
}

/// Forgets somebody who has answered.
fn erase(watched: &Watched) {
    let at = watched.engine().clock.now().naive_utc();
    let row = ErasureRow {
        id: "erasure".to_owned(),
        phone_hash: "hash".to_owned(),
        actor: "test".to_owned(),
        erased_at: at,
    };
    watched.database.connect().write(|connection| people::erase(connection, &phones(0, 1)[0], &row)).unwrap();
}

/// What was asked of tables that grow, but for what was asked before.
fn queries(watched: &Watched, before: &BTreeSet<String>) -> BTreeSet<String> {
    let is_query =
        |sql: &String| ["SELECT", "INSERT", "UPDATE", "DELETE"].iter().any(|verb| sql.starts_with(verb));
    // An erasure looks through the answers that are kept for repeats: they live a week.
    let is_query = |sql: &String| is_query(sql) && !sql.contains(" LIKE ");
    let about_tables = |sql: &String| BIG.iter().any(|table| sql.contains(table));
    let new = watched.known().into_iter().filter(|sql| !before.contains(sql));
    new.filter(is_query).filter(about_tables).collect()
}

#[tokio::test]
async fn nothing_that_happens_all_day_reads_a_big_table_from_end_to_end() {
    for backend in Backend::ALL {
        let watched = Watched::start(backend).await;
        let at_start = watched.known();
        a_day(&watched).await;
        erase(&watched);
        let statements = queries(&watched, &at_start);
        assert!(statements.len() > 30, "{statements:#?}");
        let connection = &mut watched.database.connect();
        if let AnyConnection::Postgres(postgres) = connection {
            postgres.batch_execute(TEN_MILLION_ROWS).unwrap();
        }
        let scans: Vec<String> = statements
            .iter()
            .flat_map(|sql| match connection {
                AnyConnection::Sqlite(sqlite) => scans_of_sqlite(sqlite, sql),
                AnyConnection::Postgres(postgres) => scans_of_postgres(postgres, sql),
            })
            .collect();
        assert!(scans.is_empty(), "{scans:#?}");
        watched.server.stop().await;
    }
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Integer)]
    #[expect(dead_code, reason = "SQLite gives it")]
    id: i32,
    #[diesel(sql_type = Text)]
    detail: String,
}

/// `SCAN` of a big table, unless it is an index of what is unfinished.
fn scans_of_sqlite(connection: &mut SqliteConnection, sql: &str) -> Vec<String> {
    let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(connection).unwrap();
    let scan = Regex::new(r"^SCAN (\w+)(?: .*INDEX (\w+))?").unwrap();
    let is_fault = |step: &&Step| {
        scan.captures(&step.detail).is_some_and(|found| {
            let is_big = BIG.contains(&&found[1]) || &found[1] == "earlier";
            is_big && !found.get(2).is_some_and(|index| UNFINISHED.contains(&index.as_str()))
        })
    };
    steps.iter().filter(is_fault).map(|step| format!("{} in {sql}", step.detail)).collect()
}

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = Text)]
    #[diesel(column_name = "QUERY PLAN")]
    plan: String,
}

/// Scans without a condition on an index, and claims that sort, as PostgreSQL plans with no table to spare.
fn scans_of_postgres(connection: &mut PgConnection, sql: &str) -> Vec<String> {
    let params = Regex::new(r"\$(\d+)").unwrap();
    let count = params.captures_iter(sql).map(|found| found[1].parse::<usize>().unwrap()).max().unwrap_or(0);
    let execute = match count {
        0 => "EXECUTE asked".to_owned(),
        _ => format!("EXECUTE asked ({})", vec!["NULL"; count].join(", ")),
    };
    // As the lanes set it; readers may.
    let is_claim = sql.contains("SKIP LOCKED");
    connection.batch_execute(&format!("SET enable_bitmapscan = {}", !is_claim)).unwrap();
    let typed = with_types(connection, sql);
    connection
        .batch_execute(&format!("PREPARE asked AS {typed}"))
        .unwrap_or_else(|error| panic!("{error}: {sql}"));
    let explain = format!("EXPLAIN (FORMAT JSON) {execute}");
    let plan: Vec<Plan> = diesel::sql_query(explain).load(connection).unwrap();
    connection.batch_execute("DEALLOCATE asked").unwrap();
    let plan: Value = serde_json::from_str(&plan[0].plan).unwrap();
    let mut faults = Vec::new();
    walk(&plan[0]["Plan"], &mut |node| {
        let text = |name: &str| node[name].as_str().unwrap_or_default();
        let is_fault = match text("Node Type") {
            "Seq Scan" => BIG.contains(&text("Relation Name")),
            "Index Scan" | "Index Only Scan" | "Bitmap Index Scan" => {
                let of_big = BIG.iter().any(|table| text("Index Name").starts_with(table));
                of_big && node["Index Cond"].is_null() && !UNFINISHED.contains(&text("Index Name"))
            }
            // A claim reads what is most urgent in the order of an index; a backlog is never sorted for it.
            "Sort" => is_claim,
            _ => false,
        };
        if is_fault {
            faults.push(format!("{} {} in {sql}", text("Node Type"), text("Index Name")));
        }
    });
    faults
}

fn walk(node: &Value, look: &mut impl FnMut(&Value)) {
    look(node);
    for inner in node["Plans"].as_array().into_iter().flatten() {
        walk(inner, look);
    }
}

#[derive(QueryableByName)]
struct ColumnType {
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    data_type: String,
}

/// PostgreSQL cannot guess what the arrays of an UNNEST hold; the columns they are for can tell.
fn with_types(connection: &mut PgConnection, sql: &str) -> String {
    let written = Regex::new(
        r#"^(?s)(?:INSERT INTO|UPDATE|DELETE FROM) "(\w+)".*?(?:\(([^()]*)\) SELECT \* FROM )?UNNEST\(([^()]*)\)(?: AS changed \(([^()]*)\))?"#,
    )
    .unwrap();
    let Some(found) = written.captures(sql) else {
        return sql.to_owned();
    };
    let of_table: Vec<ColumnType> = diesel::sql_query(
        "SELECT column_name::text, data_type::text FROM information_schema.columns WHERE table_name = $1",
    )
    .bind::<Text, _>(&found[1])
    .load(connection)
    .unwrap();
    let names = found.get(2).or(found.get(4)).unwrap().as_str();
    let typed = names.split(", ").enumerate().map(|(place, name)| {
        let column = of_table.iter().find(|column| column.column_name == name.trim_matches('"')).unwrap();
        format!("${}::{}[]", place + 1, column.data_type)
    });
    let typed: Vec<String> = typed.collect();
    sql.replace(&found[3], &typed.join(", "))
}

/// The columns a statement of a turn finds or writes its rows by.
fn found_by<'a>(sql: &'a str, table: &str) -> BTreeSet<&'a str> {
    if sql.starts_with("INSERT") {
        let listed = sql.split_once(") ").unwrap().0;
        return Regex::new(r#""(\w+)""#)
            .unwrap()
            .captures_iter(listed)
            .map(|c| c.get(1).unwrap().as_str())
            .collect();
    }
    let equal = Regex::new(&format!(r#""{table}"\."(\w+)" = (?:ANY\(|changed\.|\$)"#)).unwrap();
    let condition = sql.split_once(" WHERE ").unwrap_or_else(|| panic!("every row of {table}: {sql}")).1;
    equal.captures_iter(condition).map(|found| found.get(1).unwrap().as_str()).collect()
}

#[tokio::test]
async fn every_statement_of_a_turn_names_the_phone_or_a_key_that_can_carry_it() {
    let watched = Watched::start(Backend::Postgres).await;
    let statements = a_day(&watched).await;
    // Claims, sweeps, lists and gauges look for work on every shard; they are limited or counted.
    let of_turns = statements.iter().filter(|sql| {
        sql.contains("$1") && ["LIMIT", "GROUP BY", "count("].iter().all(|word| !sql.contains(word))
    });
    let of_table = Regex::new(r#"(?:FROM|INTO|UPDATE) "(\w+)""#).unwrap();
    let mut seen = BTreeSet::new();
    for sql in of_turns {
        let table = of_table.captures(sql).unwrap()[1].to_owned();
        let Some((_, keys)) = SHARD_KEYS.iter().find(|(known, _)| *known == table) else {
            continue;
        };
        let columns = found_by(sql, &table);
        let by_gateway = NAMED_BY_GATEWAYS.iter().any(|(of, key)| *of == table && columns.contains(key));
        assert!(by_gateway || keys.iter().any(|key| columns.contains(key)), "{columns:?}: {sql}");
        seen.insert(table);
    }
    assert!(seen.len() >= 10, "{seen:?}");
    watched.server.stop().await;
}
