//! Surveys that many tests use.

/// A text, then a scale from 1 to 10, then a choice, then the end.
pub const SHOP: &str = "\
format: antiphon/1
id: shop
uuid: 7b0f9d55-4b0c-4f5d-9a63-2f0d5ff0a001
title: Shopping
languages: [en, no]
default_language: en
settings: {expiry: 24h}
elements:
  - id: intro
    type: text
    text: {en: Thanks for shopping with us. Reply STOP to opt out., no: Takk for handelen. Svar STOPP for å slippe.}
  - id: score
    type: scale
    min: 1
    max: 10
    text: {en: How did you like it? Reply 1-10., no: Hvordan likte du det? Svar 1-10.}
  - id: reason
    type: single_choice
    text: {en: What mattered most?, no: Hva betydde mest?}
    options:
      - {code: price, label: {en: Price, no: Pris}}
      - {code: staff, label: {en: Staff, no: Betjening}}
      - {code: range, label: {en: Range, no: Utvalg}}
completion:
  text: {en: Thank you!, no: Takk!}
messages:
  unavailable: {en: This survey is closed., no: Undersøkelsen er lukket.}
  expired: {en: This survey has expired., no: Undersøkelsen er utløpt.}
";
