//! Gradient norms of the parameters, and of their groups.

use std::cmp::Ordering;

use seq2seq::event::ParameterMetrics;
use serde::{Deserialize, Deserializer, Serialize};

use super::series::Series;
use crate::run_state::Smoother;

/// Maximum number of points of a parameter's curves.
const POINTS: usize = 128;

/// Decay factor of the smoothed norm that orders the rows; smoothing keeps their order stable.
const STEADINESS: f64 = 0.9;

/// A parameter, or a group of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Row {
    /// Name of the parameter or group.
    pub name: String,
    /// Gradient norm at the newest step that reported it.
    #[serde(deserialize_with = "or_nan")]
    pub norm: f64,
    /// Update divided by value; for a group, the largest ratio of its members.
    #[serde(deserialize_with = "or_nan")]
    pub ratio: f64,
    /// The gradient norm over steps.
    pub norms: Series,
    order: Smoother,
}

/// Reads a number; one that is not finite is written as null.
fn or_nan<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
    Option::<f64>::deserialize(d).map(|number| number.unwrap_or(f64::NAN))
}

/// The parameters of a run, the largest gradients first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Parameters {
    rows: Vec<Row>,
    groups: Vec<Row>,
}

impl Parameters {
    /// Applies the metrics of one step.
    pub(super) fn apply(&mut self, step: u64, metrics: &[ParameterMetrics]) {
        for number in metrics {
            let value = (number.gradient_norm, number.update_ratio);
            update(&mut self.rows, &number.name, step, value);
        }
        let mut groups: Vec<(&str, f64, f64)> = Vec::new();
        for row in &self.rows {
            let name = group_of(&row.name);
            // A norm that is not finite makes its group's norm not finite; `max` would hide it.
            let square = row.norm * row.norm;
            match groups.iter_mut().find(|(group, ..)| *group == name) {
                Some((_, squares, ratio)) => {
                    *squares += square;
                    if row.ratio > *ratio || !row.ratio.is_finite() {
                        *ratio = row.ratio;
                    }
                }
                None => groups.push((name, square, row.ratio)),
            }
        }
        for (name, squares, ratio) in groups {
            update(&mut self.groups, name, step, (squares.sqrt(), ratio));
        }
        sort(&mut self.rows);
        sort(&mut self.groups);
    }

    /// Removes the points after a step, which a resumed run repeats.
    pub(super) fn rewind(&mut self, step: u64) {
        for row in self.rows.iter_mut().chain(&mut self.groups) {
            row.norms.rewind(step as f64);
        }
    }

    /// Appends the metrics of a later part of the run.
    pub(super) fn append(&mut self, later: Self) {
        for (rows, later) in [(&mut self.rows, later.rows), (&mut self.groups, later.groups)] {
            for new in later {
                match rows.iter_mut().find(|row| row.name == new.name) {
                    Some(row) => {
                        row.norms.append(&new.norms);
                        (row.norm, row.ratio, row.order) = (new.norm, new.ratio, new.order);
                    }
                    None => rows.push(new),
                }
            }
            sort(rows);
        }
    }

    /// Returns the parameters: those without a finite gradient norm first, then by decreasing norm.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Returns the groups (the modules that parameters belong to), in the same order.
    pub(super) fn groups(&self) -> &[Row] {
        &self.groups
    }
}

fn update(rows: &mut Vec<Row>, name: &str, step: u64, (norm, ratio): (f64, f64)) {
    let place = rows.iter().position(|row| row.name == name).unwrap_or_else(|| {
        let (norms, order) = (Series::with_capacity(POINTS), Smoother::new(STEADINESS));
        rows.push(Row { name: name.to_owned(), norm, ratio, norms, order });
        rows.len() - 1
    });
    if let Some(row) = rows.get_mut(place) {
        (row.norm, row.ratio) = (norm, ratio);
        row.norms.push(step as f64, norm);
        row.order.push(norm);
    }
}

fn sort(rows: &mut [Row]) {
    let size = |row: &Row| {
        if row.norm.is_finite() { row.order.value().unwrap_or(0.0) } else { f64::INFINITY }
    };
    rows.sort_by(|a, b| {
        size(b).partial_cmp(&size(a)).unwrap_or(Ordering::Equal).then_with(|| a.name.cmp(&b.name))
    });
}

/// Returns the group of a parameter: `encoder.rnn` for `encoder.rnn.weight_hh_l0`.
fn group_of(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(group, _)| group)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(name: &str, gradient_norm: f64) -> ParameterMetrics {
        ParameterMetrics { name: name.into(), gradient_norm, update_ratio: 1e-3 }
    }

    #[test]
    fn groups_add_squares_and_sort_by_size() {
        let mut parameters = Parameters::default();
        parameters.apply(
            1,
            &[
                number("decoder.out.weight", 1.0),
                number("encoder.rnn.a", 3.0),
                number("encoder.rnn.b", 4.0),
                number("alone", 2.0),
            ],
        );
        let groups: Vec<(&str, f64)> =
            parameters.groups().iter().map(|row| (row.name.as_str(), row.norm)).collect();
        assert_eq!(groups, [("encoder.rnn", 5.0), ("alone", 2.0), ("decoder.out", 1.0)]);
        assert_eq!(parameters.rows()[0].name, "encoder.rnn.b");
    }

    #[test]
    fn a_norm_that_is_not_finite_comes_first() {
        let mut parameters = Parameters::default();
        parameters.apply(1, &[number("a.x", 5.0), number("b.x", f64::NAN), number("b.y", 1.0)]);
        assert_eq!(parameters.rows()[0].name, "b.x");
        assert_eq!(parameters.groups()[0].name, "b");
        assert!(parameters.groups()[0].norm.is_nan());
        parameters.apply(2, &[number("b.x", 0.5)]);
        assert_eq!(parameters.groups()[0].name, "a");
    }
}
