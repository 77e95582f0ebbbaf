//! The fast path is the one that is taken, and every kernel path gives the same results.
//!
//! The path is chosen once a process, so this test starts itself anew for each.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::env;
use std::process::Command;

use seq2seq::Config;
use seq2seq::config::{AttentionKind, Cell, Readout, Wiring};
use seq2seq::data::Example;
use seq2seq::model::EncoderDecoder;
use seq2seq::train::{StepOptions, train_step};
use tensor::gemm::{self, Work};
use tensor::optim::Optimizer;
use tensor::simd::{self, Level};
use tensor::{Params, Threads};

/// Two of the bench's networks, small: attend then recur, and recur then attend.
fn configs() -> [Config; 2] {
    let base = Config {
        embedding: 19,
        hidden: 37,
        dropout: 0.1,
        optimizer: seq2seq::config::OptimizerKind::Sgd,
        bidirectional: true,
        ..Config::default()
    };
    let feeding = Config {
        cell: Cell::Lstm,
        layers: 2,
        attention: Some(AttentionKind::General),
        wiring: Wiring::RecurThenAttend,
        readout: Readout::TanhContext,
        input_feeding: true,
        ..base.clone()
    };
    [Config { cell: Cell::Gru, attention: Some(AttentionKind::Additive), ..base }, feeding]
}

const VOCABULARY: usize = 61;

/// Some steps on sentences of `time` words: the parameters afterwards, and the work of the last step.
fn train(config: &Config, time: usize) -> (Params, Work) {
    let threads = Threads::new(2);
    let mut params = Params::new();
    let network = EncoderDecoder::new(&mut params, config, VOCABULARY, VOCABULARY, 3).unwrap();
    let model = network;
    let mut optimizer = Optimizer::new(config.optimizer_config(), &params).unwrap();
    let ids = |i: usize, k: usize| (0..time).map(move |t| ((i * 17 + t * k) % VOCABULARY) as u32);
    let batch: Vec<Example> = (0..10)
        .map(|i| Example { source: ids(i, 5).collect(), target: ids(i, 3).collect() })
        .collect();
    let batch: Vec<&Example> = batch.iter().collect();
    let mut work = gemm::work();
    for step in 0..3 {
        let before = gemm::work();
        let options = StepOptions {
            seed: 2,
            step,
            learning_rate: 0.3,
            clip: Some(5.0),
            ratios: false,
            flow: false,
            profile: false,
        };
        train_step(&model, &mut params, &mut optimizer, &batch, &threads, &options).unwrap();
        let after = gemm::work();
        work = Work {
            flops: after.flops - before.flops,
            weight_gradients: after.weight_gradients - before.weight_gradients,
            packings: after.packings - before.packings,
        };
    }
    (params, work)
}

/// Matrices that products multiply, and the blocks of columns that meet different inputs: those of
/// the decoder's first layer meet the embeddings and what attention or feeding adds.
fn blocks(params: &Params) -> u64 {
    let weights = params
        .iter()
        .filter(|(name, value)| value.dims().len() == 2 && !name.contains("embedding"));
    weights.map(|(name, _)| if name == "decoder.rnn.weight_ih_l0" { 2 } else { 1 }).sum()
}

/// Run by the test below, in a process of its own: says what it did, in one line.
#[test]
#[ignore = "a part of the test below"]
fn child() {
    let mut line = format!("RESULT {}", simd::level().name());
    for config in configs() {
        let (params, short) = train(&config, 3);
        let (_, long) = train(&config, 9);
        let blocks = blocks(&params);
        // One product a weight for its gradient, however many steps there are in time.
        assert_eq!((short.weight_gradients, long.weight_gradients), (blocks, blocks));
        // A weight is packed once a step for each side that is needed.
        assert_eq!(short.packings, long.packings);
        assert!((blocks..=2 * blocks).contains(&short.packings), "{short:?} {blocks}");
        assert!(long.flops > 2 * short.flops);
        for value in params.iter().flat_map(|(_, value)| value.data().to_vec()) {
            line.push_str(&format!(" {:08x}", value.to_bits()));
        }
    }
    println!("{line}");
}

/// The path that a process takes and the parameters that it ends with.
fn run(requested: Option<Level>) -> (String, Vec<f32>) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "child", "--ignored", "--nocapture"]).env_remove("TENSOR_SIMD");
    if let Some(level) = requested {
        command.env("TENSOR_SIMD", level.name());
    }
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{requested:?}: {text}\n{said}");
    let line = text.lines().find_map(|line| Some(line.split_once("RESULT ")?.1)).unwrap();
    let mut words = line.split(' ');
    let level = words.next().unwrap().to_owned();
    let bits = |word: &str| f32::from_bits(u32::from_str_radix(word, 16).unwrap());
    (level, words.map(bits).collect())
}

#[test]
fn every_path_gives_the_same_and_the_best_is_taken() {
    let levels = Level::available();
    let best = levels.last().unwrap();
    let (taken, want) = run(None);
    assert_eq!(taken, best.name(), "without being requested, the best that the processor has");
    assert!(want.len() > 10_000 && want.iter().all(|v| v.is_finite()));
    for &level in &levels {
        let (taken, values) = run(Some(level));
        assert_eq!(taken, level.name());
        let (_, again) = run(Some(level));
        let same = values.iter().zip(&again).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same && values.len() == again.len(), "{taken}: other bits the second time");
        assert_eq!(values.len(), want.len());
        for (i, (got, want)) in values.iter().zip(&want).enumerate() {
            assert!((got - want).abs() <= 1e-4, "{taken} [{i}]: {got} {want}");
        }
    }
}
