-- What gateways limit and report beside what the core knows of them (gateways.md 2.1).

-- The token bucket of a gateway's own rate, beside those of its channels (`limits.rate`); counted in the claim
-- transaction.
CREATE TABLE gateway_buckets (
    -- The gateway's configured name.
    gateway TEXT NOT NULL,
    -- Our number whose rate it is; empty = the whole account.
    sender TEXT NOT NULL,
    -- Millionths of a token, below zero after a message of more parts than the bucket held.
    tokens_micro BIGINT NOT NULL,
    -- When it was last refilled.
    refilled_at TIMESTAMP NOT NULL,
    PRIMARY KEY (gateway, sender)
);

-- Which SMS part of a message a report is about, for gateways that report each (GW34); null = all of it.
ALTER TABLE delivery_reports ADD COLUMN part INTEGER CHECK (part BETWEEN 0 AND 255);
