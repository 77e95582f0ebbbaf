//! The comparison of the literature's models: every row is there, runs are gone on with, wrong uses
//! are told.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use seq2seq::Ranks;
use seq2seq::compare::{CompareOptions, Comparison, Progress, compare};
use seq2seq::config::{AttentionKind, Cell};

fn options(folder: &Path, only: &[&str], max_steps: Option<u64>) -> CompareOptions {
    let only = only.iter().map(|&name| name.to_owned()).collect();
    CompareOptions {
        folder: folder.into(),
        only,
        threads: Some(2),
        seed: 1,
        max_steps,
        ranks: Ranks::default(),
    }
}

/// The comparison, and how many of its models had been trained before.
fn run(options: &CompareOptions) -> (Comparison, usize) {
    let (mut kept, mut last) = (0, 0);
    let all = compare(options, |progress| match progress {
        Progress::Plan { models, side_by_side, minutes } => {
            assert_eq!((*models, *side_by_side), (6, 2));
            assert_eq!(*minutes, None);
        }
        Progress::Translator { place, .. } | Progress::Cell { place, .. } => {
            last += 1;
            assert_eq!((place.done, place.of), (last, 6));
            kept += usize::from(place.kept);
        }
    });
    (all.unwrap(), kept)
}

#[test]
fn every_row_is_measured_and_kept_runs_give_the_same_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let only = ["none", "location", "rnn_tanh", "lstm"];
    let options = options(folder.path(), &only, Some(2));
    let (first, kept) = run(&options);
    assert_eq!(kept, 0);
    assert_eq!(first.tasks.len(), 2);
    for (task, sentences) in first.tasks.iter().zip([2032, 1000]) {
        let rows: Vec<Option<AttentionKind>> = task.rows.iter().map(|row| row.attention).collect();
        assert_eq!(rows, [None, Some(AttentionKind::Location)]);
        // Every sentence has its range of lengths.
        assert_eq!(task.sentences.iter().sum::<u64>(), sentences);
        for row in &task.rows {
            assert_eq!(row.by_length.len(), task.lengths.len());
            assert_eq!(row.all.sentences, sentences);
            assert_eq!(row.all.aer.is_some(), row.attention.is_some());
            assert!(
                row.by_length.iter().all(|e| e.metrics.exact_match.is_some() && e.sentences > 20)
            );
        }
    }
    let cells: Vec<Cell> = first.cells.iter().map(|row| row.cell).collect();
    assert_eq!(cells, [Cell::RnnTanh, Cell::Lstm]);
    for row in &first.cells {
        assert_eq!((row.before.len(), row.before[0]), (50, 1.0));
        assert!(row.before.iter().chain(&row.after).all(|norm| norm.is_finite() && *norm > 0.0));
    }
    // Untrained, and yet: nothing of the first of fifty steps reaches Elman's network.
    assert!(first.cells[0].before[49] < first.cells[1].before[49]);
    assert_eq!(first.findings().len(), 3);

    let (second, kept) = run(&options);
    assert_eq!(kept, 6);
    assert_eq!(second, first);
}

#[test]
fn wrong_uses_are_told_before_anything_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let fails = |only: &[&str], max_steps| {
        let options = options(folder.path(), only, max_steps);
        compare(&options, |_| ()).unwrap_err().to_string()
    };
    let error = fails(&["aditive"], None);
    assert_eq!(error, "there is no model 'aditive' to compare: did you mean 'additive'?");
    assert!(folder.path().read_dir().unwrap().next().is_none());

    compare(&options(folder.path(), &["gru"], Some(1)), |_| ()).unwrap();
    let error = fails(&["gru"], Some(2));
    assert!(error.contains("was begun with max_steps = 1: do so again, or take"), "{error}");
    assert!(error.ends_with("take another folder"), "{error}");
}
