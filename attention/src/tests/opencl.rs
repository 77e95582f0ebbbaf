//! Every kind and option on an OpenCL device against the processor.

use tensor::check::{assert_close, opencl, to_f64, values};
use tensor::opencl::KernelWork;
use tensor::{Device, Params, Shape, Tape, Tensor, Threads, Var};

use super::{build, configs, tensor};
use crate::{Attention, AttentionConfig, AttentionKind, AttentionOutput, QueryPosition};

/// The queries, and which gradients are given.
#[derive(Debug, Clone)]
struct Case {
    config: AttentionConfig,
    /// Parameters lie between this and its negative.
    scale: f64,
    place: QueryPosition,
    /// Queries of a whole sequence, none for a single step.
    times: Option<usize>,
    /// Asks of the same memory, one after the other.
    asks: usize,
    lengths: Vec<usize>,
    padding: usize,
    /// Gradients of the weights as well as of the context.
    weights: bool,
    /// Gradients of the context.
    context: bool,
    /// What the gradient of the memory goes to.
    memory: Wanted,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Wanted {
    Whole,
    Part,
    Nothing,
}

impl Case {
    fn new(config: AttentionConfig, lengths: &[usize]) -> Self {
        Self {
            config,
            scale: 1.0,
            place: QueryPosition::default(),
            times: None,
            asks: 1,
            lengths: lengths.to_vec(),
            padding: 1,
            weights: true,
            context: true,
            memory: Wanted::Whole,
        }
    }

    /// All that it computes on a device, by name.
    fn run(&self, device: &Device) -> Vec<(String, Tensor)> {
        let mut params = Params::new();
        let (attention, _) = build(&mut params, &self.config, self.scale);
        params.to_device(device).unwrap();
        let before = device.opencl().map(tensor::opencl::OpenCl::counters);
        let (batch, time) = (self.lengths.len(), self.lengths.iter().max().unwrap() + self.padding);
        let mut tape = Tape::new(&params);
        let around = if self.memory == Wanted::Part { 2 } else { 0 };
        let dims = [time + around, batch, self.config.memory];
        let m = tensor(dims, &values(Shape::from(dims).len(), 1));
        let (whole, states) = match self.memory {
            Wanted::Whole => (tape.input(m), None),
            Wanted::Nothing => (tape.constant(m), None),
            Wanted::Part => {
                let whole = tape.input(m);
                (whole, Some(tape.range(whole, 1..time + 1)))
            }
        };
        let states = states.unwrap_or(whole);
        let memory = attention.memory(&mut tape, states, &self.lengths).unwrap();
        let mut outputs_of: Vec<(Var, AttentionOutput)> = Vec::new();
        for ask in 0..self.asks {
            let outer: Vec<usize> = self.times.into_iter().chain([batch]).collect();
            let shape = Shape::new(&[&outer[..], &[self.config.query]].concat());
            let query = tape.input(tensor(shape, &values(shape.len(), 2 + ask as u64)));
            let place = QueryPosition { time: self.place.time + ask, ..self.place };
            let found = attention.attend(&mut tape, query, &memory, place).unwrap();
            outputs_of.push((query, found));
        }
        let (mut found, mut seeds) = (Vec::new(), Vec::new());
        for (i, (_, a)) in outputs_of.iter().enumerate() {
            let outputs = [("context", Some(a.context)), ("weights", Some(a.weights))];
            for (name, v) in outputs.into_iter().chain([("heads", a.heads)]) {
                let Some(v) = v else { continue };
                found.push((format!("{name} {i}"), tape.value(v).clone()));
                if if name == "context" { self.context } else { self.weights } {
                    let shape = tape.shape(v);
                    let seed = 50 + found.len() as u64;
                    seeds.push((v, tensor(shape, &values(shape.len(), seed))));
                }
            }
        }
        let back = tape.backward(&seeds).unwrap();
        let mut keep = |name: String, v: Var| match back.grad(v) {
            Some(d) => found.push((name, d.clone())),
            None => found.push((name, Tensor::zeros([0]))),
        };
        keep("gradient of the memory".into(), whole);
        for (i, (query, _)) in outputs_of.iter().enumerate() {
            keep(format!("gradient of query {i}"), *query);
        }
        let gradients = back.gradients.reduce(&params, &Threads::single()).unwrap();
        for id in params.ids() {
            let d = gradients.get(id).to_dense(params.shape(id));
            found.push((format!("gradient of {}", params.name(id)), d));
        }
        if let (Some(opencl), Some(before)) = (device.opencl(), before) {
            let done = opencl.counters().since(&before);
            assert_eq!(done.reads, 0, "{self:?}: the host read from the device");
            opencl.check().unwrap();
        }
        found
    }

    fn compare(&self, device: &Device) {
        let (want, got) = (self.run(&Device::cpu(1)), self.run(device));
        assert_eq!(want.len(), got.len(), "{self:?}");
        for ((name, want), (also, got)) in want.iter().zip(&got) {
            assert_eq!(name, also);
            let what = format!("{name} of {self:?}");
            assert_close(&to_f64(got.data()), &to_f64(want.data()), 1e-5, &what);
            if name.starts_with("weights") || name.starts_with("heads") {
                let pairs = got.data().iter().zip(want.data());
                for (i, (a, b)) in pairs.enumerate() {
                    assert!((*a == 0.0) == (*b == 0.0), "{what}[{i}]: {a} and {b}");
                }
            }
        }
    }
}

fn places(kind: AttentionKind) -> Vec<QueryPosition> {
    let at = |time, reversed| QueryPosition { time, reversed };
    match kind {
        AttentionKind::LocalM | AttentionKind::LocalP => {
            vec![at(0, false), at(2, true), at(40, false)]
        }
        AttentionKind::MultiHead => vec![at(0, false), at(2, false)],
        _ => vec![at(0, false)],
    }
}

#[test]
fn every_kind_and_option_gives_what_the_processor_gives() {
    let Some(device) = opencl() else { return };
    for config in configs() {
        for place in places(config.kind) {
            for (times, lengths) in
                [(None, &[6, 2, 0, 1][..]), (Some(3), &[3, 4, 0]), (Some(1), &[1]), (None, &[0])]
            {
                let case = Case { place, times, ..Case::new(config.clone(), lengths) };
                case.compare(&device);
            }
        }
    }
}

/// Configurations wider than a work-group's teams and its pass over columns, and sentences longer
/// than its tiles.
fn wide_ones() -> Vec<AttentionConfig> {
    let mut all = Vec::new();
    for kind in AttentionKind::ALL {
        let alike =
            matches!(kind, AttentionKind::Dot | AttentionKind::ScaledDot | AttentionKind::Cosine);
        let new = AttentionConfig::new(kind, 129, if alike { 129 } else { 301 });
        let (width, positions) = (275, 70);
        let options = AttentionConfig { width, positions, window: 40, heads: 3, ..new };
        all.push(options);
    }
    let heads = AttentionConfig::new(AttentionKind::MultiHead, 264, 264);
    all.push(AttentionConfig { heads: 4, causal: true, ..heads });
    let local = AttentionConfig::new(AttentionKind::LocalP, 140, 140);
    all.push(AttentionConfig { score: AttentionKind::Dot, window: 5, ..local.clone() });
    all.push(AttentionConfig { score: AttentionKind::Additive, renormalize: true, ..local });
    all
}

#[test]
fn odd_sizes_and_long_sentences_agree() {
    let Some(device) = opencl() else { return };
    for config in wide_ones() {
        let place = QueryPosition { time: 30, reversed: true };
        // As first values of such widths are: with scores of some tens a softmax would turn the last
        // bits of a sum into more than the bound, on any device.
        let scale = 0.1;
        for times in [None, Some(2)] {
            let new = Case::new(config.clone(), &[97, 33, 0, 5]);
            let case = Case { scale, place, times, ..new };
            case.compare(&device);
        }
    }
}

/// A decoder: many steps add up in the gradients of one memory.
#[test]
fn steps_add_up_in_the_memory_wherever_it_lies() {
    let Some(device) = opencl() else { return };
    for config in configs() {
        for memory in [Wanted::Whole, Wanted::Part, Wanted::Nothing] {
            let case =
                Case { asks: 3, memory, weights: false, ..Case::new(config.clone(), &[5, 3]) };
            case.compare(&device);
            Case { times: Some(2), ..case }.compare(&device);
        }
        let case = Case { context: false, ..Case::new(config.clone(), &[5, 3]) };
        case.compare(&device);
        Case { times: Some(2), ..case }.compare(&device);
    }
}

/// A step is few launches, whatever the kind: counted are those of this crate and the products.
#[test]
fn a_step_is_few_launches() {
    let Some(device) = opencl() else { return };
    let opencl = device.opencl().unwrap();
    for config in configs() {
        let launches = |asks: usize| {
            let case =
                Case { asks, padding: 0, weights: false, ..Case::new(config.clone(), &[4, 4]) };
            let before = opencl.kernels();
            case.run(&device);
            let count = |all: &[KernelWork], name: &str| -> u64 {
                all.iter().filter(|work| work.name.contains(name)).map(|work| work.launches).sum()
            };
            let after = opencl.kernels();
            ["attend", "centre", "unit", "mean_of_heads"]
                .map(|name| count(&after, name) - count(&before, name))
        };
        let (one, two) = (launches(1), launches(2));
        let each = [0, 1, 2, 3].map(|i| two[i] - one[i]);
        let want = match config.kind {
            // Forward and back; what finds the centre; the query's direction; the heads' mean.
            AttentionKind::LocalP if config.score == AttentionKind::Cosine => [2, 2, 2, 0],
            AttentionKind::LocalP => [2, 2, 0, 0],
            AttentionKind::LocalM if config.score == AttentionKind::Cosine => [2, 0, 2, 0],
            AttentionKind::Cosine => [2, 0, 2, 0],
            AttentionKind::MultiHead => [2, 0, 0, 1],
            _ => [2, 0, 0, 0],
        };
        assert_eq!(each, want, "{config:?}");
    }
}

/// What lies outside of a window is not read on a device either.
#[test]
fn only_the_window_is_computed() {
    let Some(device) = opencl() else { return };
    for score in AttentionKind::ALL.into_iter().filter(|kind| kind.is_content()) {
        let config = AttentionConfig {
            score,
            window: 1,
            ..AttentionConfig::new(AttentionKind::LocalM, 6, 6)
        };
        let mut params = Params::new();
        let (attention, _) = build(&mut params, &config, 1.0);
        params.to_device(&device).unwrap();
        let mut m = values(9 * 6, 1);
        m[..3 * 6].fill(f64::NAN);
        m[6 * 6..].fill(f64::NAN);
        let mut tape = Tape::new(&params);
        let (query, m) = (tape.input(tensor([1, 6], &values(6, 2))), tensor([9, 1, 6], &m));
        let states = tape.input(m);
        let memory = attention.memory(&mut tape, states, &[9]).unwrap();
        let found = attention.attend(&mut tape, query, &memory, QueryPosition::at(4)).unwrap();
        let weights = tape.value(found.weights).data().to_vec();
        assert!((weights[3..6].iter().sum::<f32>() - 1.0).abs() < 1e-6, "{weights:?}");
        assert!(weights[..3].iter().chain(&weights[6..]).all(|&a| a == 0.0), "{weights:?}");
        assert!(tape.value(found.context).data().iter().all(|c| c.is_finite()));
        let seeds = [(found.context, Tensor::full([1, 6], 1.0))];
        let back = tape.backward(&seeds).unwrap();
        assert!(back.grad(query).unwrap().data().iter().all(|d| d.is_finite()), "{score:?}");
    }
}

#[test]
fn what_does_not_fit_is_refused_before_a_kernel_starts() {
    let Some(device) = opencl() else { return };
    let mut params = Params::new();
    let config = AttentionConfig::new(AttentionKind::General, 4, 6);
    let zeros = &mut |_: &str, shape| Ok(Tensor::zeros(shape));
    let attention = Attention::with_init(&mut params, "", config, zeros).unwrap();
    params.to_device(&device).unwrap();
    let mut tape = Tape::new(&params);
    let states = tape.input(Tensor::zeros([3, 2, 6]));
    let mut memory = attention.memory(&mut tape, states, &[3, 1]).unwrap();
    let query = tape.input(Tensor::zeros([2, 4]));
    memory.keys = query;
    let error = attention.attend(&mut tape, query, &memory, QueryPosition::default()).unwrap_err();
    assert!(error.to_string().starts_with("attend: shapes"), "{error}");
}
