//! The tables of migration 0001: surveys, channels, people, sessions, texts in both directions, keys, the audit log.

#![expect(missing_docs, reason = "columns are documented in migrations/*/0001_core/up.sql")]

diesel::table! {
    meta (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    surveys (id) {
        id -> Text,
        uuid -> Text,
        title -> Text,
        status -> Text,
        active_revision -> Nullable<Integer>,
        latest_revision -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    survey_revisions (survey_id, revision) {
        survey_id -> Text,
        revision -> Integer,
        hash -> Text,
        source -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    channels (id) {
        id -> Text,
        name -> Text,
        kind -> Text,
        enabled -> Bool,
        gateway -> Text,
        sender -> Text,
        sender_type -> Text,
        subnumbering -> Bool,
        pool_numbers -> Text,
        allowed_countries -> Text,
        throttle_micro -> BigInt,
        on_ambiguous -> Text,
        wait_for -> Text,
        default_language -> Nullable<Text>,
        default_skill -> Nullable<Text>,
        keyword_scope -> Text,
        texts -> Text,
        keywords -> Text,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    channel_buckets (channel_id) {
        channel_id -> Text,
        tokens_micro -> BigInt,
        refilled_at -> Timestamp,
        paused_until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    gateway_states (name) {
        name -> Text,
        paused -> Bool,
        last_inbound_at -> Nullable<Timestamp>,
        last_outbound_at -> Nullable<Timestamp>,
        last_error -> Nullable<Text>,
        last_error_at -> Nullable<Timestamp>,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    contacts (phone) {
        phone -> Text,
        language -> Nullable<Text>,
        not_found_at -> Nullable<Timestamp>,
        outbound_window_at -> Nullable<Timestamp>,
        outbound_count -> Integer,
        sent_at -> Nullable<Timestamp>,
        quick_replies -> Integer,
        muted_until -> Nullable<Timestamp>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    consents (phone, scope) {
        phone -> Text,
        scope -> Text,
        consent_type -> Text,
        source -> Text,
        obtained_at -> Timestamp,
        keyword -> Nullable<Text>,
        inbound_id -> Nullable<Text>,
        actor -> Nullable<Text>,
        updated_at -> Timestamp,
        ledger_id -> Nullable<Text>,
    }
}

diesel::table! {
    suppressions (phone_hash, scope) {
        phone_hash -> Text,
        scope -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    erasures (id) {
        id -> Text,
        phone_hash -> Text,
        actor -> Text,
        erased_at -> Timestamp,
    }
}

diesel::table! {
    consent_events (id) {
        id -> Text,
        phone -> Text,
        scope -> Text,
        consent_type -> Text,
        source -> Text,
        obtained_at -> Timestamp,
        raw -> Nullable<Text>,
        note -> Nullable<Text>,
        inbound_id -> Nullable<Text>,
        actor -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        survey_id -> Text,
        revision -> Integer,
        status -> Text,
        status_reason -> Nullable<Text>,
        origin -> Text,
        phone -> Text,
        channel_id -> Text,
        language -> Text,
        client_reference -> Nullable<Text>,
        variables -> Text,
        opening -> Nullable<Text>,
        progress -> Nullable<Text>,
        appending_until -> Nullable<Timestamp>,
        current_element_id -> Nullable<Text>,
        prompt_id -> Nullable<Text>,
        sms_session -> Nullable<Text>,
        subnumber -> Nullable<Text>,
        open_slot -> Nullable<Text>,
        next_sequence -> Integer,
        answers_count -> Integer,
        events_count -> Integer,
        is_test -> Bool,
        halted_at -> Nullable<Timestamp>,
        faults -> Integer,
        inbound_count -> Integer,
        unavailable_count -> Integer,
        handed_over_at -> Nullable<Timestamp>,
        wake_at -> Nullable<Timestamp>,
        send_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        started_at -> Nullable<Timestamp>,
        expires_at -> Nullable<Timestamp>,
        closed_at -> Nullable<Timestamp>,
        updated_at -> Timestamp,
        version -> Integer,
    }
}

diesel::table! {
    session_updates (survey_id, updated_at, session_id) {
        survey_id -> Text,
        updated_at -> Timestamp,
        session_id -> Text,
    }
}

diesel::table! {
    session_handles (gateway, handle) {
        gateway -> Text,
        handle -> Text,
        session_id -> Text,
        phone -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    inbound (id) {
        id -> Text,
        gateway -> Text,
        channel_id -> Nullable<Text>,
        provider_id -> Nullable<Text>,
        weak_key -> Nullable<Text>,
        recv_seq -> BigInt,
        received_at -> Timestamp,
        provider_at -> Nullable<Timestamp>,
        sender -> Text,
        destination -> Text,
        handle -> Nullable<Text>,
        body -> Text,
        raw -> Nullable<Text>,
        flags -> Text,
        outcome -> Text,
        outcome_reason -> Nullable<Text>,
        session_id -> Nullable<Text>,
        session_version -> Nullable<Integer>,
        error -> Nullable<Text>,
        resolved_at -> Nullable<Timestamp>,
        resolution -> Nullable<Text>,
    }
}

diesel::table! {
    inbound_parts (id) {
        id -> Text,
        group_id -> Text,
        gateway -> Text,
        provider_id -> Nullable<Text>,
        sender -> Text,
        destination -> Text,
        reference -> Text,
        total -> Integer,
        part -> Integer,
        body -> Text,
        handle -> Nullable<Text>,
        provider_at -> Nullable<Timestamp>,
        flags -> Text,
        recv_seq -> BigInt,
        received_at -> Timestamp,
        join_at -> Nullable<Timestamp>,
        session_id -> Nullable<Text>,
    }
}

diesel::table! {
    answers (session_id, element_id, visit) {
        session_id -> Text,
        element_id -> Text,
        visit -> Integer,
        seq -> Integer,
        element_type -> Text,
        state -> Text,
        value -> Nullable<Text>,
        position -> Nullable<Text>,
        code -> Nullable<Text>,
        label -> Nullable<Text>,
        raw -> Text,
        comment -> Nullable<Text>,
        method -> Nullable<Text>,
        attempts -> Integer,
        language -> Text,
        asked_at -> Nullable<Timestamp>,
        answered_at -> Timestamp,
        inbound_id -> Nullable<Text>,
        corrected_at -> Nullable<Timestamp>,
        correction_of -> Nullable<Text>,
    }
}

diesel::table! {
    messages (id) {
        id -> Text,
        session_id -> Nullable<Text>,
        channel_id -> Text,
        phone -> Text,
        seq -> Integer,
        class -> Text,
        kind -> Text,
        priority -> Integer,
        element_id -> Nullable<Text>,
        visit -> Nullable<Integer>,
        body -> Text,
        encoding -> Text,
        segments -> Integer,
        due_at -> Timestamp,
        ttl_at -> Timestamp,
        state -> Text,
        state_reason -> Nullable<Text>,
        is_open -> Bool,
        lease_token -> BigInt,
        lease_until -> Nullable<Timestamp>,
        attempts -> Integer,
        client_ref -> Text,
        send_seq -> Nullable<BigInt>,
        possible_duplicate -> Bool,
        external_id -> Nullable<Text>,
        gateway_code -> Nullable<Text>,
        receipt -> Nullable<Text>,
        inbound_id -> Nullable<Text>,
        started_at -> Nullable<Timestamp>,
        accepted_at -> Nullable<Timestamp>,
        settled_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    send_attempts (message_id, attempt) {
        message_id -> Text,
        attempt -> Integer,
        node -> Text,
        started_at -> Timestamp,
        finished_at -> Nullable<Timestamp>,
        result -> Nullable<Text>,
        code -> Nullable<Text>,
        external_id -> Nullable<Text>,
    }
}

diesel::table! {
    delivery_reports (id) {
        id -> Text,
        gateway -> Text,
        client_ref -> Nullable<Text>,
        external_id -> Nullable<Text>,
        state -> Text,
        code -> Nullable<Text>,
        reason -> Nullable<Text>,
        received_at -> Timestamp,
        message_id -> Nullable<Text>,
        part -> Nullable<Integer>,
    }
}

diesel::table! {
    events (id) {
        id -> Text,
        kind -> Text,
        session_id -> Nullable<Text>,
        sequence -> Integer,
        data -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    idempotency (key_id, idempotency_key) {
        key_id -> Text,
        idempotency_key -> Text,
        fingerprint -> Text,
        status -> Integer,
        location -> Nullable<Text>,
        body -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    send_requests (survey_id, phone, client_reference) {
        survey_id -> Text,
        phone -> Text,
        client_reference -> Text,
        session_id -> Text,
        fingerprint -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Text,
        name -> Text,
        hash -> Text,
        scopes -> Text,
        surveys -> Text,
        channels -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
        last_used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    counters (name) {
        name -> Text,
        window_at -> Timestamp,
        count -> Integer,
    }
}

diesel::table! {
    audit (seq) {
        seq -> BigInt,
        at -> Timestamp,
        actor -> Text,
        address -> Nullable<Text>,
        action -> Text,
        object -> Text,
        detail -> Text,
        previous_hash -> Text,
        hash -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    meta,
    surveys,
    survey_revisions,
    channels,
    channel_buckets,
    gateway_states,
    contacts,
    consents,
    suppressions,
    erasures,
    consent_events,
    sessions,
    session_updates,
    session_handles,
    inbound,
    inbound_parts,
    answers,
    messages,
    send_attempts,
    delivery_reports,
    events,
    idempotency,
    send_requests,
    api_keys,
    counters,
    audit
);
