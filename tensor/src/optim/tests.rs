//! The kernels against PyTorch, against the plain loops, and against each other.

use super::reference::Reference;
use super::*;
use crate::check::{assert_close, to_f64, values};
use crate::error::Error;
use crate::gradients::{Gradients, Norms, ReducedGradients};
use crate::params::{ParamId, Params};
use crate::tensor::Tensor;
use crate::threads::Threads;

type Case = (OptimizerConfig, f32, [f64; 6], [f64; 6]);

/// Configurations, learning rates, and PyTorch 2.15's values in f64 after steps 1 and 12, of
///
/// ```python
/// p = nn.Parameter(torch.tensor([[math.cos(2.0 * i + j) for j in range(2)] for i in range(3)]))
/// o = torch.optim.SGD([p], lr=0.05)  # and so on, with the values of the configuration
/// for t in range(12):
///     p.grad = torch.tensor([[math.sin(1.7 * i + 0.6 * j + 0.9 * t) * 2 for j in range(2)] for i in range(3)])
///     if t % 2: p.grad[t // 2 % 3] = 0
///     torch.nn.utils.clip_grad_norm_([p], 2.5)
///     o.step()
/// ```
#[rustfmt::skip]
fn torch() -> [Case; 13] {[
    (OptimizerConfig::Sgd(Sgd::default()), 0.05, [1.0, 0.49563077, -0.49460213, -1.04898876, -0.63342656, 0.34353641], [0.94365493, 0.60581508, -0.46568746, -1.02501401, -0.39783593, 0.4809345]),
    (OptimizerConfig::Sgd(Sgd { momentum: 0.9, weight_decay: 0.01 }), 0.05, [0.9995, 0.49536062, -0.49439405, -1.04849376, -0.63309973, 0.34339458], [0.76046418, 0.60861877, -1.22989214, -1.46632541, 0.60071675, 1.36488531]),
    (OptimizerConfig::Adam(Adam::default()), 0.05, [1.0, 0.49030231, -0.46614684, -1.0399925, -0.60364362, 0.33366219], [0.92301823, 0.45262983, -0.64463446, -1.13382307, -0.32272062, 0.55277948]),
    (OptimizerConfig::Adam(Adam { beta1: 0.8, beta2: 0.95, eps: 1e-3, weight_decay: 0.1 }), 0.05, [0.95049505, 0.49035502, -0.46611412, -1.03994628, -0.60374984, 0.33361945], [0.79016305, 0.45064135, -0.59096805, -1.06426258, -0.32209387, 0.51459468]),
    (OptimizerConfig::AdamW(AdamW::default()), 0.05, [0.9995, 0.49003216, -0.46593876, -1.0394975, -0.6033168, 0.33352035], [0.91732072, 0.44997575, -0.64128575, -1.12740481, -0.3199164, 0.55012671]),
    (OptimizerConfig::Adadelta(Adadelta::default()), 1.0, [1.0, 0.53714005, -0.41930911, -0.99315476, -0.65048144, 0.28682445], [0.99712996, 0.54367839, -0.41793679, -0.99153246, -0.63612996, 0.2932792]),
    (OptimizerConfig::Adadelta(Adadelta { rho: 0.95, eps: 1e-4, weight_decay: 0.1 }), 0.5, [0.97958759, 0.51796649, -0.43849794, -1.01233406, -0.63138361, 0.30600652], [0.90680733, 0.55056165, -0.42152, -0.97929292, -0.52303015, 0.34532838]),
    (OptimizerConfig::Adagrad(Adagrad::default()), 0.05, [1.0, 0.49030231, -0.46614684, -1.0399925, -0.60364362, 0.33366219], [0.95933487, 0.52912749, -0.46612114, -1.02483826, -0.49722548, 0.38805886]),
    (OptimizerConfig::Adagrad(Adagrad { eps: 1e-3, weight_decay: 0.1, lr_decay: 0.1, initial_accumulator_value: 0.5 }), 0.05, [0.99300839, 0.50026546, -0.46149398, -1.03180245, -0.62601048, 0.32641428], [0.94854603, 0.51461249, -0.46065382, -1.00314504, -0.54461337, 0.36267198]),
    (OptimizerConfig::RmsProp(RmsProp::default()), 0.05, [1.0, 0.04030236, -0.9161468, -1.48999245, -0.15364374, 0.78366214], [0.59187453, 0.43299883, -0.91212086, -1.33623782, 0.91977337, 1.33331819]),
    (OptimizerConfig::RmsProp(RmsProp { alpha: 0.9, eps: 1e-3, weight_decay: 0.1, momentum: 0.5, centered: false }), 0.05, [0.84673285, 0.38271439, -0.57393406, -1.14764516, -0.49658712, 0.44134955], [0.18947486, 0.37071841, -0.722403, -1.09791212, 0.33793782, 0.89292958]),
    (OptimizerConfig::RmsProp(RmsProp { alpha: 0.95, centered: true, ..RmsProp::default() }), 0.05, [1.0, 0.31088658, -0.64556256, -1.21940822, -0.42422791, 0.51307791], [0.80463452, 0.49025901, -0.64731322, -1.15075841, 0.1006924, 0.78642152]),
    (OptimizerConfig::RmsProp(RmsProp { alpha: 0.95, momentum: 0.5, centered: true, ..RmsProp::default() }), 0.05, [1.0, 0.31088658, -0.64556256, -1.21940822, -0.42422791, 0.51307791], [0.60722717, 0.33963598, -1.0203385, -1.41385261, 0.7994158, 1.28347133]),
]}

/// The gradient of [`torch`] at step `t`: its rows that are not zero.
fn torch_rows(t: usize) -> (Vec<u32>, Tensor) {
    let ids: Vec<u32> =
        (0..3).filter(|&i| t.is_multiple_of(2) || i as usize != t / 2 % 3).collect();
    let element =
        |i: u32, j: f64| ((1.7 * f64::from(i) + 0.6 * j + 0.9 * t as f64).sin() * 2.0) as f32;
    let data = ids.iter().flat_map(|&i| [element(i, 0.0), element(i, 1.0)]).collect();
    let rows = Tensor::from_vec([ids.len(), 2], data).unwrap();
    (ids, rows)
}

fn dense(params: &Params, id: ParamId, gradient: Tensor) -> ReducedGradients {
    let mut g = Gradients::default();
    g.add(id, gradient);
    g.reduce(params, &Threads::single()).unwrap()
}

fn sparse(params: &Params, id: ParamId, ids: &[u32], rows: Tensor) -> ReducedGradients {
    let mut g = Gradients::default();
    g.add_rows(id, ids, rows);
    g.reduce(params, &Threads::single()).unwrap()
}

/// A store of one parameter, its values reproducible, and its optimizer.
fn one(config: OptimizerConfig, dims: [usize; 2]) -> (Params, ParamId, Optimizer) {
    let mut params = Params::new();
    let data = values(dims[0] * dims[1], 1).iter().map(|&v| v as f32).collect();
    let id = params.add("p", Tensor::from_vec(dims, data).unwrap()).unwrap();
    let optimizer = Optimizer::new(config, &params).unwrap();
    (params, id, optimizer)
}

fn bits(t: &Tensor) -> Vec<u32> {
    t.data().iter().map(|v| v.to_bits()).collect()
}

#[test]
fn trajectories_are_pytorchs() {
    let threads = Threads::single();
    for (config, rate, first, last) in torch() {
        let (mut params, id, mut optimizer) = one(config, [3, 2]);
        let start = |k: usize| (2.0 * (k / 2) as f64 + (k % 2) as f64).cos() as f32;
        params.set(id, Tensor::from_vec([3, 2], (0..6).map(start).collect()).unwrap()).unwrap();
        for t in 0..12 {
            let (ids, rows) = torch_rows(t);
            let g = sparse(&params, id, &ids, rows);
            let norms = g.norms(Some(2.5)).unwrap();
            optimizer.step_with(&mut params, &g, &norms, rate, &threads, false).unwrap();
            if t == 0 {
                assert_close(&to_f64(params.get(id).data()), &first, 1e-6, &format!("{config:?}"));
            }
        }
        assert_close(&to_f64(params.get(id).data()), &last, 1e-5, &format!("{config:?}"));
    }
}

#[test]
fn kernels_agree_with_plain_loops_at_odd_lengths() {
    let threads = Threads::new(2);
    for (config, rate, ..) in torch() {
        for n in [1, 7, 16, 33, 4_097, 20_011] {
            let (mut params, id, mut optimizer) = one(config, [1, n]);
            let mut want = to_f64(params.get(id).data());
            let mut reference = Reference::<f64>::new(config, n);
            for t in 0..10 {
                let gradient: Vec<f64> = values(n, 100 + t);
                let to_f32 = gradient.iter().map(|&v| v as f32).collect();
                let g = dense(&params, id, Tensor::from_vec([1, n], to_f32).unwrap());
                let norms = g.norms(Some(1.5)).unwrap();
                let clipped: Vec<f64> =
                    gradient.iter().map(|g| g * f64::from(norms.factor)).collect();
                reference.step(&mut want, &clipped, f64::from(rate));
                optimizer.step_with(&mut params, &g, &norms, rate, &threads, t % 2 == 0).unwrap();
            }
            let what = format!("{config:?}, {n} elements");
            assert_close(&to_f64(params.get(id).data()), &want, 1e-5, &what);
            for (k, slot) in optimizer.state().slots.iter().enumerate() {
                let got = to_f64(slot.tensors[0].data());
                assert_close(&got, reference.slot(k), 1e-5, &format!("{what}: {}", slot.name));
            }
        }
    }
}

#[test]
fn rows_and_threads_change_no_bit() {
    let (table, width) = (1_003, 37);
    for (config, rate, ..) in torch() {
        let mut results = Vec::new();
        for (count, rows, ratios) in [
            (1, false, false),
            (1, true, false),
            (3, true, false),
            (3, true, true),
            (3, false, true),
        ] {
            let threads = Threads::new(count);
            let (mut params, id, mut optimizer) = one(config, [table, width]);
            for t in 0..6_usize {
                // Many rows, few rows, no row but the last, none at all.
                let live = |r: &u32| match t {
                    0 => r % 3 != 1,
                    3 => *r == table as u32 - 1,
                    4 => false,
                    _ => r % 2 == 1 && *r < 900,
                };
                let ids: Vec<u32> = (0..table as u32).filter(live).collect();
                let data = values(ids.len() * width, 50 + t as u64);
                let data = data.iter().map(|&v| v as f32).collect();
                let gradient = Tensor::from_vec([ids.len(), width], data).unwrap();
                let mut g = sparse(&params, id, &ids, gradient);
                if !rows {
                    let whole = g.get(id).to_dense(params.shape(id));
                    g = dense(&params, id, whole);
                }
                let norms = Norms { total: 1.0, clipped: 0.7, each: [1.0].into(), factor: 0.7 };
                optimizer.step_with(&mut params, &g, &norms, rate, &threads, ratios).unwrap();
            }
            let mut all = vec![bits(params.get(id))];
            all.extend(optimizer.state().tensors().map(|(_, _, t)| bits(t)));
            results.push(all);
        }
        assert!(results.iter().all(|r| *r == results[0]), "{config:?}");
    }
}

#[test]
fn ratios_are_of_the_change_to_the_value_before() {
    for (config, rate, ..) in torch() {
        let (mut params, id, _) = one(config, [311, 77]);
        params.add("zero", Tensor::zeros([3])).unwrap();
        params.add("unused", Tensor::full([3], 1.0)).unwrap();
        let zero = params.find("zero").unwrap();
        let mut optimizer = Optimizer::new(config, &params).unwrap();
        for count in [1, 3] {
            let before = to_f64(params.get(id).data());
            let mut g = Gradients::default();
            g.add_rows(id, &[3, 9], Tensor::full([2, 77], 0.5));
            g.add(zero, Tensor::zeros([3]));
            let g = g.reduce(&params, &Threads::single()).unwrap();
            let threads = Threads::new(count);
            let ratios = optimizer
                .step_with(&mut params, &g, &g.norms(None).unwrap(), rate, &threads, true)
                .unwrap();
            let after = to_f64(params.get(id).data());
            let norm = |x: &mut dyn Iterator<Item = f64>| x.map(|v| v * v).sum::<f64>().sqrt();
            let change = norm(&mut before.iter().zip(&after).map(|(b, a)| a - b));
            let ratio = change / norm(&mut before.iter().copied());
            let got = ratios.unwrap();
            assert!((got[0] / ratio - 1.0).abs() < 1e-5, "{config:?}: {} {ratio}", got[0]);
            assert_eq!(got[1..], [0.0, 0.0], "{config:?}");
        }
    }
}

#[test]
fn a_parameter_without_a_gradient_takes_no_step() {
    // PyTorch's Adam corrects by the parameter's own count of steps.
    let threads = Threads::single();
    let mut params = Params::new();
    let a = params.add("a", Tensor::full([3], 1.0)).unwrap();
    let b = params.add("b", Tensor::full([3], 1.0)).unwrap();
    let mut optimizer = Optimizer::new(OptimizerConfig::default(), &params).unwrap();
    let mut step = |ids: &[ParamId], optimizer: &mut Optimizer| {
        let mut g = Gradients::default();
        ids.iter().for_each(|&id| g.add(id, Tensor::full([3], 0.3)));
        let g = g.reduce(&params, &threads).unwrap();
        optimizer
            .step_with(&mut params, &g, &g.norms(None).unwrap(), 0.1, &threads, false)
            .unwrap();
        (params.get(a).copy().unwrap(), params.get(b).copy().unwrap())
    };
    let (first, rest) = step(&[a], &mut optimizer);
    assert_eq!(
        (rest.data(), optimizer.state().steps.as_slice()),
        ([1.0; 3].as_slice(), [1, 0].as_slice())
    );
    assert!((first.data()[0] - 0.9).abs() < 1e-6);
    let (_, late) = step(&[a, b], &mut optimizer);
    assert_eq!(late, first);
    assert_eq!(optimizer.state().steps, [2, 1]);
}

#[test]
fn a_restored_optimizer_goes_on_with_the_same_bits() {
    let threads = Threads::single();
    for (config, rate, ..) in torch() {
        let (mut params, id, mut optimizer) = one(config, [3, 2]);
        let mut saved = None;
        for t in 0..8 {
            if t == 4 {
                let value = params.get(id).clone();
                saved = Some((value, optimizer.state().clone()));
            }
            let (ids, rows) = torch_rows(t);
            let g = sparse(&params, id, &ids, rows);
            optimizer
                .step_with(&mut params, &g, &g.norms(None).unwrap(), rate, &threads, false)
                .unwrap();
        }
        let (value, state) = saved.unwrap();
        let (mut again, id, mut other) = one(config, [3, 2]);
        again.set(id, value).unwrap();
        other.restore(state).unwrap();
        for t in 4..8 {
            let (ids, rows) = torch_rows(t);
            let g = sparse(&again, id, &ids, rows);
            other
                .step_with(&mut again, &g, &g.norms(None).unwrap(), rate, &threads, false)
                .unwrap();
        }
        assert_eq!(bits(params.get(id)), bits(again.get(id)), "{config:?}");
        assert_eq!(optimizer.state(), other.state(), "{config:?}");
    }
}

#[test]
fn a_strange_state_is_refused() {
    let (params, _, mut adam) = one(OptimizerConfig::default(), [3, 2]);
    let before = adam.state().clone();
    let sgd = Optimizer::new(OptimizerConfig::by_name("sgd").unwrap(), &params).unwrap();
    let text = adam.restore(sgd.state().clone()).unwrap_err().to_string();
    assert_eq!(text, "restore optimizer: found no slot, expected exp_avg, exp_avg_sq");
    let (_, _, other) = one(OptimizerConfig::default(), [2, 3]);
    assert!(matches!(adam.restore(other.state().clone()), Err(Error::Shapes { .. })));
    let mut short = before.clone();
    short.slots[1].tensors.clear();
    assert!(adam.restore(short).is_err());
    let mut long = before.clone();
    long.steps.push(0);
    assert!(adam.restore(long).is_err());
    assert_eq!(*adam.state(), before);
}

#[test]
fn a_step_that_cannot_be_taken_changes_nothing() {
    let threads = Threads::single();
    let (mut params, id, mut optimizer) = one(OptimizerConfig::default(), [3, 2]);
    let before = params.get(id).copy().unwrap();
    let good = dense(&params, id, Tensor::full([3, 2], 1.0));
    let norms = good.norms(None).unwrap();
    for rate in [-0.1, f32::NAN, f32::INFINITY] {
        assert!(optimizer.step_with(&mut params, &good, &norms, rate, &threads, false).is_err());
    }
    for bad in [f32::NAN, f32::INFINITY] {
        let g = dense(&params, id, Tensor::full([3, 2], bad));
        let refused =
            optimizer.step_with(&mut params, &g, &g.norms(Some(1.0)).unwrap(), 0.1, &threads, true);
        assert!(refused.unwrap_err().to_string().contains("norm is"));
    }
    let (strangers, stranger, _) = one(OptimizerConfig::default(), [2, 3]);
    let g = dense(&strangers, stranger, Tensor::full([2, 3], 1.0));
    assert!(optimizer.step_with(&mut params, &g, &norms, 0.1, &threads, false).is_err());
    let (strangers, stranger, _) = one(OptimizerConfig::default(), [9, 2]);
    let g = sparse(&strangers, stranger, &[1, 8], Tensor::full([2, 2], 1.0));
    let refused = optimizer.step_with(&mut params, &g, &norms, 0.1, &threads, false);
    assert!(matches!(refused, Err(Error::Id { id: 8, rows: 3, .. })));
    assert_eq!((params.get(id), optimizer.state().steps[0]), (&before, 0));
    params.add("more", Tensor::zeros([1])).unwrap();
    assert!(optimizer.step_with(&mut params, &good, &norms, 0.1, &threads, false).is_err());
}

#[test]
fn configurations_are_data() {
    for name in OptimizerConfig::NAMES {
        let config = OptimizerConfig::by_name(name).unwrap();
        assert_eq!(config.name(), name);
        let json = serde_json::to_string(&config).unwrap();
        assert!(json.starts_with(&format!("{{\"{name}\":")), "{json}");
        assert_eq!(serde_json::from_str::<OptimizerConfig>(&json).unwrap(), config);
        assert_eq!(
            serde_json::from_str::<OptimizerConfig>(&format!("{{\"{name}\":{{}}}}")).unwrap(),
            config
        );
    }
    let unknown = serde_json::from_str::<OptimizerConfig>(r#"{"adam":{"beta3":1}}"#);
    assert!(unknown.unwrap_err().to_string().contains("beta3"));
}

#[test]
fn values_out_of_range_are_refused() {
    let adam = Adam::default();
    for bad in [
        OptimizerConfig::Sgd(Sgd { momentum: -0.1, ..Sgd::default() }),
        OptimizerConfig::Adam(Adam { beta1: 1.0, ..adam }),
        OptimizerConfig::Adam(Adam { beta2: -0.1, ..adam }),
        OptimizerConfig::Adam(Adam { eps: f64::NAN, ..adam }),
        OptimizerConfig::AdamW(AdamW { weight_decay: f64::INFINITY, ..AdamW::default() }),
        OptimizerConfig::Adadelta(Adadelta { rho: 1.1, ..Adadelta::default() }),
        OptimizerConfig::Adagrad(Adagrad { lr_decay: -1.0, ..Adagrad::default() }),
        OptimizerConfig::RmsProp(RmsProp { alpha: -1.0, ..RmsProp::default() }),
    ] {
        assert!(Optimizer::new(bad, &Params::new()).is_err(), "{bad:?}");
    }
}
