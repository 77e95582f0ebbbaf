//! `tui export` of plots, tables and TensorBoard events, and `--log tensorboard`, run by the program.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{command, refused, said, says, tui};

/// Trains a translator with attention, flow and samples.
fn train(folder: &Path, run: &str, more: &[&str]) -> String {
    let arguments = [
        "--data",
        "phrasebook:test",
        "--valid",
        "reverse.tsv",
        "--headless",
        "--threads",
        "1",
        "--run-dir",
        run,
        "--set",
        "hidden=8",
        "--set",
        "embedding=8",
        "--set",
        "sample_every_seconds=0.001",
        "--set",
        "flow_every=10",
        "--set",
        "validate_every_epochs=0.5",
    ];
    let pairs = "the cat sleeps\tle chat dort\nshe is tired & old\telle est fatiguée\n";
    fs::write(folder.join("reverse.tsv"), pairs).unwrap();
    said(folder, &[&arguments[..], more].concat(), "").0
}

/// The names of the files in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The texts of an SVG file, which must be well-formed.
fn texts(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let document = roxmltree::Document::parse(&text).unwrap();
    let found = document.descendants().filter(|node| node.has_tag_name("text"));
    found.map(|node| node.text().unwrap_or("").to_owned()).collect()
}

/// The steps whose samples a log has.
fn saved(run: &Path) -> Vec<u64> {
    let log = fs::read_to_string(run.join("events.jsonl")).unwrap();
    let events = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let samples = events.filter(|event| event["event"] == "samples");
    samples.map(|event| event["step"].as_u64().unwrap()).collect()
}

#[test]
fn plots_are_written_as_svg_and_png() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train(folder, "run", &["--max-steps", "40"]);
    let (out, err) = said(folder, &["export", "run", "--plots", "figs"], "");
    assert!(out.starts_with("figs: ") && out.contains("each as SVG and PNG"), "{out}");
    assert!(err.contains("translating 2 pairs held out"), "{err}");
    let found = names(&folder.join("figs"));
    for name in ["loss", "gradient_norm", "gradient_norm_of_modules", "scores_by_length", "bleu"] {
        for ending in ["svg", "png"] {
            assert!(found.contains(&format!("{name}.{ending}")), "{name}: {found:?}");
        }
    }
    let of = |start: &str| -> Vec<&String> {
        let is_one = |name: &&String| name.starts_with(start) && name.ends_with(".svg");
        found.iter().filter(is_one).collect()
    };
    let (flow, maps) = (of("gradient_flow_step_"), of("attention_"));
    assert_eq!((flow.len(), maps.len()), (1, 2), "{found:?}");

    let loss = texts(&folder.join("figs/loss.svg"));
    for wanted in ["loss (nats per target token)", "optimizer step", "held out", "40"] {
        assert!(loss.iter().any(|text| text == wanted), "{wanted}: {loss:?}");
    }
    let flow = texts(&folder.join("figs").join(flow[0]));
    assert!(flow.contains(&"decoder.rnn.l0".to_owned()), "{flow:?}");
    let scores = texts(&folder.join("figs/scores_by_length.svg"));
    assert!(scores.contains(&"n = 2".to_owned()), "{scores:?}");
    let map = texts(&folder.join("figs").join(maps[0]));
    assert!(map.contains(&"she".to_owned()) && map.contains(&"tired".to_owned()), "{map:?}");
    // A PNG of twice the size of the SVG, with something on it.
    let file = fs::File::open(folder.join("figs/loss.png")).unwrap();
    let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (1280, 800));
    assert!(pixels.iter().any(|pixel| *pixel != pixels[0]));

    let error = refused(folder, &["export", "run", "--plots", "figs"]);
    assert!(error.contains("loss.svg exists already; --overwrite replaces it"), "{error}");
    let again = ["export", "run", "--plots", "figs", "--overwrite", "--no-scores"];
    let (_, err) = said(folder, &again, "");
    assert!(err.contains("left out: scores_by_length: --no-scores"), "{err}");
    assert_eq!(names(&folder.join("figs")), found);
}

#[test]
fn the_maps_are_those_of_any_saved_step() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train(folder, "run", &["--max-steps", "30"]);
    let steps = saved(&folder.join("run"));
    assert!(steps.len() >= 2, "{steps:?}");
    let step = steps[0].to_string();
    let arguments = ["export", "run", "--plots", "figs", "--no-scores", "--step", &step];
    said(folder, &arguments, "");
    let found = names(&folder.join("figs"));
    assert!(found.contains(&format!("attention_1_step_{step}.svg")), "{found:?}");
    let all: Vec<String> = steps.iter().map(u64::to_string).collect();
    let error = refused(folder, &["export", "run", "--plots", "x", "--step", "99999"]);
    assert!(error.contains("the samples of step 99999 are not saved; saved are "), "{error}");
    assert!(error.contains(&all[0]) && error.contains(&all[all.len() - 1]), "{error}");
    assert!(!folder.join("x").exists());
}

#[test]
fn a_run_without_steps_samples_or_attention_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train(folder, "run", &["--max-steps", "2", "--set", "attention=none"]);
    let (_, err) = said(folder, &["export", "run", "--plots", "figs", "--no-scores"], "");
    assert!(err.contains("left out: attention: the model has no attention"), "{err}");
    // As after a kill before the first step: the log ends with the start.
    let log = fs::read_to_string(folder.join("run/events.jsonl")).unwrap();
    let first = log.lines().next().unwrap();
    fs::write(folder.join("run/events.jsonl"), format!("{first}\n")).unwrap();
    for flag in ["--plots", "--tensorboard"] {
        let error = refused(folder, &["export", "run", flag, "new"]);
        assert!(error.contains("no step has been trained yet"), "{error}");
    }
    let (out, err) = said(folder, &["export", "run", "--csv", "-"], "");
    assert_eq!(out.lines().count(), 1, "{out}");
    assert!(err.contains("no step has been trained yet"), "{err}");
    // One step, and no samples yet.
    let step = log.lines().find(|line| line.starts_with("{\"step\":")).unwrap();
    fs::write(folder.join("run/events.jsonl"), format!("{first}\n{step}\n")).unwrap();
    let (_, err) = said(folder, &["export", "run", "--plots", "one", "--no-scores"], "");
    assert!(err.contains("left out: attention: no samples are saved yet"), "{err}");
    let error = refused(folder, &["export", "run", "--plots", "two", "--step", "1"]);
    assert!(error.contains("none are saved yet"), "{error}");
}

#[test]
fn tables_have_a_row_for_each_step() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train(folder, "run", &["--max-steps", "40"]);
    let (csv, _) = said(folder, &["export", "run", "--csv", "-"], "");
    let (written, _) =
        said(folder, &["export", "run", "--csv", "run.csv", "--jsonl", "run.jsonl"], "");
    assert_eq!(written, "run.csv: 40 rows\nrun.jsonl: 40 rows\n");
    assert_eq!(fs::read_to_string(folder.join("run.csv")).unwrap(), csv);
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    let column = |name: &str| rows[0].iter().position(|found| *found == name).unwrap();
    let lines = fs::read_to_string(folder.join("run.jsonl")).unwrap();
    let mut validated = 0;
    for (line, row) in lines.lines().zip(&rows[1..]) {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(object["step"].to_string(), row[column("step")]);
        assert_eq!(object["loss"].as_f64().unwrap(), row[column("loss")].parse::<f64>().unwrap());
        assert_eq!(object["valid_loss"].is_null(), row[column("valid_loss")].is_empty());
        validated += usize::from(!object["valid_loss"].is_null());
    }
    assert!(validated >= 1);
    for flag in ["--csv", "--jsonl"] {
        let file = format!("run.{}", &flag[2..]);
        let error = refused(folder, &["export", "run", flag, &file]);
        assert!(error.contains("exists already; --overwrite replaces it"), "{error}");
        said(folder, &["export", "run", flag, &file, "--overwrite"], "");
        let error = refused(folder, &["export", "run", flag, "no/such/file"]);
        assert!(error.contains(flag) && error.contains("there is no folder no/such"), "{error}");
        let error = refused(folder, &["export", "run", flag, "run", "--overwrite"]);
        assert!(error.contains("it is a folder; give a file"), "{error}");
    }
    assert!(names(folder).iter().all(|name| !name.starts_with('.')), "{:?}", names(folder));
}

#[test]
fn flags_that_do_not_belong_together_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (arguments, words) in [
        (&["export", "run"][..], &["--out", "--plots", "--csv", "--jsonl", "--tensorboard"][..]),
        (&["export", "run", "--csv", "f", "--step", "3"], &["--plots"]),
        (&["export", "run", "--plots", "d", "--last"], &["--out"]),
        (&["export", "run", "--out", "d", "--overwrite"], &["--overwrite"]),
        (&["export", "run", "--csv", "f"], &["run"]),
        (&["--log", "csv", "--headless"], &["tensorboard"]),
    ] {
        let error = refused(folder, arguments);
        for words in words {
            assert!(error.contains(words), "{arguments:?}: {error}");
        }
    }
    assert!(names(folder).is_empty());
}

/// Reads event files with TensorBoard's own reader: tags by kind, and the steps of the losses.
const READER: &str = "
import json, sys
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
found = EventAccumulator(sys.argv[1], size_guidance={'tensors': 0})
found.Reload()
kinds = {kind: sorted(found.PluginTagToContent(kind)) for kind in
         ('scalars', 'histograms', 'images', 'text')}
kinds['steps'] = [event.step for event in found.Tensors('loss/train')]
print(json.dumps(kinds))
";

/// What TensorBoard reads, if Python with it is there: `PYTHON`, or `python3`.
fn read(folder: &Path) -> Option<serde_json::Value> {
    let python = PathBuf::from(std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into()));
    let found = Command::new(&python).args(["-c", "import tensorboard"]).output();
    if !found.is_ok_and(|found| found.status.success()) {
        eprintln!("SKIPPED: {} has no tensorboard to read {folder:?}", python.display());
        return None;
    }
    let output = Command::new(&python).args(["-c", READER]).arg(folder).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn tensorboard_opens_an_export() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train(folder, "run", &["--max-steps", "40"]);
    let (out, _) = said(folder, &["export", "run", "--tensorboard", "tb"], "");
    assert!(out.contains("of 40 steps") && out.contains("tensorboard --logdir tb"), "{out}");
    let error = refused(folder, &["export", "run", "--tensorboard", "tb"]);
    assert!(error.contains("exists already; --overwrite replaces it"), "{error}");
    said(folder, &["export", "run", "--tensorboard", "tb", "--overwrite"], "");
    assert_eq!(names(&folder.join("tb")).len(), 1);
    fs::write(folder.join("file"), "").unwrap();
    let error = refused(folder, &["export", "run", "--tensorboard", "file"]);
    assert!(error.contains("it is a file; give a folder"), "{error}");
    let Some(found) = read(&folder.join("tb")) else { return };
    let has = |kind: &str, tag: &str| {
        assert!(found[kind].as_array().unwrap().contains(&tag.into()), "{tag}: {found}");
    };
    has("scalars", "loss/train");
    has("scalars", "loss/held_out");
    has("scalars", "held_out/bleu");
    has("histograms", "log10_gradient_norm_of_parameters");
    has("histograms", "parameters/encoder.embedding.weight");
    has("images", "attention/1");
    has("text", "samples/1");
    has("text", "run");
    let steps: Vec<u64> = serde_json::from_value(found["steps"].clone()).unwrap();
    assert_eq!(steps, (1..=40).collect::<Vec<u64>>());
}

#[test]
fn a_run_logs_while_it_trains_and_a_resumed_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train(folder, "run", &["--max-steps", "20", "--log", "tensorboard"]);
    let logs = folder.join("run/tensorboard");
    assert_eq!(names(&logs).len(), 1);
    if let Some(found) = read(&logs) {
        let steps: Vec<u64> = serde_json::from_value(found["steps"].clone()).unwrap();
        assert_eq!(steps, (1..=20).collect::<Vec<u64>>());
    }
    // Without the flag, since the run has the folder.
    let resume = ["--resume", "--run-dir", "run", "--headless", "--threads", "1"];
    said(folder, &[&resume[..], &["--max-steps", "35"]].concat(), "");
    assert_eq!(names(&logs).len(), 2);
    if let Some(found) = read(&logs) {
        let steps: Vec<u64> = serde_json::from_value(found["steps"].clone()).unwrap();
        assert_eq!(steps, (1..=35).collect::<Vec<u64>>());
        assert!(found["text"].as_array().unwrap().contains(&"run".into()));
        let histograms = found["histograms"].as_array().unwrap();
        assert!(histograms.contains(&"parameters/encoder.embedding.weight".into()), "{found}");
    }
}

#[test]
fn a_log_that_cannot_be_written_is_reported_and_training_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train(folder, "run", &["--max-steps", "5"]);
    fs::write(folder.join("run/tensorboard"), "no folder").unwrap();
    let resume = ["--resume", "--run-dir", "run", "--headless", "--threads", "1"];
    let more = ["--max-steps", "10", "--log", "tensorboard"];
    let said = tui(folder, &[&resume[..], &more].concat());
    says(&said, 0, &["no more TensorBoard files are written", "tui export run --tensorboard DIR"]);
    let output = command(folder, &["export", "run", "--csv", "-"]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 11);
}
