//! Gradient norms of the parameters, and of their groups.

use std::cmp::Ordering;

use seq2seq::event::ParameterMetrics;

use crate::run_state::Smoother;

/// Decay factor of the smoothed norm that orders the rows; smoothing keeps their order stable.
const STEADINESS: f64 = 0.9;

/// A parameter, or a group of them.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Name of the parameter or group.
    pub name: String,
    /// Gradient norm at the newest step that reported it.
    pub norm: f64,
    /// Update divided by value; for a group, the largest ratio of its members.
    pub ratio: f64,
    order: Smoother,
}

/// The parameters of a run, the largest gradients first.
#[derive(Debug, Clone, Default)]
pub(super) struct Parameters {
    rows: Vec<Row>,
    groups: Vec<Row>,
}

impl Parameters {
    /// Applies the metrics of one step.
    pub(super) fn apply(&mut self, metrics: &[ParameterMetrics]) {
        for number in metrics {
            update(&mut self.rows, &number.name, number.gradient_norm, number.update_ratio);
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
            update(&mut self.groups, name, squares.sqrt(), ratio);
        }
        sort(&mut self.rows);
        sort(&mut self.groups);
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

fn update(rows: &mut Vec<Row>, name: &str, norm: f64, ratio: f64) {
    if let Some(row) = rows.iter_mut().find(|row| row.name == name) {
        row.norm = norm;
        row.ratio = ratio;
        row.order.push(norm);
    } else {
        let mut order = Smoother::new(STEADINESS);
        order.push(norm);
        rows.push(Row { name: name.to_owned(), norm, ratio, order });
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
        parameters.apply(&[
            number("decoder.out.weight", 1.0),
            number("encoder.rnn.a", 3.0),
            number("encoder.rnn.b", 4.0),
            number("alone", 2.0),
        ]);
        let groups: Vec<(&str, f64)> =
            parameters.groups().iter().map(|row| (row.name.as_str(), row.norm)).collect();
        assert_eq!(groups, [("encoder.rnn", 5.0), ("alone", 2.0), ("decoder.out", 1.0)]);
        assert_eq!(parameters.rows()[0].name, "encoder.rnn.b");
    }

    #[test]
    fn a_norm_that_is_not_finite_comes_first() {
        let mut parameters = Parameters::default();
        parameters.apply(&[number("a.x", 5.0), number("b.x", f64::NAN), number("b.y", 1.0)]);
        assert_eq!(parameters.rows()[0].name, "b.x");
        assert_eq!(parameters.groups()[0].name, "b");
        assert!(parameters.groups()[0].norm.is_nan());
        parameters.apply(&[number("b.x", 0.5)]);
        assert_eq!(parameters.groups()[0].name, "a");
    }
}
