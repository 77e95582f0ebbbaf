//! The program on an OpenCL device.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Output};

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
        eprintln!("SKIPPED: a_device_trains_and_is_evaluated: {devices}");
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
        json["loss_per_token"].as_f64().unwrap()
    };
    let (here, there) = (loss(evaluate("cpu")), loss(evaluate("opencl")));
    assert!((here - there).abs() < 1e-4 * here, "{here} {there}");
    let on = ["train", "--headless", "--run-dir", "r", "--resume", "--max-steps", "20"];
    succeed(folder, &[&on[..], &["--device", "cpu"]].concat());
    let absent = run(folder, &["--headless", "--run-dir", "n", "--device", "opencl:77.0"]);
    let error = String::from_utf8_lossy(&absent.stderr);
    assert_eq!(absent.status.code(), Some(1), "{error}");
    assert!(error.contains("opencl:77.0"), "{error}");
    assert!(!folder.join("n").exists());
}
