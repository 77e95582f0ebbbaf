//! The outputs of a beam search for a typed sentence.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;
use seq2seq::event::ScoredOutput;

use crate::dashboard::model::Model;
use crate::dashboard::widgets::bars::{cell, columns, put};
use crate::format::{fit, number, plain, width};

/// Returns the rows of the panel; 0 if there are no outputs.
pub(in crate::dashboard) fn rows(model: &Model) -> u16 {
    let found = found(model);
    if found.is_empty() { 0 } else { cell(found.len() + 2) }
}

fn found(model: &Model) -> &[ScoredOutput] {
    model.chosen().map_or(&[], |sample| &sample.candidates)
}

/// Draws the panel.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let found = found(model);
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
