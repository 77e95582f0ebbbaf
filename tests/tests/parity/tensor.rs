//! The cases of the crate `tensor`: its operations, its optimizers, the average of parameters.

use tensor::opencl::OpenCl;
use tensor::optim::{
    Adadelta, Adagrad, Adam, AdamW, Optimizer, OptimizerConfig, RmsProp, Sgd, Update,
};
use tensor::{BatchPart, DeferredScalar, Gradients, Params, Result, Tape, Tensor, ops};

use super::bench::{Bench, Case, Dims, tensor};

/// Every case.
pub(crate) const CASES: &[Case] = &[
    ("linear", |b| {
        b.run(&[&[33, 17], &[33]], &[&[3, 5, 17]], |tape, p, x| {
            Ok(vec![ops::linear(tape, x[0], p[0], Some(p[1]))?])
        })
    }),
    ("linear, large", |b| {
        b.run(&[&[300, 150], &[300]], &[&[7, 40, 150]], |tape, p, x| {
            Ok(vec![ops::linear(tape, x[0], p[0], Some(p[1]))?])
        })
    }),
    ("linear, blocks", |b| {
        b.run(&[&[12, 9], &[12]], &[&[4, 5], &[4, 9]], |tape, p, x| {
            let columns = ops::linear_columns(tape, x[0], p[0], 3..8, None)?;
            let rows = ops::linear_rows(tape, x[1], p[0], 2..7, Some((p[1], 2..7)))?;
            Ok(vec![columns, rows])
        })
    }),
    ("linear, step by step", |b| {
        b.run(&[&[10, 10], &[10]], &[&[12, 3, 10]], |tape, p, x| {
            let mut state = tape.index(x[0], 0);
            for t in 1..12 {
                let step = tape.index(x[0], t);
                let inner = ops::linear(tape, state, p[0], Some(p[1]))?;
                let inner = ops::tanh(tape, inner)?;
                state = ops::sum(tape, &[inner, step], 0.5)?;
            }
            Ok(vec![state])
        })
    }),
    ("embedding", |b| {
        b.run(&[&[11, 70]], &[], |tape, p, _| {
            let ids = [1, 0, 10, 4, 4, 1, 0, 4];
            Ok(vec![
                ops::embedding(tape, &ids, [4, 2], p[0], Some(0))?,
                ops::embedding(tape, &ids[2..5], [3], p[0], None)?,
            ])
        })
    }),
    ("dropout", |b| {
        b.run(&[&[1]], &[&[3, 5, 131]], |tape, _, x| Ok(vec![ops::dropout(tape, x[0], 0.3)?]))
    }),
    ("dropout, one mask a sequence", |b| {
        b.run(&[&[1]], &[&[3, 5, 33]], |tape, _, x| {
            Ok(vec![ops::dropout_sequence(tape, x[0], 0.4, "a")?])
        })
    }),
    ("dropout, the same bits", same_bits),
    ("layer_norm", |b| {
        b.run(&[&[130], &[130]], &[&[4, 9, 130]], |tape, p, x| {
            Ok(vec![ops::layer_norm(tape, x[0], p[0], p[1], 1e-5)?])
        })
    }),
    ("layer_norm, narrow", |b| {
        b.run(&[&[3], &[3]], &[&[40, 3]], |tape, p, x| {
            Ok(vec![ops::layer_norm(tape, x[0], p[0], p[1], 1e-3)?])
        })
    }),
    ("maxout", |b| {
        b.run(&[&[1]], &[&[5, 7, 12], &[1, 2]], |tape, _, x| {
            Ok(vec![ops::maxout(tape, x[0], 3)?, ops::maxout(tape, x[1], 1)?])
        })
    }),
    ("tanh", |b| b.run(&[&[1]], &[&[3, 301]], |tape, _, x| Ok(vec![ops::tanh(tape, x[0])?]))),
    ("concat", |b| {
        b.run(&[&[1]], &[&[4, 2, 3], &[4, 2, 70], &[4, 2, 1], &[4, 2, 5], &[4, 2, 2]], |t, _, x| {
            Ok(vec![ops::concat(t, x)?, ops::concat(t, &x[..2])?])
        })
    }),
    ("index_select", |b| {
        b.run(&[&[1]], &[&[4, 37], &[3, 5, 6]], |tape, _, x| {
            let rows = [3, 0, 0, 2, 3];
            Ok(vec![ops::index_select(tape, x[0], &rows)?, ops::index_select(tape, x[1], &rows)?])
        })
    }),
    ("stack", |b| {
        b.run(&[&[1]], &[&[2, 3], &[2, 3], &[4, 2, 3]], |tape, _, x| {
            let part = tape.index(x[2], 3);
            let parts: Vec<_> = [x[0], x[1], part].into_iter().cycle().take(11).collect();
            Ok(vec![ops::stack(tape, &parts)?])
        })
    }),
    ("sum", |b| {
        b.run(&[&[1]], &[&[4, 5], &[4, 5], &[4, 5]], |tape, _, x| {
            let six = [x[0], x[1], x[2], x[0], x[1], x[1]];
            Ok(vec![ops::sum(tape, &six, 0.3)?, ops::sum(tape, &x[..1], 1.0)?])
        })
    }),
    ("functions of one value", |b| {
        b.run(&[&[1]], &[&[3, 101]], |t, _, x| {
            let positive = ops::square(t, x[0])?;
            let positive = ops::affine(t, positive, 2.0, 0.5)?;
            Ok(vec![
                ops::relu(t, x[0])?,
                ops::sigmoid(t, x[0])?,
                ops::exp(t, x[0])?,
                ops::log(t, positive)?,
                ops::sqrt(t, positive)?,
                ops::abs(t, x[0])?,
            ])
        })
    }),
    ("arithmetic", |b| {
        b.run(&[&[1]], &[&[4, 33], &[4, 33]], |t, _, x| {
            let positive = ops::exp(t, x[1])?;
            Ok(vec![
                ops::add(t, x[0], x[1])?,
                ops::sub(t, x[0], x[1])?,
                ops::mul(t, x[0], x[1])?,
                ops::div(t, x[0], positive)?,
            ])
        })
    }),
    ("arithmetic, repeated", |b| {
        b.run(&[&[1]], &[&[2, 3, 1, 65], &[3, 70, 1], &[1], &[5, 65], &[65]], |t, _, x| {
            let positive = ops::exp(t, x[1])?;
            Ok(vec![
                ops::div(t, x[0], positive)?,
                ops::mul(t, x[2], x[0])?,
                ops::sub(t, x[4], x[3])?,
                ops::add(t, x[3], x[2])?,
            ])
        })
    }),
    ("sums and means", |b| {
        b.run(&[&[1]], &[&[3, 130, 2], &[5, 4]], |t, _, x| {
            Ok(vec![
                ops::sum_all(t, x[0])?,
                ops::mean_all(t, x[1])?,
                ops::sum_dim(t, x[0], 1, false)?,
                ops::mean_dim(t, x[0], 0, true)?,
                ops::mean_dim(t, x[1], 1, false)?,
            ])
        })
    }),
    ("softmax", |b| {
        b.run(&[&[1]], &[&[3, 4, 130], &[2, 3]], |t, _, x| {
            Ok(vec![
                ops::softmax(t, x[0])?,
                ops::log_softmax(t, x[0])?,
                ops::softmax(t, x[1])?,
                ops::log_softmax(t, x[1])?,
            ])
        })
    }),
    ("matmul", |b| {
        b.run(&[&[1]], &[&[2, 3, 37], &[37, 65], &[2, 37, 5]], |t, _, x| {
            Ok(vec![ops::matmul(t, x[0], x[1])?, ops::matmul(t, x[0], x[2])?])
        })
    }),
    ("transpose, slice, concat_dim, reshape", |b| {
        b.run(&[&[1]], &[&[2, 3, 4, 5], &[2, 3, 2, 5]], |t, _, x| {
            let flat = t.reshape(x[0], [6, 20])?;
            let part = t.index(x[0], 1);
            Ok(vec![
                ops::transpose(t, x[0], 1, 3)?,
                ops::transpose(t, flat, 0, 1)?,
                ops::slice(t, x[0], 2, 1..3)?,
                ops::slice(t, part, 2, 0..4)?,
                ops::slice(t, x[0], 0, 1..2)?,
                ops::concat_dim(t, &[x[0], x[1], x[0]], 2)?,
            ])
        })
    }),
    ("a parameter as a value", |b| {
        b.run(&[&[7], &[5, 7]], &[&[4, 7]], |t, p, x| {
            let (bias, weight) = (t.param(p[0]), t.param(p[1]));
            let turned = ops::transpose(t, weight, 0, 1)?;
            let y = ops::add(t, x[0], bias)?;
            Ok(vec![ops::matmul(t, y, turned)?, ops::mul(t, x[0], bias)?])
        })
    }),
    ("parts of a value", |b| {
        b.run(&[&[1]], &[&[6, 3, 4]], |tape, _, x| {
            let (a, b) = (tape.range(x[0], 1..4), tape.index(x[0], 2));
            let c = tape.index(a, 1);
            Ok(vec![ops::tanh(tape, a)?, ops::tanh(tape, b)?, ops::tanh(tape, c)?])
        })
    }),
    ("cross_entropy", |b| cross_entropy(b, 37, 0.0)),
    ("cross_entropy, smoothed", |b| cross_entropy(b, 600, 0.1)),
    ("linear_cross_entropy", linear_cross_entropy),
    ("predictions", predictions),
    ("squared_error", squared_error),
    ("gradient flow", flow),
    ("sums of gradients", sums),
    ("clipping", clipping),
    ("sgd", |b| optimizer(b, OptimizerConfig::Sgd(Sgd { momentum: 0.0, weight_decay: 0.01 }))),
    ("momentum", |b| optimizer(b, OptimizerConfig::Sgd(Sgd { momentum: 0.9, weight_decay: 0.01 }))),
    ("adam", |b| {
        optimizer(b, OptimizerConfig::Adam(Adam { weight_decay: 0.1, ..Adam::default() }))
    }),
    ("adamw", |b| optimizer(b, OptimizerConfig::AdamW(AdamW::default()))),
    ("adadelta", |b| {
        optimizer(
            b,
            OptimizerConfig::Adadelta(Adadelta { weight_decay: 0.1, ..Adadelta::default() }),
        )
    }),
    ("adagrad", |b| {
        let initial_accumulator_value = 0.5;
        let how = Adagrad { lr_decay: 0.1, initial_accumulator_value, ..Adagrad::default() };
        optimizer(b, OptimizerConfig::Adagrad(how))
    }),
    ("rmsprop", |b| optimizer(b, OptimizerConfig::RmsProp(RmsProp::default()))),
    ("rmsprop, momentum", |b| {
        optimizer(b, OptimizerConfig::RmsProp(RmsProp { momentum: 0.5, ..RmsProp::default() }))
    }),
    ("rmsprop, centred", |b| {
        let how = RmsProp { centered: true, eps: 1e-3, ..RmsProp::default() };
        optimizer(b, OptimizerConfig::RmsProp(how))
    }),
    ("rmsprop, both", |b| {
        let how = RmsProp { centered: true, momentum: 0.5, eps: 1e-3, ..RmsProp::default() };
        optimizer(b, OptimizerConfig::RmsProp(how))
    }),
    ("average", average),
];

/// Masks are not near each other but the same, and those of a part of a batch its part of them.
fn same_bits(b: &mut Bench) -> Result<()> {
    let (params, _) = b.params(&[&[1]])?;
    for part in [None, Some(BatchPart { first: 1, step: 3, total: 13 })] {
        let mut tape = Tape::new(&params).with_draws(u64::MAX - 5, 1 << 20);
        if let Some(part) = part {
            tape = tape.with_part(part);
        }
        let mask = ops::sequence_mask(&tape, [4, 63], 0.35, "name")?;
        let x = tape.input(Tensor::full([3, 4, 63], 1.0));
        let y = ops::dropout(&mut tape, x, 0.7)?;
        for (name, t) in [("mask", mask.as_ref()), ("dropped", Some(tape.value(y)))] {
            let Some(t) = t else { continue };
            // The bits as numbers, scaled so that the smallest difference fails.
            let bits = t.to_host()?;
            let bits: Vec<f64> =
                bits.data().iter().map(|v| f64::from(v.to_bits() % 9973)).collect();
            b.keep_numbers(name, &bits);
            b.keep(name, t)?;
        }
    }
    Ok(())
}

fn cross_entropy(b: &mut Bench, classes: usize, smoothing: f32) -> Result<()> {
    let (params, _) = b.params(&[&[1]])?;
    let mut tape = Tape::new(&params);
    let logits: Vec<f32> = tensor(&[9, classes], 1).data().iter().map(|v| 8.0 * v).collect();
    let logits = tape.input(Tensor::from_vec([3, 3, classes], logits)?);
    let best: Vec<u32> = ops::argmax(tape.value(logits))?.iter().map(|b| b.0).collect();
    let mut targets: Vec<u32> = (0..9).map(|i| i * 31 % classes as u32).collect();
    // Some are right, some do not count.
    targets[1] = best[1];
    targets[5] = best[5];
    targets[2] = 3;
    targets[7] = 3;
    let how =
        ops::CrossEntropy { targets: &targets, ignore: Some(3), smoothing, weight: 1.0 / 7.0 };
    let found = ops::cross_entropy(&mut tape, logits, how)?;
    b.keep("loss", tape.value(found.loss))?;
    let numbers = [found.nll.get()?, found.value.get()?, found.correct.get()?, found.count as f64];
    b.keep_numbers("metrics", &numbers);
    for seed in [1.0, 0.5] {
        let mut tape = Tape::new(&params);
        let logits = tape.input(tensor(&[9, classes], 2));
        let found = ops::cross_entropy(&mut tape, logits, how)?;
        let back = tape.backward(&[(found.loss, Tensor::scalar(seed))])?;
        if let Some(gradient) = back.grad(logits) {
            b.keep("gradient", gradient)?;
        }
    }
    Ok(())
}

fn linear_cross_entropy(b: &mut Bench) -> Result<()> {
    let (few, many): ([Dims; 2], [Dims; 2]) = ([&[9, 6], &[9]], [&[70, 6], &[70]]);
    for (shapes, bias, ignore) in [(few, true, Some(3)), (many, false, None), (many, true, Some(5))]
    {
        let (params, ids) = b.params(&shapes)?;
        let classes = shapes[1][0];
        let bias = bias.then_some(ids[1]);
        let targets: Vec<u32> = (0..300).map(|i| i * 31 % classes as u32).collect();
        let how = ops::CrossEntropy { targets: &targets, ignore, smoothing: 0.1, weight: 0.01 };
        let mut tape = Tape::new(&params);
        let x = tape.input(tensor(&[300, 6], 1));
        let found = ops::linear_cross_entropy(&mut tape, x, ids[0], bias, how)?;
        let numbers = [found.nll.get()?, found.value.get()?, found.count as f64];
        b.keep_numbers("metrics", &numbers);
        let back = tape.backward(&[(found.loss, Tensor::scalar(0.5))])?;
        if let Some(gradient) = back.grad(x) {
            b.keep("dx", gradient)?;
        }
        let reduced = back.gradients.reduce(&params, tape.threads())?;
        for &id in &ids {
            b.keep("parameter", &reduced.get(id).to_dense(params.shape(id)))?;
        }
        let mut tape = Tape::inference(&params);
        let x = tape.constant(tensor(&[300, 6], 1));
        let found = ops::linear_log_probabilities(&mut tape, x, ids[0], bias, &targets, ignore)?;
        let logp: Vec<f64> = found.iter().map(|found| found.0).collect();
        b.keep_numbers("scores", &logp);
    }
    Ok(())
}

fn predictions(b: &mut Bench) -> Result<()> {
    let (params, _) = b.params(&[&[1]])?;
    for classes in [1, 5, 700] {
        let mut tape = Tape::new(&params);
        let mut logits = tensor(&[6, classes], 1);
        logits.data_mut()[0] = 3.0;
        logits.data_mut()[classes - 1] = 3.0;
        let logits = tape.constant(logits);
        let best = ops::argmax(tape.value(logits))?;
        let numbers: Vec<f64> =
            best.iter().flat_map(|&(id, p)| [f64::from(id), f64::from(p)]).collect();
        b.keep_numbers("argmax", &numbers);
        if classes > 1 {
            let best = ops::argmax_except(tape.value(logits), &[0, classes as u32 - 1])?;
            let numbers: Vec<f64> =
                best.iter().flat_map(|&(id, p)| [f64::from(id), f64::from(p)]).collect();
            b.keep_numbers("argmax_except", &numbers);
        }
        let ids: Vec<u32> = (0..6).map(|i| i * 131 % classes as u32).collect();
        b.keep_numbers("scores", &ops::log_probabilities(tape.value(logits), &ids)?);
    }
    Ok(())
}

fn squared_error(b: &mut Bench) -> Result<()> {
    let (params, _) = b.params(&[&[1]])?;
    for seed in [1.0, 2.0] {
        let mut tape = Tape::new(&params);
        let y = tape.input(tensor(&[300, 1], 1));
        let targets = tensor(&[300], 2);
        let found = ops::squared_error(&mut tape, y, targets.data(), 0.1, 0.5)?;
        b.keep("loss", tape.value(found.loss))?;
        b.keep_numbers("sum", &[found.sum.get()?]);
        let back = tape.backward(&[(found.loss, Tensor::scalar(seed))])?;
        if let Some(gradient) = back.grad(y) {
            b.keep("gradient", gradient)?;
        }
    }
    Ok(())
}

fn flow(b: &mut Bench) -> Result<()> {
    let (params, _) = b.params(&[&[1]])?;
    let mut tape = Tape::new(&params).with_flow();
    let mut x = tape.input(tensor(&[40, 33], 1));
    for t in 0..5 {
        x = ops::tanh(&mut tape, x)?;
        tape.watch(x, "state", t);
    }
    let back = tape.backward(&[(x, tensor(&[40, 33], 2))])?;
    for (name, norms) in back.flow.read()? {
        b.keep_numbers(&name, &norms);
    }
    Ok(())
}

/// Gradients of two batches: a shared parameter, one of each batch alone, one of none.
fn sums(b: &mut Bench) -> Result<()> {
    let (params, ids) = b.params(&[&[4, 3], &[5, 70], &[6], &[2]])?;
    let up = |t: Tensor| match b.device.opencl() {
        Some(device) => device.upload(&t),
        None => Ok(t),
    };
    let (mut first, mut second) = (Gradients::default(), Gradients::default());
    first.add(ids[0], up(tensor(&[4, 3], 1))?);
    first.add_rows(ids[1], &[2, 0], up(tensor(&[2, 70], 2))?);
    second.add(ids[0], up(tensor(&[4, 3], 3))?);
    second.add(ids[2], up(tensor(&[6], 4))?);
    let mut sum = first.reduce(&params, &b.threads)?;
    sum.add(second.reduce(&params, &b.threads)?)?;
    sum.scale(0.5)?;
    for &id in &ids {
        b.keep(params.name(id), &sum.get(id).to_dense(params.shape(id)))?;
    }
    b.keep_numbers("norms", &sum.norms(None)?.each);
    Ok(())
}

fn clipping(b: &mut Bench) -> Result<()> {
    let (params, ids) = b.params(&[&[70, 90], &[3], &[5]])?;
    for limit in [None, Some(0.5), Some(1e6)] {
        let mut gradients = Gradients::default();
        for (i, &id) in ids[..2].iter().enumerate() {
            let gradient = tensor(params.shape(id).dims(), 10 + i as u64);
            let gradient = match b.device.opencl() {
                Some(device) => device.upload(&gradient)?,
                None => gradient,
            };
            gradients.add(id, gradient);
        }
        let norms = gradients.reduce(&params, &b.threads)?.norms(limit)?;
        b.keep_numbers("total", &[norms.total, norms.clipped, f64::from(norms.factor)]);
        b.keep_numbers("each", &norms.each);
    }
    Ok(())
}

/// Twelve steps of three parameters: one that is larger than a piece of work, one that has a
/// gradient every other step, one that has none; one step in between is refused.
fn optimizer(b: &mut Bench, config: OptimizerConfig) -> Result<()> {
    let (mut params, ids) = b.params(&[&[70, 90], &[33], &[5]])?;
    let mut optimizer = Optimizer::new(config, &params)?;
    for t in 0..12_u64 {
        let mut gradients = Gradients::default();
        for (i, &id) in ids[..2].iter().enumerate() {
            if i == 1 && t % 2 == 1 {
                continue;
            }
            let gradient = tensor(params.shape(id).dims(), 50 + 2 * t + i as u64);
            let gradient = match b.device.opencl() {
                Some(device) => device.upload(&gradient)?,
                None => gradient,
            };
            gradients.add(id, gradient);
        }
        let gradients = gradients.reduce(&params, &b.threads)?;
        let loss = if t == 6 { f64::NAN } else { 1.5 };
        let metrics = [DeferredScalar::from(loss), DeferredScalar::from(7.0)];
        let how =
            Update { limit: Some(10.0), learning_rate: 0.02, ratios: t >= 6, metrics: &metrics };
        let before = b.device.opencl().map(OpenCl::counters);
        let report = optimizer.update(&mut params, &gradients, &how, &b.threads)?;
        let measured = report.read(&mut optimizer)?;
        if let (Some(device), Some(before)) = (b.device.opencl(), before) {
            let cost = device.counters().since(&before);
            assert!(cost.reads == 1 && cost.launches <= 7, "{cost:?}");
        }
        assert_eq!(measured.updated, t != 6);
        b.keep_numbers("number", &measured.metrics[1..]);
        let norms = &measured.norms;
        b.keep_numbers("norms", &[norms.total, f64::from(norms.factor)]);
        b.keep_numbers("each", &norms.each);
        b.keep_numbers("ratios", &measured.ratios.unwrap_or_default());
    }
    for (name, value) in params.iter() {
        b.keep(name, value)?;
    }
    let steps: Vec<f64> = optimizer.state().steps.iter().map(|&n| n as f64).collect();
    b.keep_numbers("steps", &steps);
    for (name, i, value) in optimizer.state().tensors() {
        b.keep(format!("{name} {i}"), value)?;
    }
    // The other entrance, and a state that comes back.
    let state = optimizer.state().clone();
    let mut again = Optimizer::new(config, &params)?;
    again.restore(state.clone())?;
    let mut gradients = Gradients::default();
    let gradient = tensor(&[33], 99);
    gradients.add(ids[1], b.device.opencl().map_or(Ok(gradient.clone()), |d| d.upload(&gradient))?);
    let how = Update { limit: Some(0.5), ratios: true, ..Update::new(0.1) };
    let measured = again.step(&mut params, gradients, &how, &b.threads)?;
    b.keep_numbers("ratios", &measured.ratios.unwrap_or_default());
    b.keep("after", params.get(ids[1]))?;
    for (name, i, value) in state.tensors() {
        b.keep(format!("{name} {i} as it was"), value)?;
    }
    Ok(())
}

fn average(b: &mut Bench) -> Result<()> {
    let (mut average, _) = b.params(&[&[7, 9], &[3]])?;
    let mut other = Params::new();
    other.add("p0", tensor(&[7, 9], 1))?;
    other.add("p1", tensor(&[3], 2))?;
    other.to_device(&b.device)?;
    average.blend(0.9, 0.1, &other, &b.threads)?;
    for (name, value) in average.iter() {
        b.keep(name, value)?;
    }
    Ok(())
}
