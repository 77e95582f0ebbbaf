//! Figures of the tour as plain data, which the screen draws and a folder keeps.

use seq2seq::event::Sample;
use serde::{Deserialize, Serialize};

/// A figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Figure {
    /// Curves over a common axis.
    Curves(Curves),
    /// An attention map.
    Map(Box<Map>),
    /// Values over the positions of a sequence, a row for each series.
    Strips(Strips),
    /// A table.
    Table(Table),
    /// Lines of text.
    Lines(Lines),
}

/// Curves over a common axis.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Curves {
    /// What is shown.
    pub title: String,
    /// The horizontal axis.
    pub x: String,
    /// The vertical axis.
    pub y: String,
    /// Whether the vertical axis is logarithmic.
    #[serde(default)]
    pub log: bool,
    /// The ends of the vertical axis, if they are fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<(f64, f64)>,
    /// The curves.
    pub curves: Vec<Curve>,
}

/// A curve.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Curve {
    /// Its name.
    pub name: String,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
}

impl Curves {
    /// Adds a curve.
    pub(crate) fn push(&mut self, name: impl Into<String>, points: Vec<(f64, f64)>) {
        let points = points.into_iter().filter(|(_, y)| y.is_finite()).collect();
        self.curves.push(Curve { name: name.into(), points });
    }
}

/// An attention map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Map {
    /// What is shown.
    pub title: String,
    /// Words and weights.
    pub sample: Sample,
    /// The cell under the cursor: output row and source column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<(usize, usize)>,
}

/// Values over the positions of a sequence.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Strips {
    /// What is shown.
    pub title: String,
    /// The symbol at each position, one column wide.
    pub symbols: Vec<char>,
    /// The series.
    pub rows: Vec<Strip>,
}

/// A series of values.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Strip {
    /// Its name.
    pub name: String,
    /// The value that is drawn lowest.
    pub low: f32,
    /// The value that is drawn highest.
    pub high: f32,
    /// The values, one at each position.
    pub values: Vec<f32>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Table {
    /// What is shown.
    pub title: String,
    /// The columns' names.
    pub head: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Returns the lines of the table with aligned columns: the first to the left, the others to the
    /// right.
    pub(crate) fn lines(&self) -> Vec<String> {
        let all = || std::iter::once(&self.head).chain(&self.rows);
        let columns = all().map(Vec::len).max().unwrap_or(0);
        let width = |i: usize| {
            all().filter_map(|row| row.get(i)).map(|cell| crate::format::width(cell)).max()
        };
        let widths: Vec<usize> = (0..columns).map(|i| width(i).unwrap_or(0)).collect();
        let line = |row: &Vec<String>| {
            let mut text = String::new();
            for (i, cell) in row.iter().enumerate() {
                let room = " ".repeat(widths[i].saturating_sub(crate::format::width(cell)));
                text += &match i {
                    0 => format!("{cell}{room}"),
                    _ => format!("  {room}{cell}"),
                };
            }
            text.trim_end().to_owned()
        };
        all().map(line).collect()
    }
}

/// Lines of text.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Lines {
    /// What is shown.
    pub title: String,
    /// The lines.
    pub lines: Vec<String>,
}

impl Figure {
    /// Returns the title.
    pub(crate) fn title(&self) -> &str {
        match self {
            Self::Curves(curves) => &curves.title,
            Self::Map(map) => &map.title,
            Self::Strips(strips) => &strips.title,
            Self::Table(table) => &table.title,
            Self::Lines(lines) => &lines.title,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned() {
        let text = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect();
        let table = Table {
            title: "t".into(),
            head: text(&["score", "exact"]),
            rows: vec![text(&["dot", "9%"]), text(&["additive", "100%"])],
        };
        assert_eq!(table.lines(), ["score     exact", "dot          9%", "additive   100%"]);
        assert!(Table::default().lines().iter().all(String::is_empty));
    }

    #[test]
    fn values_that_are_not_finite_are_left_out_of_curves() {
        let mut curves = Curves::default();
        curves.push("c", vec![(0.0, 1.0), (1.0, f64::NAN), (2.0, f64::INFINITY), (3.0, 2.0)]);
        assert_eq!(curves.curves[0].points, [(0.0, 1.0), (3.0, 2.0)]);
    }
}
