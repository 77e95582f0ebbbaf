//! A whole encoder-decoder in plain loops against finite differences in f64, and the kernels
//! against it: loss, every parameter's gradient, ten steps of training; the same training step on
//! one, two and three threads.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "whole_model/configs.rs"]
mod configs;
#[path = "whole_model/reference.rs"]
mod reference;

use std::io::{self, Write};

use configs::{ODD, Sizes, TINY, all_configs, words};
use reference::{Named, Network, Sums};
use seq2seq::Config;
use seq2seq::config::Cell;
use seq2seq::data::Example;
use seq2seq::model::{EncoderDecoder, Model};
use seq2seq::train::{StepOptions, StepOutcome, train_step};
use tensor::check::{finite_differences, to_f32, to_f64};
use tensor::optim::reference::Reference as PlainOptimizer;
use tensor::optim::{Adam, Optimizer, OptimizerConfig, Sgd};
use tensor::random::PhiloxStream;
use tensor::{Params, Tape, Tensor, Threads};
use tokenizer::EOS;

/// Says a line even where the test passes: what goes to the stream itself is not captured.
fn say(line: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Sentences of different lengths, the shortest of EOS alone, ids up to the vocabularies' ends.
fn examples(count: usize, longest: usize, vocabularies: [usize; 2], seed: u64) -> Vec<Example> {
    let draw = PhiloxStream::new(seed, 0, 0);
    let mut at = 0;
    let mut below = |n: usize| {
        at += 1;
        draw.word(at) as usize % n
    };
    let mut sentence = |words: usize, vocabulary: usize| -> Vec<u32> {
        // PAD is no word; every other id may occur.
        let mut ids: Vec<u32> = (0..words).map(|_| 1 + below(vocabulary - 1) as u32).collect();
        ids.push(EOS);
        ids
    };
    let [source, target] = vocabularies;
    (0..count)
        .map(|i| Example {
            source: sentence((i * 5 + 2) % longest, source),
            target: sentence((i * 3) % longest, target),
        })
        .collect()
}

fn named(params: &Params) -> Named<f64> {
    params.iter().map(|(name, t)| (name.to_owned(), to_f64(t.data()))).collect()
}

fn network(config: &Config, sizes: Sizes, seed: u64) -> (EncoderDecoder, Params) {
    let mut params = Params::new();
    let [source, target] = sizes.vocabularies;
    let network = EncoderDecoder::new(&mut params, config, source, target, seed).unwrap();
    (network, params)
}

/// What the kernels make of a batch.
fn kernels(network: &EncoderDecoder, params: &Params, batch: &[&Example]) -> Sums<f64> {
    let shape = network.loss_normalization(batch);
    let mut tape = Tape::new(params);
    let loss = network.loss(&mut tape, batch, &shape).unwrap();
    let value = f64::from(tape.value(loss.loss).data()[0]);
    let back = tape.backward(&[(loss.loss, Tensor::scalar(1.0))]).unwrap();
    let reduced = back.gradients.reduce(params, &Threads::single()).unwrap();
    let dense = |(id, (name, _)): (tensor::ParamId, (&str, &Tensor))| {
        (name.to_owned(), to_f64(reduced.get(id).to_dense(params.shape(id)).data()))
    };
    let gradient = params.ids().zip(params.iter()).map(dense).collect();
    Sums { loss: value, nll: loss.nll.get().unwrap(), count: loss.count, gradient }
}

/// The largest deviation of a whole tensor in units of what is allowed.
fn deviation(got: &[f64], want: &[f64], relative: f64, absolute: f64) -> f64 {
    assert_eq!(got.len(), want.len());
    let scale = want.iter().fold(0.0_f64, |m, w| m.max(w.abs()));
    let apart = got.iter().zip(want).map(|(g, w)| (g - w).abs());
    // A maximum that not-a-number wins.
    let worst = apart.fold(0.0_f64, |m, d| if d > m || d.is_nan() { d } else { m });
    worst / (relative * scale + absolute)
}

/// Asserts that every tensor is within bounds, and gives the worst deviation in units of them.
#[track_caller]
fn compare(
    got: &Named<f64>,
    want: &Named<f64>,
    relative: f64,
    absolute: f64,
    what: &str,
) -> (f64, String) {
    assert!(got.keys().eq(want.keys()), "{what}: other parameters");
    let mut worst = (0.0, String::new());
    for (name, want) in want {
        let apart = deviation(&got[name], want, relative, absolute);
        assert!(apart <= 1.0, "{what}: {name} is {apart} bounds away");
        if apart > worst.0 {
            worst = (apart, format!("{name} of {what}"));
        }
    }
    worst
}

fn larger(a: (f64, String), b: (f64, String)) -> (f64, String) {
    if b.0 > a.0 { b } else { a }
}

/// The slope of each parameter's loss along some directions, by the gradient and by differences.
fn slopes(
    reference: Network<'_>,
    values: &Named<f64>,
    gradient: &Named<f64>,
    batch: &[&Example],
) -> [Named<f64>; 2] {
    let (mut got, mut want) = (Named::new(), Named::new());
    for (k, (name, value)) in values.iter().enumerate() {
        for direction in 0..2 {
            let along = tensor::check::values(value.len(), 2 * k as u64 + direction);
            let slope = along.iter().zip(&gradient[name]).map(|(a, g)| a * g).sum();
            got.entry(name.clone()).or_default().push(slope);
            let mut moved = values.clone();
            let loss = |by: &[f64]| {
                let to = value.iter().zip(&along).map(|(v, a)| v + by[0] * a);
                moved.insert(name.clone(), to.collect());
                reference.loss(&moved, batch)
            };
            want.entry(name.clone()).or_default().extend(finite_differences(loss, &[0.0]));
        }
    }
    [got, want]
}

/// The gradient by differences, element by element.
fn differences(reference: Network<'_>, values: &Named<f64>, batch: &[&Example]) -> Named<f64> {
    let mut all = Named::new();
    for (name, value) in values {
        let mut moved = values.clone();
        let loss = |x: &[f64]| {
            moved.get_mut(name).unwrap().copy_from_slice(x);
            reference.loss(&moved, batch)
        };
        all.insert(name.clone(), finite_differences(loss, value));
    }
    all
}

#[test]
fn the_reference_agrees_with_finite_differences() {
    let mut configs = all_configs(TINY);
    // A corner of max(0, x) has no gradient to differ by.
    configs.retain(|c| c.cell != Cell::RnnRelu);
    let batch = examples(3, 4, TINY.vocabularies, 3);
    let batch: Vec<&Example> = batch.iter().collect();
    let (mut worst, mut whole) = ((0.0, String::new()), 0);
    for (i, config) in configs.iter().enumerate() {
        let (_, params) = network(config, TINY, i as u64);
        let values = named(&params);
        let reference = Network { config };
        let gradient = reference.batch(&values, &batch).gradient;
        let what = words(config);
        let [got, want] = slopes(reference, &values, &gradient, &batch);
        worst = larger(worst, compare(&got, &want, 1e-6, 1e-9, &what));
        // Each number by itself: slow, so for some, in no step with any option.
        if i % 17 == 0 {
            let want = differences(reference, &values, &batch);
            worst = larger(worst, compare(&gradient, &want, 1e-6, 1e-9, &what));
            whole += 1;
        }
    }
    say(format!(
        "whole model: {} configurations against finite differences ({whole} number by number), at \
         worst {:.3} of 1e-6 max|b| + 1e-9 ({})",
        configs.len(),
        worst.0,
        worst.1
    ));
}

#[test]
fn the_reference_is_the_same_in_f32() {
    let batch = examples(5, 6, TINY.vocabularies, 4);
    let batch: Vec<&Example> = batch.iter().collect();
    for (i, config) in all_configs(TINY).iter().enumerate().step_by(5) {
        let (_, params) = network(config, TINY, i as u64);
        let values = named(&params);
        let single: Named<f32> = values.iter().map(|(n, v)| (n.clone(), to_f32(v))).collect();
        let (want, got) = (
            Network { config }.batch(&values, &batch),
            Network { config }.batch::<f32>(&single, &batch),
        );
        assert!((f64::from(got.loss) - want.loss).abs() <= 1e-5 * want.loss, "{}", words(config));
        let got = got.gradient.iter().map(|(n, v)| (n.clone(), to_f64(v))).collect();
        compare(&got, &want.gradient, 1e-4, 1e-6, &words(config));
    }
}

#[test]
fn the_kernels_agree_with_the_reference() {
    let mut worst = (0.0, String::new());
    let mut worst_loss = 0.0_f64;
    let mut count = 0;
    for (sizes, step) in [(TINY, 1), (ODD, 7)] {
        let batch = examples(9, 8, sizes.vocabularies, 5);
        let alike: Vec<Example> = vec![batch[4].clone(); 4];
        for (i, config) in all_configs(sizes).iter().enumerate().step_by(step) {
            // Batches of one, of different lengths, and of one length (nothing is padded).
            let batch: Vec<&Example> = match i % 4 {
                0 => batch.iter().take(1).collect(),
                1 => alike.iter().collect(),
                _ => batch.iter().collect(),
            };
            let (network, params) = network(config, sizes, i as u64);
            let got = kernels(&network, &params, &batch);
            let want = Network { config }.batch(&named(&params), &batch);
            let what = words(config);
            let apart = (got.loss - want.loss).abs() / want.loss;
            assert!(apart <= 1e-5, "{what}: loss {} is not {}", got.loss, want.loss);
            assert!((got.nll - want.nll).abs() <= 1e-5 * want.nll, "{what}: nll");
            assert_eq!(got.count, want.count, "{what}");
            worst_loss = worst_loss.max(apart);
            worst = larger(worst, compare(&got.gradient, &want.gradient, 1e-4, 1e-6, &what));
            count += 1;
        }
    }
    say(format!(
        "whole model: kernels of {count} configurations, gradients at worst {:.4} of \
         1e-4 max|b| + 1e-6 ({}), losses at worst {worst_loss:.1e} apart",
        worst.0, worst.1
    ));
}

/// Some that differ in everything; dropout and the decoder's own output fed back where requested.
fn few_configs(dropout: f32, teacher_forcing: f32) -> Vec<Config> {
    let all = all_configs(ODD);
    let few = [3, 100, 230, 377, 445, 570];
    let change = |i: usize| Config {
        dropout,
        dropout_output: dropout > 0.0 && i % 2 == 1,
        teacher_forcing,
        ..all[i].clone()
    };
    few.into_iter().map(change).collect()
}

/// What some steps of training gave.
struct Trained {
    outcomes: Vec<StepOutcome>,
    params: Params,
}

fn train(config: &Config, optimizer: OptimizerConfig, threads: usize, steps: u64) -> Trained {
    let (network, mut params) = network(config, ODD, 11);
    let model = network;
    let mut optimizer = Optimizer::new(optimizer, &params).unwrap();
    let threads = Threads::new(threads);
    let outcomes = (0..steps).map(|step| {
        let batch = examples(10, 7, ODD.vocabularies, step % 3);
        let batch: Vec<&Example> = batch.iter().collect();
        let options = StepOptions {
            seed: 7,
            step,
            learning_rate: RATE,
            clip: Some(CLIP),
            ratios: step == 1,
            flow: step == 2,
            profile: false,
        };
        train_step(&model, &mut params, &mut optimizer, &batch, &threads, &options).unwrap()
    });
    let outcomes = outcomes.collect();
    Trained { outcomes, params }
}

const RATE: f32 = 0.01;
const CLIP: f32 = 1.0;

/// Not Adam: where a gradient is rounding alone (that of `b_v`, say), Adam's step is its sign.
const SGD: OptimizerConfig = OptimizerConfig::Sgd(Sgd { momentum: 0.9, weight_decay: 0.0 });

#[test]
fn any_number_of_threads_trains_alike() {
    let mut worst = (0.0, String::new());
    for (dropout, teacher_forcing) in [(0.3, 1.0), (0.0, 0.5), (0.3, 0.5)] {
        for config in few_configs(dropout, teacher_forcing) {
            let one = train(&config, SGD, 1, 4);
            for threads in [2, 3] {
                let some = train(&config, SGD, threads, 4);
                let what = format!("{threads} threads, {}", words(&config));
                for (a, b) in some.outcomes.iter().zip(&one.outcomes) {
                    assert!((a.loss - b.loss).abs() <= 1e-5 * b.loss, "{what}: {a:?} {b:?}");
                    assert_eq!((a.count, a.correct), (b.count, b.correct), "{what}");
                    for (a, b) in a.norms.each.iter().zip(&b.norms.each) {
                        assert!((a - b).abs() <= 1e-4 * b + 1e-6, "{what}: norm {a} is not {b}");
                    }
                    let names = |o: &StepOutcome| -> Vec<_> {
                        o.flow.iter().map(|(n, f)| (n.clone(), f.len())).collect()
                    };
                    assert_eq!(names(a), names(b), "{what}");
                    for ((name, a), (_, b)) in a.flow.iter().zip(&b.flow) {
                        assert!(deviation(a, b, 1e-4, 1e-6) <= 1.0, "{what}: flow {name}");
                    }
                }
                let (a, b) = (named(&some.params), named(&one.params));
                worst = larger(worst, compare(&a, &b, 1e-5, 0.0, &what));
            }
        }
    }
    say(format!(
        "whole model: 2 and 3 threads at worst {:.3} of 1e-5 max|b| ({})",
        worst.0, worst.1
    ));
}

#[test]
fn the_same_threads_give_the_same_bits() {
    let bits = |t: &Trained| -> Vec<u32> {
        let values = t.params.iter().flat_map(|(_, v)| v.data().iter().map(|x| x.to_bits()));
        values.collect()
    };
    for config in few_configs(0.3, 0.7) {
        for threads in [1, 2, 3] {
            let adam = OptimizerConfig::default();
            let (a, b) = (train(&config, adam, threads, 3), train(&config, adam, threads, 3));
            for (a, b) in a.outcomes.iter().zip(&b.outcomes) {
                assert_eq!(a.loss.to_bits(), b.loss.to_bits());
                assert_eq!(a.norms, b.norms);
                assert_eq!((&a.ratios, &a.flow), (&b.ratios, &b.flow));
            }
            assert_eq!(bits(&a), bits(&b), "{threads} threads, {}", words(&config));
        }
    }
}

#[test]
fn ten_steps_follow_the_reference() {
    let mut worst = 0.0_f64;
    let adam = OptimizerConfig::Adam(Adam { weight_decay: 1e-3, ..Adam::default() });
    for (optimizer, threads) in [(SGD, 2), (adam, 1)] {
        for config in few_configs(0.0, 1.0) {
            let trained = train(&config, optimizer, threads, 10);
            let (_, params) = network(&config, ODD, 11);
            let mut values = named(&params);
            let mut states: Vec<PlainOptimizer<f64>> =
                values.values().map(|v| PlainOptimizer::new(optimizer, v.len())).collect();
            let what = format!("{}, {}", optimizer.name(), words(&config));
            let mut losses = Vec::new();
            for (step, outcome) in trained.outcomes.iter().enumerate() {
                let batch = examples(10, 7, ODD.vocabularies, step as u64 % 3);
                let batch: Vec<&Example> = batch.iter().collect();
                let sums = Network { config: &config }.batch(&values, &batch);
                let want = sums.nll / sums.count as f64;
                let apart = (outcome.loss - want).abs();
                assert!(apart <= 1e-3, "{what}, step {step}: {} is not {want}", outcome.loss);
                worst = worst.max(apart);
                losses.push(want);
                let squares = sums.gradient.values().flatten().map(|g| g * g);
                let norm = squares.sum::<f64>().sqrt();
                assert!((outcome.norms.total - norm).abs() <= 1e-3 * norm, "{what}, step {step}");
                let factor = (f64::from(CLIP) / (norm + 1e-6)).min(1.0);
                for ((value, gradient), state) in
                    values.values_mut().zip(sums.gradient.values()).zip(&mut states)
                {
                    let clipped: Vec<f64> = gradient.iter().map(|g| g * factor).collect();
                    state.step(value, &clipped, f64::from(RATE));
                }
            }
            if optimizer == SGD {
                compare(&named(&trained.params), &values, 1e-4, 1e-6, &what);
            } else {
                // Ten steps that go nowhere would follow anything.
                assert!(losses[9] < losses[0] - 0.05, "{what}: {losses:?}");
            }
        }
    }
    say(format!("whole model: losses of ten steps at worst {worst:.1e} from the reference"));
}
