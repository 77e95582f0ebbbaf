use std::time::{Duration, Instant};

use tokenizer::{Vocabulary, VocabularyOptions};

use super::*;
use crate::data::SubwordModels;
use crate::event::{Best, End, Event, Start, TrainStep, Validation};
use crate::run::stored_run::tests::stored;
use crate::run::{EventLog, StoredRun, Vocabularies};

fn vocabularies() -> Vocabularies {
    let build = |words: &[&str]| Vocabulary::build([words], &VocabularyOptions::default());
    Vocabularies {
        source: build(&["a"]),
        target: build(&["un"]),
        subwords: SubwordModels::default(),
    }
}

fn start() -> Event {
    let text = r#"{"event":"start","preset":"phrasebook","data":"phrasebook","device":"cpu",
        "threads":1,"seed":1,"parameters":9,"train_pairs":640,"valid_pairs":9,
        "source_vocabulary":5,"target_vocabulary":5,"unknown_rate":0.0,"steps_per_epoch":10,
        "last_step":100,"step":0,"seconds":0.0}"#;
    let mut start: Start = match serde_json::from_str(text).unwrap() {
        Event::Start(start) => *start,
        other => panic!("{other:?}"),
    };
    start.max_minutes = None;
    Event::Start(Box::new(start))
}

fn step(step: u64, loss: f64) -> Event {
    Event::Step(Box::new(TrainStep {
        step,
        epoch: 1,
        loss,
        learning_rate: 0.1,
        gradient_norm: 1.0,
        clipped_norm: 1.0,
        tokens: 100,
        tokens_per_second: 1e3,
        seconds: step as f64,
        parameters: Vec::new(),
    }))
}

fn validation(step: u64, bleu: f64) -> Event {
    let metrics =
        Metrics { loss: 0.5, bleu: Some(bleu), exact_match: Some(0.25), ..Metrics::default() };
    Event::Validation(Validation { step, metrics, best: true })
}

fn end(step: u64, reason: EndReason) -> Event {
    Event::End(End { step, seconds: step as f64, reason, dropped_events: 0 })
}

/// Creates a run with these events; `best` is the step of a best checkpoint.
fn create(path: &Path, stored: &StoredRun, events: &[Event], best: Option<u64>) -> RunDir {
    let dir = RunDir::create(path, stored, &vocabularies(), &Checkpoint::default()).unwrap();
    let mut log = EventLog::open(path).unwrap();
    if let Some(step) = best {
        let best = Some(Best { step, bleu: Some(60.0), loss: 0.7 });
        let progress = Progress { step, best, ..Progress::default() };
        let mut checkpoint = Checkpoint { progress, ..Checkpoint::default() };
        dir.save(CheckpointKind::Best, &mut checkpoint, &mut log).unwrap();
    }
    events.iter().for_each(|event| log.append(event).unwrap());
    log.flush().unwrap();
    dir
}

/// Sets when a run was begun.
fn begin(path: &Path, second: u64) {
    let config = fs::File::options().write(true).open(path.join("config.json")).unwrap();
    config.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(second)).unwrap();
}

#[test]
fn each_run_is_listed_with_what_became_of_it() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let mut own = stored();
    own.config.hidden = 7;
    let trained = [start(), step(40, 2.0), validation(40, 71.0), step(41, 1.0)];
    let with = |more: &[Event]| [&trained[..], more].concat();
    let ended = |reason| with(&[end(42, reason)]);
    let live = create(&root.join("live"), &own, &trained, Some(40));
    for (name, events) in [
        ("finished", ended(EndReason::Finished)),
        ("stopped", ended(EndReason::Stopped)),
        ("diverged", ended(EndReason::NotFinite)),
        ("failed", ended(EndReason::Failed)),
        ("stopped early", ended(EndReason::EarlyStopped)),
        ("crashed", trained.to_vec()),
        // A resume that crashed after another end.
        ("resumed", with(&[end(42, EndReason::Stopped), start(), step(42, 1.0)])),
    ] {
        drop(create(&root.join(name), &own, &events, None));
    }
    let mut runs = RunsFolder::new(root);
    let listed = runs.list().unwrap();
    assert_eq!(listed.len(), 8);
    for run in &listed {
        let summary = run.summary.as_ref().unwrap();
        let name = run.name();
        let status = if name == "resumed" { "crashed" } else { name.as_str() };
        assert_eq!(summary.status.to_string(), status);
        let last = match summary.status {
            RunStatus::Live => 41,
            RunStatus::Crashed if name == "crashed" => 41,
            _ => 42,
        };
        assert_eq!((summary.step, summary.last_step), (last, Some(100)), "{name}");
        assert!(run.begun.is_some() && summary.differences.iter().any(|d| d.key == "hidden"));
        let best = summary.best.as_ref().unwrap();
        assert_eq!((best.step, best.metrics.bleu), (40, Some(71.0)), "{name}");
    }
    let of = |name: &str| listed.iter().find(|run| run.name() == name).unwrap().summary.clone();
    // The mean of four tenths of ten steps: of the last four, there are two.
    assert_eq!(of("crashed").unwrap().loss, Some(1.5));
    let process = cfg!(target_os = "linux").then_some(std::process::id());
    assert_eq!(of("live").unwrap().process, process);
    assert_eq!(of("crashed").unwrap().process, None);
    drop(live);
    let again = runs.list().unwrap();
    let live = again.iter().find(|run| run.name() == "live").unwrap().summary.clone();
    assert_eq!(live.unwrap().status, RunStatus::Crashed);
}

#[test]
fn the_newest_comes_first_and_what_is_no_run_last_with_its_reason() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    for (name, second) in [("a", 100), ("b", 300), ("c", 200), ("damaged", 50)] {
        drop(create(&root.join(name), &stored(), &[start()], None));
        begin(&root.join(name), second);
    }
    fs::write(root.join("damaged/config.json"), "{\"program\": 1").unwrap();
    begin(&root.join("damaged"), 50);
    fs::create_dir_all(root.join("empty")).unwrap();
    fs::create_dir_all(root.join("nested")).unwrap();
    drop(create(&root.join("nested/x"), &stored(), &[], None));
    fs::write(root.join("a file"), "").unwrap();
    let listed = RunsFolder::new(root).list().unwrap();
    let names: Vec<String> = listed.iter().map(RunListing::name).collect();
    assert_eq!(names, ["b", "c", "a", "damaged", "nested", "empty"]);
    let why = |at: usize| listed[at].summary.clone().unwrap_err();
    assert!(why(3).contains("config.json: "), "{}", why(3));
    assert_eq!(why(4), "it is no run; it holds 1 of them");
    assert_eq!(why(5), "it is no run: it holds no config.json");
    let one = RunsFolder::new(root.join("a")).list().unwrap();
    assert_eq!((one.len(), one[0].name()), (1, "a".to_owned()));
    assert!(RunsFolder::new(root.join("absent")).list().unwrap().is_empty());
    assert!(RunsFolder::new(root.join("a file")).list().is_err());
}

#[test]
fn a_lost_log_or_a_lost_checkpoint_is_not_a_lost_run() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a");
    drop(create(&path, &stored(), &[start(), step(7, 1.0)], Some(5)));
    fs::remove_file(path.join("events.jsonl")).unwrap();
    let listed = |path: &Path| RunsFolder::new(path).list().unwrap().remove(0).summary;
    let summary = listed(&path).unwrap();
    assert_eq!((summary.step, summary.status), (0, RunStatus::Crashed));
    assert_eq!(summary.best.unwrap().metrics.bleu, Some(60.0));
    fs::remove_file(path.join("last.ckpt")).unwrap();
    assert!(listed(&path).unwrap_err().contains("events.jsonl"));
    fs::write(path.join("events.jsonl"), "no event\n\0\0").unwrap();
    assert_eq!(listed(&path).unwrap().step, 0);
}

#[test]
fn of_a_long_log_only_the_end_is_read() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("long");
    let mut events = vec![start(), validation(1, 80.0)];
    events.extend((2..20_000).map(|i| step(i, 1.0)));
    events.push(Event::Phase { text: "x".repeat(1 << 19) });
    drop(create(&path, &stored(), &events, Some(1)));
    let begun = Instant::now();
    let summary = RunsFolder::new(&path).list().unwrap().remove(0).summary.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!((summary.step, summary.last_step), (19_999, Some(100)));
    // The validation is not near the end, but the checkpoint has its figures.
    let best = summary.best.unwrap();
    assert_eq!((best.step, best.metrics.bleu, best.metrics.exact_match), (1, Some(60.0), None));
}
