//! Gradients of parameters: dense, by rows, or still to be multiplied.

mod opencl;

use std::ops::Range;

use crate::cpu::elementwise as kernels;
use crate::cpu::list::List;
use crate::error::{Error, Result};
use crate::gemm::{Product, Rows, outer_sum};
use crate::opencl::Arena;
use crate::params::{ParamId, Params};
use crate::tensor::Tensor;
use crate::threads::Threads;

/// What backward passes gathered for each parameter, before it is summed up.
///
/// An operation adds a dense gradient, rows of a table, or defers a weight's gradient as the
/// (input, output gradient) rows of a product; [`Gradients::finish`] multiplies each weight's rows
/// once. The gradients of several tapes (the threads' parts of a batch) are [merged](Self::merge)
/// first, so a weight still costs one product a step.
#[derive(Debug, Default)]
pub struct Gradients {
    slots: List<Slot>,
}

#[derive(Debug, Default)]
struct Slot {
    dense: List<Tensor>,
    /// Ids, the id that has no gradient, and one row an id.
    rows: List<(List<u32>, Option<u32>, Tensor)>,
    products: List<Deferred>,
    sums: List<Sum>,
}

/// A bias's gradient: the sum of columns of dY, for all of the bias or for some of its elements.
#[derive(Debug)]
struct Sum {
    elements: Option<Range<usize>>,
    dy: Tensor,
    columns: Range<usize>,
}

#[derive(Debug)]
struct Deferred {
    /// `None` are all rows.
    rows: Option<Range<usize>>,
    columns: Range<usize>,
    x: Tensor,
    dy: Tensor,
    dy_columns: Range<usize>,
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

    /// Adds gradients of rows of a table: row `ids[i]` gets row i of `gradients`.
    pub fn add_rows(&mut self, id: ParamId, ids: &[u32], gradients: Tensor) {
        self.slot(id).rows.push((ids.into(), None, gradients));
    }

    /// [`Gradients::add_rows`] without the rows of `padding`.
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
    /// `x` has rows as wide as `columns`, `dy` rows of which `dy_columns` are O wide.
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

    /// [`Gradients::defer`] of a range of the weight's rows, which `dy_columns` are as many as.
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

    /// Takes in what another backward pass gathered.
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

    /// Multiplies what was deferred and sums up: one gradient a parameter.
    ///
    /// # Errors
    /// A gradient does not fit its parameter's shape.
    pub fn finish(self, params: &Params, threads: &Threads) -> Result<Summed> {
        let mut slots = self.slots;
        slots.resize_with(params.len(), Slot::default);
        if let Some(layout) = params.layout() {
            return opencl::finish(slots, layout);
        }
        let mut summed = List::with_capacity(params.len());
        for (id, slot) in params.ids().zip(slots) {
            summed.push(slot.finish(params.get(id), threads)?);
        }
        Ok(Summed::new(summed, threads))
    }
}

impl Slot {
    fn finish(self, value: &Tensor, threads: &Threads) -> Result<Gradient> {
        let shape = value.shape();
        let mut sparse = None;
        if !self.rows.is_empty() {
            sparse = Some(RowGradient::gather(&self.rows, shape.rows(), shape.width())?);
        }
        if self.dense.is_empty() && self.products.is_empty() && self.sums.is_empty() {
            return Ok(sparse.map_or(Gradient::None, Gradient::Rows));
        }
        let mut dense = self.dense.into_iter();
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
                kernels::add(total.data_mut(), t.data());
            }
        }
        if !self.products.is_empty() {
            let all = |p: &Deferred| p.columns == (0..shape.width()) && p.rows.is_none();
            let whole = self.products.iter().all(all);
            // Without anything to add to, a product over the whole weight overwrites.
            let fresh = whole && total.is_none();
            let mut into = match total {
                Some(t) => t,
                None if whole => Tensor::scratch(shape),
                None => Tensor::zeros(shape),
            };
            multiply(&self.products, &mut into, !fresh, threads)?;
            total = Some(into);
        }
        let mut total = total.unwrap_or_else(|| Tensor::zeros(shape));
        add_sums(&self.sums, &mut total, threads)?;
        if let Some(rows) = sparse {
            rows.add_to(&mut total);
        }
        Ok(Gradient::Dense(total))
    }
}

/// Adds the rows of biases' gradients; each thread takes columns.
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
    let mut parts: List<&mut [f32]> = into.data_mut().chunks_mut(COLUMNS).collect();
    let summed: usize = sums.iter().map(|s| s.dy.shape().rows() * s.columns.len()).sum();
    threads.for_each_of(summed / 8, &mut parts, |i, part| {
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

/// Columns of a bias's gradient that one thread sums up at a time.
const COLUMNS: usize = 512;

/// Adds one product for each block of rows and columns.
fn multiply(products: &[Deferred], into: &mut Tensor, add: bool, threads: &Threads) -> Result<()> {
    let shape = into.shape();
    let block = |p: &Deferred| (p.rows.clone().unwrap_or(0..shape.rows()), p.columns.clone());
    let mut blocks: List<_> = products.iter().map(block).collect();
    blocks.sort_unstable_by_key(|(r, c)| (r.start, r.end, c.start, c.end));
    blocks.dedup();
    for (rows, columns) in blocks {
        let same = products.iter().filter(|p| block(p) == (rows.clone(), columns.clone()));
        let mut terms = List::new();
        for p in same {
            let (x, dy) = (p.x.shape(), p.dy.shape());
            let fits = x.width() == columns.len()
                && columns.end <= shape.width()
                && rows.end <= shape.rows()
                && p.dy_columns.len() == rows.len()
                && p.dy_columns.end <= dy.width()
                && x.rows() == dy.rows();
            if !fits {
                return Err(Error::shapes("weight gradient", x, dy));
            }
            terms.push(Product {
                x: Rows::new(p.x.data(), x.width()),
                dy: Rows::columns(p.dy.data(), dy.width(), p.dy_columns.start, p.dy_columns.len()),
            });
        }
        let into = &mut into.data_mut()[rows.start * shape.width()..rows.end * shape.width()];
        outer_sum(threads, &terms, into, shape.width(), columns.start, add);
    }
    Ok(())
}

/// Gradients of some rows of a table; the others' are zero.
#[derive(Debug, Clone)]
pub struct RowGradient {
    /// The rows, in rising order, each once.
    pub ids: List<u32>,
    /// One gradient row an id.
    pub rows: Tensor,
}

impl RowGradient {
    /// Sums rows of the same id, in a fixed order.
    fn gather(
        parts: &[(List<u32>, Option<u32>, Tensor)],
        table: usize,
        width: usize,
    ) -> Result<Self> {
        let mut places: List<(u32, usize, usize)> = List::new();
        for (p, (ids, padding, gradients)) in parts.iter().enumerate() {
            if gradients.len() != ids.len() * width {
                return Err(Error::shapes("row gradient", gradients.shape(), [ids.len(), width]));
            }
            let rows = ids.iter().enumerate().filter(|(_, id)| Some(**id) != *padding);
            places.extend(rows.map(|(i, &id)| (id, p, i)));
        }
        places.sort_unstable();
        let mut ids: List<u32> = places.iter().map(|p| p.0).collect();
        ids.dedup();
        if let Some(&last) = ids.last().filter(|&&last| last as usize >= table) {
            return Err(Error::Id { op: "row gradient", id: last, rows: table });
        }
        let mut rows = Tensor::scratch([ids.len(), width]);
        let mut place = places.iter().peekable();
        for (row, &id) in rows.data_mut().chunks_exact_mut(width.max(1)).zip(&ids) {
            let mut first = true;
            while let Some(&(_, p, i)) = place.next_if(|p| p.0 == id) {
                let from = &parts[p].2.data()[i * width..(i + 1) * width];
                if first {
                    row.copy_from_slice(from);
                } else {
                    kernels::add(row, from);
                }
                first = false;
            }
        }
        Ok(Self { ids, rows })
    }

    fn add_to(&self, dense: &mut Tensor) {
        let width = dense.shape().width();
        let data = dense.data_mut();
        for (&id, row) in self.ids.iter().zip(self.rows.data().chunks_exact(width.max(1))) {
            kernels::add(&mut data[id as usize * width..][..width], row);
        }
    }
}

/// The gradient of one parameter.
#[derive(Debug, Clone)]
pub enum Gradient {
    /// No operation used the parameter: zero everywhere.
    None,
    /// One number an element.
    Dense(Tensor),
    /// Some rows of a table; zero elsewhere.
    Rows(RowGradient),
}

impl Gradient {
    /// L2 norm.
    pub fn norm(&self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Dense(t) => t.norm(),
            Self::Rows(r) => r.rows.norm(),
        }
    }

    /// Numbers that it holds.
    fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Dense(t) => t.len(),
            Self::Rows(r) => r.rows.len(),
        }
    }

    /// The gradient with its zeros written out.
    pub fn to_dense(&self, shape: crate::Shape) -> Tensor {
        match self {
            Self::None => Tensor::zeros(shape),
            Self::Dense(t) => t.clone(),
            Self::Rows(r) => {
                let mut t = Tensor::zeros(shape);
                r.add_to(&mut t);
                t
            }
        }
    }

    /// Adds another gradient of the same parameter.
    fn add(&mut self, other: Self) -> Result<()> {
        let mine = std::mem::replace(self, Self::None);
        *self = match (mine, other) {
            (Self::None, one) | (one, Self::None) => one,
            (Self::Dense(mut a), Self::Dense(b)) => {
                if a.shape() != b.shape() {
                    return Err(Error::shapes("add gradients", a.shape(), b.shape()));
                }
                kernels::add(a.data_mut(), b.data());
                Self::Dense(a)
            }
            (Self::Dense(mut dense), Self::Rows(rows))
            | (Self::Rows(rows), Self::Dense(mut dense)) => {
                let shape = dense.shape();
                let inside = rows.ids.last().is_none_or(|&last| (last as usize) < shape.rows());
                if !inside || rows.rows.shape().width() != shape.width() {
                    return Err(Error::shapes("add gradients", shape, rows.rows.shape()));
                }
                rows.add_to(&mut dense);
                Self::Dense(dense)
            }
            (Self::Rows(a), Self::Rows(b)) => {
                let width = a.rows.shape().width();
                let parts = [(a.ids, None, a.rows), (b.ids, None, b.rows)];
                Self::Rows(RowGradient::gather(&parts, usize::MAX, width)?)
            }
        };
        Ok(())
    }

    fn scale(&mut self, factor: f32) {
        match self {
            Self::None => {}
            Self::Dense(t) => kernels::scale(t.data_mut(), factor),
            Self::Rows(r) => kernels::scale(r.rows.data_mut(), factor),
        }
    }
}

/// One gradient a parameter, ready for an optimizer.
#[derive(Debug, Clone)]
pub struct Summed {
    gradients: List<Gradient>,
    /// L2 norm of each, where they are on the host.
    norms: List<f64>,
    /// The gradients' memory, where they are on a device.
    arena: Option<Arena>,
}

/// Norms of a gradient, before and after clipping.
#[derive(Debug, Clone, PartialEq)]
pub struct Norms {
    /// L2 norm over all parameters, before clipping.
    pub total: f64,
    /// The same after clipping.
    pub clipped: f64,
    /// L2 norm of each parameter's gradient, before clipping.
    pub each: List<f64>,
    /// What an optimizer must multiply the gradients with: 1 where nothing was clipped.
    pub factor: f32,
}

impl Norms {
    pub(crate) fn new(each: List<f64>, limit: Option<f32>) -> Self {
        let total = each.iter().map(|n| n * n).sum::<f64>().sqrt();
        let factor = limit.map_or(1.0, |limit| (f64::from(limit) / (total + 1e-6)).min(1.0));
        // A total that is not finite clips nothing: the step is refused, not hidden.
        let factor = if total.is_finite() { factor } else { 1.0 };
        Self { total, clipped: total * factor, each, factor: factor as f32 }
    }
}

impl Summed {
    fn new(gradients: List<Gradient>, threads: &Threads) -> Self {
        let mut norms = List::filled(0.0, gradients.len());
        let elements: usize = gradients.iter().map(Gradient::len).sum();
        threads.for_each_of(elements / 4, &mut norms, |i, norm| *norm = gradients[i].norm());
        Self { gradients, norms, arena: None }
    }

    fn there(gradients: List<Gradient>, arena: Arena) -> Self {
        Self { gradients, norms: List::new(), arena: Some(arena) }
    }

    /// The gradient of a parameter.
    pub fn get(&self, id: ParamId) -> &Gradient {
        self.gradients.get(id.index()).unwrap_or(&Gradient::None)
    }

    /// Norms, and the factor that clips the gradients to a global norm of at most `limit`.
    ///
    /// g' = g min(1, limit / (|g| + 1e-6)), |g| the L2 norm over all parameters (Pascanu et al.
    /// 2013, algorithm 1). The gradients themselves are left as they are: an optimizer applies
    /// [`Norms::factor`] in its one pass. PyTorch: `torch.nn.utils.clip_grad_norm_`.
    ///
    /// On a device this waits for it; a training step uses
    /// [`Optimizer::update`](crate::optim::Optimizer::update), which does not. A device that fails
    /// keeps why, and the norms are NaN.
    pub fn norms(&self, limit: Option<f32>) -> Norms {
        let each = match &self.arena {
            None => self.norms.clone(),
            Some(_) => crate::optim::gradient_norms(self)
                .unwrap_or_else(|_| List::filled(f64::NAN, self.gradients.len())),
        };
        Norms::new(each, limit)
    }

    /// All gradients, in the order of the parameters.
    pub(crate) fn all(&self) -> &[Gradient] {
        &self.gradients
    }

    /// The gradients' memory, where they are on a device.
    pub(crate) fn arena(&self) -> Option<&Arena> {
        self.arena.as_ref()
    }

    /// All gradients on their device, to be written.
    fn arena_mut(&mut self) -> Result<Option<&mut Arena>> {
        let Some(arena) = &mut self.arena else { return Ok(None) };
        let views = self.gradients.iter_mut().enumerate().filter_map(|(i, g)| match g {
            Gradient::Dense(view) => Some((i, view)),
            _ => None,
        });
        arena.make_unique(views)?;
        Ok(Some(arena))
    }

    fn add_there(&mut self, other: &Self) -> Result<()> {
        let (Some(arena), Some(theirs)) = (self.arena_mut()?, &other.arena) else {
            return Err(Error::argument("add gradients", "they are on another device"));
        };
        let device = arena.layout.device.clone();
        device.blend_shared(&mut arena.memory, 1.0, 1.0, &theirs.memory)?;
        let arena = arena.clone();
        for (i, (mine, theirs)) in self.gradients.iter_mut().zip(&other.gradients).enumerate() {
            if !matches!((&mine, theirs), (Gradient::None, Gradient::None)) {
                *mine = Gradient::Dense(arena.layout.view(&arena.memory, i));
            }
        }
        Ok(())
    }

    /// Adds the gradients of another batch, parameter by parameter.
    ///
    /// # Errors
    /// Gradients of other parameters.
    pub fn add(&mut self, other: Self) -> Result<()> {
        if self.gradients.len() != other.gradients.len() {
            let (found, expected) = (other.gradients.len(), self.gradients.len());
            let what = format!("{found} parameters, expected {expected}");
            return Err(Error::argument("add gradients", what));
        }
        if self.arena.is_some() {
            return self.add_there(&other);
        }
        self.gradients.iter_mut().zip(other.gradients).try_for_each(|(a, b)| a.add(b))?;
        self.norms = self.gradients.iter().map(Gradient::norm).collect();
        Ok(())
    }

    /// Multiplies every gradient. A device that fails keeps why.
    pub fn scale(&mut self, factor: f32) {
        if let Ok(Some(arena)) = self.arena_mut() {
            let _ = arena.layout.device.clone().scale_shared(&mut arena.memory, factor);
            return;
        }
        self.gradients.iter_mut().for_each(|g| g.scale(factor));
        self.norms.iter_mut().for_each(|norm| *norm *= f64::from(factor.abs()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

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
        let g = g.finish(&params, &threads).unwrap();
        let want = array![[100.0, 102.0, 104.0], [133.0, 203.0, 183.0]].into_dyn();
        assert_eq!(g.get(w).to_dense([2, 3].into()).to_array(), want);
        assert_eq!(g.get(b).to_dense([2].into()).data(), [1.0, 10.0]);
        assert!(matches!(g.get(unused), Gradient::None));
    }

    #[test]
    fn gradients_of_two_batches_add_up_whatever_their_kinds() {
        let mut params = Params::new();
        let w = params.add("w", Tensor::zeros([3, 1])).unwrap();
        let dense = |v: f32| Gradient::Dense(Tensor::full([3, 1], v));
        let rows = |ids: &[u32]| {
            let rows = Tensor::full([ids.len(), 1], 5.0);
            Gradient::Rows(RowGradient { ids: ids.into(), rows })
        };
        for (a, b, want) in [
            (dense(1.0), dense(2.0), [3.0, 3.0, 3.0]),
            (dense(1.0), rows(&[2]), [1.0, 1.0, 6.0]),
            (rows(&[0, 2]), dense(1.0), [6.0, 1.0, 6.0]),
            (rows(&[0, 2]), rows(&[1, 2]), [5.0, 5.0, 10.0]),
            (Gradient::None, rows(&[1]), [0.0, 5.0, 0.0]),
            (dense(4.0), Gradient::None, [4.0, 4.0, 4.0]),
        ] {
            let mut sum = Summed::new([a].into(), &Threads::single());
            sum.add(Summed::new([b].into(), &Threads::single())).unwrap();
            assert_eq!(sum.get(w).to_dense(params.shape(w)).data(), want);
        }
        let mut sum = Summed::new([dense(1.0)].into(), &Threads::single());
        assert!(sum.add(Summed::new([rows(&[3])].into(), &Threads::single())).is_err());
        assert!(sum.add(Summed::new(List::new(), &Threads::single())).is_err());
    }

    #[test]
    fn clipping_scales_to_the_limit_and_keeps_small_gradients() {
        let mut params = Params::new();
        let a = params.add("a", Tensor::zeros([2])).unwrap();
        let mut g = Gradients::default();
        g.add(a, Tensor::from(vec![3.0, 4.0]));
        let g = g.finish(&params, &Threads::single()).unwrap();
        let norms = g.norms(Some(1.0));
        assert!((norms.total - 5.0).abs() < 1e-9 && (norms.clipped - 1.0).abs() < 1e-6);
        assert_eq!(g.norms(Some(10.0)).factor, 1.0);
        assert_eq!(g.norms(None).factor, 1.0);
    }

    #[test]
    fn rows_of_one_id_are_summed_and_strangers_refused() {
        let rows = Tensor::from(array![[1.0], [2.0], [4.0]]);
        let g = RowGradient::gather(&[([5, 0, 5].into(), None, rows.clone())], 6, 1).unwrap();
        assert_eq!(g.ids, [0, 5]);
        assert_eq!(g.rows.data(), [2.0, 5.0]);
        assert!(RowGradient::gather(&[([5, 0, 6].into(), None, rows)], 6, 1).is_err());
    }
}
