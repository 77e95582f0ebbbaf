//! A device's own promises; the operations' parity with the host is in the crate `tests`.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used)]

use super::{Matrix, ProductForm, ProductOutput, Program, Start, Way};
use crate::check::{assert_close, opencl, to_f32, to_f64, values};
use crate::{Device, Error, Gradients, Params, Tensor, Threads};

fn tensor(shape: [usize; 2], seed: u64) -> Tensor {
    Tensor::from_vec(shape, to_f32(&values(shape[0] * shape[1], seed))).unwrap()
}

/// op(A) op(B) in plain loops.
fn product(form: ProductForm, a: &Tensor, b: &Tensor) -> Tensor {
    let (a, b) = (a.view2().mapv(f64::from), b.view2().mapv(f64::from));
    let y = match form {
        ProductForm::Nn => a.dot(&b),
        ProductForm::Nt => a.dot(&b.t()),
        ProductForm::Tn => a.t().dot(&b),
    };
    Tensor::from(y.mapv(|v| v as f32))
}

#[test]
fn products_are_right_at_any_size() {
    let Some(device) = opencl() else { return };
    let device = device.opencl().unwrap();
    let sizes = [(1, 1, 1), (5, 3, 2), (33, 65, 17), (64, 64, 16), (130, 257, 40), (300, 150, 532)];
    for (m, n, k) in sizes {
        for form in [ProductForm::Nn, ProductForm::Nt, ProductForm::Tn] {
            let a = tensor(if form == ProductForm::Tn { [k, m] } else { [m, k] }, 1);
            let b = tensor(if form == ProductForm::Nt { [n, k] } else { [k, n] }, 2);
            let (bias, before) = (tensor([1, n], 3), tensor([m, n], 4));
            let want = product(form, &a, &b);
            let up = |t: &Tensor| device.upload(t).unwrap();
            let (a, b, bias_on_device) = (up(&a), up(&b), up(&bias.clone().reshape([n]).unwrap()));
            let ways = (0..3).map(|tile| Way::Tiles { tile, slices: 1 + tile % 2 });
            let slices = [1, 2, 4, 8].into_iter().filter(|n| k.is_multiple_of(*n));
            let sliced = slices.map(|slices| Way::Tiles { tile: 2, slices });
            let ways = ways.filter(|way| *way != Way::Tiles { tile: 1, slices: 2 } || k % 2 == 0);
            let rounded =
                (0..2).map(|tile| Way::Cores { tile, slices: 1 + usize::from(k % 2 == 0) });
            let ways = [Way::Bands].into_iter().chain(ways).chain(sliced).chain(rounded);
            for (i, way) in ways.enumerate() {
                let kind = (i + m) % 3;
                let mut c = up(&before);
                let start = [Start::Zero, Start::Bias(&bias_on_device), Start::Output][kind];
                let factors = (Matrix::new(&a), Matrix::new(&b));
                let to = ProductOutput::new(&mut c);
                device.products_by(Some(way), 1, form, factors, to, start).unwrap();
                let mut want = to_f64(want.data());
                for (i, w) in want.iter_mut().enumerate() {
                    *w += [0.0, bias.data()[i % n].into(), before.data()[i].into()][kind];
                }
                let tolerance = if matches!(way, Way::Cores { .. }) { 1e-2 } else { 1e-5 };
                assert_close(
                    &to_f64(c.data()),
                    &want,
                    tolerance,
                    &format!("{way:?} {form:?} {m} {n} {k} {kind}"),
                );
            }
        }
    }
}

/// What tensor cores give: sums in f32 of products of factors with 10 bits of fraction.
#[test]
fn factors_of_tf32_are_rounded_and_sums_are_not() {
    let Some(device) = opencl() else { return };
    let device = device.opencl().unwrap();
    let (m, n, k) = (20, 70, 75);
    let (a, b) = (tensor([m, k], 1), tensor([k, n], 2));
    let rounded = |t: &Tensor| {
        let bits = |v: &f32| f32::from_bits((v.to_bits() + 0x1000) & 0xffff_e000);
        Tensor::from_vec(t.shape(), t.data().iter().map(bits).collect()).unwrap()
    };
    let want = product(ProductForm::Nn, &rounded(&a), &rounded(&b));
    let (a, b) = (device.upload(&a).unwrap(), device.upload(&b).unwrap());
    for tile in 0..2 {
        let mut c = device.uninit([m, n]).unwrap();
        let factors = (Matrix::new(&a), Matrix::new(&b));
        let way = Some(Way::Cores { tile, slices: 1 });
        let to = ProductOutput::new(&mut c);
        device.products_by(way, 1, ProductForm::Nn, factors, to, Start::Zero).unwrap();
        assert_close(&to_f64(c.data()), &to_f64(want.data()), 1e-6, "rounded factors");
    }
    // What is no number, and what is too large for one, goes through.
    let odd = [f32::NAN, f32::INFINITY, f32::from_bits(0x7fff_ffff), f32::MAX];
    let x = device.upload(&Tensor::from_vec([4, 1], odd.to_vec()).unwrap()).unwrap();
    let one = device.full([1, 1], 1.0).unwrap();
    let mut y = device.uninit([4, 1]).unwrap();
    let factors = (Matrix::new(&x), Matrix::new(&one));
    let way = Some(Way::Cores { tile: 1, slices: 1 });
    device
        .products_by(way, 1, ProductForm::Nn, factors, ProductOutput::new(&mut y), Start::Zero)
        .unwrap();
    let y = y.data();
    assert!(
        y[0].is_nan() && y[1] == f32::INFINITY && y[2].is_nan() && y[3] == f32::INFINITY,
        "{y:?}"
    );
}

#[test]
fn blocks_and_batches_of_products() {
    let Some(device) = opencl() else { return };
    let device = device.opencl().unwrap();
    let (x, w) = (tensor([7, 10], 1), tensor([9, 12], 2));
    let (a, b) = (device.upload(&x).unwrap(), device.upload(&w).unwrap());
    let mut y = device.zeros([7, 8]).unwrap();
    // Columns 3..8 of x times the block of rows 2..6 and columns 1..6 of w, to columns 4..8.
    let (ma, mb) = (Matrix::block(&a, 0..7, 3..8), Matrix::block(&b, 2..6, 1..6));
    device
        .product(ProductForm::Nt, ma, mb, ProductOutput::block(&mut y, 0, 4), Start::Zero)
        .unwrap();
    let part = |t: &Tensor, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| {
        Tensor::from(t.view2().slice(ndarray::s![rows, columns]).to_owned())
    };
    let want = product(ProductForm::Nt, &part(&x, 0..7, 3..8), &part(&w, 2..6, 1..6));
    assert_close(&to_f64(part(&y, 0..7, 4..8).data()), &to_f64(want.data()), 1e-5, "block");
    assert!(part(&y, 0..7, 0..4).data().iter().all(|&v| v == 0.0));
    // Time-major [S, B, K] keys against [B, K] queries: scores [B, S].
    let (s, batch, k) = (5, 3, 4);
    let (keys, query) = (tensor([s * batch, k], 3), tensor([batch, k], 4));
    let (tk, tq) = (device.upload(&keys).unwrap(), device.upload(&query).unwrap());
    let mut scores = device.uninit([batch, s]).unwrap();
    let (a, b) =
        (Matrix::strided(&tq, 0, (1, k), k, k), Matrix::strided(&tk, 0, (s, k), batch * k, k));
    let to = ProductOutput::strided(&mut scores, 0, s, s);
    device.products(batch, ProductForm::Nt, a, b, to, Start::Zero).unwrap();
    for i in 0..batch {
        for t in 0..s {
            let dot = |j: usize| keys.data()[(t * batch + i) * k + j] * query.data()[i * k + j];
            let want: f32 = (0..k).map(dot).sum();
            assert!((scores.data()[i * s + t] - want).abs() < 1e-5);
        }
    }
    // What does not fit is refused.
    let (a, b) = (Matrix::new(&tk), Matrix::new(&tq));
    assert!(
        device
            .product(ProductForm::Nn, a, b, ProductOutput::new(&mut scores), Start::Zero)
            .is_err()
    );
    let a = Matrix::strided(&tq, 8, (batch, k), k, 0);
    assert!(
        device
            .product(ProductForm::Nt, a, b, ProductOutput::new(&mut scores), Start::Zero)
            .is_err()
    );
}

#[test]
fn memory_is_shared_reused_and_copied_on_write() {
    let Some(device) = opencl() else { return };
    let device = device.opencl().unwrap();
    let t = device.upload(&tensor([6, 50], 1)).unwrap();
    let mut row = t.index(2);
    let before = row.data().to_vec();
    device.scale(&mut row, 2.0).unwrap();
    assert_eq!(t.index(2).data(), before);
    assert!(row.data().iter().zip(&before).all(|(a, b)| *a == 2.0 * b));
    // Reading is counted once for each tensor, and not at all for what small ones brought along.
    let start = device.counters();
    assert_eq!((t.data().len(), t.data().len()), (300, 300));
    assert_eq!(device.counters().since(&start).reads, 1);
    assert_eq!(device.upload(&Tensor::scalar(3.0)).unwrap().data(), [3.0]);
    assert_eq!(device.counters().since(&start).reads, 1);
    let taken = device.memory_taken();
    for _ in 0..10 {
        drop(device.uninit([1000]).unwrap());
    }
    assert!(device.memory_taken() <= taken + 8_000);
    // On the host a device's tensor is another one.
    let mut here = t.clone();
    here.data_mut()[0] = 7.0;
    assert!(here.opencl().is_none() && t.opencl().is_some());
    assert_ne!(t.data()[0], 7.0);
}

#[test]
fn deferred_gradients_are_those_of_the_host() {
    let Some(device) = opencl() else { return };
    let mut params = Params::new();
    let w = params.add("w", Tensor::zeros([4, 6])).unwrap();
    let b = params.add("b", Tensor::zeros([4])).unwrap();
    let table = params.add("table", Tensor::zeros([5, 3])).unwrap();
    let unused = params.add("unused", Tensor::zeros([2])).unwrap();
    let gather = |up: &dyn Fn(Tensor) -> Tensor| {
        let mut g = Gradients::default();
        let (x, dy) = (up(tensor([30, 6], 1)), up(tensor([30, 9], 2)));
        // Time steps in the backward pass's order, then others of their own memory.
        for t in (0..10).rev() {
            g.defer(w, 0..6, x.range(3 * t, 3), dy.range(3 * t, 3), 2..6);
            g.defer_sum(b, dy.range(3 * t, 3), 2..6);
        }
        for t in 0..11 {
            let (x, dy) = (up(tensor([2, 4], 20 + t)), up(tensor([2, 4], 40 + t)));
            g.defer(w, 1..5, x.clone(), dy.clone(), 0..4);
            g.defer_rows(w, 1..3, 0..4, x, dy.clone(), 0..2);
            g.defer_sum(b, dy.clone(), 0..4);
            g.defer_sum_of(b, 1..3, dy.clone().reshape([4, 2]).unwrap());
        }
        g.add(w, up(tensor([4, 6], 5)));
        g.add_rows_but(table, &[1, 4, 1, 0], Some(0), up(tensor([4, 3], 6)));
        g.add_rows(table, &[4, 2], up(tensor([2, 3], 7)));
        g
    };
    let threads = Threads::single();
    let want = gather(&|t| t).reduce(&params, &threads).unwrap();
    params.to_device(&device).unwrap();
    let opencl = device.opencl().unwrap();
    let got = gather(&|t| opencl.upload(&t).unwrap()).reduce(&params, &threads).unwrap();
    for id in [w, b, table] {
        let shape = params.shape(id);
        let (got, want) = (got.get(id).to_dense(shape), want.get(id).to_dense(shape));
        assert_close(&to_f64(got.data()), &to_f64(want.data()), 1e-5, params.name(id));
    }
    assert!(matches!(got.get(unused), crate::Gradient::None));
}

#[test]
fn parameters_move_and_keep_what_others_hold() {
    let Some(device) = opencl() else { return };
    let mut params = Params::new();
    let a = params.add("a", tensor([3, 5], 1)).unwrap();
    let b = params.add("b", tensor([1, 70], 2)).unwrap();
    let first = params.get(a).clone();
    params.to_device(&device).unwrap();
    assert!(params.opencl().is_some() && params.get(b).opencl().is_some());
    assert_eq!(params.get(a), &first);
    let held = params.get(a).clone();
    params.set(a, Tensor::full([3, 5], 2.0)).unwrap();
    params.update(&Threads::single(), |id, v| v[0] = if id == b { 9.0 } else { v[0] }).unwrap();
    assert_eq!(held, first);
    assert_eq!(params.get(a).data(), [2.0; 15]);
    let mut other = Params::new();
    other.add("a", Tensor::full([3, 5], 4.0)).unwrap();
    other.add("b", Tensor::full([1, 70], 1.0)).unwrap();
    assert!(params.blend(0.5, 0.5, &other, &Threads::single()).is_err());
    other.to_device(&device).unwrap();
    params.blend(0.25, 0.5, &other, &Threads::single()).unwrap();
    assert_eq!((params.get(a).data()[7], params.get(b).data()[0]), (2.5, 2.75));
    assert!(params.add("late", Tensor::zeros([1])).is_err());
    params.to_device(&Device::cpu(1)).unwrap();
    assert!(params.opencl().is_none() && params.get(a).opencl().is_none());
    assert_eq!(params.get(b).data()[0], 2.75);
}

#[test]
fn failures_are_clear_and_the_first_is_kept() {
    static BROKEN: Program = Program::new(&["__kernel void broken(const uint n) { nonsense; }"]);
    static KINDS: Program =
        Program::new(&["__kernel void kinds(const uint n, __global float *x, ulong at) {}"]);
    let Some(device) = opencl() else { return };
    let opencl = device.opencl().unwrap();
    let mut x = opencl.zeros([4]).unwrap();
    assert!(opencl.kernel(&KINDS, "kinds").uint(4).writes(&mut x).over(4).is_ok());
    for refused in [
        opencl.kernel(&KINDS, "kinds").uint(4).over(4),
        opencl.kernel(&KINDS, "kinds").float(4.0).writes(&mut x).over(4),
        opencl.kernel(&KINDS, "kinds").uint(4).reads(&Tensor::zeros([4])).over(4),
        opencl.kernel(&KINDS, "kinds").uint(usize::MAX).reads(&x).over(4),
    ] {
        assert!(matches!(refused, Err(Error::Argument { .. })), "{refused:?}");
    }
    opencl.check().unwrap();
    opencl.limit_memory(opencl.memory_taken() + (1 << 20));
    let error = opencl.uninit([1 << 20]).unwrap_err();
    assert!(error.to_string().contains("4.0 MiB more are needed"), "{error}");
    // A device whose memory is used up still works.
    assert!(opencl.uninit([4]).is_ok() && x.data() == [0.0; 4]);
    opencl.check().unwrap();
    let device = Device::open("opencl", 1).unwrap();
    let opencl = device.opencl().unwrap();
    let error = opencl.kernel(&BROKEN, "broken").uint(1).over(1).unwrap_err();
    assert!(error.to_string().contains("nonsense"), "{error}");
    assert_eq!(opencl.check(), Err(error));
}

#[test]
fn what_is_computed_on_the_host_is_refused() {
    use crate::{Backward, Op, Tape, Var};
    struct Stray(Var);
    impl Op for Stray {
        fn name(&self) -> &'static str {
            "stray"
        }
        fn backward(self, back: &mut Backward<'_>) -> crate::Result<()> {
            back.take(self.0);
            Ok(())
        }
    }
    let Some(device) = opencl() else { return };
    let mut params = Params::new();
    params.add("w", Tensor::zeros([1])).unwrap();
    params.to_device(&device).unwrap();
    let mut tape = Tape::new(&params);
    let x = tape.input(Tensor::full([2], 1.0));
    assert!(tape.value(x).opencl().is_some());
    let mut y = tape.value(x).copy().unwrap();
    y.data_mut()[0] = 2.0;
    let y = tape.output(y);
    tape.record(Stray(y));
    let error = tape.backward(&[(y, Tensor::zeros([2]))]).err().unwrap();
    assert_eq!(error, Error::NoKernel { op: "stray" });
}
