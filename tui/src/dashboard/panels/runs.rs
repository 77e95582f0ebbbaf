//! The page of the list of runs.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use seq2seq::{RunListing, RunStatus};

use crate::dashboard::model::Model;
use crate::dashboard::runs::RunsList;
use crate::dashboard::theme::Theme;
use crate::dashboard::widgets::bars::{columns, first_that_fits, fit_line, put, put_line};
use crate::format::{count, duration, fit, plain, width};
use crate::listing::{best, changes, progress, what};

/// Rows of the details of the chosen run.
const DETAILS: u16 = 6;
/// Rows from which on the page has them.
const WITH_DETAILS: u16 = 15;
/// Draws the page, below the title row.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(list) = &model.runs else { return };
    let theme = model.theme;
    let [table, below] = parts(area);
    let shown = list.shown();
    let block = theme.panel(title(model, list, shown.len(), columns(table).saturating_sub(2)));
    let inner = block.inner(table);
    block.render(table, buf);
    if shown.is_empty() {
        put(buf, inner, (1, 0), &nothing(list), theme.faint(), theme);
    } else {
        rows(model, list, &shown, inner, buf);
    }
    if !below.is_empty() {
        draw_details(list, theme, below, buf);
    }
}

/// Returns the rectangles of the table and of the details.
fn parts(area: Rect) -> [Rect; 2] {
    let details = if area.height >= WITH_DETAILS { DETAILS } else { 0 };
    Layout::vertical([Constraint::Min(0), Constraint::Length(details)]).areas(area)
}

/// Returns the first of `count` rows shown, of which `high` fit.
fn first(list: &RunsList, count: usize, high: usize) -> usize {
    list.position().saturating_sub(high / 2).min(count.saturating_sub(high))
}

/// Returns the run at a row of the page.
pub(in crate::dashboard) fn at(model: &Model, area: Rect, y: usize) -> Option<usize> {
    let list = model.runs.as_ref()?;
    let count = list.shown().len();
    // The frame and the head of the table.
    let high = usize::from(parts(area)[0].height.saturating_sub(3));
    let row = y.checked_sub(2).filter(|row| *row < high)?;
    Some(first(list, count, high) + row).filter(|row| *row < count)
}

/// Draws as many lines as fit, on screens that are too small for a table.
pub(in crate::dashboard) fn draw_words(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(list) = &model.runs else { return };
    let (shown, position) = (list.shown(), list.position());
    let from = position.saturating_sub(usize::from(area.height.saturating_sub(1)));
    for (y, (i, run)) in (0..area.height).zip(shown.iter().enumerate().skip(from)) {
        let status = run.summary.as_ref().map_or("unreadable".to_owned(), |s| s.status.to_string());
        let (mark, style) =
            if i == position { ('>', model.theme.reversed()) } else { (' ', Style::new()) };
        let text = plain(&format!("{mark}{status} {}", run.name()));
        put(buf, area, (0, y), &text, style, model.theme);
    }
}

fn nothing(list: &RunsList) -> String {
    if !list.is_read() {
        return "reading the folder ...".to_owned();
    }
    if list.count() > 0 {
        return format!("nothing matches `{}`: / changes the filter", plain(&list.filter));
    }
    format!("no run in {} yet: `tui` trains one", plain(&list.folder.display().to_string()))
}

fn title(model: &Model, list: &RunsList, shown: usize, wide: usize) -> Line<'static> {
    let of = match list.count() {
        all if all == shown => count(all as u64),
        all => format!("{} of {}", count(shown as u64), count(all as u64)),
    };
    let folder = match plain(&list.folder.display().to_string()) {
        here if here.is_empty() => ".".to_owned(),
        folder => folder,
    };
    let order = list.order.name();
    let marks = match model.beside.len() {
        0 => "; b: beside".to_owned(),
        number => format!("; + {number} beside"),
    };
    let filter = match list.filter.as_str() {
        "" => String::new(),
        text => format!(", filter `{}`", plain(text)),
    };
    first_that_fits(
        [
            Line::raw(format!(" runs in {folder}: {of}, by {order}{filter}{marks} ")),
            Line::raw(format!(" runs in {folder}: {of}, by {order}{filter} ")),
            Line::raw(format!(" runs: {of}, by {order}{filter} ")),
            Line::raw(format!(" {of} by {order} ")),
        ],
        wide,
    )
}

/// Returns the style of a status; the word says the same.
fn style(run: &RunListing, theme: Theme) -> Style {
    match run.summary.as_ref().map(|summary| summary.status) {
        Ok(RunStatus::Live) => theme.good(),
        Ok(RunStatus::Finished | RunStatus::StoppedEarly) => Style::new(),
        Ok(RunStatus::Stopped) => theme.valid(),
        Ok(RunStatus::Crashed | RunStatus::Failed | RunStatus::Diverged) => theme.bad(),
        Err(_) => theme.faint(),
    }
}

/// The texts of a run's columns: name, status, age, steps, the best metric and the others, preset.
struct Row {
    cells: [String; 6],
    style: Style,
    /// True if the last text takes the place of those before it.
    is_unreadable: bool,
}

const HEAD: [&str; 6] = ["run", "status", "age", "steps", "best", "preset and changes"];
/// Columns between two texts.
const GAP: usize = 2;

impl Row {
    fn new(list: &RunsList, run: &RunListing, figures: usize, theme: Theme) -> Self {
        let age = list.age(run).map_or_else(String::new, duration);
        let name = plain(&run.name());
        let (cells, is_unreadable) = match &run.summary {
            Ok(summary) => {
                let mut best = best(summary);
                best.truncate(figures);
                let status = summary.status.to_string();
                ([name, status, age, progress(summary), best.join(" "), what(summary)], false)
            }
            Err(why) => {
                let none = String::new;
                ([name, "unreadable".to_owned(), age, none(), none(), plain(why)], true)
            }
        };
        Self { cells, style: style(run, theme), is_unreadable }
    }
}

/// Returns the width of each column; 0 for those that do not fit.
fn widths(rows: &[Row], wide: usize) -> [usize; 6] {
    let longest = |column: usize| {
        let cells = rows.iter().map(|row| width(&row.cells[column]));
        cells.max().unwrap_or(0).max(width(HEAD[column]))
    };
    let mut widths = [0; 6];
    widths[1] = longest(1);
    let mut left = wide.saturating_sub(GAP + widths[1] + GAP);
    // The name comes first, but leaves room for the age.
    let most = if wide < 100 { 28 } else { 48 };
    widths[0] = longest(0).min(most).min(left.saturating_sub(GAP + longest(2)).max(8));
    left = left.saturating_sub(widths[0]);
    for column in [2, 4, 3] {
        if left >= longest(column) + GAP {
            widths[column] = longest(column);
            left -= longest(column) + GAP;
        }
    }
    if left >= GAP + 10 {
        widths[5] = left - GAP;
    }
    widths
}

fn rows(model: &Model, list: &RunsList, shown: &[&RunListing], area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let wide = columns(area);
    let of = |figures| -> Vec<Row> {
        shown.iter().map(|run| Row::new(list, run, figures, theme)).collect()
    };
    // All figures where there is room for them, and for the steps.
    let (mut rows, mut sizes) = (Vec::new(), [0; 6]);
    for figures in [3, 2, 1] {
        rows = of(figures);
        sizes = widths(&rows, wide);
        if sizes[3] > 0 && (sizes[5] >= 20 || figures == 1) {
            break;
        }
    }
    let cell = |text: &str, wide: usize| {
        if wide == 0 {
            return String::new();
        }
        let text = fit(text, wide, theme.cut());
        format!("{text}{}", " ".repeat(wide.saturating_sub(width(&text)) + GAP))
    };
    let head: String = HEAD.iter().zip(sizes).map(|(text, wide)| cell(text, wide)).collect();
    put(buf, area, (2, 0), head.trim_end(), theme.faint(), theme);
    let high = usize::from(area.height.saturating_sub(1));
    let position = list.position();
    let from = first(list, rows.len(), high);
    for (y, (i, row)) in (1..area.height).zip(rows.iter().enumerate().skip(from)) {
        let chosen = i == position;
        let mark = if chosen { theme.pick('▶', '>') } else { ' ' };
        let bold = if chosen { theme.strong() } else { Style::new() };
        let flag = match shown.get(i) {
            Some(run) if list.is_open(run) => theme.pick('●', '*'),
            Some(run) if model.is_beside(&run.name()) => '+',
            _ => ' ',
        };
        let mut spans = vec![Span::styled(format!("{mark}{flag}"), bold)];
        let mut used = 2;
        for (column, text) in row.cells.iter().enumerate() {
            let room = match (row.is_unreadable, column) {
                (true, 3 | 4) => 0,
                (true, 5) => wide.saturating_sub(used),
                _ => sizes[column],
            };
            let text = cell(text, room);
            used += width(&text);
            spans.push(Span::styled(text, if column == 1 { row.style } else { bold }));
        }
        put_line(buf, area, y, &Line::from(spans));
    }
}

/// Draws what is known of the chosen run.
fn draw_details(list: &RunsList, theme: Theme, area: Rect, buf: &mut Buffer) {
    let Some(run) = list.chosen() else { return };
    let title = Line::raw(format!(" {} ", plain(&run.path.display().to_string())));
    let block = theme.panel(fit_line(title, columns(area).saturating_sub(2)));
    let inner = block.inner(area);
    block.render(area, buf);
    let lines = match &run.summary {
        Err(why) => vec![plain(why)],
        Ok(summary) => {
            let process = summary.process.map_or_else(String::new, |id| format!(", process {id}"));
            let begun = list
                .age(run)
                .map_or_else(String::new, |age| format!(", begun {} ago", duration(age)));
            let loss = summary.loss.filter(|_| summary.best.is_some());
            let loss = loss.map_or_else(String::new, |loss| {
                format!("; training loss {}", crate::format::number(loss))
            });
            let figures = best(summary).join(", ");
            let at = summary
                .best
                .as_ref()
                .map_or_else(String::new, |best| format!(" at step {}", count(best.step)));
            vec![
                format!(
                    "{}; {}; data {}",
                    changes(summary),
                    plain(&summary.model),
                    plain(&summary.data)
                ),
                format!(
                    "{}{process}{begun}, {} of training, step {}",
                    summary.status,
                    duration(summary.seconds),
                    progress(summary)
                ),
                format!("{figures}{at}{loss}"),
            ]
        }
    };
    let wide = columns(inner).saturating_sub(2).max(1);
    let wrapped = lines.iter().flat_map(|line| textwrap::wrap(line, wide));
    for (y, line) in (0..inner.height).zip(wrapped) {
        put(buf, inner, (1, y), &line, Style::new(), theme);
    }
}
