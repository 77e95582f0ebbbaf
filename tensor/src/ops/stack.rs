//! Values as entries of a new dimension.

use crate::autograd::{Backward, Op, Tape, Var};
use crate::cpu::pooled_vec::PooledVec;
use crate::error::{Error, Result, check_rank};
use crate::tensor::Tensor;

/// Stacks values of one shape along a new outermost dimension. PyTorch: `torch.stack(parts)`.
///
/// # Errors
/// There are no parts, their shapes differ, or they have four dimensions already.
pub fn stack(tape: &mut Tape<'_>, parts: &[Var]) -> Result<Var> {
    let Some(&first) = parts.first() else {
        return Err(Error::argument("stack", "nothing to stack"));
    };
    let shape = tape.shape(first);
    let dims = check_rank("stack", shape.times(parts.len()))?;
    if let Some(&p) = parts.iter().find(|&&p| tape.shape(p) != shape) {
        return Err(Error::shapes("stack", shape, tape.shape(p)));
    }
    let y = match tape.opencl() {
        Some(device) => {
            let values: Vec<Tensor> = parts.iter().map(|&p| tape.value(p).clone()).collect();
            device.gather(&values)?.shaped(dims)
        }
        None => {
            let mut y = Tensor::uninit(dims);
            for (to, &p) in y.data_mut().chunks_exact_mut(shape.len().max(1)).zip(parts) {
                to.copy_from_slice(tape.value(p).data());
            }
            y
        }
    };
    let y = tape.output(y);
    tape.record(Stack { parts: parts.into(), y });
    Ok(y)
}

struct Stack {
    parts: PooledVec<Var>,
    y: Var,
}

impl Op for Stack {
    fn name(&self) -> &'static str {
        "stack"
    }

    fn backward(self, back: &mut Backward<'_>) -> Result<()> {
        let Some(d) = back.take(self.y) else { return Ok(()) };
        for (i, &p) in self.parts.iter().enumerate() {
            back.add(p, d.index(i))?;
        }
        Ok(())
    }
}
