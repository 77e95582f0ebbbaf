//! Draws the tour's screen.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::draw::{arrange, draw};
use super::model::{KEYS, Model, Sheet, list_keys};
use super::stop::Number;
use super::stops::STOPS;
use crate::dashboard::Theme;
use crate::dashboard::widgets::bars::{CUT, bar, cell, columns, put, put_line};
use crate::format::{duration, fit, percent, plain, width};

/// Rows from which on the text stands above the figure.
const TALL: u16 = 34;
/// The smallest screen.
const LEAST: (u16, u16) = (40, 12);

/// Draws a frame.
pub(super) fn view(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buf = frame.buffer_mut();
    view_in(model, area, buf);
}

/// Draws the screen into a buffer.
pub(super) fn view_in(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let text = format!("the tour needs {} columns by {} rows", LEAST.0, LEAST.1);
        put(buf, area, (0, 0), &text, theme.strong(), theme);
        return finish(area, buf, theme);
    }
    header(model, area, buf);
    let keys = footer(model, area, buf);
    let body = Rect { y: area.y + 2, height: area.height - 2 - keys, ..area };
    match model.sheet {
        Sheet::Help => help(body, buf, theme),
        Sheet::List => list(model, body, buf),
        Sheet::Text => {
            text(model, body, buf);
        }
        Sheet::None if model.is_revealed => result(model, body, buf),
        Sheet::None => question(model, body, buf),
    }
    finish(area, buf, theme);
}

/// Replaces the signs of cut texts.
fn finish(area: Rect, buf: &mut Buffer, theme: Theme) {
    let cut = theme.cut();
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if let Some(cell) = buf.cell_mut((x, y)) {
                if cell.symbol().starts_with(CUT) {
                    cell.set_char(cut);
                }
                if !theme.unicode && !cell.symbol().is_ascii() {
                    cell.set_char('?');
                }
            }
        }
    }
}

fn header(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let stop = model.stop().text();
    let place = format!("{} of {}  ", model.at + 1, STOPS.len());
    let mut spans =
        vec![Span::styled(place, theme.faint()), Span::styled(stop.title, theme.reversed())];
    if let Some(change) = model.change {
        spans.push(Span::raw("  changed: "));
        spans.push(Span::styled(stop.interventions[change].label, theme.strong()));
    }
    if model.entry.seed > 1 {
        spans.push(Span::styled(format!("  seed {}", model.entry.seed), theme.strong()));
    }
    put_line(buf, area, 0, &Line::from(spans));
    if let Some((share, doing)) = &model.progress {
        let room = columns(area);
        let bars = (room / 4).clamp(8, 30);
        let (filled, empty) = bar(*share, bars, theme);
        let line = Line::from(vec![
            Span::styled(filled, theme.train()),
            Span::styled(empty, theme.faint()),
            Span::raw(format!(" {} ", percent(*share))),
            Span::styled(doing.clone(), theme.faint()),
        ]);
        put_line(buf, area, 1, &line);
    } else if model.outcome().is_some() && !model.is_revealed {
        let text = "the result is there: answer, or press Enter";
        put(buf, area, (0, 1), text, theme.faint(), theme);
    }
}

/// Draws the keys. Returns their rows.
fn footer(model: &Model, area: Rect, buf: &mut Buffer) -> u16 {
    let theme = model.theme;
    let wide = columns(area);
    let mut lines: Vec<(String, Style)> = Vec::new();
    if let Some(notice) = &model.notice {
        let style = if notice.starts_with("error") { theme.bad() } else { theme.strong() };
        lines.extend(wrap(&plain(notice), wide).into_iter().take(3).map(|line| (line, style)));
    }
    if let Some(typed) = &model.typed {
        let sentence = "sentence: ";
        // The end of a long text is seen.
        let room = wide.saturating_sub(width(sentence) + 1);
        let mut shown = typed.as_str();
        while width(shown) > room {
            let mut letters = shown.chars();
            letters.next();
            shown = letters.as_str();
        }
        lines.push((format!("{sentence}{shown}_"), theme.strong()));
        lines.push(("Enter translates, Esc goes back".to_owned(), theme.faint()));
    } else {
        if let Some(explorer) =
            model.explorer.as_ref().filter(|_| model.is_revealed && model.sheet == Sheet::None)
        {
            lines.push((explorer.help().to_owned(), theme.good()));
        }
        let keys = match model.sheet {
            Sheet::List => "1 to 9, a ... open a stop   any other key goes back   q quit",
            Sheet::Help | Sheet::Text => "any key goes back",
            Sheet::None if model.is_revealed => {
                "Enter next  p back  l list  r repeat  Tab more  f large  i text  ? keys  q quit"
            }
            Sheet::None => {
                "a b c answer   Enter show without an answer   n next   l list   ? keys   q quit"
            }
        };
        lines.push((keys.to_owned(), theme.faint()));
    }
    let rows = lines.len().min(usize::from(area.height) / 2);
    let skip = lines.len() - rows;
    for (y, (line, style)) in lines.iter().skip(skip).enumerate() {
        let y = area.height - cell(rows) + cell(y);
        put(buf, area, (0, y), line, *style, theme);
    }
    cell(rows)
}

/// Breaks a text into lines.
fn wrap(text: &str, wide: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= wide => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Writes lines from a row on. Returns the row after them.
fn write(
    lines: &[String],
    style: Style,
    y: u16,
    area: Rect,
    buf: &mut Buffer,
    theme: Theme,
) -> u16 {
    let mut y = y;
    for line in lines {
        if y >= area.height {
            break;
        }
        put(buf, area, (0, y), line, style, theme);
        y += 1;
    }
    y
}

/// Writes what to expect, the equation, and the reading. Returns the row after them.
fn text(model: &Model, area: Rect, buf: &mut Buffer) -> u16 {
    let (theme, stop) = (model.theme, model.stop().text());
    let y = expectation(model, area, buf) + 1;
    let reading =
        stop.reading.iter().flat_map(|work| wrap(&format!("read on: {work}"), columns(area)));
    write(&reading.collect::<Vec<_>>(), theme.faint(), y, area, buf, theme)
}

fn expectation(model: &Model, area: Rect, buf: &mut Buffer) -> u16 {
    let (theme, stop) = (model.theme, model.stop().text());
    let wide = columns(area);
    let y = write(&wrap(stop.expect, wide.min(100)), Style::new(), 0, area, buf, theme);
    let equation: Vec<String> = stop.equation.iter().map(|line| format!("  {line}")).collect();
    write(&equation, theme.gradient(), y, area, buf, theme)
}

fn question(model: &Model, area: Rect, buf: &mut Buffer) {
    let (theme, question) = (model.theme, model.stop().text().question);
    let wide = columns(area);
    let mut lines = wrap(question.text, wide.min(100));
    for (i, choice) in question.choices.iter().enumerate() {
        let letter = char::from(b'a' + u8::try_from(i).unwrap_or(0));
        lines.extend(
            wrap(&format!("  {letter}) {choice}"), wide.min(100))
                .into_iter()
                .enumerate()
                .map(|(i, line)| if i == 0 { format!("  {line}") } else { format!("     {line}") }),
        );
    }
    let time = duration(60.0 * model.stop().text().minutes);
    if model.entry.outcome.is_none() {
        lines.push(format!("  (the experiment is running already; about {time} on two cores)"));
    }
    // The question stays on a screen that is too small for both.
    let rows = cell(lines.len());
    let above = Rect { height: area.height.saturating_sub(rows + 1), ..area };
    let used = expectation(model, above, buf).min(above.height);
    let from = used + u16::from(used + rows < area.height);
    write(&lines, theme.strong(), from, area, buf, theme);
}

fn result(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    // The row above, which a progress bar has while the experiment runs.
    let top = area.y - 1;
    let mut area = area;
    if area.height >= TALL && !model.is_large {
        let rows = expectation(model, area, buf) + 1;
        area = Rect { y: area.y + rows, height: area.height - rows, ..area };
    }
    let mut below = Vec::new();
    if !model.is_large {
        if model.change.is_none() {
            below.extend(answer(model, columns(area)));
        }
        below.extend(numbers(model, columns(area)));
        below.extend(changes(model, columns(area)));
    }
    let most = usize::from(area.height) * 6 / 10;
    let rows = below.len().min(most);
    let above = Rect { height: area.height - cell(rows), ..area };
    let figures = model.shown_figures();
    if figures.is_empty() {
        let text = if model.progress.is_some() {
            "the first figure comes with the first steps"
        } else {
            "no figure yet"
        };
        put(buf, above, (0, above.height / 2), text, theme.faint(), theme);
    } else {
        let (placed, hidden) = arrange(&figures, model.first, above, model.is_large);
        for (i, place) in placed {
            draw(&figures[i], place, buf, theme);
        }
        if hidden > 0 && model.progress.is_none() {
            let text = format!("Tab: {hidden} more figure{}", if hidden == 1 { "" } else { "s" });
            let x = area.width.saturating_sub(cell(width(&text)));
            let top = Rect { y: top, height: 1, ..area };
            put(buf, top, (x, 0), &text, theme.valid(), theme);
        }
    }
    for (y, line) in below.iter().take(rows).enumerate() {
        put_line(buf, area, above.height + cell(y), line);
    }
}

/// Returns the answer that was given, and the right one.
fn answer(model: &Model, wide: usize) -> Vec<Line<'static>> {
    let (theme, question) = (model.theme, model.stop().text().question);
    let right = question.choices[question.right];
    let (text, style) = match model.entry.answer {
        Some(answer) if answer == question.right => ("right: ".to_owned(), theme.good()),
        Some(answer) => (
            format!("not \"{}\" but: ", question.choices[answer.min(question.choices.len() - 1)]),
            theme.bad(),
        ),
        None => ("the answer: ".to_owned(), theme.strong()),
    };
    let rest = format!("{right}, since {}", question.because);
    let lines = wrap(&format!("{text}{rest}"), wide);
    let mut lines = lines.into_iter().map(|line| Line::from(Span::raw(line)));
    let mut all: Vec<Line<'static>> =
        lines.next().map(|line| line.style(style)).into_iter().collect();
    all.extend(lines.take(1));
    all
}

/// Returns the numbers that were reached beside those that were expected.
fn numbers(model: &Model, wide: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let Some(outcome) = model.outcome().filter(|_| model.progress.is_none()) else {
        return Vec::new();
    };
    let name = outcome.numbers.iter().map(|number| width(&number.name)).max().unwrap_or(0);
    let name = name.min(wide.saturating_sub(36).max(12));
    let line = |number: &Number| {
        let met = number.is_met();
        let (mark, style) = if met { ("=", theme.good()) } else { ("!", theme.bad()) };
        let label = fit(&number.name, name, theme.cut());
        let pad = " ".repeat(name - width(&label).min(name));
        let mut spans = vec![
            Span::styled(mark, style),
            Span::raw(format!(" {label}{pad}  ")),
            Span::styled(format!("{:>7}", number.unit.text(number.reached)), theme.strong()),
            Span::styled(format!("  expected {}", number.expected()), theme.faint()),
        ];
        let used: usize = spans.iter().map(Span::width).sum();
        let more = format!("; {}", number.literature);
        if !number.literature.is_empty() && used + width(&more) <= wide {
            spans.push(Span::styled(more, theme.faint()));
        }
        Line::from(spans)
    };
    outcome.numbers.iter().map(line).collect()
}

/// Returns the interventions, or what is seen with the one that is shown.
fn changes(model: &Model, wide: usize) -> Vec<Line<'static>> {
    let (theme, stop) = (model.theme, model.stop().text());
    if stop.interventions.is_empty() {
        return Vec::new();
    }
    if let Some(change) = model.change {
        let text = format!("{}: {}; 0 goes back", change + 1, stop.interventions[change].seen);
        return wrap(&text, wide).into_iter().map(Line::from).collect();
    }
    let entry = |(i, change): (usize, &super::stop::Change)| format!("{}: {}", i + 1, change.label);
    let all: Vec<String> = stop.interventions.iter().enumerate().map(entry).collect();
    let text = format!("try {}", all.join("; "));
    wrap(&text, wide).into_iter().map(|line| Line::from(line).style(theme.valid())).collect()
}

fn help(area: Rect, buf: &mut Buffer, theme: Theme) {
    for (y, (keys, does)) in KEYS.iter().enumerate() {
        put(buf, area, (0, cell(y)), keys, theme.strong(), theme);
        put(buf, area, (9, cell(y)), does, Style::new(), theme);
    }
}

fn list(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    for (y, ((stop, key), (right, met))) in
        STOPS.iter().zip(list_keys()).zip(&model.standing).enumerate()
    {
        let text = stop.text();
        let answer = match right {
            Some(true) => "answer right",
            Some(false) => "answer wrong",
            None => "",
        };
        let numbers = match met {
            Some(true) => "as expected",
            Some(false) => "not as expected",
            None => "",
        };
        let style = if y == model.at { theme.reversed() } else { Style::new() };
        let number = y + 1;
        put(buf, area, (0, cell(y)), &format!("{key}  {number:>2}  {}", text.title), style, theme);
        put(buf, area, (50, cell(y)), &format!("{numbers:<16} {answer}"), theme.faint(), theme);
    }
}
