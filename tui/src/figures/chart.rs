//! Curves with axes.

use super::axis::Axis;
use super::font::Measure;
use super::frame::{self, Entry, MARGIN, Sample, Span};
use super::scene::{Colour, Scene, Shape};

/// Width and height of a chart.
const SIZE: (f32, f32) = (640.0, 400.0);
/// Space below the plot, for ticks and label.
const BELOW: f32 = 46.0;
/// Number of points up to which a curve has a mark at each.
const MARKED: usize = 40;
/// Opacity of the range of the values around a curve.
const BAND: f32 = 0.28;

/// Marks at the points of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marks {
    /// None.
    None,
    /// A dot at each point, if there are not too many.
    Dots,
}

/// A curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The name in the legend.
    pub name: String,
    /// The points, from left to right.
    pub points: Vec<(f64, f64)>,
    /// The range of the values at a position: position, least, greatest. It is drawn as a light band
    /// and named `NAME of the band` if that is given.
    pub band: Vec<(f64, f64, f64)>,
    /// The name of the band in the legend.
    pub band_name: String,
    /// Which of the series' colours and dashes it has.
    pub style: usize,
    /// Marks at its points.
    pub marks: Marks,
}

impl Curve {
    /// Creates a curve without band and marks.
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>, style: usize) -> Self {
        let (band, band_name) = (Vec::new(), String::new());
        Self { name: name.into(), points, band, band_name, style, marks: Marks::None }
    }
}

/// Curves with axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// The title.
    pub title: String,
    /// A line below the title; may be empty.
    pub subtitle: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The curves.
    pub curves: Vec<Curve>,
    /// Positions of values that are not finite.
    pub not_finite: Vec<f64>,
}

impl Chart {
    /// Draws the chart.
    ///
    /// ```
    /// use tui::figures::{Axis, Chart, Curve, svg};
    ///
    /// let chart = Chart {
    ///     title: "loss".into(),
    ///     subtitle: String::new(),
    ///     x: Axis::linear("optimizer step"),
    ///     y: Axis::logarithmic("loss (nats per token)"),
    ///     curves: vec![Curve::new("training", vec![(1.0, 4.0), (2.0, 2.0), (3.0, 1.0)], 0)],
    ///     not_finite: Vec::new(),
    /// };
    /// assert!(svg(&chart.scene()).contains(">loss (nats per token)</text>"));
    /// ```
    pub fn scene(&self) -> Scene {
        let measure = Measure::new();
        let mut scene = Scene::new(SIZE, &self.title);
        let top = frame::head(&mut scene, &measure, &self.title, &self.subtitle);
        let top = frame::legend(&mut scene, &measure, &self.entries(), top);
        let xs = self.curves.iter().flat_map(|curve| {
            let band = curve.band.iter().map(|(x, ..)| *x);
            curve.points.iter().map(|(x, _)| *x).chain(band)
        });
        let ys = self.curves.iter().flat_map(|curve| {
            let band = curve.band.iter().flat_map(|(_, low, high)| [*low, *high]);
            curve.points.iter().map(|(_, y)| *y).chain(band)
        });
        let x = Span::of(&self.x, xs.chain(self.not_finite.iter().copied()), 0.0);
        let y = Span::of(&self.y, ys, 0.04);
        let (Some(x), Some(y)) = (x, y) else {
            let at = (SIZE.0 / 2.0, SIZE.1 / 2.0);
            scene.text("no values", at, frame::LABEL, super::scene::Anchor::Middle);
            return scene;
        };
        let left = frame::value_room(&measure, y);
        let area = [left, top, SIZE.0 - left - MARGIN - 8.0, SIZE.1 - top - BELOW - 4.0];
        frame::value_axis(&mut scene, area, y, &self.y.label);
        frame::step_axis(&mut scene, &measure, area, x, &self.x.label);
        let place = |px: f64, py: f64| {
            let (across, up) = (x.share(px)?, y.share(py)?);
            (!self.y.log || py > 0.0)
                .then(|| (area[0] + area[2] * across, area[1] + area[3] * (1.0 - up)))
        };
        for curve in &self.curves {
            draw_band(&mut scene, curve, &place);
        }
        for curve in self.curves.iter().rev() {
            draw(&mut scene, curve, &place);
        }
        let (colour, _) = frame::style(1);
        for at in &self.not_finite {
            if let Some(share) = x.share(*at) {
                frame::cross(&mut scene, (area[0] + area[2] * share, area[1] + 4.0), colour);
            }
        }
        frame::edges(&mut scene, area);
        scene
    }

    fn entries(&self) -> Vec<Entry<'_>> {
        let mut entries = Vec::new();
        for curve in &self.curves {
            let (colour, dash) = frame::style(curve.style);
            if !curve.band_name.is_empty() {
                let colour = colour.mixed(Colour::WHITE, 1.0 - BAND);
                entries.push(Entry { name: &curve.band_name, sample: Sample::Box(colour) });
            }
            if !curve.name.is_empty() {
                let sample = Sample::Line(colour, 1.8, dash, is_marked(curve));
                entries.push(Entry { name: &curve.name, sample });
            }
        }
        if !self.not_finite.is_empty() {
            let (colour, _) = frame::style(1);
            entries.push(Entry { name: "not finite", sample: Sample::Cross(colour) });
        }
        entries
    }
}

fn is_marked(curve: &Curve) -> bool {
    curve.marks == Marks::Dots && curve.points.len() <= MARKED
}

type Place<'a> = dyn Fn(f64, f64) -> Option<(f32, f32)> + 'a;

fn draw_band(scene: &mut Scene, curve: &Curve, place: &Place<'_>) {
    let (fill, _) = frame::style(curve.style);
    let upper = curve.band.iter().filter_map(|(x, _, high)| place(*x, *high));
    let lower = curve.band.iter().rev().filter_map(|(x, low, _)| place(*x, *low));
    let points: Vec<(f32, f32)> = upper.chain(lower).collect();
    if points.len() > 2 {
        scene.shapes.push(Shape::Polygon { points, fill, opacity: BAND });
    }
}

fn draw(scene: &mut Scene, curve: &Curve, place: &Place<'_>) {
    let (colour, dash) = frame::style(curve.style);
    let points: Vec<(f32, f32)> = curve.points.iter().filter_map(|(x, y)| place(*x, *y)).collect();
    // A single point is no line.
    if is_marked(curve) || points.len() == 1 {
        let points = points.clone();
        scene.shapes.push(Shape::Dots { points, radius: 3.0, colour });
    }
    scene.shapes.push(Shape::Line { points, colour, width: 1.8, dash });
}

#[cfg(test)]
mod tests {
    use super::super::{png, svg};
    use super::*;

    fn chart(curves: Vec<Curve>) -> Chart {
        Chart {
            title: "loss of `a<b`".into(),
            subtitle: "a sentence".into(),
            x: Axis::linear("optimizer step"),
            y: Axis::linear("loss (nats per token)"),
            curves,
            not_finite: vec![2.0],
        }
    }

    /// The texts of an SVG document.
    fn texts(text: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(text).unwrap();
        let found = document.descendants().filter(|node| node.has_tag_name("text"));
        found.map(|node| node.text().unwrap_or("").to_owned()).collect()
    }

    #[test]
    fn the_document_has_axes_legend_and_ticks() {
        let mut curve = Curve::new("training", vec![(0.0, 4.0), (1.0, 3.0), (4.0, 1.0)], 0);
        curve.band = vec![(0.0, 3.0, 5.0), (4.0, 0.5, 1.5)];
        curve.band_name = "each batch".into();
        let held_out = Curve { marks: Marks::Dots, ..Curve::new("held out", vec![(2.0, 2.0)], 1) };
        let text = svg(&chart(vec![curve, held_out]).scene());
        let texts = texts(&text);
        for wanted in [
            "loss of `a<b`",
            "a sentence",
            "training",
            "each batch",
            "held out",
            "not finite",
            "optimizer step",
            "loss (nats per token)",
            "0.5",
            "4.0",
            "3",
        ] {
            assert!(texts.iter().any(|text| text == wanted), "{wanted}: {texts:?}");
        }
    }

    #[test]
    fn extreme_values_and_none_are_drawn() {
        for points in [
            vec![],
            vec![(1.0, f64::NAN)],
            vec![(1.0, 0.0), (2.0, 1e-300), (3.0, 1e300)],
            vec![(5.0, 5.0)],
        ] {
            for y in
                [Axis::linear("y"), Axis::logarithmic("y"), Axis::linear("y").with_ends(0.0, 1.0)]
            {
                let chart = Chart { y, ..chart(vec![Curve::new("c", points.clone(), 3)]) };
                let text = svg(&chart.scene());
                assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
                roxmltree::Document::parse(&text).unwrap();
                assert!(!png(&chart.scene(), 1.0).bytes.is_empty());
            }
        }
    }
}
