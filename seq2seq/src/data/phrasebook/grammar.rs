//! Statements about doing: with nouns, with pronouns, now, before and later.

use super::choose::{
    self, Use, object, other, person, phrase, polarity, spot, spot_for, subject, transitive,
    yes_or_not,
};
use super::clause::{Clause, Mode, Object, Polarity, Receiver, Subject, Tail, Tense, place};
use super::lexicon::kind::{
    ANIMAL, AT, EDIBLE, ESTATE, HOLD, HOME, KIN, LANDMARK, PERSON, VEHICLE,
};
use super::line::{English, French, finish};
use super::pair::Pair;
use super::phrase::{Determiner, Phrase};
use super::sentence_rng::SentenceRng;
use super::verbs::traits::{HABIT, SELF, SPOT, WHOM, WILL};
use super::verbs::{
    COME, GIVE, GO, INTRANSITIVE, LIVE, MODALS, MOVING, REFLEXIVE, SPEAK, TRANSITIVE, Verb,
};
use super::words::{
    BESIDE, BYGONE, COMING, FROM, Fixed, HABITUAL, IN, NO, NOW, NUMBERS, OFTEN, TO, YES,
};

/// A sentence in the making.
#[derive(Default)]
pub(super) struct Script {
    pub(super) english: English,
    pub(super) french: French,
}

impl Script {
    pub(super) fn clause(&mut self, clause: &Clause) {
        clause.english(&mut self.english);
        clause.french(&mut self.french);
    }

    pub(super) fn fixed(&mut self, fixed: &Fixed, base: u16) {
        self.english.push_row(fixed.en, base);
        for (word, from) in fixed.fr {
            self.french.push(word, base + from);
        }
    }

    pub(super) fn end(mut self, mark: &'static str) -> Option<Pair> {
        self.english.push(mark, place::END);
        self.french.push(mark, place::END);
        finish(&self.english, &self.french)
    }
}

/// A clause alone.
pub(super) fn only(clause: &Clause) -> Option<Pair> {
    let mut script = Script::default();
    script.clause(clause);
    let asks = clause.inverted() || matches!(clause.subject, Subject::Who);
    script.end(if asks { "?" } else { "." })
}

/// A clause alone or, now and then, as an answer.
fn answer(draw: &mut SentenceRng, clause: &Clause) -> Option<Pair> {
    if clause.polarity == Polarity::Never || !draw.chance(12) {
        return only(clause);
    }
    let mut script = Script::default();
    let opening = if clause.negated() { &NO } else { &YES };
    script.fixed(opening, place::BEFORE);
    script.clause(clause);
    script.end(".")
}

/// One of a row of phrases, in so many of a hundred cases.
pub(super) fn maybe(draw: &mut SentenceRng, percent: usize, row: &'static [Fixed]) -> Option<Tail> {
    if draw.chance(percent) { draw.pick(row).map(Tail::Fixed) } else { None }
}

fn hour(draw: &mut SentenceRng) -> Option<Tail> {
    draw.pick(NUMBERS).copied().map(Tail::Hour)
}

/// The boy does not see the red car.
pub(super) fn doing(draw: &mut SentenceRng) -> Option<Pair> {
    let verb = transitive(draw, |_| true)?;
    let polarity = choose::polarity_of(draw, verb);
    let mut clause = Clause::new(subject(draw, verb)?, verb, object(draw, verb, polarity)?);
    clause.polarity = polarity;
    habits(draw, &mut clause)?;
    only(&clause)
}

/// Adds an adverb, a time or a place to what happens again and again.
fn habits(draw: &mut SentenceRng, clause: &mut Clause) -> Option<()> {
    if clause.verb.has(HABIT) && clause.polarity != Polarity::Never {
        match draw.below(100) {
            0..14 if !clause.negated() => clause.adverb = draw.pick(OFTEN),
            14..36 => clause.tail = [maybe(draw, 100, HABITUAL), None],
            36..50 if clause.verb.has(SPOT) => {
                clause.tail = [Some(spot_for(draw, &clause.subject)?), None];
            }
            _ => {}
        }
    }
    Some(())
}

/// He never waits for us.
pub(super) fn doing_to_you(draw: &mut SentenceRng) -> Option<Pair> {
    let verb = transitive(draw, |verb| verb.has(WHOM) && verb.present(false) != "find")?;
    let subject = subject(draw, verb)?;
    let pronoun = other(draw, &subject)?;
    let mut clause = Clause::new(subject, verb, Object::Pronoun(pronoun));
    clause.polarity = choose::polarity_of(draw, verb);
    habits(draw, &mut clause)?;
    answer(draw, &clause)
}

/// We found two keys yesterday.
pub(super) fn done(draw: &mut SentenceRng) -> Option<Pair> {
    let verb = transitive(draw, |verb| !verb.past().is_empty())?;
    let polarity = yes_or_not(draw);
    let mut clause = Clause::new(subject(draw, verb)?, verb, object(draw, verb, polarity)?);
    clause.polarity = polarity;
    clause.tense = Tense::Past;
    clause.tail = [maybe(draw, 35, BYGONE), None];
    only(&clause)
}

/// I did not see her yesterday.
pub(super) fn done_to_you(draw: &mut SentenceRng) -> Option<Pair> {
    let verb = transitive(draw, |verb| verb.has(WHOM) && !verb.past().is_empty())?;
    let subject = subject(draw, verb)?;
    let pronoun = other(draw, &subject)?;
    let mut clause = Clause::new(subject, verb, Object::Pronoun(pronoun));
    clause.tense = Tense::Past;
    clause.polarity = polarity(draw);
    if clause.polarity != Polarity::Never {
        clause.tail = [maybe(draw, 40, BYGONE), if draw.chance(25) { spot(draw) } else { None }];
        clause.tail.reverse();
    }
    answer(draw, &clause)
}

/// My sister arrived this morning.
pub(super) fn moved(draw: &mut SentenceRng) -> Option<Pair> {
    let verb = draw.pick(MOVING)?;
    let mut clause = Clause::new(person(draw)?, verb, Object::None);
    clause.tense = Tense::Past;
    clause.polarity = yes_or_not(draw);
    clause.tail = [maybe(draw, 60, BYGONE), if draw.chance(30) { hour(draw) } else { None }];
    answer(draw, &clause)
}

/// What someone may want or plan to do: the verb, with a noun or a pronoun.
fn plan(draw: &mut SentenceRng, tense: Tense, pronouns: bool) -> Option<Clause> {
    let subject = person(draw)?;
    let polarity = yes_or_not(draw);
    let clause = if pronouns {
        let verb = transitive(draw, |verb| verb.has(WHOM) && verb.has(WILL))?;
        let pronoun = other(draw, &subject)?;
        Clause::new(subject, verb, Object::Pronoun(pronoun))
    } else {
        let verb = transitive(draw, |verb| verb.has(WILL))?;
        Clause::new(subject, verb, object(draw, verb, polarity)?)
    };
    Some(Clause { tense, polarity, ..clause })
}

/// They are going to buy a small house.
pub(super) fn going_to_do(draw: &mut SentenceRng) -> Option<Pair> {
    let mut clause = plan(draw, Tense::Future, false)?;
    clause.tail = [maybe(draw, 35, COMING), None];
    only(&clause)
}

/// She is not going to help me tomorrow.
pub(super) fn going_to_do_to_you(draw: &mut SentenceRng) -> Option<Pair> {
    let mut clause = plan(draw, Tense::Future, true)?;
    clause.tail = [maybe(draw, 45, COMING), None];
    answer(draw, &clause)
}

/// Can, must or want to.
pub(super) fn modal(draw: &mut SentenceRng) -> Option<Tense> {
    if draw.chance(45) { Some(Tense::Want) } else { draw.pick(MODALS).map(Tense::Modal) }
}

/// I want to read this book.
pub(super) fn may_do(draw: &mut SentenceRng) -> Option<Pair> {
    let tense = modal(draw)?;
    only(&plan(draw, tense, false)?)
}

/// You must not wait for them.
pub(super) fn may_do_to_you(draw: &mut SentenceRng) -> Option<Pair> {
    let tense = modal(draw)?;
    let mut clause = plan(draw, tense, true)?;
    clause.tail = [maybe(draw, 20, COMING), None];
    answer(draw, &clause)
}

/// Verbs without an object, and where or when they happen.
fn alone(draw: &mut SentenceRng) -> Option<&'static Verb> {
    match draw.below(100) {
        0..45 => draw.pick(INTRANSITIVE),
        _ => draw.pick(REFLEXIVE),
    }
}

/// We must leave now.
pub(super) fn may_be_doing(draw: &mut SentenceRng) -> Option<Pair> {
    let verb = if draw.chance(30) { draw.pick(MOVING)? } else { alone(draw)? };
    let mut clause = Clause::new(person(draw)?, verb, Object::None);
    clause.tense = if draw.chance(30) { Tense::Future } else { modal(draw)? };
    clause.polarity = yes_or_not(draw);
    clause.tail = [
        match draw.below(100) {
            0..20 if !matches!(clause.tense, Tense::Future) => Some(Tail::Fixed(&NOW)),
            20..40 => draw.pick(COMING).map(Tail::Fixed),
            40..60 if !INTRANSITIVE.iter().any(|other| other.en == verb.en) => hour(draw),
            _ => None,
        },
        None,
    ];
    answer(draw, &clause)
}

/// The child often sleeps in the garden; she gets up at seven.
pub(super) fn being_busy(draw: &mut SentenceRng) -> Option<Pair> {
    let verb = alone(draw)?;
    let subject = if draw.chance(35) {
        Subject::Pronoun(choose::speaker(draw)?)
    } else {
        subject(draw, verb)?
    };
    let mut clause = Clause::new(subject, verb, Object::None);
    clause.polarity = polarity(draw);
    match draw.below(100) {
        0..15 if clause.polarity == Polarity::Yes => clause.adverb = draw.pick(OFTEN),
        15..35 if clause.polarity != Polarity::Never => {
            clause.tail = [maybe(draw, 100, HABITUAL), None];
        }
        35..60 if verb.has(SELF) && verb.present(false) != "rest" => {
            clause.tail = [hour(draw), None];
        }
        35..80 if !verb.has(SELF) || verb.present(false) == "rest" => {
            clause.tail = [spot_for(draw, &clause.subject), None];
        }
        _ => {}
    }
    answer(draw, &clause)
}

/// He goes to the market every week; she comes from the beach; they live in a village.
pub(super) fn going(draw: &mut SentenceRng) -> Option<Pair> {
    let (verb, preposition, kinds) = match draw.below(100) {
        0..45 => (&GO, &TO, AT),
        45..65 => (&COME, &FROM, AT),
        65..90 => (&LIVE, &IN, HOME),
        _ => (&LIVE, draw.pick(BESIDE)?, LANDMARK),
    };
    let mut place = phrase(draw, kinds, Use::Definite)?;
    if place.plural {
        return None;
    }
    place.determiner = match draw.below(100) {
        0..40 if verb.has(WILL) && kinds == HOME => Determiner::A,
        0..85 => Determiner::The,
        _ => Determiner::This,
    };
    let mut clause = Clause::new(person(draw)?, verb, Object::None);
    clause.polarity = if kinds == AT { polarity(draw) } else { yes_or_not(draw) };
    let to = Some(Tail::Place(preposition, place));
    clause.tail = [to, None];
    if verb.has(HABIT) && verb.has(WILL) {
        match draw.below(100) {
            0..15 => clause.tense = Tense::Want,
            15..25 => clause.tense = modal(draw)?,
            25..45 if clause.polarity != Polarity::Never => {
                clause.tail = [to, maybe(draw, 100, HABITUAL)];
            }
            45..55 => clause.tail = [to, other(draw, &clause.subject).map(Tail::With)],
            _ => {}
        }
        if clause.polarity == Polarity::Never && !matches!(clause.tense, Tense::Present) {
            clause.polarity = Polarity::Not;
        }
    } else if verb.has(WILL) && draw.chance(20) {
        clause.tense = Tense::Want;
    }
    answer(draw, &clause)
}

/// I give the key to the doctor; he gives me the book; she speaks to them.
pub(super) fn giving(draw: &mut SentenceRng) -> Option<Pair> {
    let subject = person(draw)?;
    let giving = draw.chance(70);
    let verb = if giving { &GIVE } else { &SPEAK };
    let mut clause = Clause::new(subject, verb, Object::None);
    clause.polarity = if giving { yes_or_not(draw) } else { polarity(draw) };
    if draw.chance(55) {
        clause.receiver = Receiver::Pronoun(other(draw, &subject)?);
    } else {
        clause.receiver = Receiver::Phrase(phrase(draw, PERSON | KIN, Use::Definite)?);
    }
    if giving {
        let purpose = if clause.negated() { Use::Denied } else { Use::Object };
        let given = phrase(draw, HOLD | EDIBLE, purpose)?;
        // *gives her book* could be read as *gives her a book*.
        if matches!(given.determiner, Determiner::Of(owner) if owner.plural || owner.slot == 1) {
            return None;
        }
        clause.object = Object::Phrase(given);
    }
    if clause.polarity != Polarity::Never {
        match draw.below(100) {
            0..20 => clause.tense = modal(draw)?,
            20..35 => {
                clause.tense = Tense::Future;
                clause.tail = [maybe(draw, 40, COMING), None];
            }
            _ => {}
        }
    }
    answer(draw, &clause)
}

/// My brother has three old cars.
pub(super) fn counting(draw: &mut SentenceRng) -> Option<Pair> {
    let verb = draw.pick_where(TRANSITIVE, |verb| {
        matches!(verb.present(false), "have" | "see" | "buy" | "want" | "sell")
    })?;
    let noun =
        choose::noun(draw, verb.objects & (ANIMAL | VEHICLE | HOLD | EDIBLE | ESTATE | KIN))?;
    if !noun.counts() || noun.is(KIN) {
        return None;
    }
    let mut counted = Phrase::plain(Determiner::Count, noun, true);
    counted.count = draw.pick(NUMBERS).copied();
    if draw.chance(55) {
        choose::dress(draw, &mut counted);
    }
    let mut clause = Clause::new(subject(draw, verb)?, verb, Object::Phrase(counted));
    if matches!(verb.present(false), "buy" | "see") && draw.chance(40) {
        clause.tense = if draw.chance(50) { Tense::Past } else { Tense::Future };
    }
    clause.mode = Mode::Statement;
    answer(draw, &clause)
}
