//! The table of parameters: gradient norm over training and now, update ratio.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use crate::dashboard::model::Model;
use crate::dashboard::parameters_view::Order;
use crate::dashboard::theme::Theme;
use crate::dashboard::widgets::bars::{cell, columns, first_that_fits, put};
use crate::dashboard::widgets::spark::sparkline;
use crate::format::{fit, number, width};

/// Columns of a number.
const NUMBER: usize = 8;
/// Columns from which on the update ratio has a column.
const WITH_RATIO: usize = 44;

/// Draws the panel.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let view = &model.parameters_view;
    let rows = view.rows(&model.parameters);
    let all = model.parameters.rows().len();
    let number_of =
        if rows.len() == all { all.to_string() } else { format!("{} of {all}", rows.len()) };
    let order = match view.order {
        Order::Norm => "by gradient",
        Order::Ratio => "by update/value",
        Order::Name => "by name",
    };
    let filter =
        if view.filter.is_empty() { String::new() } else { format!(" with {}", view.filter) };
    let title = first_that_fits(
        [
            Line::raw(format!(" {number_of} parameters{filter}, {order}: gradient, update/value ")),
            Line::raw(format!(" {number_of} parameters{filter}, {order} ")),
            Line::raw(format!(" {number_of}{filter}, {order} ")),
        ],
        columns(area).saturating_sub(2),
    );
    let mut block = theme.panel(title);
    let keys = " o: order  /: filter  j k Enter: histogram ";
    if columns(area) > width(keys) + 2 {
        block = block.title_bottom(Line::styled(keys, theme.faint()).right_aligned());
    }
    let inner = block.inner(area);
    block.render(area, buf);
    let wide = columns(inner);
    let room = usize::from(inner.height);
    if wide < 12 || room == 0 {
        return;
    }
    if rows.is_empty() {
        let text = if all == 0 { "nothing yet" } else { "no name contains the text" };
        put(buf, inner, (1, 0), text, theme.faint(), theme);
        return;
    }
    let ratio = if wide >= WITH_RATIO { NUMBER + 1 } else { 0 };
    let longest = rows.iter().map(|row| width(&row.name)).max().unwrap_or(0);
    let name = longest.min(wide * 45 / 100).min(wide - NUMBER - 2);
    let spark = wide.saturating_sub(name + 1 + NUMBER + ratio);
    let first = view.first(rows.len(), room);
    let more = rows.len().saturating_sub(first + room);
    for (y, row) in rows.iter().skip(first).take(room).enumerate() {
        let y = cell(y);
        if more > 0 && usize::from(y) + 1 == room {
            let text = format!("{} {} more", theme.cut(), more + 1);
            put(buf, inner, (0, y), &text, theme.faint(), theme);
            break;
        }
        let chosen = first + usize::from(y) == view.cursor(rows.len());
        let style = if chosen { theme.reversed() } else { theme.faint() };
        put(buf, inner, (0, y), &shortened(&row.name, name, theme), style, theme);
        let line = fit(&sparkline(&row.norms, spark, theme), spark, theme.cut());
        put(buf, inner, (cell(name + 1), y), &line, theme.gradient(), theme);
        let style = if row.norm.is_finite() { theme.strong() } else { theme.bad() };
        let text = format!("{:>NUMBER$}", number(row.norm));
        put(buf, inner, (cell(name + 1 + spark), y), &text, style, theme);
        if ratio > 0 {
            let style = if row.ratio.is_finite() { theme.faint() } else { theme.bad() };
            let text = format!("{:>ratio$}", number(row.ratio));
            put(buf, inner, (cell(wide - ratio), y), &text, style, theme);
        }
    }
}

/// Returns the parameter at a row of the panel.
pub(in crate::dashboard) fn at(model: &Model, area: Rect, y: usize) -> Option<usize> {
    let view = &model.parameters_view;
    let rows = view.rows(&model.parameters).len();
    let room = usize::from(area.height.saturating_sub(2));
    let first = view.first(rows, room);
    let more = usize::from(rows > first + room);
    let row = first + y.checked_sub(1).filter(|y| *y < room.saturating_sub(more))?;
    (row < rows).then_some(row)
}

/// Shortens a parameter's name near its beginning: the end distinguishes parameters, and the first
/// three letters distinguish the encoder from the decoder.
pub(super) fn shortened(name: &str, columns: usize, theme: Theme) -> String {
    if width(name) <= columns {
        return name.to_owned();
    }
    let kept = if columns >= 14 { 3 } else { 0 };
    let skipped = name.chars().count().saturating_sub(columns.saturating_sub(kept + 1));
    let head: String = name.chars().take(kept).collect();
    let tail: String = name.chars().skip(skipped).collect();
    fit(&format!("{head}{}{tail}", theme.cut()), columns, theme.cut())
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
