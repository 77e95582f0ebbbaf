//! Gradients gathered from backward passes.

use std::ops::Range;

use super::reduced::ReducedGradients;
use super::slot::{Deferred, Slot, Sum};
use super::{cpu, opencl};
use crate::cpu::pooled_vec::PooledVec;
use crate::error::Result;
use crate::params::{ParamId, Params};
use crate::tensor::Tensor;
use crate::threads::Threads;

/// The gradients that backward passes gathered for each parameter, before they are reduced.
///
/// An operation adds a dense gradient, adds rows of a table, or defers a weight's gradient as the
/// (input, output gradient) rows of a product; [`Gradients::reduce`] multiplies each weight's rows
/// once. The gradients of several tapes (the threads' parts of a batch) are [merged](Self::merge)
/// first, so a weight whose rows are deferred still costs one product per step.
#[derive(Debug, Default)]
pub struct Gradients {
    slots: PooledVec<Slot>,
}

impl Gradients {
    fn slot(&mut self, id: ParamId) -> &mut Slot {
        if self.slots.len() <= id.index() {
            self.slots.resize_with(id.index() + 1, Slot::default);
        }
        &mut self.slots[id.index()]
    }

    /// Adds a dense gradient of the parameter's shape.
    pub fn add(&mut self, id: ParamId, gradient: Tensor) {
        self.slot(id).dense.push(gradient);
    }

    /// Adds gradients of rows of a table: row i of `gradients` is added to row `ids[i]`.
    pub fn add_rows(&mut self, id: ParamId, ids: &[u32], gradients: Tensor) {
        self.slot(id).rows.push((ids.into(), None, gradients));
    }

    /// Adds as [`Gradients::add_rows`] does, without the rows of `padding`.
    pub fn add_rows_but(
        &mut self,
        id: ParamId,
        ids: &[u32],
        padding: Option<u32>,
        gradients: Tensor,
    ) {
        self.slot(id).rows.push((ids.into(), padding, gradients));
    }

    /// Defers the gradient dY^T X of columns `columns` of a weight \[O, I\].
    ///
    /// `x` has rows as wide as `columns`; `dy_columns` selects O columns of the rows of `dy`.
    pub fn defer(
        &mut self,
        id: ParamId,
        columns: Range<usize>,
        x: Tensor,
        dy: Tensor,
        dy_columns: Range<usize>,
    ) {
        self.slot(id).products.push(Deferred { rows: None, columns, x, dy, dy_columns });
    }

    /// Defers as [`Gradients::defer`] does, for a range of the weight's rows, as many as
    /// `dy_columns`.
    pub fn defer_rows(
        &mut self,
        id: ParamId,
        rows: Range<usize>,
        columns: Range<usize>,
        x: Tensor,
        dy: Tensor,
        dy_columns: Range<usize>,
    ) {
        self.slot(id).products.push(Deferred { rows: Some(rows), columns, x, dy, dy_columns });
    }

    /// Defers the gradient of a bias: the sum of `columns` of the rows of `dy`.
    pub fn defer_sum(&mut self, id: ParamId, dy: Tensor, columns: Range<usize>) {
        self.slot(id).sums.push(Sum { elements: None, dy, columns });
    }

    /// Defers the gradient of some elements of a bias: the sum of the rows of `dy`.
    pub fn defer_sum_of(&mut self, id: ParamId, elements: Range<usize>, dy: Tensor) {
        let columns = 0..dy.shape().width();
        self.slot(id).sums.push(Sum { elements: Some(elements), dy, columns });
    }

    /// Adds the gradients that another backward pass gathered.
    pub fn merge(&mut self, other: Self) {
        if self.slots.len() < other.slots.len() {
            self.slots.resize_with(other.slots.len(), Slot::default);
        }
        for (mine, theirs) in self.slots.iter_mut().zip(other.slots) {
            mine.dense.extend(theirs.dense);
            mine.rows.extend(theirs.rows);
            mine.products.extend(theirs.products);
            mine.sums.extend(theirs.sums);
        }
    }

    /// Multiplies the deferred rows and adds everything up: one gradient per parameter.
    ///
    /// # Errors
    /// A gradient does not fit its parameter's shape.
    pub fn reduce(self, params: &Params, threads: &Threads) -> Result<ReducedGradients> {
        let mut slots = self.slots;
        slots.resize_with(params.len(), Slot::default);
        if let Some(layout) = params.layout() {
            return opencl::reduce(slots, layout);
        }
        let mut reduced = PooledVec::with_capacity(params.len());
        for (id, slot) in params.ids().zip(slots) {
            reduced.push(cpu::reduce(slot, params.get(id), threads)?);
        }
        Ok(ReducedGradients::new(reduced))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::gradients::Gradient;

    #[test]
    fn every_kind_of_part_adds_up() {
        let threads = Threads::new(2);
        let mut params = Params::new();
        let w = params.add("w", Tensor::zeros([2, 3])).unwrap();
        let b = params.add("b", Tensor::zeros([2])).unwrap();
        let unused = params.add("unused", Tensor::zeros([1])).unwrap();
        let mut g = Gradients::default();
        let x = Tensor::from(array![[1.0, 2.0], [3.0, 4.0]]);
        let dy = Tensor::from(array![[1.0, 0.0], [0.0, 10.0]]);
        g.defer(w, 1..3, x.clone(), dy.clone(), 0..2);
        g.defer_sum(b, dy.clone(), 0..2);
        let mut other = Gradients::default();
        other.add(w, Tensor::full([2, 3], 100.0));
        other.add_rows(w, &[1, 1], Tensor::from(array![[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]));
        other.defer(w, 1..3, x.clone(), dy.clone(), 0..2);
        // The second row alone: 10 times the second row of x.
        other.defer_rows(w, 1..2, 0..2, x, dy.clone(), 1..2);
        g.merge(other);
        let g = g.reduce(&params, &threads).unwrap();
        let want = array![[100.0, 102.0, 104.0], [133.0, 203.0, 183.0]].into_dyn();
        assert_eq!(g.get(w).to_dense([2, 3].into()).to_array(), want);
        assert_eq!(g.get(b).to_dense([2].into()).data(), [1.0, 10.0]);
        assert!(matches!(g.get(unused), Gradient::None));
    }

    #[test]
    fn clipping_scales_to_the_limit_and_keeps_small_gradients() {
        let mut params = Params::new();
        let a = params.add("a", Tensor::zeros([2])).unwrap();
        let mut g = Gradients::default();
        g.add(a, Tensor::from(vec![3.0, 4.0]));
        let g = g.reduce(&params, &Threads::single()).unwrap();
        let norms = g.norms(Some(1.0)).unwrap();
        assert!((norms.total - 5.0).abs() < 1e-9 && (norms.clipped - 1.0).abs() < 1e-6);
        assert_eq!(g.norms(Some(10.0)).unwrap().factor, 1.0);
        assert_eq!(g.norms(None).unwrap().factor, 1.0);
    }
}
