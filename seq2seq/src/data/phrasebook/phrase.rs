//! Noun phrases, in both languages.

use super::lexicon::{Adjective, Gender, Noun, agree, number};
use super::line::{English, French, Tag};
use super::verbs::{Verb, conjugate};
use super::words::Pronoun;

/// What opens a noun phrase.
#[derive(Debug, Clone, Copy)]
pub(super) enum Determiner {
    /// the: le, la, les.
    The,
    /// a: un, une; `de` after a negation.
    A,
    /// some: du, de la, des; `de` before an adjective in the plural.
    Some,
    /// Nothing in English; the same as `Some` in French, `de` after a negation.
    Bare,
    /// Nothing in English; the definite article in French (*i love cats*).
    Generic,
    /// this, these: ce, cette, ces.
    This,
    /// my, ...: agrees with the noun.
    Of(&'static Pronoun),
    /// Nothing in either language, for a number to follow.
    Count,
    /// which: quel.
    Which,
    /// what a: quel.
    WhatA,
    /// how many: combien de.
    HowMany,
}

/// The owner in *the car of my brother*.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    pub(super) determiner: Determiner,
    pub(super) noun: &'static Noun,
    pub(super) plural: bool,
}

/// The clause in *the dress that you wear*; `bygone` puts it in the perfect.
#[derive(Debug, Clone, Copy)]
pub(super) struct Relative {
    pub(super) subject: &'static Pronoun,
    pub(super) verb: &'static Verb,
    pub(super) bygone: bool,
}

/// A noun phrase.
#[derive(Debug, Clone, Copy)]
pub(super) struct Phrase {
    pub(super) determiner: Determiner,
    pub(super) count: Option<[&'static str; 2]>,
    pub(super) before: Option<&'static Adjective>,
    pub(super) after: Option<&'static Adjective>,
    pub(super) noun: &'static Noun,
    pub(super) plural: bool,
    pub(super) owner: Option<Owner>,
    pub(super) relative: Option<Relative>,
}

const DET: Tag = 0;
const COUNT: Tag = 1;
const BEFORE: Tag = 2;
const AFTER: Tag = 3;
const NOUN: Tag = 4;
const OF: Tag = 5;
const OWNER_DET: Tag = 6;
const OWNER: Tag = 7;
const THAT: Tag = 8;
const WHO: Tag = 9;
const DOES: Tag = 10;

impl Determiner {
    fn english(self, plural: bool) -> &'static [&'static str] {
        match self {
            Self::The => &["the"],
            Self::A => &["a"],
            Self::Some => &["some"],
            Self::Bare | Self::Generic | Self::Count => &[],
            Self::This if plural => &["these"],
            Self::This => &["this"],
            Self::Of(_) => &[],
            Self::Which => &["which"],
            Self::WhatA => &["what", "a"],
            Self::HowMany => &["how", "many"],
        }
    }
}

impl Phrase {
    /// A phrase of determiner and noun alone.
    pub(super) fn plain(determiner: Determiner, noun: &'static Noun, plural: bool) -> Self {
        Self {
            determiner,
            count: None,
            before: None,
            after: None,
            noun,
            plural,
            owner: None,
            relative: None,
        }
    }

    pub(super) fn gender(&self) -> Gender {
        self.noun.gender
    }

    /// Appends the English words.
    pub(super) fn english(&self, base: Tag, line: &mut English) {
        if let Determiner::Of(owner) = self.determiner {
            let [_, _, possessive] = owner.en;
            line.push(possessive, base + DET);
        }
        for (place, word) in self.determiner.english(self.plural).iter().enumerate() {
            // French says `what a` and `how many` by `what` and `many`.
            let tag = match (self.determiner, place) {
                (Determiner::WhatA, 1) | (Determiner::HowMany, 0) => Tag::MAX,
                _ => base + DET,
            };
            line.push(word, tag);
        }
        if let Some([english, _]) = self.count {
            line.push(english, base + COUNT);
        }
        if let Some(adjective) = self.before {
            line.push(adjective.en, base + BEFORE);
        }
        if let Some(adjective) = self.after {
            line.push(adjective.en, base + AFTER);
        }
        line.push(number(&self.noun.en, self.plural), base + NOUN);
        if let Some(owner) = self.owner {
            line.push("of", base + OF);
            match owner.determiner {
                Determiner::Of(pronoun) => {
                    let [_, _, possessive] = pronoun.en;
                    line.push(possessive, base + OWNER_DET);
                }
                other => line.push_all(other.english(owner.plural), base + OWNER_DET),
            }
            line.push(number(&owner.noun.en, owner.plural), base + OWNER);
        }
        if let Some(relative) = self.relative {
            let [subject, _, _] = relative.subject.en;
            line.push("that", base + THAT);
            line.push(subject, base + WHO);
            if relative.bygone {
                line.push(relative.verb.past(), base + DOES);
            } else {
                line.push(relative.verb.present(relative.subject.third), base + DOES);
            }
            if !relative.verb.particle.is_empty() {
                line.push(relative.verb.particle, Tag::MAX);
            }
        }
    }

    /// Appends the French words; `negated` turns an indefinite article into `de`.
    pub(super) fn french(&self, base: Tag, negated: bool, line: &mut French) {
        self.open(base, negated, line);
        let (gender, plural) = (self.noun.gender, self.plural);
        if let Some([_, french]) = self.count {
            line.push(french, base + COUNT);
        }
        if let Some(adjective) = self.before {
            let form = agree(&adjective.fr, gender, plural);
            let euphonic = match (gender, plural) {
                (Gender::M, false) => adjective.before_vowel,
                _ => "",
            };
            line.push_before_vowel(form, euphonic, base + BEFORE);
        }
        line.push(number(&self.noun.fr, plural), base + NOUN);
        if let Some(adjective) = self.after {
            line.push(agree(&adjective.fr, gender, plural), base + AFTER);
        }
        if let Some(owner) = self.owner {
            line.push("de", base + OF);
            let phrase = Self::plain(owner.determiner, owner.noun, owner.plural);
            // Its determiner and noun take the owner's tags.
            phrase.open(base + OWNER_DET, false, line);
            line.push(number(&owner.noun.fr, owner.plural), base + OWNER);
        }
        if let Some(relative) = self.relative {
            line.push("que", base + THAT);
            line.push(relative.subject.subject, base + WHO);
            if relative.bygone {
                let have = ["ai", "a", "avons", "avez", "ont"];
                line.push(conjugate(&have, relative.subject.slot), base + DOES);
                line.push(agree(&relative.verb.participle, gender, plural), base + DOES);
            } else {
                line.push(conjugate(&relative.verb.fr, relative.subject.slot), base + DOES);
            }
        }
    }

    fn open(&self, base: Tag, negated: bool, line: &mut French) {
        let (gender, plural) = (self.noun.gender, self.plural);
        let article = agree(&["le", "la", "les", "les"], gender, plural);
        let (det, noun) = (base + DET, base + NOUN);
        match self.determiner {
            Determiner::A if negated => line.push("de", det),
            Determiner::Bare if negated => line.push("de", noun),
            Determiner::The => line.push_article(article, det),
            Determiner::Generic => line.push_article(article, noun),
            Determiner::A => line.push(agree(&["un", "une", "des", "des"], gender, plural), det),
            Determiner::Some | Determiner::Bare => {
                let tag = if matches!(self.determiner, Determiner::Some) { det } else { noun };
                line.push("de", tag);
                if !(plural && self.before.is_some()) {
                    line.push_article(article, tag);
                }
            }
            Determiner::This => {
                line.push(agree(&["ce", "cette", "ces", "ces"], gender, plural), det);
            }
            Determiner::Of(owner) => {
                let [m, f, p] = owner.possessive;
                line.push(agree(&[m, f, p, p], gender, plural), det);
            }
            Determiner::Count => {}
            Determiner::Which | Determiner::WhatA => {
                line.push(agree(&["quel", "quelle", "quels", "quelles"], gender, plural), det);
            }
            Determiner::HowMany => {
                line.push("combien", det);
                line.push("de", det);
            }
        }
    }
}
