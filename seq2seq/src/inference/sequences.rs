//! Inspection of a trained model of generated sequences.

use std::path::Path;

use rnn::Site;
use tensor::Params;

use super::open_run;
use crate::config::TaskKind;
use crate::event::Sample;
use crate::inspect::{bad, check_clamp};
use crate::inspection::{Clamp, LayerTrace};
use crate::task::SequenceModel;
use crate::tasks::{Generated, Sequence};
use crate::{Error, Result};

/// A trained model of a generated task (`adding`, `temporal-order`, `reber`), whose answers are
/// inspected on the processor: `best` of the run if it has validated, else `last`.
///
/// ```
/// use seq2seq::inspection::Clamp;
/// use seq2seq::{Gate, SequenceInspector, TrainOptions, link, train};
///
/// let run = std::env::temp_dir().join(format!("sequence-inspector-{}", std::process::id()));
/// let options = TrainOptions {
///     preset: Some("temporal-order".into()),
///     max_steps: Some(1),
///     run_dir: Some(run.clone()),
///     ..TrainOptions::default()
/// };
/// let (mut link, _viewer) = link(64);
/// train(&options, &mut link)?;
/// let model = SequenceInspector::open(&run)?;
/// let layer = model.layer_names().next().unwrap().to_owned();
/// let sequence = &model.sequences("temporal-order:20-30:test")?[0];
/// let closed = Clamp { layer, gate: Gate::Input, unit: None, position: None, value: 0.0 };
/// let (answer, layers) = model.inspect(sequence, &[closed])?;
/// // With its input gate closed an LSTM stays at zero.
/// let cell = layers[0].gates.iter().find(|trace| trace.gate == Gate::CellState).unwrap();
/// assert!(cell.values.iter().flatten().all(|&c| c == 0.0));
/// assert_eq!(answer.source.len(), sequence.len() + 1);
/// # std::fs::remove_dir_all(run).unwrap();
/// # Ok::<(), seq2seq::Error>(())
/// ```
#[derive(Debug)]
pub struct SequenceInspector {
    model: SequenceModel,
    params: Params,
    seed: u64,
}

impl SequenceInspector {
    /// Opens the model of a run.
    ///
    /// # Errors
    /// A missing run, a run of another task, a damaged file.
    pub fn open(run: &Path) -> Result<Self> {
        let opened = open_run(run, "cpu", Some(1), &[TaskKind::Sequence])?;
        let task = opened.stored.data.parse::<Generated>()?.name;
        let (model, params) = opened
            .load(|params, stored| SequenceModel::new(params, &stored.config, task, stored.seed))?;
        Ok(Self { model, params, seed: opened.stored.seed })
    }

    /// Returns the sequences of a SPEC of the model's task.
    ///
    /// # Errors
    /// Another SPEC.
    pub fn sequences(&self, data: &str) -> Result<Vec<Sequence>> {
        let spec: Generated = data.parse()?;
        if spec.name != self.model.task() {
            let what =
                format!("corpus {data}: the model was trained on {}", self.model.task().name());
            return Err(Error::NothingTrained { what });
        }
        spec.sequences(self.seed)
    }

    /// Returns the names of the layers, to which clamps refer.
    pub fn layer_names(&self) -> impl Iterator<Item = &str> {
        self.model.network.rnn().layer_names()
    }

    /// Returns the model's answer to a sequence, and the activations of its layers, with some of them
    /// clamped. Positions of clamps are those of the sequence.
    ///
    /// # Errors
    /// [`Error::BadValue`] for a layer, gate, unit or position that does not exist, with those that
    /// do.
    pub fn inspect(
        &self,
        sequence: &Sequence,
        clamps: &[Clamp],
    ) -> Result<(Sample, Vec<LayerTrace>)> {
        let rnn = self.model.network.rnn();
        let mut sites = Vec::with_capacity(clamps.len());
        for clamp in clamps {
            let layer = rnn.layer_names().position(|name| name == clamp.layer);
            let Some(layer) = layer else {
                let names: Vec<&str> = rnn.layer_names().collect();
                return Err(bad("layer", &clamp.layer, names.join(", ")));
            };
            check_clamp(rnn.config(), clamp)?;
            if let Some(at) = clamp.position.filter(|&at| at >= sequence.len()) {
                let last = sequence.len().saturating_sub(1);
                return Err(bad("position", at, format!("0 to {last}")));
            }
            sites.push((layer, clamp));
        }
        let mut edit = |site: Site, value: f32| {
            let holds = |(layer, clamp): &&(usize, &Clamp)| {
                (*layer, clamp.gate) == (site.layer, site.gate)
                    && clamp.unit.is_none_or(|unit| unit == site.unit)
                    && clamp.position.is_none_or(|at| at == site.time)
            };
            sites.iter().rfind(holds).map_or(value, |(_, clamp)| clamp.value)
        };
        self.model.observe(&self.params, sequence, &mut edit)
    }
}
