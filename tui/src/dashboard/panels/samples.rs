//! Translations of held-out and typed sentences with their references.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget;
use seq2seq::event::Sample;
use seq2seq::score::exact_match_of_words;

use crate::dashboard::model::Model;
use crate::dashboard::theme::Theme;
use crate::dashboard::widgets::bars::{cell, columns, first_that_fits, put};
use crate::format::{fit, number, plain, width};

/// Draws the panel.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let equal = model.samples().iter().filter(|sample| is_equal(sample)).count();
    let compared = model.samples().iter().any(|sample| !sample.reference.is_empty());
    let title = if model.samples().is_empty() {
        Line::raw(" samples ")
    } else {
        let samples = model.samples().len();
        let equal = if compared { format!(": {equal}/{samples} equal") } else { String::new() };
        let words =
            model.shown_step_words().map(|words| Line::raw(format!(" samples at {words}{equal} ")));
        first_that_fits(words, columns(area).saturating_sub(2))
    };
    let total = model.sample_count();
    let (rows, shown, first) = visible(model, area);
    let mut block = theme.panel(title);
    if total > shown {
        let text = format!(" {} more: Tab ", total - shown);
        block = block.title_bottom(Line::styled(text, theme.faint()).right_aligned());
    }
    let inner = block.inner(area);
    block.render(area, buf);
    if total == 0 {
        let text = "after the first evaluation";
        let x = inner.width.saturating_sub(cell(width(text))) / 2;
        put(buf, inner, (x, inner.height / 2), text, theme.faint(), theme);
        return;
    }
    for (i, sample) in model.all_samples().enumerate().skip(first).take(shown) {
        let y = cell((i - first) * rows);
        let area = Rect { y: inner.y + y, height: inner.height.saturating_sub(y), ..inner };
        draw_sample(sample, i == model.selected, i >= model.samples().len(), theme, area, buf);
    }
}

/// Returns the rows of a sample, the number of samples that fit, and the first one shown.
fn visible(model: &Model, area: Rect) -> (usize, usize, usize) {
    let high = usize::from(area.height).saturating_sub(2);
    // If they fit, blank lines separate the samples.
    let rows = if high + 1 >= model.sample_count() * 4 { 4 } else { 3 };
    let shown = ((high + rows - 3) / rows).max(1);
    (rows, shown, (model.selected + 1).saturating_sub(shown))
}

/// Returns the sample at a row of the panel.
pub(in crate::dashboard) fn at(model: &Model, area: Rect, y: usize) -> Option<usize> {
    let (rows, shown, first) = visible(model, area);
    let place = y.checked_sub(1)? / rows;
    let sample = first + place;
    (place < shown && sample < model.sample_count()).then_some(sample)
}

/// Draws three rows: source, reference, output. The sign before the output shows whether it equals
/// the reference.
fn draw_sample(
    sample: &Sample,
    chosen: bool,
    typed: bool,
    theme: Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let pointer = if chosen { theme.pick('▶', '>') } else { ' ' };
    let name = if typed && sample.reference.is_empty() { "you" } else { "src" };
    let source = if chosen { theme.strong() } else { Style::new() };
    row(buf, area, 0, (pointer, theme.strong()), name, (&source_words(sample), source), theme);
    let (sign, style) = match (sample.reference.is_empty(), is_equal(sample)) {
        (true, _) => (' ', Style::new()),
        (false, true) => ('=', theme.good()),
        (false, false) => (theme.pick('≠', '!'), theme.bad()),
    };
    let mut y = 1;
    if !sample.reference.is_empty() {
        let reference = plain(&sample.reference);
        row(buf, area, y, (' ', Style::new()), "ref", (&reference, Style::new()), theme);
        y += 1;
    }
    let output = output_words(sample);
    let name = if sample.is_forced { "fed" } else { "out" };
    row(buf, area, y, (sign, style), name, (&output, Style::new()), theme);
    // The log-probability of the output, if it fits on the line.
    let logprob = format!("log p {}", number(sample.logprob));
    let left = columns(area).saturating_sub(6 + width(&output) + 2);
    if left >= width(&logprob) {
        let x = cell(columns(area) - width(&logprob));
        put(buf, area, (x, y), &logprob, theme.faint(), theme);
    }
}

fn row(
    buf: &mut Buffer,
    area: Rect,
    y: u16,
    (sign, sign_style): (char, Style),
    name: &str,
    (text, style): (&str, Style),
    theme: Theme,
) {
    put(buf, area, (0, y), &sign.to_string(), sign_style, theme);
    put(buf, area, (2, y), name, theme.faint(), theme);
    let text = fit(text, columns(area).saturating_sub(6), theme.cut());
    put(buf, area, (6, y), &text, style, theme);
}

/// Returns true if the output equals the reference, as exact match counts it. If only tokens are
/// known, blanks are ignored, since the spacing between tokens is not known.
pub(in crate::dashboard) fn is_equal(sample: &Sample) -> bool {
    let (tokens, ended) = without_end(sample);
    if sample.reference.is_empty() || !ended {
        return false;
    }
    if let Some(output) = &sample.output_text {
        return exact_match_of_words([(output, &sample.reference)]) > 0.0;
    }
    let letters = |text: &str| text.split_whitespace().collect::<String>();
    letters(&tokens.concat()) == letters(&sample.reference)
}

/// Returns the output without its end token, and whether it has one. An empty output is complete
/// if the source is empty.
fn without_end(sample: &Sample) -> (&[String], bool) {
    match (sample.output.split_last(), sample.source.last()) {
        (Some((last, tokens)), Some(end)) if last == end => (tokens, true),
        (None, None) => (&[], true),
        _ => (&sample.output, false),
    }
}

fn output_words(sample: &Sample) -> String {
    let (tokens, ended) = without_end(sample);
    let mut text = sample.output_text.as_deref().map_or_else(|| tokens.join(" "), plain);
    if !ended {
        text.push_str(" ...");
    }
    text
}

/// Returns the source as text; if no text was stored, its tokens without the end token, separated
/// by blanks.
fn source_words(sample: &Sample) -> String {
    let tokens = || sample.source.split_last().map_or(String::new(), |(_, rest)| rest.join(" "));
    sample.source_text.as_deref().map_or_else(tokens, plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(output: &[&str], reference: &str) -> Sample {
        Sample {
            source: ["the", "car", "</s>"].map(String::from).to_vec(),
            output: output.iter().map(|&token| token.into()).collect(),
            reference: reference.into(),
            logprob: -0.5,
            ..Sample::default()
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
    fn texts_are_shown_as_they_are_and_an_endless_output_says_so() {
        let mut letters = sample(&["a", " ", "b", "</s>"], "A b");
        letters.output_text = Some("a b".into());
        assert_eq!(output_words(&letters), "a b");
        assert!(!is_equal(&letters));
        letters.reference = "a  b ".into();
        assert!(is_equal(&letters));
        assert_eq!(output_words(&sample(&["la", "la"], "")), "la la ...");
        letters.output_text = Some("a\u{1b}[31m".into());
        assert_eq!(output_words(&letters), "a\\u{1b}[31m");
    }

    #[test]
    fn words_of_one_letter_stand_apart() {
        let mut sample = sample(&["y", "a", "</s>"], "y a");
        sample.source = ["I", "a", "à", "</s>"].map(String::from).to_vec();
        assert_eq!((source_words(&sample), output_words(&sample)), ("I a à".into(), "y a".into()));
        assert!(is_equal(&sample));
    }

    #[test]
    fn of_a_blank_line_nothing_is_shown() {
        let blank = Sample { source_text: Some(" ".into()), ..Sample::default() };
        assert_eq!((source_words(&blank), output_words(&blank)), (" ".into(), String::new()));
    }
}
