//! The parser behind [`super::strict`] and [`super::lenient`]: recursive descent over characters, bounded by
//! [`super::DEPTH_MAX`]. It never looks inside a string except to resolve its escapes.

use std::str::Chars;

use super::{DEPTH_MAX, Forgiven, Json, JsonFault, Place};

/// What to do with a trailing comma or a byte order mark.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    Strict,
    Lenient,
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads one whole document.
pub(super) fn document(body: &[u8], manner: Manner) -> Result<(Json, Vec<Forgiven>), JsonFault> {
    let text = std::str::from_utf8(body).map_err(|fault| not_utf8(body, fault.valid_up_to()))?;
    let mut reader =
        Reader { rest: text.chars(), place: Place { line: 1, column: 1 }, manner, forgiven: Vec::new() };
    if reader.peek() == Some(BYTE_ORDER_MARK) {
        reader.forgive(Forgiven::ByteOrderMark, "a byte order mark")?;
        reader.rest.next();
    }
    reader.skip_space();
    let json = reader.value(0)?;
    reader.skip_space();
    match reader.peek() {
        None => Ok((json, reader.forgiven)),
        Some(_) => Err(reader.fault("something after the end of the document")),
    }
}

fn not_utf8(body: &[u8], valid: usize) -> JsonFault {
    let before = String::from_utf8_lossy(body.get(..valid).unwrap_or_default());
    let mut place = Place { line: 1, column: 1 };
    before.chars().for_each(|c| step(&mut place, c));
    JsonFault { what: "bytes that are not UTF-8", place }
}

fn step(place: &mut Place, c: char) {
    if c == '\n' {
        place.line += 1;
        place.column = 1;
    } else {
        place.column += 1;
    }
}

struct Reader<'a> {
    rest: Chars<'a>,
    place: Place,
    manner: Manner,
    forgiven: Vec<Forgiven>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        step(&mut self.place, c);
        Some(c)
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.next();
        }
        found
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.next();
        }
    }

    /// A fault at the character to be read next.
    fn fault(&self, what: &'static str) -> JsonFault {
        JsonFault {
            what: if self.peek().is_none() { "the document ends too early" } else { what },
            place: self.place,
        }
    }

    fn forgive(&mut self, forgiven: Forgiven, what: &'static str) -> Result<(), JsonFault> {
        match self.manner {
            Manner::Strict => Err(self.fault(what)),
            Manner::Lenient => {
                self.forgiven.push(forgiven);
                Ok(())
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, JsonFault> {
        match self.peek() {
            Some('{') => self.object(self.deeper(depth)?),
            Some('[') => self.array(self.deeper(depth)?),
            Some('"') => self.text().map(Json::Text),
            Some('-' | '0'..='9') => self.number().map(Json::Number),
            Some('t') => self.word("true", Json::Bool(true)),
            Some('f') => self.word("false", Json::Bool(false)),
            Some('n') => self.word("null", Json::Null),
            Some(_) | None => Err(self.fault("a character where a value should start")),
        }
    }

    fn deeper(&self, depth: usize) -> Result<usize, JsonFault> {
        if depth < DEPTH_MAX { Ok(depth + 1) } else { Err(self.fault("nesting deeper than 32 levels")) }
    }

    fn word(&mut self, word: &str, json: Json) -> Result<Json, JsonFault> {
        for wanted in word.chars() {
            if !self.take(wanted) {
                return Err(self.fault("a word that is not true, false or null"));
            }
        }
        Ok(json)
    }

    fn array(&mut self, depth: usize) -> Result<Json, JsonFault> {
        let mut items = Vec::new();
        self.next();
        self.skip_space();
        if self.take(']') {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            if self.is_closed_by(']')? {
                return Ok(Json::Array(items));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, JsonFault> {
        let mut pairs = Vec::new();
        self.next();
        self.skip_space();
        if self.take('}') {
            return Ok(Json::Object(pairs));
        }
        loop {
            if self.peek() != Some('"') {
                return Err(self.fault("a character where a property name in quotes should start"));
            }
            let name = self.text()?;
            self.skip_space();
            if !self.take(':') {
                return Err(self.fault("a property name without a colon after it"));
            }
            self.skip_space();
            pairs.push((name, self.value(depth)?));
            if self.is_closed_by('}')? {
                return Ok(Json::Object(pairs));
            }
        }
    }

    /// After a value: the closing bracket (true), or a comma and the next value (false).
    fn is_closed_by(&mut self, bracket: char) -> Result<bool, JsonFault> {
        self.skip_space();
        if self.take(bracket) {
            return Ok(true);
        }
        if !self.take(',') {
            return Err(self.fault("a character where a comma or a closing bracket should stand"));
        }
        self.skip_space();
        if self.peek() != Some(bracket) {
            return Ok(false);
        }
        let comma = Forgiven::Comma { before: bracket, place: self.place };
        self.forgive(comma, "a comma with nothing after it")?;
        self.next();
        Ok(true)
    }

    fn number(&mut self) -> Result<String, JsonFault> {
        let mut digits = String::new();
        self.keep('-', &mut digits);
        if !self.keep('0', &mut digits) {
            self.digits(&mut digits)?;
        }
        if self.keep('.', &mut digits) {
            self.digits(&mut digits)?;
        }
        if self.keep('e', &mut digits) || self.keep('E', &mut digits) {
            if !self.keep('+', &mut digits) {
                self.keep('-', &mut digits);
            }
            self.digits(&mut digits)?;
        }
        Ok(digits)
    }

    fn keep(&mut self, wanted: char, digits: &mut String) -> bool {
        let found = self.take(wanted);
        if found {
            digits.push(wanted);
        }
        found
    }

    fn digits(&mut self, digits: &mut String) -> Result<(), JsonFault> {
        if !self.peek().is_some_and(|c| c.is_ascii_digit()) {
            return Err(self.fault("a number without a digit where one should stand"));
        }
        while let Some(c) = self.peek().filter(char::is_ascii_digit) {
            digits.push(c);
            self.next();
        }
        Ok(())
    }

    fn text(&mut self) -> Result<String, JsonFault> {
        let mut text = String::new();
        self.next();
        loop {
            match self.peek() {
                None => return Err(self.fault("a text without an end")),
                Some('\u{0}'..='\u{1f}') => {
                    return Err(self.fault("a control character in a text that is not escaped"));
                }
                Some('"') => {
                    self.next();
                    return Ok(text);
                }
                Some('\\') => text.push(self.escape()?),
                Some(c) => {
                    text.push(c);
                    self.next();
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonFault> {
        let start = self.place;
        self.next();
        let resolved = match self.peek() {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => return self.unicode_escape(start),
            Some(_) | None => return Err(self.fault("an escape that JSON does not know")),
        };
        self.next();
        Ok(resolved)
    }

    fn unicode_escape(&mut self, start: Place) -> Result<char, JsonFault> {
        let lone = JsonFault { what: "half of a surrogate pair", place: start };
        let first = self.unit()?;
        let code = match first {
            0xd800..=0xdbff => {
                if !self.take('\\') || self.peek() != Some('u') {
                    return Err(lone);
                }
                let second = self.unit()?;
                if !(0xdc00..=0xdfff).contains(&second) {
                    return Err(lone);
                }
                0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            unit => unit,
        };
        char::from_u32(code).ok_or(lone)
    }

    /// `u` and four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, JsonFault> {
        self.next();
        let mut unit = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(16)) else {
                return Err(self.fault("an escape without four hexadecimal digits"));
            };
            unit = unit * 16 + digit;
            self.next();
        }
        Ok(unit)
    }
}
