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
            numbers(model),
        ],
        columns(area),
    );
    put_line(buf, area, 0, &row);
}

/// Returns the pages with their numbers, the list of runs first.
fn pages(model: &Model) -> impl Iterator<Item = (usize, Page)> {
    let runs = model.runs.is_some().then_some((0, Page::Runs));
    runs.into_iter().chain((1..).zip(Page::ALL))
}

/// Returns the row with the name of the current page and the numbers of the others.
fn numbers(model: &Model) -> Line<'static> {
    let theme = model.theme;
    let mut spans = Vec::new();
    for (number, page) in pages(model) {
        if page == model.page {
            let text = format!("{number} {}", page.name());
            spans.extend([Span::raw("["), Span::styled(text, theme.reversed()), Span::raw("]")]);
        } else {
            spans.push(Span::styled(format!(" {number} "), theme.faint()));
        }
    }
    Line::from(spans)
}

fn row(model: &Model, gap: &'static str, name: fn(Page) -> &'static str) -> Line<'static> {
    let theme = model.theme;
    let mut spans = Vec::new();
    let mut before = None;
    for (number, page) in pages(model) {
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
