//! [`Phone`]: an E.164 number that has passed the rules of gateways.md §6 (GW70–GW75), and how it is masked.
//!
//! It never guesses a country, never repairs what it was given, and never prints a whole number except through
//! [`Phone::as_e164`]. Short numbers, alphanumeric senders and subnumbers are opaque text and never come here
//! (GW74).

mod time_zones;

use std::fmt;

use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, PhoneNumber, Type};

/// Digits of a masked number that stay readable at its end.
const TAIL_DIGITS: usize = 3;

/// Country codes of two digits (ITU-T E.164). `1` and `7` have one digit, all others three.
const TWO_DIGIT_CODES: &str = "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 \
                               60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98";

/// A phone number in E.164, in the form we store, send to and correlate by (GW72). `Display` and `Debug` are
/// masked (`+47*****678`, GW75).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone {
    e164: String,
}

/// What a deployment adds to the rules of the metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhoneRules {
    /// Prefixes, with or without `+`, whose numbers count as valid and mobile whatever the metadata says (A10).
    pub extra_mobile_prefixes: Vec<String>,
}

/// Why a text is not the mobile number of an end user (P27).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneFault {
    /// The text is not a `+`, a country code and 7 to 15 digits in all, and nothing else (GW70).
    #[error("not an E.164 number: write +, country code and number, 7 to 15 digits, nothing else")]
    NotE164,
    /// No such number can exist in its country (GW71).
    #[error("no valid number of its country")]
    Invalid,
    /// The number exists, but cannot receive an SMS as a mobile can (GW71).
    #[error("{0}; a mobile number is needed")]
    NotMobile(Line),
}

/// Kinds of lines that are no mobile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// A fixed line.
    Fixed,
    /// A freephone, premium, shared-cost or company number.
    Service,
    /// Anything else the metadata knows, or does not know.
    Other,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed => "a fixed line",
            Self::Service => "a service number",
            Self::Other => "not known as a mobile",
        })
    }
}

impl Phone {
    /// Reads the number a survey is sent to: E.164 as ASCII, valid, and mobile as far as can be known (P27,
    /// GW70–GW72).
    ///
    /// # Errors
    /// [`PhoneFault`], the first rule that the text breaks.
    pub fn identifier(text: &str, rules: &PhoneRules) -> Result<Self, PhoneFault> {
        if !is_e164(text) {
            return Err(PhoneFault::NotE164);
        }
        let known = valid_number(text);
        if rules.skip_metadata(text) {
            return Ok(Self::of(text, known.as_ref()));
        }
        let number = known.ok_or(PhoneFault::Invalid)?;
        match line(&number) {
            None => Ok(Self::of(text, Some(&number))),
            Some(line) => Err(PhoneFault::NotMobile(line)),
        }
    }

    /// Reads the sender of an inbound SMS: E.164, in the same normal form as [`Phone::identifier`] gives. A
    /// number the metadata does not know is kept as written; whether it is a mobile is not asked.
    #[must_use]
    pub fn correlation(text: &str) -> Option<Self> {
        is_e164(text).then(|| Self::of(text, valid_number(text).as_ref()))
    }

    /// A number read back from storage: the E.164 pattern alone, no metadata, so that an update of the
    /// metadata never loses a stored number.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        is_e164(text).then(|| Self { e164: text.to_owned() })
    }

    /// The whole number, `+` and 7 to 15 digits. For storage and gateways; never for logs.
    #[must_use]
    pub fn as_e164(&self) -> &str {
        &self.e164
    }

    /// Country code without `+`, 1 to 3 digits: `47` for Norway and Svalbard alike (GW73).
    #[must_use]
    pub fn country_code(&self) -> &str {
        country_code(&self.e164)
    }

    /// Country code 47: a number that may get a subnumber (P45, A11).
    #[must_use]
    pub fn is_norwegian(&self) -> bool {
        self.country_code() == "47"
    }

    fn of(text: &str, number: Option<&PhoneNumber>) -> Self {
        let e164 =
            number.map_or_else(|| text.to_owned(), |number| number.format().mode(Mode::E164).to_string());
        // A normal form that itself breaks the pattern would be a defect of the metadata: keep the digits given.
        Self { e164: if is_e164(&e164) { e164 } else { text.to_owned() } }
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask(&self.e164))
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({})", mask(&self.e164))
    }
}

impl PhoneRules {
    fn skip_metadata(&self, e164: &str) -> bool {
        let digits = e164.trim_start_matches('+');
        self.extra_mobile_prefixes
            .iter()
            .map(|prefix| prefix.trim().trim_start_matches('+'))
            .any(|prefix| !prefix.is_empty() && digits.starts_with(prefix))
    }
}

/// Masks any text that may be a phone number: country code and the last three digits stay (`+47*****678`).
/// Five stars whatever the length; what is no E.164 number is hidden but for its first character.
#[must_use]
pub fn mask(text: &str) -> String {
    if !is_e164(text) {
        return text.chars().next().map_or_else(String::new, |first| format!("{first}*****"));
    }
    let code = country_code(text);
    let national = text.len().saturating_sub(1 + code.len());
    let shown = TAIL_DIGITS.min(national / 2);
    let tail = text.get(text.len() - shown..).unwrap_or_default();
    format!("+{code}*****{tail}")
}

/// Makes the metadata parser build its tables, about 0.2 s, so that the first request need not wait for it.
pub fn warm_up() {
    for sample in ["+4791234567", "+46701234567", "+4520123456", "+447400123456"] {
        let _ = Phone::identifier(sample, &PhoneRules::default());
    }
}

/// ASCII `^\+[1-9][0-9]{6,14}$` (GW70). The parser behind it accepts much more, so this comes first.
fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0')
    })
}

/// Country code of a text that is E.164.
fn country_code(e164: &str) -> &str {
    let digits = e164.trim_start_matches('+');
    let first = |count: usize| digits.get(..count).unwrap_or(digits);
    if matches!(first(1), "1" | "7") {
        first(1)
    } else if TWO_DIGIT_CODES.split_ascii_whitespace().any(|code| code == first(2)) {
        first(2)
    } else {
        first(3)
    }
}

fn valid_number(e164: &str) -> Option<PhoneNumber> {
    phonenumber::parse(None, e164).ok().filter(phonenumber::is_valid)
}

/// `None` if the number counts as a mobile (GW71).
fn line(number: &PhoneNumber) -> Option<Line> {
    match number.number_type(&DATABASE) {
        Type::Mobile | Type::FixedLineOrMobile => None,
        // The type test forgets leading zeros, so mobiles such as those of Côte d'Ivoire come out unknown.
        Type::Unknown => (number.national().zeros() == 0).then_some(Line::Other),
        Type::FixedLine => Some(Line::Fixed),
        Type::TollFree | Type::PremiumRate | Type::SharedCost | Type::Uan | Type::StandardRate => {
            Some(Line::Service)
        }
        Type::PersonalNumber
        | Type::Voip
        | Type::Pager
        | Type::Emergency
        | Type::Voicemail
        | Type::ShortCode
        | Type::Carrier
        | Type::NoInternational => Some(Line::Other),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn identifier(text: &str) -> Result<String, PhoneFault> {
        Phone::identifier(text, &PhoneRules::default()).map(|phone| phone.as_e164().to_owned())
    }

    #[test]
    fn mobiles_are_accepted_in_the_parsers_normal_form() {
        for text in [
            "+4799999999",
            "+4791234567",
            "+4741234567",
            "+46701234567",
            "+447400123456",
            "+12015550123", // FixedLineOrMobile
        ] {
            assert_eq!(identifier(text).as_deref(), Ok(text));
        }
        assert_eq!(identifier("+8550900123456").as_deref(), Ok("+855900123456"), "GW72");
    }

    #[test]
    fn a_leading_zero_that_the_type_test_forgets_is_no_reason_to_refuse() {
        for text in ["+2250123456789", "+242061234567", "+2290195123456"] {
            assert_eq!(identifier(text).as_deref(), Ok(text), "GW71");
        }
    }

    #[test]
    fn the_gate_refuses_what_the_parser_would_take() {
        for text in [
            "",
            "+",
            "4791234567",
            "004791234567",
            "+0791234567",
            "+479123",
            "+4791234567890123",
            "+47 91234567",
            " +4791234567",
            "+4791234567 ",
            "+4791234567,",
            "+4791234567,,",
            "tel:+4791234567",
            "+4791234567;ext=1",
            "+4791234567x1",
            "+3367a829916",
            "+1800FLOWERS",
            "+47912345\u{0}67",
            "+47\u{200b}91234567",
            "\u{202e}+4791234567",
            "\u{ff0b}4791234567",
            "+47\u{ff19}1234567",
            "+٤٧91234567",
            "+47-91-23-45-67",
            "2012",
            "Puzzel",
            "++4791234567",
            "+4791234567\n",
        ] {
            assert_eq!(identifier(text), Err(PhoneFault::NotE164), "{text:?}");
            assert_eq!(Phone::correlation(text), None, "{text:?}");
        }
    }

    #[test]
    fn numbers_that_cannot_exist_are_invalid_and_lines_that_are_no_mobile_say_what_they_are() {
        for text in ["+4712345678", "+472020202020", "+999123456789", "+1555555"] {
            assert_eq!(identifier(text), Err(PhoneFault::Invalid), "{text}");
        }
        assert_eq!(identifier("+4722334455"), Err(PhoneFault::NotMobile(Line::Fixed)));
        assert_eq!(identifier("+4780012345"), Err(PhoneFault::NotMobile(Line::Service)));
        assert_eq!(PhoneFault::NotMobile(Line::Fixed).to_string(), "a fixed line; a mobile number is needed");
    }

    #[test]
    fn extra_prefixes_skip_the_metadata_and_correlate_alike() {
        // The parser strips a national prefix that is none: `+78001234567` becomes another, invalid number.
        let text = "+78001234567";
        assert_eq!(identifier(text), Err(PhoneFault::Invalid));
        for prefix in ["7800", "+7800", " +7800 "] {
            let rules = PhoneRules { extra_mobile_prefixes: vec![prefix.to_owned()] };
            let phone = Phone::identifier(text, &rules).unwrap();
            assert_eq!(phone.as_e164(), text);
            assert_eq!(Phone::correlation(text), Some(phone));
        }
        let none = PhoneRules { extra_mobile_prefixes: vec![String::new(), "+".to_owned()] };
        assert_eq!(Phone::identifier(text, &none), Err(PhoneFault::Invalid));
        let rules = PhoneRules { extra_mobile_prefixes: vec!["47".to_owned()] };
        assert_eq!(Phone::identifier("+47 22334455", &rules), Err(PhoneFault::NotE164));
        assert!(Phone::identifier("+4722334455", &rules).is_ok());
    }

    #[test]
    fn correlation_takes_any_kind_of_line_in_normal_form() {
        assert_eq!(Phone::correlation("+4722334455").unwrap().as_e164(), "+4722334455");
        assert_eq!(Phone::correlation("+8550900123456").unwrap().as_e164(), "+855900123456");
        assert_eq!(Phone::correlation("+4712345678").unwrap().as_e164(), "+4712345678");
    }

    #[test]
    fn country_codes_follow_e164_and_svalbard_is_norwegian() {
        for (text, code) in [
            ("+4799999999", "47"),
            ("+4779012345", "47"),
            ("+12015550123", "1"),
            ("+79161234567", "7"),
            ("+77011234567", "7"),
            ("+2250123456789", "225"),
            ("+358401234567", "358"),
            ("+8613812345678", "86"),
        ] {
            let phone = Phone::from_stored(text).unwrap();
            assert_eq!(phone.country_code(), code, "{text}");
            assert_eq!(phone.is_norwegian(), code == "47");
        }
        assert_eq!(Phone::from_stored("4799999999"), None);
    }

    #[test]
    fn printing_is_masked() {
        let phone = identifier("+4799999999").map(|text| Phone::from_stored(&text)).unwrap().unwrap();
        assert_eq!(phone.to_string(), "+47*****999");
        assert_eq!(format!("{phone:?}"), "Phone(+47*****999)");
        assert_eq!(mask("+12015550123"), "+1*****123");
        assert_eq!(mask("+2904567"), "+290*****67");
        assert_eq!(mask("91234567"), "9*****");
        assert_eq!(mask(""), "");
        assert_eq!(mask("Ångström"), "Å*****");
    }

    proptest! {
        #[test]
        fn no_digits_make_it_panic_and_the_normal_form_is_stable(text in "\\+[1-9][0-9]{6,14}") {
            let phone = Phone::correlation(&text).unwrap();
            let again = Phone::correlation(phone.as_e164()).unwrap();
            prop_assert_eq!(&phone, &again);
            if let Ok(identifier) = Phone::identifier(&text, &PhoneRules::default()) {
                prop_assert_eq!(identifier, phone);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,24}") {
            let _ = Phone::identifier(&text, &PhoneRules::default());
            let _ = mask(&text);
        }
    }
}
