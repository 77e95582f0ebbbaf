//! The overlays of the dashboard: the keys, the explanation of a page, and the quit prompt.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::popup::Popup;
use super::{explain, settings};
use crate::dashboard::keys::{BINDINGS, Binding};
use crate::dashboard::mode::{Mode, QUIT_CHOICES, Role};
use crate::dashboard::model::Model;
use crate::dashboard::widgets::bars::{cell, columns, fit_line, put, put_line};
use crate::format::width;

/// Maximum columns of an explanation.
const EXPLANATION: usize = 74;

/// Returns the popup of the current mode, if it has one, for a screen.
fn popup(model: &Model, screen: Rect) -> Option<Popup> {
    match model.mode() {
        Mode::Help(scroll) => Some(keys(model, *scroll)),
        Mode::Explain => Some(explanation(model, columns(screen))),
        Mode::Settings(form) => Some(settings::popup(model, form, screen)),
        Mode::Quit => Some(question(model)),
        _ => None,
    }
}

/// Returns the rectangle of the popup, in the middle of the screen.
pub(in crate::dashboard) fn area(model: &Model, screen: Rect) -> Option<Rect> {
    let Popup { wide, lines, .. } = popup(model, screen)?;
    let wide = (wide + 2).min(columns(screen));
    let high = (lines.len() + 2).min(usize::from(screen.height));
    Some(Rect {
        x: screen.x + cell((columns(screen) - wide) / 2),
        y: screen.y + cell((usize::from(screen.height) - high) / 2),
        width: cell(wide),
        height: cell(high),
    })
}

/// Draws the popup of the current mode into its rectangle.
pub(in crate::dashboard) fn draw(model: &Model, screen: Rect, area: Rect, buf: &mut Buffer) {
    // The text was wrapped for the screen.
    let Some(popup) = popup(model, screen) else { return };
    Clear.render(area, buf);
    let title = fit_line(Line::raw(popup.title), columns(area).saturating_sub(2));
    let block = model.theme.panel(title).border_style(model.theme.strong());
    let inner = block.inner(area);
    block.render(area, buf);
    draw_lines(model, &popup.lines, popup.scroll, inner, buf);
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

fn keys(model: &Model, scroll: usize) -> Popup {
    let theme = model.theme;
    let labels = BINDINGS.iter().map(|binding| width(binding.name())).max().unwrap_or(0);
    let mut lines: Vec<Line> = Vec::new();
    for (title, bindings) in sections(model).into_iter().filter(|(_, some)| !some.is_empty()) {
        lines.push(Line::styled(format!(" {title}"), theme.faint()));
        lines.extend(bindings.into_iter().map(|binding| {
            let label = theme.arrows(binding.name());
            let mut spans = vec![
                Span::styled(format!(" {label:>labels$}  "), theme.strong()),
                Span::raw(binding.help),
            ];
            if let Some(gesture) = binding.mouse.filter(|_| !binding.label.is_empty()) {
                spans.push(Span::styled(format!(" ({})", gesture.name()), theme.faint()));
            }
            Line::from(spans)
        }));
    }
    if model.role == Role::Watching {
        lines.push(Line::styled(" watching only: the run takes no commands here", theme.valid()));
    }
    let wide = lines.iter().map(Line::width).max().unwrap_or(0) + 3;
    Popup { title: " keys ".to_owned(), wide, lines, scroll }
}

/// Draws lines into the inside of a popup; says how many more there are.
fn draw_lines(model: &Model, lines: &[Line], scroll: usize, inner: Rect, buf: &mut Buffer) {
    let theme = model.theme;
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

fn explanation(model: &Model, wide: usize) -> Popup {
    let (equation, text) = explain::text(model.page);
    let wide = wide.saturating_sub(4).min(EXPLANATION);
    let line = |text: &str| Line::raw(format!(" {text}"));
    let mut lines: Vec<Line> = textwrap::wrap(equation, wide)
        .iter()
        .map(|part| line(part).style(model.theme.strong()))
        .collect();
    lines.extend(textwrap::wrap(text, wide).iter().map(|part| line(part)));
    let title = format!(" {}: any key closes ", model.page.name());
    Popup { title, wide: wide + 2, lines, scroll: 0 }
}

fn question(model: &Model) -> Popup {
    let theme = model.theme;
    let lines = QUIT_CHOICES.map(|choice| {
        Line::from(vec![
            Span::styled(format!(" {:<4}{:<13}", choice.label, choice.word), theme.strong()),
            Span::raw(choice.explanation),
        ])
    });
    let wide = lines.iter().map(Line::width).max().unwrap_or(0) + 3;
    let title = " training goes on: quit? ".to_owned();
    Popup { title, wide, lines: lines.to_vec(), scroll: 0 }
}
