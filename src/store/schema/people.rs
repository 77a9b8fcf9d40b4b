//! The tables of migration 0002: customers, their phones and feed, templates, triggers, handoffs.

#![expect(missing_docs, reason = "columns are documented in migrations/*/0002_customers/up.sql")]

diesel::table! {
    customers (id) {
        id -> Text,
        ccid -> Text,
        first_name -> Text,
        last_name -> Nullable<Text>,
        language -> Nullable<Text>,
        timezone -> Nullable<Text>,
        product_group -> Text,
        active -> Bool,
        attributes -> Text,
        tags -> Text,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    customer_phones (customer_id, phone) {
        customer_id -> Text,
        phone -> Text,
        phone_type -> Text,
        client_source -> Nullable<Text>,
        position -> Integer,
        active -> Bool,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    customer_terms (field, value, customer_id) {
        field -> Text,
        value -> Text,
        customer_id -> Text,
    }
}

diesel::table! {
    feed_items (id) {
        id -> Text,
        customer_id -> Text,
        trigger_id -> Nullable<Text>,
        campaign_id -> Nullable<Text>,
        template_id -> Nullable<Text>,
        survey_id -> Nullable<Text>,
        session_id -> Nullable<Text>,
        body -> Nullable<Text>,
        fingerprint -> Text,
        input_parameters -> Text,
        client_message_tag -> Nullable<Text>,
        launched_by_name -> Nullable<Text>,
        launched_by_source -> Nullable<Text>,
        notifications -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    floods (phone) {
        phone -> Text,
        recent -> Text,
        is_blocked -> Bool,
        last_at -> Timestamp,
    }
}

diesel::table! {
    templates (id) {
        id -> Text,
        name -> Text,
        language -> Text,
        category -> Nullable<Text>,
        channel_ids -> Text,
        body -> Text,
        quick_replies -> Text,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    triggers (id) {
        id -> Text,
        name -> Text,
        template_id -> Nullable<Text>,
        survey_id -> Nullable<Text>,
        channel_id -> Nullable<Text>,
        allow_existing_session -> Text,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    handoffs (id) {
        id -> Text,
        name -> Text,
        channel_ids -> Text,
        skill -> Text,
        template_id -> Nullable<Text>,
        lookback_seconds -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    customers,
    customer_phones,
    customer_terms,
    feed_items,
    floods,
    templates,
    triggers,
    handoffs,
);
