//! Sentences in which one clause or noun leans on another.

use super::being::{GRADED, SAID};
use super::choose::{self, Use, adjective, owned, person};
use super::clause::{Clause, Degree, Object, Polarity, Subject, Tail, Tense, place};
use super::grammar::{Script, only};
use super::lexicon::kind::{
    ANIMAL, DRINK, EDIBLE, ESTATE, FOOD, HOLD, KIN, OPEN, PERSON, READ, VEHICLE, WEAR,
};
use super::pair::Pair;
use super::phrase::{Determiner, Phrase, Relative};
use super::sentence_rng::SentenceRng;
use super::verbs::traits::WHOM;
use super::verbs::{BE_ETRE, TRANSITIVE, Verb};
use super::words::{AND, BUT, BYGONE, Fixed, PRONOUNS};

/// Pairs of verbs where the second takes up the object of the first.
const CHAINS: &[(&str, &str, u32, bool)] = &[
    ("buy", "eat", EDIBLE | FOOD, true),
    ("find", "read", READ, false),
    ("buy", "sell", VEHICLE | ESTATE, false),
    ("buy", "wear", WEAR, false),
    ("find", "eat", EDIBLE, true),
    ("see", "buy", VEHICLE | ESTATE, true),
    ("see", "want", VEHICLE, false),
    ("buy", "drink", DRINK, false),
    ("have", "love", ANIMAL, false),
    ("open", "close", OPEN, false),
    ("write", "read", READ, false),
];

/// He buys the apple and he eats it; she is looking for the key but she does not find it.
pub(super) fn chaining(draw: &mut SentenceRng) -> Option<Pair> {
    let find = |word: &str| {
        TRANSITIVE.iter().find(|verb| verb.present(false) == word && verb.particle != "at")
    };
    let searching = draw.chance(25);
    let (first, second, kinds, past) =
        if searching { ("look", "find", HOLD | ANIMAL, false) } else { *draw.pick(CHAINS)? };
    let (first, second): (&'static Verb, &'static Verb) = (find(first)?, find(second)?);
    let subject = person(draw)?;
    let again = match &subject {
        Subject::Pronoun(pronoun) => pronoun,
        _ => {
            let (gender, plural) = subject.agreement();
            // A feminine plural would need *elles*, which the corpus leaves out.
            draw.pick_where(PRONOUNS, |pronoun| {
                matches!(pronoun.slot, 1 | 4)
                    && pronoun.gender == gender
                    && pronoun.plural == plural
            })?
        }
    };
    let purpose = if searching { Use::Definite } else { Use::Object };
    let mut named = choose::noun(draw, kinds & first.objects & second.objects)
        .and_then(|noun| choose::phrase_of(draw, noun, purpose))?;
    if matches!(named.determiner, Determiner::Some | Determiner::Bare | Determiner::Generic) {
        named.determiner = Determiner::The;
    }
    named.after = None;
    let thing = Object::Thing(named.gender(), named.plural);
    let mut one = Clause::new(subject, first, Object::Phrase(named));
    let mut two = Clause::new(Subject::Pronoun(again), second, thing);
    two.base = place::CLAUSE;
    if past && draw.chance(55) {
        one.tense = Tense::Past;
        two.tense = Tense::Past;
    }
    let against = searching || draw.chance(25);
    if against {
        two.polarity = Polarity::Not;
    }
    let mut script = Script::default();
    script.clause(&one);
    script.fixed(if against { &BUT } else { &AND }, place::BETWEEN);
    script.clause(&two);
    script.end(".")
}

/// The dress that you wear is red; i love the book that she bought.
pub(super) fn relating(draw: &mut SentenceRng) -> Option<Pair> {
    let over = draw.chance(40);
    let verb = choose::transitive(draw, |verb| {
        !matches!(verb.present(false), "have" | "listen") && (!over || !verb.past().is_empty())
    })?;
    let noun = choose::noun(draw, verb.objects & !(KIN | FOOD | DRINK))?;
    let plural = noun.counts() && draw.chance(45);
    let mut head = Phrase::plain(Determiner::The, noun, plural);
    let bygone = !verb.past().is_empty() && draw.chance(75);
    head.relative = Some(Relative { subject: choose::speaker(draw)?, verb, bygone });
    if draw.chance(55) {
        let quality = adjective(draw, noun, SAID)?;
        let degree =
            if quality.bit & GRADED != 0 && draw.chance(20) { Some(Degree::Very) } else { None };
        let mut clause =
            Clause::new(Subject::Phrase(head), &BE_ETRE, Object::Quality(degree, quality));
        if draw.chance(20) {
            clause.polarity = Polarity::Not;
        }
        return only(&clause);
    }
    if verb.present(false) == "eat" {
        return None;
    }
    let outer = choose::transitive(draw, |outer| {
        outer.objects & noun.kinds != 0
            && outer.en != verb.en
            && matches!(
                outer.present(false),
                "love" | "want" | "see" | "know" | "look" | "buy" | "read"
            )
    })?;
    if noun.is(PERSON) && !outer.has(WHOM) {
        return None;
    }
    // One does not look for what one sells.
    let subject = Subject::Pronoun(choose::speaker(draw)?);
    if head.relative.is_some_and(|relative| relative.subject.slot == subject.slot()) {
        return None;
    }
    only(&Clause::new(subject, outer, Object::Phrase(head)))
}

/// The house of my brother is big; we see the dog of the doctor.
pub(super) fn owning(draw: &mut SentenceRng) -> Option<Pair> {
    let verb = choose::transitive(draw, |verb| {
        matches!(verb.present(false), "see" | "love" | "find" | "open" | "read" | "buy" | "look")
    })?;
    let phrase = owned(draw, verb.objects & !(KIN | PERSON | FOOD | DRINK | EDIBLE))?;
    let mut clause = Clause::new(person(draw)?, verb, Object::Phrase(phrase));
    if !verb.past().is_empty() && draw.chance(40) {
        clause.tense = Tense::Past;
        let when: &'static Fixed = draw.pick(BYGONE)?;
        clause.tail = [if draw.chance(30) { Some(Tail::Fixed(when)) } else { None }, None];
    }
    if draw.chance(25) {
        clause.polarity = Polarity::Not;
    }
    only(&clause)
}
