//! [`Metrics`]: the counters, gauges and histograms of O2 for one server, as Prometheus reads them. Labels never
//! hold phones, session ids or text: only names of gateways, surveys and elements, and fixed words.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

use super::outcomes::{Incident, SendSurveyOutcome, TurnKind};

/// Content type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Set when the binary is built, if the builder knows it.
pub const REVISION: Option<&str> = option_env!("BUILD_REVISION");

type Labels<const N: usize> = [(&'static str, String); N];
type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Gauges<const N: usize> = Family<Labels<N>, Gauge>;
type Seconds<const N: usize> = Family<Labels<N>, Gauge<f64, AtomicU64>>;
type Histograms<const N: usize> = Family<Labels<N>, Histogram, fn() -> Histogram>;

/// The metrics of one server. Cloning is cheap; all clones count together, and two servers in one process do not.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
    inbound: Counters<2>,
    turn_seconds: Histograms<1>,
    answers: Counters<3>,
    invalid_replies: Counters<3>,
    send_survey: Counters<1>,
    sessions_open: Gauges<1>,
    session_oldest: Seconds<1>,
    sessions_closed: Counters<2>,
    outbound: Counters<3>,
    delivery: Counters<3>,
    outbox_depth: Gauges<1>,
    outbox_oldest: Seconds<1>,
    send_lag: Histograms<2>,
    reply_lag: Histograms<1>,
    possible_duplicates: Counters<1>,
    unknown_sends: Gauges<1>,
    timer_oldest: Seconds<1>,
    inbound_parts: Gauge,
    inbound_part_overdue: Gauge<f64, AtomicU64>,
    dead_letters: Gauges<1>,
    dead_letter_oldest: Seconds<1>,
    optouts: Counters<1>,
    incidents: Counters<1>,
    webhook_attempts: Counters<1>,
    budget_left: Gauges<2>,
    gateway_circuit: Gauges<1>,
    shed: Counters<1>,
    clock_drift: Gauge<f64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Metrics that all stand at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("antiphon");
        let build = [("version", env!("CARGO_PKG_VERSION")), ("revision", REVISION.unwrap_or("unknown"))];
        registry.register("build", "Version and revision of the binary", Info::new(build));
        let r = &mut registry;
        // The encoder adds _total to counters and _info to infos.
        let mut metrics = Self {
            inbound: add(r, "inbound", "Inbound SMS by what became of them", Counters::default()),
            turn_seconds: add(
                r,
                "turn_seconds",
                "Time of a turn, commit included",
                histograms(quick_buckets),
            ),
            answers: add(r, "answers", "Answers recorded", Counters::default()),
            invalid_replies: add(r, "invalid_replies", "Replies asked again", Counters::default()),
            send_survey: add(r, "send_survey", "SendSurvey calls", Counters::default()),
            sessions_open: add(r, "sessions_open", "Sessions not ended yet", Gauges::default()),
            session_oldest: add(
                r,
                "session_oldest_seconds",
                "Age of the oldest session not ended yet",
                Seconds::default(),
            ),
            sessions_closed: add(r, "sessions_closed", "Sessions that ended", Counters::default()),
            outbound: add(r, "outbound", "SMS by state reached", Counters::default()),
            delivery: add(
                r,
                "delivery",
                "Delivery reports that changed a message, or with an unknown word",
                Counters::default(),
            ),
            outbox_depth: add(r, "outbox_depth", "SMS waiting, by state", Gauges::default()),
            outbox_oldest: add(
                r,
                "outbox_oldest_seconds",
                "Age of the oldest SMS waiting",
                Seconds::default(),
            ),
            send_lag: add(r, "send_lag_seconds", "From due to accepted", histograms(slow_buckets)),
            reply_lag: add(
                r,
                "reply_lag_seconds",
                "From an inbound SMS to the next prompt handed over",
                histograms(slow_buckets),
            ),
            possible_duplicates: add(r, "possible_duplicates", "SMS sent a second time", Counters::default()),
            unknown_sends: add(r, "unknown_sends", "SMS nobody knows the fate of", Gauges::default()),
            timer_oldest: add(
                r,
                "timer_oldest_seconds",
                "How long the oldest timer is overdue",
                Seconds::default(),
            ),
            inbound_parts: add(
                r,
                "inbound_parts",
                "Parts of long inbound SMS that wait for the others",
                Gauge::default(),
            ),
            inbound_part_overdue: add(
                r,
                "inbound_part_overdue_seconds",
                "How long the parts that wait longest should have been joined",
                Gauge::default(),
            ),
            dead_letters: add(r, "dead_letters", "Unresolved dead letters", Gauges::default()),
            dead_letter_oldest: add(
                r,
                "dead_letter_oldest_seconds",
                "Age of the oldest unresolved dead letter",
                Seconds::default(),
            ),
            optouts: add(r, "optouts", "People who said stop", Counters::default()),
            incidents: add(r, "incidents", "What a person should look at", Counters::default()),
            webhook_attempts: add(r, "webhook_attempts", "Calls to webhooks by result", Counters::default()),
            budget_left: add(r, "budget_left", "Surveys that may still start today", Gauges::default()),
            gateway_circuit: add(
                r,
                "gateway_circuit",
                "0 sends go out, 1 one tries, 2 none goes out",
                Gauges::default(),
            ),
            shed: add(r, "shed", "Requests refused under load", Counters::default()),
            clock_drift: add(r, "clock_drift_seconds", "How far the clock was set back", Gauge::default()),
            registry: Arc::default(),
        };
        metrics.registry = Arc::new(registry);
        metrics
    }

    /// Counts an inbound SMS by its outcome; also `duplicate` and `forged`, which are stored nowhere.
    pub fn inbound(&self, gateway: &str, outcome: &str) {
        let labels = [("gateway", gateway.to_owned()), ("outcome", outcome.to_owned())];
        self.inbound.get_or_create(&labels).inc();
    }

    /// Measures a turn, from the writer's begin to its commit.
    pub fn turn(&self, kind: TurnKind, took: Duration) {
        let labels = [("kind", kind.as_str().to_owned())];
        self.turn_seconds.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Counts an answer; `kind` is the element's type, `method` how the reply was read.
    pub fn answer(&self, survey: &str, kind: &str, method: &str) {
        let labels =
            [("survey", survey.to_owned()), ("type", kind.to_owned()), ("method", method.to_owned())];
        self.answers.get_or_create(&labels).inc();
    }

    /// Counts a reply that was asked again.
    pub fn invalid_reply(&self, survey: &str, element: &str, reason: &str) {
        let labels =
            [("survey", survey.to_owned()), ("element", element.to_owned()), ("reason", reason.to_owned())];
        self.invalid_replies.get_or_create(&labels).inc();
    }

    /// Counts a SendSurvey call.
    pub fn send_survey(&self, outcome: SendSurveyOutcome) {
        self.send_survey.get_or_create(&[("outcome", outcome.as_str().to_owned())]).inc();
    }

    /// Sets how many sessions of a survey are open.
    pub fn sessions_open(&self, survey: &str, count: u64) {
        self.sessions_open.get_or_create(&[("survey", survey.to_owned())]).set(saturated(count));
    }

    /// Sets how old the oldest session of a status is that is not final (RE44).
    pub fn session_oldest(&self, status: &str, age: Duration) {
        self.session_oldest.get_or_create(&[("status", status.to_owned())]).set(age.as_secs_f64());
    }

    /// Counts a session that ended.
    pub fn session_closed(&self, survey: &str, status: &str) {
        let labels = [("survey", survey.to_owned()), ("status", status.to_owned())];
        self.sessions_closed.get_or_create(&labels).inc();
    }

    /// Counts an SMS that reached a state; `class` is question or notice.
    pub fn outbound(&self, gateway: &str, class: &str, state: &str) {
        let labels =
            [("gateway", gateway.to_owned()), ("class", class.to_owned()), ("state", state.to_owned())];
        self.outbound.get_or_create(&labels).inc();
    }

    /// Counts a delivery report that changed a message; also `unmapped`, a word nobody knows (GW33).
    pub fn delivery(&self, gateway: &str, receipt: &str, class: &str) {
        let labels =
            [("gateway", gateway.to_owned()), ("receipt", receipt.to_owned()), ("class", class.to_owned())];
        self.delivery.get_or_create(&labels).inc();
    }

    /// Sets how many SMS wait in a state, and how old the oldest is.
    pub fn outbox(&self, state: &str, depth: u64, oldest: Duration) {
        let labels = [("state", state.to_owned())];
        self.outbox_depth.get_or_create(&labels).set(saturated(depth));
        self.outbox_oldest.get_or_create(&labels).set(oldest.as_secs_f64());
    }

    /// Measures the way of an SMS from due to accepted.
    pub fn send_lag(&self, gateway: &str, class: &str, lag: Duration) {
        let labels = [("gateway", gateway.to_owned()), ("class", class.to_owned())];
        self.send_lag.get_or_create(&labels).observe(lag.as_secs_f64());
    }

    /// Measures how long a person waited for the next prompt.
    pub fn reply_lag(&self, gateway: &str, lag: Duration) {
        self.reply_lag.get_or_create(&[("gateway", gateway.to_owned())]).observe(lag.as_secs_f64());
    }

    /// Counts an SMS sent a second time without knowing about the first (RE21).
    pub fn possible_duplicate(&self, gateway: &str) {
        self.possible_duplicates.get_or_create(&[("gateway", gateway.to_owned())]).inc();
    }

    /// Counts a call to a webhook.
    pub fn webhook_attempt(&self, result: &str) {
        self.webhook_attempts.get_or_create(&[("result", result.to_owned())]).inc();
    }

    /// Sets how many sends are unknown.
    pub fn unknown_sends(&self, gateway: &str, count: u64) {
        self.unknown_sends.get_or_create(&[("gateway", gateway.to_owned())]).set(saturated(count));
    }

    /// Sets how long the oldest timer of a kind is overdue; `kind` is start or question.
    pub fn timer_oldest(&self, kind: &str, overdue: Duration) {
        self.timer_oldest.get_or_create(&[("kind", kind.to_owned())]).set(overdue.as_secs_f64());
    }

    /// Sets how many parts of long inbound SMS wait for others, and how long the oldest of them is overdue (RE32).
    pub fn inbound_parts(&self, count: u64, overdue: Duration) {
        self.inbound_parts.set(saturated(count));
        self.inbound_part_overdue.set(overdue.as_secs_f64());
    }

    /// Sets how many dead letters of a kind wait for somebody, and how long the oldest does (RE34).
    pub fn dead_letters(&self, kind: &str, count: u64, oldest: Duration) {
        let labels = [("kind", kind.to_owned())];
        self.dead_letters.get_or_create(&labels).set(saturated(count));
        self.dead_letter_oldest.get_or_create(&labels).set(oldest.as_secs_f64());
    }

    /// Sets the state of a gateway's circuit: 0 closed, 1 half open, 2 open.
    pub fn gateway_circuit(&self, gateway: &str, state: u64) {
        self.gateway_circuit.get_or_create(&[("gateway", gateway.to_owned())]).set(saturated(state));
    }

    /// Counts a person who said stop; `scope` is global or survey.
    pub fn optout(&self, scope: &str) {
        self.optouts.get_or_create(&[("scope", scope.to_owned())]).inc();
    }

    /// Counts something a person should look at.
    pub fn incident(&self, incident: Incident) {
        self.incidents.get_or_create(&[("kind", incident.as_str().to_owned())]).inc();
    }

    /// Sets how many surveys may still start today; `kind` is key or channel, `of` its id or name (GW88).
    pub fn budget_left(&self, kind: &str, of: &str, surveys: u64) {
        let labels = [("kind", kind.to_owned()), ("of", of.to_owned())];
        self.budget_left.get_or_create(&labels).set(saturated(surveys));
    }

    /// Counts a request refused under load, by route pattern.
    pub fn shed(&self, route: &str) {
        self.shed.get_or_create(&[("route", route.to_owned())]).inc();
    }

    /// Sets how far the wall clock is behind the time we tell (RF29).
    pub fn clock_drift(&self, seconds: f64) {
        self.clock_drift.set(seconds);
    }

    /// All metrics as text; see [`CONTENT_TYPE`].
    #[must_use]
    pub fn encode(&self) -> String {
        let mut page = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut page, &self.registry);
        page
    }
}

fn add<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

fn histograms<const N: usize>(buckets: fn() -> Histogram) -> Histograms<N> {
    Family::new_with_constructor(buckets)
}

/// 0.5 ms to 4 s.
fn quick_buckets() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 14))
}

/// 50 ms to about 14 minutes.
fn slow_buckets() -> Histogram {
    Histogram::new(exponential_buckets(0.05, 2.0, 15))
}

fn saturated(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_have_the_names_and_labels_of_o2() {
        let metrics = Metrics::new();
        metrics.inbound("simulator", "applied");
        metrics.inbound("simulator", "applied");
        metrics.turn(TurnKind::Reply, Duration::from_millis(3));
        metrics.answer("nps", "nps", "exact");
        metrics.invalid_reply("nps", "score", "out_of_range");
        metrics.send_survey(SendSurveyOutcome::Created);
        metrics.session_closed("nps", "completed");
        metrics.outbound("simulator", "question", "accepted");
        metrics.delivery("simulator", "delivered", "question");
        metrics.outbox("due", 3, Duration::from_millis(1_500));
        metrics.send_lag("simulator", "question", Duration::from_secs(1));
        metrics.reply_lag("simulator", Duration::from_secs(20));
        metrics.possible_duplicate("simulator");
        metrics.unknown_sends("simulator", 2);
        metrics.inbound_parts(2, Duration::from_secs(3));
        metrics.dead_letters("inbound", 1, Duration::from_secs(5));
        metrics.sessions_open("nps", 4);
        metrics.session_oldest("active", Duration::from_mins(1));
        metrics.timer_oldest("start", Duration::ZERO);
        metrics.gateway_circuit("simulator", 2);
        metrics.optout("global");
        metrics.incident(Incident::PhoneMuted);
        metrics.shed("/v1/surveys/{survey}/send");
        metrics.clock_drift(2.5);
        let page = metrics.encode();
        let version = env!("CARGO_PKG_VERSION");
        for line in [
            "antiphon_inbound_total{gateway=\"simulator\",outcome=\"applied\"} 2",
            "antiphon_turn_seconds_count{kind=\"reply\"} 1",
            "antiphon_answers_total{survey=\"nps\",type=\"nps\",method=\"exact\"} 1",
            "antiphon_invalid_replies_total{survey=\"nps\",element=\"score\",reason=\"out_of_range\"} 1",
            "antiphon_send_survey_total{outcome=\"created\"} 1",
            "antiphon_sessions_closed_total{survey=\"nps\",status=\"completed\"} 1",
            "antiphon_outbound_total{gateway=\"simulator\",class=\"question\",state=\"accepted\"} 1",
            "antiphon_delivery_total{gateway=\"simulator\",receipt=\"delivered\",class=\"question\"} 1",
            "antiphon_outbox_depth{state=\"due\"} 3",
            "antiphon_outbox_oldest_seconds{state=\"due\"} 1.5",
            "antiphon_send_lag_seconds_count{gateway=\"simulator\",class=\"question\"} 1",
            "antiphon_reply_lag_seconds_bucket{le=\"12.8\",gateway=\"simulator\"} 0",
            "antiphon_possible_duplicates_total{gateway=\"simulator\"} 1",
            "antiphon_unknown_sends{gateway=\"simulator\"} 2",
            "antiphon_dead_letters{kind=\"inbound\"} 1",
            "antiphon_dead_letter_oldest_seconds{kind=\"inbound\"} 5.0",
            "antiphon_sessions_open{survey=\"nps\"} 4",
            "antiphon_session_oldest_seconds{status=\"active\"} 60.0",
            "antiphon_timer_oldest_seconds{kind=\"start\"} 0.0",
            "antiphon_gateway_circuit{gateway=\"simulator\"} 2",
            "antiphon_optouts_total{scope=\"global\"} 1",
            "antiphon_incidents_total{kind=\"phone_muted\"} 1",
            "antiphon_shed_total{route=\"/v1/surveys/{survey}/send\"} 1",
            "antiphon_clock_drift_seconds 2.5",
            &format!("antiphon_build_info{{version=\"{version}\",revision=\"unknown\"}} 1"),
        ] {
            let found = page.lines().any(|given| given == line);
            assert!(found || (line.contains("revision") && REVISION.is_some()), "{line}\n{page}");
        }
        assert!(page.ends_with("# EOF\n"));
    }

    #[test]
    fn two_servers_in_one_process_count_apart() {
        let (one, other) = (Metrics::new(), Metrics::new());
        one.clone().optout("global");
        assert!(one.encode().contains("antiphon_optouts_total{"));
        assert!(!other.encode().contains("antiphon_optouts_total{"));
    }
}
