//! Files of gold word links, and of the links that an aligner found.

use std::path::Path;

use tokenizer::read::{ReadOptions, TextFile};

use super::corpus::Corpus;
use crate::score::{AlignmentErrors, GoldLinks};
use crate::{Error, Result};

/// The links of one line, and its sentences if the file has them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    links: GoldLinks,
    sentences: Option<(String, String)>,
}

/// The lines of a file of links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinksFile {
    name: String,
    lines: Vec<Line>,
}

impl LinksFile {
    /// Reads a file, plain or gzip, with a line for each sentence pair, in one of two forms:
    ///
    /// - the links alone, with words counted from 0, as Pharaoh, fast_align and their successors
    ///   write them;
    /// - four columns separated by tabs: a number, the source, the target, each split at spaces,
    ///   and the links, with words counted from 1, the form of the shared tasks of WPT.
    ///
    /// [`GoldLinks::read`] has the form of a link. Unexpected properties of the file are reported in
    /// `notes`.
    ///
    /// # Errors
    /// A file that cannot be read or has no lines; a line of another form or with a link to a word
    /// that its sentence does not have, with its number.
    pub fn open(path: &Path, notes: &mut Vec<String>) -> Result<Self> {
        let text = TextFile::open(path, ReadOptions::ANY)?;
        notes.extend_from_slice(text.notes());
        let name = path.display().to_string();
        if text.is_empty() {
            return Err(refused(format!("{name}: it is empty; it needs a line of links per pair")));
        }
        let has_columns = text.lines().next().is_some_and(|line| line.contains('\t'));
        let read = |(i, line): (usize, &str)| {
            let read = if has_columns { four_columns(line) } else { links_alone(line) };
            read.map_err(|what| refused(format!("{name}, line {}: {what}", i + 1)))
        };
        let lines = text.lines().enumerate().map(read).collect::<Result<_>>()?;
        Ok(Self { name, lines })
    }

    /// Returns the number of lines.
    pub const fn len(&self) -> usize {
        self.lines.len()
    }

    /// Returns true if there are no lines.
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Computes the errors of these links, of an aligner, against gold links.
    ///
    /// # Errors
    /// Files of different numbers of lines; a link that is only possible among those found.
    pub fn errors(&self, gold: &Self) -> Result<AlignmentErrors> {
        self.check_length(&gold.name, gold.len())?;
        let mut errors = AlignmentErrors::default();
        for (i, (found, gold)) in self.lines.iter().zip(&gold.lines).enumerate() {
            if let Some((source, target)) = found.links.possible.first() {
                let what = format!(
                    "{}, line {}: the link of words {source} and {target}, counted from 0, is marked \
                     as possible, which only gold links are; write it with -",
                    self.name,
                    i + 1
                );
                return Err(refused(what));
            }
            errors.add(&found.links.sure, &gold.links.sure, &gold.links.possible);
        }
        Ok(errors)
    }

    fn check_length(&self, other: &str, lines: usize) -> Result<()> {
        if self.len() == lines {
            return Ok(());
        }
        let what = format!(
            "{} has {} lines and {other} has {lines}; a line of links per pair is needed, in the same \
             order",
            self.name,
            self.len()
        );
        Err(refused(what))
    }
}

impl Corpus {
    /// Gives the pairs the gold links of a file, one line per pair. If the file has the sentences,
    /// they are compared, and source and target may be swapped in it.
    ///
    /// # Errors
    /// Another number of lines than pairs; a line of other sentences, or with a link to a word that
    /// the pair does not have, with its number.
    pub fn with_links(mut self, file: &LinksFile, name: &str) -> Result<Self> {
        file.check_length(name, self.pairs.len())?;
        for (i, (pair, line)) in self.pairs.iter_mut().zip(&file.lines).enumerate() {
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let (source, target) = (words(&pair.source), words(&pair.target));
            let refuse =
                |what: String| Err(refused(format!("{}, line {}: {what}", file.name, i + 1)));
            let links = match &line.sentences {
                Some((s, t)) if (words(s), words(t)) == (target.clone(), source.clone()) => {
                    line.links.clone().turned()
                }
                Some((s, t)) if (words(s), words(t)) != (source.clone(), target.clone()) => {
                    return refuse(format!(
                        "its sentences are not those of pair {} of {name}",
                        i + 1
                    ));
                }
                _ => line.links.clone(),
            };
            if let Some((s, t)) = links.beyond(source.len(), target.len()) {
                return refuse(format!(
                    "a link of words {s} and {t}, counted from 0, but pair {} of {name} has {} and {} \
                     words",
                    i + 1,
                    source.len(),
                    target.len()
                ));
            }
            pair.links = Some(links);
        }
        Ok(self)
    }
}

fn links_alone(line: &str) -> std::result::Result<Line, String> {
    if line.contains('\t') {
        return Err("it has a tab, and line 1 has none; give links alone, or four columns".into());
    }
    Ok(Line { links: GoldLinks::read(line, 0)?, sentences: None })
}

fn four_columns(line: &str) -> std::result::Result<Line, String> {
    let columns: Vec<&str> = line.split('\t').collect();
    let &[_, source, target, links] = columns.as_slice() else {
        return Err(format!(
            "{} columns; a number, the source, the target and the links are needed, separated by tabs",
            columns.len()
        ));
    };
    let links = GoldLinks::read(links, 1)?;
    let (s, t) = (source.split_whitespace().count(), target.split_whitespace().count());
    if let Some((from, to)) = links.beyond(s, t) {
        let (from, to) = (from + 1, to + 1);
        return Err(format!("a link of words {from} and {to}, but there are {s} and {t} words"));
    }
    Ok(Line { links, sentences: Some((source.to_owned(), target.to_owned())) })
}

fn refused(what: String) -> Error {
    Error::NothingTrained { what }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Pair;

    fn open(text: &str) -> Result<LinksFile> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("links");
        std::fs::write(&path, text).unwrap();
        LinksFile::open(&path, &mut Vec::new())
    }

    #[test]
    fn both_forms_are_read() {
        let pharaoh = open("0-0 1?2\n\n2p0\n").unwrap();
        assert_eq!(pharaoh.len(), 3);
        let table = open("1\ta b\tx y z\t1-1 2p3\n").unwrap();
        assert_eq!(table.lines[0].links, pharaoh.lines[0].links);
        for (text, words) in [
            ("", "it is empty"),
            ("0-0\n0:1\n", "line 2: \"0:1\" is no link"),
            ("0-0\n1\ta\tb\t1-1\n", "line 2: it has a tab"),
            ("1\ta\tb\n", "line 1: 3 columns; a number, the source, the target and the links"),
            ("1\ta\tb\t1-2\n", "line 1: a link of words 1 and 2, but there are 1 and 1 words"),
            ("1\ta\tb\t0-1\n", "counted from 1"),
        ] {
            let said = open(text).unwrap_err().to_string();
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn errors_of_files() {
        let gold = open("0-0 1?1\n0-1 1-0\n").unwrap();
        let errors = open("0-0 1-1\n0-1\n").unwrap().errors(&gold).unwrap();
        assert_eq!(errors.rate(), Some(1.0 - 5.0 / 6.0));
        let said = open("0-0\n").unwrap().errors(&gold).unwrap_err().to_string();
        assert!(said.contains("has 1 lines and") && said.contains("has 2"), "{said}");
        let said = gold.errors(&gold).unwrap_err().to_string();
        assert!(said.contains("line 1: the link of words 1 and 1"), "{said}");
    }

    #[test]
    fn a_corpus_gets_its_links() {
        let pair = |source: &str, target: &str| Pair {
            source: source.into(),
            target: target.into(),
            links: None,
        };
        let corpus = || Corpus { pairs: vec![pair("a b", "x y z")] };
        let of = |text: &str| corpus().with_links(&open(text).unwrap(), "c.tsv");
        let links = |text: &str| of(text).unwrap().pairs[0].links.clone().unwrap();
        assert_eq!(links("1-2 0?0\n"), links("7\ta b\tx y z\t2-3 1?1\n"));
        assert_eq!(links("1-2 0?0\n"), links("7\tx y z\ta b\t3-2 1p1\n"));
        for (text, words) in [
            ("0-0\n\n", "has 2 lines and c.tsv has 1"),
            ("7\ta c\tx y z\t1-1\n", "line 1: its sentences are not those of pair 1 of c.tsv"),
            ("2-0\n", "a link of words 2 and 0, counted from 0, but pair 1 of c.tsv has 2 and 3"),
        ] {
            let said = of(text).unwrap_err().to_string();
            assert!(said.contains(words), "{said}");
        }
    }
}
