//! Moves of word sequences.

use std::cmp::Reverse;
use std::ops::Range;

use super::beam::{Edit, Table};

/// Maximum number of words that are moved together.
const MOST_WORDS: usize = 10;
/// Maximum distance between a sequence in the hypothesis and the same one in the reference.
const MOST_DISTANCE: usize = 50;
/// Number of candidates after which the search ends.
pub(super) const MOST_CANDIDATES: usize = 1000;

/// A sequence of words that a hypothesis and its reference share.
#[derive(Debug, Clone, Copy)]
struct Shared {
    hypothesis: usize,
    reference: usize,
    length: usize,
}

/// The best move of a hypothesis.
#[derive(Debug)]
pub(super) struct Best {
    /// By how much it reduces the edit distance; 0 or less if no move does.
    pub(super) gain: i64,
    /// The hypothesis after the move.
    pub(super) words: Vec<u32>,
}

/// What the edits say of the words of both sides.
struct Alignment {
    /// The number of hypothesis words up to, and including, the one to which a reference word
    /// corresponds.
    ends: Vec<usize>,
    is_reference_wrong: Vec<bool>,
    is_hypothesis_wrong: Vec<bool>,
}

impl Alignment {
    fn new(edits: &[Edit]) -> Self {
        let (mut ends, mut reference, mut hypothesis) = (Vec::new(), Vec::new(), Vec::new());
        for edit in edits {
            let is_wrong = *edit != Edit::Keep;
            if *edit != Edit::Insert {
                hypothesis.push(is_wrong);
            }
            if *edit != Edit::Delete {
                reference.push(is_wrong);
                ends.push(hypothesis.len());
            }
        }
        Self { ends, is_reference_wrong: reference, is_hypothesis_wrong: hypothesis }
    }

    /// Returns true if moving the sequence can help: it is wrong where it is, the same words of the
    /// reference are not matched yet, and they do not correspond to the sequence itself.
    fn may_help(&self, shared: Shared) -> bool {
        let Shared { hypothesis: h, reference: r, length } = shared;
        self.is_hypothesis_wrong[h..h + length].contains(&true)
            && self.is_reference_wrong[r..r + length].contains(&true)
            && !(h + 1..h + 1 + length).contains(&self.ends[r])
    }

    /// Returns the places to which the sequence may move: before the word that follows the one that
    /// corresponds to the word before it in the reference, and likewise for each word of it but the
    /// last.
    fn targets(&self, shared: Shared) -> impl Iterator<Item = usize> {
        let before = shared.reference.checked_sub(1).map_or(0, |r| self.ends[r]);
        let within = &self.ends[shared.reference..][..shared.length];
        let mut last = None;
        [before].into_iter().chain(within.iter().copied()).filter(move |&target| {
            let is_new = last != Some(target);
            last = Some(target);
            is_new
        })
    }
}

/// Finds the move that reduces the edit distance most. Among equally good ones it is the longest,
/// then the first in the hypothesis, then the one to the first place. `checked` counts candidates.
pub(super) fn best_shift(
    hypothesis: &[u32],
    reference: &[u32],
    checked: &mut usize,
) -> Option<Best> {
    let table = Table::new(hypothesis, reference);
    let alignment = Alignment::new(&table.edits());
    let mut rows = [Vec::new(), Vec::new()];
    let mut best = None;
    let mut words = Vec::with_capacity(hypothesis.len());
    for shared in shared_sequences(hypothesis, reference).filter(|&s| alignment.may_help(s)) {
        for target in alignment.targets(shared) {
            let changed = shift(hypothesis, shared.hypothesis, shared.length, target, &mut words);
            let distance = table.distance_of(&words, changed, &mut rows);
            let gain = i64::from(table.distance()) - i64::from(distance);
            let rank = (gain, shared.length, Reverse(shared.hypothesis), Reverse(target));
            *checked += 1;
            if best.as_ref().is_none_or(|(best, _)| rank > *best) {
                best = Some((rank, words.clone()));
            }
        }
        if *checked >= MOST_CANDIDATES {
            break;
        }
    }
    best.map(|(rank, words)| Best { gain: rank.0, words })
}

/// Returns the sequences that both sides share, by their beginning in the hypothesis, then in the
/// reference, then by length.
fn shared_sequences<'a>(
    hypothesis: &'a [u32],
    reference: &'a [u32],
) -> impl Iterator<Item = Shared> + 'a {
    (0..hypothesis.len()).flat_map(move |h| {
        let first = h.saturating_sub(MOST_DISTANCE);
        let end = reference.len().min(h + MOST_DISTANCE + 1);
        (first..end).flat_map(move |r| {
            let pairs = hypothesis[h..].iter().zip(&reference[r..]);
            let length = pairs.take(MOST_WORDS).take_while(|(a, b)| a == b).count();
            (1..=length).map(move |length| Shared { hypothesis: h, reference: r, length })
        })
    })
}

/// Writes into `out` the words with `length` of them moved from `start` before `target`, which
/// counts as Tercom does: within the moved sequence, and at its end, it counts words behind it.
/// Returns the places that may have changed.
fn shift(
    words: &[u32],
    start: usize,
    length: usize,
    target: usize,
    out: &mut Vec<u32>,
) -> Range<usize> {
    let (moved, end) = (&words[start..start + length], start + length);
    out.clear();
    if target < start {
        for part in [&words[..target], moved, &words[target..start], &words[end..]] {
            out.extend_from_slice(part);
        }
        return target..end;
    }
    let after = if target > end { target } else { (target + length).min(words.len()) };
    for part in [&words[..start], &words[end..after], moved, &words[after..]] {
        out.extend_from_slice(part);
    }
    start..after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_moved_before_a_place() {
        let words = [0, 1, 2, 3, 4, 5];
        for (start, length, target, expected) in [
            (2, 2, 0, [2, 3, 0, 1, 4, 5]),
            (0, 2, 4, [2, 3, 0, 1, 4, 5]),
            (0, 2, 6, [2, 3, 4, 5, 0, 1]),
            (1, 2, 1, [0, 1, 2, 3, 4, 5]),
            (1, 2, 2, [0, 3, 1, 2, 4, 5]),
            (1, 2, 3, [0, 3, 4, 1, 2, 5]),
            (4, 2, 6, [0, 1, 2, 3, 4, 5]),
        ] {
            let mut out = Vec::new();
            let changed = shift(&words, start, length, target, &mut out);
            assert_eq!(out, expected, "{start} {length} {target}");
            for at in (0..6).filter(|at| !changed.contains(at)) {
                assert_eq!(out[at], words[at]);
            }
        }
    }

    #[test]
    fn shared_sequences_are_in_order() {
        let all: Vec<_> = shared_sequences(&[1, 2, 1], &[1, 2])
            .map(|s| (s.hypothesis, s.reference, s.length))
            .collect();
        assert_eq!(all, [(0, 0, 1), (0, 0, 2), (1, 1, 1), (2, 0, 1)]);
    }
}
