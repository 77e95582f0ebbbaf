//! The program on an OpenCL device.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use seq2seq::{Event, EventReader};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tui"))
        .current_dir(folder)
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

#[track_caller]
fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_device_trains_and_is_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let devices = succeed(folder, &["devices"]);
    if !devices.contains("opencl:") {
        skip("a_device_trains_and_is_evaluated");
        return;
    }
    assert!(devices.contains("compute unit") && devices.contains("GiB of memory"), "{devices}");
    let begin =
        ["train", "--headless", "--run-dir", "r", "--max-steps", "12", "--set", "hidden=16"];
    let said = succeed(folder, &[&begin[..], &["--device", "opencl"]].concat());
    assert!(said.contains("opencl:"), "{said}");
    let evaluate = |device| {
        let line = ["evaluate", "--run", "r", "--data", "phrasebook:test", "--json", "--device"];
        succeed(folder, &[&line[..], &[device]].concat())
    };
    let loss = |text: String| {
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        json["loss"].as_f64().unwrap()
    };
    let (cpu, opencl) = (loss(evaluate("cpu")), loss(evaluate("opencl")));
    assert!((cpu - opencl).abs() < 1e-4 * cpu, "{cpu} {opencl}");
    let on = ["train", "--headless", "--run-dir", "r", "--resume", "--max-steps", "20"];
    succeed(folder, &[&on[..], &["--device", "cpu"]].concat());
    let absent = run(folder, &["--headless", "--run-dir", "n", "--device", "opencl:77.0"]);
    let error = String::from_utf8_lossy(&absent.stderr);
    assert_eq!(absent.status.code(), Some(1), "{error}");
    assert!(error.contains("opencl:77.0") && error.contains("there are: opencl:0.0"), "{error}");
    assert!(!folder.join("n").exists());
}

/// To the stream itself: what a test prints is seen only where it fails.
fn skip(test: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {test}: there is no OpenCL device");
}

/// A folder for runs, where there is a device.
fn with_a_device(test: &str) -> Option<tempfile::TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let is_present = succeed(folder.path(), &["devices"]).contains("opencl:");
    if !is_present {
        skip(test);
    }
    is_present.then_some(folder)
}

#[test]
fn a_device_that_only_counts_computes_nothing_that_is_meant() {
    let Some(folder) = with_a_device("a_device_that_only_counts_computes_nothing_that_is_meant")
    else {
        return;
    };
    let folder = folder.path();
    let small = ["--headless", "--max-steps", "2", "--set", "hidden=8"];
    succeed(folder, &[&small[..], &["--run-dir", "r"]].concat());
    let text = ["--preset", "makemore-gru", "--run-dir", "t", "--data", "t.txt"];
    std::fs::write(folder.join("t.txt"), "anna\nbob\n".repeat(30)).unwrap();
    succeed(folder, &[&small[..], &text].concat());
    for arguments in [
        &["--headless", "--max-steps", "2", "--run-dir", "new"][..],
        &["--headless", "--resume", "--run-dir", "r", "--max-steps", "4"],
        &["translate", "--run", "r"],
        &["evaluate", "--run", "r", "--data", "phrasebook:test"],
        &["score", "--run", "r", "--data", "phrasebook:test"],
        &["sample", "--run", "t"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_tui"))
            .current_dir(folder)
            .args([arguments, &["--device", "opencl"]].concat())
            .env("NO_COLOR", "1")
            .env("TENSOR_OPENCL_PATH", "counted")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {error}");
        assert!(error.contains("computes nothing; only a benchmark may run on it"), "{error}");
        assert!(output.stdout.is_empty() || arguments.contains(&"--headless"), "{arguments:?}");
    }
    assert!(!folder.join("new").exists());
}

/// Begins a run `r` on a device that fails like this; what it says.
#[track_caller]
fn fails(folder: &Path, fault: &str, more: &[&str]) -> String {
    let begin = ["train", "--headless", "--run-dir", "r", "--device", "opencl"];
    let small = ["--set", "hidden=16", "--set", "checkpoint_seconds=0.2"];
    let output = Command::new(env!("CARGO_BIN_EXE_tui"))
        .current_dir(folder)
        .args([&begin[..], &small, more].concat())
        .env("NO_COLOR", "1")
        .env("TENSOR_OPENCL_FAULT", fault)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(!error.contains("panicked") && !error.contains("backtrace"), "{error}");
    error
}

/// Goes on with the run on the processor up to step `last`: the log must have each step once.
#[track_caller]
fn goes_on(folder: &Path, last: u64) {
    let steps = last.to_string();
    let on = ["train", "--headless", "--run-dir", "r", "--resume", "--device", "cpu"];
    succeed(folder, &[&on[..], &["--max-steps", &steps]].concat());
    let events = EventReader::open(&folder.join("r")).unwrap().poll().unwrap();
    let step =
        |event| if let Event::Step(step) = event { Some((step.step, step.loss)) } else { None };
    let (steps, losses): (Vec<u64>, Vec<f64>) = events.into_iter().filter_map(step).unzip();
    assert_eq!(steps, (1..=last).collect::<Vec<_>>(), "nothing twice, nothing left out");
    assert!(losses.iter().all(|&loss| loss != 0.0), "a lost device's zeros are no loss");
}

#[test]
fn a_device_that_is_lost_leaves_the_last_checkpoint_good() {
    let Some(folder) = with_a_device("a_device_that_is_lost_leaves_the_last_checkpoint_good")
    else {
        return;
    };
    // Before there is anything to save, there is no run.
    let error = fails(folder.path(), "lost:2", &[]);
    assert!(error.contains("CL_DEVICE_NOT_AVAILABLE"), "{error}");
    assert!(!folder.path().join("r").exists());
    let error = fails(folder.path(), "lost:4000", &["--max-steps", "3000"]);
    assert!(error.contains("CL_DEVICE_NOT_AVAILABLE"), "{error}");
    goes_on(folder.path(), 60);
    // A model of a device that is lost says nothing rather than something.
    let translate = ["translate", "--run", "r", "--device", "opencl"];
    for lost in ["lost:3", "lost:40"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tui"))
            .current_dir(folder.path())
            .args(translate)
            .env("TENSOR_OPENCL_FAULT", lost)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(b"the cat sleeps .\n").unwrap();
        let output = child.wait_with_output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{lost}: {error}");
        assert!(error.contains("CL_DEVICE_NOT_AVAILABLE"), "{error}");
    }
}

#[test]
fn memory_that_is_used_up_is_an_error_that_names_the_size_and_saves_the_run() {
    let name = "memory_that_is_used_up_is_an_error_that_names_the_size_and_saves_the_run";
    let Some(folder) = with_a_device(name) else { return };
    let error = fails(folder.path(), "memory:6", &["--set", "batch=512"]);
    for part in ["memory is used up", "MiB", "of 6.0 MiB are taken", "was saved at step"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    goes_on(folder.path(), 3);
}

#[test]
fn a_kernel_that_does_not_build_is_reported_with_the_compilers_log() {
    let name = "a_kernel_that_does_not_build_is_reported_with_the_compilers_log";
    let Some(folder) = with_a_device(name) else { return };
    let error = fails(folder.path(), "build:attend", &[]);
    for part in ["program of attend", "TENSOR_OPENCL_FAULT asks for it"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    goes_on(folder.path(), 3);
    std::fs::remove_dir_all(folder.path().join("r")).unwrap();
    let error = fails(folder.path(), "fire:1", &[]);
    assert!(error.contains("expected lost:COMMANDS, memory:MIB or build:KERNEL"), "{error}");
    assert!(!folder.path().join("r").exists());
}
