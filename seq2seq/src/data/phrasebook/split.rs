//! The fixed division into training, validation and test.
//!
//! The part of a pair is a function of its French sentence alone, so pairs with the same French
//! fall together; English sentences are distinct, so no side of a pair occurs in two parts.
//!
//! 1. `share` is the mixed FNV-1a hash (64 bits) of the French sentence, modulo 1000.
//! 2. A noun form and an adjective form side by side in French are *reserved* when the hash of
//!    the two is a multiple of [`RESERVED`]. A sentence with a reserved pair never goes to
//!    training: it goes to the test part when `share` is even, else to validation. Since English
//!    puts the same two words side by side (*old school*, *vieille école*), the held-out parts
//!    contain English neighbours that training never shows, though it shows each of the two words
//!    in many other combinations.
//! 3. Any other sentence goes to the test part when `share` is below [`HELD_OUT`], to validation
//!    when it is below twice that, else to training.

use std::collections::HashSet;

use super::lexicon::{ADJECTIVES, NOUNS};
use super::part::Part;
use tensor::random::fnv1a;

use super::sentence_rng::mix;

/// Of a thousand sentences without a reserved pair, so many go to each held-out part.
const HELD_OUT: u64 = 32;
/// One in so many pairs of a French noun and adjective form is reserved for the held-out parts.
const RESERVED: u64 = 44;

/// Decides the part of a French sentence from its text alone.
pub(super) struct Splitter {
    nouns: HashSet<&'static str>,
    adjectives: HashSet<&'static str>,
}

impl Splitter {
    /// Collects the forms whose neighbourhood matters.
    pub(super) fn new() -> Self {
        let filled = |text: &&'static str| !text.is_empty();
        let nouns = NOUNS.iter().flat_map(|noun| noun.fr).filter(filled).collect();
        let adjectives = ADJECTIVES
            .iter()
            .flat_map(|adjective| adjective.fr.into_iter().chain([adjective.before_vowel]))
            .filter(filled)
            .collect();
        Self { nouns, adjectives }
    }

    /// Whether two neighbours, a noun and an adjective in either order, are kept from training.
    fn reserved(&self, left: &str, right: &str) -> bool {
        let meet = (self.nouns.contains(left) && self.adjectives.contains(right))
            || (self.adjectives.contains(left) && self.nouns.contains(right));
        meet && mix(fnv1a(left).rotate_left(17) ^ fnv1a(right)).is_multiple_of(RESERVED)
    }

    /// The part of a sentence.
    pub(super) fn part(&self, target: &str) -> Part {
        let share = mix(fnv1a(target)) % 1000;
        let words = target.split(' ');
        let kept_back =
            words.clone().zip(words.skip(1)).any(|(left, right)| self.reserved(left, right));
        match share {
            _ if kept_back && share.is_multiple_of(2) => Part::Test,
            _ if kept_back => Part::Valid,
            0..HELD_OUT => Part::Test,
            _ if share < 2 * HELD_OUT => Part::Valid,
            _ => Part::Train,
        }
    }
}
