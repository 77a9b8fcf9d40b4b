//! [`Screen`]: what the person at the terminal sees: SMS as on a phone, and his own lines. Prints only.

use std::io::{IsTerminal, Write as _};

use chrono::Local;

use crate::clock::Timestamp;
use crate::gateway::Delivered;

/// Columns of an SMS text.
const WIDTH: usize = 72;

/// In front of an SMS text.
const INDENT: &str = "          ";

/// In front of what the person types.
const PROMPT: &str = "you> ";

/// Where the conversation is printed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Screen {
    /// Standard output is kept for the result.
    aside: bool,
    /// A person types, rather than a script.
    interactive: bool,
}

impl Screen {
    /// With `json` the conversation goes to standard error.
    pub(super) fn new(json: bool) -> Self {
        Self { aside: json, interactive: std::io::stdin().is_terminal() }
    }

    /// Whether a person types.
    pub(super) fn is_interactive(self) -> bool {
        self.interactive
    }

    /// How a person leaves.
    pub(super) fn how_to_end(self) -> &'static str {
        if self.interactive { "; Ctrl-D ends" } else { "" }
    }

    /// A line about the demo itself.
    pub(super) fn say(self, line: &str) {
        if self.aside {
            eprintln!("{line}");
        } else {
            println!("{line}");
        }
    }

    /// An SMS as it arrives.
    pub(super) fn show(self, sms: &Delivered, at: Timestamp) {
        if self.interactive {
            // The prompt stands there already: the SMS takes its line.
            self.write("\r");
        }
        let time = at.with_timezone(&Local).format("%H:%M:%S");
        self.say(&format!("{time}  SMS from {}", sms.shown_from));
        for line in wrapped(&sms.text) {
            self.say(format!("{INDENT}{line}").trim_end());
        }
        self.say("");
    }

    /// Asks for a reply.
    pub(super) fn prompt(self) {
        if self.interactive {
            self.write(PROMPT);
        }
    }

    /// What a script typed; a person sees his own line anyway.
    pub(super) fn echo(self, line: &str) {
        if self.interactive {
            self.say("");
        } else {
            self.say(&format!("{PROMPT}{line}\n"));
        }
    }

    fn write(self, text: &str) {
        // A closed terminal ends the demo by itself.
        let _ = if self.aside {
            eprint!("{text}");
            std::io::stderr().flush()
        } else {
            print!("{text}");
            std::io::stdout().flush()
        };
    }
}

/// A text in lines of at most [`WIDTH`] characters, broken between words; control characters are left out.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let word: String = word.chars().filter(|c| !c.is_control()).collect();
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn texts_break_between_words_and_keep_their_own_lines() {
        assert_eq!(wrapped("a b\n\nc"), ["a b", "", "c"]);
        let long = "word ".repeat(20);
        let lines = wrapped(&long);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.len() <= 72), "{lines:?}");
    }
}
