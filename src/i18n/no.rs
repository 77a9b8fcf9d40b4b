//! System texts in Norwegian. Wordings only.

use super::SystemText;

/// The wording of each text.
pub fn wording(text: SystemText) -> &'static str {
    match text {
        SystemText::NotFound => {
            "Beklager, vi har ingen åpen undersøkelse for nummeret ditt. Du trenger ikke å svare."
        }
        SystemText::OptOut => "Du får ikke flere meldinger fra oss. Svar START hvis du vil ha dem igjen.",
        SystemText::OptIn => "Du får meldinger fra oss igjen. Svar STOPP når som helst for å avslutte.",
        SystemText::Help => {
            "Dette er en automatisk undersøkelse. Svar på det siste spørsmålet, eller svar STOPP for ikke å få \
             flere meldinger."
        }
    }
}
