//! The gradient of one parameter.

use crate::cpu::elementwise as kernels;
use crate::cpu::pooled_vec::PooledVec;
use crate::error::{Error, Result};
use crate::tensor::Tensor;

/// Gradients of some rows of a table; those of all other rows are zero.
#[derive(Debug, Clone)]
pub struct RowGradient {
    /// The rows, in rising order, each one once.
    pub ids: PooledVec<u32>,
    /// One gradient row per id.
    pub rows: Tensor,
}

impl RowGradient {
    /// Sums the rows of each id, in a fixed order.
    pub(super) fn gather(
        parts: &[(PooledVec<u32>, Option<u32>, Tensor)],
        table: usize,
        width: usize,
    ) -> Result<Self> {
        let mut places: PooledVec<(u32, usize, usize)> = PooledVec::new();
        for (p, (ids, padding, gradients)) in parts.iter().enumerate() {
            if gradients.len() != ids.len() * width {
                return Err(Error::shapes("row gradient", gradients.shape(), [ids.len(), width]));
            }
            let rows = ids.iter().enumerate().filter(|(_, id)| Some(**id) != *padding);
            places.extend(rows.map(|(i, &id)| (id, p, i)));
        }
        places.sort_unstable();
        let mut ids: PooledVec<u32> = places.iter().map(|p| p.0).collect();
        ids.dedup();
        if let Some(&last) = ids.last().filter(|&&last| last as usize >= table) {
            return Err(Error::Id { op: "row gradient", id: last, rows: table });
        }
        let mut rows = Tensor::uninit([ids.len(), width]);
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

    /// Adds the rows to a table with rows of `width` elements.
    pub(super) fn add_to(&self, data: &mut [f32], width: usize) {
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
    /// One number per element.
    Dense(Tensor),
    /// Gradients of some rows of a table; zero elsewhere.
    Rows(RowGradient),
}

impl Gradient {
    /// Returns the L2 norm.
    pub fn norm(&self) -> f64 {
        self.pieces().map(kernels::sum_of_squares).sum::<f64>().sqrt()
    }

    /// Returns the values that it stores in pieces whose squares one thread sums at a time: parameters
    /// differ much in size.
    pub(super) fn pieces(&self) -> std::slice::Chunks<'_, f32> {
        const PIECE: usize = 1 << 15;
        self.data().chunks(PIECE)
    }

    /// Returns the values that it stores: all, or those of its rows.
    pub(super) fn data(&self) -> &[f32] {
        match self {
            Self::None => &[],
            Self::Dense(t) => t.data(),
            Self::Rows(r) => r.rows.data(),
        }
    }

    /// Returns the gradient with its zeros written out.
    pub fn to_dense(&self, shape: crate::Shape) -> Tensor {
        match self {
            Self::None => Tensor::zeros(shape),
            Self::Dense(t) => t.clone(),
            Self::Rows(r) => {
                let mut t = Tensor::zeros(shape);
                r.add_to(t.data_mut(), shape.width());
                t
            }
        }
    }

    /// Adds another gradient of the same parameter.
    pub(super) fn add(&mut self, other: Self) -> Result<()> {
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
                rows.add_to(dense.data_mut(), shape.width());
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

    pub(super) fn scale(&mut self, factor: f32) {
        match self {
            Self::None => {}
            Self::Dense(t) => kernels::scale(t.data_mut(), factor),
            Self::Rows(r) => kernels::scale(r.rows.data_mut(), factor),
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn rows_of_one_id_are_summed_and_strangers_refused() {
        let rows = Tensor::from(array![[1.0], [2.0], [4.0]]);
        let g = RowGradient::gather(&[([5, 0, 5].into(), None, rows.clone())], 6, 1).unwrap();
        assert_eq!(g.ids, [0, 5]);
        assert_eq!(g.rows.data(), [2.0, 5.0]);
        assert!(RowGradient::gather(&[([5, 0, 6].into(), None, rows)], 6, 1).is_err());
    }
}
