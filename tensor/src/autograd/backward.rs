//! The backward pass over a tape.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::flow::Flow;
use super::profile::Profile;
use super::var::{Node, Var};
use crate::cpu::elementwise as kernels;
use crate::cpu::pooled_vec::PooledVec;
use crate::error::{Error, Result};
use crate::gradients::Gradients;
use crate::opencl::OpenCl;
use crate::params::{ParamId, Params};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::threads::Threads;

/// The value of a [`Var`] of another tape.
pub(super) static OTHER_TAPE: LazyLock<Tensor> =
    LazyLock::new(|| Tensor::uninit(Shape::OTHER_TAPE));

/// The state of a backward pass over a tape, which operations read and write.
pub struct Backward<'a> {
    pub(super) tape: u32,
    pub(crate) nodes: &'a [Node],
    pub(crate) params: &'a Params,
    pub(crate) threads: &'a Threads,
    pub(crate) grads: PooledVec<Option<Tensor>>,
    /// Gradients of parameters.
    pub gradients: Gradients,
    /// The values whose gradient norms are kept: name of the series and entry in it, by value.
    pub(crate) watched: Option<&'a HashMap<usize, (String, usize)>>,
    pub(crate) flow: Flow,
}

impl<'a> Backward<'a> {
    /// Returns the device of the backward pass, or `None` for the processor.
    pub fn opencl(&self) -> Option<&'a OpenCl> {
        self.params.opencl()
    }

    /// Returns a value of the forward pass.
    pub fn value(&self, v: Var) -> &Tensor {
        if v.is_of(self.tape) { &self.nodes[v.index()].value } else { &OTHER_TAPE }
    }

    /// Returns a parameter's value.
    pub fn param(&self, id: ParamId) -> &Tensor {
        self.params.get(id)
    }

    /// Returns the parameters.
    pub fn params(&self) -> &Params {
        self.params
    }

    /// Returns the threads.
    pub fn threads(&self) -> &Threads {
        self.threads
    }

    /// Returns true if the value requires a gradient.
    pub fn requires_grad(&self, v: Var) -> bool {
        v.is_of(self.tape) && self.nodes[v.index()].requires_grad
    }

    /// Returns the value that a part belongs to, and the part's first element in it.
    fn whole(&self, v: Var) -> (Var, usize) {
        let (mut v, mut offset) = (v, 0);
        while let Some((whole, at)) = self.nodes[v.index()].part_of {
            v = whole;
            offset += at;
        }
        (v, offset)
    }

    /// Takes the gradient of an operation's output, which is not needed again; `None` if it is
    /// zero.
    pub fn take(&mut self, v: Var) -> Option<Tensor> {
        let grad = self.grads[v.index()].take()?;
        if let Some((name, time)) = self.watched.and_then(|w| w.get(&v.index())) {
            match self.params.opencl() {
                Some(device) => {
                    if let Ok(squares) = device.squares(&grad) {
                        self.flow.add_squares(name, *time, squares);
                    }
                }
                None => self.flow.add(name, *time, grad.norm()),
            }
        }
        Some(grad)
    }

    /// Returns true if gradient norms of states are recorded.
    pub fn wants_flow(&self) -> bool {
        self.watched.is_some()
    }

    /// Returns the record of the states' gradient norms, if they are recorded.
    pub fn flow(&mut self) -> Option<&mut Flow> {
        self.watched.map(|_| &mut self.flow)
    }

    /// Adds to the gradient of a value.
    ///
    /// # Errors
    /// The gradient has another number of elements than the value, or is not on the tape's device.
    pub fn add(&mut self, v: Var, gradient: Tensor) -> Result<()> {
        if !self.requires_grad(v) {
            return Ok(());
        }
        if let Some(device) = self.opencl() {
            return self.add_on_device(device, v, gradient);
        }
        let (whole, offset) = self.whole(v);
        if whole == v {
            let shape = self.value(v).shape();
            if let Some(grad) = &mut self.grads[v.index()] {
                if grad.len() != gradient.len() {
                    return Err(Error::shapes("gradient", grad.shape(), gradient.shape()));
                }
                kernels::add(grad.data_mut(), gradient.data());
            } else {
                let keep = shape.is_empty() || gradient.shape() == shape;
                let gradient = if keep { gradient } else { gradient.reshape(shape)? };
                self.grads[v.index()] = Some(gradient);
            }
            return Ok(());
        }
        let expected = self.value(v).shape();
        // A value that an operation took off the tape is empty.
        if expected.len() != gradient.len() && !expected.is_empty() {
            return Err(Error::shapes("gradient", expected, gradient.shape()));
        }
        if let Some(grad) = self.grad_mut(whole) {
            let Some(part) = grad.get_mut(offset..offset + gradient.len()) else {
                return Err(Error::shapes("gradient", expected, gradient.shape()));
            };
            kernels::add(part, gradient.data());
        }
        Ok(())
    }

    fn add_on_device(&mut self, device: &OpenCl, v: Var, gradient: Tensor) -> Result<()> {
        let shape = self.value(v).shape();
        // A value that an operation took off the tape is empty: its gradient's length is unknown.
        if gradient.len() != shape.len() && !shape.is_empty() {
            return Err(Error::shapes("gradient", shape, gradient.shape()));
        }
        if gradient.opencl().is_none() {
            return Err(Error::NoKernel { op: "the backward pass of an operation" });
        }
        if self.nodes[v.index()].part_of.is_none() && self.grads[v.index()].is_none() {
            let keep = shape.is_empty();
            self.grads[v.index()] = Some(if keep { gradient } else { gradient.shaped(shape) });
            return Ok(());
        }
        match self.grad_on_device(v)? {
            Some((grad, at)) => device.add_scaled(grad, at, 1.0, &gradient),
            None => Ok(()),
        }
    }

    /// On a device, returns the gradient of the value that `v` is a part of, initially zero, to add
    /// to in place, and the part's first element; `None` if `v` requires no gradient.
    ///
    /// # Errors
    /// The device failed, or the tape is on the processor.
    pub fn grad_on_device(&mut self, v: Var) -> Result<Option<(&mut Tensor, usize)>> {
        let Some(device) = self.opencl() else {
            return Err(Error::argument("gradient", "no device"));
        };
        if !self.requires_grad(v) {
            return Ok(None);
        }
        let (whole, at) = self.whole(v);
        let shape = self.value(whole).shape();
        if self.grads[whole.index()].is_none() {
            self.grads[whole.index()] = Some(device.zeros(shape)?);
        }
        Ok(self.grads[whole.index()].as_mut().map(|grad| (grad, at)))
    }

    /// Returns the gradient of a value, initially zero, to add to in place; `None` if the value
    /// requires none. On a device, use [`Backward::grad_on_device`].
    pub fn grad_mut(&mut self, v: Var) -> Option<&mut [f32]> {
        if !self.requires_grad(v) {
            return None;
        }
        let (whole, offset) = self.whole(v);
        let len = self.value(v).len();
        let shape = self.value(whole).shape();
        let grad = self.grads[whole.index()].get_or_insert_with(|| Tensor::zeros(shape));
        Some(&mut grad.data_mut()[offset..offset + len])
    }
}

/// The result of a backward pass.
pub struct BackwardOutput {
    pub(super) tape: u32,
    pub(crate) grads: PooledVec<Option<Tensor>>,
    /// Gradients of parameters, still to be [reduced](Gradients::reduce).
    pub gradients: Gradients,
    /// Gradient norms of [watched](crate::Tape::watch) states over time.
    pub flow: Flow,
    /// The time of each operation, if the tape was made [with a
    /// profile](crate::Tape::with_profile).
    pub profile: Option<Profile>,
}

impl BackwardOutput {
    /// Returns the gradient of an [input](crate::Tape::input), or `None` if it is zero, or if `v`
    /// belongs to another tape.
    pub fn grad(&self, v: Var) -> Option<&Tensor> {
        self.grads.get(v.index()).filter(|_| v.is_of(self.tape))?.as_ref()
    }
}
