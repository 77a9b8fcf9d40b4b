//! Comparisons and lists: what their sides mean beside each other (F30), and how they are lowered.

use std::ops::Range;

use crate::survey::Language;

use super::family::Resolved;
use super::parser::{Node, Side};
use super::typing::{ExprFaultKind, Type, Typing};
use super::{Literal, Operand, Operator, Test};

impl<'s> Typing<'s> {
    pub(super) fn compare(
        &mut self,
        left: &Node<Side>,
        operator: Operator,
        right: &Node<Side>,
        range: &Range<usize>,
    ) -> Option<Test> {
        let left_side = self.resolve_beside(&left.value, &right.value);
        let right_side = self.resolve_beside(&right.value, &left.value);
        let left_operand = self.operand(&left_side, &right_side, &left.range);
        let right_operand = self.operand(&right_side, &left_side, &right.range);
        let (left_operand, right_operand) = (left_operand?, right_operand?);
        self.fits(&left_side, &right_side, range)?;
        if operator.needs_order() {
            self.has_order(&left_side, range)?;
            self.has_order(&right_side, range)?;
        }
        Some(Test::Compare { left: left_operand, operator, right: right_operand })
    }

    pub(super) fn list(&mut self, operand: &Node<Side>, negated: bool, list: &[Node<Side>]) -> Option<Test> {
        let side = self.resolve(&operand.value);
        let lowered = self.operand(&side, &side, &operand.range);
        let mut literals = Vec::new();
        for node in list {
            let item = match &node.value {
                // In a list only fixed values stand, so a word is a code.
                Side::Word(word) => Resolved::Code(word.clone()),
                other @ (Side::Variable(_)
                | Side::Language
                | Side::Channel
                | Side::Number(_)
                | Side::Text(_)
                | Side::Date(_)
                | Side::Yes
                | Side::No) => self.resolve(other),
            };
            let fits = self
                .operand(&item, &side, &node.range)
                .filter(|_| self.fits(&side, &item, &node.range).is_some());
            match fits {
                Some(Operand::Literal(literal)) => literals.push(literal),
                Some(Operand::Element(_) | Operand::Variable(_) | Operand::Language | Operand::Channel) => {
                    self.fault(
                        ExprFaultKind::Type,
                        &node.range,
                        "a list holds fixed values only".to_owned(),
                        "compare with `==` and `or` instead".to_owned(),
                    );
                }
                None => {}
            }
        }
        (literals.len() == list.len()).then_some(Test::In { operand: lowered?, negated, list: literals })
    }

    fn resolve(&self, side: &Side) -> Resolved<'s> {
        match side {
            Side::Word(word) => match self.scope.elements.get(word) {
                Some(found) => Resolved::Element(word.clone(), found),
                None => Resolved::Code(word.clone()),
            },
            Side::Variable(name) => Resolved::Variable(name.clone()),
            Side::Language => Resolved::Language,
            Side::Channel => Resolved::Channel,
            Side::Number(number) => Resolved::Number(*number),
            Side::Text(text) => Resolved::Text(text.clone()),
            Side::Date(date) => Resolved::Date(*date),
            Side::Yes => Resolved::YesNo("yes"),
            Side::No => Resolved::YesNo("no"),
        }
    }

    /// Next to a choice a word is an option code first, even if an element has the same name (F30).
    fn resolve_beside(&self, side: &Side, other: &Side) -> Resolved<'s> {
        let plain = self.resolve(side);
        match (side, &plain, self.resolve(other)) {
            (
                Side::Word(word),
                Resolved::Element(id, _),
                Resolved::Element(other_id, Type::Choice(codes)),
            ) if *id != other_id && codes.contains(word) => Resolved::Code(word.clone()),
            _ => plain,
        }
    }

    /// Lowers one side, given the other.
    fn operand(
        &mut self,
        side: &Resolved<'s>,
        other: &Resolved<'s>,
        range: &Range<usize>,
    ) -> Option<Operand> {
        let literal = match side {
            Resolved::Element(id, Type::Nothing) => {
                self.no_answer(id, range);
                return None;
            }
            Resolved::Element(id, Type::Choices { .. }) => {
                self.fault(
                    ExprFaultKind::Type,
                    range,
                    format!("`{id}` is a multiple choice, which cannot be compared"),
                    format!("use `contains({id}, code)`, `count({id})` or `answered({id})`"),
                );
                return None;
            }
            Resolved::Element(id, _) => return Some(Operand::Element(id.clone())),
            Resolved::Variable(name) => return Some(Operand::Variable(name.clone())),
            Resolved::Language => return Some(Operand::Language),
            Resolved::Channel => return Some(Operand::Channel),
            Resolved::Number(number) => Literal::Number(*number),
            Resolved::Text(text) => Literal::Text(self.known_text(text, other, range)?),
            Resolved::Date(date) => Literal::Date(*date),
            Resolved::YesNo(word) => Literal::Text((*word).to_owned()),
            Resolved::Code(word) => Literal::Text(self.code(word, other, range)?),
        };
        Some(Operand::Literal(literal))
    }

    /// A language or channel in quotes must be one that occurs (E06).
    fn known_text(&mut self, text: &str, other: &Resolved<'s>, range: &Range<usize>) -> Option<String> {
        match other {
            Resolved::Language => match Language::parse(text) {
                Ok(language)
                    if self.scope.languages.is_empty() || self.scope.languages.contains(&language) =>
                {
                    Some(language.code().to_owned())
                }
                _ => {
                    let known: Vec<&str> = self.scope.languages.iter().map(Language::code).collect();
                    self.fault(
                        ExprFaultKind::NeverTrue,
                        range,
                        format!("`{text}` is not a language of this survey, so this is never true"),
                        format!("its languages are {}", known.join(", ")),
                    );
                    None
                }
            },
            Resolved::Channel if text != "sms" => {
                self.fault(
                    ExprFaultKind::NeverTrue,
                    range,
                    format!("the channel is never `{text}`"),
                    "the only channel is \"sms\"; remove the condition".to_owned(),
                );
                None
            }
            Resolved::Channel
            | Resolved::Element(..)
            | Resolved::Variable(_)
            | Resolved::Number(_)
            | Resolved::Text(_)
            | Resolved::Date(_)
            | Resolved::YesNo(_)
            | Resolved::Code(_) => Some(text.to_owned()),
        }
    }

    fn code(&mut self, word: &str, other: &Resolved<'s>, range: &Range<usize>) -> Option<String> {
        match other {
            // The other side is broken or refused already; what the word means cannot be told.
            Resolved::Element(_, Type::Unknown | Type::Choices { .. } | Type::Nothing) => {
                Some(word.to_owned())
            }
            Resolved::Element(_, Type::Choice(codes)) if codes.iter().any(|code| code == word) => {
                Some(word.to_owned())
            }
            Resolved::Element(id, Type::Choice(codes)) => {
                self.unknown_code(word, id, codes, range);
                None
            }
            Resolved::Language | Resolved::Channel => {
                self.fault(
                    ExprFaultKind::Type,
                    range,
                    format!("`{word}` must stand in quotes here"),
                    format!("write \"{word}\""),
                );
                None
            }
            Resolved::Element(_, Type::Number { .. } | Type::YesNo | Type::Text | Type::Date { .. })
            | Resolved::Variable(_)
            | Resolved::Number(_)
            | Resolved::Text(_)
            | Resolved::Date(_)
            | Resolved::YesNo(_)
            | Resolved::Code(_) => {
                self.unknown_element(word, range);
                None
            }
        }
    }
}
