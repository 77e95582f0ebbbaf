//! Sentences about what and where things are.

use super::choose::{self, Use, adjective, other, owned, person, phrase, resting_place, spot};
use super::clause::{Clause, Degree, Mode, Object, Polarity, Subject, Tail, Than, place};
use super::grammar::{Script, only};
use super::lexicon::kind::{
    AGED, ANIMAL, CASE, DRINK, EDIBLE, ESTATE, FOOD, HOLD, KIN, LANDMARK, PERSON, READ, SIGHT,
    SURFACE, VEHICLE, WEAR,
};
use super::lexicon::{ADJECTIVES, Adjective, Noun, adj};
use super::pair::Pair;
use super::phrase::{Determiner, Phrase};
use super::sentence_rng::SentenceRng;
use super::verbs::{BE_AVOIR, BE_ETRE};
use super::words::{NEEDS, NUMBERS};

/// What is said after *is*: *the car is new* would need another French word than *a new car*.
pub(super) const SAID: u32 = !(adj::NEW | adj::GOOD);
/// What can be so to a degree.
pub(super) const GRADED: u32 = adj::BIG
    | adj::SMALL
    | adj::OLD
    | adj::YOUNG
    | adj::FINE
    | adj::DEAR
    | adj::HEAVY
    | adj::RICH
    | adj::TIRED
    | adj::HAPPY
    | adj::SMART
    | adj::INTERESTING;
/// What can be so too much.
const EXCESS: u32 =
    adj::BIG | adj::SMALL | adj::OLD | adj::YOUNG | adj::DEAR | adj::HEAVY | adj::HOT | adj::COLD;

const NAMED: u32 = PERSON
    | KIN
    | ANIMAL
    | EDIBLE
    | FOOD
    | DRINK
    | READ
    | WEAR
    | HOLD
    | VEHICLE
    | ESTATE
    | LANDMARK
    | SURFACE
    | CASE
    | SIGHT;

/// A subject for a quality, and the quality.
fn qualified(draw: &mut SentenceRng, of: u32) -> Option<(Subject, &'static Adjective)> {
    if draw.chance(30) {
        let states = (adj::STATE | adj::OLD | adj::YOUNG) & of;
        let quality = draw.pick_where(ADJECTIVES, |adjective| adjective.bit & states != 0)?;
        return match person(draw)? {
            Subject::Phrase(_) => None,
            subject => Some((subject, quality)),
        };
    }
    let mut subject =
        if draw.chance(20) { owned(draw, HOLD | VEHICLE | ESTATE | ANIMAL)? } else { known(draw)? };
    let quality = adjective(draw, subject.noun, of)?;
    if subject.before.is_some_and(|before| before.bit & (adj::OLD | adj::BIG | adj::SMALL) != 0) {
        subject.before = None;
    }
    if subject.after.is_some() && quality.bit & adj::COLOR != 0
        || subject.after.is_some_and(|after| after.bit & adj::COLOR == 0)
    {
        subject.after = None;
    }
    Some((Subject::Phrase(subject), quality))
}

/// Something definite with or without an adjective.
fn known(draw: &mut SentenceRng) -> Option<Phrase> {
    phrase(draw, NAMED, Use::Definite)
}

/// The green apples are not expensive; she is very tired; is the soup hot?
pub(super) fn qualifying(draw: &mut SentenceRng) -> Option<Pair> {
    let (of, degree) = match draw.below(100) {
        0..62 => (SAID, None),
        62..84 => (GRADED, Some(Degree::Very)),
        _ => (EXCESS, Some(Degree::Too)),
    };
    let (subject, quality) = qualified(draw, of)?;
    let mut clause = Clause::new(subject, &BE_ETRE, Object::Quality(degree, quality));
    match draw.below(100) {
        0..27 => clause.polarity = Polarity::Not,
        27..50 => {
            if matches!(subject, Subject::Pronoun(pronoun) if pronoun.slot == 0) {
                return None;
            }
            clause.mode = Mode::Question;
        }
        _ => {}
    }
    only(&clause)
}

/// The cat is hungry: le chat a faim.
pub(super) fn needing(draw: &mut SentenceRng) -> Option<Pair> {
    let subject = if draw.chance(20) {
        Subject::Phrase(phrase(draw, ANIMAL, Use::Definite)?)
    } else {
        person(draw)?
    };
    let mut clause = Clause::new(subject, &BE_AVOIR, Object::Fixed(draw.pick(NEEDS)?));
    match draw.below(100) {
        0..30 => clause.polarity = Polarity::Not,
        30..40 => clause.polarity = Polarity::Never,
        40..55 => clause.mode = Mode::Question,
        _ => {}
    }
    only(&clause)
}

/// My sister is seven years old: ma sœur a sept ans.
pub(super) fn aging(draw: &mut SentenceRng) -> Option<Pair> {
    let aged = phrase(draw, AGED, Use::Definite)?;
    if aged.before.is_some_and(|before| before.bit & (adj::OLD | adj::YOUNG) != 0) {
        return None;
    }
    let years = *draw.pick(NUMBERS)?;
    let mut clause = Clause::new(Subject::Phrase(aged), &BE_AVOIR, Object::Age(years));
    if draw.chance(20) {
        clause.polarity = Polarity::Not;
    }
    only(&clause)
}

/// This dress is more expensive than the hat; he is older than me.
pub(super) fn comparing(draw: &mut SentenceRng) -> Option<Pair> {
    let (kinds, person_like) = match draw.below(6) {
        0 => (WEAR, false),
        1 if draw.chance(60) => (VEHICLE, false),
        1 => (ESTATE, false),
        2 => (READ, false),
        3 => (ANIMAL, false),
        _ => (PERSON | KIN, true),
    };
    let compared = |adjective: &Adjective| !adjective.comparative.is_empty();
    let bare = |draw: &mut SentenceRng| -> Option<Phrase> {
        let mut bare = phrase(draw, kinds, Use::Definite)?;
        bare.before = None;
        bare.count = None;
        if matches!(bare.determiner, Determiner::Count) {
            bare.determiner = Determiner::The;
        }
        if bare.after.is_some_and(|after| after.bit & adj::COLOR == 0) {
            bare.after = None;
        }
        Some(bare)
    };
    let rival = bare(draw)?;
    let subject = if person_like { person(draw)? } else { Subject::Phrase(bare(draw)?) };
    let own = match &subject {
        Subject::Phrase(phrase) if phrase.noun.en == rival.noun.en => return None,
        Subject::Phrase(phrase) if phrase.before.is_some() || phrase.after.is_some() => None,
        Subject::Phrase(phrase) => Some(phrase.noun.fits),
        _ => Some(adj::STATE | adj::OLD | adj::YOUNG),
    };
    let fits = own? & if person_like { u32::MAX } else { rival.noun.fits };
    let quality = draw.pick_where(ADJECTIVES, |one| compared(one) && one.bit & fits != 0)?;
    let than = if person_like && draw.chance(45) {
        Than::Pronoun(other(draw, &subject)?)
    } else {
        Than::Phrase(rival)
    };
    if let (Subject::Pronoun(one), Than::Pronoun(two)) = (&subject, &than)
        && one.subject == two.subject
    {
        return None;
    }
    let mut clause = Clause::new(subject, &BE_ETRE, Object::Compared(quality, than));
    if draw.chance(20) {
        clause.polarity = Polarity::Not;
    }
    only(&clause)
}

/// The cat is under the table; is your mother at the market?
pub(super) fn locating(draw: &mut SentenceRng) -> Option<Pair> {
    let (subject, tail) = if draw.chance(60) {
        let subject = if draw.chance(20) {
            Subject::Phrase(phrase(draw, ANIMAL, Use::Definite)?)
        } else {
            person(draw)?
        };
        (subject, choose::spot_for(draw, &subject)?)
    } else {
        let subject = phrase(draw, HOLD | WEAR | EDIBLE | READ, Use::Definite)?;
        (Subject::Phrase(subject), inside(draw, subject.noun)?)
    };
    let mut clause = Clause::new(subject, &BE_ETRE, Object::None);
    clause.tail = [Some(tail), None];
    match draw.below(100) {
        0..25 => clause.polarity = Polarity::Not,
        25..40 => {
            if matches!(subject, Subject::Pronoun(pronoun) if pronoun.slot == 0) {
                return None;
            }
            clause.mode = Mode::Question;
        }
        _ => {}
    }
    only(&clause)
}

/// Where the thing lies, which is not in or on itself.
fn inside(draw: &mut SentenceRng, thing: &Noun) -> Option<Tail> {
    match resting_place(draw)? {
        Tail::Place(_, phrase)
            if phrase.noun.en == thing.en || thing.is(CASE) && phrase.noun.is(CASE) =>
        {
            None
        }
        tail => Some(tail),
    }
}

/// There are five birds near the church: il y a cinq oiseaux près de l' église.
pub(super) fn existing(draw: &mut SentenceRng) -> Option<Pair> {
    let alive = draw.chance(55);
    let kinds = if alive { PERSON | ANIMAL } else { HOLD | EDIBLE | WEAR | FOOD | DRINK };
    let mut found = phrase(draw, kinds, Use::Object)?;
    if found.plural {
        found.determiner = if draw.chance(30) { Determiner::Some } else { Determiner::Count };
        found.count = None;
        if matches!(found.determiner, Determiner::Count) {
            found.count = draw.pick(NUMBERS).copied();
        }
    } else if found.noun.is(FOOD | DRINK) {
        found.determiner = Determiner::Some;
    } else {
        found.determiner = Determiner::A;
    }
    let tail = if found.noun.is(ANIMAL) {
        choose::roaming(draw)?
    } else if alive {
        spot(draw)?
    } else if found.noun.is(FOOD | DRINK) {
        kitchen(draw)?
    } else {
        inside(draw, found.noun)?
    };
    let Tail::Place(preposition, whereabouts) = tail else {
        return None;
    };
    let asks = draw.chance(25);
    let mut script = Script::default();
    let (there, is) = (place::BEFORE, place::BEFORE + 1);
    let be = if found.plural { "are" } else { "is" };
    let order = if asks { [(be, is), ("there", there)] } else { [("there", there), (be, is)] };
    for (word, tag) in order {
        script.english.push(word, tag);
    }
    if asks {
        script.french.push("est-ce", is);
        script.french.push("que", is);
    }
    script.french.push("il", there);
    script.french.push("y", there);
    script.french.push("a", is);
    found.english(place::OBJECT, &mut script.english);
    found.french(place::OBJECT, false, &mut script.french);
    script.english.push_row(preposition.en, place::TAIL);
    for word in preposition.fr {
        script.french.push(word, place::TAIL + preposition.head);
    }
    whereabouts.english(place::RECEIVER, &mut script.english);
    whereabouts.french(place::RECEIVER, false, &mut script.french);
    script.end(if asks { "?" } else { "." })
}

/// Food and drink are on a table or in the kitchen.
fn kitchen(draw: &mut SentenceRng) -> Option<Tail> {
    let tail = if draw.chance(50) { resting_place(draw)? } else { spot(draw)? };
    match tail {
        Tail::Place(_, phrase)
            if matches!(phrase.noun.singular(), "table" | "kitchen" | "house" | "restaurant") =>
        {
            Some(tail)
        }
        _ => None,
    }
}

impl Noun {
    fn singular(&self) -> &'static str {
        let [one, _] = self.en;
        one
    }
}
