//! How keys change the page of curves.

use super::Model;
use crate::dashboard::curves_view::CurvesKey;
use crate::dashboard::history::RunHistory;
use crate::dashboard::metric::Metric;

impl Model {
    /// Changes what the page of curves shows.
    pub(super) fn curves_key(&mut self, key: CurvesKey) {
        let known = |metric: Metric| metric.is_known(&self.history.curves);
        let all = Metric::ALL.len();
        match key {
            CurvesKey::NextMetric => {
                let next = self.curves_view.metric.step(1, known);
                self.curves_view.set_metric(next);
            }
            CurvesKey::PreviousMetric => {
                let next = self.curves_view.metric.step(all - 1, known);
                self.curves_view.set_metric(next);
            }
            CurvesKey::NextAxis => {
                let (from, clock) = (self.curves_view.axis, &self.history.clock);
                let to = from.next();
                self.curves_view.set_axis(to, |at| clock.at(clock.step_at(at, from), to));
            }
            key => {
                if let Some(whole) = self.curves_range() {
                    self.curves_view.apply(key, whole);
                }
            }
        }
    }

    /// Zooms around a position of the horizontal axis.
    pub(super) fn curves_key_at(&mut self, key: CurvesKey, position: f64) {
        if let Some(whole) = self.curves_range() {
            self.curves_view.zoom_at(key, position, whole);
        }
    }

    /// Returns the range of all curves of the view on its horizontal axis.
    pub(super) fn curves_range(&self) -> Option<(f64, f64)> {
        let view = &self.curves_view;
        let of = |history: &RunHistory| {
            let curves = view.metric.curves(&history.curves);
            let reach = curves.iter().filter_map(|curve| curve.series.reach());
            let reach = reach.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
            let clock = &history.clock;
            Some((clock.at(reach.0, view.axis), clock.at(reach.1, view.axis)))
        };
        std::iter::once(of(&self.history))
            .chain(self.beside.iter().map(|beside| of(&beside.history)))
            .flatten()
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }
}
