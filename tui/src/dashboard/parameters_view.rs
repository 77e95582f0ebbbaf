//! What the page of gradients shows: order and filter of the parameters, layer of the flow.

use std::cmp::Ordering;

use seq2seq::inspection::ParameterHistogram;

use super::parameters::{Parameters, Row};

/// The order of the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Order {
    /// The largest gradients first.
    #[default]
    Norm,
    /// The largest updates, relative to the values, first.
    Ratio,
    /// By name.
    Name,
}

/// What the page of gradients shows.
#[derive(Debug, Clone, Default)]
pub(super) struct ParametersView {
    pub order: Order,
    /// Only parameters whose name contains this text are shown.
    pub filter: String,
    /// The layer of the flow, counted from 0; `None` for the one through which least flows.
    pub layer: Option<usize>,
    /// The distribution that is shown.
    pub histogram: Option<Box<ParameterHistogram>>,
    /// The name of the parameter whose distribution is awaited.
    pub awaited: Option<String>,
    cursor: usize,
}

impl ParametersView {
    /// Returns the parameters in the chosen order that pass the filter.
    pub(super) fn rows<'a>(&self, parameters: &'a Parameters) -> Vec<&'a Row> {
        let wanted = self.filter.to_lowercase();
        let mut rows: Vec<&Row> = parameters
            .rows()
            .iter()
            .filter(|row| row.name.to_lowercase().contains(&wanted))
            .collect();
        match self.order {
            Order::Norm => {}
            // A ratio that is not finite comes first.
            Order::Ratio => rows.sort_by(|a, b| {
                let ratio =
                    |row: &Row| if row.ratio.is_finite() { row.ratio } else { f64::INFINITY };
                ratio(b).partial_cmp(&ratio(a)).unwrap_or(Ordering::Equal)
            }),
            Order::Name => rows.sort_by(|a, b| a.name.cmp(&b.name)),
        }
        rows
    }

    /// Selects the next order.
    pub(super) fn next_order(&mut self) {
        self.order = match self.order {
            Order::Norm => Order::Ratio,
            Order::Ratio => Order::Name,
            Order::Name => Order::Norm,
        };
        self.cursor = 0;
    }

    /// Returns the row of the chosen parameter, of `rows` rows.
    pub(super) fn cursor(&self, rows: usize) -> usize {
        self.cursor.min(rows.saturating_sub(1))
    }

    /// Chooses a row.
    pub(super) fn choose(&mut self, row: usize) {
        self.cursor = row;
    }

    /// Returns the first row shown, of `rows` rows of which `room` fit; the last of these may be
    /// taken by the number of the others.
    pub(super) fn first(&self, rows: usize, room: usize) -> usize {
        (self.cursor + 2).saturating_sub(room).min(rows.saturating_sub(room))
    }

    /// Moves by a number of rows; `rows` is their number.
    pub(super) fn move_by(&mut self, further: i8, rows: usize) {
        let distance = usize::from(further.unsigned_abs());
        self.cursor = if further < 0 {
            self.cursor.saturating_sub(distance)
        } else {
            (self.cursor + distance).min(rows.saturating_sub(1))
        };
    }

    /// Shows only parameters whose name contains a text.
    pub(super) fn set_filter(&mut self, filter: String) {
        (self.filter, self.cursor) = (filter, 0);
    }

    /// Selects the next of `layers` layers; after the last one, the one through which least flows.
    pub(super) fn next_layer(&mut self, layers: usize) {
        self.layer = match self.layer {
            None => Some(0),
            Some(layer) => Some(layer + 1),
        }
        .filter(|layer| *layer < layers);
    }
}

#[cfg(test)]
mod tests {
    use seq2seq::event::ParameterMetrics;

    use super::*;

    #[test]
    fn parameters_are_ordered_and_filtered() {
        let of = |name: &str, gradient_norm, update_ratio| ParameterMetrics {
            name: name.into(),
            gradient_norm,
            update_ratio,
        };
        let mut parameters = Parameters::default();
        parameters.apply(1, &[of("b.x", 3.0, 0.1), of("a.y", 2.0, 0.3), of("c.x", 1.0, 0.2)]);
        let mut view = ParametersView::default();
        let names = |view: &ParametersView| -> Vec<String> {
            view.rows(&parameters).iter().map(|row| row.name.clone()).collect()
        };
        assert_eq!(names(&view), ["b.x", "a.y", "c.x"]);
        view.next_order();
        assert_eq!(names(&view), ["a.y", "c.x", "b.x"]);
        view.next_order();
        assert_eq!(names(&view), ["a.y", "b.x", "c.x"]);
        view.set_filter("X".into());
        assert_eq!(names(&view), ["b.x", "c.x"]);
        view.move_by(9, 2);
        assert_eq!((view.first(2, 1), view.first(2, 5)), (1, 0));
        for layer in [Some(0), Some(1), None] {
            view.next_layer(2);
            assert_eq!(view.layer, layer);
        }
    }
}
