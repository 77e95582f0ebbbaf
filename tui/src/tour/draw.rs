//! Figures of the tour on the terminal.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::figure::{Curves, Figure, Strips};
use crate::dashboard::widgets::bars::{cell, columns, fit_line, put, put_line};
use crate::dashboard::widgets::heat::{Scale, glyph};
use crate::dashboard::widgets::plot::{Curve, Dash, Plot, Shape, Window};
use crate::dashboard::widgets::weight_map::{AttentionMap, link};
use crate::dashboard::{Series, Theme};
use crate::format::{number, width};

/// Lines of text up to which they stand above another figure.
const SHORT: usize = 3;
/// Columns from which on two figures stand side by side.
const WIDE: u16 = 100;
/// Rows from which on two figures stand one above the other.
const HIGH: u16 = 26;
/// Rows from which on a map has its legend.
const LEGEND: u16 = 6;
/// The letters of curves.
const LETTERS: [char; 8] = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/// Returns the rectangles of the figures that are drawn, beginning with the figure `first`, in the
/// order of the figures from there, and the number of figures that do not fit.
/// With `alone`, one figure has the whole area.
pub(super) fn arrange(
    figures: &[Figure],
    first: usize,
    area: Rect,
    alone: bool,
) -> (Vec<(usize, Rect)>, usize) {
    let mut placed = Vec::new();
    let mut rest = area;
    let is_short =
        |figure: &Figure| matches!(figure, Figure::Lines(lines) if lines.lines.len() <= SHORT);
    // A sentence stands above what is said of it.
    let can_be_above = figures.len() > 1 && !alone;
    let above: Vec<usize> =
        (0..figures.len()).filter(|&i| is_short(&figures[i]) && can_be_above).collect();
    for &i in &above {
        let Figure::Lines(lines) = &figures[i] else { continue };
        let rows = cell(lines.lines.len() + 1).min(rest.height);
        placed.push((i, Rect { height: rows, ..rest }));
        rest = Rect { y: rest.y + rows, height: rest.height - rows, ..rest };
    }
    let mut others: Vec<usize> = (0..figures.len()).filter(|i| !above.contains(i)).collect();
    if others.is_empty() {
        return (placed, 0);
    }
    let count = others.len();
    others.rotate_left(first % count);
    // Sequences and trees need every column.
    let is_wide = |figure: &Figure| matches!(figure, Figure::Strips(_) | Figure::Lines(_));
    let beside = rest.width >= WIDE && others.iter().take(2).all(|&i| !is_wide(&figures[i]));
    let pair = count > 1 && !alone && (beside || rest.height >= HIGH);
    if !pair {
        placed.push((others[0], rest));
        return (placed, count - 1);
    }
    let (left, right) = if beside {
        let half = rest.width.div_ceil(2);
        (
            Rect { width: half - 1, ..rest },
            Rect { x: rest.x + half, width: rest.width - half, ..rest },
        )
    } else {
        let half = rest.height.div_ceil(2);
        (
            Rect { height: half, ..rest },
            Rect { y: rest.y + half, height: rest.height - half, ..rest },
        )
    };
    placed.push((others[0], left));
    placed.push((others[1], right));
    (placed, count - 2)
}

/// Draws a figure with its title.
pub(super) fn draw(figure: &Figure, area: Rect, buf: &mut Buffer, theme: Theme) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let title = Line::from(Span::styled(figure.title().to_owned(), theme.strong()));
    put_line(buf, area, 0, &title);
    let inner = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if inner.is_empty() {
        return;
    }
    match figure {
        Figure::Curves(curves) => draw_curves(curves, inner, buf, theme),
        Figure::Map(map) => {
            let (sample, cursor) = (&map.sample, map.cursor);
            let rows = inner.height - u16::from(inner.height > LEGEND);
            let map = Rect { height: rows, ..inner };
            AttentionMap { sample, theme, cursor, more: "f" }.render(map, buf);
            if rows < inner.height {
                let links = if sample.links.is_empty() {
                    String::new()
                } else {
                    format!("   {} a true link", link(theme))
                };
                let text = format!("weights {}{links}", theme.weight_legend());
                put(buf, inner, (0, rows), &text, theme.faint(), theme);
            }
        }
        Figure::Strips(strips) => draw_strips(strips, inner, buf, theme),
        Figure::Table(table) => draw_lines(&table.lines(), true, inner, buf, theme),
        Figure::Lines(lines) => draw_lines(&lines.lines, false, inner, buf, theme),
    }
}

/// Returns the style of a curve.
fn style(at: usize, theme: Theme) -> (Style, Dash) {
    let styles =
        [theme.train(), theme.valid(), theme.gradient(), theme.good(), theme.bad(), theme.strong()];
    (styles[at % styles.len()], Dash::of(at))
}

fn draw_curves(curves: &Curves, area: Rect, buf: &mut Buffer, theme: Theme) {
    let letter = |at: usize| LETTERS[at % LETTERS.len()];
    // The legend: each curve's letter, name and last value.
    let mut lines: Vec<Line<'_>> = vec![Line::default()];
    for (at, curve) in curves.curves.iter().enumerate() {
        let value = curve.points.last().map_or_else(|| "-".to_owned(), |(_, y)| number(*y));
        let (style, dash) = style(at, theme);
        let entry = [
            Span::styled(format!("{}{} ", dash.sign(theme), letter(at)), style),
            Span::raw(format!("{} ", curve.name)),
            Span::styled(format!("{value}   "), theme.faint()),
        ];
        let wide: usize = entry.iter().map(Span::width).sum();
        let is_full = lines
            .last()
            .is_some_and(|line| line.width() > 0 && line.width() + wide > columns(area) + 3);
        if is_full {
            lines.push(Line::default());
        }
        if let Some(line) = lines.last_mut() {
            line.spans.extend(entry);
        }
    }
    let legend = lines.len().min(usize::from(area.height.saturating_sub(4)));
    for (y, line) in lines.iter().take(legend).enumerate() {
        put_line(buf, area, cell(y), &fit_line(line.clone(), columns(area)));
    }
    let plot = Rect { y: area.y + cell(legend), height: area.height - cell(legend), ..area };
    let series = |points: &[(f64, f64)]| {
        let mut series = Series::default();
        points.iter().for_each(|&(x, y)| series.push(x, y));
        series
    };
    let all: Vec<(Series, Series)> = curves
        .curves
        .iter()
        .map(|curve| {
            (series(&curve.points), series(&curve.points[curve.points.len().saturating_sub(1)..]))
        })
        .collect();
    let mut drawn = Vec::new();
    for (at, (line, _)) in all.iter().enumerate() {
        let (style, dash) = style(at, theme);
        let few = curves.curves[at].points.len() <= 8;
        let shape = if few { Shape::Points(letter(at)) } else { Shape::Line };
        drawn.push(Curve { series: line, shape, style, dash });
    }
    // The first curve's letter is drawn last, over those that end at the same place.
    for (at, (_, end)) in all.iter().enumerate().rev() {
        let (style, dash) = style(at, theme);
        drawn.push(Curve { series: end, shape: Shape::Points(letter(at)), style, dash });
    }
    // A plot of one position has no width.
    let xs = || curves.curves.iter().flat_map(|curve| curve.points.iter().map(|(x, _)| *x));
    let (low, high) = (xs().fold(f64::MAX, f64::min), xs().fold(f64::MIN, f64::max));
    let range = (low < high).then_some((low, high));
    let window = Window { range, values: curves.ends, axis: &curves.x, unit: 1.0, cursor: None };
    Plot { curves: drawn, log: curves.log, steps: true, window, theme }.render(plot, buf);
}

fn draw_strips(strips: &Strips, area: Rect, buf: &mut Buffer, theme: Theme) {
    let label = strips.rows.iter().map(|row| width(&row.name)).max().unwrap_or(0) + 1;
    let left = label.min(columns(area) / 3);
    let room = columns(area).saturating_sub(left);
    // What does not fit is cut at the right, and said.
    for (i, symbol) in strips.symbols.iter().take(room).enumerate() {
        let marked = symbol.is_uppercase();
        let style = if marked { theme.reversed() } else { theme.faint() };
        put(buf, area, (cell(left + i), 0), &symbol.to_string(), style, theme);
    }
    for (y, row) in strips.rows.iter().enumerate() {
        let y = cell(y + 1);
        put(buf, area, (0, y), &row.name, Style::new(), theme);
        let scale = Scale { low: row.low, high: row.high };
        for (i, &value) in row.values.iter().take(room).enumerate() {
            let (glyph, style) = glyph(value, scale, theme);
            put(buf, area, (cell(left + i), y), &glyph.to_string(), style, theme);
        }
        if row.values.len() > room {
            put(
                buf,
                area,
                (cell(left + room.saturating_sub(1)), y),
                &theme.cut().to_string(),
                theme.faint(),
                theme,
            );
        }
    }
}

fn draw_lines(lines: &[String], head: bool, area: Rect, buf: &mut Buffer, theme: Theme) {
    let room = usize::from(area.height);
    let shown = if lines.len() > room { room.saturating_sub(1) } else { lines.len() };
    for (y, line) in lines.iter().take(shown).enumerate() {
        let style = if head && y == 0 { theme.faint() } else { Style::new() };
        put(buf, area, (0, cell(y)), line, style, theme);
    }
    if shown < lines.len() {
        let text = format!("{} {} more lines: f", theme.cut(), lines.len() - shown);
        put(buf, area, (0, cell(shown)), &text, theme.faint(), theme);
    }
}
