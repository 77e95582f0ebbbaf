//! Building blocks of panels: clipped text, bars, rows of metrics.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::dashboard::theme::Theme;
use crate::format;

/// Writes a text at a position of `area`, clipped at its edge. Returns the columns written.
pub(crate) fn put(
    buf: &mut Buffer,
    area: Rect,
    (x, y): (u16, u16),
    text: &str,
    style: Style,
    theme: Theme,
) -> u16 {
    let area = area.intersection(buf.area);
    if y >= area.height || x >= area.width {
        return 0;
    }
    let text = format::fit(text, usize::from(area.width - x), theme.cut());
    let (end, _) =
        buf.set_stringn(area.x + x, area.y + y, &text, usize::from(area.width - x), style);
    end.saturating_sub(area.x + x)
}

/// Stands for the sign of a cut text, until the whole screen is drawn and the theme's sign takes its
/// place: a character that no font has.
pub(crate) const CUT: char = '\u{E000}';

/// Writes a line of spans; a sign marks that it is cut.
pub(crate) fn put_line(buf: &mut Buffer, area: Rect, y: u16, line: &Line) {
    let area = area.intersection(buf.area);
    if y >= area.height {
        return;
    }
    if line.width() <= columns(area) {
        buf.set_line(area.x, area.y + y, line, area.width);
    } else {
        buf.set_line(area.x, area.y + y, &fit_line(line.clone(), columns(area)), area.width);
    }
}

/// Returns the width of an area in columns.
pub(crate) fn columns(area: Rect) -> usize {
    usize::from(area.width)
}

/// Converts a position that is known to fit into a screen coordinate.
pub(crate) fn cell(position: usize) -> u16 {
    u16::try_from(position).unwrap_or(u16::MAX)
}

/// Returns the filled and the empty part of a bar of `columns` columns for a share from 0 to 1.
pub(crate) fn bar(share: f64, columns: usize, theme: Theme) -> (String, String) {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 8 x columns
    let eighths = (share * columns as f64 * 8.0).round() as usize;
    if !theme.unicode {
        let full = eighths / 8;
        return ("#".repeat(full), ".".repeat(columns - full));
    }
    let mut filled = "█".repeat(eighths / 8);
    if let Some(part) = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'].get((eighths % 8).wrapping_sub(1))
    {
        filled.push(*part);
    }
    let empty = columns - filled.chars().count();
    (filled, "░".repeat(empty))
}

/// Returns a progress bar in two styles.
pub(crate) fn progress<'a>(
    share: f64,
    columns: usize,
    style: Style,
    theme: Theme,
) -> [Span<'a>; 2] {
    let (filled, empty) = bar(share, columns, theme);
    [Span::styled(filled, style), Span::styled(empty, theme.faint())]
}

/// Returns the first of several forms of a line that has at most `wide` columns, or the last one, cut.
pub(crate) fn first_that_fits<'a, const N: usize>(forms: [Line<'a>; N], wide: usize) -> Line<'a> {
    let mut last = Line::default();
    for form in forms {
        if form.width() <= wide {
            return form;
        }
        last = form;
    }
    fit_line(last, wide)
}

/// Cuts a line to at most `wide` columns; a sign marks that it is cut.
pub(crate) fn fit_line(mut line: Line, wide: usize) -> Line {
    // Blanks at the end need no place.
    if line.width() <= wide || format::width(line.to_string().trim_end()) <= wide {
        return line;
    }
    let Some(mut room) = wide.checked_sub(1) else { return Line::default() };
    let mut is_cut = false;
    for span in &mut line.spans {
        let width = span.width();
        if is_cut {
            span.content = "".into();
        } else if width <= room {
            room -= width;
        } else {
            // Longer than there is room for, so that the sign is added.
            span.content = format::fit(&format!("{} ", span.content), room + 1, CUT).into();
            is_cut = true;
        }
    }
    line
}

/// A row of metrics, the most important first; those that do not fit are left out.
#[derive(Debug)]
pub(crate) struct MetricLine<'a> {
    theme: Theme,
    width: usize,
    used: usize,
    spans: Vec<Span<'a>>,
}

impl<'a> MetricLine<'a> {
    /// Creates a row of at most `width` columns.
    pub(crate) fn new(theme: Theme, width: usize) -> Self {
        Self { theme, width, used: 0, spans: Vec::new() }
    }

    /// Adds spans that belong together, if they fit.
    pub(crate) fn add(&mut self, pieces: impl IntoIterator<Item = Span<'a>>) -> &mut Self {
        let pieces: Vec<Span<'a>> = pieces.into_iter().collect();
        let width: usize = pieces.iter().map(Span::width).sum();
        let gap = if self.spans.is_empty() { 0 } else { 2 };
        if width > 0 && self.used + gap + width <= self.width {
            if gap > 0 {
                self.spans.push(Span::raw("  "));
            }
            self.spans.extend(pieces);
            self.used += gap + width;
        }
        self
    }

    /// Adds a name and its number.
    pub(crate) fn number(&mut self, name: &'a str, value: String, style: Style) -> &mut Self {
        let name = Span::styled(name, self.theme.faint());
        self.add([name, Span::raw(" "), Span::styled(value, style)])
    }

    /// Returns the row.
    pub(crate) fn line(self) -> Line<'a> {
        Line::from(self.spans)
    }

    /// Returns the number of free columns.
    pub(crate) fn left(&self) -> usize {
        self.width - self.used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_wide_as_asked() {
        for theme in [Theme::FULL, Theme::ASCII] {
            for columns in [0, 1, 7, 20] {
                for share in [0.0, 0.01, 0.49, 0.5, 0.999, 1.0, f64::NAN, 7.0] {
                    let (filled, empty) = bar(share, columns, theme);
                    assert_eq!(filled.chars().count() + empty.chars().count(), columns);
                }
            }
        }
        assert_eq!(bar(0.5, 4, Theme::FULL), ("██".to_owned(), "░░".to_owned()));
        assert_eq!(bar(1.0, 2, Theme::ASCII), ("##".to_owned(), String::new()));
    }

    #[test]
    fn metrics_that_do_not_fit_are_left_out() {
        let mut metrics = MetricLine::new(Theme::PLAIN, 12);
        metrics.number("loss", "1.25".into(), Style::new());
        metrics.number("perplexity", "3.49".into(), Style::new());
        metrics.add([Span::raw("x")]);
        assert_eq!(metrics.line().to_string(), "loss 1.25  x");
    }

    #[test]
    fn a_cut_line_ends_with_a_sign() {
        let line = || Line::from(vec![Span::raw("ab"), Span::raw("日本"), Span::raw("c")]);
        let cut = |wide| fit_line(line(), wide).to_string();
        assert_eq!((cut(7), cut(6)), ("ab日本c".to_owned(), format!("ab日{CUT}")));
        assert_eq!(
            (cut(5), cut(2), cut(0)),
            (format!("ab日{CUT}"), format!("a{CUT}"), String::new())
        );
        let mut buf = Buffer::empty(Rect::new(0, 0, 5, 1));
        put_line(&mut buf, Rect::new(0, 0, 5, 1), 0, &line());
        assert_eq!(buf[(4, 0)].symbol(), CUT.to_string());
    }

    #[test]
    fn text_is_cut_at_the_edge_and_outside_nothing_is_written() {
        let area = Rect::new(0, 0, 5, 1);
        let mut buf = Buffer::empty(area);
        put(&mut buf, area, (1, 0), "voiture", Style::new(), Theme::PLAIN);
        put(&mut buf, area, (9, 9), "gone", Style::new(), Theme::PLAIN);
        assert_eq!(buf, Buffer::with_lines([" voi…"]));
    }
}
