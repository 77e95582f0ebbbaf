//! Translations of held-out and typed sentences beside their references.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;
use seq2seq::Sample;

use super::bars::{cell, columns, put};
use super::model::Model;
use super::theme::Theme;
use crate::format::{count, figure, fit, width};

/// Draws the panel.
pub(super) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let equal = model.samples.iter().filter(|sample| is_equal(sample)).count();
    let compared = model.samples.iter().any(|sample| !sample.reference.is_empty());
    let title = if model.samples.is_empty() {
        " samples ".to_owned()
    } else if !compared {
        format!(" samples at step {} ", count(model.samples_step))
    } else {
        let samples = model.samples.len();
        format!(" samples at step {}: {equal}/{samples} equal ", count(model.samples_step))
    };
    let block = theme.panel(title);
    let inner = block.inner(area);
    block.render(area, buf);
    let total = model.sample_count();
    if total == 0 {
        let text = "after the first evaluation";
        let x = inner.width.saturating_sub(cell(width(text))) / 2;
        put(buf, inner, (x, inner.height / 2), text, theme.faint(), theme);
        return;
    }
    // With room to spare a blank line stands between two samples.
    let high = usize::from(inner.height);
    let rows = if high >= total * 4 - 1 { 4 } else { 3 };
    let shown = ((high + rows - 3) / rows).max(1);
    let first = (model.selected + 1).saturating_sub(shown);
    for (i, sample) in model.all_samples().enumerate().skip(first).take(shown) {
        let y = cell((i - first) * rows);
        let area = Rect { y: inner.y + y, height: inner.height.saturating_sub(y), ..inner };
        draw_sample(sample, i == model.selected, i >= model.samples.len(), theme, area, buf);
    }
}

/// Three rows: source, reference, output; the sign before the output says whether they agree.
fn draw_sample(
    sample: &Sample,
    chosen: bool,
    typed: bool,
    theme: Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let pointer = if chosen { theme.pick('▶', '>') } else { ' ' };
    let name = if typed { "you" } else { "src" };
    let source = if chosen { theme.strong() } else { Style::new() };
    row(buf, area, 0, (pointer, theme.strong()), name, &words(&sample.source, true), source, theme);
    let (sign, style) = match (sample.reference.is_empty(), is_equal(sample)) {
        (true, _) => (' ', Style::new()),
        (false, true) => ('=', theme.good()),
        (false, false) => (theme.pick('≠', '!'), theme.bad()),
    };
    let mut y = 1;
    if !sample.reference.is_empty() {
        row(buf, area, y, (' ', Style::new()), "ref", &sample.reference, Style::new(), theme);
        y += 1;
    }
    let output = output_words(sample);
    row(buf, area, y, (sign, style), "out", &output, Style::new(), theme);
    // The probability of the output, where the line leaves room for it.
    let logprob = format!("log p {}", figure(sample.logprob));
    let left = columns(area).saturating_sub(6 + width(&output) + 2);
    if left >= width(&logprob) {
        let x = cell(columns(area) - width(&logprob));
        put(buf, area, (x, y), &logprob, theme.faint(), theme);
    }
}

#[allow(clippy::too_many_arguments)] // a row has that many parts
fn row(
    buf: &mut Buffer,
    area: Rect,
    y: u16,
    (sign, sign_style): (char, Style),
    name: &str,
    text: &str,
    style: Style,
    theme: Theme,
) {
    put(buf, area, (0, y), &sign.to_string(), sign_style, theme);
    put(buf, area, (2, y), name, theme.faint(), theme);
    let text = fit(text, columns(area).saturating_sub(6), theme.cut());
    put(buf, area, (6, y), &text, style, theme);
}

/// True where the output is the reference; blanks do not count, since tokens are shown apart.
pub(super) fn is_equal(sample: &Sample) -> bool {
    let letters = |text: &str| text.split_whitespace().collect::<String>();
    let (tokens, ended) = without_end(sample);
    !sample.reference.is_empty() && ended && letters(&tokens.concat()) == letters(&sample.reference)
}

/// The output without its end token, and whether it had one.
fn without_end(sample: &Sample) -> (&[String], bool) {
    match (sample.output.split_last(), sample.source.last()) {
        (Some((last, tokens)), Some(end)) if last == end => (tokens, true),
        _ => (&sample.output, false),
    }
}

fn output_words(sample: &Sample) -> String {
    let (tokens, ended) = without_end(sample);
    let mut text = words(tokens, false);
    if !ended {
        text.push_str(" ...");
    }
    text
}

/// Tokens in a line: apart where they are words, together where they are letters.
fn words(tokens: &[String], drop_last: bool) -> String {
    let tokens = match tokens.split_last() {
        Some((_, rest)) if drop_last => rest,
        _ => tokens,
    };
    let letters = tokens.iter().filter(|token| token.chars().count() == 1).count();
    let apart = letters * 3 <= tokens.len() * 2;
    tokens.join(if apart { " " } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(output: &[&str], reference: &str) -> Sample {
        Sample {
            source: ["the", "car", "</s>"].map(String::from).to_vec(),
            output: output.iter().map(|&token| token.into()).collect(),
            reference: reference.into(),
            attention: vec![],
            logprob: -0.5,
        }
    }

    #[test]
    fn equal_means_the_same_letters_and_an_end() {
        assert!(is_equal(&sample(&["l'", "auto", ".", "</s>"], "l'auto.")));
        assert!(!is_equal(&sample(&["l'", "auto", "."], "l'auto.")));
        assert!(!is_equal(&sample(&["l'", "auto", "</s>"], "l'auto.")));
        assert!(!is_equal(&sample(&["</s>"], "")));
        assert!(!is_equal(&sample(&[], "x")));
    }

    #[test]
    fn characters_are_shown_together_and_an_endless_output_says_so() {
        assert_eq!(output_words(&sample(&["a", "u", "t", "o", "</s>"], "")), "auto");
        assert_eq!(output_words(&sample(&["la", "la"], "")), "la la ...");
    }
}
