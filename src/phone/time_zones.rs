//! Time zones a number may be in (GW67), by the prefix map of libphonenumber, `time_zones.txt`. A number says where it
//! was issued, not where the person is; never picks one of several zones.

use std::collections::HashMap;
use std::sync::LazyLock;

use phonenumber::Type;
use phonenumber::metadata::DATABASE;

use super::{Phone, valid_number};

/// Zones, joined by `&`, by the first digits of a number without `+`.
static MAP: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let lines = include_str!("time_zones.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('|')).collect()
});

/// Longest prefix of the map, in digits.
const PREFIX_DIGITS_MAX: usize = 9;

/// Countries where mobiles have area codes, as libphonenumber lists them.
const MOBILES_WITH_AREA: [&str; 5] = ["52", "54", "55", "62", "86"];

impl Phone {
    /// IANA names of the zones the number may be in, in the order of the map; none for a number of no country.
    /// Numbers without an area, such as most mobiles and freephone numbers, may be in any zone of their country code.
    pub fn time_zones(&self) -> impl Iterator<Item = &'static str> {
        let found = self.zones_of_area().or_else(|| MAP.get(self.country_code()).copied());
        found.into_iter().flat_map(|zones| zones.split('&'))
    }

    fn zones_of_area(&self) -> Option<&'static str> {
        let digits = self.e164.trim_start_matches('+');
        let longer = self.country_code().len() + 1..=PREFIX_DIGITS_MAX;
        let zones = longer.rev().find_map(|length| MAP.get(digits.get(..length)?)).copied()?;
        // Asked last: what kind a number is takes much longer than a look into the map.
        self.has_area().then_some(zones)
    }

    fn has_area(&self) -> bool {
        let kind = valid_number(&self.e164).map(|number| number.number_type(&DATABASE));
        match kind {
            Some(Type::FixedLine | Type::FixedLineOrMobile) => true,
            Some(Type::Mobile) => MOBILES_WITH_AREA.contains(&self.country_code()),
            Some(_) | None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zones(number: &str) -> Vec<&'static str> {
        Phone::from_stored(number).unwrap().time_zones().collect()
    }

    #[test]
    fn gw67_zones_are_those_of_the_reference_implementation() {
        for (number, count, first) in [
            ("+4791234567", 2, "Arctic/Longyearbyen"),
            ("+46701234567", 1, "Europe/Stockholm"),
            ("+358401234567", 2, "Europe/Helsinki"),
            ("+447400123456", 4, "Europe/Guernsey"),
            ("+35319012345", 3, "Europe/Guernsey"),
            ("+12015550123", 1, "America/New_York"),
            ("+14155550123", 1, "America/Los_Angeles"),
            ("+12085550123", 2, "America/Boise"),
            ("+18005550123", 42, "America/Adak"),
            ("+61412345678", 8, "Australia/Adelaide"),
            ("+79161234567", 16, "Asia/Almaty"),
            ("+5511961234567", 1, "America/Sao_Paulo"),
            ("+541123456789", 1, "America/Buenos_Aires"),
            ("+8613123456789", 1, "Asia/Shanghai"),
            ("+2250123456789", 1, "Africa/Abidjan"),
        ] {
            let found = zones(number);
            assert_eq!((found.len(), found.first().copied()), (count, Some(first)), "{number}");
        }
        assert!(zones("+999123456789").is_empty());
    }

    #[test]
    fn every_zone_of_the_map_is_known_here() {
        assert_eq!(MAP.len(), 3_294, "a line of the map cannot be read");
        for zone in MAP.values().flat_map(|zones| zones.split('&')) {
            assert!(zone.parse::<chrono_tz::Tz>().is_ok(), "{zone}");
        }
    }
}
