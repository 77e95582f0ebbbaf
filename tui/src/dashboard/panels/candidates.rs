//! The page of samples, with the outputs of a beam search for a typed sentence.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::widgets::Widget;
use seq2seq::event::ScoredOutput;

use super::samples;
use crate::dashboard::model::Model;
use crate::dashboard::widgets::bars::{cell, columns, put};
use crate::format::{fit, number, plain, width};

/// Rows from which on samples and outputs are both drawn.
const WITH_SAMPLES: u16 = 14;

/// Draws the page. Where there is room for one of them, the key of the page shows the other.
pub(in crate::dashboard) fn draw_page(model: &Model, area: Rect, buf: &mut Buffer) {
    let found = model.chosen().map_or(&[][..], |sample| &sample.candidates);
    if found.is_empty() {
        return samples::draw(model, area, buf);
    }
    if area.height < WITH_SAMPLES {
        return match model.pane % 2 {
            1 => draw(model, found, area, buf),
            _ => samples::draw(model, area, buf),
        };
    }
    let rows = cell(found.len() + 2);
    let [upper, lower] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(rows)]).areas(area);
    samples::draw(model, upper, buf);
    draw(model, found, lower, buf);
}

fn draw(model: &Model, found: &[ScoredOutput], area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let long = " beam search: score = log p after the length penalty, best first ";
    let title = if width(long) + 2 <= columns(area) { long } else { " beam search " };
    let block = theme.panel(title);
    let inner = block.inner(area);
    block.render(area, buf);
    for (y, candidate) in (0..inner.height).zip(found) {
        let figures = format!("{:>8} {:>8} ", number(candidate.score), number(candidate.logprob));
        let figures = match columns(inner) {
            0..50 => format!("{:>7} ", number(candidate.score)),
            _ => figures,
        };
        let used = put(buf, inner, (0, y), &figures, theme.faint(), theme);
        let text = plain(&candidate.text);
        let text = fit(&text, columns(inner).saturating_sub(width(&figures)), theme.cut());
        let style = if y == 0 { theme.strong() } else { Style::new() };
        put(buf, inner, (used, y), &text, style, theme);
    }
}
