//! Word alignments from attention: links, and their combination in two directions.
//!
//! A link is a pair (source token, target token), counted from 0, without the end tokens.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Bound::{Excluded, Unbounded};

/// How attention weights become links.
///
/// Punctuation is linked like words; [`links_of_attention`](super::links_of_attention), for the
/// alignment error rate of a model, leaves it out.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum LinkMethod {
    /// Each target token is linked to the source token with the largest weight, the first one among
    /// equals.
    #[default]
    Argmax,
    /// Each target token is linked to every source token that has at least this weight.
    Threshold(f64),
}

impl LinkMethod {
    /// Returns the links of attention weights, in the order of the source.
    ///
    /// `weights` has a row per target token and a column per source token; rows and columns beyond
    /// the tokens (those of the end token) are ignored.
    ///
    /// ```
    /// use seq2seq::score::LinkMethod;
    ///
    /// let weights = [vec![0.1, 0.5, 0.4], vec![0.8, 0.1, 0.1]];
    /// let (source, target) = (["no", "dogs", "here"], ["chiens", "non"]);
    /// assert_eq!(LinkMethod::Argmax.links(&weights, &source, &target), [(0, 1), (1, 0)]);
    /// let links = LinkMethod::Threshold(0.4).links(&weights, &source, &target);
    /// assert_eq!(links, [(0, 1), (1, 0), (2, 0)]);
    /// ```
    pub fn links<S: AsRef<str>, T: AsRef<str>>(
        self,
        weights: &[Vec<f32>],
        source: &[S],
        target: &[T],
    ) -> Vec<(usize, usize)> {
        let mut links = Vec::new();
        for (t, row) in weights.iter().take(target.len()).enumerate() {
            let row = &row[..row.len().min(source.len())];
            let least = match self {
                Self::Argmax => row.iter().copied().fold(f32::NEG_INFINITY, f32::max),
                Self::Threshold(least) => least as f32,
            };
            let enough = row.iter().enumerate().filter(|(_, weight)| **weight >= least);
            let count = if self == Self::Argmax { 1 } else { row.len() };
            links.extend(enough.take(count).map(|(s, _)| (s, t)));
        }
        links.sort_unstable();
        links
    }
}

/// Returns attention weights between words from those between their tokens: the sum over the tokens
/// of the source word, and the mean over the tokens of the target word.
///
/// `source` and `target` have the index of the word of each token. Rows and columns beyond the tokens
/// (those of the end token) are left out.
///
/// ```
/// // Two pieces of one source word, and two pieces of one target word.
/// let weights = [vec![0.5, 0.25, 0.25], vec![0.25, 0.5, 0.25], vec![0.0, 0.0, 1.0]];
/// let words = seq2seq::score::word_weights(&weights, &[0, 0, 1], &[0, 0, 1]);
/// assert_eq!(words, [[0.75, 0.25], [0.0, 1.0]]);
/// ```
pub fn word_weights(weights: &[Vec<f32>], source: &[usize], target: &[usize]) -> Vec<Vec<f32>> {
    let rows = weights.len().min(target.len());
    let words = |of: &[usize]| of.iter().max().map_or(0, |last| last + 1);
    let (width, height) = (words(source), words(&target[..rows]));
    let mut sums = vec![vec![0.0_f32; width]; height];
    let mut counts = vec![0_u32; height];
    for (row, &t) in weights.iter().zip(target) {
        counts[t] += 1;
        for (weight, &s) in row.iter().zip(source) {
            sums[t][s] += weight;
        }
    }
    for (sums, count) in sums.iter_mut().zip(counts) {
        sums.iter_mut().for_each(|sum| *sum /= count.max(1) as f32);
    }
    sums
}

/// The attention weights of a sentence pair.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SoftAlignment {
    /// The source tokens as the model reads them, without the end token; the words that they form if
    /// they are pieces of words.
    pub source: Vec<String>,
    /// The target tokens, without the end token, likewise.
    pub target: Vec<String>,
    /// The weights, target tokens x source tokens. The weight of the source's end token is left out,
    /// so a row need not sum to 1. Empty if a side is blank or the model has no attention.
    pub weights: Vec<Vec<f32>>,
    /// Number of source tokens that are unknown to the model.
    pub unknown_source: usize,
    /// Number of target tokens that are unknown to the model.
    pub unknown_target: usize,
}

impl SoftAlignment {
    /// Returns the links of the weights: [`LinkMethod::links`].
    pub fn links(&self, method: LinkMethod) -> Vec<(usize, usize)> {
        method.links(&self.weights, &self.source, &self.target)
    }
}

/// How the links of the two translation directions are combined (Koehn, Och and Marcu 2003,
/// "Statistical Phrase-Based Translation", section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Symmetrization {
    /// The links of both directions.
    Intersection,
    /// The links of either direction.
    Union,
    /// The intersection, to which neighbouring links of the union are added as long as one of their
    /// tokens has no link, then links of the union between two tokens without links.
    #[default]
    GrowDiagFinalAnd,
}

/// The neighbours of a link, (target, source), in the order of Moses.
const NEIGHBOURS: [(isize, isize); 8] =
    [(-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)];

impl Symmetrization {
    /// All values.
    pub const ALL: [Self; 3] = [Self::Intersection, Self::Union, Self::GrowDiagFinalAnd];

    /// Combines the links of a model with those of a model of the other direction. All links are
    /// (source, target) of the first model; the result is in the order of the source.
    ///
    /// `grow-diag-final-and` visits the links in the order of the target, then of the source, and
    /// adds the final links of `forward` before those of `reverse`.
    ///
    /// Moses: `symal -alignment=grow -diagonal=yes -final=yes -both=yes`.
    ///
    /// ```
    /// use seq2seq::score::Symmetrization;
    ///
    /// let (forward, reverse) = ([(0, 0), (1, 1), (1, 2)], [(0, 0), (1, 1), (3, 3)]);
    /// let combine = |s: Symmetrization| s.combine(&forward, &reverse);
    /// assert_eq!(combine(Symmetrization::Intersection), [(0, 0), (1, 1)]);
    /// let all = [(0, 0), (1, 1), (1, 2), (3, 3)];
    /// assert_eq!(combine(Symmetrization::Union), all);
    /// assert_eq!(combine(Symmetrization::GrowDiagFinalAnd), all);
    /// ```
    pub fn combine(
        self,
        forward: &[(usize, usize)],
        reverse: &[(usize, usize)],
    ) -> Vec<(usize, usize)> {
        let by_target = |links: &[(usize, usize)]| -> BTreeSet<(usize, usize)> {
            links.iter().map(|&(s, t)| (t, s)).collect()
        };
        let (forward, reverse) = (by_target(forward), by_target(reverse));
        let combined: BTreeSet<_> = match self {
            Self::Intersection => forward.intersection(&reverse).copied().collect(),
            Self::Union => forward.union(&reverse).copied().collect(),
            Self::GrowDiagFinalAnd => grow_diag_final_and(&forward, &reverse),
        };
        let mut links: Vec<_> = combined.into_iter().map(|(t, s)| (s, t)).collect();
        links.sort_unstable();
        links
    }
}

impl fmt::Display for Symmetrization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Intersection => "intersection",
            Self::Union => "union",
            Self::GrowDiagFinalAnd => "grow-diag-final-and",
        })
    }
}

/// Links, (target, source), with the tokens that have one.
#[derive(Default)]
struct Linked {
    links: BTreeSet<(usize, usize)>,
    targets: BTreeSet<usize>,
    sources: BTreeSet<usize>,
}

impl Linked {
    fn insert(&mut self, (target, source): (usize, usize)) {
        self.links.insert((target, source));
        self.targets.insert(target);
        self.sources.insert(source);
    }

    fn has_target(&self, link: (usize, usize)) -> bool {
        self.targets.contains(&link.0)
    }

    fn has_source(&self, link: (usize, usize)) -> bool {
        self.sources.contains(&link.1)
    }
}

fn grow_diag_final_and(
    forward: &BTreeSet<(usize, usize)>,
    reverse: &BTreeSet<(usize, usize)>,
) -> BTreeSet<(usize, usize)> {
    let union: BTreeSet<_> = forward.union(reverse).copied().collect();
    let mut linked = Linked::default();
    forward.intersection(reverse).for_each(|&link| linked.insert(link));
    let mut before = usize::MAX;
    while linked.links.len() != before {
        before = linked.links.len();
        // A link that is added after the current one is visited in the same pass.
        let mut current = linked.links.first().copied();
        while let Some(link) = current {
            for (down, right) in NEIGHBOURS {
                let target = link.0.checked_add_signed(down);
                let Some(near) = target.zip(link.1.checked_add_signed(right)) else { continue };
                let is_free = !linked.has_target(near) || !linked.has_source(near);
                if is_free && union.contains(&near) {
                    linked.insert(near);
                }
            }
            current = linked.links.range((Excluded(link), Unbounded)).next().copied();
        }
    }
    for &link in forward.iter().chain(reverse) {
        if !linked.has_target(link) && !linked.has_source(link) {
            linked.insert(link);
        }
    }
    linked.links
}

/// Writes links in the format of Pharaoh, Moses, fast_align and Marian: `0-0 1-2`.
pub fn pharaoh(links: &[(usize, usize)]) -> String {
    links.iter().map(|(s, t)| format!("{s}-{t}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_in_the_order_of_the_source() {
        let soft = SoftAlignment {
            source: ["a", ",", "b"].map(str::to_owned).into(),
            target: ["x", "y", "."].map(str::to_owned).into(),
            weights: vec![vec![0.1, 0.6, 0.3], vec![0.5, 0.0, 0.5], vec![0.0, 1.0, 0.0]],
            ..SoftAlignment::default()
        };
        assert_eq!(soft.links(LinkMethod::Argmax), [(0, 1), (1, 0), (1, 2)]);
        let links = soft.links(LinkMethod::Threshold(0.3));
        assert_eq!(links, [(0, 1), (1, 0), (1, 2), (2, 0), (2, 1)]);
        assert_eq!(soft.links(LinkMethod::Threshold(0.9)), [(1, 2)]);
        // The weight of the end token, beyond the tokens, is ignored.
        assert_eq!(LinkMethod::Argmax.links(&[vec![0.3, 0.7]], &["a"], &["x"]), [(0, 0)]);
        let nan = [vec![f32::NAN, 0.5]];
        assert_eq!(LinkMethod::Threshold(0.5).links(&nan, &["a", "b"], &["x"]), [(1, 0)]);
        assert!(LinkMethod::Threshold(0.0).links(&[], &["a"], &["x"]).is_empty());
        assert_eq!((pharaoh(&[(0, 0), (1, 2)]), pharaoh(&[])), ("0-0 1-2".into(), String::new()));
    }

    /// Each case worked out by hand with the algorithm of Moses (`printgrow` in symal/symal.cpp).
    #[test]
    fn grow_diag_final_and_is_that_of_moses() {
        let both = Symmetrization::GrowDiagFinalAnd;
        // Nothing in common: the final step alone, forward first. (0, 1) is not added, since the
        // source 0 has a link then.
        assert_eq!(both.combine(&[(0, 0)], &[(0, 1), (2, 2)]), [(0, 0), (2, 2)]);
        assert_eq!(both.combine(&[(0, 1), (2, 2)], &[(0, 0)]), [(0, 1), (2, 2)]);
        // (1, 1) is a neighbour of (0, 0) and (2, 2) one of (1, 1): the link grows along the
        // diagonal, although only the first is in both.
        assert_eq!(both.combine(&[(0, 0), (1, 1)], &[(0, 0), (2, 2)]), [(0, 0), (1, 1), (2, 2)]);
        // (1, 0) has a source without a link, so it grows; then (1, 1) has a target without one.
        assert_eq!(both.combine(&[(0, 0), (1, 1)], &[(0, 0), (1, 0)]), [(0, 0), (1, 0), (1, 1)]);
        // A block whose tokens are all linked already does not grow: (0, 1) and (1, 0) stay out.
        let forward = [(0, 0), (1, 1), (0, 1)];
        assert_eq!(both.combine(&forward, &[(0, 0), (1, 1), (1, 0)]), [(0, 0), (1, 1)]);
        // (3, 0) is no neighbour, and its target has a link: `final`, but not `final-and`, adds it.
        assert_eq!(both.combine(&[(0, 0), (3, 0)], &[(0, 0)]), [(0, 0)]);
        // Links are added to earlier ones in the next pass: (2, 2) gives (1, 1), that gives (0, 0).
        let reverse = [(2, 2), (1, 1), (0, 0)];
        assert_eq!(both.combine(&[(2, 2)], &reverse), [(0, 0), (1, 1), (2, 2)]);
    }

    #[test]
    fn the_order_of_links_does_not_matter_and_nothing_gives_nothing() {
        for how in Symmetrization::ALL {
            assert!(how.combine(&[], &[]).is_empty(), "{how}");
            let (forward, reverse) = ([(4, 1), (0, 0), (2, 1)], [(2, 1), (3, 1), (0, 0), (0, 2)]);
            let (mut turned, mut turned_reverse) = (forward, reverse);
            turned.reverse();
            turned_reverse.reverse();
            let links = how.combine(&forward, &reverse);
            assert_eq!(links, how.combine(&turned, &turned_reverse), "{how}");
            assert!(links.is_sorted() && links.starts_with(&[(0, 0)]), "{how}: {links:?}");
        }
    }
}
