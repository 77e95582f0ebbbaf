//! Selection of held-out pairs, such that no tested pair was trained on.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

/// The rule that selects held-out pairs if none are given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitRule {
    /// By the source text in the file: the rule of runs that were begun before there was another
    /// one.
    #[default]
    SourceText,
    /// By both sides as read by the model: neither side of a held-out pair is trained on.
    BothSides,
}

/// A pair as read by the model: a hash of the tokens of each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Seen {
    pub(crate) source: u64,
    pub(crate) target: u64,
}

/// The use of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Train,
    HeldOut,
    /// Neither: it shares its target with a held-out pair.
    LeftOut,
}

/// The use of each pair, in order.
#[derive(Debug)]
pub(crate) struct Split {
    pub(crate) sides: Vec<Side>,
    /// Number of held-out pairs whose target is also trained on, because it is too frequent to
    /// exclude.
    pub(crate) shared: usize,
}

impl Split {
    pub(crate) fn count(&self, side: Side) -> usize {
        self.sides.iter().filter(|&&other| other == side).count()
    }

    /// Returns warnings about the split.
    pub(crate) fn warnings(&self, what: &str) -> Vec<String> {
        let (held, left) = (self.count(Side::HeldOut), self.count(Side::LeftOut));
        let mut all = Vec::new();
        if held == 0 {
            all.push(format!(
                "nothing is held out: the fixed share of {} {what} is none; give valid = FILE, \
                 or valid = none to train on everything",
                self.sides.len()
            ));
        }
        if left > 0 {
            all.push(format!(
                "{left} of {} pairs are neither trained on nor held out: each has, as the model \
                 reads it, the target of one of the {held} held-out pairs",
                self.sides.len()
            ));
        }
        if self.shared > 0 {
            all.push(format!(
                "{} of the {held} held-out pairs have a target that is trained on, too, with other \
                 sources: such targets are too frequent to be left out of training",
                self.shared
            ));
        }
        all
    }
}

/// One in this many pairs is held out.
const SHARE: u64 = 20;
/// Maximum number of held-out pairs; for a small corpus a tenth.
const MOST: usize = 1_000;

/// Holds out a twentieth of the pairs, at most 1,000, selected by hashes. Pairs that share a side,
/// directly or through other pairs, stay together. If such a group is too large, only pairs with
/// equal sources stay together, and pairs that share a target with a held-out pair are excluded
/// from training, the rarest targets first, up to a twentieth of all pairs.
pub(crate) fn split(seen: &[Seen]) -> Split {
    let n = seen.len();
    let groups = Groups::new(seen);
    let largest = (n / 80).clamp(4, 250);
    let is_large = |i: usize| groups.sizes[groups.roots[i]] > largest;
    let deciding: Vec<u64> = (0..n)
        .map(|i| if is_large(i) { seen[i].source } else { groups.hashes[groups.roots[i]] })
        .collect();

    let mut counts: HashMap<u64, usize> = HashMap::new();
    for &hash in deciding.iter().filter(|hash| hash.is_multiple_of(SHARE)) {
        *counts.entry(hash).or_default() += 1;
    }
    let mut candidates: Vec<(u64, usize)> = counts.into_iter().collect();
    candidates.sort_unstable();
    let (mut held, mut total) = (HashSet::new(), 0);
    for (hash, count) in candidates {
        if total + count <= (n / 10).min(MOST) {
            total += count;
            held.insert(hash);
        }
    }
    let mut sides: Vec<Side> = deciding
        .iter()
        .map(|hash| if held.contains(hash) { Side::HeldOut } else { Side::Train })
        .collect();

    // Only a split group can have a target on both sides.
    let cut = |i: &usize| is_large(*i);
    let targets: HashSet<u64> =
        (0..n).filter(cut).filter(|&i| sides[i] == Side::HeldOut).map(|i| seen[i].target).collect();
    let mut trained: HashMap<u64, Vec<usize>> = HashMap::new();
    for i in (0..n).filter(cut) {
        if sides[i] == Side::Train && targets.contains(&seen[i].target) {
            trained.entry(seen[i].target).or_default().push(i);
        }
    }
    let mut rarest: Vec<(u64, Vec<usize>)> = trained.into_iter().collect();
    rarest.sort_unstable_by_key(|(target, pairs)| (pairs.len(), *target));
    let mut budget = n / SHARE as usize;
    let mut frequent = HashSet::new();
    for (target, pairs) in rarest {
        if pairs.len() <= budget {
            budget -= pairs.len();
            pairs.into_iter().for_each(|i| sides[i] = Side::LeftOut);
        } else {
            frequent.insert(target);
        }
    }
    let is_shared = |i: &usize| sides[*i] == Side::HeldOut && frequent.contains(&seen[*i].target);
    let shared = (0..n).filter(is_shared).count();
    Split { sides, shared }
}

/// Counts the held-out pairs that are trained on, and those of which only the source or the target
/// is.
pub(crate) fn overlap(train: &[Seen], held_out: &[Seen]) -> (usize, usize) {
    let pairs: HashSet<Seen> = train.iter().copied().collect();
    let sources: HashSet<u64> = train.iter().map(|pair| pair.source).collect();
    let targets: HashSet<u64> = train.iter().map(|pair| pair.target).collect();
    let (mut whole, mut half) = (0, 0);
    for pair in held_out {
        if pairs.contains(pair) {
            whole += 1;
        } else if sources.contains(&pair.source) || targets.contains(&pair.target) {
            half += 1;
        }
    }
    (whole, half)
}

/// Groups of pairs that share a side, directly or through other pairs.
struct Groups {
    /// The index of each pair's group.
    roots: Vec<usize>,
    /// By that index: the number of pairs, and one hash of all different sources.
    sizes: Vec<usize>,
    hashes: Vec<u64>,
}

impl Groups {
    fn new(seen: &[Seen]) -> Self {
        let mut parents: Vec<usize> = (0..seen.len()).collect();
        let (mut sources, mut targets) = (HashMap::new(), HashMap::new());
        for (i, pair) in seen.iter().enumerate() {
            for first in
                [*sources.entry(pair.source).or_insert(i), *targets.entry(pair.target).or_insert(i)]
            {
                let (a, b) = (root(&mut parents, first), root(&mut parents, i));
                // The smaller index becomes the root, so that the result does not depend on a map's
                // order.
                parents[a.max(b)] = a.min(b);
            }
        }
        let roots: Vec<usize> = (0..seen.len()).map(|i| root(&mut parents, i)).collect();
        let (mut sizes, mut hashes) = (vec![0; seen.len()], vec![0; seen.len()]);
        for &place in &roots {
            sizes[place] += 1;
        }
        for (source, first) in sources {
            hashes[roots[first]] ^= source;
        }
        Self { roots, sizes, hashes }
    }
}

fn root(parents: &mut [usize], mut i: usize) -> usize {
    while parents[i] != i {
        parents[i] = parents[parents[i]];
        i = parents[i];
    }
    i
}

#[cfg(test)]
mod tests {
    use super::super::hash;
    use super::*;

    fn pairs(count: usize, sides: impl Fn(usize) -> (usize, usize)) -> Vec<Seen> {
        let pair = |(source, target)| Seen {
            source: hash(&format!("source {source}")),
            target: hash(&format!("target {target}")),
        };
        (0..count).map(sides).map(pair).collect()
    }

    fn on<'a>(seen: &'a [Seen], split: &'a Split, side: Side) -> Vec<Seen> {
        seen.iter().zip(&split.sides).filter(|(_, s)| **s == side).map(|(p, _)| *p).collect()
    }

    #[test]
    fn neither_side_of_a_held_out_pair_is_trained_on() {
        for (name, seen, left) in [
            ("all different", pairs(4_000, |i| (i, i)), 0),
            ("two spellings", pairs(4_000, |i| (i % 2_000, i % 2_000)), 0),
            ("five paraphrases", pairs(4_000, |i| (i, i / 5)), 0),
            ("several translations", pairs(4_000, |i| (i / 3, i)), 0),
            // All pairs form one chain.
            ("a chain", pairs(4_000, |i| (i / 2, i.div_ceil(2))), 200),
        ] {
            let split = split(&seen);
            let (train, held) = (on(&seen, &split, Side::Train), on(&seen, &split, Side::HeldOut));
            assert_eq!(overlap(&train, &held), (0, 0), "{name}");
            assert!((100..=400).contains(&held.len()), "{name}: {}", held.len());
            let out = split.count(Side::LeftOut);
            assert!(out <= left && (left == 0 || out > 0), "{name}: {out}");
            assert_eq!(split.shared, 0, "{name}");
        }
    }

    #[test]
    fn targets_that_are_labels_stay_on_both_sides_and_are_counted() {
        let seen = pairs(4_000, |i| (i, i % 7));
        let split = split(&seen);
        let held = split.count(Side::HeldOut);
        assert!((100..=400).contains(&held), "{held}");
        assert_eq!((split.shared, split.count(Side::LeftOut)), (held, 0));
        let (train, held) = (on(&seen, &split, Side::Train), on(&seen, &split, Side::HeldOut));
        assert_eq!(overlap(&train, &held), (0, held.len()));
        assert!(split.warnings("pairs").concat().contains("too frequent to be left out"));
    }

    #[test]
    fn it_does_not_depend_on_the_order_and_keeps_to_its_limits() {
        let seen = pairs(60_000, |i| (i / 2, i));
        let whole = split(&seen);
        assert!((900..=1_000).contains(&whole.count(Side::HeldOut)));
        let turned: Vec<Seen> = seen.iter().rev().copied().collect();
        let sides: Vec<Side> = split(&turned).sides.into_iter().rev().collect();
        assert_eq!(sides, whole.sides);
        // Too few pairs for a share: nothing is held out, with a warning.
        let few = split(&seen[..7]);
        assert_eq!(few.count(Side::Train), 7);
        assert!(few.warnings("pairs")[0].starts_with("nothing is held out: the fixed share of 7"));
        // A source that makes up half of the corpus is not held out.
        let half = split(&pairs(400, |i| (if i % 2 == 0 { 0 } else { i }, i)));
        assert!(half.count(Side::HeldOut) <= 40);
    }
}
