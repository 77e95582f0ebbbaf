//! What the page of curves shows: metric, axis, visible range, crosshair, smoothing.

use super::history::Axis;
use super::metric::Metric;

/// Windows of the smoothing, in steps; without one, the last value of each column is drawn.
const WINDOWS: [u32; 8] = [0, 5, 20, 50, 200, 1000, 5000, 20_000];
/// The window at the start: that of the mean in the header.
const FIRST_WINDOW: usize = 3;
/// Factor of one zoom step.
const FACTOR: f64 = 2.0;
/// The largest zoom.
const MOST: f64 = 1_048_576.0;
/// Share of the visible range by which the crosshair moves.
const NUDGE: f64 = 0.01;
/// Share of the visible range by which the range moves.
const PAN: f64 = 0.25;

/// A change of the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CurvesKey {
    /// The next metric.
    NextMetric,
    /// The previous metric.
    PreviousMetric,
    /// The next unit of the horizontal axis.
    NextAxis,
    /// A shorter visible range.
    ZoomIn,
    /// A longer visible range.
    ZoomOut,
    /// Moves the visible range to the left.
    PanLeft,
    /// Moves the visible range to the right.
    PanRight,
    /// Moves the crosshair to the left.
    CursorLeft,
    /// Moves the crosshair to the right.
    CursorRight,
    /// Shows the whole run without a crosshair.
    Whole,
    /// Follows the newest step.
    Follow,
    /// A wider smoothing window.
    Smoother,
    /// A narrower smoothing window.
    Rougher,
}

/// What the page of curves shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct CurvesView {
    pub metric: Metric,
    pub axis: Axis,
    /// The scale that the user chose for the metric.
    pub log: Option<bool>,
    zoom: f64,
    /// Left end of the visible range; `None` follows the newest step.
    left: Option<f64>,
    cursor: Option<f64>,
    window: usize,
}

impl Default for CurvesView {
    fn default() -> Self {
        Self {
            metric: Metric::default(),
            axis: Axis::default(),
            log: None,
            zoom: 1.0,
            left: None,
            cursor: None,
            window: FIRST_WINDOW,
        }
    }
}

impl CurvesView {
    /// Returns the visible part of `whole`, the range of all curves.
    pub(super) fn range(&self, whole: (f64, f64)) -> (f64, f64) {
        let span = (whole.1 - whole.0) / self.zoom;
        let left = match self.left {
            Some(left) => left.clamp(whole.0, (whole.1 - span).max(whole.0)),
            None => whole.1 - span,
        };
        (left, left + span)
    }

    /// Returns the position of the crosshair, within `whole`.
    pub(super) fn cursor(&self, whole: (f64, f64)) -> Option<f64> {
        self.cursor.map(|cursor| cursor.clamp(whole.0, whole.1.max(whole.0)))
    }

    /// Returns the smoothing window in steps; 0 without smoothing.
    pub(super) fn window(&self) -> u32 {
        WINDOWS.get(self.window).copied().unwrap_or(0)
    }

    /// Returns true if the right end is the newest step.
    pub(super) fn follows(&self) -> bool {
        self.left.is_none()
    }

    /// Returns how many times the whole run is longer than the visible range.
    pub(super) fn zoom(&self) -> f64 {
        self.zoom
    }

    /// Applies a change that needs the range of all curves.
    pub(super) fn apply(&mut self, key: CurvesKey, whole: (f64, f64)) {
        let (left, right) = self.range(whole);
        let span = right - left;
        match key {
            CurvesKey::ZoomIn | CurvesKey::ZoomOut => {
                // The crosshair, or else the right end, stays where it is on the screen.
                if let Some(cursor) = self.cursor(whole) {
                    self.zoom_at(key, cursor, whole);
                } else {
                    let follows = self.follows();
                    self.zoom_at(key, right, whole);
                    self.left = self.left.filter(|_| !follows);
                }
            }
            CurvesKey::PanLeft => self.show_from(left - PAN * span, span, whole),
            CurvesKey::PanRight => self.show_from(left + PAN * span, span, whole),
            CurvesKey::CursorLeft | CurvesKey::CursorRight => {
                let nudge = if key == CurvesKey::CursorLeft { -NUDGE } else { NUDGE } * span;
                let cursor = self.cursor.unwrap_or(right) + nudge;
                let cursor = cursor.clamp(whole.0, whole.1);
                self.cursor = Some(cursor);
                if cursor < left {
                    self.show_from(cursor, span, whole);
                } else if cursor > right {
                    self.show_from(cursor - span, span, whole);
                }
            }
            CurvesKey::Whole => (self.zoom, self.left, self.cursor) = (1.0, None, None),
            CurvesKey::Follow => (self.left, self.cursor) = (None, None),
            CurvesKey::Smoother => self.window = (self.window + 1).min(WINDOWS.len() - 1),
            CurvesKey::Rougher => self.window = self.window.saturating_sub(1),
            CurvesKey::NextMetric | CurvesKey::PreviousMetric | CurvesKey::NextAxis => {}
        }
    }

    /// Zooms in or out; a position stays where it is on the screen.
    pub(super) fn zoom_at(&mut self, key: CurvesKey, position: f64, whole: (f64, f64)) {
        let (left, right) = self.range(whole);
        let span = right - left;
        let factor = match key {
            CurvesKey::ZoomIn => FACTOR,
            CurvesKey::ZoomOut => 1.0 / FACTOR,
            _ => return,
        };
        self.zoom = (self.zoom * factor).clamp(1.0, MOST);
        let new = (whole.1 - whole.0) / self.zoom;
        let share = if span > 0.0 { (position - left) / span } else { 1.0 };
        self.show_from(position - share * new, new, whole);
    }

    /// Moves the visible range by a distance on its axis.
    pub(super) fn move_by(&mut self, distance: f64, whole: (f64, f64)) {
        let (left, right) = self.range(whole);
        self.show_from(left + distance, right - left, whole);
    }

    /// Puts the crosshair at a position.
    pub(super) fn set_cursor(&mut self, position: f64) {
        self.cursor = Some(position);
    }

    fn show_from(&mut self, left: f64, span: f64, whole: (f64, f64)) {
        let at_end = left + span >= whole.1 - 1e-9 * (whole.1 - whole.0).abs();
        self.left = (!at_end).then_some(left.max(whole.0));
    }

    /// Selects another metric; its scale is its own.
    pub(super) fn set_metric(&mut self, metric: Metric) {
        (self.metric, self.log) = (metric, None);
    }

    /// Selects another unit of the horizontal axis; `convert` gives a position on it.
    pub(super) fn set_axis(&mut self, axis: Axis, convert: impl Fn(f64) -> f64) {
        self.axis = axis;
        self.left = self.left.map(&convert);
        self.cursor = self.cursor.map(convert);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: (f64, f64) = (0.0, 1000.0);

    fn after(keys: &[CurvesKey]) -> CurvesView {
        let mut view = CurvesView::default();
        keys.iter().for_each(|key| view.apply(*key, WHOLE));
        view
    }

    #[test]
    fn a_zoomed_view_follows_the_newest_step_until_it_is_moved() {
        let mut view = after(&[CurvesKey::ZoomIn, CurvesKey::ZoomIn]);
        assert_eq!(view.range(WHOLE), (750.0, 1000.0));
        assert_eq!(view.range((0.0, 2000.0)), (1500.0, 2000.0));
        view.apply(CurvesKey::PanLeft, WHOLE);
        assert!(!view.follows());
        let (left, right) = view.range((0.0, 2000.0));
        assert_eq!((left, right - left), (687.5, 500.0));
        view.apply(CurvesKey::Follow, WHOLE);
        assert!(view.follows());
        assert_eq!(
            after(&[CurvesKey::ZoomIn, CurvesKey::PanLeft, CurvesKey::PanRight]).range(WHOLE).1,
            1000.0
        );
        assert!(after(&[CurvesKey::ZoomIn, CurvesKey::PanLeft, CurvesKey::PanRight]).follows());
        assert_eq!(after(&[CurvesKey::ZoomOut, CurvesKey::PanLeft]).range(WHOLE), WHOLE);
    }

    #[test]
    fn zooming_keeps_the_crosshair_in_its_place() {
        let mut view = after(&[CurvesKey::CursorLeft; 30]);
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} {b}");
        near(view.cursor(WHOLE).unwrap(), 700.0);
        view.apply(CurvesKey::ZoomIn, WHOLE);
        let (left, right) = view.range(WHOLE);
        near((700.0 - left) / (right - left), 0.7);
        near(right - left, 500.0);
        // The range follows a crosshair that leaves it.
        (0..99).for_each(|_| view.apply(CurvesKey::CursorLeft, WHOLE));
        let (left, right) = view.range(WHOLE);
        let cursor = view.cursor(WHOLE).unwrap();
        assert!(left <= cursor && cursor <= right, "{left} {cursor} {right}");
        view.apply(CurvesKey::Whole, WHOLE);
        assert_eq!((view.range(WHOLE), view.cursor(WHOLE)), (WHOLE, None));
    }

    #[test]
    fn positions_are_converted_to_another_axis() {
        let mut view = after(&[CurvesKey::ZoomIn, CurvesKey::PanLeft, CurvesKey::CursorLeft]);
        let (before, cursor) = (view.range(WHOLE), view.cursor(WHOLE).unwrap());
        view.set_axis(Axis::Epochs, |step| step / 10.0);
        assert_eq!(view.range((0.0, 100.0)), (before.0 / 10.0, before.1 / 10.0));
        assert_eq!(view.cursor((0.0, 100.0)), Some(cursor / 10.0));
    }

    #[test]
    fn smoothing_has_limits() {
        assert_eq!(CurvesView::default().window(), 50);
        assert_eq!(after(&[CurvesKey::Rougher; 9]).window(), 0);
        assert_eq!(after(&[CurvesKey::Smoother; 9]).window(), 20_000);
    }
}
