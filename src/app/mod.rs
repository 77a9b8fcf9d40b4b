//! Use cases: one file each, one write transaction each. Nothing here knows HTTP, and nothing here touches the
//! network.

pub mod api_key;
pub mod apply_turn;
pub mod channels;
pub mod circuit;
pub mod claim_messages;
pub mod classify_inbound;
pub mod configure_channels;
pub mod consent;
pub mod engine;
pub mod expire_sessions;
pub mod failure;
pub mod gateway_health;
pub mod heartbeat;
pub mod idempotency;
pub mod keys;
pub mod library;
pub mod load_surveys;
pub mod moment;
pub mod outbox_load;
pub mod receive_callback;
pub mod receive_dead;
pub mod receive_message;
pub mod receive_status;
pub mod send_survey;
pub mod sessions;
pub mod settle_message;
pub mod simulate_survey;
pub mod start_session;
pub mod survey_files;
pub mod sweep_outbox;
pub mod test_survey;
pub mod warning;
pub mod zone;
