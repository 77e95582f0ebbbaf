//! Curves with ticked axes, drawn in Braille dots (or ASCII), on a linear or logarithmic scale.
//!
//! ratatui's own chart has neither a logarithmic axis nor ticks at round values, and it does not
//! support values that are not finite; here such values are marks on the upper edge.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::bars::{cell, put};
use super::ticks::{self, Tick};
use crate::dashboard::series::{Column, Series, column_of};
use crate::dashboard::theme::Theme;
use crate::format::width;

/// The drawing style of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dashboard) enum Shape {
    /// The range between the minimum and the maximum of each column.
    Band,
    /// A line through the last values.
    Line,
    /// A line through a few points, each marked by a character.
    Points(char),
}

/// A curve of a plot.
#[derive(Debug)]
pub(in crate::dashboard) struct Curve<'a> {
    /// The points.
    pub series: &'a Series,
    /// The drawing style.
    pub shape: Shape,
    /// The text style.
    pub style: Style,
}

/// Curves over a common step axis; later ones are drawn over earlier ones.
#[derive(Debug)]
pub(in crate::dashboard) struct Plot<'a> {
    /// The curves.
    pub curves: Vec<Curve<'a>>,
    /// Whether the value axis is logarithmic.
    pub log: bool,
    /// Whether the step axis is drawn.
    pub steps: bool,
    /// Colours and characters.
    pub theme: Theme,
}

/// The name of the step axis.
const STEP: &str = "step";

/// Braille bits of the dots of a cell: rows from the top, left and right.
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// The scale of the value axis, over the values or their logarithms.
#[derive(Debug, Clone, Copy)]
struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

impl Scale {
    /// Creates a scale that contains all values, with a margin; `None` if there is nothing to draw.
    fn around(values: impl Iterator<Item = f64>, log: bool) -> Option<Self> {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite() && (!log || *value > 0.0)) {
            let value = if log { value.log10() } else { value };
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            return None;
        }
        // A constant curve is drawn in the middle; others have a small margin at the edges.
        let span = high - low;
        let room = match span {
            span if span > 0.0 => span * 0.04,
            _ if log => 0.1,
            _ => (high.abs() * 0.1).max(1e-12),
        };
        let not_negative = !log && low >= 0.0;
        let low = if not_negative { (low - room).max(0.0) } else { low - room };
        Some(Self { low, high: high + room, log })
    }

    /// Returns the position of a value from 0 (bottom) to 1 (top).
    fn share(self, value: f64) -> Option<f64> {
        let value = if self.log { value.log10() } else { value };
        let share = (value - self.low) / (self.high - self.low);
        share.is_finite().then(|| share.clamp(0.0, 1.0))
    }

    fn ticks(self, most: usize) -> Vec<Tick> {
        if self.log {
            ticks::logarithmic(10f64.powf(self.low), 10f64.powf(self.high), most)
        } else {
            ticks::linear(self.low, self.high, most)
        }
    }
}

/// The dots of one curve.
struct Canvas {
    width: usize,
    height: usize,
    cells: Vec<u8>,
}

impl Canvas {
    fn new(area: Rect) -> Self {
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        Self { width, height, cells: vec![0; width * height] }
    }

    /// Returns the row of dots at a position from 0 to 1.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 4 x height
    fn row(&self, share: f64) -> usize {
        let last = (self.height * 4).saturating_sub(1);
        last - (share * last as f64).round() as usize
    }

    fn dot(&mut self, x: usize, y: usize) {
        let bit = DOTS.get(y % 4).and_then(|row| row.get(x % 2)).copied().unwrap_or(0);
        if x / 2 < self.width
            && let Some(cell) = self.cells.get_mut(y / 4 * self.width + x / 2)
        {
            *cell |= bit;
        }
    }

    /// Draws a line from one dot to another one to its right.
    fn line(&mut self, from: (usize, usize), to: (usize, usize)) {
        let across = to.0.saturating_sub(from.0);
        let (top, bottom) = (from.1.min(to.1), from.1.max(to.1));
        for i in 0..=across {
            let at = |i: usize| {
                let share = if across == 0 { 1.0 } else { i as f64 / across as f64 };
                from.1 as f64 + (to.1 as f64 - from.1 as f64) * share
            };
            // Each column of dots contains the part of the line that crosses it.
            let (start, end) = if across == 0 {
                (from.1 as f64, to.1 as f64)
            } else {
                (at(i), at((i + 1).min(across)))
            };
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // between the rows
            let (a, b) = (start.min(end).round() as usize, start.max(end).round() as usize);
            let b = if across > 0 && b > a { b - 1 } else { b };
            for y in a.max(top)..=b.min(bottom).max(a) {
                self.dot(from.0 + i, y);
            }
        }
        self.dot(to.0, to.1);
    }

    fn curve(&mut self, columns: &[Option<Column>], shape: Shape, scale: Scale) {
        let mut before: Option<(usize, usize)> = None;
        for (x, column) in columns.iter().enumerate() {
            let Some(column) = column else { continue };
            let Some(close) = scale.share(column.close) else { continue };
            let here = (x, self.row(close));
            if let Some(before) = before {
                self.line(before, here);
            }
            self.dot(here.0, here.1);
            if shape == Shape::Band {
                // On a logarithmic scale a value of zero is drawn at the lower edge.
                let low = scale.share(column.low).unwrap_or(0.0);
                let high = scale.share(column.high).unwrap_or(close);
                for y in self.row(high)..=self.row(low) {
                    self.dot(x, y);
                }
            }
            before = Some(here);
        }
    }

    /// Draws the dots over the existing content.
    fn render(&self, area: Rect, buf: &mut Buffer, curve: &Curve, theme: Theme) {
        for (i, &dots) in self.cells.iter().enumerate().filter(|(_, dots)| **dots != 0) {
            let (x, y) = (area.x + cell(i % self.width), area.y + cell(i / self.width));
            let glyph = if theme.unicode {
                char::from_u32(0x2800 + u32::from(dots)).unwrap_or('*')
            } else if curve.shape == Shape::Band {
                '.'
            } else {
                '*'
            };
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.set_char(glyph).set_style(curve.style);
            }
        }
    }
}

impl Plot<'_> {
    /// Draws the axes and the curves.
    pub(in crate::dashboard) fn render(&self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let Some((range, scale)) = self.range().zip(self.scale()) else {
            self.render_empty(area, buf);
            return;
        };
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
        if left > 0 {
            self.render_values(Rect { width: left, height: rows, ..area }, buf, scale, &ticks);
        }
        if axis > 0 {
            let strip = Rect { y: area.y + rows, height: 1, ..field };
            self.render_steps(strip, area, buf, range);
        }
        for curve in &self.curves {
            let columns = curve.series.columns(range, usize::from(field.width) * 2);
            let mut canvas = Canvas::new(field);
            canvas.curve(&columns, curve.shape, scale);
            canvas.render(field, buf, curve, self.theme);
            if let Shape::Points(mark) = curve.shape {
                self.render_points(field, buf, curve, range, scale, mark);
            }
        }
        self.render_marks(field, buf, range);
    }

    /// Returns the range from the first to the last step of all curves.
    fn range(&self) -> Option<(f64, f64)> {
        self.curves
            .iter()
            .filter_map(|curve| curve.series.reach())
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    fn scale(&self) -> Option<Scale> {
        let buckets = self.curves.iter().flat_map(|curve| curve.series.buckets());
        Scale::around(buckets.flat_map(|bucket| [bucket.low, bucket.high]), self.log)
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
            STEP,
            self.theme.faint(),
            self.theme,
        );
        let mut end = usize::from((name + 1).saturating_sub(corner));
        for tick in ticks::linear(low, high, (usize::from(strip.width) / 9).max(1)) {
            if tick.label.contains('.') && !tick.label.contains('k') {
                continue;
            }
            let Some(column) = column_of(tick.value, (low, high), usize::from(strip.width)) else {
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
    use super::*;

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
            curves: vec![Curve { series: &series, shape, style: Style::new() }],
            log,
            steps: true,
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
    fn a_spike_is_seen_in_the_band() {
        let mut values = vec![1.0; 5000];
        values[2500] = 9.0;
        let rows = drawn(&values, (40, 10), Shape::Band, false);
        assert!(rows[0].contains('.'), "{rows:#?}");
    }
}
