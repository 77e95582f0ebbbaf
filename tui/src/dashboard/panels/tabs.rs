//! The title row: the pages with their keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::dashboard::model::Model;
use crate::dashboard::page::Page;
use crate::dashboard::widgets::bars::{columns, put_line};

/// A part of the row; that of a page is its name.
type Piece = (Option<Page>, Span<'static>);

/// Draws the row; brackets mark the current page.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let spans: Vec<Span> = pieces(model, columns(area)).into_iter().map(|piece| piece.1).collect();
    put_line(buf, area, 0, &Line::from(spans));
}

/// Returns the page whose name is at a column of the row.
pub(in crate::dashboard) fn page_at(model: &Model, area: Rect, x: usize) -> Option<Page> {
    let mut end = 0;
    pieces(model, columns(area)).into_iter().find_map(|(page, span)| {
        end += span.width();
        (x < end).then_some(page)
    })?
}

/// Returns the longest form of the row that fits.
fn pieces(model: &Model, wide: usize) -> Vec<Piece> {
    let forms = [
        row(model, "  ", Page::name),
        row(model, "", Page::name),
        row(model, "", Page::short),
        numbers(model),
    ];
    let fits = |row: &Vec<Piece>| row.iter().map(|piece| piece.1.width()).sum::<usize>() <= wide;
    let last = forms.len() - 1;
    let place = forms.iter().position(fits).unwrap_or(last);
    forms.into_iter().nth(place).unwrap_or_default()
}

/// Returns the pages with their numbers, the list of runs first.
fn pages(model: &Model) -> impl Iterator<Item = (usize, Page)> {
    let runs = model.runs.is_some().then_some((0, Page::Runs));
    runs.into_iter().chain((1..).zip(Page::ALL))
}

/// Returns the row with the name of the current page and the numbers of the others.
fn numbers(model: &Model) -> Vec<Piece> {
    let theme = model.theme;
    let mut pieces = Vec::new();
    for (number, page) in pages(model) {
        if page == model.page {
            let text = format!("{number} {}", page.name());
            pieces.extend([
                (None, Span::raw("[")),
                (Some(page), Span::styled(text, theme.reversed())),
                (None, Span::raw("]")),
            ]);
        } else {
            pieces.push((Some(page), Span::styled(format!(" {number} "), theme.faint())));
        }
    }
    pieces
}

fn row(model: &Model, gap: &'static str, name: fn(Page) -> &'static str) -> Vec<Piece> {
    let theme = model.theme;
    let mut pieces: Vec<Piece> = Vec::new();
    let mut before = None;
    for (number, page) in pages(model) {
        let chosen = page == model.page;
        let bracket = match (chosen, before) {
            (true, _) => "[",
            (_, Some(true)) => "]",
            _ => " ",
        };
        pieces.push((None, Span::raw(bracket)));
        if before.is_some() && !gap.is_empty() {
            // The bracket stands directly at the name.
            let last = pieces.len() - 1;
            pieces.insert(if chosen { last } else { last + 1 }, (None, Span::raw(gap)));
        }
        let text = format!("{number} {}", name(page));
        let style = if chosen { theme.reversed() } else { theme.faint() };
        pieces.push((Some(page), Span::styled(text, style)));
        before = Some(chosen);
    }
    pieces.push((None, Span::raw(if before == Some(true) { "]" } else { " " })));
    pieces
}
