//! The held-out examples of a run, from its corpus.

use std::fs;
use std::path::Path;

use crate::config::TaskKind;
use crate::data::{Corpora, Corpus, Pair, Spec, corpora, corpus_hash, fingerprint};
use crate::phrasebook::Part;
use crate::run::{RunDir, StoredRun};
use crate::task::held_out_lines;
use crate::tasks::Generated;
use crate::{Error, Result};

/// The examples on which a run is validated.
///
/// ```no_run
/// let held_out = seq2seq::HeldOut::of("runs/mine".as_ref())?;
/// println!("{} of {}", held_out.len(), held_out.origin());
/// held_out.write("held-out.tsv".as_ref())?;
/// # Ok::<(), seq2seq::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    pub(super) examples: HeldOutExamples,
    origin: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum HeldOutExamples {
    Pairs(Corpus),
    Lines(Vec<String>),
    /// A generated part, drawn with the seed of the run.
    Generated(Generated, u64),
}

impl HeldOut {
    /// Reads the corpus of a run again and selects what the run holds out.
    ///
    /// # Errors
    /// A missing or damaged run; a run that holds out nothing; a corpus that cannot be read, or has
    /// changed since the run was begun.
    pub fn of(run: &Path) -> Result<Self> {
        let stored = RunDir::open(run)?.stored_in_range()?;
        let found = Self { examples: examples(run, &stored)?, origin: origin(&stored)? };
        if found.is_empty() {
            let what = format!("{}: the run holds out nothing of its corpus", run.display());
            return Err(Error::NothingTrained { what });
        }
        Ok(found)
    }

    /// Returns the number of pairs, lines or sequences.
    pub fn len(&self) -> usize {
        match &self.examples {
            HeldOutExamples::Pairs(corpus) => corpus.pairs.len(),
            HeldOutExamples::Lines(lines) => lines.len(),
            HeldOutExamples::Generated(spec, seed) => {
                spec.sequences(*seed).map_or(0, |sequences| sequences.len())
            }
        }
    }

    /// Returns true if nothing is held out.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns what the examples are: `pair`, `line` or `sequence`.
    pub fn noun(&self) -> &'static str {
        match &self.examples {
            HeldOutExamples::Pairs(_) => "pair",
            HeldOutExamples::Lines(_) => "line",
            HeldOutExamples::Generated(..) => "sequence",
        }
    }

    /// Returns where the examples are from, in words.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns true if both hold the same examples.
    pub fn is_same(&self, other: &Self) -> bool {
        let key = |pair: &Pair| (pair.source.clone(), pair.target.clone());
        match (&self.examples, &other.examples) {
            (HeldOutExamples::Pairs(a), HeldOutExamples::Pairs(b)) => {
                a.pairs.iter().map(key).eq(b.pairs.iter().map(key))
            }
            (a, b) => a == b,
        }
    }

    /// Writes the examples to a file, one per line: pairs as source, tab, target.
    ///
    /// # Errors
    /// An example with a tab or a line break, which would not be read again as it is; generated
    /// sequences, which are no text; write errors.
    pub fn write(&self, path: &Path) -> Result<()> {
        let refused = |what: String| Err(Error::NothingTrained { what });
        let mut text = String::new();
        match &self.examples {
            HeldOutExamples::Pairs(corpus) => {
                for (i, pair) in (1..).zip(&corpus.pairs) {
                    if [&pair.source, &pair.target].iter().any(|side| side.contains(['\t', '\n'])) {
                        let path = path.display();
                        return refused(format!(
                            "{path}: held-out pair {i} contains a tab or a line break, so columns \
                             cannot hold it"
                        ));
                    }
                    text.push_str(&format!("{}\t{}\n", pair.source, pair.target));
                }
            }
            HeldOutExamples::Lines(lines) => {
                lines.iter().for_each(|line| text.push_str(&format!("{line}\n")));
            }
            HeldOutExamples::Generated(spec, _) => {
                return refused(format!(
                    "{}: the sequences of {spec} are drawn and not read from a file",
                    path.display()
                ));
            }
        }
        fs::write(path, text).map_err(Error::io("write", path))
    }
}

fn examples(run: &Path, stored: &StoredRun) -> Result<HeldOutExamples> {
    let check = |found: u64| match stored.corpus_hash {
        Some(known) if known != found => {
            Err(Error::CorpusChanged { run: run.into(), data: stored.data.clone() })
        }
        _ => Ok(()),
    };
    Ok(match stored.config.task {
        TaskKind::Translation => {
            let Corpora { train, held_out, .. } = corpora(&stored.sources()?)?;
            check(corpus_hash(train.fingerprint(), held_out.fingerprint()))?;
            HeldOutExamples::Pairs(held_out)
        }
        TaskKind::LanguageLines | TaskKind::LanguageStream => {
            let (train, held_out) = held_out_lines(stored)?;
            check(corpus_hash(fingerprint(&train), fingerprint(&held_out)))?;
            HeldOutExamples::Lines(held_out)
        }
        TaskKind::Sequence => {
            let spec: Generated = stored.data.parse()?;
            let spec = match stored.valid.as_deref() {
                Some("none") => {
                    let what = format!("{}: the run holds out nothing", run.display());
                    return Err(Error::NothingTrained { what });
                }
                Some(valid) => valid.parse()?,
                None => Generated { part: Some(Part::Valid), ..spec },
            };
            HeldOutExamples::Generated(spec, stored.seed)
        }
    })
}

/// Returns where the held-out examples of a run are from.
fn origin(stored: &StoredRun) -> Result<String> {
    let data = &stored.data;
    let has_parts = data.parse::<Spec>().is_ok_and(|spec| spec.parts().is_some());
    Ok(match (stored.valid.as_deref(), stored.config.task) {
        (Some(valid), _) => valid.to_owned(),
        (None, TaskKind::Sequence) => format!("the validation part of {data}"),
        (None, _) if has_parts => format!("the validation part of {data}"),
        (None, TaskKind::LanguageStream) => format!("the last twentieth of {data}"),
        (None, _) => format!("a fixed share of {data}"),
    })
}
