//! The activations of a layer over a sentence, and what they have in common.

use rnn::{Cell, Gate, StepActivations};
use serde::{Deserialize, Serialize};

use crate::json_number;

/// Share of a gate's range at either end that counts as saturated.
const SATURATED: f32 = 0.1;

/// The activations of one layer and direction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerTrace {
    /// The name of the layer and direction: `encoder.rnn.l0.reverse`.
    pub name: String,
    /// The cell.
    pub cell: Cell,
    /// Each gate and state of the cell, in the order of its equations.
    pub gates: Vec<GateTrace>,
}

impl LayerTrace {
    /// Returns the activations of a layer gate by gate, from those of each step.
    pub(crate) fn new(name: String, cell: Cell, steps: Vec<StepActivations>) -> Self {
        let gate = |&gate: &Gate| GateTrace { gate, values: Vec::with_capacity(steps.len()) };
        let mut gates: Vec<GateTrace> = cell.values().iter().map(gate).collect();
        for step in steps {
            for (gate, (_, values)) in gates.iter_mut().zip(step) {
                gate.values.push(values);
            }
        }
        Self { name, cell, gates }
    }

    /// Returns true if the layer is the decoder's, so that its positions are output steps: at step t
    /// the decoder is fed the token of step t - 1.
    pub fn is_decoder(&self) -> bool {
        self.name.starts_with("decoder")
    }
}

/// The activations of one gate or state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateTrace {
    /// The gate or state.
    pub gate: Gate,
    /// The value of each unit at each position, \[S, H\] or \[T, H\]; source positions are in the
    /// sentence's own order.
    #[serde(with = "json_number::list")]
    pub values: Vec<Vec<f32>>,
}

impl GateTrace {
    /// Returns the number of units.
    pub fn units(&self) -> usize {
        self.values.first().map_or(0, Vec::len)
    }

    /// Returns the values of one unit at all positions.
    pub fn unit(&self, unit: usize) -> impl Iterator<Item = f32> {
        self.values.iter().filter_map(move |row| row.get(unit).copied())
    }

    /// Returns the mean over the units at each position.
    pub fn means(&self) -> Vec<f32> {
        self.values.iter().map(|row| row.iter().sum::<f32>() / row.len().max(1) as f32).collect()
    }

    /// Returns the shares of values in the lowest and in the highest tenth of the gate's range
    /// (Karpathy et al. 2015, section 4.3); `None` if the gate is unbounded.
    ///
    /// ```
    /// use rnn::{Cell, Gate};
    /// use seq2seq::inspection::GateTrace;
    ///
    /// let gate = GateTrace { gate: Gate::Forget, values: vec![vec![0.95, 0.5], vec![1.0, 0.05]] };
    /// assert_eq!(gate.saturation(Cell::Lstm), Some((0.25, 0.5)));
    /// ```
    pub fn saturation(&self, cell: Cell) -> Option<(f64, f64)> {
        let (low, high) = self.gate.bounds(cell)?;
        let margin = SATURATED * (high - low);
        let count = self.values.iter().map(Vec::len).sum::<usize>().max(1) as f64;
        let of = |is_saturated: &dyn Fn(f32) -> bool| {
            self.values.iter().flatten().filter(|&&v| is_saturated(v)).count() as f64 / count
        };
        Some((of(&|v| v < low + margin), of(&|v| v > high - margin)))
    }

    /// Returns the share of positions at which each unit is saturated, at either end; `None` if the
    /// gate is unbounded.
    pub fn saturated_units(&self, cell: Cell) -> Option<Vec<f64>> {
        let (low, high) = self.gate.bounds(cell)?;
        let margin = SATURATED * (high - low);
        let positions = self.values.len().max(1) as f64;
        let share = |unit: usize| {
            let is_saturated = |v: &f32| *v < low + margin || *v > high - margin;
            self.unit(unit).filter(is_saturated).count() as f64 / positions
        };
        Some((0..self.units()).map(share).collect())
    }

    /// Returns the variance of each unit over the positions.
    pub fn variances(&self) -> Vec<f64> {
        let n = self.values.len().max(1) as f64;
        let variance = |unit: usize| {
            let mean = self.unit(unit).map(f64::from).sum::<f64>() / n;
            self.unit(unit).map(|v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n
        };
        (0..self.units()).map(variance).collect()
    }

    /// Returns the units in the order of their variance over the positions, the largest first.
    pub fn by_variance(&self) -> Vec<usize> {
        order(&self.variances())
    }

    /// Returns the Pearson correlation of each unit with the presence of chosen positions: 1 if the
    /// unit is high exactly there, -1 if it is low exactly there, 0 if the unit is constant or all
    /// positions are alike.
    ///
    /// ```
    /// use rnn::Gate;
    /// use seq2seq::inspection::GateTrace;
    ///
    /// let values = vec![vec![0.1, 0.9], vec![0.8, 0.2], vec![0.1, 0.9]];
    /// let gate = GateTrace { gate: Gate::Hidden, values };
    /// let found = gate.correlations(|position| position == 1);
    /// assert!((found[0] - 1.0).abs() < 1e-6 && (found[1] + 1.0).abs() < 1e-6);
    /// ```
    pub fn correlations(&self, is_chosen: impl Fn(usize) -> bool) -> Vec<f64> {
        let n = self.values.len().max(1) as f64;
        let marks: Vec<f64> =
            (0..self.values.len()).map(|i| f64::from(u8::from(is_chosen(i)))).collect();
        let centred = |values: &mut Vec<f64>| {
            let mean = values.iter().sum::<f64>() / n;
            values.iter_mut().for_each(|v| *v -= mean);
        };
        let mut of_marks = marks;
        centred(&mut of_marks);
        let square = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>();
        let correlation = |unit: usize| {
            let mut values: Vec<f64> = self.unit(unit).map(f64::from).collect();
            centred(&mut values);
            let both: f64 = values.iter().zip(&of_marks).map(|(a, b)| a * b).sum();
            let scale = (square(&values) * square(&of_marks)).sqrt();
            if scale > 1e-12 { both / scale } else { 0.0 }
        };
        (0..self.units()).map(correlation).collect()
    }

    /// Returns the units in the order of the size of their correlation with chosen positions, the
    /// largest first.
    pub fn by_correlation(&self, is_chosen: impl Fn(usize) -> bool) -> Vec<usize> {
        let sizes: Vec<f64> = self.correlations(is_chosen).into_iter().map(f64::abs).collect();
        order(&sizes)
    }
}

/// Returns the indices of values, the largest value first.
fn order(values: &[f64]) -> Vec<usize> {
    let mut units: Vec<usize> = (0..values.len()).collect();
    units.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    units
}
