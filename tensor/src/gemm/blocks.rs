//! Rows times a packed weight, in blocks of columns that are used at once and never stored together.

use std::ops::Range;

use super::int8;
use super::kernel::rows_times_panels;
use super::output::Output;
use super::pack::Packed;
use super::rows::{Rows, SumStart};
use super::work::{count, duration};
use crate::cpu::buffer::Buffer;
use crate::simd::{Kernel, Simd, dispatch};
use crate::threads::{Threads, part};

/// Blocks begin at multiples of this: at a panel of every form of a weight.
const GRAIN: usize = 32;
/// Columns of a block of few rows.
const COLUMNS: usize = 1024;
/// Maximum number of elements of a block of many rows: it stays in the second-level cache.
const ELEMENTS: usize = 1 << 16;

/// Computes init + X W, as [`matmul`](super::matmul()) does, in blocks of columns, and calls `visit`
/// with the columns of each block and its elements, row-major.
///
/// The columns are divided among `parts`, in order; the blocks of one part are visited in order, with
/// the part's own state. It panics if the width of `x` is not `w.depth()`.
pub(crate) fn matmul_blocks<A: Send>(
    threads: &Threads,
    x: Rows<'_>,
    w: &Packed,
    init: SumStart<'_>,
    parts: &mut [A],
    visit: impl Fn(&mut A, Range<usize>, &[f32]) + Sync,
) {
    assert_eq!(x.width(), w.depth(), "columns of X and rows of W");
    let (rows, width, number) = (x.rows(), w.width(), parts.len());
    if rows == 0 {
        return;
    }
    count(rows, w.depth(), width);
    let most = (ELEMENTS / rows / GRAIN * GRAIN).clamp(GRAIN, COLUMNS);
    let left = w.int8_panels().map(|w| int8::Left::new(x, w));
    threads.for_each_of(duration(rows, w.depth(), width), parts, |i, state| {
        let columns = part(width, GRAIN, number, i);
        let mut block = Buffer::uninit(rows * most.min(columns.len()));
        let Some(block) = block.unique() else { return };
        for start in columns.clone().step_by(most) {
            let columns = start..(start + most).min(columns.end);
            let block = &mut block[..rows * columns.len()];
            let output = Output::block(block, columns.clone());
            match (&left, w.int8_panels()) {
                (Some(left), Some(w)) => left.times(w, columns.clone(), output, init),
                _ => {
                    let columns = columns.clone();
                    dispatch(Multiply { x, w, columns, output, init });
                }
            }
            visit(state, columns, block);
        }
    });
}

struct Multiply<'a> {
    x: Rows<'a>,
    w: &'a Packed,
    /// Whole panels, but for the last one of the weight.
    columns: Range<usize>,
    output: Output,
    init: SumStart<'a>,
}

impl Kernel for Multiply<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        const { assert!(GRAIN.is_multiple_of(2 * S::LANES)) };
        let Self { x, w, columns, output, init } = self;
        let nr = 2 * S::LANES;
        let panels = columns.start / nr..columns.end.div_ceil(nr);
        // SAFETY: `Rows::start` checks that all rows can be read, the panels are within the packed
        // matrix, and the output is a block of these columns.
        unsafe { rows_times_panels(s, x, w, 0..x.rows(), panels, output, init) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gemm::{Int8Matrix, Side, matmul};

    #[test]
    fn blocks_are_those_of_the_whole_product() {
        let value = |i: usize| ((i * 7919) % 211) as f32 / 105.0 - 1.0;
        for (rows, inputs, outputs) in [(1, 5, 3), (3, 40, 1100), (70, 33, 2085), (2100, 3, 70)] {
            let x: Vec<f32> = (0..rows * inputs).map(value).collect();
            let w: Vec<f32> = (0..outputs * inputs).map(value).collect();
            let bias: Vec<f32> = (0..outputs).map(value).collect();
            let threads = Threads::new(2);
            let int8 = Int8Matrix::quantize(&w, inputs).unwrap();
            let forms = [
                Packed::new(&threads, &w, inputs, 0..inputs, Side::Transposed),
                Packed::int8(&int8, 0..outputs, 0..inputs),
            ];
            for packed in forms {
                let (x, init) = (Rows::new(&x, inputs), SumStart::Bias(&bias));
                let mut want = vec![0.0; rows * outputs];
                matmul(&threads, x, &packed, &mut want, init);
                for number in [1, 2, 5] {
                    let mut parts = vec![Vec::new(); number];
                    matmul_blocks(&threads, x, &packed, init, &mut parts, |all, columns, block| {
                        all.push((columns, block.to_vec()));
                    });
                    let mut next = 0;
                    for (columns, block) in parts.into_iter().flatten() {
                        assert_eq!(columns.start, next);
                        next = columns.end;
                        for (got, want) in
                            block.chunks(columns.len()).zip(want.chunks_exact(outputs))
                        {
                            assert_eq!(got, &want[columns.clone()]);
                        }
                    }
                    assert_eq!(next, outputs);
                }
            }
        }
    }
}
