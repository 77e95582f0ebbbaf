//! Questions, requests and exclamations.

use super::choose::{self, Use, asked, object, other, person, phrase, yes_or_not};
use super::clause::{Clause, Mode, Object, Polarity, Subject, Tail, Tense, place};
use super::grammar::{Script, maybe, modal, only};
use super::lexicon::kind::{
    DRINK, EDIBLE, FOOD, HOLD, KIN, LANDMARK, OPEN, PERSON, READ, SIGHT, VEHICLE, WEAR,
};
use super::line::{English, French};
use super::pair::Pair;
use super::phrase::{Determiner, Phrase};
use super::sentence_rng::SentenceRng;
use super::verbs::traits::{ASK, HABIT, WHOM, WILL};
use super::verbs::{BE_ETRE, COME, GO, INTRANSITIVE, LIVE, MOVING, REFLEXIVE, TRANSITIVE, Verb};
use super::words::{
    BYGONE, COMING, Fixed, HABITUAL, OFTEN, PLEASE, PRONOUNS, WHAT, WHEN, WHERE, WHY,
};

/// Do you read this newspaper? Does she want to help us? Did they find him?
pub(super) fn asking(draw: &mut SentenceRng) -> Option<Pair> {
    let pronouns = draw.chance(35);
    let tense = match draw.below(100) {
        0..45 => Tense::Present,
        45..60 => Tense::Past,
        60..72 => Tense::Future,
        _ => modal(draw)?,
    };
    let later = !matches!(tense, Tense::Present | Tense::Past);
    let verb = draw.pick_where(TRANSITIVE, |verb| {
        (!pronouns || (verb.has(WHOM) && (verb.present(false) != "find" || later)))
            && (!later || verb.has(WILL))
            && (!matches!(tense, Tense::Past) || !verb.past().is_empty())
    })?;
    // Of oneself one asks what one may.
    let subject = match tense {
        Tense::Modal(_) if draw.chance(50) => {
            Subject::Pronoun(draw.pick_where(PRONOUNS, |pronoun| matches!(pronoun.slot, 0 | 2))?)
        }
        _ => asked(draw, verb)?,
    };
    let object = if pronouns {
        Object::Pronoun(other(draw, &subject)?)
    } else {
        object(draw, verb, Polarity::Yes)?
    };
    let mut clause = Clause::new(subject, verb, object);
    clause.tense = tense;
    clause.mode = Mode::Question;
    match tense {
        Tense::Present if verb.has(HABIT) && draw.chance(25) => clause.adverb = draw.pick(OFTEN),
        Tense::Present if verb.has(HABIT) => clause.tail = [maybe(draw, 20, HABITUAL), None],
        Tense::Past => clause.tail = [maybe(draw, 30, BYGONE), None],
        Tense::Future => clause.tail = [maybe(draw, 30, COMING), None],
        _ => {}
    }
    only(&clause)
}

/// Where do you live? What does the girl eat? When are they going to leave?
pub(super) fn wondering(draw: &mut SentenceRng) -> Option<Pair> {
    let (opening, verb, tense): (&'static Fixed, &'static Verb, Tense) = match draw.below(100) {
        0..10 => (&WHERE, &LIVE, Tense::Present),
        10..16 => (&WHERE, &GO, Tense::Present),
        16..30 => (&WHERE, draw.pick(INTRANSITIVE)?, Tense::Present),
        30..52 => (&WHAT, what_verb(draw)?, Tense::Present),
        52..66 => (&WHAT, what_verb(draw)?, Tense::Future),
        66..74 => (&WHEN, draw.pick(MOVING)?, Tense::Future),
        74..80 => (&WHEN, draw.pick(INTRANSITIVE)?, Tense::Present),
        80..86 => (&WHEN, draw.pick(MOVING)?, Tense::Past),
        86..92 => (&WHY, draw.pick(INTRANSITIVE)?, Tense::Present),
        92..96 => (&WHY, draw.pick(REFLEXIVE)?, Tense::Present),
        _ => (&WHY, draw.pick(MOVING)?, Tense::Past),
    };
    let tense = match tense {
        Tense::Future if !verb.has(WILL) => Tense::Present,
        Tense::Future if opening.en == WHAT.en && draw.chance(50) => Tense::Want,
        other => other,
    };
    let mut clause = Clause::new(asked(draw, verb)?, verb, Object::None);
    clause.mode = Mode::Asking(opening);
    clause.tense = tense;
    only(&clause)
}

fn what_verb(draw: &mut SentenceRng) -> Option<&'static Verb> {
    let words = ["eat", "drink", "buy", "sell", "read", "write", "wear", "see", "want", "find"];
    draw.pick_where(TRANSITIVE, |verb| words.contains(&verb.present(false)))
}

/// Why do you not help them?
pub(super) fn asking_why(draw: &mut SentenceRng) -> Option<Pair> {
    let verb = draw.pick_where(TRANSITIVE, |verb| {
        verb.has(WHOM) && !matches!(verb.present(false), "find" | "see" | "know")
    })?;
    let subject = asked(draw, verb)?;
    let mut clause = Clause::new(subject, verb, Object::Pronoun(other(draw, &subject)?));
    clause.mode = Mode::Asking(&WHY);
    clause.polarity = yes_or_not(draw);
    only(&clause)
}

/// Where is the black cat? Where are your keys?
pub(super) fn seeking(draw: &mut SentenceRng) -> Option<Pair> {
    let kinds = PERSON | KIN | HOLD | WEAR | VEHICLE | LANDMARK | SIGHT;
    let sought = phrase(draw, kinds, Use::Definite)?;
    let mut clause = Clause::new(Subject::Phrase(sought), &BE_ETRE, Object::None);
    clause.mode = Mode::Asking(&WHERE);
    only(&clause)
}

/// Which dress do you want? How many books did she find?
pub(super) fn choosing(draw: &mut SentenceRng) -> Option<Pair> {
    let over = draw.chance(40);
    let verb = draw.pick_where(TRANSITIVE, |verb| {
        !matches!(verb.present(false), "wait" | "help" | "listen" | "look")
            && (!over || !verb.past().is_empty())
    })?;
    let mut front = phrase(draw, verb.objects & !KIN, Use::Definite)?;
    front.count = None;
    if verb.present(false) == "have" && !front.plural {
        return None;
    }
    front.determiner =
        if front.plural && draw.chance(65) { Determiner::HowMany } else { Determiner::Which };
    let mut clause = Clause::new(asked(draw, verb)?, verb, Object::None);
    clause.mode = Mode::Fronted(front);
    if verb.present(false) == "have" && matches!(front.determiner, Determiner::Which) {
        return None;
    }
    clause.tense = match draw.below(100) {
        0..60 if !verb.past().is_empty() => Tense::Past,
        35..50 if verb.has(WILL) => Tense::Future,
        50..65 if verb.has(WILL) => Tense::Want,
        _ => Tense::Present,
    };
    only(&clause)
}

/// Who wants this cake? Who is going to open the door?
pub(super) fn asking_who(draw: &mut SentenceRng) -> Option<Pair> {
    let verb = choose::transitive(draw, |verb| verb.present(false) != "have")?;
    let pronoun = verb.has(WHOM) && draw.chance(55);
    let object = if pronoun {
        Object::Pronoun(choose::pronoun(draw)?)
    } else {
        object(draw, verb, Polarity::Yes)?
    };
    let mut clause = Clause::new(Subject::Who, verb, object);
    clause.tense = match draw.below(100) {
        0..25 if !verb.past().is_empty() => Tense::Past,
        25..40 if verb.has(WILL) => Tense::Future,
        40..60 if verb.has(WILL) => modal(draw)?,
        _ => Tense::Present,
    };
    only(&clause)
}

/// Open the red box, please. Do not wait for me!
pub(super) fn requesting(draw: &mut SentenceRng) -> Option<Pair> {
    let verb = choose::transitive(draw, |verb| verb.has(ASK))?;
    let denied = draw.chance(40);
    let mut clause = Clause::new(Subject::Nobody, verb, Object::None);
    clause.polarity = if denied { Polarity::Not } else { Polarity::Yes };
    clause.object = if denied && verb.has(WHOM) && draw.chance(60) {
        Object::Pronoun(other(draw, &clause.subject)?)
    } else {
        request_object(draw, verb)?
    };
    let polite = draw.chance(40);
    let mut script = Script::default();
    script.clause(&clause);
    if polite {
        script.fixed(&PLEASE, place::AFTER);
    }
    script.end(if denied && !polite { "!" } else { "." })
}

fn request_object(draw: &mut SentenceRng, verb: &Verb) -> Option<Object> {
    let kinds = PERSON | KIN | SIGHT | EDIBLE | FOOD | DRINK | READ | OPEN | WEAR | HOLD;
    let asked = phrase(draw, verb.objects & kinds, Use::Definite)?;
    Some(Object::Phrase(asked))
}

/// What a beautiful house!
pub(super) fn exclaiming(draw: &mut SentenceRng) -> Option<Pair> {
    let noun = choose::noun(draw, u32::MAX).filter(|noun| !noun.is(FOOD | DRINK | KIN))?;
    let mut praised = Phrase::plain(Determiner::WhatA, noun, false);
    choose::dress(draw, &mut praised);
    if praised.before.is_none() && praised.after.is_none() {
        return None;
    }
    let mut english = English::default();
    let mut french = French::default();
    praised.english(0, &mut english);
    praised.french(0, false, &mut french);
    Script { english, french }.end("!")
}

/// Are you going to come with us? She comes with me to the market.
pub(super) fn accompanying(draw: &mut SentenceRng) -> Option<Pair> {
    let ask = draw.chance(50);
    let verb = if draw.chance(50) { &GO } else { &COME };
    let subject = if ask { asked(draw, verb)? } else { person(draw)? };
    let mut clause = Clause::new(subject, verb, Object::None);
    clause.tense = match draw.below(100) {
        0..40 => Tense::Present,
        40..65 => Tense::Want,
        _ => modal(draw)?,
    };
    clause.tail = [Some(Tail::With(other(draw, &clause.subject)?)), None];
    if ask {
        clause.mode = Mode::Question;
    } else {
        clause.polarity = yes_or_not(draw);
    }
    if !matches!(clause.tense, Tense::Present) {
        let [with, _] = clause.tail;
        clause.tail = [with, maybe(draw, 40, COMING)];
    }
    only(&clause)
}
