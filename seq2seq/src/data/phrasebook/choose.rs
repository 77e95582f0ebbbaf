//! Choosing parts of sentences that make sense together.

use super::clause::{Object, Polarity, Subject, Tail};
use super::lexicon::kind::{
    ANIMAL, AT, CASE, DRINK, FOOD, FREE, IN as WITHIN, KIN, LANDMARK, OUTSIDE, PERSON, PET, SURFACE,
};
use super::lexicon::{ADJECTIVES, Adjective, NOUNS, Noun, adj};
use super::phrase::{Determiner, Owner, Phrase};
use super::sentence_rng::SentenceRng;
use super::verbs::traits::BEAST;
use super::verbs::{TRANSITIVE, Verb};
use super::words::{
    AT as TO_BE_AT, BESIDE, IN, NAMES, NUMBERS, ON, PRONOUNS, Preposition, Pronoun, UNDER,
};

/// What a noun phrase is for, which decides its determiners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// What the sentence is about.
    Subject,
    /// What something is done to.
    Object,
    /// The same, denied.
    Denied,
    /// What is loved: known, or the kind as a whole.
    Loved,
    /// Definite: a place, a receiver.
    Definite,
}

/// A noun of one of the kinds.
pub(super) fn noun(draw: &mut SentenceRng, kinds: u32) -> Option<&'static Noun> {
    draw.pick_where(NOUNS, |noun| noun.is(kinds))
}

/// A pronoun.
pub(super) fn pronoun(draw: &mut SentenceRng) -> Option<&'static Pronoun> {
    draw.pick(PRONOUNS)
}

/// A pronoun for a subject: those with a verb form of their own come more often.
pub(super) fn speaker(draw: &mut SentenceRng) -> Option<&'static Pronoun> {
    let place = *draw.pick(&[0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5])?;
    PRONOUNS.get(place)
}

/// A number from two to ten, small ones more often.
pub(super) fn small_number(draw: &mut SentenceRng) -> Option<[&'static str; 2]> {
    let bound = NUMBERS.len();
    let place = draw.below(bound).min(draw.below(bound + 2));
    NUMBERS.get(place).copied()
}

/// An adjective for the noun out of a set.
pub(super) fn adjective(
    draw: &mut SentenceRng,
    noun: &Noun,
    of: u32,
) -> Option<&'static Adjective> {
    draw.pick_where(ADJECTIVES, |adjective| adjective.bit & noun.fits & of != 0)
}

fn determiner(
    draw: &mut SentenceRng,
    noun: &Noun,
    plural: bool,
    purpose: Use,
) -> Option<Determiner> {
    if noun.is(KIN) {
        return pronoun(draw).map(Determiner::Of);
    }
    let mass = noun.is(FOOD | DRINK);
    let roll = draw.below(100);
    // Nobody has a man or a woman.
    let roll = if noun.is(FREE) && roll >= 46 { roll % 46 } else { roll };
    Some(match purpose {
        Use::Definite | Use::Subject | Use::Loved if roll < 50 => {
            let kind = noun.is(FOOD | DRINK | ANIMAL) && (mass || plural);
            if purpose == Use::Loved && kind { Determiner::Generic } else { Determiner::The }
        }
        Use::Subject if roll < 62 && !plural && !mass => Determiner::A,
        Use::Definite | Use::Subject | Use::Loved if roll < 78 => Determiner::This,
        Use::Definite | Use::Subject | Use::Loved => Determiner::Of(pronoun(draw)?),
        Use::Object | Use::Denied if roll < 32 => Determiner::The,
        Use::Object | Use::Denied if roll < 46 => Determiner::This,
        Use::Object | Use::Denied if roll < 64 => Determiner::Of(pronoun(draw)?),
        Use::Object | Use::Denied if mass || plural => {
            if noun.is(PERSON) {
                Determiner::The
            } else if purpose == Use::Object && roll < 84 {
                Determiner::Some
            } else {
                Determiner::Bare
            }
        }
        Use::Object => Determiner::A,
        Use::Denied if noun.is(PERSON) => Determiner::The,
        Use::Denied => Determiner::A,
    })
}

/// A noun phrase with, now and then, adjectives and a number.
pub(super) fn phrase(draw: &mut SentenceRng, kinds: u32, purpose: Use) -> Option<Phrase> {
    let noun = noun(draw, kinds)?;
    phrase_of(draw, noun, purpose)
}

/// The same for a given noun.
pub(super) fn phrase_of(
    draw: &mut SentenceRng,
    noun: &'static Noun,
    purpose: Use,
) -> Option<Phrase> {
    let plural = noun.counts() && draw.chance(if noun.is(KIN) { 24 } else { 36 });
    let mut phrase = Phrase::plain(determiner(draw, noun, plural, purpose)?, noun, plural);
    let counted = !matches!(phrase.determiner, Determiner::Generic | Determiner::This);
    if plural && counted && draw.chance(35) {
        phrase.count = small_number(draw);
        let kept = purpose == Use::Definite || draw.chance(30);
        let known = matches!(phrase.determiner, Determiner::The) && kept;
        if !known && !matches!(phrase.determiner, Determiner::Of(_)) {
            phrase.determiner = Determiner::Count;
        }
    }
    if !matches!(phrase.determiner, Determiner::Generic) && draw.chance(42) {
        dress(draw, &mut phrase);
    }
    Some(phrase)
}

/// Gives the phrase one adjective, now and then a colour besides.
pub(super) fn dress(draw: &mut SentenceRng, phrase: &mut Phrase) {
    let Some(first) = adjective(draw, phrase.noun, u32::MAX) else {
        return;
    };
    if first.before {
        phrase.before = Some(first);
        if draw.chance(18) {
            phrase.after = adjective(draw, phrase.noun, adj::COLOR);
        }
    } else {
        phrase.after = Some(first);
    }
}

/// Somebody, or an animal where the verb allows it.
pub(super) fn subject(draw: &mut SentenceRng, verb: &Verb) -> Option<Subject> {
    if verb.has(BEAST) && draw.chance(15) {
        let kinds = if verb.present(false) == "eat" { PET } else { ANIMAL };
        return phrase(draw, kinds, Use::Subject).map(Subject::Phrase);
    }
    person(draw)
}

/// Somebody.
pub(super) fn person(draw: &mut SentenceRng) -> Option<Subject> {
    let roll = draw.below(100);
    if roll < 50 {
        speaker(draw).map(Subject::Pronoun)
    } else if roll < 86 {
        phrase(draw, PERSON | KIN, Use::Subject).map(Subject::Phrase)
    } else if roll < 97 {
        draw.pick(NAMES).map(Subject::Name)
    } else {
        let (one, two) = (draw.pick(NAMES)?, draw.pick(NAMES)?);
        (one.text != two.text).then_some(Subject::Names(one, two))
    }
}

/// Whom one asks about: neither *i* nor *we*.
pub(super) fn asked(draw: &mut SentenceRng, verb: &Verb) -> Option<Subject> {
    let subject = subject(draw, verb)?;
    match subject {
        Subject::Pronoun(pronoun) if matches!(pronoun.slot, 0 | 2) => None,
        other => Some(other),
    }
}

/// A pronoun for somebody else than the subject.
pub(super) fn other(draw: &mut SentenceRng, subject: &Subject) -> Option<&'static Pronoun> {
    let own: &[usize] = match subject {
        Subject::Pronoun(pronoun) => match pronoun.slot {
            0 | 2 => &[0, 2],
            3 => &[3],
            _ => &[],
        },
        Subject::Nobody => &[3],
        _ => &[],
    };
    draw.pick_where(PRONOUNS, |pronoun| !own.contains(&pronoun.slot))
}

/// A verb with a direct object out of those that pass the test.
pub(super) fn transitive(
    draw: &mut SentenceRng,
    test: impl Fn(&Verb) -> bool,
) -> Option<&'static Verb> {
    draw.pick_where(TRANSITIVE, test)
}

/// An object for the verb.
pub(super) fn object(draw: &mut SentenceRng, verb: &Verb, polarity: Polarity) -> Option<Object> {
    let purpose = match polarity {
        _ if verb.present(false) == "love" => Use::Loved,
        Polarity::Yes => Use::Object,
        Polarity::Not | Polarity::Never => Use::Denied,
    };
    phrase(draw, verb.objects, purpose).map(Object::Phrase)
}

/// Affirmed mostly, else denied; what is not done but felt is not denied by *never*.
pub(super) fn polarity_of(draw: &mut SentenceRng, verb: &Verb) -> Polarity {
    let felt = matches!(verb.present(false), "love" | "know" | "have" | "want");
    match polarity(draw) {
        Polarity::Never if felt => Polarity::Not,
        other => other,
    }
}

/// Affirmed mostly, else denied.
pub(super) fn polarity(draw: &mut SentenceRng) -> Polarity {
    match draw.below(100) {
        0..60 => Polarity::Yes,
        60..90 => Polarity::Not,
        _ => Polarity::Never,
    }
}

/// Affirmed or denied, without *never*.
pub(super) fn yes_or_not(draw: &mut SentenceRng) -> Polarity {
    if draw.chance(68) { Polarity::Yes } else { Polarity::Not }
}

/// Where people and animals are and do things.
pub(super) fn spot(draw: &mut SentenceRng) -> Option<Tail> {
    let roll = draw.below(100);
    if roll < 50 {
        located(draw, &IN, WITHIN)
    } else if roll < 78 {
        located(draw, &TO_BE_AT, AT)
    } else {
        let preposition = draw.pick(BESIDE)?;
        located(draw, preposition, LANDMARK)
    }
}

/// Where this subject is and does things.
pub(super) fn spot_for(draw: &mut SentenceRng, subject: &Subject) -> Option<Tail> {
    match subject {
        Subject::Phrase(phrase) if phrase.noun.is(ANIMAL) => roaming(draw),
        _ => spot(draw),
    }
}

/// Where animals are.
pub(super) fn roaming(draw: &mut SentenceRng) -> Option<Tail> {
    let roll = draw.below(100);
    if roll < 45 {
        located(draw, &IN, OUTSIDE)
    } else if roll < 60 {
        located(draw, &UNDER, SURFACE)
    } else {
        let preposition = draw.pick(BESIDE)?;
        located(draw, preposition, LANDMARK)
    }
}

/// Where things are.
pub(super) fn resting_place(draw: &mut SentenceRng) -> Option<Tail> {
    let roll = draw.below(100);
    if roll < 40 {
        located(draw, &ON, SURFACE)
    } else if roll < 65 {
        located(draw, &UNDER, SURFACE)
    } else {
        located(draw, &IN, CASE)
    }
}

fn located(draw: &mut SentenceRng, preposition: &'static Preposition, kinds: u32) -> Option<Tail> {
    let noun = noun(draw, kinds)?;
    let determiner = match draw.below(100) {
        0..74 => Determiner::The,
        74..84 => Determiner::This,
        // One has a house or a box of one's own, not a beach.
        _ if noun.is(LANDMARK | AT | FREE) => Determiner::The,
        _ => Determiner::Of(pronoun(draw)?),
    };
    let mut phrase = Phrase::plain(determiner, noun, false);
    if draw.chance(20) {
        dress(draw, &mut phrase);
    }
    Some(Tail::Place(preposition, phrase))
}

/// A definite phrase that belongs to somebody: *the car of my brother*.
pub(super) fn owned(draw: &mut SentenceRng, kinds: u32) -> Option<Phrase> {
    let noun = noun(draw, kinds)?;
    let plural = noun.counts() && draw.chance(25);
    let mut phrase = Phrase::plain(Determiner::The, noun, plural);
    let owner = self::noun(draw, PERSON | KIN)?;
    let determiner = if owner.is(KIN) || (!owner.is(FREE) && draw.chance(30)) {
        Determiner::Of(pronoun(draw)?)
    } else {
        Determiner::The
    };
    let many = owner.counts() && draw.chance(25);
    phrase.owner = Some(Owner { determiner, noun: owner, plural: many });
    Some(phrase)
}
