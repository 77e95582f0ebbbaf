//! A clause in French.

use super::clause::place::{
    ADVERB, AUX, DEGREE, FINITE, NOT, OBJECT, OPENING, PRONOUN, QUALITY, RECEIVER,
    RECEIVER_PRONOUN, SUBJECT, TAIL, TAIL_STEP, THAN, TO, VERB,
};
use super::clause::{Clause, Degree, Mode, Object, Polarity, Receiver, Subject, Tail, Tense, Than};
use super::lexicon::{Gender, agree};
use super::line::{French, Tag};
use super::verbs::traits::{BE, BEING, SELF};
use super::verbs::{BE_AVOIR, BE_ETRE, GO, WANT_TO, conjugate};

impl Clause {
    /// Appends the French words, without the final mark.
    pub(super) fn french(&self, line: &mut French) {
        let base = self.base;
        match &self.mode {
            Mode::Asking(opening) => {
                for (word, from) in opening.fr {
                    line.push(word, base + OPENING + from);
                }
            }
            Mode::Fronted(phrase) => phrase.french(base + OBJECT, false, line),
            Mode::Statement | Mode::Question => {}
        }
        // *where is the cat* alone turns verb and subject round.
        let turned = self.verb.has(BE)
            && matches!(self.object, Object::None)
            && matches!(self.mode, Mode::Asking(_));
        if self.inverted() && !turned {
            let front = self.front();
            line.push("est-ce", front);
            line.push("que", front);
        }
        if turned {
            self.french_verb(line);
            self.french_subject(line);
        } else {
            self.french_subject(line);
            self.french_verb(line);
        }
        self.french_complements(line);
        for (tail, at) in self.tail.iter().flatten().zip(0..) {
            tail.french(base + TAIL + at * TAIL_STEP, line);
        }
    }

    /// The English word that a question puts in front.
    fn front(&self) -> Tag {
        self.base
            + match self.tense {
                Tense::Present if self.verb.has(BE) => VERB,
                Tense::Modal(_) => FINITE,
                _ => AUX,
            }
    }

    fn french_subject(&self, line: &mut French) {
        let at = self.base + SUBJECT;
        match &self.subject {
            Subject::Pronoun(pronoun) => line.push(pronoun.subject, at),
            Subject::Phrase(phrase) => phrase.french(at, false, line),
            Subject::Name(name) => line.push(name.text, at),
            Subject::Names(one, two) => {
                line.push(one.text, at);
                line.push("et", at + 1);
                line.push(two.text, at + 2);
            }
            Subject::Who => line.push("qui", at),
            Subject::Nobody => {}
        }
    }

    /// Denial, clitics, verb and adverb.
    fn french_verb(&self, line: &mut French) {
        let base = self.base;
        let slot = self.subject.slot();
        if self.negated() {
            line.push("ne", base + NOT);
        }
        let finite = match self.tense {
            Tense::Present => conjugate(&self.verb.fr, slot),
            Tense::Past if self.verb.has(BEING) => conjugate(&BE_ETRE.fr, slot),
            Tense::Past => conjugate(&BE_AVOIR.fr, slot),
            Tense::Future => conjugate(&GO.fr, slot),
            Tense::Modal(modal) => conjugate(&modal.fr, slot),
            Tense::Want => conjugate(&WANT_TO.fr, slot),
        };
        match self.tense {
            Tense::Present | Tense::Past => {
                self.clitics(line);
                line.push(finite, base + VERB);
                self.denial(line);
                if matches!(self.tense, Tense::Past) {
                    let (gender, plural) = self.participle_agreement();
                    line.push(agree(&self.verb.participle, gender, plural), base + VERB);
                }
            }
            Tense::Future | Tense::Modal(_) | Tense::Want => {
                line.push(finite, base + FINITE);
                self.denial(line);
                self.clitics(line);
                line.push(self.verb.infinitive, base + VERB);
            }
        }
        if let Some(adverb) = self.adverb {
            for (word, from) in adverb.fr {
                line.push(word, base + ADVERB + from);
            }
        }
    }

    fn denial(&self, line: &mut French) {
        match self.polarity {
            Polarity::Yes => {}
            Polarity::Not => line.push("pas", self.base + NOT),
            Polarity::Never => line.push("jamais", self.base + NOT),
        }
    }

    fn clitics(&self, line: &mut French) {
        let base = self.base;
        if self.verb.has(SELF) {
            line.push(self.subject.reflexive(), base + VERB);
        }
        if let Receiver::Pronoun(pronoun) = self.receiver {
            line.push(pronoun.dative, base + RECEIVER_PRONOUN);
        }
        match &self.object {
            Object::Pronoun(pronoun) => line.push(pronoun.direct, base + PRONOUN),
            Object::Thing(gender, plural) => {
                line.push(agree(&["le", "la", "les", "les"], *gender, *plural), base + PRONOUN);
            }
            _ => {}
        }
    }

    /// With *être* the participle agrees with the subject, with *avoir* with an object before it.
    fn participle_agreement(&self) -> (Gender, bool) {
        if self.verb.has(BEING) {
            return self.subject.agreement();
        }
        match (&self.object, &self.mode) {
            (Object::Pronoun(pronoun), _) => (pronoun.gender, pronoun.plural),
            (Object::Thing(gender, plural), _) => (*gender, *plural),
            (_, Mode::Fronted(phrase)) => (phrase.gender(), phrase.plural),
            _ => (Gender::M, false),
        }
    }

    fn french_complements(&self, line: &mut French) {
        let base = self.base;
        let (gender, plural) = self.subject.agreement();
        match &self.object {
            Object::None | Object::Pronoun(_) | Object::Thing(..) => {}
            Object::Phrase(phrase) => {
                let negated = self.negated() && !self.verb.has(BE);
                phrase.french(base + OBJECT, negated, line);
            }
            Object::Fixed(fixed) => {
                for (word, from) in fixed.fr {
                    line.push(word, base + OBJECT + from);
                }
            }
            Object::Quality(degree, adjective) => {
                match degree {
                    Some(Degree::Very) => line.push("très", base + DEGREE),
                    Some(Degree::Too) => line.push("trop", base + DEGREE),
                    None => {}
                }
                line.push(agree(&adjective.fr, gender, plural), base + QUALITY);
            }
            Object::Compared(adjective, than) => {
                let own = adjective.comparative != "more";
                line.push("plus", base + if own { QUALITY } else { DEGREE });
                line.push(agree(&adjective.fr, gender, plural), base + QUALITY);
                line.push("que", base + THAN);
                match than {
                    Than::Phrase(phrase) => phrase.french(base + OBJECT, false, line),
                    Than::Pronoun(pronoun) => line.push(pronoun.stressed, base + PRONOUN),
                }
            }
            Object::Age([_, years]) => {
                line.push(years, base + OBJECT);
                line.push("ans", base + OBJECT + 1);
            }
        }
        if let Receiver::Phrase(phrase) = &self.receiver {
            line.push("à", base + TO);
            phrase.french(base + RECEIVER, false, line);
        }
    }
}

impl Tail {
    fn french(&self, at: Tag, line: &mut French) {
        match self {
            Self::Fixed(fixed) => {
                for (word, from) in fixed.fr {
                    line.push(word, at + from);
                }
            }
            Self::Place(preposition, phrase) => {
                for word in preposition.fr {
                    line.push(word, at + preposition.head);
                }
                phrase.french(at + 0x10, false, line);
            }
            Self::With(pronoun) => {
                line.push("avec", at);
                line.push(pronoun.stressed, at + 1);
            }
            Self::Hour([_, hour]) => {
                line.push("à", at);
                line.push(hour, at + 1);
                line.push("heures", at + 1);
            }
        }
    }
}
