//! A clause in English.

use super::clause::place::{
    ADVERB, AUX, DEGREE, FINITE, NOT, OBJECT, OPENING, PRONOUN, QUALITY, RECEIVER,
    RECEIVER_PRONOUN, SUBJECT, TAIL, TAIL_STEP, THAN, TO, VERB,
};
use super::clause::{Clause, Degree, Mode, Object, Polarity, Receiver, Subject, Tail, Tense, Than};
use super::line::{English, Tag};
use super::verbs::traits::BE;
use super::words::Pronoun;

/// Links go elsewhere.
const UNLINKED: Tag = Tag::MAX;

fn objective(pronoun: &Pronoun) -> &'static str {
    let [_, object, _] = pronoun.en;
    object
}

impl Clause {
    /// Appends the English words, without the final mark.
    pub(super) fn english(&self, line: &mut English) {
        let base = self.base;
        match &self.mode {
            Mode::Asking(opening) => line.push_row(opening.en, base + OPENING),
            Mode::Fronted(phrase) => phrase.english(base + OBJECT, line),
            Mode::Statement | Mode::Question => {}
        }
        self.english_verb(line);
        self.english_complements(line);
        for (tail, at) in self.tail.iter().flatten().zip(0..) {
            tail.english(base + TAIL + at * TAIL_STEP, line);
        }
    }

    fn english_subject(&self, line: &mut English) {
        let at = self.base + SUBJECT;
        match &self.subject {
            Subject::Pronoun(pronoun) => {
                let [subject, _, _] = pronoun.en;
                line.push(subject, at);
            }
            Subject::Phrase(phrase) => phrase.english(at, line),
            Subject::Name(name) => line.push(name.text, at),
            Subject::Names(one, two) => line.push_row(&[one.text, "and", two.text], at),
            Subject::Who => line.push("who", at),
            Subject::Nobody => {}
        }
    }

    /// Subject, auxiliaries, denial, adverb, verb and its particle.
    fn english_verb(&self, line: &mut English) {
        let base = self.base;
        let third = self.subject.third();
        let does = if third { "does" } else { "do" };
        let [verb, _, _] = self.verb.en;
        let is = self.verb.has(BE);
        let (verb_tag, aux_tag) = (base + VERB, base + AUX);
        // The first auxiliary, if there is one, then what follows the denial.
        let plain = !self.inverted() && self.polarity != Polarity::Not;
        let auxiliary = match self.tense {
            Tense::Present if is => Some((self.subject.be(), verb_tag)),
            Tense::Present | Tense::Want if plain => None,
            Tense::Present | Tense::Want => Some((does, aux_tag)),
            Tense::Past if plain => None,
            Tense::Past => Some(("did", aux_tag)),
            Tense::Future => Some((self.subject.be(), aux_tag)),
            Tense::Modal(modal) => Some((modal.present(false), base + FINITE)),
        };
        if let (Some((word, tag)), true) = (auxiliary, self.inverted()) {
            line.push(word, tag);
        }
        self.english_subject(line);
        if let (Some((word, tag)), false) = (auxiliary, self.inverted()) {
            line.push(word, tag);
        }
        match self.polarity {
            Polarity::Yes => {}
            Polarity::Not => line.push("not", base + NOT),
            Polarity::Never => line.push("never", base + NOT),
        }
        if let Some(adverb) = self.adverb {
            line.push_row(adverb.en, base + ADVERB);
        }
        match self.tense {
            Tense::Present if is => {}
            Tense::Present if auxiliary.is_some() => line.push(verb, verb_tag),
            Tense::Present => line.push(self.verb.present(third), verb_tag),
            Tense::Past if auxiliary.is_some() => line.push(verb, verb_tag),
            Tense::Past => line.push(self.verb.past(), verb_tag),
            Tense::Future => {
                line.push("going", base + FINITE);
                line.push("to", UNLINKED);
                line.push(verb, verb_tag);
            }
            Tense::Modal(_) => line.push(verb, verb_tag),
            Tense::Want => {
                let third = third && auxiliary.is_none();
                line.push(if third { "wants" } else { "want" }, base + FINITE);
                line.push("to", UNLINKED);
                line.push(verb, verb_tag);
            }
        }
        if !self.verb.particle.is_empty() {
            line.push(self.verb.particle, UNLINKED);
        }
    }

    fn english_complements(&self, line: &mut English) {
        let base = self.base;
        let alone = matches!(self.object, Object::None) && !matches!(self.mode, Mode::Fronted(_));
        if let Receiver::Pronoun(pronoun) = self.receiver {
            if alone {
                line.push("to", UNLINKED);
            }
            line.push(objective(pronoun), base + RECEIVER_PRONOUN);
        }
        match &self.object {
            Object::None => {}
            Object::Phrase(phrase) => phrase.english(base + OBJECT, line),
            Object::Pronoun(pronoun) => line.push(objective(pronoun), base + PRONOUN),
            Object::Thing(_, plural) => {
                line.push(if *plural { "them" } else { "it" }, base + PRONOUN);
            }
            Object::Fixed(fixed) => line.push_row(fixed.en, base + OBJECT),
            Object::Quality(degree, adjective) => {
                match degree {
                    Some(Degree::Very) => line.push("very", base + DEGREE),
                    Some(Degree::Too) => line.push("too", base + DEGREE),
                    None => {}
                }
                line.push(adjective.en, base + QUALITY);
            }
            Object::Compared(adjective, than) => {
                if adjective.comparative == "more" {
                    line.push("more", base + DEGREE);
                    line.push(adjective.en, base + QUALITY);
                } else {
                    line.push(adjective.comparative, base + QUALITY);
                }
                line.push("than", base + THAN);
                match than {
                    Than::Phrase(phrase) => phrase.english(base + OBJECT, line),
                    Than::Pronoun(pronoun) => line.push(objective(pronoun), base + PRONOUN),
                }
            }
            Object::Age([years, _]) => line.push_row(&[years, "years", "old"], base + OBJECT),
        }
        if let Receiver::Phrase(phrase) = &self.receiver {
            line.push("to", base + TO);
            phrase.english(base + RECEIVER, line);
        }
    }
}

impl Tail {
    fn english(&self, at: Tag, line: &mut English) {
        match self {
            Self::Fixed(fixed) => line.push_row(fixed.en, at),
            Self::Place(preposition, phrase) => {
                line.push_row(preposition.en, at);
                phrase.english(at + 0x10, line);
            }
            Self::With(pronoun) => line.push_row(&["with", objective(pronoun)], at),
            Self::Hour([hour, _]) => line.push_row(&["at", hour], at),
        }
    }
}
