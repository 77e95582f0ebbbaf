//! Every path against plain loops, bit by bit.

use proptest::prelude::*;

use super::matrix::LARGEST;
use super::*;
use crate::gemm::{Packed, matmul_columns};

/// Rounds a row as the product does.
fn round(row: &[f32]) -> (Vec<i64>, f32) {
    let largest = row.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
    if largest == 0.0 {
        return (vec![0; row.len()], 0.0);
    }
    let inverse = LARGEST / largest;
    (row.iter().map(|v| (v * inverse).round_ties_even() as i64).collect(), largest / LARGEST)
}

/// out + X W^T in 64-bit integers, then in the order of operations that the module documents.
fn reference(x: &[f32], w: &Int8Matrix, depth: usize, out: &mut [f32]) {
    let outputs = w.scales().len();
    for (row, out) in x.chunks_exact(depth).zip(out.chunks_exact_mut(outputs)) {
        let (p, t) = round(row);
        for (o, out) in out.iter_mut().enumerate() {
            let q = &w.integers()[o * depth..][..depth];
            let sum: i64 = p.iter().zip(q).map(|(p, &q)| p * i64::from(q)).sum();
            *out += i32::try_from(sum).unwrap() as f32 * (t * w.scales()[o]);
        }
    }
}

fn run_on(path: Path, threads: &Threads, x: &[f32], w: &Int8Matrix, out: &mut [f32]) {
    let (outputs, depth) = (w.scales().len(), w.shape().width());
    let panels = Panels::pack(w, 0..outputs, 0..depth);
    let output = Output::columns(out, outputs, 0, outputs);
    matmul_on(path, threads, Rows::new(x, depth), &panels, output, SumStart::Output);
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

fn sizes() -> impl Strategy<Value = (usize, usize, usize)> {
    let rows = prop_oneof![1_usize..20, 95_usize..130];
    (rows, 1_usize..70, 1_usize..100)
}

fn product() -> impl Strategy<Value = (usize, Vec<f32>, Vec<f32>, Vec<f32>)> {
    sizes().prop_flat_map(|(rows, depth, outputs)| {
        // Extremes often, so that 16-bit sums would saturate.
        let value = || prop_oneof![Just(1.0_f32), Just(-1.0), Just(0.0), -1.0_f32..1.0];
        let values = |n| proptest::collection::vec(value(), n);
        (Just(depth), values(rows * depth), values(outputs * depth), values(rows * outputs))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_path_gives_the_bits_of_plain_loops((depth, x, w, start) in product()) {
        let w = Int8Matrix::quantize(&w, depth).unwrap();
        let mut want = start.clone();
        reference(&x, &w, depth, &mut want);
        for threads in [Threads::single(), Threads::new(2)] {
            for path in Path::available() {
                let mut out = start.clone();
                run_on(path, &threads, &x, &w, &mut out);
                prop_assert_eq!(bits(&out), bits(&want), "{:?}", path);
            }
        }
    }

    #[test]
    fn rounding_is_at_most_half_a_step((depth, x, w, _) in product()) {
        let matrix = Int8Matrix::quantize(&w, depth).unwrap();
        for row in matrix.integers().chunks_exact(depth) {
            prop_assert!(row.windows(2).all(|q| (i32::from(q[0]) + i32::from(q[1])).abs() <= 128));
        }
        for (i, (got, want)) in matrix.dequantize().iter().zip(&w).enumerate() {
            let step = matrix.scales()[i / depth];
            prop_assert!((got - want).abs() <= 0.501 * step, "{} {} {}", got, want, step);
        }
        // The error of a product: half a step of each operand for each term.
        let outputs = w.len() / depth;
        let mut out = vec![0.0; x.len() / depth * outputs];
        run_on(kernel::path(), &Threads::single(), &x, &matrix, &mut out);
        for (row, out) in x.chunks_exact(depth).zip(out.chunks_exact(outputs)) {
            for (w, got) in w.chunks_exact(depth).zip(out) {
                let exact: f32 = row.iter().zip(w).map(|(x, w)| x * w).sum();
                // A weight's step is up to 2 / 127, since its neighbours are up to 1.
                let bound = depth as f32 * (3.0 * 0.502 / 127.0 + 2e-4);
                prop_assert!((got - exact).abs() <= bound, "{} {} {}", got, exact, bound);
            }
        }
    }
}

#[test]
fn sums_of_extremes_do_not_saturate() {
    let depth = 4_096;
    let x: Vec<f32> = (0..3 * depth).map(|i| if i % 3 == 0 { -1.0 } else { 1.0 }).collect();
    let w: Vec<f32> = (0..33 * depth).map(|i| if i / 5 % 2 == 0 { 1.0 } else { -1.0 }).collect();
    let w = Int8Matrix::quantize(&w, depth).unwrap();
    let mut want = vec![0.5; 3 * 33];
    reference(&x, &w, depth, &mut want);
    for path in Path::available() {
        let mut out = vec![0.5; 3 * 33];
        run_on(path, &Threads::single(), &x, &w, &mut out);
        assert_eq!(bits(&out), bits(&want), "{path:?}");
    }
}

#[test]
fn a_value_that_is_not_finite_spoils_its_row_only() {
    let w = Int8Matrix::quantize(&[1.0, 0.5, -1.0, 0.25], 2).unwrap();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for path in Path::available() {
            let mut out = vec![0.0; 6];
            run_on(path, &Threads::single(), &[1.0, 1.0, bad, 0.0, 0.0, 0.0], &w, &mut out);
            assert!(out[..2].iter().all(|v| v.is_finite()), "{path:?}: {out:?}");
            assert!(out[2..4].iter().all(|v| v.is_nan()), "{path:?}: {out:?}");
            assert_eq!(out[4..], [0.0, 0.0]);
        }
        assert!(Int8Matrix::quantize(&[0.0, bad], 2).is_err());
    }
    assert!(Int8Matrix::quantize(&[0.0; 66_001], 66_001).is_err());
    let huge = Int8Matrix::quantize(&[3e38, 3e38, 1e-44, 1e-44], 2).unwrap();
    assert_eq!((huge.integers(), huge.scales()[1]), (&[64, 64, 0, 0][..], 0.0));
    assert!(huge.dequantize().iter().all(|v| v.is_finite()));
}

#[test]
fn a_block_of_the_weight_and_columns_of_the_output() {
    let (rows, inputs, outputs) = (5, 24, 70);
    let value = |i: usize| ((i * 7919) % 211) as f32 / 105.0 - 1.0;
    let w: Vec<f32> = (0..inputs * outputs).map(value).collect();
    let x: Vec<f32> = (0..rows * 10).map(value).collect();
    let matrix = Int8Matrix::quantize(&w, inputs).unwrap();
    let packed = Packed::int8(&matrix, 20..60, 7..17);
    assert_eq!((packed.depth(), packed.width()), (10, 40));
    let (bias, stride) = (vec![0.25; 40], 50);
    let mut out = vec![9.0; rows * stride];
    let threads = Threads::single();
    let init = SumStart::Bias(&bias);
    matmul_columns(&threads, Rows::new(&x, 10), &packed, &mut out, stride, 3, init);
    let values = matrix.dequantize();
    for (r, out) in out.chunks_exact(stride).enumerate() {
        assert!(out[..3].iter().chain(&out[43..]).all(|&v| v == 9.0), "other columns");
        for (c, got) in out[3..43].iter().enumerate() {
            let w = &values[(20 + c) * inputs + 7..][..10];
            let want: f32 = x[r * 10..][..10].iter().zip(w).map(|(x, w)| x * w).sum::<f32>() + 0.25;
            assert!((got - want).abs() < 0.05, "row {r}, column {c}: {got} {want}");
        }
    }
}
