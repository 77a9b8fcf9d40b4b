//! Noise (N13): texts that nobody wrote to us. They are recorded and never answered.

use crate::survey::reply::fold;
use crate::survey::reply::lexicon::{Lexicons, List};

/// What is recorded and never answered (N13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Noise {
    /// A reaction to a message: *Liked “…”*.
    Reaction,
    /// An automatic reply: *I'm driving*, *out of office*.
    AutoReply,
}

impl Noise {
    /// The word used in records (N13).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reaction => "reaction",
            Self::AutoReply => "auto_reply",
        }
    }
}

/// Whether a text, cleaned and in its plain form, is a reaction or an automatic reply (N13). `free_text` says whether the question that waits
/// is a free text, on which a driving notice is an answer.
pub(super) fn noise(text: &str, plain: &str, free_text: bool, lists: &Lexicons) -> Option<Noise> {
    let folded = fold(text);
    let starts_with_driving = || {
        let mut starts = lists.shared_entries(List::Driving);
        starts.any(|start| {
            plain.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
    };
    if is_reaction(&folded, lists) {
        Some(Noise::Reaction)
    } else if lists.is_auto_reply(&folded, plain) || (!free_text && starts_with_driving()) {
        Some(Noise::AutoReply)
    } else {
        None
    }
}

/// Whether a folded text starts like a reaction, followed by a quotation mark.
fn is_reaction(folded: &str, lists: &Lexicons) -> bool {
    let quoted = |rest: &str| rest.trim_start().starts_with(['"', '\'']);
    let plain_start =
        lists.shared_entries(List::Reaction).any(|start| folded.strip_prefix(start).is_some_and(quoted));
    let framed = [
        ("reacted ", " to "),
        ("removed a ", " from "),
        ("removed an ", " from "),
        ("reagerte med ", " pa "),
        ("reagerte med ", " til "),
    ];
    plain_start
        || framed.iter().any(|(start, link)| {
            folded.strip_prefix(start).is_some_and(|rest| {
                rest.match_indices(link).any(|(at, _)| rest.get(at + link.len()..).is_some_and(quoted))
            })
        })
}

#[cfg(test)]
mod tests {
    use super::{Lexicons, Noise};
    use crate::survey::reply::{clean, plain_form};

    fn noise(raw: &str, free_text: bool) -> Option<Noise> {
        let text = clean(raw);
        super::noise(&text, &plain_form(&text), free_text, Lexicons::built_in())
    }

    #[test]
    fn noise_follows_n13() {
        for raw in [
            "Liked “How was it?”",
            "Laughed at \"x\"",
            "Reacted 👍 to “x”",
            "Removed a heart from “x”",
            "Likte «x»",
            "Reagerte med 👍 på «x»",
        ] {
            assert_eq!(noise(raw, true), Some(Noise::Reaction), "{raw}");
        }
        for raw in ["Auto-reply: away", "I am OUT OF OFFICE until Monday", "Autosvar: borte"] {
            assert_eq!(noise(raw, true), Some(Noise::AutoReply), "{raw}");
        }
        for raw in ["I'm driving, talk later", "I’m driving", "Jeg kjører nå"] {
            assert_eq!(noise(raw, false), Some(Noise::AutoReply), "{raw}");
            assert_eq!(noise(raw, true), None, "{raw}");
        }
        for raw in ["Liked it a lot", "Loved the service", "Questioned everything"] {
            assert_eq!(noise(raw, false), None, "{raw}");
        }
    }
}
