//! The embedded corpus `phrasebook`: English-French sentence pairs made by a grammar.
//!
//! About 29,900 distinct pairs (27,850 to train on, some 1,000 each to validate and to test with)
//! over 306 English and 502 French words, 3 to 14 tokens a side, 8 on average. Nothing is read
//! and nothing is random: the same pairs come in the same order on every machine.
//!
//! # Text
//!
//! Lower case, tokens separated by single spaces, the marks `. ? ! ,` tokens of their own. English
//! has only the letters a to z; French keeps its accents, and an elided word keeps its apostrophe
//! (`l' homme`, `qu' il`). `est-ce` is one token.
//!
//! # Grammar
//!
//! Statements, denials (`ne ... pas`, `ne ... jamais`), questions (always with `est-ce que`, but
//! for *where is* and *who*), requests and exclamations; present, perfect and near future, *can*,
//! *must* and *want to*; object pronouns before the verb or the infinitive; adjectives after the
//! noun or before it; numbers; possession; comparison; relative clauses; time and place.
//! Every English sentence has exactly one translation, which takes these conventions: *you* is
//! `vous` and one man; *i* and *we* are men; *they* is `ils`; *it* and *them* for a thing take the
//! gender of what the sentence named before; the past is the passé composé; *a*, *some* and a bare
//! noun become `de` after a denial; *some* before a plural with an adjective before it is `de`.
//! Sentences are chosen so that they make sense: verbs take objects, and nouns take adjectives, of
//! fitting kinds.
//!
//! # Links
//!
//! Every French token is linked to exactly one English token, all links being *sure*:
//!
//! - words to the words they translate, articles to articles, marks to marks;
//! - an article, `de` or `des` without an English counterpart to the noun (*drinks milk*, `du
//!   lait`); a contracted article (`au`, `du`) to the preposition, or to *some*;
//! - `ne` and `pas` to *not*, `ne` and `jamais` to *never*;
//! - `est-ce` and `que` to the auxiliary in front (*do*, *did*, *is*, *can*, ...);
//! - a reflexive pronoun, and the auxiliary of the passé composé, to the verb; `va` to *going*;
//! - `plus` to *more*, or to the comparative (*older*); `combien` and `de` to *many*.
//!
//! English tokens without a link: *do* beside *not*, *to* before an infinitive, a particle (*look
//! at*), *a* in *what a*.
//!
//! # Parts
//!
//! The split is a fixed function of the French sentence, by its FNV-1a hash; no sentence of either
//! language occurs in two parts. One in 44 combinations of a noun and an adjective is kept out of
//! training, so more than a tenth of the test sentences contain two English words side by side that
//! training never puts side by side; every single word occurs at least 18 times in training.
//!
//! # Example
//!
//! ```
//! use seq2seq::phrasebook::{Part, part};
//!
//! let test = part(Part::Test);
//! let pair = &test[0];
//! assert_eq!(pair.links.len(), pair.target.split(' ').count());
//! ```

mod being;
mod choose;
mod clause;
mod english;
mod french;
mod grammar;
mod joined;
mod lexicon;
mod line;
mod pair;
mod part;
mod phrase;
mod questions;
mod sentence_rng;
mod split;
mod verbs;
mod words;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

pub use pair::Pair;
pub use part::{Part, UnknownPart};
use sentence_rng::{SentenceRng, mix};
use split::Splitter;
use tensor::random::fnv1a;

type Construction = fn(&mut SentenceRng) -> Option<Pair>;

/// Every construction with how many sentences it gives.
const CONSTRUCTIONS: &[(&str, usize, Construction)] = &[
    ("doing", 3000, grammar::doing),
    ("doing to you", 1400, grammar::doing_to_you),
    ("done", 1300, grammar::done),
    ("done to you", 900, grammar::done_to_you),
    ("moved", 900, grammar::moved),
    ("going to do", 800, grammar::going_to_do),
    ("going to do to you", 700, grammar::going_to_do_to_you),
    ("may do", 900, grammar::may_do),
    ("may do to you", 800, grammar::may_do_to_you),
    ("may be doing", 700, grammar::may_be_doing),
    ("being busy", 1600, grammar::being_busy),
    ("going", 1200, grammar::going),
    ("giving", 1600, grammar::giving),
    ("counting", 600, grammar::counting),
    ("asking", 1300, questions::asking),
    ("wondering", 500, questions::wondering),
    ("asking why", 300, questions::asking_why),
    ("seeking", 300, questions::seeking),
    ("choosing", 1200, questions::choosing),
    ("asking who", 500, questions::asking_who),
    ("requesting", 700, questions::requesting),
    ("exclaiming", 180, questions::exclaiming),
    ("accompanying", 400, questions::accompanying),
    ("qualifying", 1900, being::qualifying),
    ("needing", 350, being::needing),
    ("aging", 250, being::aging),
    ("comparing", 700, being::comparing),
    ("locating", 1000, being::locating),
    ("existing", 800, being::existing),
    ("chaining", 1100, joined::chaining),
    ("relating", 1400, joined::relating),
    ("owning", 600, joined::owning),
];

/// Draws that a construction may make for each sentence it owes.
const PATIENCE: usize = 12;

/// Lets every construction speak in turn, then sorts by a hash of the English side, which looks
/// shuffled and never changes.
fn compose() -> Vec<Pair> {
    let owed: usize = CONSTRUCTIONS.iter().map(|(_, count, _)| count).sum();
    let mut seen: HashSet<u64> = HashSet::with_capacity(owed);
    let mut keyed: Vec<(u64, Pair)> = Vec::with_capacity(owed);
    for (name, count, construction) in CONSTRUCTIONS {
        let mut draw = SentenceRng::new(name);
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

/// The whole corpus, in its fixed order. It is made anew by every call, in about a tenth of a
/// second.
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
