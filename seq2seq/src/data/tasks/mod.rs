//! Generated tasks that test the memory of a recurrent network, each with its known optimum.
//!
//! | SPEC | in | out | optimum |
//! |---|---|---|---|
//! | `copy` | letters | the same | 100% exact |
//! | `reverse` | letters | the same from the end | 100% exact |
//! | `dates` | `3 May 1979` in five forms | `1979-05-03` | 100% exact |
//! | `adding` | pairs (value, mark) | the sum of the two marked values | squared error 0 |
//! | `temporal-order` | symbols, two of them X or Y | which two, and in which order | 100% right |
//! | `reber` | a string of the embedded Reber grammar | the legal next symbols | 100% legal |
//!
//! The first three consist of sentence pairs, on which any translator can be trained; copy and
//! reverse have gold word links. The others are for `task = sequence`: they consist of
//! [`Sequence`]s for a [`SequenceModel`](crate::task::SequenceModel).
//!
//! A SPEC is `NAME[:LENGTH][:PART]`. LENGTH is `N` or `MIN-MAX`: the number of letters for copy and
//! reverse (`N` alone: 1 to N), the number of steps for adding and temporal order. PART is `train`,
//! `valid` or `test`; without one the SPEC means all of them. The FNV-1a hash of an example's
//! content determines its part, one in ten for validation and one in ten for tests, so that no test
//! example was trained on, whatever the seed. The Reber grammar is an exception: ten strings make
//! up nearly half of its examples, and a model that never sees one of them learns that it does not
//! occur. Its parts are therefore three independent samples from the same grammar, as in the paper.
//! The training part has 20,000 examples, the others 1,000.
//!
//! Examples are drawn from a ChaCha stream that depends on the task's name and the run's seed (and,
//! for Reber's grammar, on the part).
//!
//! ```
//! use seq2seq::data::Corpus;
//!
//! let test = Corpus::read("reverse:5-8:test", None)?;
//! let pair = &test.pairs[0];
//! let mut letters: Vec<&str> = pair.source.split(' ').collect();
//! letters.reverse();
//! assert_eq!(pair.target, letters.join(" "));
//! assert_eq!(test.pairs.len(), 1_000);
//! # Ok::<(), seq2seq::Error>(())
//! ```

mod pairs;
mod reber;
mod sequences;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use tensor::init::{Rng, rng};

use crate::data::corpus::{Pair, hash};
use crate::data::phrasebook::Part;
use crate::range::Range;
use crate::{Error, Result};

pub use sequences::{Answer, Input, Sequence};
pub(crate) use sequences::{SYMBOLS, class_name};

/// Number of examples in a training part.
const TRAIN: usize = 20_000;
/// Number of examples in any other part.
const HELD_OUT: usize = 1_000;
/// Maximum number of draws per kept example; if they yield nothing, the part is empty.
const PATIENCE: usize = 40;

/// The name of a generated task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Name {
    /// Repeat the input.
    Copy,
    /// Reverse the input.
    Reverse,
    /// Write a date as numeric year, month and day.
    Dates,
    /// Add the two marked numbers (Hochreiter and Schmidhuber 1997, section 5.4).
    Adding,
    /// Classify which two symbols occurred, and in which order (same paper, section 5.6).
    TemporalOrder,
    /// Predict which symbols may come next (same paper, section 5.1).
    Reber,
}

impl Name {
    /// Every task.
    pub const ALL: &'static [Self] =
        &[Self::Copy, Self::Reverse, Self::Dates, Self::Adding, Self::TemporalOrder, Self::Reber];

    /// Returns the name, as written in a SPEC.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Reverse => "reverse",
            Self::Dates => "dates",
            Self::Adding => "adding",
            Self::TemporalOrder => "temporal-order",
            Self::Reber => "reber",
        }
    }

    /// Returns true if the task consists of sentence pairs.
    pub const fn is_pairs(self) -> bool {
        matches!(self, Self::Copy | Self::Reverse | Self::Dates)
    }

    /// Returns the default lengths, and the minimum length; `None` if the length cannot be
    /// selected.
    const fn lengths(self) -> Option<(RangeInclusive<usize>, usize)> {
        match self {
            Self::Copy | Self::Reverse => Some((1..=10, 1)),
            Self::Adding => Some((50..=50, 2)),
            Self::TemporalOrder => Some((100..=110, 10)),
            Self::Dates | Self::Reber => None,
        }
    }
}

/// A generated corpus, as selected by a SPEC of this module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The task.
    pub name: Name,
    /// The lengths of its sequences, uniformly distributed.
    pub lengths: RangeInclusive<usize>,
    /// The part; `None` for all.
    pub part: Option<Part>,
}

impl Generated {
    /// Returns the corpus of a SPEC; `None` if it does not name one of this module's tasks.
    ///
    /// # Errors
    /// An invalid length or part.
    pub fn find(spec: &str) -> Option<Result<Self>> {
        let name = spec.split(':').next().unwrap_or_default();
        let known = Name::ALL.iter().find(|known| known.name() == name);
        known.map(|&name| Self::parse(name, spec))
    }

    fn parse(name: Name, spec: &str) -> Result<Self> {
        let wrong = || Error::Spec {
            spec: spec.into(),
            expected: match name.lengths() {
                None => "NAME or NAME:PART with a PART of train, valid, test",
                Some((_, 1)) => {
                    "NAME[:LENGTH][:PART] with a LENGTH of N or MIN-MAX from 1 to 2000, and a PART of \
                     train, valid, test"
                }
                Some((_, 2)) => {
                    "NAME[:LENGTH][:PART] with a LENGTH of N or MIN-MAX from 2 to 2000, and a PART of \
                     train, valid, test"
                }
                Some(_) => {
                    "NAME[:LENGTH][:PART] with a LENGTH of N or MIN-MAX from 10 to 2000, and a PART of \
                     train, valid, test"
                }
            },
        };
        let (usual, least) = name.lengths().unwrap_or((0..=0, 0));
        let mut found = Self { name, lengths: usual, part: None };
        let mut rest: Vec<&str> = spec.split(':').skip(1).collect();
        if let Some(part) = rest.last().and_then(|text| text.parse().ok()) {
            found.part = Some(part);
            rest.pop();
        }
        match rest[..] {
            [] => {}
            [length] if least > 0 => {
                let number = |text: &str| Range::LENGTH.whole(text).filter(|&n| n >= least);
                found.lengths = match length.split_once('-') {
                    Some((a, b)) => number(a).ok_or_else(wrong)?..=number(b).ok_or_else(wrong)?,
                    None => {
                        let n = number(length).ok_or_else(wrong)?;
                        // For letters `n` is the maximum length, for steps the exact length.
                        if name.is_pairs() { least..=n } else { n..=n }
                    }
                };
                if found.lengths.is_empty() {
                    return Err(wrong());
                }
            }
            _ => return Err(wrong()),
        }
        Ok(found)
    }

    /// Selects a part, unless one is already selected.
    #[must_use]
    pub fn or_part(mut self, part: Part) -> Self {
        self.part = self.part.or(Some(part));
        self
    }

    /// Generates the sentence pairs.
    ///
    /// # Errors
    /// A task without sentence pairs; an empty part.
    pub fn pairs(&self, seed: u64) -> Result<Vec<Pair>> {
        let one = |rng: &mut Rng| match self.name {
            Name::Dates => pairs::date(rng),
            name => pairs::letters(rng, &self.lengths, name == Name::Reverse),
        };
        if !self.name.is_pairs() {
            let what = format!(
                "corpus {self}: it has no sentence pairs; train on it with the preset {}, \
                 or set task = sequence",
                self.name.name()
            );
            return Err(Error::NothingTrained { what });
        }
        self.draw(seed, one, |pair| hash(&pair.target))
    }

    /// Generates the sequences.
    ///
    /// # Errors
    /// A task of sentence pairs; an empty part.
    pub fn sequences(&self, seed: u64) -> Result<Vec<Sequence>> {
        let one = |rng: &mut Rng| match self.name {
            Name::Adding => sequences::adding(rng, &self.lengths),
            Name::TemporalOrder => sequences::temporal_order(rng, &self.lengths),
            _ => reber::string(rng),
        };
        if self.name.is_pairs() {
            let what = format!(
                "corpus {self}: it has sentence pairs, which task = sequence does not learn; \
                 set task = translation, or data = adding, temporal-order or reber"
            );
            return Err(Error::NothingTrained { what });
        }
        self.draw(seed, one, |sequence| hash(&sequence.shown()))
    }

    /// Draws examples until the part is complete.
    fn draw<T>(
        &self,
        seed: u64,
        one: impl Fn(&mut Rng) -> T,
        said: impl Fn(&T) -> u64,
    ) -> Result<Vec<T>> {
        // See the module documentation: a model that never sees a frequent string learns that it
        // does not occur.
        let by_draw = self.name == Name::Reber;
        let stream = match self.part.filter(|_| by_draw) {
            Some(part) => format!("task {} {part}", self.name.name()),
            None => format!("task {}", self.name.name()),
        };
        let mut rng = rng(seed, &stream);
        let count = match self.part {
            None | Some(Part::Train) => TRAIN,
            Some(_) => HELD_OUT,
        };
        let mut all = Vec::with_capacity(count);
        for _ in 0..count * PATIENCE {
            if all.len() == count {
                break;
            }
            let example = one(&mut rng);
            let part = match said(&example) % 10 {
                0 => Part::Valid,
                1 => Part::Test,
                _ => Part::Train,
            };
            if by_draw || self.part.is_none_or(|wanted| wanted == part) {
                all.push(example);
            }
        }
        if all.is_empty() {
            let what = format!(
                "corpus {self}: nothing falls into this part, since there are so few sequences \
                 of this length; ask for longer ones"
            );
            return Err(Error::NothingTrained { what });
        }
        Ok(all)
    }
}

impl fmt::Display for Generated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.name())?;
        if self.name.lengths().is_some() {
            write!(f, ":{}-{}", self.lengths.start(), self.lengths.end())?;
        }
        self.part.map_or(Ok(()), |part| write!(f, ":{part}"))
    }
}

impl FromStr for Generated {
    type Err = Error;

    fn from_str(spec: &str) -> Result<Self> {
        Self::find(spec).unwrap_or_else(|| {
            Err(Error::Spec { spec: spec.into(), expected: "adding, temporal-order or reber" })
        })
    }
}
