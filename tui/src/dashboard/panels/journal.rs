//! The page of the log: events, warnings and controls in words.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::dashboard::journal::{Entry, Kind};
use crate::dashboard::model::Model;
use crate::dashboard::theme::Theme;
use crate::dashboard::widgets::bars::{cell, columns, first_that_fits, put, put_line};
use crate::format::{count, plain, width};

/// Columns that the number of lines below may take, with the corners.
const BELOW: usize = 20;

/// Draws the page, the newest entry at the bottom.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let journal = &model.journal;
    let shown = journal.shown().count();
    let of = format!("{} of {}", count(shown as u64), count(journal.count()));
    let title = first_that_fits(
        [
            Line::raw(format!(" log: {}, {of}; f: another kind ", journal.filter_name())),
            Line::raw(format!(" log: {}, {of} ", journal.filter_name())),
            Line::raw(format!(" {} ", journal.filter_name())),
        ],
        columns(area).saturating_sub(2),
    );
    let mut block = theme.panel(title);
    // Beside the number of lines below; the title counts the entries, too.
    let text = format!(" the first {} are only in events.jsonl ", count(journal.left_out()));
    if journal.left_out() > 0 && columns(area) >= width(&text) + BELOW {
        block = block.title_bottom(Line::styled(text, theme.faint()));
    }
    let inner = block.inner(area);
    block.render(area, buf);
    if shown == 0 {
        put(buf, inner, (1, 0), "none yet", theme.faint(), theme);
        return;
    }
    let high = usize::from(inner.height);
    // From the end: the lines that are scrolled away, then those of the screen.
    let wanted = high + journal.back();
    let mut lines = Vec::new();
    let mut whole = true;
    for entry in journal.shown().rev() {
        if lines.len() >= wanted {
            whole = false;
            break;
        }
        lines.extend(entry_lines(entry, columns(inner), theme).into_iter().rev());
    }
    let back = journal.back().min(lines.len().saturating_sub(high));
    let above = lines.len().saturating_sub(high + back);
    for (y, line) in (0..inner.height).zip(lines.iter().skip(back).take(high).rev()) {
        put_line(buf, inner, y, line);
    }
    let edge = Rect { height: 1, ..area };
    let mark = |text: String, y: u16, buf: &mut Buffer| {
        let x = edge.width.saturating_sub(cell(width(&text)) + 2);
        let row = Rect { y, ..edge };
        put(buf, row, (x, 0), &text, theme.faint(), theme);
    };
    if (above > 0 || !whole) && area.width >= 50 {
        mark(" k: older ".to_owned(), area.y, buf);
    }
    if back > 0 {
        let text = format!(" {} below: j ", count(back as u64));
        mark(text, area.y + area.height.saturating_sub(1), buf);
    } else if (above > 0 || !whole) && area.width < 50 {
        mark(" k: older ".to_owned(), area.y + area.height.saturating_sub(1), buf);
    }
}

/// Returns the lines of an entry: a sign, its step and its text, wrapped.
fn entry_lines(entry: &Entry, wide: usize, theme: Theme) -> Vec<Line<'static>> {
    let (sign, style) = match entry.kind {
        Kind::Warning => ('!', theme.bad()),
        Kind::Validation => ('o', theme.valid()),
        Kind::Control => ('>', theme.train()),
        Kind::Event => (theme.dot(), Style::new()),
    };
    let step = entry.step.map_or_else(String::new, |step| format!("step {}: ", count(step)));
    let text = format!("{step}{}", plain(&entry.text));
    let options = textwrap::Options::new(wide.saturating_sub(3).max(1))
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(&text, options)
        .into_iter()
        .enumerate()
        .map(|(i, part)| {
            let sign = if i == 0 { format!(" {sign} ") } else { "   ".to_owned() };
            Line::from(vec![Span::styled(sign, style), Span::raw(part.into_owned())])
        })
        .collect()
}
