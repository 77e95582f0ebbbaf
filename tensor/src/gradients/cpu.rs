//! Reduction of gradients on the processor.

use std::ops::Range;

use super::gradient::{Gradient, RowGradient};
use super::slot::{Deferred, Slot, Sum};
use crate::cpu::elementwise as kernels;
use crate::cpu::pooled_vec::PooledVec;
use crate::error::{Error, Result};
use crate::gemm::{Product, Rows, weight_gradient};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::threads::Threads;

/// Returns the gradient that the parts of a slot add up to, for a parameter of this value.
pub(super) fn reduce(slot: Slot, value: &Tensor, threads: &Threads) -> Result<Gradient> {
    let shape = value.shape();
    let mut sparse = None;
    if !slot.rows.is_empty() {
        sparse = Some(RowGradient::gather(&slot.rows, shape.rows(), shape.width())?);
    }
    if slot.dense.is_empty() && slot.products.is_empty() && slot.sums.is_empty() {
        return Ok(sparse.map_or(Gradient::None, Gradient::Rows));
    }
    let mut dense = slot.dense.into_iter();
    let mut total = dense.next();
    if let Some(t) = &total
        && t.shape() != shape
    {
        return Err(Error::shapes("gradient", t.shape(), shape));
    }
    for t in dense {
        if t.shape() != shape {
            return Err(Error::shapes("gradient", t.shape(), shape));
        }
        if let Some(total) = &mut total {
            add(total, &t, threads);
        }
    }
    if !slot.products.is_empty() {
        let blocks = blocks(&slot.products, shape)?;
        // If there is nothing to add to, products over the whole weight overwrite the memory.
        let fresh = total.is_none() && tile(&blocks, shape);
        let mut into = match total {
            Some(t) => t,
            None if fresh => Tensor::uninit(shape),
            None => Tensor::zeros(shape),
        };
        multiply(&slot.products, &blocks, &mut into, !fresh, threads);
        total = Some(into);
    }
    let mut total = total.unwrap_or_else(|| Tensor::zeros(shape));
    add_sums(&slot.sums, &mut total, threads)?;
    if let Some(rows) = sparse {
        rows.add_to(total.data_mut(), shape.width());
    }
    Ok(Gradient::Dense(total))
}

/// Adds a gradient to another one of the same shape.
fn add(total: &mut Tensor, other: &Tensor, threads: &Threads) {
    const PIECE: usize = 1 << 14;
    let other = other.data();
    let mut pieces: PooledVec<&mut [f32]> = total.data_mut().chunks_mut(PIECE).collect();
    threads.for_each_of(other.len() / 4, &mut pieces, |i, piece| {
        kernels::add(piece, &other[i * PIECE..][..piece.len()]);
    });
}

/// Adds the column sums of biases' gradients; each thread works on other columns.
fn add_sums(sums: &[Sum], into: &mut Tensor, threads: &Threads) -> Result<()> {
    let shape = into.shape();
    let whole = 0..shape.len();
    for Sum { elements, dy, columns } in sums {
        let elements = elements.as_ref().unwrap_or(&whole);
        let fits = columns.len() == elements.len()
            && elements.end <= shape.len()
            && columns.end <= dy.shape().width();
        if !fits {
            return Err(Error::shapes("bias gradient", dy.shape(), shape));
        }
    }
    let mut parts: PooledVec<&mut [f32]> = into.data_mut().chunks_mut(COLUMNS).collect();
    let summed: usize = sums.iter().map(|s| s.dy.shape().rows() * s.columns.len()).sum();
    threads.for_each_of(summed / 16, &mut parts, |i, part| {
        let first = i * COLUMNS;
        for Sum { elements, dy, columns } in sums {
            let elements = elements.as_ref().unwrap_or(&whole);
            let (from, to) = (elements.start.max(first), elements.end.min(first + part.len()));
            if from < to {
                let start = columns.start + from - elements.start;
                let part = &mut part[from - first..to - first];
                kernels::add_rows(part, dy.data(), dy.shape().width(), start);
            }
        }
    });
    Ok(())
}

/// Columns of a bias's gradient that one thread sums at a time.
const COLUMNS: usize = 512;

/// A range of rows and of columns of a weight.
type Block = (Range<usize>, Range<usize>);

fn block(product: &Deferred, shape: Shape) -> Block {
    (product.rows.clone().unwrap_or(0..shape.rows()), product.columns.clone())
}

/// Returns the blocks of a weight that products belong to, each once.
fn blocks(products: &[Deferred], shape: Shape) -> Result<PooledVec<Block>> {
    let mut blocks = PooledVec::new();
    for product in products {
        let block = block(product, shape);
        product.check(&block.0, &block.1, shape)?;
        if !blocks.contains(&block) {
            blocks.push(block);
        }
    }
    Ok(blocks)
}

/// Returns true if the blocks cover a weight of this shape and do not overlap.
fn tile(blocks: &[Block], shape: Shape) -> bool {
    let meet = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
    let apart = blocks.iter().enumerate().all(|(i, (rows, columns))| {
        blocks[..i].iter().all(|(r, c)| !(meet(rows, r) && meet(columns, c)))
    });
    let elements: usize = blocks.iter().map(|(rows, columns)| rows.len() * columns.len()).sum();
    apart && elements == shape.len()
}

/// Computes one product per block.
fn multiply(
    products: &[Deferred],
    blocks: &[Block],
    into: &mut Tensor,
    add: bool,
    threads: &Threads,
) {
    let shape = into.shape();
    for of in blocks {
        let same = products.iter().filter(|p| block(p, shape) == *of);
        let terms = same.map(|p| Product {
            x: Rows::new(p.x.data(), p.x.shape().width()),
            dy: Rows::columns(
                p.dy.data(),
                p.dy.shape().width(),
                p.dy_columns.start,
                p.dy_columns.len(),
            ),
        });
        let terms: PooledVec<Product<'_>> = terms.collect();
        let (rows, columns) = of;
        let into = &mut into.data_mut()[rows.start * shape.width()..rows.end * shape.width()];
        weight_gradient(threads, &terms, into, shape.width(), columns.start, add);
    }
}
