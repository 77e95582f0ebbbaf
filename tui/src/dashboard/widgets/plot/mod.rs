//! Curves with ticked axes, drawn in Braille dots (or ASCII), on a linear or logarithmic scale.
//!
//! ratatui's own chart has neither a logarithmic axis nor ticks at round values, and it does not
//! support values that are not finite; here such values are marks on the upper edge.

mod canvas;
mod curve;
mod scale;

pub(crate) use self::curve::{Curve, Dash, Shape};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use self::canvas::Canvas;
use self::scale::Scale;
use super::bars::{cell, put};
use crate::dashboard::series::column_of;
use crate::dashboard::theme::Theme;
use crate::format::width;
use crate::ticks::{self, Tick};

/// What is seen of the curves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<'a> {
    /// The visible part of the horizontal axis; `None` for the whole of it.
    pub range: Option<(f64, f64)>,
    /// The ends of the value axis; `None` for those of the visible values.
    pub values: Option<(f64, f64)>,
    /// Name of the horizontal axis.
    pub axis: &'a str,
    /// Size of the unit of the axis's labels.
    pub unit: f64,
    /// Position of the crosshair.
    pub cursor: Option<f64>,
}

impl Default for Window<'_> {
    fn default() -> Self {
        Self { range: None, values: None, axis: STEP, unit: 1.0, cursor: None }
    }
}

/// Curves over a common step axis; later ones are drawn over earlier ones.
#[derive(Debug)]
pub(crate) struct Plot<'a> {
    /// The curves.
    pub curves: Vec<Curve<'a>>,
    /// Whether the value axis is logarithmic.
    pub log: bool,
    /// Whether the step axis is drawn.
    pub steps: bool,
    /// What is seen of the curves.
    pub window: Window<'a>,
    /// Colours and characters.
    pub theme: Theme,
}

/// The name of the step axis.
const STEP: &str = "step";

impl Plot<'_> {
    /// Draws the axes and the curves.
    pub(crate) fn render(&self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let range = self.window.range.or_else(|| self.range());
        let Some((range, scale)) = range.and_then(|range| Some((range, self.scale(range)?))) else {
            self.render_empty(area, buf);
            return;
        };
        let (field, ticks) = self.field(area, scale);
        let (left, rows) = (field.x - area.x, field.height);
        if left > 0 {
            self.render_values(Rect { width: left, height: rows, ..area }, buf, scale, &ticks);
        }
        if rows < area.height {
            let strip = Rect { y: area.y + rows, height: 1, ..field };
            self.render_steps(strip, area, buf, range);
        }
        self.render_cursor(field, buf, range);
        for curve in &self.curves {
            let columns = curve.series.columns(range, usize::from(field.width) * 2);
            let mut canvas = Canvas::new(field);
            canvas.curve(&columns, curve.shape, scale);
            canvas.dash(curve.dash);
            canvas.render(field, buf, curve, self.theme);
            if let Shape::Points(mark) = curve.shape {
                self.render_points(field, buf, curve, range, scale, mark);
            }
        }
        self.render_marks(field, buf, range);
    }

    /// Returns the rectangle of the curves, without the labels, and the ticks of the value axis.
    fn field(&self, area: Rect, scale: Scale) -> (Rect, Vec<Tick>) {
        let axis = u16::from(self.steps && area.height >= 4);
        let rows = area.height - axis;
        let ticks = scale.ticks(usize::from(rows.div_ceil(2)).max(1));
        let labels = ticks.iter().map(|tick| width(&tick.label)).max().unwrap_or(0);
        let left = if area.width >= 16 { cell(labels) + 1 } else { 0 };
        let field = Rect {
            x: area.x + left.min(area.width),
            y: area.y,
            width: area.width.saturating_sub(left),
            height: rows,
        };
        (field, ticks)
    }

    /// Returns the position on the horizontal axis at a place of the screen, if curves are drawn there.
    pub(crate) fn position(&self, area: Rect, at: (u16, u16)) -> Option<f64> {
        let range = self.window.range.or_else(|| self.range())?;
        let (field, _) = self.field(area, self.scale(range)?);
        let is_in = field.contains(at.into());
        let share = (f64::from(at.0) - f64::from(field.x) + 0.5) / f64::from(field.width);
        is_in.then_some(range.0 + share * (range.1 - range.0))
    }

    /// Returns the range from the first to the last step of all curves.
    fn range(&self) -> Option<(f64, f64)> {
        self.curves
            .iter()
            .filter_map(|curve| curve.series.reach())
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Returns the scale of the values in the visible range, or of all values if it has none.
    fn scale(&self, range: (f64, f64)) -> Option<Scale> {
        if let Some(values) = self.window.values {
            return Scale::fixed(values, self.log);
        }
        let buckets = || self.curves.iter().flat_map(|curve| curve.series.buckets());
        let seen = buckets().filter(|bucket| bucket.last >= range.0 && bucket.first <= range.1);
        Scale::around(seen.flat_map(|bucket| [bucket.low, bucket.high]), self.log).or_else(|| {
            Scale::around(buckets().flat_map(|bucket| [bucket.low, bucket.high]), self.log)
        })
    }

    /// Draws the crosshair's line; the curves are drawn over it.
    fn render_cursor(&self, field: Rect, buf: &mut Buffer, range: (f64, f64)) {
        let Some(cursor) = self.window.cursor else { return };
        let Some(column) = column_of(cursor, range, usize::from(field.width)) else { return };
        for y in 0..field.height {
            if let Some(cell) = buf.cell_mut((field.x + cell(column), field.y + y)) {
                cell.set_char(self.theme.pick('│', '|')).set_style(self.theme.strong());
            }
        }
    }

    fn render_empty(&self, area: Rect, buf: &mut Buffer) {
        let any = self.curves.iter().any(|curve| !curve.series.is_empty());
        let text = match (any, self.log) {
            (false, _) => "nothing yet",
            (true, false) => "no finite value",
            (true, true) => "no positive value",
        };
        let x = area.width.saturating_sub(cell(width(text))) / 2;
        put(buf, area, (x, area.height / 2), text, self.theme.faint(), self.theme);
    }

    fn render_values(&self, area: Rect, buf: &mut Buffer, scale: Scale, ticks: &[Tick]) {
        let last = f64::from(area.height.saturating_sub(1));
        let mut taken = None;
        for tick in ticks {
            let Some(share) = scale.share(tick.value) else { continue };
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to `last`
            let row = (last - share * last).round() as u16;
            if taken == Some(row) {
                continue;
            }
            taken = Some(row);
            let x = area.width.saturating_sub(1 + cell(width(&tick.label)));
            put(buf, area, (x, row), &tick.label, self.theme.faint(), self.theme);
        }
    }

    fn render_steps(&self, strip: Rect, area: Rect, buf: &mut Buffer, range: (f64, f64)) {
        let (low, high) = if range.1 > range.0 { range } else { (range.0 - 0.5, range.1 + 0.5) };
        // The name of the axis begins below the value labels.
        let corner = strip.x - area.x;
        let name = put(
            buf,
            Rect { y: strip.y, height: 1, ..area },
            (0, 0),
            self.window.axis,
            self.theme.faint(),
            self.theme,
        );
        let mut end = usize::from((name + 1).saturating_sub(corner));
        let (unit, whole) = (self.window.unit, self.window.axis == STEP);
        for tick in ticks::linear(low / unit, high / unit, (usize::from(strip.width) / 9).max(1)) {
            if whole && tick.label.contains('.') && !tick.label.contains(['k', 'M']) {
                continue;
            }
            let Some(column) = column_of(tick.value * unit, (low, high), usize::from(strip.width))
            else {
                continue;
            };
            let half = width(&tick.label) / 2;
            let room = usize::from(strip.width).saturating_sub(width(&tick.label));
            let x = column.saturating_sub(half).min(room);
            if x < end {
                continue;
            }
            end = x + width(&tick.label) + 1;
            put(buf, strip, (cell(x), 0), &tick.label, self.theme.faint(), self.theme);
        }
    }

    fn render_points(
        &self,
        field: Rect,
        buf: &mut Buffer,
        curve: &Curve,
        range: (f64, f64),
        scale: Scale,
        mark: char,
    ) {
        let columns = curve.series.columns(range, usize::from(field.width));
        let last = f64::from(field.height.saturating_sub(1));
        for (x, column) in columns.iter().enumerate() {
            let Some(share) = column.and_then(|column| scale.share(column.close)) else { continue };
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to `last`
            let row = (last - share * last).round() as u16;
            if let Some(cell) = buf.cell_mut((field.x + cell(x), field.y + row)) {
                cell.set_char(mark).set_style(curve.style);
            }
        }
    }

    /// Draws marks on the upper edge for steps whose value is not finite.
    fn render_marks(&self, field: Rect, buf: &mut Buffer, range: (f64, f64)) {
        for &x in self.curves.iter().flat_map(|curve| curve.series.marks()) {
            if let Some(column) = column_of(x, range, usize::from(field.width))
                && let Some(cell) = buf.cell_mut((field.x + cell(column), field.y))
            {
                cell.set_char(self.theme.not_finite()).set_style(self.theme.bad());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;
    use crate::dashboard::series::Series;

    fn series(values: &[f64]) -> Series {
        let mut series = Series::default();
        for (i, &y) in values.iter().enumerate() {
            series.push(i as f64, y);
        }
        series
    }

    fn drawn(values: &[f64], size: (u16, u16), shape: Shape, log: bool) -> Vec<String> {
        let series = series(values);
        let plot = Plot {
            curves: vec![Curve { series: &series, shape, style: Style::new(), dash: Dash::None }],
            log,
            steps: true,
            window: Window::default(),
            theme: Theme::ASCII,
        };
        let area = Rect::new(0, 0, size.0, size.1);
        let mut buf = Buffer::empty(area);
        plot.render(area, &mut buf);
        (0..size.1).map(|y| (0..size.0).map(|x| buf[(x, y)].symbol()).collect::<String>()).collect()
    }

    #[test]
    fn a_falling_line_falls_from_left_to_right() {
        let values: Vec<f64> = (0..50).map(|i| 10.0 - f64::from(i) * 0.2).collect();
        let rows = drawn(&values, (30, 8), Shape::Line, false);
        let place = |row: &String| row.find('*');
        assert!(place(&rows[0]) < place(&rows[6]), "{rows:#?}");
        assert!(rows[7].contains("20"), "{rows:#?}");
        assert!(rows.iter().any(|row| row.starts_with(" 5") || row.starts_with("5")), "{rows:#?}");
    }

    #[test]
    fn a_logarithmic_scale_makes_an_exponential_straight() {
        let values: Vec<f64> = (0..=40).map(|i| 10f64.powf(2.0 - f64::from(i) * 0.1)).collect();
        let rows = drawn(&values, (46, 10), Shape::Line, true);
        let text = rows.join("\n");
        for label in ["100", "10", "1", "0.1", "0.01"] {
            assert!(rows.iter().any(|row| row.trim_start().starts_with(label)), "{label}\n{text}");
        }
        let starts: Vec<usize> = rows[..9].iter().filter_map(|row| row.find('*')).collect();
        let gaps: Vec<usize> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
        // The first gap is shortened by the margin above the curve.
        assert!(gaps[1..].iter().all(|gap| (4..=6).contains(gap)), "{gaps:?}\n{text}");
    }

    #[test]
    fn values_that_are_not_finite_are_marks() {
        let rows = drawn(&[1.0, f64::NAN, 2.0, f64::INFINITY], (20, 5), Shape::Line, false);
        assert_eq!(rows[0].matches('x').count(), 2, "{rows:#?}");
        let rows = drawn(&[f64::NAN; 3], (20, 5), Shape::Line, false);
        assert!(rows.join("").contains("no finite value"), "{rows:#?}");
        let rows = drawn(&[0.0, -1.0], (20, 5), Shape::Line, true);
        assert!(rows.join("").contains("no positive value"), "{rows:#?}");
        let rows = drawn(&[], (20, 5), Shape::Line, true);
        assert!(rows.join("").contains("nothing yet"), "{rows:#?}");
    }

    #[test]
    fn flat_extreme_and_single_values_are_drawn_at_any_size() {
        for values in [
            vec![0.0; 5],
            vec![3.0; 5],
            vec![1.0],
            vec![f64::MAX, f64::MIN],
            vec![f64::MIN_POSITIVE, 1.0],
            vec![1e300, 1e-300],
            vec![-5.0, -5.0],
        ] {
            for size in [(0, 0), (1, 1), (2, 9), (9, 2), (40, 3), (40, 12)] {
                for shape in [Shape::Band, Shape::Line, Shape::Points('o')] {
                    drawn(&values, size, shape, false);
                    drawn(&values, size, shape, true);
                }
            }
        }
    }

    #[test]
    fn a_window_shows_a_part_with_its_own_scale_and_a_cursor() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let series = series(&values);
        let curve = |dash| Curve { series: &series, shape: Shape::Line, style: Style::new(), dash };
        let window = Window {
            range: Some((40.0, 60.0)),
            axis: "min",
            unit: 10.0,
            cursor: Some(50.0),
            ..Window::default()
        };
        let mut plot = Plot {
            curves: vec![curve(Dash::None)],
            log: false,
            steps: true,
            window,
            theme: Theme::ASCII,
        };
        let area = Rect::new(0, 0, 60, 10);
        let draw = |plot: &Plot| {
            let mut buf = Buffer::empty(area);
            plot.render(area, &mut buf);
            let row = |y| (0..60).map(|x| buf[(x, y)].symbol()).collect::<String>();
            (0..10).map(row).collect::<Vec<String>>().join("\n")
        };
        let whole = draw(&plot);
        assert!(whole.contains("min") && whole.contains("5.0") && whole.contains('|'), "{whole}");
        assert!(whole.contains("60") && !whole.contains("100"), "{whole}");
        plot.curves = vec![curve(Dash::Long)];
        let dashed = draw(&plot);
        let dots = |text: &str, dot| text.matches(dot).count();
        assert!(dots(&dashed, '+') > 5 && dots(&dashed, '+') < dots(&whole, '*'), "{dashed}");
    }

    #[test]
    fn a_spike_is_seen_in_the_band() {
        let mut values = vec![1.0; 5000];
        values[2500] = 9.0;
        let rows = drawn(&values, (40, 10), Shape::Band, false);
        assert!(rows[0].contains('.'), "{rows:#?}");
    }
}
