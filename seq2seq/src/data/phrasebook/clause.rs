//! The parts of a clause, before either language puts them in order.

use super::lexicon::{Adjective, Gender};
use super::line::Tag;
use super::phrase::Phrase;
use super::verbs::Verb;
use super::words::{Fixed, Name, Preposition, Pronoun};

/// Who does it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject {
    /// A pronoun.
    Pronoun(&'static Pronoun),
    /// A noun phrase.
    Phrase(Phrase),
    /// A first name.
    Name(&'static Name),
    /// Two first names.
    Names(&'static Name, &'static Name),
    /// *who*, which makes a question by itself.
    Who,
    /// Nobody: a request to `vous`.
    Nobody,
}

/// When and how.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tense {
    Present,
    /// Simple past: passé composé.
    Past,
    /// *to be going to*: aller and infinitive.
    Future,
    /// *can*, *must*.
    Modal(&'static Verb),
    /// *want to*.
    Want,
}

/// Whether it is denied, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Polarity {
    Yes,
    Not,
    Never,
}

/// How it opens.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mode {
    Statement,
    /// Yes or no.
    Question,
    /// With a question word.
    Asking(&'static Fixed),
    /// With the object in front, as *which book*.
    Fronted(Phrase),
}

/// What the verb is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Object {
    None,
    Phrase(Phrase),
    Pronoun(&'static Pronoun),
    /// *it* or *them*, which stand for something named before.
    Thing(Gender, bool),
    Fixed(&'static Fixed),
    /// *very old*.
    Quality(Option<Degree>, &'static Adjective),
    /// *older than the church*.
    Compared(&'static Adjective, Than),
    /// *seven years old*.
    Age([&'static str; 2]),
}

/// How very.
#[derive(Debug, Clone, Copy)]
pub(super) enum Degree {
    Very,
    Too,
}

/// With what something is compared.
#[derive(Debug, Clone, Copy)]
pub(super) enum Than {
    Phrase(Phrase),
    Pronoun(&'static Pronoun),
}

/// To whom.
#[derive(Debug, Clone, Copy)]
pub(super) enum Receiver {
    None,
    Phrase(Phrase),
    /// Without *to* in English where an object follows.
    Pronoun(&'static Pronoun),
}

/// What follows at the end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tail {
    Fixed(&'static Fixed),
    Place(&'static Preposition, Phrase),
    With(&'static Pronoun),
    /// *at seven*.
    Hour([&'static str; 2]),
}

/// A clause.
#[derive(Debug, Clone)]
pub(super) struct Clause {
    /// Added to every tag, to keep two clauses of a sentence apart.
    pub(super) base: Tag,
    pub(super) subject: Subject,
    pub(super) tense: Tense,
    pub(super) polarity: Polarity,
    pub(super) mode: Mode,
    pub(super) verb: &'static Verb,
    pub(super) object: Object,
    pub(super) receiver: Receiver,
    pub(super) adverb: Option<&'static Fixed>,
    pub(super) tail: [Option<Tail>; 2],
}

/// Tags of a clause's parts, each with room for what it holds.
pub(super) mod place {
    use super::Tag;

    pub(in super::super) const VERB: Tag = 0;
    pub(in super::super) const NOT: Tag = 1;
    /// The auxiliary that a question puts in front.
    pub(in super::super) const AUX: Tag = 2;
    /// The finite verb where an infinitive follows.
    pub(in super::super) const FINITE: Tag = 3;
    pub(in super::super) const ADVERB: Tag = 4;
    pub(in super::super) const PRONOUN: Tag = 5;
    pub(in super::super) const RECEIVER_PRONOUN: Tag = 6;
    pub(in super::super) const DEGREE: Tag = 7;
    pub(in super::super) const QUALITY: Tag = 8;
    pub(in super::super) const THAN: Tag = 9;
    pub(in super::super) const OPENING: Tag = 0x10;
    pub(in super::super) const SUBJECT: Tag = 0x20;
    pub(in super::super) const OBJECT: Tag = 0x30;
    pub(in super::super) const RECEIVER: Tag = 0x40;
    pub(in super::super) const TO: Tag = 0x4f;
    pub(in super::super) const TAIL: Tag = 0x50;
    pub(in super::super) const TAIL_STEP: Tag = 0x20;
    /// Where the next clause's tags begin.
    pub(in super::super) const CLAUSE: Tag = 0x100;
    /// Outside both clauses.
    pub(in super::super) const BEFORE: Tag = 0x1000;
    pub(in super::super) const BETWEEN: Tag = 0x1100;
    pub(in super::super) const AFTER: Tag = 0x1200;
    pub(in super::super) const END: Tag = 0x1300;
}

impl Subject {
    /// Gender and number for agreement.
    pub(super) fn agreement(&self) -> (Gender, bool) {
        match self {
            Self::Pronoun(pronoun) => (pronoun.gender, pronoun.plural),
            Self::Phrase(phrase) => (phrase.gender(), phrase.plural),
            Self::Name(name) => (name.gender, false),
            Self::Names(one, two) if one.gender == two.gender => (one.gender, true),
            Self::Names(..) => (Gender::M, true),
            Self::Who | Self::Nobody => (Gender::M, false),
        }
    }

    /// The column of the French conjugation.
    pub(super) fn slot(&self) -> usize {
        match self {
            Self::Pronoun(pronoun) => pronoun.slot,
            Self::Nobody => 3,
            _ if self.agreement().1 => 4,
            _ => 1,
        }
    }

    /// Whether the English verb takes an *s*.
    pub(super) fn third(&self) -> bool {
        match self {
            Self::Pronoun(pronoun) => pronoun.third,
            Self::Nobody => false,
            _ => !self.agreement().1,
        }
    }

    /// The form of *to be*.
    pub(super) fn be(&self) -> &'static str {
        match self {
            Self::Pronoun(pronoun) => pronoun.be,
            _ if self.agreement().1 => "are",
            _ => "is",
        }
    }

    /// The reflexive pronoun.
    pub(super) fn reflexive(&self) -> &'static str {
        match self {
            Self::Pronoun(pronoun) => pronoun.reflexive,
            Self::Nobody => "vous",
            _ => "se",
        }
    }
}

impl Clause {
    /// A plain statement.
    pub(super) fn new(subject: Subject, verb: &'static Verb, object: Object) -> Self {
        Self {
            base: 0,
            subject,
            tense: Tense::Present,
            polarity: Polarity::Yes,
            mode: Mode::Statement,
            verb,
            object,
            receiver: Receiver::None,
            adverb: None,
            tail: [None, None],
        }
    }

    /// Whether an auxiliary goes in front in English and `est-ce que` in French.
    pub(super) fn inverted(&self) -> bool {
        !matches!(self.mode, Mode::Statement)
    }

    pub(super) fn negated(&self) -> bool {
        self.polarity != Polarity::Yes
    }
}
