//! `[lexicons]`: further words for the reply parser, by language and list (N6). The built-in words always stay.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fault::FaultCode;
use super::reader::Reader;
use crate::survey::Language;
use crate::survey::reply::Lexicons;
use crate::survey::reply::lexicon::List;

/// What stands for the lists of no single language.
const SHARED: &str = "shared";

/// Reads every list that is given, over the built-in ones.
pub fn read(reader: &mut Reader) -> Arc<Lexicons> {
    reader.know("lexicons.en.core_yes".to_owned());
    let built_in = Lexicons::built_in();
    let mut additions = Vec::new();
    for rest in reader.below("lexicons") {
        let Some((owner, name)) = rest.split_once('.') else {
            continue;
        };
        let key = format!("lexicons.{rest}");
        let lists = List::ALL.into_iter().filter(|list| list.is_extendable());
        let mut lists = lists.filter(|list| built_in.is_shared(*list) == (owner == SHARED));
        let Some(list) = lists.find(|list| list.name() == name) else {
            reader.know(key.clone());
            reader.fault(FaultCode::UnknownKey, &key, format!("there is no list {name}; {}", known(owner)));
            continue;
        };
        let words = reader.list(&key, None);
        if let Some(word) = words.iter().find(|word| !is_entry(list, word)) {
            let form = if list.has_values() { "a word and its value such as \"word=8\"" } else { "a word" };
            reader.fault(FaultCode::InvalidValue, &key, format!("`{word}`: write {form}"));
            continue;
        }
        let language = (owner != SHARED).then(|| Language::parse(owner)).transpose();
        match language {
            Ok(language) => additions.push((language, list, words.join(","))),
            Err(fault) => reader.fault(FaultCode::InvalidValue, &key, fault.to_string()),
        }
    }
    if additions.is_empty() {
        return Arc::clone(built_in);
    }
    let additions = additions.iter().map(|(language, list, words)| (language.clone(), *list, words.as_str()));
    Arc::new(built_in.extended(additions))
}

/// A word or phrase, with a value where the list holds values.
fn is_entry(list: List, entry: &str) -> bool {
    let (word, value) = entry.split_once('=').map_or((entry, None), |(word, value)| (word, Some(value)));
    let fits = match value {
        Some(value) => list.has_values() && value.trim().parse::<i32>().is_ok(),
        None => !list.has_values(),
    };
    fits && !word.trim().is_empty() && !word.contains(',')
}

/// The names of the lists that stand under a language, or under `shared`.
fn known(owner: &str) -> String {
    let built_in = Lexicons::built_in();
    let lists = List::ALL.into_iter().filter(|list| list.is_extendable());
    let lists = lists.filter(|list| built_in.is_shared(*list) == (owner == SHARED));
    let names: BTreeSet<&str> = lists.map(List::name).collect();
    format!("under {owner} stand {}", names.into_iter().collect::<Vec<_>>().join(", "))
}
