//! One step of a translation: scores and weights over the source words, the most probable words,
//! query, context and states.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use seq2seq::inspection::{Trace, TraceStep};

use super::change;
use crate::dashboard::model::Model;
use crate::dashboard::target::Target;
use crate::dashboard::theme::Theme;
use crate::dashboard::widgets::bars::{bar, cell, columns, fit_line, put, put_line};
use crate::dashboard::widgets::heat::{Scale, strip};
use crate::format::{count, fit, number, percent, plain, width};

/// Columns before the words of a sentence.
const PREFIX: usize = 4;
/// Columns of the longest source word beside its bars.
const LABEL: usize = 14;
/// Columns of the longest word among the most probable ones.
const WORD: usize = 16;
/// Columns of the name of a vector.
const NAME: usize = 9;
/// Rows of source words that come before further rows of vectors.
const WEIGHTS: usize = 12;
/// Rows that the source words and the most probable words have at least.
const LEAST: usize = 6;
/// The parts of the page on a small screen.
const PARTS: [&str; 4] = ["weights", "words", "vectors", "changes"];
/// The smallest area that has every part.
const WHOLE: (u16, u16) = (70, 15);

/// Returns true if a page of this size has every part at once.
pub(in crate::dashboard) fn is_whole(body: Rect) -> bool {
    body.width >= WHOLE.0 && body.height >= WHOLE.1
}

/// Draws every part.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some((trace, at)) = shown(model) else { return draw_nothing(model, area, buf) };
    let step = &trace.steps[at];
    let body = draw_sentences(model, (trace, at), "", area, buf);
    let [weights, words, vectors] = parts(step, body);
    draw_weights(model, trace, step, weights, buf);
    draw_words(step, words, buf, model.theme);
    draw_vectors(step, vectors, buf, model.theme);
}

/// Draws one part; the key of the page selects the next one.
pub(in crate::dashboard) fn draw_part(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some((trace, at)) = shown(model) else { return draw_nothing(model, area, buf) };
    let step = &trace.steps[at];
    let next = PARTS[(model.pane + 1) % PARTS.len()];
    let more = format!(" (key {}: {next})", model.page.number());
    let body = draw_sentences(model, (trace, at), &more, area, buf);
    match model.pane % PARTS.len() {
        0 => draw_weights(model, trace, step, body, buf),
        1 => draw_words(step, body, buf, model.theme),
        2 => draw_vectors(step, body, buf, model.theme),
        _ => change::draw_lines(model, body, buf),
    }
}

/// Returns the translation and the step that are shown.
fn shown(model: &Model) -> Option<(&Trace, usize)> {
    let trace = model.inspecting.trace().filter(|trace| !trace.steps.is_empty())?;
    Some((trace, model.inspecting.step.min(trace.steps.len() - 1)))
}

/// Draws the frame, and the source and the output in two rows; returns the rest.
fn draw_sentences(
    model: &Model,
    (trace, at): (&Trace, usize),
    more: &str,
    area: Rect,
    buf: &mut Buffer,
) -> Rect {
    let (theme, inspecting) = (model.theme, &model.inspecting);
    let waiting = if inspecting.is_waiting() { " ..." } else { "" };
    let when = if area.width >= 60 {
        format!(", model of step {}", count(inspecting.at))
    } else {
        String::new()
    };
    let title = format!(" step {} of {}{when}{waiting}{more} ", at + 1, trace.steps.len());
    let block = theme.panel(fit_line(Line::raw(title), columns(area).saturating_sub(2)));
    let inner = block.inner(area);
    block.render(area, buf);
    let [input, output, body] = rows(inner);
    let words = source_words(model, trace, columns(input));
    words.draw("in", (inspecting.source, None), input, buf, theme);
    let words = output_words(trace, at, columns(output));
    words.draw("out", (at, Some(at)), output, buf, theme);
    body
}

/// Returns the rows of the source and the output, and the rest.
fn rows(inner: Rect) -> [Rect; 3] {
    let rows = [Constraint::Length(1), Constraint::Length(1), Constraint::Min(0)];
    Layout::vertical(rows).areas(inner)
}

/// Returns the rectangles of the weights, the most probable words and the vectors.
fn parts(step: &TraceStep, body: Rect) -> [Rect; 3] {
    let rows = step.weights.len().min(WEIGHTS).max(step.likeliest.len());
    let vectors = vector_rows(step, body, 2 + rows);
    let [upper, lower] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(cell(vectors))]).areas(body);
    let [left, right] =
        Layout::horizontal([Constraint::Percentage(62), Constraint::Percentage(38)]).areas(upper);
    let top = |area: Rect| Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let left = Rect { width: left.width.saturating_sub(1), ..top(left) };
    [left, top(right), lower]
}

/// Draws a panel that says why there is no step.
pub(in crate::dashboard) fn draw_nothing(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let block = theme.panel(format!(" {} ", model.page.name().to_lowercase()));
    let inner = block.inner(area);
    block.render(area, buf);
    let text = if !model.translates() {
        "only translations are inspected"
    } else if model.inspecting.is_waiting() {
        "inspecting ..."
    } else if model.inspecting.answer().is_some() {
        "a blank sentence has no steps"
    } else {
        "after the first samples; t: type a sentence"
    };
    let x = inner.width.saturating_sub(cell(width(text))) / 2;
    put(buf, inner, (x, inner.height / 2), text, theme.faint(), theme);
}

/// Words in a row, as far as they fit, with the word under the cursor in brackets.
struct Sentence {
    /// The first word shown: as early as possible, with the cursor visible.
    first: usize,
    texts: Vec<String>,
}

impl Sentence {
    /// Arranges words in `wide` columns. A `*` marks words for which `is_marked` returns true.
    fn new(words: &[&str], cursor: usize, is_marked: impl Fn(usize) -> bool, wide: usize) -> Self {
        let text = |(i, word): (usize, &&str)| {
            let mark = if is_marked(i) { "*" } else { "" };
            let word = format!("{mark}{}", plain(word));
            if i == cursor { format!("[{word}]") } else { format!(" {word} ") }
        };
        let texts: Vec<String> = words.iter().enumerate().map(text).collect();
        let room = wide.saturating_sub(PREFIX + 2);
        let until = texts.iter().take(cursor + 1);
        let mut total: usize = until.map(|text| width(text)).sum();
        let mut first = 0;
        while first < cursor && cursor < texts.len() && total > room {
            total -= width(&texts[first]);
            first += 1;
        }
        Self { first, texts }
    }

    /// Returns the word at a column.
    fn word_at(&self, x: usize) -> Option<usize> {
        let mut end = PREFIX + usize::from(self.first > 0);
        let x = Some(x).filter(|x| *x >= end)?;
        (self.first..self.texts.len()).find(|&word| {
            end += width(&self.texts[word]);
            x < end
        })
    }

    /// Draws the words after their name. Those after `until` are faint.
    fn draw(
        &self,
        name: &str,
        (cursor, until): (usize, Option<usize>),
        area: Rect,
        buf: &mut Buffer,
        theme: Theme,
    ) {
        let mut spans = vec![Span::styled(format!("{name:<PREFIX$}"), theme.faint())];
        if self.first > 0 {
            spans.push(Span::styled(theme.cut().to_string(), theme.faint()));
        }
        for (i, text) in self.texts.iter().enumerate().skip(self.first) {
            let style = match until {
                _ if i == cursor => theme.reversed(),
                Some(until) if i > until => theme.faint(),
                _ => Style::new(),
            };
            spans.push(Span::styled(text.clone(), style));
        }
        put_line(buf, area, 0, &Line::from(spans));
    }
}

/// Returns the source words; unknown ones are marked.
fn source_words(model: &Model, trace: &Trace, wide: usize) -> Sentence {
    let words: Vec<&str> = trace.source.iter().map(String::as_str).collect();
    let unknown = |i: usize| trace.unknown.contains(&i);
    Sentence::new(&words, model.inspecting.source, unknown, wide)
}

/// Returns the output words; those that the user chose are marked.
fn output_words(trace: &Trace, at: usize, wide: usize) -> Sentence {
    let words: Vec<&str> = trace.output().collect();
    // Words before a chosen one are forced, too, but are the most probable ones.
    let forced = |i: usize| {
        trace.steps.get(i).is_some_and(|step| {
            let first = step.likeliest.first().map(|choice| choice.id);
            step.is_forced && first != Some(step.chosen.id)
        })
    };
    Sentence::new(&words, at, forced, wide)
}

/// Returns what is at a position of the screen; `whole` if every part is drawn.
pub(in crate::dashboard) fn at(
    model: &Model,
    area: Rect,
    (x, y): (u16, u16),
    whole: bool,
) -> Option<Target> {
    let (trace, at) = shown(model)?;
    let step = &trace.steps[at];
    let [input, output, body] = rows(model.theme.panel("").inner(area));
    let place = Position { x, y };
    let column = usize::from(x.saturating_sub(input.x));
    if input.contains(place) {
        return source_words(model, trace, columns(input)).word_at(column).map(Target::Source);
    }
    if output.contains(place) {
        return output_words(trace, at, columns(output)).word_at(column).map(Target::Step);
    }
    let [weights, words, _] = if whole {
        parts(step, body)
    } else {
        let part = |place| if model.pane % PARTS.len() == place { body } else { Rect::ZERO };
        [0, 1, 2].map(part)
    };
    // The first row of a part is its head.
    let row = |area: Rect| usize::from(y.saturating_sub(area.y)).checked_sub(1);
    if weights.contains(place) {
        let word = first_weight(model, weights) + row(weights)?;
        return (word < step.weights.len()).then_some(Target::Source(word));
    }
    if words.contains(place) {
        let choice = row(words)?;
        return (choice < step.likeliest.len()).then_some(Target::Choice(choice));
    }
    None
}

/// Returns the first source word whose weight is shown.
fn first_weight(model: &Model, area: Rect) -> usize {
    let rows = usize::from(area.height).saturating_sub(1);
    (model.inspecting.source + 1).saturating_sub(rows)
}

/// Returns the mean of the finite scores of all heads at a position.
fn score(step: &TraceStep, position: usize) -> Option<f32> {
    let all = step.scores.iter().filter_map(|row| row.get(position).copied());
    let finite: Vec<f32> = all.filter(|score| score.is_finite()).collect();
    (!finite.is_empty()).then(|| finite.iter().sum::<f32>() / finite.len() as f32)
}

/// Draws the scores and the weights of the source words as bars.
fn draw_weights(model: &Model, trace: &Trace, step: &TraceStep, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    if step.weights.is_empty() {
        let text = "no attention: the context is the encoder's last state";
        put(buf, area, (0, 0), text, theme.faint(), theme);
        return;
    }
    let longest = trace.source.iter().map(|word| width(&plain(word))).max().unwrap_or(0);
    let label = longest.min(LABEL).min(columns(area) / 3);
    // Two columns of bars, each with a number of 7 columns before it.
    let room = columns(area).saturating_sub(label + 2);
    let bars = (room / 2).saturating_sub(9);
    let scores: Vec<Option<f32>> = (0..step.weights.len()).map(|i| score(step, i)).collect();
    let finite = || scores.iter().flatten().copied();
    let (low, high) = (finite().fold(f32::MAX, f32::min), finite().fold(f32::MIN, f32::max));
    let x = |part: usize| cell(label + 2 + part * (bars + 9));
    let (scored, weighted) =
        if step.scores.len() > 1 { ("mean score", "mean weight") } else { ("score", "weight") };
    put(buf, area, (x(0), 0), scored, theme.faint(), theme);
    put(buf, area, (x(1), 0), weighted, theme.faint(), theme);
    let rows = usize::from(area.height).saturating_sub(1);
    let cursor = model.inspecting.source;
    let first = first_weight(model, area);
    for (y, i) in (1..=rows).zip(first..step.weights.len()) {
        let pointer = if i == cursor { theme.pick('▶', '>') } else { ' ' };
        let word = trace.source.get(i).map_or_else(String::new, |word| plain(word));
        let word = fit(&word, label, theme.cut());
        let style = if i == cursor { theme.strong() } else { Style::new() };
        put(buf, area, (0, cell(y)), &format!("{pointer}{word}"), style, theme);
        let share = |score: f32| f64::from((score - low) / (high - low).max(f32::MIN_POSITIVE));
        let columns = [
            (
                scores[i].map_or_else(|| "masked".to_owned(), |e| number(e.into())),
                scores[i].map(share),
            ),
            (number(step.weights[i].into()), Some(f64::from(step.weights[i]))),
        ];
        for (part, (text, share)) in columns.into_iter().enumerate() {
            put(buf, area, (x(part), cell(y)), &fit(&text, 7, theme.cut()), Style::new(), theme);
            let (filled, empty) = bar(share.unwrap_or(0.0), bars, theme);
            let at = x(part) + 8;
            let end = at + put(buf, area, (at, cell(y)), &filled, theme.train(), theme);
            put(buf, area, (end, cell(y)), &empty, theme.faint(), theme);
        }
    }
    let hidden = step.weights.len().saturating_sub(first + rows);
    if hidden > 0 && rows > 0 {
        let free = columns(area).saturating_sub(usize::from(x(1)) + width(weighted) + 1);
        let texts = [format!("{hidden} more: ]"), format!("+{hidden} ]")];
        if let Some(text) = texts.iter().find(|text| width(text) <= free) {
            let at = area.width.saturating_sub(cell(width(text)));
            put(buf, area, (at, 0), text, theme.faint(), theme);
        }
    }
}

/// Draws the most probable words with their probabilities.
fn draw_words(step: &TraceStep, area: Rect, buf: &mut Buffer, theme: Theme) {
    put(buf, area, (0, 0), "most probable words", theme.faint(), theme);
    let longest = step.likeliest.iter().map(|choice| width(&plain(&choice.token))).max();
    let label = longest.unwrap_or(0).min(WORD).min(columns(area) / 2);
    let bars = columns(area).saturating_sub(label + 11);
    let is_listed = step.likeliest.iter().any(|choice| choice.id == step.chosen.id);
    let other = (!is_listed).then_some(&step.chosen);
    for (y, choice) in (1..).zip(step.likeliest.iter().chain(other)) {
        let chosen = choice.id == step.chosen.id;
        let pointer = match (chosen, step.is_forced) {
            (true, true) => '*',
            (true, false) => theme.pick('▶', '>'),
            (false, _) => ' ',
        };
        let style = if chosen { theme.strong() } else { Style::new() };
        let word = fit(&plain(&choice.token), label, theme.cut());
        put(buf, area, (0, y), &format!("{pointer} {word}"), style, theme);
        let share = choice.logprob.exp();
        put(buf, area, (cell(label + 3), y), &format!("{:>6}", percent(share)), style, theme);
        let (filled, empty) = bar(share, bars, theme);
        let at = cell(label + 10);
        let end = at + put(buf, area, (at, y), &filled, theme.valid(), theme);
        put(buf, area, (end, y), &empty, theme.faint(), theme);
    }
}

/// Returns the vectors of a step with their names.
fn vectors(step: &TraceStep) -> Vec<(String, &[f32])> {
    let mut all = vec![("query".to_owned(), &step.query[..])];
    for (l, state) in step.states.iter().enumerate() {
        let layer = if step.states.len() > 1 { format!(" l{l}") } else { String::new() };
        all.push((format!("state{layer}"), &state.h));
        all.push((format!("cell{layer}"), &state.c));
    }
    all.push(("context".to_owned(), &step.context[..]));
    all.retain(|(_, values)| !values.is_empty());
    all
}

/// Returns the rows that the vectors take below other parts of `least` rows.
fn vector_rows(step: &TraceStep, area: Rect, least: usize) -> usize {
    let wide = columns(area).saturating_sub(NAME + 8).max(1);
    let wanted: usize = vectors(step).iter().map(|(_, values)| values.len().div_ceil(wide)).sum();
    let high = usize::from(area.height);
    // A row for each vector comes before the last source words.
    let left = high.saturating_sub(least).max(vectors(step).len().min(high.saturating_sub(LEAST)));
    wanted.min(left)
}

/// Draws the vectors as strips, each on its own scale about zero.
fn draw_vectors(step: &TraceStep, area: Rect, buf: &mut Buffer, theme: Theme) {
    let all = vectors(step);
    let wide = columns(area).saturating_sub(NAME + 8);
    let mut left = usize::from(area.height);
    let mut y = 0;
    for (i, (name, values)) in all.iter().enumerate() {
        // Every vector has a row before one has two.
        let others = all.len() - i - 1;
        let rows = values.len().div_ceil(wide.max(1)).min(left.saturating_sub(others).max(1));
        if rows > left {
            break;
        }
        let scale = Scale::around_zero(values.iter().copied());
        put(buf, area, (0, cell(y)), name, theme.faint(), theme);
        let range = format!("{}{}", theme.pick('±', '+'), number(scale.high.into()));
        put(buf, area, (cell(NAME), cell(y)), &fit(&range, 7, theme.cut()), theme.faint(), theme);
        let strip_area = Rect {
            x: area.x + cell(NAME + 8),
            y: area.y + cell(y),
            width: cell(wide),
            height: cell(rows),
        };
        strip(values, scale, strip_area.intersection(area), buf, theme);
        (y, left) = (y + rows, left - rows);
    }
}
