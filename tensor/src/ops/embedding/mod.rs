//! Rows of a table, selected by id.

mod opencl;
pub mod reference;
#[cfg(test)]
mod tests;

use crate::autograd::{Backward, Op, Tape, Var};
use crate::cpu::pooled_vec::PooledVec;
use crate::error::{Error, Result};
use crate::params::ParamId;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Returns the rows of a table with the given ids.
///
/// y\[i\] = W\[ids\[i\]\]; the row of `padding` gets no gradient.
///
/// | value | shape |
/// |---|---|
/// | ids | `shape` |
/// | W | \[V, E\] |
/// | y | `shape` followed by E |
///
/// # Errors
/// An id is outside the table, or the number of ids differs from the size of `shape`.
///
/// PyTorch: `torch.nn.functional.embedding(ids, W, padding_idx)`.
///
/// ```
/// use ndarray::array;
/// use tensor::{Params, Tape, Tensor, ops};
///
/// let mut params = Params::new();
/// let w = params.add("w", Tensor::from(array![[0.0, 0.0], [1.0, 2.0]]))?;
/// let mut tape = Tape::new(&params);
/// let y = ops::embedding(&mut tape, &[1, 0, 1], [3], w, Some(0))?;
/// assert_eq!(tape.value(y).data(), [1.0, 2.0, 0.0, 0.0, 1.0, 2.0]);
/// # Ok::<(), tensor::Error>(())
/// ```
pub fn embedding(
    tape: &mut Tape<'_>,
    ids: &[u32],
    shape: impl Into<Shape>,
    w: ParamId,
    padding: Option<u32>,
) -> Result<Var> {
    let shape = shape.into();
    let table = tape.params().shape(w);
    let (rows, width) = (table.rows(), table.width());
    if ids.len() != shape.len() {
        return Err(Error::shapes("embedding", [ids.len()], shape));
    }
    let dims = shape.with(width);
    if let Some(&id) = ids.iter().find(|&&id| id as usize >= rows) {
        return Err(Error::Id { op: "embedding", id, rows });
    }
    if let Some(device) = tape.opencl() {
        let y = tape.output(opencl::forward(device, ids, tape.params().get(w), dims)?);
        tape.record(Embedding { ids: ids.into(), y, w, padding });
        return Ok(y);
    }
    let mut y = Tensor::uninit(dims);
    let to_rows = y.data_mut().chunks_exact_mut(width.max(1)).zip(ids);
    match tape.params().int8(w) {
        Some(table) => to_rows.for_each(|(to, &id)| table.read_row(id as usize, to)),
        None => {
            let table = tape.params().get(w).data();
            to_rows
                .for_each(|(to, &id)| to.copy_from_slice(&table[id as usize * width..][..width]));
        }
    }
    let y = tape.output(y);
    if tape.is_recording() {
        tape.record(Embedding { ids: ids.into(), y, w, padding });
    }
    Ok(y)
}

struct Embedding {
    ids: PooledVec<u32>,
    y: Var,
    w: ParamId,
    padding: Option<u32>,
}

impl Op for Embedding {
    fn name(&self) -> &'static str {
        "embedding"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(mut dy) = back.take(self.y) else { return Ok(()) };
        let width = dy.shape().width();
        if back.opencl().is_some() {
            back.gradients.add_rows_but(self.w, &self.ids, self.padding, dy);
            return Ok(());
        }
        if let Some(padding) = self.padding {
            for (row, &id) in dy.data_mut().chunks_exact_mut(width).zip(&self.ids) {
                if id == padding {
                    row.fill(0.0);
                }
            }
        }
        back.gradients.add_rows(self.w, &self.ids, dy);
        Ok(())
    }
}
