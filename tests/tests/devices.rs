//! Whole training on an OpenCL device: every preset's first losses are those of the processor, and
//! a run moves from one device to the other.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use seq2seq::config::Tied;
use seq2seq::decode::{BeamOptions, SamplingOptions};
use seq2seq::event::EndReason;
use seq2seq::{
    EnsembleOptions, Event, EventReader, Preset, TrainOptions, Translator, link, presets, train,
};

/// Trains up to step `last` on a device; the losses of all steps so far.
fn losses(run: &Path, preset: &str, device: &str, last: u64, set: &[(&str, &str)]) -> Vec<f64> {
    let quiet = [
        ("metrics_every", "7"),
        ("flow_every", "9"),
        ("validate_every_epochs", "0"),
        ("sample_every_seconds", "0"),
        ("stop_patience", "0"),
    ];
    let small = [("embedding", "16"), ("hidden", "24"), ("batch", "32")];
    let all = quiet.iter().chain(&small).chain(set);
    let resume = run.exists();
    let owned = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
    let options = TrainOptions {
        preset: (!resume).then(|| preset.to_owned()),
        data: Preset::find(preset).unwrap().needs.map(|_| "phrasebook".to_owned()),
        valid: (!resume).then(|| "none".to_owned()),
        device: Some(device.to_owned()),
        threads: Some(1),
        max_steps: Some(last),
        run_dir: Some(run.to_owned()),
        set: if resume { Vec::new() } else { all.map(owned).collect() },
        resume,
        ..TrainOptions::default()
    };
    let (mut link, viewer) = link(4096);
    drop(viewer);
    let outcome =
        train(&options, &mut link).unwrap_or_else(|e| panic!("{preset} on {device}: {e}"));
    assert_eq!(outcome.end.reason, EndReason::Finished, "{preset} on {device}");
    let events = EventReader::open(run).unwrap().poll().unwrap();
    let loss = |event| if let Event::Step(step) = event { Some(step.loss) } else { None };
    events.into_iter().filter_map(loss).collect()
}

#[track_caller]
fn assert_alike(got: &[f64], want: &[f64], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() <= 1e-3 * want.abs(), "{what}: step {i}: {got} is not {want}");
    }
}

#[test]
fn the_first_losses_of_every_preset_are_those_of_the_processor() {
    if tensor::check::opencl().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for preset in presets() {
        let mut set = Vec::new();
        if !preset.config.target_prefixes.is_empty() {
            set.push(("target_prefixes", "[]"));
        }
        if preset.config.tied != Tied::None {
            // Tied weights want embeddings as wide as the output layer's inputs.
            set.push(("embedding", "24"));
        }
        let run = |device: &str| {
            let path = folder.path().join(format!("{}-{device}", preset.name));
            losses(&path, &preset.name, device, 20, &set)
        };
        let (want, got) = (run("cpu"), run("opencl"));
        assert_eq!(want.len(), 20, "{}", preset.name);
        assert_alike(&got, &want, &preset.name);
    }
}

#[test]
fn a_run_moves_from_one_device_to_the_other() {
    if tensor::check::opencl().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (preset, set) in
        [("phrasebook", &[("average_decay", "0.9"), ("dropout", "0.1")][..]), ("char-rnn", &[])]
    {
        let (still, moved) = (folder.path().join("still"), folder.path().join("moved"));
        let want = losses(&still, preset, "cpu", 30, set);
        losses(&moved, preset, "cpu", 10, set);
        losses(&moved, preset, "opencl", 20, set);
        let got = losses(&moved, preset, "cpu", 30, set);
        assert_alike(&got, &want, preset);
        if preset == "phrasebook" {
            let lines = ["the cat sleeps .".to_owned(), "i see a house .".to_owned()];
            let translate = |device| {
                let translator = Translator::open(&moved, device, Some(1)).unwrap();
                let evaluation = translator.evaluate("phrasebook:test", None).unwrap();
                let greedy = translator.translate(&lines).unwrap();
                let beam =
                    translator.with_options(BeamOptions { n_best: 3, ..BeamOptions::default() });
                let beam = beam.translate(&lines).unwrap();
                let sampling = SamplingOptions { samples: 3, ..SamplingOptions::default() };
                let both = [moved.clone(), still.clone()];
                let both =
                    Translator::open_ensemble(&both, &EnsembleOptions::default(), device, Some(1));
                let both = both.unwrap().with_alternatives(2);
                let alike = both.translate(&lines).unwrap();
                let samples = both.with_sampling(sampling).translate(&lines).unwrap();
                ([greedy, beam, alike, samples].concat(), evaluation.metrics.loss)
            };
            let (want, got) = (translate("cpu"), translate("opencl"));
            assert!((got.1 - want.1).abs() <= 1e-4 * want.1, "{} is not {}", got.1, want.1);
            for (got, want) in got.0.iter().zip(&want.0) {
                assert_eq!(got.target, want.target);
                assert!((got.logprob - want.logprob).abs() < 1e-3);
                assert_eq!(got.attention.len(), want.attention.len());
                assert_eq!(got.n_best.len(), want.n_best.len());
                for (got, want) in got.n_best.iter().zip(&want.n_best) {
                    assert_eq!(got.tokens, want.tokens);
                    assert!((got.score - want.score).abs() < 1e-3);
                }
            }
        }
        std::fs::remove_dir_all(still).unwrap();
        std::fs::remove_dir_all(moved).unwrap();
    }
}
