//! Grouped bars.

use super::axis::Axis;
use super::font::Measure;
use super::frame::{self, Entry, GREY, MARGIN, Sample, Span, TICK};
use super::scene::{Anchor, Colour, Scene, Shape, Text};

/// Width and height of the figure.
const SIZE: (f32, f32) = (640.0, 400.0);
/// Space below the plot, for two rows of labels and that of the axis.
const BELOW: f32 = 62.0;
/// Fills of the series: they differ in lightness, too.
const FILLS: [Colour; 3] = [Colour(0, 75, 140), Colour(225, 150, 60), Colour(190, 205, 220)];

/// The bars at one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// The label below.
    pub label: String,
    /// A remark below the label.
    pub remark: String,
    /// A value for each series.
    pub values: Vec<f64>,
}

/// Grouped bars.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    /// The title.
    pub title: String,
    /// A line below the title; may be empty.
    pub subtitle: String,
    /// The label below.
    pub x_label: String,
    /// The value axis.
    pub y: Axis,
    /// The names of the series.
    pub series: Vec<String>,
    /// The groups, from left to right.
    pub bars: Vec<Bar>,
}

impl Bars {
    /// Draws the bars.
    pub fn scene(&self) -> Scene {
        let measure = Measure::new();
        let mut scene = Scene::new(SIZE, &self.title);
        let top = frame::head(&mut scene, &measure, &self.title, &self.subtitle);
        let fill = |place: usize| FILLS.get(place % FILLS.len()).copied().unwrap_or(GREY);
        let entries: Vec<Entry<'_>> = (self.series.iter().enumerate())
            .map(|(i, name)| Entry { name, sample: Sample::Box(fill(i)) })
            .collect();
        let top = frame::legend(&mut scene, &measure, &entries, top);
        let values = self.bars.iter().flat_map(|bar| bar.values.iter().copied());
        let Some(span) = Span::of(&self.y, values.chain([0.0]), 0.04) else { return scene };
        let left = frame::value_room(&measure, span);
        let area = [left, top, SIZE.0 - left - MARGIN, SIZE.1 - top - BELOW];
        frame::value_axis(&mut scene, area, span, &self.y.label);
        let room = area[2] / self.bars.len().max(1) as f32;
        let wide = (room * 0.8 / self.series.len().max(1) as f32).min(60.0);
        let bottom = area[1] + area[3];
        for (i, bar) in self.bars.iter().enumerate() {
            let middle = area[0] + (i as f32 + 0.5) * room;
            let first = middle - wide * self.series.len() as f32 / 2.0;
            for (j, value) in bar.values.iter().enumerate() {
                let Some(share) = span.share(*value) else { continue };
                let (x, height) = (first + j as f32 * wide, area[3] * share);
                let name = self.series.get(j).map_or("", String::as_str);
                let about = format!("{}, {name}: {value:.1}", bar.label);
                let area = [x, bottom - height, wide - 1.0, height];
                scene.shapes.push(Shape::Rect { area, fill: fill(j), about });
                if wide >= 22.0 {
                    let at = (x + wide / 2.0, bottom - height - 3.0);
                    let text = Text::new(format!("{value:.0}"), at, TICK - 1.0, Anchor::Middle);
                    scene.shapes.push(Shape::Text(Text { colour: GREY, ..text }));
                }
            }
            scene.text(&bar.label, (middle, bottom + 6.0 + TICK), TICK, Anchor::Middle);
            let at = (middle, bottom + 8.0 + 2.0 * TICK);
            let text = Text::new(&bar.remark, at, TICK - 1.0, Anchor::Middle);
            scene.shapes.push(Shape::Text(Text { colour: GREY, ..text }));
        }
        frame::edges(&mut scene, area);
        let [x, y, width, height] = area;
        frame::horizontal_label(&mut scene, [x, y, width, height + TICK + 4.0], &self.x_label);
        scene
    }
}

#[cfg(test)]
mod tests {
    use super::super::svg;
    use super::*;

    #[test]
    fn values_and_labels_are_in_the_document() {
        let bar = |label: &str, values: [f64; 2]| Bar {
            label: label.into(),
            remark: "n = 7".into(),
            values: values.to_vec(),
        };
        let bars = Bars {
            title: "by length".into(),
            subtitle: String::new(),
            x_label: "source words".into(),
            y: Axis::linear("score").with_ends(0.0, 100.0),
            series: vec!["BLEU".into(), "exact match (%)".into()],
            bars: vec![bar("1-5", [71.2, 50.0]), bar("6-10", [f64::NAN, 0.0])],
        };
        let text = svg(&bars.scene());
        let document = roxmltree::Document::parse(&text).unwrap();
        let texts: Vec<&str> = document.descendants().filter_map(|node| node.text()).collect();
        for wanted in
            ["71", "50", "n = 7", "6-10", "BLEU", "source words", "1-5, BLEU: 71.2", "100"]
        {
            assert!(texts.contains(&wanted), "{wanted}: {texts:?}");
        }
        let none = Bars { bars: Vec::new(), ..bars };
        roxmltree::Document::parse(&svg(&none.scene())).unwrap();
    }
}
