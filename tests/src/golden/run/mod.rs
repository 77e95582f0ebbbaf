//! One file a family: how its cases run through the public API.

pub(super) mod attend;
pub(super) mod expression;
pub(super) mod ops;
pub(super) mod optimizer;
pub(super) mod recurrent;

use tensor::init::InitFn;
use tensor::{BackwardOutput, Device, Params, Tape, Tensor, Var};

use super::case_file::Given;
use super::compare::Computed;
use crate::error::{Error, Result};

/// Builds a layer whose parameters have the values of the file.
fn build<T, E: Into<Error>>(
    given: &mut Given,
    make: impl FnOnce(&mut InitFn<'_>) -> std::result::Result<T, E>,
) -> Result<T> {
    let mut init = |name: &str, _| {
        let name = format!("param.{name}");
        given
            .optional(&name)
            .ok_or_else(|| tensor::Error::argument("golden", format!("there is no {name}")))
    };
    make(&mut init).map_err(Into::into)
}

/// The gradient of an input, zero where the backward pass did not reach it.
fn gradient(tape: &Tape<'_>, back: &BackwardOutput, name: &str, v: Var) -> Computed {
    let gradient = back.grad(v).cloned().unwrap_or_else(|| Tensor::zeros(tape.shape(v)));
    Computed::new(format!("grad.in.{name}"), &gradient)
}

/// The gradients of all parameters.
fn param_gradients(
    params: &Params,
    back: BackwardOutput,
    device: &Device,
) -> Result<Vec<Computed>> {
    let reduced = back.gradients.reduce(params, device.threads())?;
    let dense = |id| {
        let gradient = reduced.get(id).to_dense(params.shape(id));
        Computed::new(format!("grad.param.{}", params.name(id)), &gradient)
    };
    Ok(params.ids().map(dense).collect())
}
