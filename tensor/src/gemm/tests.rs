use super::*;
use crate::threads::Threads;

fn values(n: usize, seed: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919 + seed * 104_729) % 1_009) as f32 / 504.5 - 1.0).collect()
}

fn close(got: &[f32], want: &[f32], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= 1e-4 * w.abs().max(10.0), "{what} [{i}]: {g} {w}");
    }
}

/// Rows, inputs, outputs: tails of every tile, several blocks of depth and of rows.
const SIZES: [(usize, usize, usize); 10] = [
    (1, 1, 1),
    (1, 300, 33),
    (5, 7, 3),
    (6, 16, 16),
    (7, 257, 31),
    (13, 64, 129),
    (14, 70, 800),
    (100, 513, 65),
    (200, 40, 50),
    (401, 20, 47),
];

#[test]
fn products_agree_with_plain_loops() {
    for threads in [Threads::single(), Threads::new(3)] {
        for (rows, inputs, outputs) in SIZES {
            let what = format!("{rows} x {inputs} x {outputs}, {threads:?}");
            let (x, w) = (values(rows * inputs, 1), values(outputs * inputs, 2));
            let (dy, bias) = (values(rows * outputs, 3), values(outputs, 4));

            let packed = Packed::new(&threads, &w, inputs, 0..inputs, Side::Transposed);
            let want = reference::linear(&x, &w, Some(&bias), inputs);
            let mut y = vec![7.0; rows * outputs];
            matmul(&threads, Rows::new(&x, inputs), &packed, &mut y, SumStart::Bias(&bias));
            close(&y, &want, &what);
            matmul(&threads, Rows::new(&x, inputs), &packed, &mut y, SumStart::Output);
            let plain = reference::linear(&x, &w, None, inputs);
            let twice: Vec<f32> = want.iter().zip(&plain).map(|(a, b)| a + b).collect();
            close(&y, &twice, &what);
            matmul(&threads, Rows::new(&x, inputs), &packed, &mut y, SumStart::Zero);
            close(&y, &plain, &what);

            let packed = Packed::new(&threads, &w, inputs, 0..inputs, Side::Plain);
            let mut dx = vec![7.0; rows * inputs];
            matmul(&threads, Rows::new(&dy, outputs), &packed, &mut dx, SumStart::Zero);
            close(&dx, &reference::plain(&dy, &w, outputs), &what);

            let mut dw = vec![7.0; outputs * inputs];
            let term = Product { dy: Rows::new(&dy, outputs), x: Rows::new(&x, inputs) };
            weight_gradient(&threads, &[term], &mut dw, inputs, 0, false);
            close(&dw, &reference::outer(&dy, &x, outputs, inputs), &what);
        }
    }
}

#[test]
fn column_ranges_are_products_of_their_own() {
    let threads = Threads::new(2);
    let (rows, inputs, outputs, from, count) = (9, 50, 21, 13, 30);
    let (x, w, dy) =
        (values(rows * count, 1), values(outputs * inputs, 2), values(rows * outputs, 3));
    let part: Vec<f32> =
        w.chunks(inputs).flat_map(|r| r[from..from + count].iter().copied()).collect();
    let packed = Packed::new(&threads, &w, inputs, from..from + count, Side::Transposed);
    let mut y = vec![0.0; rows * outputs];
    matmul(&threads, Rows::new(&x, count), &packed, &mut y, SumStart::Zero);
    close(&y, &reference::linear(&x, &part, None, count), "columns");

    // The gradient goes to the same columns and leaves the others alone; terms add up.
    let mut dw = vec![5.0; outputs * inputs];
    let halves = [(0, 4), (4, 5)].map(|(start, n)| Product {
        dy: Rows::new(&dy[start * outputs..][..n * outputs], outputs),
        x: Rows::new(&x[start * count..][..n * count], count),
    });
    weight_gradient(&threads, &halves, &mut dw, inputs, from, false);
    let want = reference::outer(&dy, &x, outputs, count);
    for o in 0..outputs {
        let row = &dw[o * inputs..][..inputs];
        close(&row[from..from + count], &want[o * count..][..count], "gradient");
        assert!(row[..from].iter().chain(&row[from + count..]).all(|&v| v == 5.0));
    }

    // Columns of a wider matrix as the left operand.
    let wide = values(rows * 40, 8);
    let narrow: Vec<f32> = wide.chunks(40).flat_map(|r| r[5..35].iter().copied()).collect();
    matmul(&threads, Rows::columns(&wide, 40, 5, 30), &packed, &mut y, SumStart::Zero);
    close(&y, &reference::linear(&narrow, &part, None, count), "strided");
}

#[test]
fn a_repacked_weight_has_its_new_values() {
    let threads = Threads::single();
    let w = values(6 * 10, 1);
    let mut packed = Packed::new(&threads, &w, 10, 0..10, Side::Transposed);
    let new = values(6 * 10, 2);
    packed.fill(&threads, &new, 10);
    let x = values(10, 3);
    let mut y = vec![0.0; 6];
    matmul(&threads, Rows::new(&x, 10), &packed, &mut y, SumStart::Zero);
    close(&y, &reference::linear(&x, &new, None, 10), "repacked");
}

#[test]
fn row_ranges_are_products_of_their_own() {
    let threads = Threads::new(2);
    let (rows, inputs, outputs, from, count) = (9, 21, 50, 13, 30);
    let (x, w) = (values(rows * inputs, 1), values(outputs * inputs, 2));
    let range = from..from + count;
    let part = &w[from * inputs..(from + count) * inputs];

    // Forwards into some columns of a wider output, the others being left alone.
    let packed = Packed::block(&threads, &w, inputs, range.clone(), 0..inputs, Side::Transposed);
    let mut y = vec![5.0; rows * outputs];
    matmul_columns(
        &threads,
        Rows::new(&x, inputs),
        &packed,
        &mut y,
        outputs,
        from,
        SumStart::Output,
    );
    let want = reference::linear(&x, part, Some(&vec![5.0; count]), inputs);
    for (row, want) in y.chunks(outputs).zip(want.chunks(count)) {
        close(&row[range.clone()], want, "rows");
        assert!(row[..from].iter().chain(&row[from + count..]).all(|&v| v == 5.0));
    }

    let dy = values(rows * count, 3);
    let mut packed = Packed::block(&threads, &w, inputs, range, 0..inputs, Side::Plain);
    let mut dx = vec![7.0; rows * inputs];
    matmul(&threads, Rows::new(&dy, count), &packed, &mut dx, SumStart::Zero);
    close(&dx, &reference::plain(&dy, part, count), "back");
    let new = values(outputs * inputs, 4);
    packed.fill(&threads, &new, inputs);
    matmul(&threads, Rows::new(&dy, count), &packed, &mut dx, SumStart::Zero);
    close(&dx, &reference::plain(&dy, &new[from * inputs..][..count * inputs], count), "repacked");
}

#[test]
fn products_have_the_same_bits_however_they_are_cut() {
    let (one, many) = (Threads::single(), Threads::new(3));
    // All of them above the least work that is shared out.
    for (rows, inputs, outputs) in [(1, 300, 401), (13, 164, 229), (150, 513, 65), (401, 47, 50)] {
        let (x, w) = (values(rows * inputs, 1), values(outputs * inputs, 2));
        let (dy, bias) = (values(rows * outputs, 3), values(outputs, 4));
        let run = |threads: &Threads| {
            let packed = Packed::new(threads, &w, inputs, 0..inputs, Side::Transposed);
            let mut y = vec![7.0; rows * outputs];
            matmul(threads, Rows::new(&x, inputs), &packed, &mut y, SumStart::Bias(&bias));
            let mut dw = vec![7.0; outputs * inputs];
            let term = Product { dy: Rows::new(&dy, outputs), x: Rows::new(&x, inputs) };
            weight_gradient(threads, &[term], &mut dw, inputs, 0, true);
            (y, dw)
        };
        let want = run(&one);
        // More than once: whether a job is shared out depends on who is awake.
        for _ in 0..20 {
            assert_eq!(run(&many), want, "{rows} x {inputs} x {outputs}");
        }
    }
}
