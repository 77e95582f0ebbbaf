//! Gradient norms: before and after clipping, per group or parameter, and their flow over time.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::dashboard::model::Model;
use crate::dashboard::parameters::Row;
use crate::dashboard::theme::Theme;
use crate::dashboard::widgets::bars::{bar, cell, columns, put};
use crate::dashboard::widgets::plot::{Curve, Plot, Shape};
use crate::format::{count, fit, number, width};

/// Draws the panel of the overview: the global norm and the groups.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let block = model.theme.panel(title(model, columns(area)));
    let inner = block.inner(area);
    block.render(area, buf);
    let groups = cell(model.parameters.groups().len()).min(inner.height * 3 / 5);
    let [plot, table] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(groups)]).areas(inner);
    norms(model, plot.height >= 7).render(plot, buf);
    draw_rows(model.parameters.groups(), model.theme, table, buf);
}

/// Draws the page: the global norm, every parameter, the flow.
pub(in crate::dashboard) fn draw_page(model: &Model, area: Rect, buf: &mut Buffer) {
    let flow = model.flow.as_ref().map_or(0, |flow| cell(flow.series.len()) + 2);
    let flow = flow.min(area.height / 3);
    let [upper, lower] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(flow)]).areas(area);
    let (left, right) = if area.width >= 70 {
        let [left, right] =
            Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)])
                .areas(upper);
        (left, right)
    } else {
        let [left, right] =
            Layout::vertical([Constraint::Percentage(40), Constraint::Percentage(60)]).areas(upper);
        (left, right)
    };
    let block = model.theme.panel(title(model, columns(left)));
    let inner = block.inner(left);
    block.render(left, buf);
    norms(model, true).render(inner, buf);
    let rows = model.parameters.rows();
    let block = model.theme.panel(format!(" {} parameters: gradient, update/value ", rows.len()));
    let inner = block.inner(right);
    block.render(right, buf);
    draw_rows(rows, model.theme, inner, buf);
    draw_flow(model, lower, buf);
}

/// Returns the legend of the curves, with the newest metrics if they fit.
fn title(model: &Model, wide: usize) -> Line<'static> {
    let theme = model.theme;
    let Some(step) = &model.run_state.step else { return Line::raw(" gradient norm ") };
    let of = |before: &str, after: &str| {
        Line::from(vec![
            Span::raw(" gradient norm "),
            Span::styled(format!(" {} before{before} ", theme.pick('⠿', '.')), theme.faint()),
            Span::styled(
                format!(" {} clipped{after} ", theme.pick('─', '*')),
                theme.gradient().bold(),
            ),
        ])
    };
    let after = |norm: f64| format!(" {}", number(norm));
    let long = of(&after(step.gradient_norm), &after(step.clipped_norm));
    if long.width() + 2 <= wide { long } else { of("", "") }
}

/// Returns the plot of the global norm before clipping (faint) and after it.
fn norms(model: &Model, steps: bool) -> Plot<'_> {
    let theme = model.theme;
    let curves = &model.curves;
    Plot {
        curves: vec![
            Curve { series: &curves.before, shape: Shape::Band, style: theme.faint() },
            Curve { series: &curves.after, shape: Shape::Line, style: theme.gradient().bold() },
        ],
        log: model.log,
        steps,
        theme,
    }
}

/// Draws a row for each parameter or group: name, bar, norm, and the update ratio if it fits.
fn draw_rows(rows: &[Row], theme: Theme, area: Rect, buf: &mut Buffer) {
    const FIGURE: usize = 8;
    let wide = columns(area);
    if wide < 12 || area.height == 0 {
        return;
    }
    let ratio = if wide >= 44 { FIGURE + 1 } else { 0 };
    let longest = rows.iter().map(|row| width(&row.name)).max().unwrap_or(0);
    let name = longest.min(wide * 45 / 100).min(wide - FIGURE - 2);
    let bar_columns = wide.saturating_sub(name + 1 + FIGURE + ratio);
    let most = rows.iter().map(|row| row.norm).filter(|norm| norm.is_finite()).fold(0.0, f64::max);
    let hidden = rows.len().saturating_sub(usize::from(area.height));
    for (y, row) in rows.iter().enumerate().take(usize::from(area.height)) {
        let y = cell(y);
        if hidden > 0 && y + 1 == area.height {
            let more = format!("{} {} more", theme.cut(), hidden + 1);
            put(buf, area, (0, y), &more, theme.faint(), theme);
            break;
        }
        put(buf, area, (0, y), &shortened(&row.name, name, theme), theme.faint(), theme);
        let share = if most > 0.0 { row.norm / most } else { 0.0 };
        let (filled, _) = bar(share, bar_columns, theme);
        put(buf, area, (cell(name + 1), y), &filled, theme.gradient(), theme);
        let style = if row.norm.is_finite() { theme.strong() } else { theme.bad() };
        let text = format!("{:>FIGURE$}", number(row.norm));
        put(buf, area, (cell(name + 1 + bar_columns), y), &text, style, theme);
        if ratio > 0 {
            let text = format!("{:>ratio$}", number(row.ratio));
            put(buf, area, (cell(wide - ratio), y), &text, theme.faint(), theme);
        }
    }
}

/// Shortens a parameter's name near its beginning: the end distinguishes parameters, and the first
/// three letters distinguish the encoder from the decoder.
fn shortened(name: &str, columns: usize, theme: Theme) -> String {
    if width(name) <= columns {
        return name.to_owned();
    }
    let kept = if columns >= 14 { 3 } else { 0 };
    let skipped = name.chars().count().saturating_sub(columns.saturating_sub(kept + 1));
    let head: String = name.chars().take(kept).collect();
    let tail: String = name.chars().skip(skipped).collect();
    fit(&format!("{head}{}{tail}", theme.cut()), columns, theme.cut())
}

/// Draws the gradient norms over time steps: one line of glyphs for each series of states.
pub(in crate::dashboard) fn draw_flow(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let Some(flow) = &model.flow else { return };
    if area.height < 3 {
        return;
    }
    let arrow = theme.pick('→', '>');
    let title = format!(" gradient flow: log |dL/dh|, time {arrow}, step {} ", count(flow.step));
    let block = theme.panel(fit(&title, columns(area).saturating_sub(2), theme.cut()));
    let inner = block.inner(area);
    block.render(area, buf);
    let names = flow.series.iter().map(|series| width(&series.name)).max().unwrap_or(0);
    let names = names.min(columns(inner) / 3);
    let metrics = if columns(inner) >= 50 { 20 } else { 0 };
    let room = columns(inner).saturating_sub(names + 1 + metrics);
    // One scale for all series, so that layers can be compared.
    let logs = flow.series.iter().flat_map(|series| &series.norms).map(|norm| norm.log10());
    let (low, high) = logs
        .filter(|log| log.is_finite())
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), log| (low.min(log), high.max(log)));
    for (y, series) in flow.series.iter().enumerate().take(usize::from(inner.height)) {
        let y = cell(y);
        put(buf, inner, (0, y), &fit(&series.name, names, theme.cut()), theme.faint(), theme);
        let shown = series.norms.len().min(room);
        let glyphs: String = (0..room)
            .filter(|_| shown > 0)
            .map(|column| {
                let from = column * series.norms.len() / room;
                let to = ((column + 1) * series.norms.len() / room).max(from + 1);
                let part = series.norms.get(from..to).unwrap_or(&[]);
                let not_finite = part.iter().any(|norm| !norm.is_finite());
                let peak = part.iter().copied().fold(0.0, f32::max).log10();
                if not_finite { theme.not_finite() } else { height(peak, low, high, theme) }
            })
            .collect();
        put(buf, inner, (cell(names + 1), y), &glyphs, theme.gradient(), theme);
        if let (true, Some(first), Some(last)) =
            (metrics > 0, series.norms.first(), series.norms.last())
        {
            let text = format!("{:.1e} {} {:.1e}", first, theme.pick('→', '>'), last);
            put(buf, inner, (cell(names + 2 + room), y), &text, theme.faint(), theme);
        }
    }
}

/// Returns a glyph whose height is the position of `log` between `low` and `high`; a blank for a
/// norm of zero.
fn height(log: f32, low: f32, high: f32, theme: Theme) -> char {
    if !log.is_finite() {
        return ' ';
    }
    let glyphs: &[char] = if theme.unicode {
        &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
    } else {
        &['.', ':', '-', '=', '+', '*', '#', '@']
    };
    let share = if high > low { (log - low) / (high - low) } else { 1.0 };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 7
    let level = (share.clamp(0.0, 1.0) * (glyphs.len() - 1) as f32).round() as usize;
    glyphs.get(level).copied().unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortened_names_can_be_told_apart() {
        let short = |name, columns| shortened(name, columns, Theme::PLAIN);
        assert_eq!(short("encoder.rnn.weight_hh_l0", 17), "enc….weight_hh_l0");
        assert_ne!(short("encoder.rnn.weight_hh_l0", 17), short("decoder.rnn.weight_hh_l0", 17));
        assert_eq!(short("decoder.attention", 17), "decoder.attention");
        assert_eq!(short("decoder.attention", 6), "…ntion");
        assert_eq!(width(&short("decoder.attention", 0)), 0);
    }
}
