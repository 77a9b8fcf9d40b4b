//! The tables of migration 0006: what gateways limit.

#![expect(missing_docs, reason = "columns are documented in migrations/*/0006_gateways/up.sql")]

diesel::table! {
    gateway_buckets (gateway, sender) {
        gateway -> Text,
        sender -> Text,
        tokens_micro -> BigInt,
        refilled_at -> Timestamp,
    }
}
