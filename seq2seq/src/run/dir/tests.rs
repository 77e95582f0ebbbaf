use tensor::Tensor;
use tokenizer::{Vocabulary, VocabularyOptions};

use super::*;
use crate::data::SubwordModels;
use crate::event::Best;
use crate::event::EndReason;
use crate::run::log::tests::phase;
use crate::run::stored_run::tests::stored;
use crate::run::{Progress, RngState, StoredOptimizer, StoredTensor};

fn vocabularies() -> Vocabularies {
    let build = |words: &[&str]| Vocabulary::build([words], &VocabularyOptions::default());
    Vocabularies {
        source: build(&["a", "dog"]),
        target: build(&["un", "chien", "ça"]),
        subwords: SubwordModels::default(),
    }
}

fn checkpoint(step: u64) -> Checkpoint {
    let tensor = |x: f32| StoredTensor::from(Tensor::full([2, 3], x));
    Checkpoint {
        progress: Progress {
            step,
            seconds: 0.1 + 0.2,
            best: Some(Best { step: 1, bleu: Some(12.5), loss: f64::INFINITY }),
            learning_rate: Some(1e-3),
            end: Some(EndReason::Stopped),
            ..Progress::default()
        },
        identity: stored().identity,
        params: vec![("w".into(), tensor(0.1)), ("b".into(), tensor(f32::NAN))],
        optimizer: StoredOptimizer {
            slots: vec![("w".into(), vec![tensor(1.0), tensor(2.0)])],
            updates: vec![step; 3],
        },
        shuffle: RngState { seed: [7; 32], stream: 3, word_pos: 1 << 67 },
        ..Checkpoint::default()
    }
}

fn create(path: &Path) -> Result<RunDir> {
    RunDir::create(path, &stored(), &vocabularies(), &checkpoint(0))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_new_run_is_whole_and_its_own() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("runs/deep/a");
    let run = create(&path).unwrap();
    assert_eq!(names(&root.path().join("runs/deep")), ["a"]);
    let all = ["config.json", "events.jsonl", "last.ckpt", "lock", "vocabularies.bin"];
    assert_eq!(names(&path), all);
    assert!(run.is_live());
    assert_eq!(run.stored().unwrap(), stored());
    assert_eq!(run.vocabularies().unwrap(), vocabularies());
    assert_eq!(run.checkpoint(CheckpointKind::Last).unwrap(), checkpoint(0));
    assert!(matches!(RunDir::resume(&path), Err(Error::RunInUse { .. })));
    assert!(matches!(create(&path), Err(Error::RunExists { .. })));
    let reader = RunDir::open(&path).unwrap();
    assert_eq!(reader.best_or_last().unwrap(), checkpoint(0));
    assert!(matches!(reader.log(&checkpoint(0)), Err(Error::ReadOnly { .. })));
    drop(run);
    assert!(!reader.is_live());
}

#[test]
fn a_resumed_run_forgets_what_came_after_its_checkpoint() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a");
    let run = create(&path).unwrap();
    let mut log = run.log(&run.checkpoint(CheckpointKind::Last).unwrap()).unwrap().0;
    log.append(&phase("kept")).unwrap();
    run.save(CheckpointKind::Last, &mut checkpoint(5), &mut log).unwrap();
    let len = log.len();
    run.save(CheckpointKind::Best, &mut checkpoint(3), &mut log).unwrap();
    log.append(&phase("lost")).unwrap();
    drop((run, log));
    fs::write(path.join(".last.ckpt.99-0.unfinished"), "half").unwrap();

    let run = RunDir::resume(&path).unwrap();
    assert!(!names(&path).iter().any(|name| name.starts_with('.')));
    let last = run.checkpoint(CheckpointKind::Last).unwrap();
    assert_eq!(last, Checkpoint { events_len: len, ..checkpoint(5) });
    assert_eq!(run.best_or_last().unwrap().progress.step, 3);
    let log = run.log(&last).unwrap().0;
    assert_eq!(log.len(), len);
    assert_eq!(fs::read_to_string(path.join("events.jsonl")).unwrap().lines().count(), 1);

    let changed = StoredRun { max_steps: Some(9), ..stored() };
    run.store(&changed).unwrap();
    assert_eq!(RunDir::open(&path).unwrap().stored().unwrap(), changed);
}

#[test]
fn whatever_is_in_the_way_stays() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("folder");
    fs::create_dir(&folder).unwrap();
    let file = root.path().join("file");
    fs::write(&file, "mine").unwrap();
    for path in [&folder, &file] {
        let error = create(path).unwrap_err().to_string();
        assert!(error.contains("exists already"), "{error}");
    }
    assert_eq!(names(root.path()), ["file", "folder"]);
    let error = create(&file.join("below")).unwrap_err().to_string();
    assert!(error.contains("cannot create") && error.contains("file"), "{error}");
}

#[test]
fn what_is_no_run_is_said_to_be_none() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    for (path, expected) in [
        (root.path().join("absent"), "there is no run at"),
        (file, "is not a run: it is a file"),
        (root.path().to_owned(), "is not a run: it holds no config.json"),
    ] {
        let error = RunDir::resume(&path).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("that training made"), "{error}");
    }
    assert_eq!(names(root.path()), ["file"]);
}

#[test]
fn damage_is_named() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a");
    let run = create(&path).unwrap();
    fs::write(path.join("config.json"), "{\n  \"preset\": 3\n}\n").unwrap();
    let error = run.stored().unwrap_err().to_string();
    assert!(error.contains("config.json: ") && error.contains("line 2"), "{error}");
    fs::copy(path.join("vocabularies.bin"), path.join("last.ckpt")).unwrap();
    let error = run.checkpoint(CheckpointKind::Last).unwrap_err().to_string();
    assert!(error.contains("holds vocabularies, where a checkpoint is needed"), "{error}");
    fs::write(path.join("best.ckpt"), "").unwrap();
    let error = run.best_or_last().unwrap_err().to_string();
    assert!(error.contains("best.ckpt is cut off"), "{error}");
}

#[test]
fn a_killed_creation_leaves_nothing_for_long() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a");
    let (dead, alive, other) = (".a.7-0.unborn", ".a.8-0.unborn", ".b.9-0.unborn");
    for name in [dead, alive, other] {
        fs::create_dir(root.path().join(name)).unwrap();
    }
    for name in [dead, other] {
        drop(RunLock::take(&root.path().join(name)).unwrap());
    }
    let _held = RunLock::take(&root.path().join(alive)).unwrap();
    create(&path).unwrap();
    assert_eq!(names(root.path()), [alive, other, "a"]);
}
