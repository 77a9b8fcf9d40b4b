//! The loop guard (N96, A42): recognises a machine that answers every SMS of ours. It only counts; what
//! follows is decided in [`super::reply`].

use chrono::{DateTime, Duration, Utc};
use sha2::{Digest, Sha256};

use super::super::Progress;

/// Invalid replies a session may have; one more mutes it (N96).
pub(super) const INVALID_MAX: u32 = 6;
/// Equal texts, none accepted, that mute the session (N96).
const EQUAL_MAX: usize = 3;
/// Texts remembered: no more can be refused before the session is muted.
const REMEMBERED_MAX: usize = 7;

/// Within this time equal texts count together (N96).
fn window() -> Duration {
    Duration::minutes(10)
}

/// Takes note of a refused text; true = the session is to be muted.
pub(super) fn refuse(progress: &mut Progress, raw: &str, now: DateTime<Utc>) -> bool {
    let fingerprint = fingerprint(raw);
    progress.rejected.retain(|(_, at)| now - *at <= window());
    if progress.rejected.len() >= REMEMBERED_MAX {
        progress.rejected.remove(0);
    }
    progress.rejected.push((fingerprint.clone(), now));
    let equal = progress.rejected.iter().filter(|(earlier, _)| *earlier == fingerprint).count();
    equal >= EQUAL_MAX || progress.invalid_total > INVALID_MAX
}

/// An accepted text starts its count anew: equal valid answers never count (N96).
pub(super) fn accept(progress: &mut Progress, raw: &str) {
    if progress.rejected.is_empty() {
        return;
    }
    let fingerprint = fingerprint(raw);
    progress.rejected.retain(|(earlier, _)| *earlier != fingerprint);
}

/// Equal for texts that differ only in case and white space; short, and no copy of what the person wrote.
fn fingerprint(raw: &str) -> String {
    let words: Vec<String> = raw.split_whitespace().map(str::to_lowercase).collect();
    let digest = Sha256::digest(words.join(" ").as_bytes());
    digest.iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
