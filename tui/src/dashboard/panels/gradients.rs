//! Gradient norms: before and after clipping, per group or parameter.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::parameter_table::shortened;
use super::{flow, flow_page, histogram, parameter_table};
use crate::dashboard::model::Model;
use crate::dashboard::parameters::Row;
use crate::dashboard::theme::Theme;
use crate::dashboard::widgets::bars::{bar, cell, columns, first_that_fits, put};
use crate::dashboard::widgets::plot::{Curve, Dash, Plot, Shape, Window};
use crate::format::{number, width};

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

/// Draws the page: the global norm, every parameter, the flow; as its second pane, the flow alone.
pub(in crate::dashboard) fn draw_page(model: &Model, area: Rect, buf: &mut Buffer) {
    if model.pane % 2 == 1 {
        flow_page::draw(model, area, buf);
        return;
    }
    // The flow of several runs is compared on one scale, on every screen.
    let tall = area.height >= WITH_STRIPS || !model.beside.is_empty();
    let flow = if tall { area.height / 2 } else { flow::rows(model).min(area.height / 3) };
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
    if let Some(found) = &model.parameters_view.histogram {
        histogram::draw(model, found, left, buf);
    } else {
        let block = model.theme.panel(title(model, columns(left)));
        let inner = block.inner(left);
        block.render(left, buf);
        norms(model, true).render(inner, buf);
    }
    parameter_table::draw(model, right, buf);
    if tall {
        flow_page::draw(model, lower, buf);
    } else {
        flow::draw(model, lower, buf);
    }
}

/// Rows from which on the page has the flow over training.
const WITH_STRIPS: u16 = 28;

/// Returns the scale and the legend of the curves, with the newest metrics if they fit.
fn title(model: &Model, wide: usize) -> Line<'static> {
    let theme = model.theme;
    let scale = if model.is_logarithmic() { "log" } else { "linear" };
    let Some(step) = &model.run_state.step else { return Line::raw(" gradient norm ") };
    let of = |name: String, before: String, after: String| {
        Line::from(vec![
            Span::raw(name),
            Span::styled(format!(" {} {before} ", theme.pick('⠿', '.')), theme.faint()),
            Span::styled(format!(" {} {after} ", theme.pick('─', '*')), theme.gradient().bold()),
        ])
    };
    let (before, after) = ("before".to_owned(), "clipped".to_owned());
    let values = [number(step.gradient_norm), number(step.clipped_norm)];
    let [old, new] = &values;
    first_that_fits(
        [
            of(
                format!(" gradient norm, {scale} axis "),
                format!("before {old}"),
                format!("clipped {new}"),
            ),
            of(format!(" gradient norm, {scale} axis "), before.clone(), after.clone()),
            of(format!(" gradient norm, {scale}"), before.clone(), after.clone()),
            of(" gradient norm".to_owned(), before, after),
        ],
        wide.saturating_sub(2),
    )
}

/// Returns the plot of the global norm before clipping (faint) and after it.
fn norms(model: &Model, steps: bool) -> Plot<'_> {
    let theme = model.theme;
    let curves = &model.curves;
    Plot {
        curves: vec![
            Curve {
                series: &curves.before,
                shape: Shape::Band,
                style: theme.faint(),
                dash: Dash::None,
            },
            Curve {
                series: &curves.after,
                shape: Shape::Line,
                style: theme.gradient().bold(),
                dash: Dash::None,
            },
        ],
        log: model.is_logarithmic(),
        steps,
        window: Window::default(),
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
