//! A frame in the middle of the screen, over the panels.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use crate::dashboard::model::Model;
use crate::dashboard::widgets::bars::{cell, columns};

/// Clears and frames an area in the middle of the screen and returns its inside.
pub(super) fn popup(
    model: &Model,
    title: String,
    (wide, high): (usize, usize),
    area: Rect,
    buf: &mut Buffer,
) -> Rect {
    let wide = (wide + 2).min(columns(area));
    let high = (high + 2).min(usize::from(area.height));
    let frame = Rect {
        x: area.x + cell((columns(area) - wide) / 2),
        y: area.y + cell((usize::from(area.height) - high) / 2),
        width: cell(wide),
        height: cell(high),
    };
    Clear.render(frame, buf);
    let block = model.theme.panel(title).border_style(model.theme.strong());
    let inner = block.inner(frame);
    block.render(frame, buf);
    inner
}
