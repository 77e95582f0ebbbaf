//! The dots of one curve of a plot.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::curve::{Curve, Dash, Shape};
use super::scale::Scale;
use crate::dashboard::series::Column;
use crate::dashboard::theme::Theme;
use crate::dashboard::widgets::bars::cell;

/// Braille bits of the dots of a cell: rows from the top, left and right.
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// The dots of one curve.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    cells: Vec<u8>,
}

impl Canvas {
    pub(super) fn new(area: Rect) -> Self {
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

    pub(super) fn curve(&mut self, columns: &[Option<Column>], shape: Shape, scale: Scale) {
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

    /// Removes dots so that the curve is dashed.
    pub(super) fn dash(&mut self, dash: Dash) {
        for x in (0..self.width * 2).filter(|x| !dash.draws(*x)) {
            let column: u8 = DOTS.iter().filter_map(|row| row.get(x % 2)).sum();
            for row in self.cells.chunks_mut(self.width) {
                if let Some(cell) = row.get_mut(x / 2) {
                    *cell &= !column;
                }
            }
        }
    }

    /// Draws the dots over the existing content.
    pub(super) fn render(&self, area: Rect, buf: &mut Buffer, curve: &Curve, theme: Theme) {
        for (i, &dots) in self.cells.iter().enumerate().filter(|(_, dots)| **dots != 0) {
            let (x, y) = (area.x + cell(i % self.width), area.y + cell(i / self.width));
            let glyph = if theme.unicode {
                char::from_u32(0x2800 + u32::from(dots)).unwrap_or('*')
            } else if curve.shape == Shape::Band {
                '.'
            } else {
                curve.dash.ascii()
            };
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.set_char(glyph).set_style(curve.style);
            }
        }
    }
}
