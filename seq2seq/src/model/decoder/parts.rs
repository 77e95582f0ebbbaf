//! What the parts of a decoder are made with.

use tensor::{ParamId, Params, Tape, Var, ops};

use crate::Result;

/// Makes a parameter of the decoder, from its name and shape, and adds it to the store.
pub(super) type Add<'a> = dyn FnMut(&mut Params, &str, &[usize]) -> Result<ParamId> + 'a;

/// One value, or several as one, side by side.
pub(super) fn side_by_side(tape: &mut Tape<'_>, parts: &[Var]) -> Result<Var> {
    Ok(if let [one] = parts { *one } else { ops::concat(tape, parts)? })
}
