//! The embedded corpus `phrasebook`: English-French sentence pairs made by a grammar.
//! (documentation to come)

mod being;
mod choose;
mod clause;
mod draw;
mod english;
mod french;
mod grammar;
mod lexicon;
mod line;
mod phrase;
mod questions;
mod split;
mod verbs;
mod words;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use draw::{Draw, fnv1a, mix};
use split::Splitter;

/// A sentence pair with its gold word links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The English sentence, its tokens separated by single spaces.
    pub source: String,
    /// The French sentence, its tokens separated by single spaces.
    pub target: String,
    /// Places of linked words, (source token, target token), sorted.
    pub links: Vec<(usize, usize)>,
}

/// A part of the corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// What is learnt from.
    Train,
    /// What training is watched with.
    Valid,
    /// What the result is judged by.
    Test,
}

/// A name that is not a part's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownPart(pub String);

impl fmt::Display for UnknownPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "phrasebook has no part `{}`: it has `train`, `valid` and `test`", self.0)
    }
}

impl std::error::Error for UnknownPart {}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        })
    }
}

impl FromStr for Part {
    type Err = UnknownPart;

    fn from_str(text: &str) -> Result<Self, UnknownPart> {
        match text {
            "train" => Ok(Self::Train),
            "valid" => Ok(Self::Valid),
            "test" => Ok(Self::Test),
            other => Err(UnknownPart(other.to_owned())),
        }
    }
}

type Construction = fn(&mut Draw) -> Option<Pair>;

/// Every construction with how many sentences it gives.
const CONSTRUCTIONS: &[(&str, usize, Construction)] = &[
    ("doing", 3400, grammar::doing),
    ("doing to you", 1900, grammar::doing_to_you),
    ("done", 1500, grammar::done),
    ("done to you", 900, grammar::done_to_you),
    ("moved", 700, grammar::moved),
    ("going to do", 1000, grammar::going_to_do),
    ("going to do to you", 700, grammar::going_to_do_to_you),
    ("may do", 1200, grammar::may_do),
    ("may do to you", 800, grammar::may_do_to_you),
    ("may be doing", 700, grammar::may_be_doing),
    ("being busy", 1000, grammar::being_busy),
    ("going", 900, grammar::going),
    ("giving", 1400, grammar::giving),
    ("counting", 800, grammar::counting),
    ("asking", 1700, questions::asking),
    ("wondering", 500, questions::wondering),
    ("asking why", 300, questions::asking_why),
    ("seeking", 300, questions::seeking),
    ("choosing", 800, questions::choosing),
    ("asking who", 600, questions::asking_who),
    ("requesting", 700, questions::requesting),
    ("exclaiming", 180, questions::exclaiming),
    ("accompanying", 400, questions::accompanying),
    ("qualifying", 1900, being::qualifying),
    ("needing", 350, being::needing),
    ("aging", 250, being::aging),
    ("comparing", 800, being::comparing),
    ("locating", 1100, being::locating),
    ("existing", 900, being::existing),
    ("chaining", 1100, being::chaining),
    ("relating", 900, being::relating),
    ("owning", 600, being::owning),
];

/// Draws that a construction may make for each sentence it owes.
const PATIENCE: usize = 12;

fn compose() -> Vec<Pair> {
    let owed: usize = CONSTRUCTIONS.iter().map(|(_, count, _)| count).sum();
    let mut seen: HashSet<u64> = HashSet::with_capacity(owed);
    let mut keyed: Vec<(u64, Pair)> = Vec::with_capacity(owed);
    for (name, count, construction) in CONSTRUCTIONS {
        let mut draw = Draw::new(name);
        let mut left = *count;
        for _ in 0..count * PATIENCE {
            if left == 0 {
                break;
            }
            if let Some(pair) = construction(&mut draw) {
                let key = mix(fnv1a(&pair.source));
                if seen.insert(key) {
                    keyed.push((key, pair));
                    left -= 1;
                }
            }
        }
    }
    keyed.sort_unstable_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, pair)| pair).collect()
}

/// The whole corpus, in its fixed order.
pub fn pairs() -> Vec<Pair> {
    compose()
}

/// One part of the corpus, in the order of [`pairs`].
pub fn part(part: Part) -> Vec<Pair> {
    let splitter = Splitter::new();
    let mut pairs = compose();
    pairs.retain(|pair| splitter.part(&pair.target) == part);
    pairs
}
