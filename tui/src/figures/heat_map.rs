//! A map of weights from 0 to 1, with a word for each row and column.

use seq2seq::event::Sample;

use super::font::Measure;
use super::frame::{self, GREY, LABEL, MARGIN, TICK};
use super::scene::{Anchor, Colour, Scene, Shape, Text};
use crate::format::{fit, number, plain};

/// Largest and smallest side of a cell.
const CELL: (f32, f32) = (36.0, 14.0);
/// Width of all cells beyond which they become smaller.
const WIDE: f32 = 520.0;
/// Smallest width of a figure, for its title.
const NARROWEST: f32 = 420.0;
/// Degrees by which the words above the columns are turned.
const TURNED: f32 = -45.0;
/// Width of a cell from which on it has its weight as a number.
const WITH_NUMBER: f32 = 28.0;
/// Number of cells up to which each has a description.
const DESCRIBED: usize = 400;
/// Weight from which on a cell is drawn.
const VISIBLE: f32 = 0.004;
/// Luminance of a cell below which white digits are easier to read than black ones.
const READABLE: f32 = 0.47;
/// Most letters of a word.
const LETTERS: usize = 24;
/// Most columns of a reference below the title.
const REFERENCE: usize = 60;

/// A map of weights from 0 to 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeatMap {
    /// The title.
    pub title: String,
    /// A line below the title; may be empty.
    pub subtitle: String,
    /// What the columns are.
    pub columns_label: String,
    /// What the rows are.
    pub rows_label: String,
    /// A word for each column.
    pub columns: Vec<String>,
    /// A word for each row.
    pub rows: Vec<String>,
    /// The weights, by row and column.
    pub weights: Vec<Vec<f32>>,
    /// Columns whose word is unknown to the model.
    pub unknown: Vec<usize>,
    /// Cells with a mark, as column and row: the gold links.
    pub links: Vec<(usize, usize)>,
}

/// The colour of a weight: from white to dark blue, darker with every step.
fn colour(weight: f32) -> Colour {
    const MIDDLE: Colour = Colour(88, 150, 205);
    const DARK: Colour = Colour(8, 38, 95);
    match weight {
        weight if weight.is_nan() => Colour(200, 80, 0),
        weight if weight < 0.5 => Colour::WHITE.mixed(MIDDLE, weight * 2.0),
        weight => MIDDLE.mixed(DARK, weight * 2.0 - 1.0),
    }
}

impl HeatMap {
    /// Creates the map of a sample's attention.
    pub fn of_sample(sample: &Sample, title: impl Into<String>) -> Self {
        let words = |words: &[String]| words.iter().map(|word| plain(word)).collect();
        let logprob = number(sample.logprob);
        let subtitle = if sample.reference.is_empty() {
            format!("log-probability {logprob}")
        } else {
            let reference = fit(&plain(&sample.reference), REFERENCE, '…');
            format!("log-probability {logprob}; reference: {reference}")
        };
        Self {
            title: title.into(),
            subtitle,
            columns_label: "source".into(),
            rows_label: "output (greedy)".into(),
            columns: words(&sample.source),
            rows: words(&sample.output),
            weights: sample.attention.clone(),
            unknown: sample.unknown.clone(),
            links: sample.links.clone(),
        }
    }

    /// Draws the map.
    pub fn scene(&self) -> Scene {
        let measure = Measure::new();
        let rows: Vec<String> = self.rows.iter().map(|word| shortened(word)).collect();
        let columns: Vec<String> = (self.columns.iter().enumerate())
            .map(|(i, word)| {
                let mark = if self.unknown.contains(&i) { "?" } else { "" };
                format!("{mark}{}", shortened(word))
            })
            .collect();
        let widest = |words: &[String]| {
            words.iter().map(|word| measure.width(word, LABEL)).fold(0.0, f32::max)
        };
        let number = columns.len().max(1) as f32;
        let cell = (WIDE / number).clamp(CELL.1, CELL.0);
        // Turned words rise, and the last ones lean over the right edge.
        let turned = TURNED.to_radians().abs();
        let rise = widest(&columns) * turned.sin() + LABEL;
        let lean = columns
            .iter()
            .enumerate()
            .map(|(i, word)| {
                let middle = (i as f32 + 0.5) * cell;
                middle + measure.width(word, LABEL) * turned.cos() - number * cell
            })
            .fold(0.0, f32::max);
        let left = MARGIN + LABEL + 10.0 + widest(&rows) + 8.0;
        let bar = 60.0;
        let width = left + number * cell + lean.max(bar) + MARGIN;
        let width = width.max(NARROWEST);
        let mut scene = Scene::new((width, 10.0), &self.title);
        let mut top = frame::head(&mut scene, &measure, &self.title, &self.subtitle);
        scene.text(&self.columns_label, (left, top + LABEL), LABEL, Anchor::Start);
        top += LABEL + 8.0 + rise;
        let height = rows.len() as f32 * cell;
        let legend =
            if self.links.is_empty() && self.unknown.is_empty() { 0.0 } else { LABEL + 8.0 };
        scene.size.1 = top + height.max(90.0) + legend + MARGIN;
        self.words(&mut scene, (left, top, cell), (&columns, &rows));
        self.cells(&mut scene, (left, top, cell));
        scale(&mut scene, left + number * cell + 16.0, top);
        self.legend(&mut scene, top + height.max(90.0));
        scene
    }

    fn words(
        &self,
        scene: &mut Scene,
        (left, top, cell): (f32, f32, f32),
        (columns, rows): (&[String], &[String]),
    ) {
        for (i, word) in columns.iter().enumerate() {
            let at = (left + (i as f32 + 0.5) * cell + LABEL * 0.3, top - 5.0);
            let text = Text::new(word, at, LABEL.min(cell), Anchor::Start);
            scene.shapes.push(Shape::Text(Text { turned: TURNED, ..text }));
        }
        for (i, word) in rows.iter().enumerate() {
            let at = (left - 6.0, top + (i as f32 + 0.5) * cell + LABEL * 0.36);
            scene.text(word, at, LABEL.min(cell), Anchor::End);
        }
        let middle = (MARGIN + LABEL, top + rows.len() as f32 * cell / 2.0);
        let text = Text::new(&self.rows_label, middle, LABEL, Anchor::Middle);
        scene.shapes.push(Shape::Text(Text { turned: -90.0, ..text }));
    }

    fn cells(&self, scene: &mut Scene, (left, top, cell): (f32, f32, f32)) {
        let described = self.rows.len() * self.columns.len() <= DESCRIBED;
        for (row, weights) in self.weights.iter().enumerate().take(self.rows.len()) {
            for (column, &weight) in weights.iter().enumerate().take(self.columns.len()) {
                let (x, y) = (left + column as f32 * cell, top + row as f32 * cell);
                let fill = colour(weight);
                let about = match (self.rows.get(row), self.columns.get(column)) {
                    (Some(to), Some(from)) if described => format!("{to} / {from}: {weight:.3}"),
                    _ => String::new(),
                };
                if weight >= VISIBLE || weight.is_nan() || described {
                    scene.shapes.push(Shape::Rect { area: [x, y, cell, cell], fill, about });
                }
                if cell >= WITH_NUMBER && (weight >= 0.005 || weight.is_nan()) {
                    let at = (x + cell / 2.0, y + cell / 2.0 + 3.5);
                    let text = Text::new(two_digits(weight), at, TICK - 1.0, Anchor::Middle);
                    let dark = fill.luminance() < READABLE;
                    let colour = if dark { Colour::WHITE } else { Colour::BLACK };
                    scene.shapes.push(Shape::Text(Text { colour, ..text }));
                }
            }
        }
        let (right, bottom) =
            (left + self.columns.len() as f32 * cell, top + self.rows.len() as f32 * cell);
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        scene.line(corners.to_vec(), GREY, 1.0);
        for (column, row) in &self.links {
            if *column < self.columns.len() && *row < self.rows.len() {
                let (x, y) = (left + *column as f32 * cell + 1.5, top + *row as f32 * cell + 1.5);
                square(scene, (x, y, cell - 3.0));
            }
        }
    }

    fn legend(&self, scene: &mut Scene, bottom: f32) {
        let y = bottom + 8.0 + TICK;
        let mut words = Vec::new();
        if !self.unknown.is_empty() {
            words.push("?word: not in the vocabulary");
        }
        let mut x = MARGIN;
        if !self.links.is_empty() {
            square(scene, (x + 1.0, y - 9.0, 10.0));
            x += 18.0;
            words.insert(0, "gold link");
        }
        if !words.is_empty() {
            scene.text(words.join("   "), (x, y), TICK, Anchor::Start);
        }
    }
}

/// Draws the outline of a square.
fn square(scene: &mut Scene, (x, y, side): (f32, f32, f32)) {
    let (right, bottom) = (x + side, y + side);
    let corners = [(x, y), (right, y), (right, bottom), (x, bottom), (x, y)];
    scene.line(corners.to_vec(), Colour(200, 80, 0), 2.0);
}

/// Draws the scale of the colours.
fn scale(scene: &mut Scene, x: f32, top: f32) {
    const STEPS: u8 = 20;
    let step = 80.0 / f32::from(STEPS);
    for i in 0..STEPS {
        let weight = 1.0 - (f32::from(i) + 0.5) / f32::from(STEPS);
        let y = top + 5.0 + f32::from(i) * step;
        // Overlapping by a little, so that no gap shows.
        scene.rect([x, y, 10.0, step + 0.5], colour(weight));
    }
    for (share, label) in [(0.0, "1"), (0.5, "0.5"), (1.0, "0")] {
        let y = top + 5.0 + 80.0 * share;
        scene.line(vec![(x + 10.0, y), (x + 13.0, y)], GREY, 1.0);
        scene.text(label, (x + 16.0, y + 3.8), TICK - 1.0, Anchor::Start);
    }
}

/// Writes a weight without the zero before the point: `.07`, `1.0`.
fn two_digits(weight: f32) -> String {
    let text = format!("{weight:.2}");
    match text.strip_prefix('0') {
        Some(digits) => digits.to_owned(),
        None => text.strip_suffix('0').unwrap_or(&text).to_owned(),
    }
}

fn shortened(word: &str) -> String {
    if word.chars().count() <= LETTERS {
        return word.to_owned();
    }
    let kept: String = word.chars().take(LETTERS - 1).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::super::svg;
    use super::*;

    fn map() -> HeatMap {
        HeatMap {
            title: "attention".into(),
            columns_label: "source".into(),
            rows_label: "output".into(),
            columns: ["the", "zebu", "</s>"].map(String::from).to_vec(),
            rows: ["le", "</s>"].map(String::from).to_vec(),
            weights: vec![vec![0.93, 0.07, 0.0], vec![0.0, 0.0, 1.0]],
            unknown: vec![1],
            links: vec![(0, 0), (9, 9)],
            ..HeatMap::default()
        }
    }

    #[test]
    fn words_weights_and_marks_are_in_the_document() {
        let text = svg(&map().scene());
        let document = roxmltree::Document::parse(&text).unwrap();
        let texts: Vec<&str> = document.descendants().filter_map(|node| node.text()).collect();
        for wanted in [
            "the",
            "?zebu",
            "</s>",
            "le",
            ".93",
            ".07",
            "1.0",
            "le / the: 0.930",
            "gold link   ?word: not in the vocabulary",
        ] {
            assert!(texts.contains(&wanted), "{wanted}: {texts:?}");
        }
    }

    #[test]
    fn colours_become_darker_with_the_weight() {
        let light: Vec<f32> = (0..=20u8).map(|i| colour(f32::from(i) / 20.0).luminance()).collect();
        assert!(light.windows(2).all(|pair| pair[1] < pair[0]), "{light:?}");
    }

    #[test]
    fn long_ragged_and_broken_maps_are_drawn() {
        let words = vec!["word".repeat(9); 90];
        let mut long = HeatMap { columns: words.clone(), rows: words, ..map() };
        long.weights = vec![vec![f32::NAN; 90], vec![0.5], vec![]];
        let scene = long.scene();
        assert!(scene.size.0 > 90.0 * CELL.1 && scene.size.1 > 90.0 * CELL.1);
        roxmltree::Document::parse(&svg(&scene)).unwrap();
        roxmltree::Document::parse(&svg(&HeatMap::default().scene())).unwrap();
    }
}
