-- Event webhooks (http-api.md 11, V1-V7, RE35): who is told which facts, what is to be told, and what came of it.

-- A receiver. Lists are JSON in TEXT.
CREATE TABLE webhooks (
    id TEXT NOT NULL PRIMARY KEY,
    -- https, and no address of a private network (V4).
    url TEXT NOT NULL,
    -- Kinds of events it wants; an empty list stands for all.
    events TEXT NOT NULL,
    -- Slugs of the surveys whose events it wants; an empty list stands for all, events of no survey too.
    survey_ids TEXT NOT NULL,
    -- Whether it may see phones and elements marked pii (V6).
    include_pii BOOLEAN NOT NULL,
    enabled BOOLEAN NOT NULL,
    -- Why it is not: operator, gone (it answered 410), failing (RE35).
    disabled_reason TEXT CHECK (disabled_reason IN ('operator', 'gone', 'failing')),
    -- `whsec_` and 32 bytes in base64; it signs every call (V1).
    secret TEXT NOT NULL,
    -- The one before, which signs too until the end of the change-over.
    previous_secret TEXT,
    previous_secret_until TIMESTAMP,
    -- Since when every attempt has failed; none after a success.
    failing_since TIMESTAMP,
    -- A replay in progress: the last event it has looked at, and the last one it will.
    replay_after TEXT,
    replay_until TEXT,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    CHECK (enabled = (disabled_reason IS NULL)),
    CHECK ((previous_secret IS NULL) = (previous_secret_until IS NULL)),
    CHECK ((replay_after IS NULL) = (replay_until IS NULL))
);

-- One event to tell one receiver, written in the turn that recorded the event (V3). It names the webhook without
-- referring to it: a node that has not heard of a deletion yet must not fail a turn.
CREATE TABLE webhook_deliveries (
    webhook_id TEXT NOT NULL,
    -- Also the webhook-id of every call.
    event_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('due', 'sending', 'delivered', 'failed')),
    -- When it may be tried; while it is sent, when its lease ends.
    due_at TIMESTAMP,
    -- Attempts ever; an attempt settles only what it has claimed.
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    -- Attempts since it was due for the first time, or since the last replay.
    tries INTEGER NOT NULL CHECK (tries >= 0),
    created_at TIMESTAMP NOT NULL,
    settled_at TIMESTAMP,
    PRIMARY KEY (webhook_id, event_id),
    CHECK ((due_at IS NOT NULL) = (state IN ('due', 'sending'))),
    CHECK ((settled_at IS NULL) = (state IN ('due', 'sending')))
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at, event_id) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_settled ON webhook_deliveries (settled_at) WHERE settled_at IS NOT NULL;

-- One call and what was answered (V7).
CREATE TABLE webhook_attempts (
    id TEXT NOT NULL PRIMARY KEY,
    webhook_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    -- Kind of the event.
    kind TEXT NOT NULL,
    -- From 1.
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    started_at TIMESTAMP NOT NULL,
    duration_ms INTEGER NOT NULL CHECK (duration_ms >= 0),
    result TEXT NOT NULL,
    -- HTTP status, if there was an answer.
    status INTEGER,
    -- The first kilobyte of the answer.
    response TEXT
);
CREATE INDEX webhook_attempts_started ON webhook_attempts (webhook_id, started_at, id);
