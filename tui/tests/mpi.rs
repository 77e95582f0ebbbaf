//! The program under `mpirun`: what the ranks do together, and how they end together.
//!
//! `KILLS=20 cargo test -p tui --features mpi --test mpi` kills more often than the default of 3.
#![cfg(unix)]
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use common::{Moments, said, small};
use rustix::process::{Pid, Signal, kill_process};
use seq2seq::event::{CheckpointKind, EndReason};
use seq2seq::{Checkpoint, Event, EventReader, RunDir};

/// `mpirun`, for one test at a time: more ranks than processors wait for each other.
struct Mpirun {
    folder: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Mpirun {
    /// Returns `None`, and says so, where there is no `mpirun`.
    fn find(test: &str) -> Option<Self> {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let found = Command::new("mpirun").arg("--version").output();
        if found.is_err() {
            // To the stream itself: what a test prints is seen only where it fails.
            let _ = writeln!(std::io::stderr(), "SKIPPED: {test}: there is no mpirun");
            return None;
        }
        Some(Self { folder: tempfile::tempdir().unwrap(), _turn: turn })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The program on so many ranks. The variables are for Open MPI: more ranks than processors, none
    /// bound to one, as any user.
    fn command(&self, ranks: usize, arguments: &[&str]) -> Command {
        let mut command = Command::new("mpirun");
        command.current_dir(self.path()).args(["-n", &ranks.to_string()]);
        command.arg(env!("CARGO_BIN_EXE_tui")).args(arguments);
        command.envs([
            ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
            ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
            ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
            ("OMPI_MCA_hwloc_base_binding_policy", "none"),
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, ranks: usize, arguments: &[&str]) -> Output {
        self.command(ranks, arguments).output().unwrap()
    }

    /// What the program prints on stdout; it must succeed.
    #[track_caller]
    fn said(&self, ranks: usize, arguments: &[&str]) -> String {
        let output = self.run(ranks, arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn checkpoint(&self, run: &str) -> Checkpoint {
        let dir = RunDir::open(&self.path().join(run)).unwrap();
        let mut checkpoint = dir.checkpoint(CheckpointKind::Last).unwrap();
        checkpoint.progress.seconds = 0.0;
        checkpoint.events_len = 0;
        checkpoint.identity = None;
        checkpoint
    }

    fn events(&self, run: &str) -> Vec<Event> {
        EventReader::open(&self.path().join(run)).unwrap().poll().unwrap()
    }

    /// Arguments of a run of so many steps that saves often.
    fn begin<'a>(&self, run: &'a str, steps: &'a str) -> Vec<&'a str> {
        let mut arguments = vec!["train", "--headless", "--run-dir", run, "--max-steps", steps];
        arguments.extend(small(&["--set", "dropout=0.2", "--set", "batch=16"]));
        for set in [
            "epochs=100000",
            "checkpoint_seconds=0.05",
            "sample_every_seconds=0.1",
            "validate_every_epochs=3",
        ] {
            arguments.extend(["--set", set]);
        }
        arguments
    }
}

fn lines(text: &str, begin: &str) -> usize {
    text.lines().filter(|line| line.starts_with(begin)).count()
}

#[test]
fn ranks_share_training_and_inference_and_print_once() {
    let Some(mpirun) = Mpirun::find("ranks_share_training_and_inference_and_print_once") else {
        return;
    };
    let devices = mpirun.said(3, &["devices"]);
    for rank in 0..3 {
        assert_eq!(lines(&devices, &format!("rank {rank} of 3, on ")), 1, "{devices}");
    }
    assert_eq!(lines(&devices, "  cpu"), 3, "{devices}");
    assert_eq!(lines(&mpirun.said(2, &["presets"]), "  luong-2015 "), 1);

    let arguments =
        [&["train", "--headless", "--run-dir", "r", "--max-steps", "60"], &small(&[])[..]];
    let text = mpirun.said(3, &arguments.concat());
    assert_eq!((lines(&text, "start |"), lines(&text, "rank 2 | ")), (1, 1), "{text}");
    let reports = mpirun.events("r").into_iter().filter_map(|event| match event {
        Event::Start(start) => Some(start.ranks.len()),
        Event::End(end) => Some(end.step as usize),
        _ => None,
    });
    assert_eq!(reports.collect::<Vec<_>>(), [3, 60]);

    // The same outputs, scores and order as of one process.
    let data = "copy:3";
    for command in [
        vec!["evaluate", "--run", "r", "--data", data, "--json", "--beam", "3"],
        vec!["evaluate", "--run", "r", "--json"],
        vec!["score", "--run", "r", "--data", data],
        vec!["align", "--run", "r", "--data", data],
    ] {
        let alone = said(mpirun.path(), &command, "").0;
        let shared = mpirun.said(3, &command);
        assert!(alone.lines().count() > 0 && alone == shared, "{command:?}:\n{alone}\n{shared}");
    }
    let source = "a b c\nb\n\nc a\nzebra\n".repeat(40);
    fs::write(mpirun.path().join("source"), &source).unwrap();
    for more in [&[][..], &["--json", "--beam", "4", "--n-best", "2"], &["--samples", "3"]] {
        let command = [&["translate", "--run", "r"], more].concat();
        let alone = said(mpirun.path(), &command, &source).0;
        let stdin = fs::File::open(mpirun.path().join("source")).unwrap();
        let output = mpirun.command(2, &command).stdin(stdin).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), alone, "{command:?}");
    }
}

#[test]
fn ranks_compare_models() {
    let Some(mpirun) = Mpirun::find("ranks_compare_models") else { return };
    let command = ["compare", "--only", "none,dot,gru", "--max-steps", "3", "--threads", "1"];
    let text = mpirun.said(2, &command);
    assert_eq!(lines(&text, "written to "), 1, "{text}");
    assert!(text.contains("5/5") && !text.contains("6/"), "{text}");
    let table = fs::read_to_string(mpirun.path().join("runs/compare/compare.json")).unwrap();
    let table: serde_json::Value = serde_json::from_str(&table).unwrap();
    assert_eq!(table["comparison"]["cells"].as_array().unwrap().len(), 1);
}

#[test]
fn an_error_is_printed_once_and_ends_all() {
    let Some(mpirun) = Mpirun::find("an_error_is_printed_once_and_ends_all") else { return };
    let refused = |ranks: usize, arguments: &[&str], words: &str| {
        let begun = Instant::now();
        let output = mpirun.run(ranks, arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{arguments:?}");
        assert_eq!(error.matches(words).count(), 1, "{arguments:?}: {error}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{arguments:?}: {:?}", begun.elapsed());
    };
    mpirun.said(2, &mpirun.begin("r", "5"));
    refused(3, &mpirun.begin("r", "5"), "r exists already");
    refused(2, &["train", "--no-such-flag"], "unexpected argument '--no-such-flag'");
    refused(2, &["train", "--headless", "--data", "nowhere.tsv"], "nowhere.tsv");
    refused(2, &["evaluate", "--run", "absent"], "absent");
    // While another mpirun trains there.
    let mut other = mpirun.command(2, &mpirun.begin("live", "1000000")).spawn().unwrap();
    wait_for_a_checkpoint(&mpirun, "live", 1);
    refused(2, &["train", "--headless", "--resume", "--run-dir", "live"], "is in use by");
    stop(&mut other, Signal::TERM);
}

/// Each rank reads the corpus in its own folder.
#[test]
fn a_rank_with_another_corpus_ends_all() {
    let Some(mpirun) = Mpirun::find("a_rank_with_another_corpus_ends_all") else { return };
    let folder = |name: &str, word: &str| {
        let folder = mpirun.path().join(name);
        fs::create_dir(&folder).unwrap();
        let line = |i: usize| format!("{word} {i}\t{i} {word}\n");
        fs::write(folder.join("data.tsv"), (0..90).map(line).collect::<String>()).unwrap();
        folder
    };
    let folders = [folder("a", "one"), folder("b", "two")];
    let program = env!("CARGO_BIN_EXE_tui");
    let data = "/proc/self/cwd/data.tsv";
    let arguments = ["train", "--headless", "--run-dir", "r", "--data", data, "--threads", "1"];
    let mut command = mpirun.command(1, &[]);
    command = {
        let mut again = Command::new("mpirun");
        again.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
        again.current_dir(mpirun.path());
        again
    };
    for (i, folder) in folders.iter().enumerate() {
        if i > 0 {
            command.arg(":");
        }
        command.args(["-n", "1", "-wdir"]).arg(folder).arg(program).args(arguments);
    }
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{error}");
    assert!(error.contains("error: rank 1: ") && error.contains("data.tsv"), "{error}");
}

fn wait_for_a_checkpoint(mpirun: &Mpirun, run: &str, step: u64) -> u64 {
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < Duration::from_secs(60), "no checkpoint of {run}");
        let dir = RunDir::open(&mpirun.path().join(run));
        let last = dir.and_then(|dir| dir.checkpoint(CheckpointKind::Last));
        match last.map(|checkpoint| checkpoint.progress.step) {
            Ok(found) if found >= step => return found,
            _ => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Sends a signal to `mpirun`, and waits for its end.
fn stop(mpirun: &mut Child, signal: Signal) -> Option<i32> {
    kill_process(Pid::from_child(mpirun), signal).unwrap();
    ended(mpirun, "mpirun")
}

fn ended(child: &mut Child, what: &str) -> Option<i32> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{what} does not end");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The processes that train `run`, by their command lines.
fn processes(run: &str) -> Vec<Pid> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(number) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|&byte| byte == 0).collect();
        let is_program = words.first().is_some_and(|name| name.ends_with(b"/tui"));
        if is_program && words.contains(&run.as_bytes()) {
            found.extend(Pid::from_raw(number));
        }
    }
    found.sort_by_key(|pid| pid.as_raw_nonzero());
    found
}

#[test]
fn signals_at_mpirun_save_and_stop() {
    let Some(mpirun) = Mpirun::find("signals_at_mpirun_save_and_stop") else { return };
    for (run, signal) in [("signal-int", Signal::INT), ("signal-term", Signal::TERM)] {
        let mut arguments = mpirun.begin(run, "1000000");
        // Only the end saves.
        arguments.extend(["--set", "checkpoint_seconds=1000"]);
        let mut child = mpirun.command(3, &arguments).spawn().unwrap();
        let begun = Instant::now();
        let steps = || {
            let steps = |event: &Event| matches!(event, Event::Step(_));
            let dir = mpirun.path().join(run);
            EventReader::open(&dir)
                .and_then(|mut r| r.poll())
                .is_ok_and(|all| all.iter().any(steps))
        };
        while !steps() {
            assert!(begun.elapsed() < Duration::from_secs(60), "{run} does not begin");
            thread::sleep(Duration::from_millis(50));
        }
        assert_ne!(stop(&mut child, signal), Some(0));
        let Some(Event::End(end)) = mpirun.events(run).pop() else { panic!("{run} has no end") };
        assert_eq!(end.reason, EndReason::Stopped);
        assert!(end.step > 0);
        assert_eq!(mpirun.checkpoint(run).progress.step, end.step);
        assert_eq!(processes(run), [], "{run}");
    }
}

#[test]
fn a_killed_rank_ends_all_and_the_resumed_run_has_the_bits_of_one_that_never_stopped() {
    let test = "a_killed_rank_ends_all_and_the_resumed_run_has_the_bits_of_one_that_never_stopped";
    let Some(mpirun) = Mpirun::find(test) else { return };
    let kills: u64 = env::var("KILLS").map_or(3, |text| text.parse().unwrap());
    let steps = (400 * kills).to_string();
    let begun = Instant::now();
    mpirun.said(3, &mpirun.begin("straight", &steps));
    let whole = begun.elapsed();
    let mut arguments = mpirun.begin("killed", &steps);
    let mut killed = 0;
    let mut moments = Moments(7);
    while killed < kills {
        let mut child = mpirun.command(3, &arguments).spawn().unwrap();
        thread::sleep(whole.mul_f64(moments.draw() / kills as f64 + 0.02));
        let ranks = processes("killed");
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            break;
        }
        if !ranks.is_empty() {
            let victim = ranks[(moments.draw() * ranks.len() as f64) as usize];
            if kill_process(victim, Signal::KILL).is_ok() {
                killed += 1;
            }
        }
        ended(&mut child, "mpirun after a kill");
        assert_eq!(processes("killed"), [], "after kill {killed}");
        if mpirun.path().join("killed").exists() {
            arguments = vec!["train", "--headless", "--resume", "--run-dir", "killed"];
        }
    }
    let _ = writeln!(std::io::stderr(), "{killed} of {kills} kills met the run");
    assert!(killed > 0);
    mpirun.said(3, &arguments);
    let (got, want) = (mpirun.checkpoint("killed"), mpirun.checkpoint("straight"));
    assert_eq!(got.progress.step.to_string(), steps);
    assert!(got == want, "other bits than those of a run that never stopped");
    let count = |run: &str| {
        mpirun.events(run).iter().filter(|event| matches!(event, Event::Step(_))).count()
    };
    assert_eq!(count("killed"), count("straight"));
}
