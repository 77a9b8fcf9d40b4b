-- The survey loop: surveys, channels, consent, sessions, inbound, answers, outbox. Times are UTC with
-- microseconds; ids are UUIDv7 text; JSON stands in TEXT and is never filtered in SQL (HOUSE 4).
-- Tables that grow name each other's rows without foreign keys: one turn writes both rows, no row is ever renamed, and
-- to have each reference looked up again costs as much as the row itself, and forbids partitions (docs/scaling.md).

-- The one sequence that orders inbound texts and send starts, between nodes too (RE8, RE11): CACHE 1, so that no
-- node keeps values back. SQLite has none: its only process counts.
CREATE SEQUENCE turn_sequence AS BIGINT CACHE 1;

-- Facts about this installation: install_id, epoch, clock high-water, start counter (RE7).
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE surveys (
    id TEXT NOT NULL PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'active', 'archived')),
    active_revision INTEGER,
    latest_revision INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    CHECK (status = 'draft' OR active_revision IS NOT NULL)
);

-- Immutable (F6, A45).
CREATE TABLE survey_revisions (
    survey_id TEXT NOT NULL REFERENCES surveys (id),
    revision INTEGER NOT NULL CHECK (revision >= 1),
    hash TEXT NOT NULL,
    source TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (survey_id, revision)
);

CREATE TABLE channels (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind = 'sms'),
    enabled BOOLEAN NOT NULL,
    gateway TEXT NOT NULL,
    sender TEXT NOT NULL,
    sender_type TEXT NOT NULL CHECK (sender_type IN ('short_number', 'international')),
    subnumbering BOOLEAN NOT NULL,
    -- JSON list of further numbers of ours, for a gateway where we pick one of them (GW54).
    pool_numbers TEXT NOT NULL,
    -- JSON list of country codes; null = every country (simulator only).
    allowed_countries TEXT NOT NULL,
    -- Messages per second in millionths.
    throttle_micro BIGINT NOT NULL CHECK (throttle_micro >= 1),
    on_ambiguous TEXT NOT NULL CHECK (on_ambiguous IN ('by_class', 'at_most_once', 'at_least_once')),
    wait_for TEXT NOT NULL CHECK (wait_for IN ('accepted', 'delivered')),
    default_language TEXT,
    default_skill TEXT,
    keyword_scope TEXT NOT NULL CHECK (keyword_scope IN ('global', 'survey')),
    texts TEXT NOT NULL,
    keywords TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

-- The token bucket of a channel; counted in the claim transaction (A73, RF12).
CREATE TABLE channel_buckets (
    channel_id TEXT NOT NULL PRIMARY KEY REFERENCES channels (id),
    tokens_micro BIGINT NOT NULL,
    refilled_at TIMESTAMP NOT NULL,
    paused_until TIMESTAMP
);

CREATE TABLE gateway_states (
    name TEXT NOT NULL PRIMARY KEY,
    paused BOOLEAN NOT NULL,
    last_inbound_at TIMESTAMP,
    last_outbound_at TIMESTAMP,
    last_error TEXT,
    last_error_at TIMESTAMP,
    updated_at TIMESTAMP NOT NULL
);

-- One row per phone: lock target, counters, mute (RE7).
CREATE TABLE contacts (
    phone TEXT NOT NULL PRIMARY KEY,
    language TEXT,
    not_found_at TIMESTAMP,
    outbound_window_at TIMESTAMP,
    outbound_count INTEGER NOT NULL,
    -- Start of our last SMS, and how many texts in a row came within two seconds of one (GW85).
    sent_at TIMESTAMP,
    quick_replies INTEGER NOT NULL,
    muted_until TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

-- Current consent of a phone, global or for one survey (A57, A65).
CREATE TABLE consents (
    phone TEXT NOT NULL,
    scope TEXT NOT NULL,
    consent_type TEXT NOT NULL CHECK (consent_type IN ('none', 'written', 'express', 'stop')),
    source TEXT NOT NULL,
    obtained_at TIMESTAMP NOT NULL,
    keyword TEXT,
    inbound_id TEXT,
    actor TEXT,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (phone, scope)
);

-- The stop of a person whose number was erased, under the keyed hash of the number (RS11).
CREATE TABLE suppressions (
    phone_hash TEXT NOT NULL,
    scope TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (phone_hash, scope)
);

-- What was erased, under the keyed hash of the number: applied again after a restore (RF8, RS11).
CREATE TABLE erasures (
    id TEXT NOT NULL PRIMARY KEY,
    phone_hash TEXT NOT NULL,
    actor TEXT NOT NULL,
    erased_at TIMESTAMP NOT NULL
);

-- Append-only ledger behind consents (GW65).
CREATE TABLE consent_events (
    id TEXT NOT NULL PRIMARY KEY,
    phone TEXT NOT NULL,
    scope TEXT NOT NULL,
    consent_type TEXT NOT NULL,
    source TEXT NOT NULL,
    obtained_at TIMESTAMP NOT NULL,
    raw TEXT,
    note TEXT,
    inbound_id TEXT,
    actor TEXT,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX consent_events_phone ON consent_events (phone, id);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    survey_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'active', 'completed', 'exhausted', 'failed', 'expired', 'superseded', 'opted_out', 'cancelled')),
    status_reason TEXT,
    origin TEXT NOT NULL,
    phone TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    language TEXT NOT NULL,
    client_reference TEXT,
    variables TEXT NOT NULL,
    opening TEXT,
    progress TEXT,
    -- Until when a free text takes fragments (N98); progress says the same to the interpreter.
    appending_until TIMESTAMP,
    current_element_id TEXT,
    prompt_id TEXT,
    -- The gateway's newest handle.
    sms_session TEXT,
    -- The number it is sent from, when we picked one for it: short number and suffix, or one of the pool (GW53, GW54).
    subnumber TEXT,
    open_slot TEXT,
    next_sequence INTEGER NOT NULL,
    answers_count INTEGER NOT NULL,
    events_count INTEGER NOT NULL,
    is_test BOOLEAN NOT NULL,
    halted_at TIMESTAMP,
    faults INTEGER NOT NULL,
    inbound_count INTEGER NOT NULL,
    unavailable_count INTEGER NOT NULL,
    handed_over_at TIMESTAMP,
    wake_at TIMESTAMP,
    send_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    started_at TIMESTAMP,
    expires_at TIMESTAMP,
    closed_at TIMESTAMP,
    updated_at TIMESTAMP NOT NULL,
    version INTEGER NOT NULL,
    CHECK ((status IN ('pending', 'active')) = (closed_at IS NULL)),
    CHECK (status <> 'active' OR (progress IS NOT NULL AND expires_at IS NOT NULL))
)
-- Each page keeps room for the next version of its rows, so that a turn need not touch the indexes.
WITH (fillfactor = 70);
-- One exclusive open session per phone and sender (RE4): the slot is '' for exclusive policies, the session's
-- own id for parallel ones, NULL when not open or waiting.
CREATE UNIQUE INDEX sessions_open_slot ON sessions (channel_id, phone, open_slot) WHERE open_slot IS NOT NULL;
-- A number that we picked leads to one open session of a phone (GW53, GW54).
CREATE UNIQUE INDEX sessions_subnumber ON sessions (channel_id, phone, subnumber) WHERE subnumber IS NOT NULL AND closed_at IS NULL;
CREATE INDEX sessions_phone ON sessions (phone, created_at);
CREATE INDEX sessions_wake ON sessions (wake_at) WHERE wake_at IS NOT NULL;
-- Counted by /metrics without a look at the rows (RE44).
CREATE INDEX sessions_open ON sessions (survey_id, status, created_at) WHERE closed_at IS NULL;

-- The order in which lists give the sessions of a survey (http-api.md 1.5): each has one row, with the updated_at of its
-- own. Every turn changes that, and a database moves a row in the index of a column that is changed (PostgreSQL: in
-- all indexes of the table), so it stands in no index of sessions. A list over several surveys merges theirs.
CREATE TABLE session_updates (
    survey_id TEXT NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    session_id TEXT NOT NULL,
    PRIMARY KEY (survey_id, updated_at, session_id)
);

-- What leads to one session: a gateway's handle, for ever (GW52), or a short number with our suffix, which goes to
-- another session no sooner than 30 days after this one has ended (GW53, A27).
CREATE TABLE session_handles (
    gateway TEXT NOT NULL,
    handle TEXT NOT NULL,
    session_id TEXT NOT NULL,
    phone TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (handle, gateway)
);
CREATE INDEX session_handles_session ON session_handles (session_id);

-- Every inbound SMS, stored with its outcome (RE1).
CREATE TABLE inbound (
    id TEXT NOT NULL PRIMARY KEY,
    gateway TEXT NOT NULL,
    channel_id TEXT,
    provider_id TEXT,
    weak_key TEXT,
    recv_seq BIGINT NOT NULL,
    received_at TIMESTAMP NOT NULL,
    provider_at TIMESTAMP,
    sender TEXT NOT NULL,
    destination TEXT NOT NULL,
    handle TEXT,
    body TEXT NOT NULL,
    raw TEXT,
    flags TEXT NOT NULL DEFAULT '[]',
    outcome TEXT NOT NULL CHECK (outcome IN ('applied', 'keyword', 'extra', 'late', 'unmatched', 'conversation', 'ignored', 'dead')),
    outcome_reason TEXT,
    session_id TEXT,
    session_version INTEGER,
    error TEXT,
    resolved_at TIMESTAMP,
    resolution TEXT
);
-- Keys begin with the column that tells most rows apart: rows are looked for by many values of each column at once.
CREATE UNIQUE INDEX inbound_provider ON inbound (provider_id, gateway) WHERE provider_id IS NOT NULL;
-- Texts of a session are found by its phone, too.
CREATE INDEX inbound_sender ON inbound (sender, recv_seq);
CREATE INDEX inbound_dead ON inbound (resolved_at, received_at) WHERE outcome = 'dead';
CREATE INDEX inbound_received ON inbound (received_at, id);

-- Parts of long SMS of gateways that do not join them: stored each under its own key before its 200 (GW4, GW44). The
-- joined text stands in inbound; what is left here tells repeats and late parts.
CREATE TABLE inbound_parts (
    id TEXT NOT NULL PRIMARY KEY,
    -- Id of the part of this text that came first.
    group_id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    provider_id TEXT,
    sender TEXT NOT NULL,
    destination TEXT NOT NULL,
    -- What the sender's phone calls this text; used again before long.
    reference TEXT NOT NULL,
    total INTEGER NOT NULL CHECK (total BETWEEN 2 AND 255),
    part INTEGER NOT NULL CHECK (part >= 1 AND part <= total),
    -- Empty once it is joined.
    body TEXT NOT NULL,
    handle TEXT,
    provider_at TIMESTAMP,
    flags TEXT NOT NULL,
    recv_seq BIGINT NOT NULL,
    received_at TIMESTAMP NOT NULL,
    -- Until when it waits for the others; null once it is joined.
    join_at TIMESTAMP,
    session_id TEXT
);
CREATE UNIQUE INDEX inbound_parts_provider ON inbound_parts (gateway, provider_id, part) WHERE provider_id IS NOT NULL;
CREATE INDEX inbound_parts_sender ON inbound_parts (sender, reference);
CREATE INDEX inbound_parts_join ON inbound_parts (join_at) WHERE join_at IS NOT NULL;

-- Registered answers: one per element and visit (RE2).
CREATE TABLE answers (
    session_id TEXT NOT NULL,
    element_id TEXT NOT NULL,
    visit INTEGER NOT NULL CHECK (visit BETWEEN 1 AND 20),
    seq INTEGER NOT NULL,
    element_type TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('answered', 'skipped', 'not_asked', 'exhausted', 'expired')),
    value TEXT,
    position TEXT,
    code TEXT,
    label TEXT,
    raw TEXT NOT NULL,
    comment TEXT,
    method TEXT,
    attempts INTEGER NOT NULL,
    language TEXT NOT NULL,
    asked_at TIMESTAMP,
    answered_at TIMESTAMP NOT NULL,
    inbound_id TEXT UNIQUE,
    corrected_at TIMESTAMP,
    correction_of TEXT,
    PRIMARY KEY (session_id, element_id, visit),
    CHECK ((state = 'answered') = (value IS NOT NULL))
);

-- The outbox (P65, RE6).
CREATE TABLE messages (
    id TEXT NOT NULL PRIMARY KEY,
    session_id TEXT,
    channel_id TEXT NOT NULL,
    phone TEXT NOT NULL,
    seq INTEGER NOT NULL,
    class TEXT NOT NULL CHECK (class IN ('question', 'notice')),
    kind TEXT NOT NULL,
    priority INTEGER NOT NULL,
    element_id TEXT,
    visit INTEGER,
    body TEXT NOT NULL,
    encoding TEXT NOT NULL,
    segments INTEGER NOT NULL,
    due_at TIMESTAMP NOT NULL,
    ttl_at TIMESTAMP NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('due', 'sending', 'accepted', 'delivered', 'failed', 'unknown', 'held', 'expired', 'cancelled')),
    state_reason TEXT,
    -- Not finished for ordering: later messages of the session wait for it (RE16).
    is_open BOOLEAN NOT NULL,
    lease_token BIGINT NOT NULL,
    lease_until TIMESTAMP,
    attempts INTEGER NOT NULL,
    client_ref TEXT NOT NULL UNIQUE,
    send_seq BIGINT,
    possible_duplicate BOOLEAN NOT NULL,
    external_id TEXT,
    gateway_code TEXT,
    receipt TEXT,
    inbound_id TEXT,
    started_at TIMESTAMP,
    accepted_at TIMESTAMP,
    settled_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    CHECK ((state = 'sending') = (lease_until IS NOT NULL)),
    CHECK (is_open = (state IN ('due', 'sending', 'held') OR (state = 'unknown' AND settled_at IS NULL)))
);
CREATE UNIQUE INDEX messages_session ON messages (session_id, seq) WHERE session_id IS NOT NULL;
CREATE INDEX messages_due ON messages (priority, due_at, seq) WHERE state = 'due';
CREATE INDEX messages_lease ON messages (lease_until) WHERE state = 'sending';
CREATE INDEX messages_unknown ON messages (updated_at) WHERE state = 'unknown' AND is_open;
CREATE INDEX messages_held ON messages (ttl_at, due_at) WHERE state = 'held';
CREATE INDEX messages_external ON messages (external_id) WHERE external_id IS NOT NULL;
-- Unfinished ones, of a phone and so of its sessions; the index stays as small as they are few.
CREATE INDEX messages_phone ON messages (phone) WHERE is_open;
-- What was sent outside any session; the others are found by their session.
CREATE INDEX messages_alone ON messages (phone) WHERE session_id IS NULL;
CREATE INDEX messages_updated ON messages (updated_at, id);
CREATE INDEX messages_receipt ON messages (accepted_at) WHERE state = 'accepted' AND receipt IS NULL;

-- One row per try, written before the gateway is called (RE6, RE18).
CREATE TABLE send_attempts (
    message_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    node TEXT NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    result TEXT,
    code TEXT,
    external_id TEXT,
    PRIMARY KEY (message_id, attempt)
);

-- Delivery reports that came before the message's id was stored; matched then (RF16).
CREATE TABLE delivery_reports (
    id TEXT NOT NULL PRIMARY KEY,
    gateway TEXT NOT NULL,
    client_ref TEXT,
    external_id TEXT,
    state TEXT NOT NULL,
    code TEXT,
    reason TEXT,
    received_at TIMESTAMP NOT NULL,
    message_id TEXT
);
CREATE INDEX delivery_reports_external ON delivery_reports (external_id) WHERE message_id IS NULL;
CREATE INDEX delivery_reports_message ON delivery_reports (message_id) WHERE message_id IS NOT NULL;

-- Facts for webhooks, reports and dispositions, written in the turn (RE7).
CREATE TABLE events (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    session_id TEXT,
    sequence INTEGER NOT NULL,
    data TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);

-- Answers to POSTs with an Idempotency-Key, written with their effect (RE25).
CREATE TABLE idempotency (
    key_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    location TEXT,
    body TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (idempotency_key, key_id)
);

-- Natural key of SendSurvey (A03, RE24).
CREATE TABLE send_requests (
    survey_id TEXT NOT NULL,
    phone TEXT NOT NULL,
    client_reference TEXT NOT NULL,
    session_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (phone, survey_id, client_reference)
);

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    scopes TEXT NOT NULL,
    surveys TEXT NOT NULL,
    channels TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    revoked_at TIMESTAMP,
    last_used_at TIMESTAMP
);

-- Durable counters for caps that cost money, such as not-found texts per channel and hour (GW80).
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    window_at TIMESTAMP NOT NULL,
    count INTEGER NOT NULL
);

-- Append-only, hash-chained (RS10).
CREATE TABLE audit (
    seq BIGINT NOT NULL PRIMARY KEY CHECK (seq >= 1),
    at TIMESTAMP NOT NULL,
    actor TEXT NOT NULL,
    address TEXT,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL
);
