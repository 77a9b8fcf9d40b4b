//! [`WordMap`]: the `map` of a profile. Words in any case; ranges such as `350-360` hold for whole numbers, and an
//! exact word wins over a range (gateways.md 2.3, GW33).

/// From the words of a gateway to what they mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordMap<T> {
    words: Vec<(String, T)>,
    ranges: Vec<(u64, u64, T)>,
}

impl<T> Default for WordMap<T> {
    fn default() -> Self {
        Self { words: Vec::new(), ranges: Vec::new() }
    }
}

/// Why an entry cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryFault {
    /// The word is there already, perhaps in another case.
    Twice,
    /// Two ranges hold the same number.
    Overlap,
    /// The range ends before it begins.
    Backwards,
}

impl<T> WordMap<T> {
    /// Adds a word or a range.
    ///
    /// # Errors
    /// [`EntryFault`].
    pub fn add(&mut self, word: &str, meaning: T) -> Result<(), EntryFault> {
        match range(word) {
            Some((first, last)) if last < first => return Err(EntryFault::Backwards),
            Some((first, last)) => {
                if self.ranges.iter().any(|(from, to, _)| first <= *to && *from <= last) {
                    return Err(EntryFault::Overlap);
                }
                self.ranges.push((first, last, meaning));
            }
            None if self.words.iter().any(|(known, _)| known.eq_ignore_ascii_case(word)) => {
                return Err(EntryFault::Twice);
            }
            None => self.words.push((word.to_owned(), meaning)),
        }
        Ok(())
    }

    /// What a word means.
    #[must_use]
    pub fn get(&self, word: &str) -> Option<&T> {
        let word = word.trim();
        let exact = self.words.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
        if let Some((_, meaning)) = exact {
            return Some(meaning);
        }
        let number = whole(word)?;
        let within = |(first, last, _): &&(u64, u64, T)| (*first..=*last).contains(&number);
        self.ranges.iter().find(within).map(|(_, _, meaning)| meaning)
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.ranges.is_empty()
    }

    /// What its words and ranges mean.
    pub fn meanings(&self) -> impl Iterator<Item = &T> {
        self.words.iter().map(|(_, meaning)| meaning).chain(self.ranges.iter().map(|(_, _, meaning)| meaning))
    }

    /// The same words with other meanings.
    ///
    /// # Errors
    /// The first that has none.
    pub fn try_map<U, E>(&self, meaning: impl Fn(&T) -> Result<U, E>) -> Result<WordMap<U>, E> {
        let words = self.words.iter().map(|(word, one)| Ok((word.clone(), meaning(one)?)));
        let ranges = self.ranges.iter().map(|(first, last, one)| Ok((*first, *last, meaning(one)?)));
        Ok(WordMap { words: words.collect::<Result<_, E>>()?, ranges: ranges.collect::<Result<_, E>>()? })
    }
}

/// `350-360`.
fn range(word: &str) -> Option<(u64, u64)> {
    let (first, last) = word.split_once('-')?;
    Some((whole(first)?, whole(last)?))
}

fn whole(word: &str) -> Option<u64> {
    let is_whole = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    is_whole.then(|| word.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_words_win_over_ranges_and_case_is_ignored() {
        let mut map = WordMap::default();
        for (word, meaning) in [("350-360", 1), ("355", 2), ("Delivered", 3), ("-1", 4)] {
            map.add(word, meaning).unwrap();
        }
        let get = |word| map.get(word).copied();
        assert_eq!([get("350"), get("355"), get("0360"), get("361")], [Some(1), Some(2), Some(1), None]);
        assert_eq!([get(" DELIVERED "), get("-1"), get("")], [Some(3), Some(4), None]);
        assert_eq!(map.add("360-370", 5), Err(EntryFault::Overlap));
        assert_eq!(map.add("9-8", 5), Err(EntryFault::Backwards));
        assert_eq!(map.add("DELIVERED", 5), Err(EntryFault::Twice));
    }
}
