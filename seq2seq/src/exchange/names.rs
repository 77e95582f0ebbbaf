//! The names and shapes that `torch.nn` modules give to the parameters of a model.

use tensor::{LoadOptions, Params, StateDict};

use crate::Result;

/// Returns the name in PyTorch of a parameter, and whether it is a vector here and a matrix of one
/// row there.
///
/// Only the parameters of the scores differ: there each linear map is a module of its own.
fn torch_name(name: &str) -> (String, bool) {
    let Some((module, last)) = name.rsplit_once("attention.") else {
        return (name.to_owned(), false);
    };
    let (torch, is_row) = match last {
        "w" | "w_query" | "w_memory" | "w_p" => (format!("{last}.weight"), false),
        "v" | "v_p" => (format!("{last}.weight"), true),
        "b_query" => ("w_query.bias".to_owned(), false),
        "b_memory" => ("w_memory.bias".to_owned(), false),
        "b_v" => ("v.bias".to_owned(), false),
        other => (other.to_owned(), false),
    };
    (format!("{module}attention.{torch}"), is_row)
}

/// Returns the parameters with the names and shapes of PyTorch.
///
/// # Errors
/// A failure of the parameters' device.
pub(super) fn to_torch(params: &Params) -> Result<StateDict> {
    let mut state = params.state_dict();
    for (name, value) in &mut state.tensors {
        let (torch, is_row) = torch_name(name);
        let (host, len) = (value.to_host()?, value.len());
        *value = if is_row { host.reshape([1, len])? } else { host };
        *name = torch;
    }
    Ok(state)
}

/// Loads parameters with the names and shapes of PyTorch. No parameter is changed if one of them
/// is missing or of another shape, or if there are others.
///
/// # Errors
/// [`tensor::Error::StateDict`], in the names of PyTorch.
pub(super) fn load_torch(params: &mut Params, state: &StateDict) -> Result<()> {
    let mut torch = Params::new();
    for (name, value) in to_torch(params)?.tensors {
        torch.add(name, value)?;
    }
    torch.load_state_dict(state, LoadOptions::default())?;
    let ids: Vec<_> = params.ids().collect();
    for (id, from) in ids.into_iter().zip(torch.ids()) {
        let shape = params.shape(id);
        params.set(id, torch.get(from).clone().reshape(shape)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maps_of_a_score_are_modules() {
        for (own, torch, is_row) in [
            ("encoder.rnn.weight_ih_l0_reverse", "encoder.rnn.weight_ih_l0_reverse", false),
            ("decoder.attention.w_query", "decoder.attention.w_query.weight", false),
            ("decoder.attention.b_query", "decoder.attention.w_query.bias", false),
            ("decoder.attention.v", "decoder.attention.v.weight", true),
            ("decoder.attention.b_v", "decoder.attention.v.bias", false),
            ("decoder.attention.v_p", "decoder.attention.v_p.weight", true),
            ("decoder.attention.in_proj_weight", "decoder.attention.in_proj_weight", false),
            ("decoder.attention.out_proj.bias", "decoder.attention.out_proj.bias", false),
        ] {
            assert_eq!(torch_name(own), (torch.to_owned(), is_row));
        }
    }
}
