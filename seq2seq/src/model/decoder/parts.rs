//! Helpers that the parts of a decoder share.

use tensor::{ParamId, Params, Tape, Var, ops};

use crate::Result;

/// Creates a parameter of the decoder from its name and shape, and adds it to the store.
pub(super) type Add<'a> = dyn FnMut(&mut Params, &str, &[usize]) -> Result<ParamId> + 'a;

/// Concatenates values along the last dimension; a single value is returned unchanged.
pub(super) fn side_by_side(tape: &mut Tape<'_>, parts: &[Var]) -> Result<Var> {
    Ok(if let [one] = parts { *one } else { ops::concat(tape, parts)? })
}
