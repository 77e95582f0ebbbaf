//! The dashboard on small screens: one page at a time, or a few lines of text.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::model::Model;
use super::page::Page;
use super::panels::{
    attention_map, candidates, cell, change, curves, flow, flow_page, footer, gradients, header,
    histogram, journal, loss, now, parameter_table, runs, step, tabs,
};
use super::widgets::bars::{MetricLine, columns, put, put_line};
use crate::format::{brief, count, fit, number, percent};

/// Rows of the header, the title row included.
const HEAD: u16 = 3;
/// Rows from which on the header has the line in words.
const WITH_WORDS: u16 = 16;

/// Draws the title row, two or three rows of header, the selected page, and the footer, on screens
/// from 40 by 12.
pub(super) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let words = u16::from(area.height >= WITH_WORDS);
    let [head, body, foot] = Layout::vertical([
        Constraint::Length(HEAD + words),
        Constraint::Min(0),
        Constraint::Length(1),
    ])
    .areas(area);
    let wide = columns(head);
    tabs::draw(model, Rect { height: 1, ..head }, buf);
    put_line(buf, head, 1, &first(model, wide));
    put_line(buf, head, 2, &second(model, wide));
    if words > 0 {
        put_line(buf, head, 3, &now::line(model, wide));
    }
    match model.page {
        Page::Overview if body.height >= 20 => {
            let [upper, lower] =
                Layout::vertical([Constraint::Percentage(45), Constraint::Percentage(55)])
                    .areas(body);
            loss::draw(model, upper, buf);
            attention_map::draw(model, lower, buf);
        }
        Page::Overview => loss::draw(model, body, buf),
        Page::Curves => curves::draw(model, body, buf),
        Page::Gradients => draw_gradients(model, body, buf),
        Page::Attention if model.pane % 2 == 1 && model.inspects_chosen() => {
            change::draw(model, body, buf);
        }
        Page::Attention => attention_map::draw(model, body, buf),
        Page::Step => step::draw(model, body, buf),
        Page::Cell => cell::draw(model, body, buf),
        Page::Samples => candidates::draw_page(model, body, buf),
        Page::Log => journal::draw(model, body, buf),
        Page::Runs => runs::draw(model, body, buf),
    }
    footer::draw(model, foot, buf);
}

/// Draws one pane of the page of gradients: the histogram that was asked for, then the flow of
/// several runs, come first.
fn draw_gradients(model: &Model, body: Rect, buf: &mut Buffer) {
    let first = if model.beside.is_empty() { 0 } else { 3 };
    match ((model.pane + first) % 4, &model.parameters_view.histogram) {
        (0 | 2, Some(found)) => histogram::draw(model, found, body, buf),
        (1, _) if model.flow().is_some() => flow::draw(model, body, buf),
        (2, None) => parameter_table::draw(model, body, buf),
        (3, _) => flow_page::draw(model, body, buf),
        _ => gradients::draw(model, body, buf),
    }
}

/// Returns the line of state, warnings, progress and time left.
fn first(model: &Model, wide: usize) -> Line<'static> {
    let mut metrics = MetricLine::new(model.theme, wide);
    metrics.add([header::state_span(model)]);
    metrics.add(header::warnings_span(model, wide));
    if let Some(phase) = model.run_state.phase.as_ref().filter(|_| model.run_state.step.is_none()) {
        let phase = fit(phase, metrics.left().saturating_sub(2), model.theme.cut());
        metrics.add([Span::styled(phase, model.theme.valid())]);
    }
    if let Some(share) = model.run_state.share() {
        metrics.add([Span::raw(percent(share))]);
    }
    if !model.run_state.state().is_over() {
        metrics.number("ETA", header::eta_words(model), model.theme.strong());
    }
    if let Some((epoch, epochs)) = model.run_state.epoch() {
        let epochs = epochs.map_or_else(String::new, |epochs| format!("/{epochs}"));
        metrics.number("epoch", format!("{epoch}{epochs}"), Style::new());
    }
    metrics.add([Span::raw(format!("step {}", count(model.run_state.steps())))]);
    metrics.line()
}

/// Returns the line of metrics.
fn second(model: &Model, wide: usize) -> Line<'static> {
    let theme = model.theme;
    let mut metrics = MetricLine::new(theme, wide);
    let Some(step) = &model.run_state.step else { return metrics.line() };
    let style = if step.loss.is_finite() { theme.train().bold() } else { theme.bad() };
    let smoothed = model.run_state.loss.value().unwrap_or(f64::NAN);
    let shown = if step.loss.is_finite() { smoothed } else { step.loss };
    metrics.number("loss", number(shown), style);
    if let Some(valid) = &model.run_state.validation {
        metrics.number("valid", number(valid.metrics.loss), theme.valid());
    }
    if let Some(exact) = model.run_state.validation.as_ref().and_then(|v| v.metrics.exact_match) {
        metrics.number("exact", percent(exact), theme.valid());
    }
    metrics.number("tok/s", brief(model.run_state.speed.value().unwrap_or(f64::NAN)), Style::new());
    metrics.number("grad", number(step.gradient_norm), theme.gradient());
    metrics.line()
}

/// Returns true if the last row has a prompt, a notice, or a text being typed.
pub(super) fn has_prompt(model: &Model) -> bool {
    model.notice().is_some() || *model.mode() != super::Mode::Normal
}

/// Draws as many lines of text as fit, on screens below 40 by 12.
pub(super) fn draw_words(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let run_state = &model.run_state;
    let sign = header::sign(run_state.state(), theme).to_string();
    if area.width < 10 {
        put(buf, area, (0, 0), &sign, theme.strong(), theme);
        return;
    }
    let mut lines = Vec::new();
    let mut head = vec![header::state_span(model)];
    if let Some(share) = run_state.share() {
        head.push(Span::raw(format!(" {}", percent(share))));
    }
    lines.push(Line::from(head));
    if let Some(loss) = run_state.loss.value() {
        lines.push(Line::raw(format!("loss {}", number(loss))));
    }
    lines.push(Line::raw(format!("step {}", count(run_state.steps()))));
    if let Some(valid) = &run_state.validation {
        let share = valid
            .metrics
            .exact_match
            .or(valid.metrics.token_accuracy)
            .map_or_else(String::new, percent);
        lines.push(Line::raw(format!("valid {} {share}", number(valid.metrics.loss))));
    }
    lines.push(Line::raw(format!("ETA {}", header::eta_words(model))));
    for (y, line) in (0..area.height).zip(&lines) {
        put_line(buf, area, y, line);
    }
    // A prompt must be visible on any screen.
    let foot = Rect { y: area.y + area.height - 1, height: 1, ..area };
    if area.height >= 2 && has_prompt(model) {
        buf.set_style(foot, Style::reset());
        put(buf, foot, (0, 0), &" ".repeat(columns(foot)), Style::new(), theme);
        footer::draw(model, foot, buf);
    }
}
