//! System texts in English. Wordings only.

use super::SystemText;

/// The wording of each text.
pub fn wording(text: SystemText) -> &'static str {
    match text {
        SystemText::NotFound => "Sorry, we have no open survey for your number. You need not reply.",
        SystemText::OptOut => "You will get no more messages from us. Reply START if you want them again.",
        SystemText::OptIn => "You will get messages from us again. Reply STOP at any time to end them.",
        SystemText::Help => {
            "This is an automatic survey service. Please answer our latest question, or reply STOP to get no more \
             messages."
        }
    }
}
