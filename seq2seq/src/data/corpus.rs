//! Sentence pairs.

use std::sync::Arc;

use crate::phrasebook::{self, Part};
use crate::score::GoldLinks;
use tensor::random::fnv1a;

/// A sentence pair as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The source sentence.
    pub source: String,
    /// The target sentence.
    pub target: String,
    /// Gold word links, if the corpus has them.
    pub links: Option<GoldLinks>,
}

impl Pair {
    /// Creates a pair without links.
    pub fn new(source: impl Into<String>, target: impl Into<String>) -> Self {
        Self { source: source.into(), target: target.into(), links: None }
    }
}

impl<S: Into<String>, T: Into<String>> From<(S, T)> for Pair {
    fn from((source, target): (S, T)) -> Self {
        Self::new(source, target)
    }
}

/// The pairs of a run that came from the memory of a program.
#[derive(Debug, Clone)]
pub(crate) struct PairsInMemory {
    pub(crate) train: Arc<Vec<Pair>>,
    pub(crate) held_out: Arc<Vec<Pair>>,
}

/// Sentence pairs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Corpus {
    /// The pairs, in the order of the corpus.
    pub pairs: Vec<Pair>,
}

impl Corpus {
    pub(super) fn phrasebook(part: Option<Part>) -> Self {
        let pairs = part.map_or_else(phrasebook::pairs, phrasebook::part);
        let pair = |p: phrasebook::Pair| Pair {
            source: p.source,
            target: p.target,
            links: Some(GoldLinks::sure(p.links)),
        };
        Self { pairs: pairs.into_iter().map(pair).collect() }
    }

    /// Swaps source and target.
    pub(super) fn turned(mut self) -> Self {
        for pair in &mut self.pairs {
            std::mem::swap(&mut pair.source, &mut pair.target);
            pair.links = pair.links.take().map(GoldLinks::turned);
        }
        self
    }

    pub(super) fn plain(pairs: Vec<(String, String)>) -> Self {
        Self { pairs: pairs.into_iter().map(Pair::from).collect() }
    }

    /// Returns a hash of all pairs, with which a changed corpus is detected.
    pub fn fingerprint(&self) -> u64 {
        self.pairs.iter().fold(0, |all, p| {
            (all ^ hash(&p.source)).wrapping_mul(0x100_0000_01b3) ^ hash(&p.target).rotate_left(17)
        })
    }
}

/// Removes and returns a twentieth of the examples, at most 1,000, selected by a hash of their
/// texts.
pub(crate) fn hold_out<T>(all: &mut Vec<T>, text: impl Fn(&T) -> &str) -> Vec<T> {
    const SHARE: u64 = 20;
    const MOST: usize = 1_000;
    let mut hashes: Vec<u64> = all.iter().map(|x| hash(text(x))).collect();
    hashes.retain(|h| h.is_multiple_of(SHARE));
    hashes.sort_unstable();
    // The first hash beyond the limit.
    let limit = hashes.get(MOST).copied().unwrap_or(u64::MAX);
    let is_held = |x: &mut T| {
        let h = hash(text(x));
        h.is_multiple_of(SHARE) && h < limit
    };
    all.extract_if(.., is_held).collect()
}

/// Returns the hash of a corpus, from those of its training part and its held-out part; a run stores
/// it to notice a change.
pub(crate) fn corpus_hash(train: u64, held_out: u64) -> u64 {
    train ^ held_out.rotate_left(31)
}

/// Returns a hash of texts that depends on their order.
pub(crate) fn fingerprint<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> u64 {
    texts.into_iter().fold(0, |all, text| {
        (all ^ hash(text.as_ref())).wrapping_mul(0x0100_0000_01b3).rotate_left(17)
    })
}

/// Computes the FNV-1a hash with a final mix.
pub(crate) fn hash(text: &str) -> u64 {
    let h = fnv1a(text);
    let h = (h ^ (h >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    h ^ (h >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phrasebook_goes_both_ways() {
        let there = Corpus::read("phrasebook:test", None).unwrap();
        let back = Corpus::read("phrasebook:test", Some((2, 1))).unwrap();
        assert_eq!(there, Corpus::read("phrasebook:test", Some((1, 2))).unwrap());
        for (a, b) in there.pairs.iter().zip(&back.pairs) {
            assert_eq!((&a.source, &a.target), (&b.target, &b.source));
            assert_eq!(a.links.clone().unwrap(), b.links.clone().unwrap().turned());
        }
    }

    #[test]
    fn a_fixed_share_is_held_out_by_its_text() {
        for n in [100, 4_000, 60_000] {
            let whole: Vec<String> = (0..n).map(|i| format!("sentence {}", i / 2)).collect();
            let mut train = whole.clone();
            let held = hold_out(&mut train, |line| line);
            assert_eq!(train.len() + held.len(), n);
            assert!(held.len() <= 1_000 && held.len() >= (n / 40).min(900), "{n}");
            let held: std::collections::HashSet<String> = held.into_iter().collect();
            assert!(train.iter().all(|line| !held.contains(line)));
        }
    }
}
