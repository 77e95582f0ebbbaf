//! Reduction of gradients on a device: all in one arena, each weight's deferred rows multiplied
//! once.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::gradient::Gradient;
use super::reduced::ReducedGradients;
use super::slot::{Deferred, Slot, Sum};
use crate::cpu::pooled_vec::PooledVec;
use crate::error::{Error, Result};
use crate::opencl::{Arena, Layout, Matrix, OpenCl, ProductForm, ProductOutput, Program, Start};
use crate::shape::Shape;
use crate::tensor::Tensor;

static PROGRAM: Program = Program::new(&[include_str!("gradients.cl")]);

/// Multiplies the deferred rows and adds everything up, into one arena of the parameters' layout.
pub(super) fn reduce(slots: PooledVec<Slot>, layout: &Arc<Layout>) -> Result<ReducedGradients> {
    let device = &layout.device;
    let memory = device.uninit([layout.total])?;
    let mut panels = Panels::new(device);
    let mut gradients = PooledVec::with_capacity(slots.len());
    for (i, slot) in slots.into_iter().enumerate() {
        let mut target = Target { device, view: layout.view(&memory, i), is_set: false };
        target.gather(slot, &mut panels)?;
        let is_live = target.is_set;
        target.begin()?;
        gradients.push(if is_live { Gradient::Dense(target.view) } else { Gradient::None });
    }
    Ok(ReducedGradients::on_device(gradients, Arena { layout: Arc::clone(layout), memory }))
}

/// One parameter's gradient: a part of the arena, which nothing else writes.
struct Target<'a> {
    device: &'a OpenCl,
    view: Tensor,
    /// False while the memory is uninitialised.
    is_set: bool,
}

impl Target<'_> {
    /// Makes sure that the memory can be added to: sets it to zero if it is uninitialised.
    fn begin(&mut self) -> Result<()> {
        if !self.is_set {
            self.device.fill_shared(&mut self.view, 0.0)?;
        }
        self.is_set = true;
        Ok(())
    }

    fn gather(&mut self, slot: Slot, panels: &mut Panels<'_>) -> Result<()> {
        let shape = self.view.shape();
        for dense in slot.dense {
            if dense.shape() != shape {
                return Err(Error::shapes("gradient", dense.shape(), shape));
            }
            if self.is_set {
                self.device.add_scaled_shared(&mut self.view, 0, 1.0, &dense)?;
            } else {
                self.device.overwrite(&mut self.view, &dense)?;
                self.is_set = true;
            }
        }
        self.multiply(slot.products, panels)?;
        self.sum(slot.sums, panels)?;
        for (ids, padding, rows) in slot.rows {
            self.add_rows(&ids, padding, &rows)?;
        }
        Ok(())
    }

    /// Adds one product per block of rows and columns.
    fn multiply(&mut self, products: PooledVec<Deferred>, panels: &mut Panels<'_>) -> Result<()> {
        let shape = self.view.shape();
        let mut blocks: Vec<(Range<usize>, Range<usize>, Vec<Deferred>)> = Vec::new();
        for p in products {
            let rows = p.rows.clone().unwrap_or(0..shape.rows());
            let columns = p.columns.clone();
            p.check(&rows, &columns, shape)?;
            match blocks.iter_mut().find(|(r, c, _)| *r == rows && *c == columns) {
                Some((_, _, terms)) => terms.push(p),
                None => blocks.push((rows, columns, vec![p])),
            }
        }
        for (rows, columns, mut terms) in blocks {
            // Terms that are adjacent in memory become adjacent here, so that they need not be
            // copied.
            if terms.iter().all(|t| t.x.shares(&terms[0].x)) {
                terms.sort_by_key(|t| t.x.start());
            }
            // Terms with dY of the same width go into one product.
            while let Some(first) = terms.first() {
                let (width, dy_columns) = (first.dy.shape().width(), first.dy_columns.clone());
                let is_same =
                    |t: &Deferred| t.dy.shape().width() == width && t.dy_columns == dy_columns;
                let (same, others): (Vec<_>, Vec<_>) = terms.into_iter().partition(is_same);
                terms = others;
                let (x, dy): (Vec<_>, Vec<_>) = same.into_iter().map(|t| (t.x, t.dy)).unzip();
                let (x, dy) = (panels.joined(&x)?, panels.joined(&dy)?);
                let is_whole = rows == (0..shape.rows()) && columns == (0..shape.width());
                let start = match (self.is_set, is_whole) {
                    (false, true) => Start::Zero,
                    _ => {
                        self.begin()?;
                        Start::Output
                    }
                };
                self.is_set = true;
                let a = Matrix::block(&dy, 0..dy.shape().rows(), dy_columns);
                let to = ProductOutput::block(&mut self.view, rows.start, columns.start).shared();
                self.device.product(ProductForm::Tn, a, Matrix::new(&x), to, start)?;
            }
        }
        Ok(())
    }

    fn sum(&mut self, sums: PooledVec<Sum>, panels: &mut Panels<'_>) -> Result<()> {
        let shape = self.view.shape();
        let mut groups: Vec<(Range<usize>, Range<usize>, Vec<Tensor>)> = Vec::new();
        for Sum { elements, dy, columns } in sums {
            let elements = elements.unwrap_or(0..shape.len());
            let width = dy.shape().width();
            let fits = columns.len() == elements.len()
                && elements.end <= shape.len()
                && columns.end <= width;
            if !fits {
                return Err(Error::shapes("bias gradient", dy.shape(), shape));
            }
            let same = |(e, c, all): &&mut (Range<usize>, Range<usize>, Vec<Tensor>)| {
                *e == elements && *c == columns && all[0].shape().width() == width
            };
            match groups.iter_mut().find(same) {
                Some((_, _, all)) => all.push(dy),
                None => groups.push((elements, columns, vec![dy])),
            }
        }
        for (elements, columns, dy) in groups {
            let dy = panels.joined_in_any_order(dy)?;
            let is_whole = elements == (0..shape.len());
            if !is_whole {
                self.begin()?;
            }
            let mut part = self.view.flat(elements.start, elements.len());
            self.device.column_sums_shared(&dy, columns, &mut part, self.is_set)?;
            self.is_set = true;
        }
        Ok(())
    }

    /// Adds rows of a table; the rows of each id are summed in their order.
    fn add_rows(&mut self, ids: &[u32], padding: Option<u32>, rows: &Tensor) -> Result<()> {
        let shape = self.view.shape();
        let width = shape.width();
        if rows.len() != ids.len() * width {
            return Err(Error::shapes("row gradient", rows.shape(), [ids.len(), width]));
        }
        let mut places: Vec<(u32, u32)> = ids.iter().copied().zip(0..).collect();
        places.retain(|&(id, _)| Some(id) != padding);
        places.sort_unstable();
        if let Some(&(id, _)) = places.last().filter(|&&(id, _)| id as usize >= shape.rows()) {
            return Err(Error::Id { op: "row gradient", id, rows: shape.rows() });
        }
        self.begin()?;
        let (mut entries, mut firsts) = (Vec::new(), Vec::new());
        for (i, &(id, _)) in places.iter().enumerate() {
            if entries.last() != Some(&id) {
                entries.push(id);
                firsts.push(i as u32);
            }
        }
        firsts.push(places.len() as u32);
        let count = entries.len();
        let positions = places.iter().map(|&(_, position)| position);
        let plan: Vec<u32> = entries.into_iter().chain(firsts).chain(positions).collect();
        let plan = self.device.ids(&plan)?;
        let launch = self.device.kernel(&PROGRAM, "add_rows").uint(count).uint(width);
        let launch = launch.uint(count).uint(2 * count + 1).ids(&plan);
        let groups = [width.div_ceil(64), count, 1];
        launch.reads(rows).writes_shared(&mut self.view).groups(groups, [64, 1, 1])
    }
}

/// Concatenated rows, kept because several parameters use the same ones.
struct Panels<'a> {
    device: &'a OpenCl,
    /// Panels by the keys of their parts, in order.
    made: HashMap<Vec<Key>, Tensor>,
    /// The same by the sorted keys.
    any_order: HashMap<Vec<Key>, Tensor>,
    /// The parts, held so that no other tensor gets their memory and thus their key.
    held: Vec<Tensor>,
}

/// A part's memory, its start in that memory, its number of rows and their width.
type Key = (usize, usize, usize, usize);

fn key(t: &Tensor) -> Key {
    let (block, at) = t.place().map_or((0, 0), |(remote, at)| (remote.key(), at));
    (block, at, t.shape().rows(), t.shape().width())
}

impl<'a> Panels<'a> {
    fn new(device: &'a OpenCl) -> Self {
        let (made, any_order) = (HashMap::new(), HashMap::new());
        Self { device, made, any_order, held: Vec::new() }
    }

    /// Returns the rows of these tensors as one tensor.
    fn joined(&mut self, parts: &[Tensor]) -> Result<Tensor> {
        if let Some(whole) = neighbours(parts) {
            return Ok(whole);
        }
        let keys: Vec<_> = parts.iter().map(key).collect();
        if let Some(panel) = self.made.get(&keys) {
            return Ok(panel.clone());
        }
        let panel = self.device.gather(parts)?;
        self.held.extend_from_slice(parts);
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        self.made.insert(keys, panel.clone());
        self.any_order.insert(sorted, panel.clone());
        Ok(panel)
    }

    /// Returns the same for a sum over all rows, where their order does not matter.
    fn joined_in_any_order(&mut self, mut parts: Vec<Tensor>) -> Result<Tensor> {
        let mut keys: Vec<_> = parts.iter().map(key).collect();
        keys.sort_unstable();
        if let Some(panel) = self.any_order.get(&keys) {
            return Ok(panel.clone());
        }
        if parts.iter().all(|t| t.shares(&parts[0])) {
            parts.sort_by_key(Tensor::start);
        }
        self.joined(&parts)
    }
}

/// Returns the tensor that these parts make up if each begins where the one before it ends.
fn neighbours(parts: &[Tensor]) -> Option<Tensor> {
    let (first, rest) = parts.split_first()?;
    let mut end = first.start() + first.len();
    for part in rest {
        if !part.shares(first) || part.start() != end {
            return None;
        }
        end += part.len();
    }
    let width = first.shape().width();
    let len = end - first.start();
    Some(first.extended(Shape::from([len / width.max(1), width])))
}
