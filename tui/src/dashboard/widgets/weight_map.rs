//! An attention map: a row for each output token, a column for each source token.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use seq2seq::event::Sample;

use super::bars::{cell, columns, put};
use crate::dashboard::theme::Theme;
use crate::format::{fit, width};

/// Rows that the source tokens may take above the map.
const HEADER_ROWS: usize = 4;
/// Columns of the widest cell.
const CELL: usize = 8;
/// Minimum columns of a cell that ends with a gap.
const GAP: usize = 3;
/// Columns of the longest output token.
const LABEL: usize = 12;

/// Returns the mark of a gold link.
pub(crate) fn link(theme: Theme) -> char {
    theme.pick('◆', 'x')
}

/// Returns the mark of a source token that is not in the vocabulary.
const UNKNOWN: char = '?';

/// The map itself. Source tokens are above their columns, in as many staggered rows as needed for
/// readability; output tokens are to the left of their rows. Unknown source tokens and gold links are
/// marked.
#[derive(Debug)]
pub(crate) struct AttentionMap<'a> {
    /// Tokens and weights.
    pub sample: &'a Sample,
    /// Colours and characters.
    pub theme: Theme,
    /// The output row and the source column under the cursor; the row is visible.
    pub cursor: Option<(usize, usize)>,
    /// The key that shows the rows that do not fit.
    pub more: &'static str,
}

/// The layout of a map.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Columns of the output tokens, including the gap after them.
    pub label: usize,
    /// Columns of the narrowest cell.
    cell: usize,
    /// Columns of all cells.
    room: usize,
    /// Rows of the source tokens.
    pub header: usize,
    /// Source tokens shown.
    pub sources: usize,
    /// Output tokens shown.
    pub outputs: usize,
    /// The first of them.
    pub first: usize,
}

impl Geometry {
    /// Returns the first column of a cell; for the index after the last cell, the end of the map.
    pub(crate) fn left(&self, source: usize) -> usize {
        self.label + source * self.room / self.sources.max(1)
    }
}

impl AttentionMap<'_> {
    /// Returns the layout in an area, if there is room for one.
    pub(crate) fn geometry(&self, area: Rect) -> Option<Geometry> {
        let (wide, high) = (columns(area), usize::from(area.height));
        let sources = self.sample.source.len();
        if wide < 4 || high < 2 || sources == 0 {
            return None;
        }
        let longest = self.sample.output.iter().map(|token| width(token)).max().unwrap_or(0);
        let label = longest.min(LABEL).min(wide / 3) + 1;
        let cell = ((wide - label) / sources).clamp(1, CELL);
        let sources = sources.min((wide - label) / cell);
        // Cells with a gap have equal widths; narrower ones share all available columns.
        let room = if cell < GAP { (wide - label).min(sources * GAP) } else { sources * cell };
        // With `rows` header rows, each token has the width of `rows` cells.
        let fits = |rows: usize| {
            let unknown = |i: usize| usize::from(self.sample.unknown.contains(&i));
            let mut tokens = self.sample.source.iter().take(sources).enumerate();
            tokens.all(|(i, token)| width(token) + unknown(i) < rows * cell)
        };
        let rows_left = high.saturating_sub(self.sample.output.len());
        let most = HEADER_ROWS.min(sources).min(rows_left.max(high / 3)).max(1);
        let header = (1..=most).find(|&rows| fits(rows)).unwrap_or(most);
        let all = self.sample.output.len();
        let room_down = high - header;
        // The last row says how many do not fit.
        let outputs = if all > room_down { room_down.saturating_sub(1) } else { all };
        let row = self.cursor.map_or(0, |cursor| cursor.0);
        let first = (row + 1).saturating_sub(outputs.max(1)).min(all - outputs);
        Some(Geometry { label, cell, room, header, sources, outputs, first })
    }

    /// Returns the number of source tokens that do not fit.
    pub(crate) fn hidden(&self, area: Rect) -> usize {
        self.geometry(area).map_or(0, |geometry| self.sample.source.len() - geometry.sources)
    }

    fn render_sources(&self, area: Rect, buf: &mut Buffer, geometry: &Geometry) {
        let Geometry { cell: wide, header, sources, .. } = *geometry;
        let tokens = self.sample.source.iter().take(sources);
        for (i, token) in tokens.enumerate() {
            // The tokens of each group are staggered downwards to the right, and a thin line
            // connects the upper ones to their column.
            let row = i % header;
            let room = (header * wide).saturating_sub(1).max(1);
            let left = columns(area).saturating_sub(geometry.left(i));
            let unknown = self.sample.unknown.contains(&i);
            let token = if unknown { format!("{UNKNOWN}{token}") } else { token.clone() };
            let style = if unknown { self.theme.bad() } else { self.theme.strong() };
            let is_chosen = self.cursor.is_some_and(|cursor| cursor.1 == i);
            let style = if is_chosen { self.theme.reversed() } else { style };
            let text = fit(&token, room.min(left), self.theme.cut());
            let x = cell(geometry.left(i));
            put(buf, area, (x, cell(row)), &text, style, self.theme);
        }
        let stem = self.theme.pick('│', '|');
        for i in 0..sources {
            for row in i % header + 1..header {
                let (x, y) = (area.x + cell(geometry.left(i)), area.y + cell(row));
                if let Some(cell) = buf.cell_mut((x, y))
                    && cell.symbol() == " "
                {
                    cell.set_char(stem).set_style(self.theme.faint());
                }
            }
        }
    }

    fn render_row(&self, area: Rect, buf: &mut Buffer, geometry: &Geometry, row: usize) {
        let Geometry { label, cell: wide, header, sources, first, .. } = *geometry;
        let y = cell(header + row - first);
        if let Some(token) = self.sample.output.get(row) {
            let text = fit(token, label.saturating_sub(1), self.theme.cut());
            let x = cell((label - 1).saturating_sub(width(&text)));
            let is_chosen = self.cursor.is_some_and(|cursor| cursor.0 == row);
            let style = if is_chosen { self.theme.reversed() } else { self.theme.strong() };
            put(buf, area, (x, y), &text, style, self.theme);
        }
        let weights = self.sample.attention.get(row).map_or(&[][..], Vec::as_slice);
        for column in 0..sources {
            let (glyph, style) = self.theme.weight(weights.get(column).copied().unwrap_or(0.0));
            // A gap separates neighbouring columns if there is space for it.
            let (left, right) = (geometry.left(column), geometry.left(column + 1));
            let filled = right - left - usize::from(wide >= GAP);
            let text: String = std::iter::repeat_n(glyph, filled).collect();
            put(buf, area, (cell(left), y), &text, style, self.theme);
            // The mark of a link stands in the gap, or in the cell's last column.
            if self.sample.links.contains(&(column, row)) {
                let mark = link(self.theme).to_string();
                let at = cell(right.saturating_sub(1));
                put(buf, area, (at, y), &mark, self.theme.valid().bold(), self.theme);
            }
        }
    }
}

impl Widget for AttentionMap<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let Some(geometry) = self.geometry(area) else { return };
        self.render_sources(area, buf, &geometry);
        for row in geometry.first..geometry.first + geometry.outputs {
            self.render_row(area, buf, &geometry, row);
        }
        let hidden = self.sample.output.len() - geometry.outputs;
        if hidden > 0 {
            let text = format!("{} {hidden} more rows: {}", self.theme.cut(), self.more);
            let y = cell(geometry.header + geometry.outputs);
            put(buf, area, (0, y), &text, self.theme.faint(), self.theme);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(source: &[&str], output: &[&str], attention: Vec<Vec<f32>>) -> Sample {
        Sample {
            source: source.iter().map(|&token| token.into()).collect(),
            output: output.iter().map(|&token| token.into()).collect(),
            attention,
            logprob: -1.0,
            ..Sample::default()
        }
    }

    fn drawn(sample: &Sample, size: (u16, u16)) -> Vec<String> {
        let area = Rect::new(0, 0, size.0, size.1);
        let mut buf = Buffer::empty(area);
        AttentionMap { sample, theme: Theme::PLAIN, cursor: None, more: "key 4" }
            .render(area, &mut buf);
        (0..size.1)
            .map(|y| {
                let row: String = (0..size.0).map(|x| buf[(x, y)].symbol()).collect();
                row.trim_end().to_owned()
            })
            .collect()
    }

    #[test]
    fn rows_are_output_and_columns_are_source() {
        let sample = sample(
            &["the", "red", "car"],
            &["la", "voiture", "rouge"],
            vec![vec![0.9, 0.05, 0.05], vec![0.1, 0.1, 0.8], vec![0.0, 0.75, 0.25]],
        );
        assert_eq!(
            drawn(&sample, (24, 4)),
            [
                "        the  red  car",
                "     la ████ ░░░░ ░░░░",
                "voiture ░░░░ ░░░░ ████",
                "  rouge      ████ ▒▒▒▒",
            ]
        );
    }

    #[test]
    fn long_source_tokens_are_staggered() {
        let sample = sample(
            &["wonderful", "morning", "everybody", "</s>"],
            &["oui", "</s>"],
            vec![vec![1.0, 0.0, 0.0, 0.0], vec![0.0, 0.0, 0.0, 1.0]],
        );
        assert_eq!(
            drawn(&sample, (22, 5)),
            [
                "     wonderful   </s>",
                "     │   morning │",
                "     │   │   everybody",
                " oui ███",
                "</s>             ███",
            ]
        );
    }

    #[test]
    fn unknown_words_and_gold_links_are_marked() {
        let mut sample = sample(
            &["the", "zebu", "</s>"],
            &["le", "</s>"],
            vec![vec![0.9, 0.1, 0.0], vec![0.0, 0.0, 1.0]],
        );
        (sample.unknown, sample.links) = (vec![1], vec![(0, 0), (1, 0)]);
        assert_eq!(
            drawn(&sample, (24, 3)),
            ["     the   ?zebu </s>", "  le █████◆░░░░░◆", "</s>             █████"]
        );
        sample.unknown.push(99);
        drawn(&sample, (9, 3));
    }

    #[test]
    fn narrow_cells_share_every_column() {
        let sample = sample(&["a", "b", "c", "d"], &["x"], vec![vec![1.0; 4]]);
        assert_eq!(drawn(&sample, (9, 2)), ["  ab c d", "x ███████"]);
        assert_eq!(drawn(&sample, (13, 2)), ["  a b  c  d", "x ███████████"]);
        assert_eq!(drawn(&sample, (14, 2)), ["  a  b  c  d", "x ██ ██ ██ ██"]);
    }

    #[test]
    fn cut_and_broken_maps_are_drawn() {
        let tokens = ["a"; 30];
        let wide = sample(&tokens, &tokens, vec![vec![f32::NAN; 30]; 12]);
        for size in [(0, 0), (1, 1), (3, 3), (10, 4), (40, 12), (200, 60)] {
            drawn(&wide, size);
        }
        let text = drawn(&wide, (40, 12)).join("\n");
        assert!(text.contains('?') && text.contains("more rows"), "{text}");
        let ragged = sample(&["a", "b"], &["x", "y"], vec![vec![1.0]]);
        assert_eq!(drawn(&ragged, (12, 3)).len(), 3);
        drawn(&sample(&[], &[], vec![]), (12, 3));
        drawn(&sample(&["日本語", "b"], &["日本語"], vec![]), (9, 3));
    }

    #[test]
    fn the_row_under_the_cursor_is_visible() {
        let tokens: Vec<String> = (0..9).map(|i| format!("t{i}")).collect();
        let names: Vec<&str> = tokens.iter().map(String::as_str).collect();
        let sample = sample(&["a", "b"], &names, vec![vec![1.0, 0.0]; 9]);
        let area = Rect::new(0, 0, 20, 5);
        for (row, shown) in [(0, "t0 t1 t2"), (4, "t2 t3 t4"), (8, "t6 t7 t8")] {
            let mut buf = Buffer::empty(area);
            let cursor = Some((row, 1));
            AttentionMap { sample: &sample, theme: Theme::PLAIN, cursor, more: "}" }
                .render(area, &mut buf);
            let text = |y: u16, range: std::ops::Range<u16>| -> String {
                range.map(|x| buf[(x, y)].symbol()).collect()
            };
            let labels: Vec<String> = (1..4).map(|y| text(y, 0..2)).collect();
            assert_eq!(labels.join(" "), shown);
            assert_eq!(text(4, 0..20).trim_end(), "… 6 more rows: }");
        }
    }
}
