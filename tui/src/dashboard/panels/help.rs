//! The overlays of the dashboard: the keys, the explanation of a page, and the quit prompt.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::popup::popup;
use super::{explain, settings};
use crate::dashboard::keys::{BINDINGS, Binding};
use crate::dashboard::mode::{Mode, QUIT_CHOICES, Role};
use crate::dashboard::model::Model;
use crate::dashboard::widgets::bars::{cell, columns, put, put_line};
use crate::format::width;

/// Maximum columns of an explanation.
const EXPLANATION: usize = 74;

/// Draws the overlay of the current mode, if it has one.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    match model.mode() {
        Mode::Help(scroll) => draw_keys(model, *scroll, area, buf),
        Mode::Explain => draw_explanation(model, area, buf),
        Mode::Settings(form) => settings::draw(model, form, area, buf),
        Mode::Quit => draw_question(model, area, buf),
        _ => {}
    }
}

/// Returns the keys in the order of the help: those of the page, of every page, of other pages.
fn sections(model: &Model) -> [(String, Vec<&'static Binding>); 3] {
    let of = |belongs: fn(&Binding, &Model) -> bool| {
        BINDINGS
            .iter()
            .filter(|binding| model.role == Role::Training || !binding.commands)
            .filter(|binding| belongs(binding, model))
            .collect()
    };
    [
        (
            format!("on this page ({})", model.page.name()),
            of(|binding, model| !binding.pages.is_empty() && binding.is_on(model.page)),
        ),
        ("on every page".to_owned(), of(|binding, _| binding.pages.is_empty())),
        ("on other pages".to_owned(), of(|binding, model| !binding.is_on(model.page))),
    ]
}

fn draw_keys(model: &Model, scroll: usize, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let labels = BINDINGS.iter().map(|binding| width(binding.label)).max().unwrap_or(0);
    let mut lines: Vec<Line> = Vec::new();
    for (title, bindings) in sections(model).into_iter().filter(|(_, some)| !some.is_empty()) {
        lines.push(Line::styled(format!(" {title}"), theme.faint()));
        lines.extend(bindings.into_iter().map(|binding| {
            let label = theme.arrows(binding.label);
            Line::from(vec![
                Span::styled(format!(" {label:>labels$}  "), theme.strong()),
                Span::raw(binding.help),
            ])
        }));
    }
    if model.role == Role::Watching {
        lines.push(Line::styled(" watching only: the run takes no commands here", theme.valid()));
    }
    let wide = lines.iter().map(Line::width).max().unwrap_or(0) + 3;
    let inner = popup(model, " keys ".to_owned(), (wide, lines.len()), area, buf);
    draw_lines(model, &lines, scroll, inner, buf);
}

/// Draws lines into the inside of a popup; says how many more there are.
fn draw_lines(model: &Model, lines: &[Line], scroll: usize, inner: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let hidden = lines.len().saturating_sub(usize::from(inner.height));
    let scroll = scroll.min(hidden);
    for (y, line) in (0..inner.height).zip(lines.iter().skip(scroll)) {
        put_line(buf, inner, y, line);
        if line.width() > columns(inner) {
            let mark = theme.cut().to_string();
            put(buf, inner, (inner.width.saturating_sub(1), y), &mark, theme.faint(), theme);
        }
    }
    if hidden > 0 {
        let text = format!(" {} more: j k ", hidden - scroll);
        let x = inner.width.saturating_sub(cell(width(&text)));
        let edge = Rect { y: inner.y + inner.height, height: 1, ..inner };
        put(buf, edge, (x, 0), &text, theme.faint(), theme);
    }
}

fn draw_explanation(model: &Model, area: Rect, buf: &mut Buffer) {
    let (equation, text) = explain::text(model.page);
    let wide = columns(area).saturating_sub(4).min(EXPLANATION);
    let line = |text: &str| Line::raw(format!(" {text}"));
    let mut lines: Vec<Line> = textwrap::wrap(equation, wide)
        .iter()
        .map(|part| line(part).style(model.theme.strong()))
        .collect();
    lines.extend(textwrap::wrap(text, wide).iter().map(|part| line(part)));
    let title = format!(" {}: any key closes ", model.page.name());
    let inner = popup(model, title, (wide + 2, lines.len()), area, buf);
    draw_lines(model, &lines, 0, inner, buf);
}

fn draw_question(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let lines = QUIT_CHOICES.map(|choice| {
        Line::from(vec![
            Span::styled(format!(" {:<4}{:<13}", choice.label, choice.word), theme.strong()),
            Span::raw(choice.explanation),
        ])
    });
    let wide = lines.iter().map(Line::width).max().unwrap_or(0) + 3;
    let title = " training goes on: quit? ".to_owned();
    let inner = popup(model, title, (wide, lines.len()), area, buf);
    draw_lines(model, &lines, 0, inner, buf);
}
