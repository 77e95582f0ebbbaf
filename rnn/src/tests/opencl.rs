//! An OpenCL device against the processor: every cell and option, sequences and single steps, values
//! and all gradients.

use tensor::check::{TestDevice, assert_close, opencl, to_f32, to_f64, values};
use tensor::{Device, Params, Tape, Tensor, Threads, Var};

use crate::{Cell, Merge, Rnn, RnnConfig, RnnOptions, State, StepInput};

/// What a run gave, by name.
type Found = Vec<(String, Tensor)>;

fn tensor<const N: usize>(shape: [usize; N], seed: u64) -> Tensor {
    let n = shape.iter().product();
    Tensor::from_vec(shape, to_f32(&values(n, seed))).unwrap()
}

/// A network whose weights are as wide as keeps states apart from their limits. Gains are small:
/// near one they would amplify f32's rounding through the layers past the tolerance.
fn network(params: &mut Params, config: &RnnConfig, options: &RnnOptions) -> Rnn {
    let mut seed = 100;
    let scale = 1.5 / (config.hidden as f64).sqrt();
    let mut make = |_: &str, shape: tensor::Shape| {
        seed += 1;
        let v: Vec<f64> = values(shape.len(), seed).iter().map(|v| v * scale).collect();
        Tensor::from_vec(shape, to_f32(&v))
    };
    let rnn = Rnn::with_init(params, "rnn.", config.clone(), options.clone(), &mut make).unwrap();
    for (i, id) in params.ids().enumerate() {
        if params.name(id).contains("gain") {
            let shape = params.shape(id);
            let gain: Vec<f64> =
                values(shape.len(), i as u64).iter().map(|v| 0.2 + 0.1 * v).collect();
            params.set(id, Tensor::from_vec(shape, to_f32(&gain)).unwrap()).unwrap();
        }
    }
    rnn
}

/// Goes back from outputs with arbitrary gradients; keeps outputs, gradients of inputs and of
/// parameters, and norms of states' gradients. Nothing but those norms is read meanwhile.
fn back(
    device: &Device,
    params: &Params,
    mut tape: Tape<'_>,
    before: Option<tensor::opencl::Counters>,
    inputs: &[(String, Var)],
    outputs: &[(String, Var)],
) -> Found {
    let mut found: Found =
        outputs.iter().map(|(name, v)| (name.clone(), tape.value(*v).clone())).collect();
    let seed = |(i, (_, v)): (usize, &(String, Var))| {
        let shape = tape.shape(*v);
        let seed = to_f32(&values(shape.len(), 300 + i as u64));
        (*v, Tensor::from_vec(shape, seed).unwrap())
    };
    let seeds: Vec<_> = outputs.iter().enumerate().map(seed).collect();
    let back = tape.backward(&seeds).unwrap();
    let of = |v: &Var| back.grad(*v).cloned().unwrap_or_else(|| Tensor::zeros([0]));
    let of: Found = inputs.iter().map(|(name, v)| (format!("d {name}"), of(v))).collect();
    let gradients = back.gradients.reduce(params, &Threads::single()).unwrap();
    if let (Some(device), Some(before)) = (device.opencl(), before) {
        let reads = usize::from(!back.flow.is_empty()) as u64;
        assert_eq!(device.counters().since(&before).reads, reads, "reads from the device");
    }
    found.extend(of);
    for (name, norms) in back.flow.read().unwrap() {
        found.push((format!("flow {name}"), Tensor::from(to_f32(&norms))));
    }
    for id in params.ids() {
        let d = gradients.get(id).to_dense(params.shape(id));
        found.push((format!("d {}", params.name(id)), d));
    }
    found.into_iter().map(|(name, t)| (name, t.to_host().unwrap())).collect()
}

fn compare(what: &str, got: &Found, want: &Found) {
    assert_eq!(got.len(), want.len(), "{what}");
    for ((name, got), (same, want)) in got.iter().zip(want) {
        assert_eq!(name, same, "{what}");
        assert_eq!(got.len(), want.len(), "{what} {name}");
        assert_close(&to_f64(got.data()), &to_f64(want.data()), 1e-5, &format!("{what}: {name}"));
    }
}

/// Sizes of a sequence's run.
#[derive(Debug, Clone)]
struct Sizes {
    time: usize,
    batch: usize,
    lengths: Option<Vec<usize>>,
    /// Whether it starts from given states.
    starts: bool,
    flow: bool,
}

fn sequence(device: &Device, config: &RnnConfig, options: &RnnOptions, sizes: &Sizes) -> Found {
    let mut params = Params::new();
    let rnn = network(&mut params, config, options);
    params.to_device(device).unwrap();
    let before = device.opencl().map(tensor::opencl::OpenCl::counters);
    let mut tape = Tape::new(&params).with_draws(3, 5);
    if sizes.flow {
        tape = tape.with_flow();
    }
    let Sizes { time, batch, .. } = *sizes;
    let x = tape.input(tensor([time, batch, config.input], 1));
    let mut inputs = vec![("x".to_string(), x)];
    let mut start = Vec::new();
    for i in 0..(config.layers * config.directions()) as u64 {
        let shape = [batch, config.hidden];
        let h = tape.input(tensor(shape, 10 + i));
        let c = config.cell.has_cell_state().then(|| tape.input(tensor(shape, 20 + i)));
        start.push(State { h, c });
        if sizes.starts {
            inputs.push((format!("h0 {i}"), h));
            inputs.extend(c.map(|c| (format!("c0 {i}"), c)));
        }
    }
    let start = sizes.starts.then_some(&start[..]);
    let out = rnn.forward(&mut tape, x, sizes.lengths.as_deref(), start).unwrap();
    let mut outputs = vec![("y".to_string(), out.y)];
    for (i, s) in out.state.iter().enumerate() {
        outputs.push((format!("h {i}"), s.h));
        outputs.extend(s.c.map(|c| (format!("c {i}"), c)));
    }
    back(device, &params, tape, before, &inputs, &outputs)
}

fn every_option() -> Vec<RnnOptions> {
    let plain = RnnOptions::default();
    vec![
        plain.clone(),
        RnnOptions { merge: Merge::Sum, ..plain.clone() },
        RnnOptions { merge: Merge::Average, residual: true, ..plain.clone() },
        RnnOptions { layer_norm: true, ..plain.clone() },
        RnnOptions { variational: true, dropout_state: 0.3, ..plain.clone() },
        RnnOptions {
            merge: Merge::Sum,
            residual: true,
            layer_norm: true,
            variational: true,
            dropout_state: 0.3,
            forget_bias: 0.0,
        },
    ]
}

/// Both directions, two layers, dropout between them, given states, padded and not.
fn sequences(cell: Cell) {
    let Some(device) = opencl() else { return };
    for options in every_option() {
        for sizes in [
            Sizes { time: 6, batch: 3, lengths: None, starts: true, flow: false },
            Sizes { time: 6, batch: 3, lengths: Some(vec![4, 6, 1]), starts: true, flow: true },
            Sizes {
                time: 5,
                batch: 7,
                lengths: Some(vec![5, 4, 0, 5, 2, 3, 1]),
                starts: false,
                flow: false,
            },
        ] {
            let config = RnnConfig {
                layers: 2,
                bidirectional: true,
                dropout: 0.4,
                ..RnnConfig::new(cell, 4, 9)
            };
            check(&device, &config, &options, &sizes);
        }
    }
}

fn check(device: &TestDevice, config: &RnnConfig, options: &RnnOptions, sizes: &Sizes) {
    let want = sequence(&Device::cpu(1), config, options, sizes);
    let got = sequence(device, config, options, sizes);
    compare(&format!("{config:?} {options:?} {sizes:?}"), &got, &want);
}

#[test]
fn sequences_of_elman_networks() {
    sequences(Cell::RnnTanh);
    sequences(Cell::RnnRelu);
}

#[test]
fn sequences_of_lstms() {
    for cell in [Cell::Lstm, Cell::Lstm1997, Cell::Lstm1997Squash] {
        sequences(cell);
    }
}

#[test]
fn sequences_of_lstms_with_peepholes_and_coupled_gates() {
    sequences(Cell::LstmPeephole);
    sequences(Cell::LstmCoupled);
}

#[test]
fn sequences_of_grus() {
    sequences(Cell::Gru);
    sequences(Cell::GruResetBefore);
}

/// Sizes that are no multiples of a tile's, larger than one, and none at all.
#[test]
fn sequences_of_many_sizes() {
    let Some(device) = opencl() else { return };
    for cell in Cell::ALL {
        for layer_norm in [false, true] {
            let options = RnnOptions { layer_norm, dropout_state: 0.2, ..RnnOptions::default() };
            // One unit alone has no variance to be normalised by.
            let least = if layer_norm { 2 } else { 1 };
            for (time, batch, hidden) in [(3, 70, 45), (2, 33, 150), (4, 1, least), (0, 2, 3)] {
                let bias = hidden > 2;
                let config = RnnConfig { bias, ..RnnConfig::new(cell, 5, hidden) };
                let lengths = (batch > 1).then(|| (0..batch).map(|b| b % (time + 1)).collect());
                let sizes = Sizes { time, batch, lengths, starts: true, flow: false };
                check(&device, &config, &options, &sizes);
            }
        }
    }
}

/// A decoder of two layers, step by step: `parts` widths of the input's parts, the first of which is
/// projected beforehand where `projected`.
fn steps(
    device: &Device,
    config: &RnnConfig,
    options: &RnnOptions,
    (time, batch): (usize, usize),
    parts: &[usize],
    projected: bool,
    flow: bool,
) -> Found {
    let mut params = Params::new();
    let rnn = network(&mut params, config, options);
    params.to_device(device).unwrap();
    let before = device.opencl().map(tensor::opencl::OpenCl::counters);
    let mut tape = Tape::new(&params).with_draws(3, 5);
    if flow {
        tape = tape.with_flow();
    }
    let mut xs = Vec::new();
    let mut first = 0;
    for (i, &width) in parts.iter().enumerate() {
        let x = tape.input(tensor([time, batch, width], 1 + i as u64));
        xs.push((x, first..first + width));
        first += width;
    }
    assert_eq!(first, config.input);
    let inputs: Vec<_> = xs.iter().enumerate().map(|(i, (x, _))| (format!("x {i}"), *x)).collect();
    let ahead = projected.then(|| {
        let (x, columns) = xs.remove(0);
        rnn.project(&mut tape, x, columns).unwrap()
    });
    let mut state = rnn.zero_state(&mut tape, batch).unwrap();
    let mut ys = Vec::new();
    for t in 0..time {
        let parts = xs.iter().map(|(x, c)| (tape.index(*x, t), c.clone())).collect();
        let input = StepInput { projected: ahead.map(|p| tape.index(p, t)), parts };
        let (top, new) = rnn.step(&mut tape, &input, &state, t).unwrap();
        ys.push(top);
        state = new;
    }
    let mut outputs = vec![("y".to_string(), tensor::ops::stack(&mut tape, &ys).unwrap())];
    for (i, s) in state.iter().enumerate() {
        outputs.push((format!("h {i}"), s.h));
        outputs.extend(s.c.map(|c| (format!("c {i}"), c)));
    }
    back(device, &params, tape, before, &inputs, &outputs)
}

#[test]
fn single_steps() {
    let Some(device) = opencl() else { return };
    let plain = RnnOptions::default();
    let options = [
        plain.clone(),
        RnnOptions { residual: true, dropout_state: 0.3, ..plain.clone() },
        RnnOptions { layer_norm: true, variational: true, dropout_state: 0.3, ..plain },
    ];
    for cell in Cell::ALL {
        for options in &options {
            // The products with the input: all ahead, beside the state's, and more than fit there.
            for (batch, hidden, bias, parts, projected) in [
                (3, 7, true, vec![4], true),
                (5, 9, true, vec![4, 3], true),
                (34, 20, false, vec![5, 18], false),
                (2, 17, true, vec![2, 3, 4, 1], false),
                (2, 4, false, vec![2, 3, 4, 1], true),
            ] {
                let config = RnnConfig {
                    layers: 2,
                    dropout: 0.4,
                    bias,
                    ..RnnConfig::new(cell, parts.iter().sum(), hidden)
                };
                let run = |device: &Device| {
                    steps(device, &config, options, (3, batch), &parts, projected, batch == 3)
                };
                let what = format!("steps of {config:?} {options:?} {parts:?} {projected}");
                compare(&what, &run(&device), &run(&Device::cpu(1)));
            }
        }
    }
}
