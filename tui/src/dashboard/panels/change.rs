//! The translation without and with the changes, side by side, and the changes in words.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use seq2seq::inspection::{Intervention, Trace};

use crate::dashboard::model::Model;
use crate::dashboard::theme::Theme;
use crate::dashboard::widgets::bars::{columns, fit_line, put, put_line};
use crate::format::{fit, number, plain, setting};

/// Rows of the panel: its frame, the changes, and both translations.
pub(in crate::dashboard) const ROWS: u16 = 5;

/// Returns the rows that the panel needs; 0 if nothing is changed.
pub(in crate::dashboard) fn rows(model: &Model) -> u16 {
    let has_changes = model.inspecting.answer().is_some_and(|answer| answer.with.is_some());
    if has_changes { ROWS } else { 0 }
}

/// Draws the panel.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let waiting = if model.inspecting.is_waiting() { " ..." } else { "" };
    let title = format!(" without and with the changes (x undoes){waiting} ");
    let block = theme.panel(fit_line(Line::raw(title), columns(area).saturating_sub(2)));
    let inner = block.inner(area);
    block.render(area, buf);
    draw_lines(model, inner, buf);
}

/// Draws the three lines without a frame.
pub(in crate::dashboard) fn draw_lines(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let Some(answer) = model.inspecting.answer() else { return };
    let Some(with) = &answer.with else {
        put(buf, area, (0, 0), "nothing is changed: m u w c", theme.faint(), theme);
        return;
    };
    let wide = columns(area);
    let words = in_words(model.inspecting.shown_changes(), &answer.without, with);
    let words = fit(&plain(&words), wide, theme.cut());
    put_line(buf, area, 0, &Line::styled(words, theme.valid()));
    let (old, new) = (tokens(&answer.without), tokens(with));
    let (kept_old, kept_new) = common(&old, &new);
    let is_same = old == new;
    let sign = if is_same { '=' } else { theme.pick('≠', '!') };
    let short = wide < 60;
    for (y, (sign, name, trace, kept)) in (1..).zip([
        (' ', if short { "was" } else { "without" }, &answer.without, kept_old),
        (sign, if short { "now" } else { "with   " }, with, kept_new),
    ]) {
        let logprob = format!("  log p {}", number(trace.logprob));
        let mut spans = vec![
            Span::styled(format!("{sign} "), theme.strong()),
            Span::styled(format!("{name} "), theme.faint()),
        ];
        spans.extend(marked(trace, &kept, theme));
        if !short {
            spans.push(Span::styled(logprob, theme.faint()));
        }
        let line = Line::from(spans);
        put_line(buf, area, y, &line);
    }
}

fn tokens(trace: &Trace) -> Vec<&str> {
    trace.output().collect()
}

/// Returns the tokens; those that the other translation does not have are in brackets.
fn marked(trace: &Trace, kept: &[bool], theme: Theme) -> Vec<Span<'static>> {
    let span = |(token, &kept): (&str, &bool)| match kept {
        true => Span::styled(format!("{} ", plain(token)), Style::new()),
        false => Span::styled(format!("[{}] ", plain(token)), theme.strong()),
    };
    trace.output().zip(kept).map(span).collect()
}

/// Returns which tokens belong to a longest common subsequence of both sequences.
fn common(a: &[&str], b: &[&str]) -> (Vec<bool>, Vec<bool>) {
    // lengths[i][j] is the length of that of a[i..] and b[j..].
    let mut lengths = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            lengths[i][j] = if a[i] == b[j] {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    let (mut kept_a, mut kept_b) = (vec![false; a.len()], vec![false; b.len()]);
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            (kept_a[i], kept_b[j]) = (true, true);
            (i, j) = (i + 1, j + 1);
        } else if lengths[i + 1][j] >= lengths[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    (kept_a, kept_b)
}

/// Describes changes.
fn in_words(changes: &[Intervention], without: &Trace, with: &Trace) -> String {
    let word = |words: &[String], at: usize| words.get(at).cloned().unwrap_or_default();
    let of = |change: &Intervention| match change {
        Intervention::MoveAttention { step, position } => {
            format!("step {} attends to `{}`", step + 1, word(&with.source, *position))
        }
        Intervention::UniformAttention { step: None } => "attention uniform".to_owned(),
        Intervention::UniformAttention { step: Some(step) } => {
            format!("attention of step {} uniform", step + 1)
        }
        Intervention::ReplaceSource { position, text } => {
            format!("`{}` is `{text}`", word(&without.source, *position))
        }
        Intervention::Clamp(clamp) => {
            let unit = clamp.unit.map_or_else(String::new, |unit| format!(" unit {unit}"));
            let value = setting(f64::from(clamp.value));
            format!("{}{unit} = {value} in {}", clamp.gate, clamp.layer)
        }
    };
    changes.iter().map(of).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_both_are_found_in_order() {
        let (a, b) = (["a", "b", "c", "d"], ["b", "x", "d", "a"]);
        let (kept_a, kept_b) = common(&a, &b);
        assert_eq!(kept_a, [false, true, false, true]);
        assert_eq!(kept_b, [true, false, true, false]);
        assert_eq!(common(&[], &b).1, [false; 4]);
        assert_eq!(common(&a, &a).0, [true; 4]);
    }
}
