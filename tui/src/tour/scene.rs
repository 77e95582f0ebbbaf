//! Figures of the tour as SVG.

use super::figure::{Figure, Strips};
use crate::figures::{Anchor, Axis, Chart, Curve, Face, HeatMap, Marks, Scene, Shape, Text};

/// Height of a line of text.
const LINE: f32 = 16.0;
/// Height of its font, and the width of a letter.
const FONT: (f32, f32) = (12.0, 7.3);
/// Space around text.
const MARGIN: f32 = 14.0;

/// Draws a figure.
pub(super) fn scene(figure: &Figure) -> Scene {
    match figure {
        Figure::Curves(curves) => {
            let y = if curves.log { Axis::logarithmic(&curves.y) } else { Axis::linear(&curves.y) };
            let y = match curves.ends {
                Some((low, high)) => y.with_ends(low, high),
                None => y,
            };
            let curve = |(at, curve): (usize, &super::figure::Curve)| Curve {
                marks: Marks::Dots,
                ..Curve::new(&curve.name, curve.points.clone(), at)
            };
            Chart {
                title: curves.title.clone(),
                subtitle: String::new(),
                x: Axis::linear(&curves.x),
                y,
                curves: curves.curves.iter().enumerate().map(curve).collect(),
                not_finite: Vec::new(),
            }
            .scene()
        }
        Figure::Map(map) => HeatMap::of_sample(&map.sample, &map.title).scene(),
        Figure::Strips(strips) => heat(strips).scene(),
        Figure::Table(table) => lines(&table.title, &table.lines()),
        Figure::Lines(text) => lines(&text.title, &text.lines),
    }
}

/// Returns strips as a map: each row from its lowest to its highest value.
fn heat(strips: &Strips) -> HeatMap {
    let row = |strip: &super::figure::Strip| {
        let span = (strip.high - strip.low).max(f32::MIN_POSITIVE);
        strip.values.iter().map(|v| ((v - strip.low) / span).clamp(0.0, 1.0)).collect()
    };
    let name = |strip: &super::figure::Strip| {
        format!("{} ({} to {:.1})", strip.name, strip.low, strip.high)
    };
    HeatMap {
        title: strips.title.clone(),
        columns_label: "symbols".into(),
        rows_label: "unit".into(),
        columns: strips.symbols.iter().map(char::to_string).collect(),
        rows: strips.rows.iter().map(name).collect(),
        weights: strips.rows.iter().map(row).collect(),
        ..HeatMap::default()
    }
}

fn lines(title: &str, lines: &[String]) -> Scene {
    let letters = |text: &str| crate::format::width(text);
    let most = lines.iter().map(|line| letters(line)).chain([letters(title)]).max().unwrap_or(0);
    let size =
        (2.0 * MARGIN + most as f32 * FONT.1, 2.0 * MARGIN + (lines.len() + 2) as f32 * LINE);
    let mut scene = Scene::new(size, title);
    scene.text(title, (MARGIN, MARGIN + FONT.0), FONT.0 + 1.0, Anchor::Start);
    for (i, line) in lines.iter().enumerate() {
        let at = (MARGIN, MARGIN + FONT.0 + (i as f32 + 1.5) * LINE);
        let text = Text { face: Face::Mono, ..Text::new(line, at, FONT.0, Anchor::Start) };
        scene.shapes.push(Shape::Text(text));
    }
    scene
}
