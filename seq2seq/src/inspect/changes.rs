//! The interventions of a request, checked and in the order in which the network reads.

use rnn::Site;

use crate::data::Text;
use crate::inspection::{Clamp, InspectRequest, Intervention};
use crate::model::EncoderDecoder;
use crate::{Error, Result};

/// Checked interventions for one sentence.
#[derive(Debug, Clone)]
pub(super) struct Changes {
    /// The sentence that is read.
    pub(super) source: String,
    /// Number of source positions, the end token included.
    positions: usize,
    /// Replaced attention: the output step, or `None` for every step, and the weights in the order
    /// of reading.
    attention: Vec<(Option<usize>, Vec<f32>)>,
    clamps: Vec<Clamped>,
}

/// A clamp with its site.
#[derive(Debug, Clone, Copy)]
struct Clamped {
    is_decoder: bool,
    site: ClampedSite,
    value: f32,
}

#[derive(Debug, Clone, Copy)]
struct ClampedSite {
    layer: usize,
    gate: rnn::Gate,
    unit: Option<usize>,
    time: Option<usize>,
}

pub(crate) fn bad(key: &str, value: impl std::fmt::Display, allowed: impl Into<String>) -> Error {
    Error::BadValue { key: key.into(), value: value.to_string(), allowed: allowed.into() }
}

/// Returns the names of the recurrent layers and directions, those of the encoder first.
pub(super) fn layer_names(network: &EncoderDecoder) -> Vec<String> {
    let encoder = network.encoder.rnn().layer_names();
    encoder.chain(network.decoder.rnn().layer_names()).map(str::to_owned).collect()
}

/// Checks that layers of these names exist.
pub(super) fn check_layers(network: &EncoderDecoder, names: &[String]) -> Result<()> {
    names.iter().try_for_each(|name| find_layer(network, name).map(|_| ()))
}

/// Returns whether a layer is the decoder's, and its index there.
fn find_layer(network: &EncoderDecoder, name: &str) -> Result<(bool, usize)> {
    let place = |rnn: &rnn::Rnn| rnn.layer_names().position(|own| own == name);
    let encoder = place(network.encoder.rnn()).map(|at| (false, at));
    let found = encoder.or_else(|| place(network.decoder.rnn()).map(|at| (true, at)));
    found.ok_or_else(|| bad("layer", name, layer_names(network).join(", ")))
}

/// Checks the gate, the unit and the value of a clamp of a layer.
pub(crate) fn check_clamp(config: &rnn::RnnConfig, clamp: &Clamp) -> Result<()> {
    let gates = config.cell.values();
    if !gates.contains(&clamp.gate) {
        let names: Vec<&str> = gates.iter().map(|gate| gate.name()).collect();
        return Err(bad("gate", clamp.gate, format!("{} ({})", names.join(", "), config.cell)));
    }
    if let Some(unit) = clamp.unit.filter(|&unit| unit >= config.hidden) {
        return Err(bad("unit", unit, format!("0 to {}", config.hidden - 1)));
    }
    if !clamp.value.is_finite() {
        return Err(bad("value", clamp.value, "a finite number"));
    }
    Ok(())
}

impl Changes {
    /// Returns no changes.
    pub(super) fn none(text: &Text, source: &str) -> Self {
        let positions = text.encode_source(source).len();
        Self { source: source.to_owned(), positions, attention: Vec::new(), clamps: Vec::new() }
    }

    /// Returns the interventions of a request.
    ///
    /// # Errors
    /// An intervention that does not fit the network or the sentence.
    pub(super) fn new(
        network: &EncoderDecoder,
        text: &Text,
        request: &InspectRequest,
    ) -> Result<Self> {
        let edits: Vec<(usize, &str)> = request
            .interventions
            .iter()
            .filter_map(|intervention| match intervention {
                Intervention::ReplaceSource { position, text } => Some((*position, text.as_str())),
                _ => None,
            })
            .collect();
        let source = text.replace_source(&request.source, &edits).ok_or_else(|| {
            let most = text.encode_source(&request.source).len() - 1;
            let found = edits.iter().map(|edit| edit.0).max().unwrap_or_default();
            bad("source position", found, format!("0 to {most}"))
        })?;
        let mut changes = Self::none(text, &source);
        for intervention in &request.interventions {
            match intervention {
                Intervention::ReplaceSource { .. } => {}
                Intervention::MoveAttention { step, position } => {
                    changes.check_position(*position)?;
                    let mut weights = vec![0.0; changes.positions];
                    weights[*position] = 1.0;
                    changes.replace_attention(network, Some(*step), text.in_order(weights))?;
                }
                Intervention::UniformAttention { step } => {
                    let share = 1.0 / changes.positions as f32;
                    let weights = vec![share; changes.positions];
                    changes.replace_attention(network, *step, weights)?;
                }
                Intervention::Clamp(clamp) => changes.clamp(network, text, clamp)?,
            }
        }
        Ok(changes)
    }

    fn check_position(&self, position: usize) -> Result<()> {
        if position < self.positions {
            return Ok(());
        }
        let last = self.positions - 1;
        Err(bad("source position", position, format!("0 to {last}, the position of the end token")))
    }

    fn replace_attention(
        &mut self,
        network: &EncoderDecoder,
        step: Option<usize>,
        weights: Vec<f32>,
    ) -> Result<()> {
        if !network.decoder.attends() {
            return Err(bad("intervention", "attention", "a model with attention"));
        }
        self.attention.push((step, weights));
        Ok(())
    }

    fn clamp(&mut self, network: &EncoderDecoder, text: &Text, clamp: &Clamp) -> Result<()> {
        let (is_decoder, layer) = find_layer(network, &clamp.layer)?;
        let of_decoder = network.decoder.rnn();
        let config = if is_decoder { of_decoder } else { network.encoder.rnn() }.config();
        check_clamp(config, clamp)?;
        let mut time = clamp.position;
        if let Some(position) = time.filter(|_| !is_decoder) {
            self.check_position(position)?;
            let order = text.in_order((0..self.positions).collect());
            time = order.get(position).copied();
        }
        let site = ClampedSite { layer, gate: clamp.gate, unit: clamp.unit, time };
        self.clamps.push(Clamped { is_decoder, site, value: clamp.value });
        Ok(())
    }

    /// Returns the weights that replace those of an output step.
    pub(super) fn weights(&self, step: usize) -> Option<&[f32]> {
        let of_step = |(at, _): &&(Option<usize>, _)| at.is_none_or(|at| at == step);
        // The last intervention holds.
        self.attention.iter().rfind(of_step).map(|(_, weights)| weights.as_slice())
    }

    /// Returns the value of an activation of the encoder or the decoder.
    pub(super) fn edit(&self, is_decoder: bool, site: Site, value: f32) -> f32 {
        let holds = |clamped: &&Clamped| {
            let at = clamped.site;
            clamped.is_decoder == is_decoder
                && (at.layer, at.gate) == (site.layer, site.gate)
                && at.unit.is_none_or(|unit| unit == site.unit)
                && at.time.is_none_or(|time| time == site.time)
        };
        self.clamps.iter().rfind(holds).map_or(value, |clamped| clamped.value)
    }
}
