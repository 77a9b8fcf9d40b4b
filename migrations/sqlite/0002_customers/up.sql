-- Customers beside the surveys: who they are, their phones, their feed, the templates, triggers and handoffs that
-- messages to them are made of. Conventions as in 0001_core.

-- Consents are listed by type and time; the ledger row behind the current state tells those of one instant apart
-- without naming the phone.
ALTER TABLE consents ADD COLUMN ledger_id TEXT;
UPDATE consents SET ledger_id = (
    SELECT max(consent_events.id) FROM consent_events
    WHERE consent_events.phone = consents.phone AND consent_events.scope = consents.scope
);
CREATE INDEX consents_type ON consents (consent_type, updated_at, ledger_id);

-- A person known by the client's own id (R17, R03).
CREATE TABLE customers (
    id TEXT NOT NULL PRIMARY KEY,
    -- The client's own customer id, 1 to 100 characters.
    ccid TEXT NOT NULL UNIQUE,
    first_name TEXT NOT NULL,
    last_name TEXT,
    -- Language code; null = that of the number's country.
    language TEXT,
    -- IANA name; null = the zones of the number (A69).
    timezone TEXT,
    -- Grouping label; `default` when the client names none (A74).
    product_group TEXT NOT NULL,
    -- A customer who is not active is sent nothing on his own behalf.
    active BOOLEAN NOT NULL,
    -- JSON object of texts, at most 100 (R04).
    attributes TEXT NOT NULL,
    -- JSON list of texts.
    tags TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    CHECK (length(ccid) BETWEEN 1 AND 100)
);
CREATE INDEX customers_created ON customers (created_at, id);

-- Connections: the phones of a customer, at most 50, and the customers of a phone, at most 50 (R03). Consent belongs
-- to the phone and stands in consents (A65).
CREATE TABLE customer_phones (
    customer_id TEXT NOT NULL REFERENCES customers (id),
    -- E.164.
    phone TEXT NOT NULL,
    phone_type TEXT NOT NULL CHECK (phone_type IN ('mobile', 'landline', 'unknown')),
    -- Where the client has it from.
    client_source TEXT,
    -- Order in which the client named them, from 0.
    position INTEGER NOT NULL CHECK (position >= 0),
    -- False once it was taken away; nothing is sent to it for this customer.
    active BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (customer_id, phone)
) WITHOUT ROWID;
CREATE INDEX customer_phones_phone ON customer_phones (phone);

-- What customers are looked for by: one row per tag, word of the name, product group and attribute, folded (lower
-- case, no accents). The same facts as in customers, as an index; JSON is never filtered in SQL.
CREATE TABLE customer_terms (
    -- `tags`, `name`, `product_group` or `attributes.<key>`.
    field TEXT NOT NULL,
    -- Folded, at most its first 200 characters.
    value TEXT NOT NULL,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    PRIMARY KEY (field, value, customer_id)
) WITHOUT ROWID;

-- What a customer was sent or would have been; append-only (R06, A75).
CREATE TABLE feed_items (
    id TEXT NOT NULL PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers (id),
    -- What posted it.
    trigger_id TEXT,
    campaign_id TEXT,
    template_id TEXT,
    survey_id TEXT,
    -- The session that was started.
    session_id TEXT,
    -- The text as rendered for this customer; null for a survey.
    body TEXT,
    -- SHA-256 in hex of trigger and parameters: the same message within 15 minutes is a duplicate (requirements.md 7.3).
    fingerprint TEXT NOT NULL,
    -- JSON object of texts.
    input_parameters TEXT NOT NULL,
    client_message_tag TEXT,
    launched_by_name TEXT,
    launched_by_source TEXT,
    -- JSON list of what became of it: phone, status, reason, message.
    notifications TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    CHECK (trigger_id IS NOT NULL OR campaign_id IS NOT NULL)
);
CREATE INDEX feed_items_customer ON feed_items (customer_id, created_at, id);

-- The flood guard of a phone: 10 different messages in 5 minutes, then none until 5 minutes of silence (GW89, A73).
-- Only what we send of our own accord counts.
CREATE TABLE floods (
    phone TEXT NOT NULL PRIMARY KEY,
    -- JSON list of what was sent in the last 5 minutes: fingerprint and time, at most 10.
    recent TEXT NOT NULL,
    -- It has had too many and is sent nothing until 5 minutes have passed without any.
    is_blocked BOOLEAN NOT NULL,
    -- The last one that was sent or wanted to be.
    last_at TIMESTAMP NOT NULL
) WITHOUT ROWID;

-- Reusable texts with {{variables}} (Z07-Z19).
CREATE TABLE templates (
    id TEXT NOT NULL PRIMARY KEY,
    -- As cleaned: [a-z0-9_].
    name TEXT NOT NULL UNIQUE,
    language TEXT NOT NULL,
    category TEXT,
    -- JSON list of the channels it is made available to; empty = all (Z11).
    channel_ids TEXT NOT NULL,
    body TEXT NOT NULL,
    -- JSON list of texts, shown as numbered lines (Z16).
    quick_replies TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

-- Named causes that send a template or start a survey (R07).
CREATE TABLE triggers (
    -- The client's own id, 1 to 100 characters.
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    template_id TEXT REFERENCES templates (id),
    survey_id TEXT REFERENCES surveys (id),
    -- Null = the deployment's default, or the survey's.
    channel_id TEXT REFERENCES channels (id),
    allow_existing_session TEXT NOT NULL CHECK (allow_existing_session IN ('closed', 'non_active', 'any')),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    CHECK ((template_id IS NULL) <> (survey_id IS NULL))
);

-- Stored routing set-ups (http-api.md 7.2).
CREATE TABLE handoffs (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- JSON list.
    channel_ids TEXT NOT NULL,
    skill TEXT NOT NULL,
    template_id TEXT REFERENCES templates (id),
    -- How long a reply is tied to it.
    lookback_seconds BIGINT NOT NULL CHECK (lookback_seconds >= 1),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
