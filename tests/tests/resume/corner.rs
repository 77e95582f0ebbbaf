//! A corner of the disk with a corpus, and runs on it.

use std::fs;
use std::path::PathBuf;

use seq2seq::data::Corpus;
use seq2seq::{Outcome, TrainOptions, link, train};
use tempfile::TempDir;

/// A folder with a small corpus.
pub(crate) struct Corner {
    folder: TempDir,
}

impl Corner {
    /// A corner with a corpus: 61 pairs to train on and 9 held out.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pairs = Corpus::read("phrasebook:valid", None).unwrap().pairs;
        let file = |name: &str, range: std::ops::Range<usize>| {
            let line = |i: usize| format!("{}\t{}\n", pairs[i * 7].source, pairs[i * 7].target);
            fs::write(folder.path().join(name), range.map(line).collect::<String>()).unwrap();
        };
        file("train.tsv", 0..61);
        file("valid.tsv", 61..70);
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The options of a short run in this folder.
    pub(crate) fn options(&self, run: &str, set: &[(&str, &str)], threads: usize) -> TrainOptions {
        let text = |name: &str| Some(self.path(name).to_str().unwrap().to_owned());
        let mut options = TrainOptions {
            data: text("train.tsv"),
            valid: text("valid.tsv"),
            threads: Some(threads),
            seed: Some(5),
            // 8 steps an epoch; the last one ends between two epochs and two validations.
            max_steps: Some(37),
            run_dir: Some(self.path(run)),
            ..TrainOptions::default()
        };
        let small = [
            ("embedding", "9"),
            ("hidden", "7"),
            ("batch", "8"),
            ("epochs", "9"),
            ("validate_every_epochs", "0.7"),
            ("metrics_every", "3"),
            ("flow_every", "5"),
            ("sample_every_seconds", "0.01"),
        ];
        let all = small.iter().chain(set);
        options.set = all.map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        options
    }
}

/// Trains alone, without a viewer.
pub(crate) fn run(options: &TrainOptions) -> seq2seq::Result<Outcome> {
    let (mut link, viewer) = link(4096);
    drop(viewer);
    train(options, &mut link)
}
