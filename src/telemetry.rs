//! Logs and metrics. One line per turn and per send, ids as fields; phones mask themselves and texts are not
//! logged (O4). Logs go to stderr, so that commands keep stdout for their answers.

mod metrics;
mod outcomes;

use std::io::{IsTerminal, stderr};

use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, FmtSubscriber};

use crate::config::{Log, LogFormat};

pub use metrics::{CONTENT_TYPE, Metrics, REVISION};
pub use outcomes::{Incident, SendSurveyOutcome, TurnKind};

/// Starts logging for the whole process, and makes a panic a log line.
///
/// # Errors
/// When logging was started before.
pub fn start(log: &Log) -> Result<(), TryInitError> {
    subscriber(log, stderr, stderr().is_terminal()).try_init()?;
    log_panics();
    Ok(())
}

/// What writes log lines as configured; on its own for tests.
pub fn subscriber<W>(log: &Log, writer: W, colours: bool) -> Box<dyn tracing::Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // The configuration has checked the level; what cannot be read here logs what matters.
    let filter = EnvFilter::try_new(&log.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = FmtSubscriber::builder().with_env_filter(filter).with_writer(writer).with_ansi(colours);
    match log.format {
        LogFormat::Plain => Box::new(lines.finish()),
        LogFormat::Json => Box::new(lines.json().flatten_event(true).finish()),
    }
}

/// Logs where a panic happened, never what it said: its message may hold a phone or a text (RF52).
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        tracing::error!(place, thread = thread.name().unwrap_or_default(), "panic");
    }));
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, level: &str, write: impl FnOnce()) -> String {
        let log = Log { format, level: level.to_owned(), bodies: false };
        let page = Page::default();
        let writer = page.clone();
        let lines = subscriber(&log, move || writer.clone(), false);
        tracing::subscriber::with_default(lines, write);
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_lines_carry_fields_and_stay_one_line() {
        let text = logged(LogFormat::Json, "info", || {
            tracing::info!(session = "s1", reason = "a\nb\u{1b}[31m", "turn");
            tracing::debug!("not shown");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((line["session"].as_str(), line["message"].as_str()), (Some("s1"), Some("turn")));
    }

    #[test]
    fn plain_lines_cannot_be_forged() {
        let text = logged(LogFormat::Plain, "info", || {
            tracing::info!(reason = "a\n2026 INFO forged\u{1b}[31m", "turn");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_panic_is_logged_without_its_message() {
        let text = logged(LogFormat::Plain, "info", || {
            let before = std::panic::take_hook();
            log_panics();
            let caught = std::panic::catch_unwind(|| panic!("canary +4791234567"));
            std::panic::set_hook(before);
            assert!(caught.is_err());
        });
        assert!(text.contains("panic") && text.contains("telemetry.rs"), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
}
