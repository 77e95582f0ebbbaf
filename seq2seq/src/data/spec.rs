//! Sources of sentence pairs: the phrasebook, a generated task, a file, or two parallel files.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use tokenizer::read::{self, ReadOptions, TextFile};

use super::corpus::{Corpus, Pair};
use super::dictionary;
use crate::config::nearest;
use crate::machine;
use crate::phrasebook::Part;
use crate::tasks::{Generated, Name};
use crate::{Error, Result};

/// A source of sentence pairs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spec {
    /// The embedded corpus, complete or one part.
    Phrasebook(Option<Part>),
    /// A generated task.
    Generated(Generated),
    /// A file with columns.
    Tsv(PathBuf),
    /// Two files with corresponding lines.
    Parallel(PathBuf, PathBuf),
    /// A pronouncing dictionary in the format of CMUdict: a word, then its sounds.
    Dictionary(PathBuf),
    /// Pairs from the memory of a program; none where the program is another one.
    Memory(Arc<Vec<Pair>>),
}

/// The SPEC of pairs from memory.
pub(crate) const MEMORY: &str = "(memory)";

/// Prefix of the path of a pronouncing dictionary.
const DICTIONARY: &str = "cmudict:";

const EXPECTED: &str = "phrasebook, copy, reverse, dates, a TSV file, two parallel files joined by a \
                        comma, or cmudict:FILE for a pronouncing dictionary";

impl FromStr for Spec {
    type Err = Error;

    fn from_str(spec: &str) -> Result<Self> {
        if spec == MEMORY {
            return Ok(Self::Memory(Arc::default()));
        }
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
        match spec.strip_prefix(DICTIONARY) {
            Some("") => return Err(Error::Spec { spec: spec.into(), expected: EXPECTED }),
            Some(path) => return Ok(Self::Dictionary(path.into())),
            None => {}
        }
        // A SPEC with a comma is the name of one file if that file exists.
        let is_one = !spec.is_empty() && Path::new(spec).exists();
        let mut halves = spec.match_indices(',').map(|(at, _)| (&spec[..at], &spec[at + 1..]));
        let exist = |(a, b): &(&str, &str)| Path::new(a).exists() && Path::new(b).exists();
        if is_one {
            return Ok(Self::Tsv(spec.into()));
        }
        if let Some((a, b)) = halves.find(exist) {
            return Ok(Self::Parallel(a.into(), b.into()));
        }
        match spec.split_once(',') {
            Some((a, b)) if !a.is_empty() && !b.is_empty() && !b.contains(',') => {
                Ok(Self::Parallel(a.into(), b.into()))
            }
            None if !spec.is_empty() => Ok(Self::Tsv(spec.into())),
            _ => Err(Error::Spec { spec: spec.into(), expected: EXPECTED }),
        }
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phrasebook(None) => f.write_str("phrasebook"),
            Self::Phrasebook(Some(part)) => write!(f, "phrasebook:{part}"),
            Self::Generated(generated) => write!(f, "the task {}", generated.name.name()),
            Self::Tsv(path) => write!(f, "{}", path.display()),
            Self::Parallel(a, b) => write!(f, "{},{}", a.display(), b.display()),
            Self::Dictionary(path) => write!(f, "{DICTIONARY}{}", path.display()),
            Self::Memory(_) => f.write_str(MEMORY),
        }
    }
}

impl Spec {
    /// Reads the pairs. `columns` are the columns of a TSV file or of the phrasebook (English,
    /// French), from 1, and are ignored for others ([`Spec::check_columns`]); `seed` is the seed of
    /// a generated task. Unexpected changes to the text of a file are reported in `notes`.
    ///
    /// # Errors
    /// A file that cannot be read, with its name and line; a task without pairs; columns that the
    /// phrasebook does not have.
    pub fn read(
        &self,
        columns: Option<(usize, usize)>,
        seed: u64,
        notes: &mut Vec<String>,
    ) -> Result<Corpus> {
        match self {
            Self::Phrasebook(part) => match columns.unwrap_or((1, 2)) {
                (1, 2) => Ok(Corpus::phrasebook(*part)),
                (2, 1) => Ok(Corpus::phrasebook(*part).turned()),
                (source, target) => Err(Error::BadValue {
                    key: "columns".into(),
                    value: format!("{source},{target}"),
                    allowed: "1,2 (English to French) or 2,1 of the phrasebook".into(),
                }),
            },
            Self::Generated(generated) => Ok(Corpus { pairs: generated.pairs(seed)? }),
            Self::Tsv(path) => {
                let text = self.open(path, notes)?;
                let (source, target) = columns.unwrap_or((1, 2));
                let pairs: std::result::Result<Vec<_>, _> =
                    text.columns(source, target)?.map(|pair| pair.map(owned)).collect();
                Ok(Corpus::plain(pairs?))
            }
            Self::Parallel(a, b) => {
                let (sources, targets) = (self.open(a, notes)?, self.open(b, notes)?);
                Ok(Corpus::plain(read::paired(&sources, &targets)?.map(owned).collect()))
            }
            Self::Dictionary(path) => {
                let text = self.open(path, notes)?;
                Ok(Corpus::plain(dictionary::entries(path, text.lines())?))
            }
            Self::Memory(pairs) if pairs.is_empty() => {
                let what = "the pairs of this run came from the memory of a program and are not in \
                            the run: give them to seq2seq::train_pairs, or evaluate on a file";
                Err(Error::NothingTrained { what: what.into() })
            }
            Self::Memory(pairs) => Ok(Corpus { pairs: pairs.to_vec() }),
        }
    }

    /// Reads the lines of a text file, or the target side of another corpus; `None` for two files.
    ///
    /// # Errors
    /// See [`Spec::read`].
    pub(crate) fn lines(&self, seed: u64, notes: &mut Vec<String>) -> Result<Option<Vec<String>>> {
        match self {
            Self::Tsv(path) => {
                self.check_files()?;
                let text = TextFile::open(path, within_memory(ReadOptions::ANY))?;
                notes.extend_from_slice(text.notes());
                Ok(Some(text.lines().map(str::to_owned).collect()))
            }
            Self::Parallel(..) => Ok(None),
            other => {
                let pairs = other.read(None, seed, notes)?.pairs;
                Ok(Some(pairs.into_iter().map(|p| p.target).collect()))
            }
        }
    }

    fn open(&self, path: &Path, notes: &mut Vec<String>) -> Result<TextFile> {
        self.check_files()?;
        let text = TextFile::open(path, within_memory(ReadOptions::SENTENCES))?;
        notes.extend_from_slice(text.notes());
        Ok(text)
    }

    /// Returns the files of the source.
    pub fn files(&self) -> Vec<&Path> {
        match self {
            Self::Phrasebook(_) | Self::Generated(_) | Self::Memory(_) => Vec::new(),
            Self::Tsv(path) | Self::Dictionary(path) => vec![path],
            Self::Parallel(a, b) => vec![a, b],
        }
    }

    /// Returns the same source with absolute paths, so that it can be found from any folder.
    pub fn absolute(&self) -> Self {
        let whole = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        match self {
            Self::Tsv(path) => Self::Tsv(whole(path)),
            Self::Dictionary(path) => Self::Dictionary(whole(path)),
            Self::Parallel(a, b) => Self::Parallel(whole(a), whole(b)),
            Self::Phrasebook(_) | Self::Generated(_) | Self::Memory(_) => self.clone(),
        }
    }

    /// Returns true if both are read from the same files in the same way.
    pub fn is_of_same_files(&self, other: &Self) -> bool {
        let is_alike = std::mem::discriminant(self) == std::mem::discriminant(other);
        let (mine, theirs) = (self.files(), other.files());
        let is_same = |(a, b): (&&Path, &&Path)| match (a.canonicalize(), b.canonicalize()) {
            (Ok(a), Ok(b)) => a == b,
            _ => false,
        };
        is_alike && mine.len() == theirs.len() && mine.iter().zip(&theirs).all(is_same)
    }

    /// Returns true if the source has columns that can be selected.
    pub fn has_columns(&self) -> bool {
        matches!(self, Self::Phrasebook(_) | Self::Tsv(_))
    }

    /// Checks that columns are given only for sources that have them.
    ///
    /// # Errors
    /// Columns for any source other than a TSV file and the phrasebook.
    pub fn check_columns(&self, columns: Option<(usize, usize)>) -> Result<()> {
        match columns.filter(|_| !self.has_columns()) {
            None => Ok(()),
            Some((source, target)) => Err(Error::Configuration {
                problems: vec![format!(
                    "columns = {source},{target}: {self} has no columns to choose from; leave it out{}",
                    match self {
                        Self::Parallel(a, b) => format!(
                            " (the source is the first file: {},{} turns it round)",
                            b.display(),
                            a.display()
                        ),
                        _ => String::new(),
                    }
                )],
            }),
        }
    }

    /// Checks that every file exists and is not a folder; the error suggests what was meant.
    ///
    /// # Errors
    /// The first file that does not exist or is a folder.
    pub(crate) fn check_files(&self) -> Result<()> {
        for path in self.files() {
            let what = match path.metadata() {
                Ok(found) if found.is_dir() => "it is a folder; give a file in it".to_owned(),
                Ok(_) => continue,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => self.not_found(path),
                Err(error) => error.to_string(),
            };
            return Err(Error::NoData { path: path.into(), what });
        }
        Ok(())
    }

    fn not_found(&self, path: &Path) -> String {
        let name = path.to_string_lossy();
        match self {
            Self::Parallel(a, b) => format!(
                "there is no such file, and none of the name {},{}: two parallel files are joined by \
                 a comma",
                a.display(),
                b.display()
            ),
            Self::Tsv(_) if !name.contains(['/', '.']) => {
                let known = Name::ALL.iter().map(|name| name.name()).chain(["phrasebook"]);
                let nearest = nearest(&name, known)
                    .map_or_else(String::new, |name| format!(" (nearest: {name})"));
                format!("there is no such file, and no corpus of that name{nearest}")
            }
            _ => "there is no such file".to_owned(),
        }
    }

    /// Returns the training and the validation part if the corpus has parts and none is selected.
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

/// Approximate bytes per pair in addition to its text: the pair, its strings, its tokens and ids.
const PAIR: u64 = 250;

/// Adds limits that depend on the machine's memory: half of it for the text with its tokens and
/// ids, which take about ten times as much as the text.
fn within_memory(options: ReadOptions) -> ReadOptions {
    let Some(memory) = machine::memory() else { return options };
    let lines = usize::try_from(memory / 2 / PAIR).unwrap_or(usize::MAX);
    options.with_max_bytes(memory / 20).with_max_lines(lines)
}

fn owned((source, target): (&str, &str)) -> (String, String) {
    (source.to_owned(), target.to_owned())
}

impl Corpus {
    /// Reads the corpus of a SPEC; for `columns`, from 1, see [`Spec::read`]. A generated task uses
    /// seed 1.
    ///
    /// # Errors
    /// An invalid SPEC; a file that cannot be read, with its name and line; columns for a source
    /// without columns.
    pub fn read(spec: &str, columns: Option<(usize, usize)>) -> Result<Self> {
        let spec: Spec = spec.parse()?;
        spec.check_columns(columns)?;
        spec.read(columns, 1, &mut Vec::new())
    }
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
        assert_eq!(parse("cmudict:a,b").unwrap(), Spec::Dictionary("a,b".into()));
        for bad in ["", ",", "a,", ",b", "a,b,c", "phrasebook:dev", "cmudict:"] {
            let error = parse(bad).unwrap_err().to_string();
            assert!(error.contains("expected"), "{bad}: {error}");
        }
    }

    #[test]
    fn a_comma_in_a_name_is_part_of_it_where_there_is_such_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        for name in ["a,b.tsv", "c,d", "e"] {
            std::fs::write(path(name), "x\ty\n").unwrap();
        }
        assert_eq!(path("a,b.tsv").parse::<Spec>().unwrap(), Spec::Tsv(path("a,b.tsv").into()));
        let both = format!("{},{}", path("c,d"), path("e"));
        let expected = Spec::Parallel(path("c,d").into(), path("e").into());
        assert_eq!(both.parse::<Spec>().unwrap(), expected);
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().to_string_lossy().into_owned();
        for (spec, words) in [
            (folder.as_str(), "it is a folder; give a file in it"),
            ("my,file.tsv", "none of the name my,file.tsv"),
            ("phrasebok", "no corpus of that name (nearest: phrasebook)"),
            ("data/none.tsv", "data/none.tsv: there is no such file"),
        ] {
            let error = Corpus::read(spec, None).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        for (spec, words) in [
            ("a,b", "a,b has no columns to choose from; leave it out (the source is the first"),
            ("copy:5", "columns = 2,1: the task copy has no columns"),
        ] {
            let error = Corpus::read(spec, Some((2, 1))).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        let error = Corpus::read("phrasebook", Some((1, 3))).unwrap_err().to_string();
        assert!(error.contains("2,1 of the phrasebook"), "{error}");
    }
}
