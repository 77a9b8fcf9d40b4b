//! [`Installation`]: what this deployment adds to the check of a survey file: its sender name (GW68) and the
//! keywords of its channels (A53).

use super::channel_keywords::OwnKeywords;
use super::engine::Engine;
use crate::survey::check::Context;

/// Sender name and own keywords of a deployment.
#[derive(Clone, Debug, Default)]
pub struct Installation {
    sender_name: Option<String>,
    stop_words: Vec<String>,
    help_words: Vec<String>,
}

impl Installation {
    /// A sender name and the own keywords of every channel. Words that opt in again stay free: `JA` is an answer.
    #[must_use]
    pub fn new<'a>(sender_name: Option<&str>, own: impl IntoIterator<Item = &'a OwnKeywords>) -> Self {
        let mut installation = Self { sender_name: sender_name.map(str::to_owned), ..Self::default() };
        for words in own.into_iter().flat_map(OwnKeywords::values) {
            installation.stop_words.extend(words.opt_out_strong.iter().chain(&words.opt_out_weak).cloned());
            installation.help_words.extend(words.help.iter().cloned());
        }
        installation
    }

    /// That of a running server, channels changed since its start included.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        let channels = engine.channels.all();
        let own = channels.iter().map(|channel| &channel.own_keywords);
        Self::new(engine.settings.sender_name.as_deref(), own)
    }

    /// As the checker takes it.
    #[must_use]
    pub fn context(&self) -> Context<'_> {
        Context {
            sender_name: self.sender_name.as_deref(),
            stop_words: &self.stop_words,
            help_words: &self.help_words,
        }
    }
}
