//! The overlays of the dashboard: the keys, and the quit prompt.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use crate::dashboard::keys::BINDINGS;
use crate::dashboard::mode::{Mode, QUIT_CHOICES, Role};
use crate::dashboard::model::Model;
use crate::dashboard::widgets::bars::{cell, columns, put, put_line};
use crate::format::width;

/// Draws the overlay of the current mode, if it has one.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    match model.mode() {
        Mode::Help(scroll) => draw_keys(model, *scroll, area, buf),
        Mode::Quit => draw_question(model, area, buf),
        _ => {}
    }
}

fn draw_keys(model: &Model, scroll: usize, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let labels = BINDINGS.iter().map(|binding| width(binding.label)).max().unwrap_or(0);
    let mut lines: Vec<Line> = BINDINGS
        .iter()
        .filter(|binding| model.role == Role::Training || !binding.commands)
        .map(|binding| {
            Line::from(vec![
                Span::styled(format!(" {:>labels$}  ", binding.label), theme.strong()),
                Span::raw(binding.help),
            ])
        })
        .collect();
    if model.role == Role::Watching {
        lines.push(Line::styled(" watching only: the run takes no commands here", theme.valid()));
    }
    let wide = lines.iter().map(Line::width).max().unwrap_or(0) + 3;
    let inner = popup(model, " keys ", (wide, lines.len()), area, buf);
    let hidden = lines.len().saturating_sub(usize::from(inner.height));
    let scroll = scroll.min(hidden);
    for (y, line) in (0..inner.height).zip(lines.iter().skip(scroll)) {
        put_line(buf, inner, y, line);
    }
    if hidden > 0 {
        let text = format!(" {} more: j k ", hidden - scroll);
        let x = inner.width.saturating_sub(cell(width(&text)));
        let edge = Rect { y: inner.y + inner.height, height: 1, ..inner };
        put(buf, edge, (x, 0), &text, theme.faint(), theme);
    }
}

fn draw_question(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let lines = QUIT_CHOICES.map(|(key, word, explanation)| {
        Line::from(vec![
            Span::styled(format!(" {key}  {word:<8}"), theme.strong()),
            Span::raw(explanation),
        ])
    });
    let wide = lines.iter().map(Line::width).max().unwrap_or(0) + 3;
    let inner = popup(model, " training goes on: quit? ", (wide, lines.len()), area, buf);
    for (y, line) in (0..).zip(&lines) {
        put_line(buf, inner, y, line);
    }
}

/// Clears and frames an area in the middle of the screen and returns its inside.
fn popup(
    model: &Model,
    title: &'static str,
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
