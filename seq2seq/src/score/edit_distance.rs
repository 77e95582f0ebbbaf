//! Edit distance, and the error rates of outputs with several right answers.

use std::collections::{HashMap, HashSet};

use super::output::Output;
use super::whitespace::words;

/// Returns the Levenshtein distance: the smallest number of insertions, deletions and replacements
/// that turn one sequence into the other.
///
/// ```
/// use seq2seq::score::edit_distance;
///
/// assert_eq!(edit_distance(&["K", "AE1", "T"], &["K", "AH0", "T", "S"]), 2);
/// ```
pub fn edit_distance<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same..], &b[same..]);
    let same = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - same], &b[..b.len() - same]);
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// The errors of outputs of which any of several references is right, such as the pronunciations of
/// a word.
///
/// The references of all pairs with the same source are those of each of them. A source counts once
/// for each different output that it has.
///
/// Symbol error rate = 100 · Σ d / Σ n: d is the edit distance between the symbols of an output and
/// those of its nearest reference, n the number of symbols of that reference; of equally near ones,
/// the first is taken. It is the SER of the library yoyodyne, and the phoneme error rate of the
/// literature on letters to sounds. Word error rate = 100 · the share of outputs that equal none of
/// their references, which is that literature's word error rate (Yao and Zweig 2015,
/// "Sequence-to-Sequence Neural Net Models for Grapheme-to-Phoneme Conversion"), not
/// that of speech recognition.
///
/// ```
/// use seq2seq::score::{Output, SymbolErrors};
///
/// let errors = SymbolErrors::of(&[
///     Output::of_text(Some("read"), "R IY D", "R EH D"),
///     Output::of_text(Some("read"), "R IY D", "R IY D"),
///     Output::of_text(Some("cat"), "K AA T S", "K AE T"),
/// ]);
/// assert_eq!(errors.word_error_rate(), Some(50.0));
/// assert_eq!(errors.symbol_error_rate(), Some(100.0 * 2.0 / 6.0));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SymbolErrors {
    outputs: u64,
    wrong: u64,
    distance: u64,
    symbols: u64,
}

impl SymbolErrors {
    /// Counts the errors of outputs. An output without a source has a source of its own.
    pub fn of(outputs: &[Output<'_>]) -> Self {
        let mut references: HashMap<&str, Vec<&str>> = HashMap::new();
        for output in outputs {
            if let Some(source) = output.source {
                references.entry(source).or_default().push(output.reference_symbols);
            }
        }
        let mut seen = HashSet::new();
        let mut errors = Self::default();
        for output in outputs {
            let symbols = output.hypothesis_symbols;
            match output.source {
                Some(source) if !seen.insert((source, symbols)) => {}
                Some(source) => errors.add(symbols, &references[source]),
                None => errors.add(symbols, &[output.reference_symbols]),
            }
        }
        errors
    }

    fn add(&mut self, output: &str, references: &[&str]) {
        self.outputs += 1;
        let output: Vec<&str> = words(output).collect();
        let of = |reference: &&str| {
            let reference: Vec<&str> = words(reference).collect();
            (edit_distance(&output, &reference), reference.len())
        };
        if let Some((distance, length)) = references.iter().map(of).min_by_key(|found| found.0) {
            self.wrong += u64::from(distance > 0);
            self.distance += distance as u64;
            self.symbols += length as u64;
        }
    }

    /// Returns the symbol error rate, from 0; `None` if the references have no symbols.
    pub fn symbol_error_rate(&self) -> Option<f64> {
        (self.symbols > 0).then(|| 100.0 * self.distance as f64 / self.symbols as f64)
    }

    /// Returns the word error rate, 0 to 100; `None` without an output.
    pub fn word_error_rate(&self) -> Option<f64> {
        (self.outputs > 0).then(|| 100.0 * self.wrong as f64 / self.outputs as f64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn distances_of_small_sequences() {
        let distance = |a: &str, b: &str| {
            edit_distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>())
        };
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
            ("ab", "ba", 2),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn distance_is_a_metric(a in "[abc]{0,8}", b in "[abc]{0,8}", c in "[abc]{0,8}") {
            let of = |a: &str, b: &str| edit_distance(a.as_bytes(), b.as_bytes());
            prop_assert_eq!(of(&a, &a), 0);
            prop_assert_eq!(of(&a, &b), of(&b, &a));
            prop_assert!(of(&a, &c) <= of(&a, &b) + of(&b, &c));
            prop_assert!(of(&a, &b) >= a.len().abs_diff(b.len()));
            prop_assert!(of(&a, &b) <= a.len().max(b.len()));
        }
    }

    #[test]
    fn any_reference_of_a_source_is_right() {
        let of = |outputs: &[(Option<&str>, &str, &str)]| {
            let output = |&(source, h, r): &(_, _, _)| Output::of_text(source, h, r);
            SymbolErrors::of(&outputs.iter().map(output).collect::<Vec<_>>())
        };
        let errors = of(&[
            (Some("a"), "x y", "x"),
            (Some("a"), "x y", "x y z"),
            (Some("b"), "", "p q"),
            (None, "m", "m"),
            (None, "m", "n"),
        ]);
        // a: one edit from `x`, and from `x y z`; the first is taken.
        assert_eq!(errors, SymbolErrors { outputs: 4, wrong: 3, distance: 4, symbols: 5 });
        // Different outputs of one source count one by one.
        let errors = of(&[(Some("a"), "x", "x"), (Some("a"), "y", "x")]);
        assert_eq!((errors.outputs, errors.wrong), (2, 1));
        assert_eq!(of(&[]).word_error_rate(), None);
        assert_eq!(of(&[(None, "a", "")]).symbol_error_rate(), None);
        assert_eq!(of(&[(None, "a", "")]).word_error_rate(), Some(100.0));
    }
}
