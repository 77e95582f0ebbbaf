//! The real program, killed at any moment and gone on with: nothing is lost beyond the last
//! checkpoint, and the end has the bits of a run that was never killed. And what it says, and how
//! it exits, where a run cannot be begun or gone on with.
//!
//! `KILLS=20 cargo test -p tui --test kill` kills more often than the default of 6;
//! `KILL_SEED=N` draws other moments.
#![cfg(unix)] // `Child::kill` is `kill -9` there.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::env;
use std::fs;
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::thread;
use std::time::{Duration, Instant};

use common::Moments;
use seq2seq::data::Corpus;
use seq2seq::event::CheckpointKind;
use seq2seq::{Checkpoint, Event, EventReader, RunDir};
use tempfile::TempDir;

/// Says a line even where the test passes: what goes to the stream itself is not captured.
fn say(line: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn number(name: &str, otherwise: u64) -> u64 {
    match env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => otherwise,
    }
}

/// Held by the test whose moments are measured against the time that a whole run takes; shared by
/// the others, which would slow it down.
static QUIET: RwLock<()> = RwLock::new(());

/// A folder with a small corpus, and the program to be run there.
struct Corner {
    folder: TempDir,
    _others_may_run: Option<RwLockReadGuard<'static, ()>>,
}

impl Corner {
    fn new() -> Self {
        let shared = QUIET.read().unwrap_or_else(PoisonError::into_inner);
        Self { _others_may_run: Some(shared), ..Self::alone() }
    }

    fn alone() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pairs = Corpus::read("phrasebook:valid", None).unwrap().pairs;
        let line = |i: usize| format!("{}\t{}\n", pairs[i].source, pairs[i].target);
        let write = |name: &str, range: std::ops::Range<usize>| {
            fs::write(folder.path().join(name), range.map(line).collect::<String>()).unwrap();
        };
        write("train.tsv", 0..300);
        write("valid.tsv", 300..310);
        Self { folder, _others_may_run: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program, with a fixed number of threads: the same bits are promised for that.
    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tui"));
        command
            .current_dir(self.folder.path())
            .args(arguments)
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    /// Begins a small run of so many steps.
    fn begin(&self, run: &str, steps: u64) -> Command {
        let mut command =
            self.program(&["train", "--headless", "--threads", "2", "--run-dir", run]);
        command.args(["--data", "train.tsv", "--valid", "valid.tsv", "--seed", "3"]);
        command.args(["--max-steps", &steps.to_string()]);
        for set in [
            "embedding=12",
            "hidden=16",
            "batch=16",
            "epochs=100000",
            "dropout=0.2",
            "checkpoint_seconds=0.05",
            "sample_every_seconds=0.1",
            "validate_every_epochs=5",
            "flow_every=10",
        ] {
            command.args(["--set", set]);
        }
        command
    }

    fn resume(&self, run: &str, more: &[&str]) -> Command {
        let mut command = self.program(&["train", "--headless", "--resume", "--run-dir", run]);
        command.args(more);
        command
    }

    /// A finished run of so many steps.
    fn finished(&self, run: &str, steps: u64) -> PathBuf {
        succeed(&mut self.begin(run, steps));
        self.path(run)
    }
}

#[track_caller]
fn succeed(command: &mut Command) -> Output {
    let output = command.stdout(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}: {said}", output.status);
    output
}

/// What a command says that must fail, in words and not by a panic.
#[track_caller]
fn fail(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let what = format!("{command:?}: {}: {said}", output.status);
    assert_eq!(output.status.code(), Some(1), "{what}");
    assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{what}");
    said
}

#[track_caller]
fn assert_says(said: &str, words: &[&str]) {
    // Long lines are broken for the terminal.
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(said.contains(word), "\"{said}\" does not say \"{word}\"");
    }
}

fn checkpoint(run: &Path, kind: CheckpointKind) -> Checkpoint {
    RunDir::open(run).unwrap().checkpoint(kind).unwrap()
}

/// All of a checkpoint but times.
fn timeless(mut c: Checkpoint) -> Checkpoint {
    c.progress.seconds = 0.0;
    c.events_len = 0;
    c
}

/// Steps with the bits of their losses.
type Losses = Vec<(u64, u64)>;

/// The losses of training and of validation.
fn losses(run: &Path) -> (Losses, Losses) {
    let (mut steps, mut validations) = (Vec::new(), Vec::new());
    for event in EventReader::open(run).unwrap().poll().unwrap() {
        match event {
            Event::Step(s) => steps.push((s.step, s.loss.to_bits())),
            Event::Validation(v) => validations.push((v.step, v.metrics.loss.to_bits())),
            _ => {}
        }
    }
    (steps, validations)
}

/// Lets a process run for a while, then kills it; false where it ended by itself before.
#[track_caller]
fn kill_after(mut child: Child, patience: Duration) -> bool {
    let end = Instant::now() + patience;
    while Instant::now() < end {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        thread::sleep(Duration::from_millis(1).min(end - Instant::now()));
    }
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let killed = output.status.signal() == Some(9);
    assert!(killed || output.status.success(), "{}: {said}", output.status);
    killed
}

#[test]
fn a_run_killed_at_any_moment_ends_as_one_that_never_was() {
    let kills = number("KILLS", 6);
    let mut moments = Moments(number("KILL_SEED", 1));
    let _quiet = QUIET.write().unwrap_or_else(PoisonError::into_inner);
    let corner = Corner::alone();
    let begin = Instant::now();
    let straight = corner.finished("straight", 1);
    let start = begin.elapsed();
    // Enough steps for each process to get some way before it is killed.
    let begin = Instant::now();
    let steps = 200 * kills;
    fs::remove_dir_all(&straight).unwrap();
    let straight = corner.finished("straight", steps);
    let whole = begin.elapsed();

    let run = corner.path("killed");
    let (mut count, mut unborn, mut repeated, mut idle) = (0, 0, 0, 0);
    // What the log must still begin with.
    let mut safe = Vec::new();
    while count < kills {
        let mut command =
            if run.exists() { corner.resume("killed", &[]) } else { corner.begin("killed", steps) };
        // Within the start, the first time and now and then; else within a share of what there is
        // to do, a third of it in all.
        let share = whole.as_secs_f64() / kills as f64;
        let within = match count {
            n if n == 0 || n % 4 == 3 => start.as_secs_f64(),
            _ => start.as_secs_f64() + 0.7 * share,
        };
        let patience = moments.draw() * within;
        let before = run.exists().then(|| checkpoint(&run, CheckpointKind::Last).progress.step);
        let child = command.spawn().unwrap();
        if !kill_after(child, Duration::from_secs_f64(patience)) {
            break;
        }
        count += 1;
        if !run.exists() {
            unborn += 1;
            continue;
        }
        // Whatever it was doing: the last checkpoint is whole, and so is the log up to there.
        let last = checkpoint(&run, CheckpointKind::Last);
        idle += u64::from(before == Some(last.progress.step));
        assert!(last.progress.step >= before.unwrap_or(0), "{before:?} {}", last.progress.step);
        let log = fs::read(run.join("events.jsonl")).unwrap();
        assert!(log.starts_with(&safe), "kill {count}: the log lost what a checkpoint spoke of");
        safe = log[..usize::try_from(last.events_len).unwrap()].to_vec();
        let (done, _) = losses(&run);
        let reached = done.last().map_or(0, |s| s.0);
        assert!(
            reached >= last.progress.step,
            "kill {count}: {reached} in the log, {} saved",
            last.progress.step
        );
        repeated += reached - last.progress.step;
        if run.join("best.ckpt").exists() {
            checkpoint(&run, CheckpointKind::Best);
        }
    }
    assert!(run.exists(), "every process was killed before it made its folder");
    succeed(&mut corner.resume("killed", &[]));
    say(format!(
        "kill -9: {count} of {kills} times in {steps} steps ({unborn} before the folder was there, \
         {idle} before anything new was saved), {repeated} logged steps done again"
    ));
    assert!(count * 2 >= kills, "the run was over after {count} kills of {kills}");

    for kind in [CheckpointKind::Last, CheckpointKind::Best] {
        let (got, want) = (timeless(checkpoint(&run, kind)), timeless(checkpoint(&straight, kind)));
        assert_eq!(got.params, want.params, "{kind:?}: parameters");
        assert_eq!(got.optimizer, want.optimizer, "{kind:?}: optimizer");
        assert!(
            got == want,
            "{kind:?}: {:?} {:?}",
            (got.progress.step, got.progress.best),
            (want.progress.step, want.progress.best)
        );
    }
    let (got, want) = (losses(&run), losses(&straight));
    assert_eq!(got.0.len() as u64, steps);
    assert_eq!(got.0, want.0);
    // One killed between its last checkpoint and its end validates there a second time.
    let mut validations = got.1;
    validations.dedup();
    assert_eq!(validations, want.1);
    let left: Vec<_> = fs::read_dir(&run)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

#[test]
fn a_run_in_use_is_left_alone() {
    let corner = Corner::new();
    let mut child = corner.begin("run", 1_000_000).spawn().unwrap();
    let patience = Instant::now() + Duration::from_secs(60);
    while !corner.path("run").exists() && Instant::now() < patience {
        thread::sleep(Duration::from_millis(5));
    }
    let refused = fail(&mut corner.resume("run", &[]));
    let existing = fail(&mut corner.begin("run", 5));
    let running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(running, "the run ended by itself");
    assert_says(&refused, &["is in use by process", &child.id().to_string(), "--run-dir"]);
    assert_says(&existing, &["exists already", "--resume"]);
    // Its lock died with it.
    let steps =
        (checkpoint(&corner.path("run"), CheckpointKind::Last).progress.step + 3).to_string();
    succeed(&mut corner.resume("run", &["--max-steps", &steps]));
}

#[test]
fn an_existing_folder_needs_resume_and_a_finished_run_says_so() {
    let corner = Corner::new();
    let run = corner.finished("run", 6);
    assert_says(&fail(&mut corner.begin("run", 6)), &["run exists already", "--resume"]);
    fs::create_dir(corner.path("other")).unwrap();
    assert_says(&fail(&mut corner.begin("other", 6)), &["other exists already"]);
    assert_says(&fail(&mut corner.resume("other", &[])), &["other is not a run", "config.json"]);
    assert_says(&fail(&mut corner.resume("absent", &[])), &["there is no run at absent"]);
    assert!(!corner.path("absent").exists());

    let before = fs::read(run.join("last.ckpt")).unwrap();
    for more in [&[][..], &["--max-steps", "6"], &["--max-steps", "4"], &["--threads", "1"]] {
        let output = succeed(&mut corner.resume("run", more));
        assert_says(&String::from_utf8_lossy(&output.stdout), &["run had already finished"]);
    }
    assert_eq!(fs::read(run.join("last.ckpt")).unwrap(), before);
    succeed(&mut corner.resume("run", &["--max-steps", "8", "--threads", "1"]));
    assert_eq!(checkpoint(&run, CheckpointKind::Last).progress.step, 8);
}

#[test]
fn an_option_that_contradicts_is_named() {
    let corner = Corner::new();
    let run = corner.finished("run", 4);
    let before = checkpoint(&run, CheckpointKind::Last);
    for (flag, value, stored) in [
        ("--preset", "tf-nmt", "phrasebook"),
        ("--data", "phrasebook", "train.tsv"),
        ("--valid", "none", "valid.tsv"),
        ("--columns", "2,1", "columns = (not given)"),
        ("--seed", "4", "begun with seed = 3"),
        ("--set", "hidden=17", "hidden = 16"),
        ("--set", "optimizer=sgd", "optimizer = adam"),
        ("--set", "batch=8", "batch = 16: the place within the epoch"),
    ] {
        let said = fail(&mut corner.resume("run", &["--max-steps", "9", flag, value]));
        let (option, value) = match flag {
            "--set" => value.split_once('=').unwrap(),
            flag => (&flag[2..], value),
        };
        assert_says(&said, &[&format!("{option} = {value} contradicts"), stored]);
    }
    assert_says(
        &fail(&mut corner.resume("run", &["--set", "hiden=3"])),
        &["did you mean 'hidden'"],
    );
    assert!(checkpoint(&run, CheckpointKind::Last) == before);
    // Repeating what was said at the start is no contradiction.
    let agreeing = ["--seed", "3", "--data", "train.tsv", "--set", "hidden=16", "--max-steps", "9"];
    succeed(&mut corner.resume("run", &agreeing));
    assert_eq!(checkpoint(&run, CheckpointKind::Last).progress.step, 9);
}

#[test]
fn damaged_and_foreign_files_are_errors_that_say_so() {
    let corner = Corner::new();
    let run = corner.finished("run", 4);
    let path = run.join("last.ckpt");
    let good = fs::read(&path).unwrap();
    let n = good.len();
    let flipped = |at: usize, bit: u8| {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << bit;
        bytes
    };
    let mut cases: Vec<(String, Vec<u8>, &str)> = vec![
        ("a foreign file".into(), b"weights = 3\n".repeat(40), "is not a file of this program"),
        ("an empty file".into(), Vec::new(), "is cut off"),
        ("a longer file".into(), [&good[..], b"x"].concat(), "is damaged"),
        ("a newer format".into(), flipped(9, 0), "format version"),
        ("a broken mark".into(), flipped(0, 7), "is not a file of this program"),
        ("a broken sum".into(), flipped(21, 3), "is damaged"),
        (
            "another kind of file".into(),
            fs::read(run.join("vocabularies.bin")).unwrap(),
            "holds vocabularies, where a checkpoint is needed",
        ),
    ];
    for length in [7, 8, 23, 24, 25, n / 3, n - 1] {
        cases.push((format!("{length} bytes"), good[..length].to_vec(), "is cut off"));
    }
    for (i, at) in [24, 25, 40, n / 4, n / 2, n - 1].into_iter().enumerate() {
        cases.push((format!("byte {at} of {n}"), flipped(at, i as u8), "is damaged"));
    }
    let resume = || corner.resume("run", &["--max-steps", "9"]);
    let score = || corner.program(&["score", "--run", "run", "--data", "valid.tsv"]);
    for (what, bytes, words) in &cases {
        fs::write(&path, bytes).unwrap();
        let said = fail(&mut resume());
        assert_says(&said, &["last.ckpt", words]);
        assert_eq!(&fs::read(&path).unwrap(), bytes, "{what}: the file was touched");
        // Where nothing was validated, the last checkpoint is the model.
        fs::rename(run.join("best.ckpt"), run.join("aside")).unwrap();
        assert_says(&fail(&mut score()), &["last.ckpt", words]);
        fs::rename(run.join("aside"), run.join("best.ckpt")).unwrap();
    }
    fs::remove_file(&path).unwrap();
    assert_says(&fail(&mut resume()), &["last.ckpt does not exist"]);
    fs::write(&path, &good).unwrap();

    let log = run.join("events.jsonl");
    let lines = fs::read(&log).unwrap();
    let saved = usize::try_from(checkpoint(&run, CheckpointKind::Last).events_len).unwrap();
    for (name, content, words) in [
        ("config.json", "{", "config.json: EOF"),
        ("config.json", "no json", "config.json: expected"),
        ("vocabularies.bin", "the\nred\ncar\n", "is not a file of this program"),
        ("best.ckpt", "", "is cut off"),
    ] {
        let path = run.join(name);
        let good = fs::read(&path).unwrap();
        fs::write(&path, content).unwrap();
        // The best model is not what a run goes on from.
        let mut command = if name == "best.ckpt" { score() } else { resume() };
        assert_says(&fail(&mut command), &[name, words]);
        fs::write(&path, &good).unwrap();
    }
    // A log that was cut is put aside as it is, and a new one begun.
    fs::write(&log, &lines[..saved - 1]).unwrap();
    succeed(&mut resume());
    assert_eq!(checkpoint(&run, CheckpointKind::Last).progress.step, 9);
    assert_eq!(fs::read(run.join("events.jsonl.1")).unwrap(), &lines[..saved - 1]);
}
