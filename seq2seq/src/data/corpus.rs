//! Sentence pairs from a SPEC: the phrasebook, a generated task, a TSV file, or two parallel files.

use std::path::PathBuf;
use std::str::FromStr;

use tokenizer::read;

use crate::phrasebook::{self, Part};
use crate::tasks::Generated;
use crate::{Error, Result};

/// Where sentence pairs come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spec {
    /// The embedded corpus, whole or one part.
    Phrasebook(Option<Part>),
    /// A generated task.
    Generated(Generated),
    /// One file of columns.
    Tsv(PathBuf),
    /// Two files, line by line.
    Parallel(PathBuf, PathBuf),
}

impl FromStr for Spec {
    type Err = Error;

    fn from_str(spec: &str) -> Result<Self> {
        if spec == "phrasebook" {
            return Ok(Self::Phrasebook(None));
        }
        if let Some(part) = spec.strip_prefix("phrasebook:") {
            return part.parse().map(|p| Self::Phrasebook(Some(p))).map_err(|_| Error::Spec {
                spec: spec.into(),
                expected: "phrasebook:train, phrasebook:valid or phrasebook:test",
            });
        }
        if let Some(generated) = Generated::find(spec) {
            return generated.map(Self::Generated);
        }
        match spec.split_once(',') {
            Some((a, b)) if !a.is_empty() && !b.is_empty() && !b.contains(',') => {
                Ok(Self::Parallel(a.into(), b.into()))
            }
            None if !spec.is_empty() => Ok(Self::Tsv(spec.into())),
            _ => Err(Error::Spec {
                spec: spec.into(),
                expected: "phrasebook, copy, reverse, dates, a TSV file, or two parallel files \
                           joined by a comma",
            }),
        }
    }
}

impl Spec {
    /// Reads the pairs; `columns` are those of a TSV file or of the phrasebook (English, French), from
    /// 1, `seed` that of a generated task.
    ///
    /// # Errors
    /// A file that cannot be read, with its name and line; a task without pairs; columns that the
    /// phrasebook does not have.
    pub fn read(&self, columns: Option<(usize, usize)>, seed: u64) -> Result<Corpus> {
        match self {
            Self::Phrasebook(part) => match columns.unwrap_or((1, 2)) {
                (1, 2) => Ok(Corpus::phrasebook(*part)),
                (2, 1) => Ok(Corpus::phrasebook(*part).turned()),
                (source, target) => Err(Error::BadValue {
                    key: "--columns".into(),
                    value: format!("{source},{target}"),
                    allowed: "1,2 (English to French) or 2,1 of the phrasebook".into(),
                }),
            },
            Self::Generated(generated) => Ok(Corpus { pairs: generated.pairs(seed)? }),
            Self::Tsv(path) => {
                let (source, target) = columns.unwrap_or((1, 2));
                Ok(Corpus::plain(read::columns(path, source, target)?))
            }
            Self::Parallel(a, b) => Ok(Corpus::plain(read::parallel(a, b)?)),
        }
    }

    /// What to train on and what to hold out where a corpus has parts of its own and none is named.
    pub fn parts(&self) -> Option<(Self, Self)> {
        match self {
            Self::Phrasebook(None) => {
                let part = |part| Self::Phrasebook(Some(part));
                Some((part(Part::Train), part(Part::Valid)))
            }
            Self::Generated(all) if all.part.is_none() => {
                let part = |part| Self::Generated(all.clone().or_part(part));
                Some((part(Part::Train), part(Part::Valid)))
            }
            _ => None,
        }
    }
}

/// A sentence pair as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The source sentence.
    pub source: String,
    /// The target sentence.
    pub target: String,
    /// Gold word links (source word, target word), where the corpus has them.
    pub links: Option<Vec<(usize, usize)>>,
}

/// Sentence pairs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Corpus {
    /// The pairs, in the corpus's order.
    pub pairs: Vec<Pair>,
}

impl Corpus {
    /// Reads what a SPEC names; `columns` as [`Spec::read`] has them, from 1. A generated task is drawn
    /// from seed 1.
    ///
    /// # Errors
    /// A SPEC that is none, a file that cannot be read, with its name and line.
    pub fn read(spec: &str, columns: Option<(usize, usize)>) -> Result<Self> {
        spec.parse::<Spec>()?.read(columns, 1)
    }

    fn phrasebook(part: Option<Part>) -> Self {
        let pairs = part.map_or_else(phrasebook::pairs, phrasebook::part);
        let pair =
            |p: phrasebook::Pair| Pair { source: p.source, target: p.target, links: Some(p.links) };
        Self { pairs: pairs.into_iter().map(pair).collect() }
    }

    /// The same from target to source.
    fn turned(mut self) -> Self {
        for pair in &mut self.pairs {
            std::mem::swap(&mut pair.source, &mut pair.target);
            let links = pair.links.iter_mut().flatten();
            links.for_each(|(source, target)| std::mem::swap(source, target));
        }
        self
    }

    fn plain(pairs: Vec<(String, String)>) -> Self {
        let pair = |(source, target)| Pair { source, target, links: None };
        Self { pairs: pairs.into_iter().map(pair).collect() }
    }

    /// Takes out a fixed share: a twentieth of the pairs, at most 1,000, chosen by a hash of the
    /// source side, so that equal sources stay together. What is taken out is returned.
    pub fn hold_out(&mut self) -> Self {
        Self { pairs: hold_out(&mut self.pairs, |p| &p.source) }
    }

    /// A hash of all pairs, to notice a corpus that changed.
    pub fn fingerprint(&self) -> u64 {
        self.pairs.iter().fold(0, |all, p| {
            (all ^ hash(&p.source)).wrapping_mul(0x100_0000_01b3) ^ hash(&p.target).rotate_left(17)
        })
    }
}

/// Takes out a twentieth of some examples, at most 1,000, chosen by a hash of their texts.
pub(crate) fn hold_out<T>(all: &mut Vec<T>, text: impl Fn(&T) -> &str) -> Vec<T> {
    const SHARE: u64 = 20;
    const MOST: usize = 1_000;
    let mut hashes: Vec<u64> = all.iter().map(|x| hash(text(x))).collect();
    hashes.retain(|h| h.is_multiple_of(SHARE));
    hashes.sort_unstable();
    // The first hash that would make it too many.
    let limit = hashes.get(MOST).copied().unwrap_or(u64::MAX);
    let is_held = |x: &mut T| {
        let h = hash(text(x));
        h.is_multiple_of(SHARE) && h < limit
    };
    all.extract_if(.., is_held).collect()
}

/// FNV-1a with a final mix: the same for ever, unlike the standard library's hasher.
pub(crate) fn hash(text: &str) -> u64 {
    let h = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    let h = (h ^ (h >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    h ^ (h >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_are_read_and_nonsense_refused() {
        let parse = |s: &str| s.parse::<Spec>();
        assert_eq!(parse("phrasebook").unwrap(), Spec::Phrasebook(None));
        assert_eq!(parse("phrasebook:test").unwrap(), Spec::Phrasebook(Some(Part::Test)));
        assert_eq!(parse("a.tsv.gz").unwrap(), Spec::Tsv("a.tsv.gz".into()));
        assert_eq!(parse("a,b").unwrap(), Spec::Parallel("a".into(), "b".into()));
        for bad in ["", ",", "a,", ",b", "a,b,c", "phrasebook:dev"] {
            let error = parse(bad).unwrap_err().to_string();
            assert!(error.contains("expected"), "{bad}: {error}");
        }
    }

    #[test]
    fn the_phrasebook_goes_both_ways() {
        let there = Corpus::read("phrasebook:test", None).unwrap();
        let back = Corpus::read("phrasebook:test", Some((2, 1))).unwrap();
        assert_eq!(there, Corpus::read("phrasebook:test", Some((1, 2))).unwrap());
        for (a, b) in there.pairs.iter().zip(&back.pairs) {
            assert_eq!((&a.source, &a.target), (&b.target, &b.source));
            let turned = b.links.as_ref().unwrap().iter().map(|&(s, t)| (t, s));
            assert_eq!(a.links.as_ref().unwrap(), &turned.collect::<Vec<_>>());
        }
        let error = Corpus::read("phrasebook", Some((1, 3))).unwrap_err().to_string();
        assert!(error.contains("2,1 of the phrasebook"), "{error}");
        // What the PyTorch tutorial's filter leaves of it.
        let mut kept = Corpus::read("phrasebook:train", Some((2, 1))).unwrap();
        let tutorial = crate::Config::preset("pytorch-tutorial").unwrap();
        crate::data::Text::filter(&tutorial, &mut kept);
        assert!(kept.pairs.len() > 500, "{}", kept.pairs.len());
    }

    #[test]
    fn a_fixed_share_is_held_out_and_equal_sources_stay_together() {
        let pair = |i: usize| Pair {
            source: format!("sentence {}", i / 2),
            target: format!("phrase {i}"),
            links: None,
        };
        for n in [100, 4_000, 60_000] {
            let whole = Corpus { pairs: (0..n).map(pair).collect() };
            let mut train = whole.clone();
            let held = train.hold_out();
            assert_eq!(train.pairs.len() + held.pairs.len(), n);
            assert!(held.pairs.len() <= 1_000 && held.pairs.len() >= (n / 40).min(900), "{n}");
            let sources: std::collections::HashSet<_> =
                held.pairs.iter().map(|p| &p.source).collect();
            assert!(train.pairs.iter().all(|p| !sources.contains(&p.source)));
            assert_eq!(whole.clone().hold_out(), held);
        }
    }
}
