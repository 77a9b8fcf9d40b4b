//! The tables of migration 0003: webhooks, what is to be told to them, and the calls made.

#![expect(missing_docs, reason = "columns are documented in migrations/*/0003_webhooks/up.sql")]

diesel::table! {
    webhooks (id) {
        id -> Text,
        url -> Text,
        events -> Text,
        survey_ids -> Text,
        include_pii -> Bool,
        enabled -> Bool,
        disabled_reason -> Nullable<Text>,
        secret -> Text,
        previous_secret -> Nullable<Text>,
        previous_secret_until -> Nullable<Timestamp>,
        failing_since -> Nullable<Timestamp>,
        replay_after -> Nullable<Text>,
        replay_until -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    webhook_deliveries (webhook_id, event_id) {
        webhook_id -> Text,
        event_id -> Text,
        state -> Text,
        due_at -> Nullable<Timestamp>,
        attempts -> Integer,
        tries -> Integer,
        created_at -> Timestamp,
        settled_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    webhook_attempts (id) {
        id -> Text,
        webhook_id -> Text,
        event_id -> Text,
        kind -> Text,
        attempt -> Integer,
        started_at -> Timestamp,
        duration_ms -> Integer,
        result -> Text,
        status -> Nullable<Integer>,
        response -> Nullable<Text>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(webhooks, webhook_deliveries, webhook_attempts);
