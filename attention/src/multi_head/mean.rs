//! The mean of the weights over the heads, with one row per step.

use tensor::kernels::add_scaled;
use tensor::{Backward, Op, Result, Shape, Tape, Tensor, Var};

use super::opencl;

/// Averages \[..., h, S\] over the heads to \[..., S\].
pub(crate) fn mean(tape: &mut Tape<'_>, heads: Var, count: usize, shape: Shape) -> Result<Var> {
    if let Some(device) = tape.opencl() {
        let y = opencl::mean(device, tape.value(heads), count, shape)?;
        let y = tape.output(y);
        tape.record(Mean { heads, y, count });
        return Ok(y);
    }
    let mut y = Tensor::zeros(shape);
    let (time, share) = (shape.width().max(1), 1.0 / count as f32);
    let rows = y.data_mut().chunks_exact_mut(time);
    for (y, heads) in rows.zip(tape.value(heads).data().chunks_exact(time * count)) {
        heads.chunks_exact(time).for_each(|x| add_scaled(y, share, x));
    }
    let y = tape.output(y);
    tape.record(Mean { heads, y, count });
    Ok(y)
}

struct Mean {
    heads: Var,
    y: Var,
    count: usize,
}

impl Op for Mean {
    fn name(&self) -> &'static str {
        "mean of heads"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(d) = back.take(self.y) else { return Ok(()) };
        if let Some(device) = back.opencl() {
            return match back.grad_on_device(self.heads)? {
                Some((d_heads, at)) => opencl::mean_back(device, &d, self.count, d_heads, at),
                None => Ok(()),
            };
        }
        let (time, share) = (d.shape().width().max(1), 1.0 / self.count as f32);
        let Some(d_heads) = back.grad_mut(self.heads) else { return Ok(()) };
        let rows = d_heads.chunks_exact_mut(time * self.count);
        for (heads, d) in rows.zip(d.data().chunks_exact(time)) {
            heads.chunks_exact_mut(time).for_each(|to| add_scaled(to, share, d));
        }
        Ok(())
    }
}
