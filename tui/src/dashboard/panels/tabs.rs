//! The title row: the pages with their keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::dashboard::model::Model;
use crate::dashboard::page::Page;
use crate::dashboard::widgets::bars::{columns, first_that_fits, put_line};

/// Draws the row; brackets mark the current page.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let row = first_that_fits(
        [
            row(model, "  ", Page::name),
            row(model, "", Page::name),
            row(model, "", Page::short),
            // Only the current page is named.
            row(model, "", |page| if page == model.page { page.short() } else { "" }),
        ],
        columns(area),
    );
    put_line(buf, area, 0, &row);
}

fn row(model: &Model, gap: &'static str, name: impl Fn(Page) -> &'static str) -> Line<'static> {
    let theme = model.theme;
    let mut spans = Vec::new();
    let mut before = None;
    for (number, page) in (1..).zip(Page::ALL) {
        let chosen = page == model.page;
        let bracket = match (chosen, before) {
            (true, _) => "[",
            (_, Some(true)) => "]",
            _ => " ",
        };
        spans.push(Span::raw(bracket));
        if before.is_some() && !gap.is_empty() {
            // The bracket stands directly at the name.
            let last = spans.len() - 1;
            spans.insert(if chosen { last } else { last + 1 }, Span::raw(gap));
        }
        let text = format!("{number} {}", name(page));
        spans.push(if chosen {
            Span::styled(text, theme.reversed())
        } else {
            Span::styled(text, theme.faint())
        });
        before = Some(chosen);
    }
    spans.push(Span::raw(if before == Some(true) { "]" } else { " " }));
    Line::from(spans)
}
