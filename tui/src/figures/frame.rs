//! What charts share: title, axes, ticks, legend.

use super::axis::Axis;
use super::font::Measure;
use super::scene::{Anchor, Colour, Scene, Shape, Text};
use crate::ticks::{self, Tick};

/// Height of the title's letters.
pub(super) const TITLE: f32 = 14.0;
/// Height of the letters of axis labels and legends.
pub(super) const LABEL: f32 = 12.0;
/// Height of the letters of ticks.
pub(super) const TICK: f32 = 11.0;
/// Distance between a figure's edge and what is in it.
pub(super) const MARGIN: f32 = 12.0;
/// Length of a line in the legend.
const SAMPLE: f32 = 26.0;
/// The colour of secondary text.
pub(super) const GREY: Colour = Colour(85, 85, 85);
/// The colour of the grid.
const GRID: Colour = Colour(225, 225, 225);

/// Colours of series in their order: blue, vermillion, green, purple, black, light blue, orange. They
/// differ for people who do not see some colours (after Okabe and Ito), and each has a dash of its own
/// for print without colours.
const STYLES: [(Colour, &[f32]); 7] = [
    (Colour(0, 90, 160), &[]),
    (Colour(200, 80, 0), &[7.0, 3.0]),
    (Colour(0, 140, 105), &[2.0, 2.5]),
    (Colour(170, 80, 135), &[9.0, 3.0, 2.0, 3.0]),
    (Colour(0, 0, 0), &[1.0, 1.5]),
    (Colour(70, 160, 215), &[12.0, 4.0]),
    (Colour(225, 150, 0), &[5.0, 2.0, 1.0, 2.0, 1.0, 2.0]),
];

/// Returns the colour and dash of a series.
pub(super) fn style(place: usize) -> (Colour, &'static [f32]) {
    STYLES.get(place % STYLES.len()).copied().unwrap_or((Colour::BLACK, &[]))
}

/// The range of an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    low: f64,
    high: f64,
    log: bool,
}

impl Span {
    /// Returns the range of the values with a share of it as a margin, or the fixed ends; `None` if
    /// no value can be drawn.
    pub(super) fn of(axis: &Axis, values: impl Iterator<Item = f64>, margin: f64) -> Option<Self> {
        let log = axis.log;
        let on = |value: f64| if log { value.log10() } else { value };
        if let Some((low, high)) = axis.ends {
            return (on(low) < on(high)).then(|| Self { low: on(low), high: on(high), log });
        }
        let values = values.map(on).filter(|value| value.is_finite());
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        if low > high {
            return None;
        }
        let room = match high - low {
            // Differences of rounding are none.
            span if span > 1e-6 * low.abs().max(high.abs()) => span * margin,
            _ if log => 0.1,
            _ => (high.abs() * 0.1).max(1e-12),
        };
        // A quantity that is not negative has an axis that is not.
        let least = if !log && low >= 0.0 { (low - room).max(0.0) } else { low - room };
        Some(Self { low: least, high: high + room, log })
    }

    /// Returns the place of a value from 0, the low end, to 1; the nearest end if it is outside.
    pub(super) fn share(self, value: f64) -> Option<f32> {
        let value = if self.log { value.log10() } else { value };
        let share = (value - self.low) / (self.high - self.low);
        #[allow(clippy::cast_possible_truncation)] // 0 to 1
        (!share.is_nan()).then(|| share.clamp(0.0, 1.0) as f32)
    }

    fn ticks(self, most: usize) -> Vec<Tick> {
        if self.log {
            ticks::logarithmic(10f64.powf(self.low), 10f64.powf(self.high), most)
        } else {
            ticks::linear(self.low, self.high, most)
        }
    }
}

/// One entry of a legend.
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) sample: Sample,
}

/// What stands before a name in the legend.
#[derive(Clone, Copy)]
pub(super) enum Sample {
    /// A line with its colour, width and dash, and whether it has dots.
    Line(Colour, f32, &'static [f32], bool),
    /// A filled box.
    Box(Colour),
    /// A cross.
    Cross(Colour),
}

/// Draws the title and the line below it; returns where the rest begins.
pub(super) fn head(scene: &mut Scene, measure: &Measure, title: &str, subtitle: &str) -> f32 {
    let mut y = MARGIN + TITLE;
    let wide = measure.width(title, TITLE).max(1.0);
    let size = TITLE * ((scene.size.0 - 2.0 * MARGIN) / wide).min(1.0);
    scene.text(title, (MARGIN, y), size, Anchor::Start);
    if !subtitle.is_empty() {
        y += LABEL + 5.0;
        let wide = measure.width(subtitle, TICK).max(1.0);
        let size = TICK * ((scene.size.0 - 2.0 * MARGIN) / wide).min(1.0);
        let text = Text::new(subtitle, (MARGIN, y), size, Anchor::Start);
        scene.shapes.push(Shape::Text(Text { colour: GREY, ..text }));
    }
    y + 8.0
}

/// Draws the legend in as many rows as it needs; returns where the rest begins.
pub(super) fn legend(scene: &mut Scene, measure: &Measure, entries: &[Entry<'_>], top: f32) -> f32 {
    if entries.is_empty() {
        return top;
    }
    let (mut x, mut y) = (MARGIN, top + LABEL);
    for entry in entries {
        let wide = SAMPLE + 6.0 + measure.width(entry.name, LABEL);
        if x > MARGIN && x + wide > scene.size.0 - MARGIN {
            (x, y) = (MARGIN, y + LABEL + 5.0);
        }
        let middle = y - LABEL * 0.35;
        match entry.sample {
            Sample::Line(colour, width, dash, dots) => {
                let points = vec![(x, middle), (x + SAMPLE, middle)];
                scene.shapes.push(Shape::Line { points, colour, width, dash });
                if dots {
                    let points = vec![(x + SAMPLE / 2.0, middle)];
                    scene.shapes.push(Shape::Dots { points, radius: 3.0, colour });
                }
            }
            Sample::Box(colour) => scene.rect([x + 8.0, middle - 5.0, 12.0, 10.0], colour),
            Sample::Cross(colour) => cross(scene, (x + SAMPLE / 2.0, middle), colour),
        }
        scene.text(entry.name, (x + SAMPLE + 6.0, y), LABEL, Anchor::Start);
        x += wide + 18.0;
    }
    y + 14.0
}

/// Draws a small cross.
pub(super) fn cross(scene: &mut Scene, (x, y): (f32, f32), colour: Colour) {
    for points in
        [vec![(x - 3.0, y - 3.0), (x + 3.0, y + 3.0)], vec![(x - 3.0, y + 3.0), (x + 3.0, y - 3.0)]]
    {
        scene.line(points, colour, 1.2);
    }
}

/// Draws the value axis with its grid and label; `area` is left, top, width, height of the plot.
pub(super) fn value_axis(scene: &mut Scene, area: [f32; 4], span: Span, label: &str) {
    let [left, top, width, height] = area;
    for tick in span.ticks(8) {
        let Some(share) = span.share(tick.value) else { continue };
        let y = top + height * (1.0 - share);
        scene.line(vec![(left, y), (left + width, y)], GRID, 0.8);
        scene.text(power(&tick.label), (left - 6.0, y + TICK * 0.36), TICK, Anchor::End);
    }
    let at = (MARGIN + LABEL, top + height / 2.0);
    let text = Text::new(label, at, LABEL, Anchor::Middle);
    scene.shapes.push(Shape::Text(Text { turned: -90.0, ..text }));
}

/// Returns the width that the labels of the value axis need.
pub(super) fn value_room(measure: &Measure, span: Span) -> f32 {
    let ticks = span.ticks(8);
    let wide =
        ticks.iter().map(|tick| measure.width(&power(&tick.label), TICK)).fold(0.0, f32::max);
    MARGIN + LABEL + 10.0 + wide + 6.0
}

/// Draws the horizontal axis with its label.
pub(super) fn step_axis(
    scene: &mut Scene,
    measure: &Measure,
    area: [f32; 4],
    span: Span,
    label: &str,
) {
    let [left, top, width, height] = area;
    let bottom = top + height;
    let labels = |most| span.ticks(most);
    // As many ticks as fit beside each other.
    let fits = |ticks: &[Tick]| {
        let wide = |tick: &Tick| measure.width(&power(&tick.label), TICK) + 14.0;
        ticks.iter().map(wide).sum::<f32>() <= width
    };
    let ticks = (2..=9).rev().map(labels).find(|ticks| fits(ticks)).unwrap_or_default();
    for tick in ticks {
        let Some(share) = span.share(tick.value) else { continue };
        let x = left + width * share;
        scene.line(vec![(x, bottom), (x, bottom + 4.0)], GREY, 1.0);
        scene.text(power(&tick.label), (x, bottom + 6.0 + TICK), TICK, Anchor::Middle);
    }
    horizontal_label(scene, area, label);
}

/// Draws the label below the horizontal axis.
pub(super) fn horizontal_label(
    scene: &mut Scene,
    [left, top, width, height]: [f32; 4],
    label: &str,
) {
    let at = (left + width / 2.0, top + height + 12.0 + TICK + LABEL);
    scene.text(label, at, LABEL, Anchor::Middle);
}

/// Draws the left and the lower edge of the plot.
pub(super) fn edges(scene: &mut Scene, [left, top, width, height]: [f32; 4]) {
    let points = vec![(left, top), (left, top + height), (left + width, top + height)];
    scene.line(points, GREY, 1.0);
}

/// Writes `2e-5` as `2×10⁻⁵`, and `1e4` as `10⁴`.
pub(super) fn power(label: &str) -> String {
    let Some((digits, exponent)) = label.split_once('e') else { return label.to_owned() };
    let raised: String = exponent
        .chars()
        .map(|letter| match letter {
            '-' => '⁻',
            '0' => '⁰',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '4' => '⁴',
            '5' => '⁵',
            '6' => '⁶',
            '7' => '⁷',
            '8' => '⁸',
            '9' => '⁹',
            other => other,
        })
        .collect();
    if digits == "1" { format!("10{raised}") } else { format!("{digits}×10{raised}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_contains_its_values() {
        let axis = Axis::linear("loss");
        let span = Span::of(&axis, [1.0, f64::NAN, 3.0].into_iter(), 0.05).unwrap();
        assert_eq!((span.low, span.high), (0.9, 3.1));
        assert_eq!(
            (span.share(-5.0), span.share(99.0), span.share(f64::NAN)),
            (Some(0.0), Some(1.0), None)
        );
        let log =
            Span::of(&Axis::logarithmic("norm"), [0.0, 0.01, 100.0].into_iter(), 0.0).unwrap();
        assert_eq!((log.low, log.high, log.share(1.0)), (-2.0, 2.0, Some(0.5)));
        assert_eq!(Span::of(&axis, std::iter::empty(), 0.05), None);
        assert_eq!(Span::of(&Axis::logarithmic("x"), [0.0, -1.0].into_iter(), 0.05), None);
        let constant = Span::of(&axis, [2.0, 2.0].into_iter(), 0.05).unwrap();
        assert_eq!(constant.share(2.0), Some(0.5));
    }

    #[test]
    fn powers_of_ten_are_raised() {
        assert_eq!(["2e-5", "1e4", "0.5", "1e-12"].map(power), ["2×10⁻⁵", "10⁴", "0.5", "10⁻¹²"]);
    }

    #[test]
    fn styles_differ_without_colour() {
        for (i, (colour, dash)) in STYLES.iter().enumerate() {
            for (other, other_dash) in &STYLES[i + 1..] {
                assert!(colour != other && dash != other_dash);
            }
            // Dark enough for a thin line on white.
            assert!(colour.luminance() < 0.65, "{colour:?}");
        }
    }
}
