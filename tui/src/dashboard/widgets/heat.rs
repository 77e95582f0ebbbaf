//! Strips of values: one cell for each value, whose height is the value and whose colour repeats it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::dashboard::theme::Theme;
use crate::dashboard::widgets::bars::{cell, columns, put};

/// The range of the values of a strip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    /// The value of the lowest cell.
    pub low: f32,
    /// The value of the highest cell.
    pub high: f32,
}

impl Scale {
    /// Returns a scale that is symmetric about zero and holds all values: at least 1 on both sides.
    pub(crate) fn around_zero(values: impl IntoIterator<Item = f32>) -> Self {
        let most = values.into_iter().map(f32::abs).filter(|v| v.is_finite()).fold(1.0, f32::max);
        Self { low: -most, high: most }
    }
}

/// Returns the glyph and the style of a value: eight heights; `?` if it is not finite.
pub(crate) fn glyph(value: f32, scale: Scale, theme: Theme) -> (char, Style) {
    let glyphs: [char; 8] = if theme.unicode {
        ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
    } else {
        ['_', '.', '-', ':', '=', '+', '*', '#']
    };
    let share = (value - scale.low) / (scale.high - scale.low).max(f32::MIN_POSITIVE);
    if !share.is_finite() {
        return ('?', theme.bad());
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 7
    let level = (share.clamp(0.0, 1.0) * 7.0).round() as usize;
    (glyphs.get(level).copied().unwrap_or('?'), theme.heat(share))
}

/// Returns the glyph and the style of two values side by side in one cell: three heights each, and the
/// colour of their mean; `?` if one is not finite. Only for a theme with Unicode.
fn pair(left: f32, right: f32, scale: Scale, theme: Theme) -> (char, Style) {
    const QUADRANTS: [[char; 3]; 3] = [['▁', '▗', '▐'], ['▖', '▄', '▟'], ['▌', '▙', '█']];
    let mean = f32::midpoint(left, right);
    let share = |value: f32| (value - scale.low) / (scale.high - scale.low).max(f32::MIN_POSITIVE);
    if !(share(left).is_finite() && share(right).is_finite()) {
        return ('?', theme.bad());
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 2
    let height = |value: f32| (share(value).clamp(0.0, 1.0) * 2.0).round() as usize;
    (QUADRANTS[height(left)][height(right)], theme.heat(share(mean)))
}

/// Draws values one after the other, in as many rows as the area has. Where they are more than the
/// cells, a cell has two; a sign marks that there are still more.
pub(crate) fn strip(values: &[f32], scale: Scale, area: Rect, buf: &mut Buffer, theme: Theme) {
    let (wide, high) = (columns(area), usize::from(area.height));
    let each = if theme.unicode && values.len() > wide * high { 2 } else { 1 };
    let shown = values.len().min(wide * high * each);
    for (i, part) in values[..shown].chunks(each).enumerate() {
        let (glyph, style) = match *part {
            [left, right] => pair(left, right, scale, theme),
            [value] => glyph(value, scale, theme),
            _ => continue,
        };
        let at = (cell(i % wide.max(1)), cell(i / wide.max(1)));
        put(buf, area, at, &glyph.to_string(), style, theme);
    }
    if shown < values.len() && wide > 0 && high > 0 {
        let mark = theme.cut().to_string();
        put(buf, area, (cell(wide - 1), cell(high - 1)), &mark, theme.faint(), theme);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_are_values() {
        let scale = Scale { low: 0.0, high: 1.0 };
        let text = |theme: Theme| -> String {
            [0.0, 0.5, 1.0, 2.0, -3.0, f32::NAN].map(|v| glyph(v, scale, theme).0).iter().collect()
        };
        assert_eq!(text(Theme::FULL), "▁▅██▁?");
        assert_eq!(text(Theme::PLAIN), "▁▅██▁?");
        assert_eq!(text(Theme::ASCII), "_=##_?");
        let scale = Scale::around_zero([0.2, -2.5, f32::NAN]);
        assert_eq!(scale, Scale { low: -2.5, high: 2.5 });
        assert_eq!(Scale::around_zero([]), Scale { low: -1.0, high: 1.0 });
    }

    fn drawn(values: &[f32], theme: Theme) -> Vec<String> {
        let area = Rect::new(0, 0, 4, 2);
        let mut buf = Buffer::empty(area);
        strip(values, Scale { low: 0.0, high: 1.0 }, area, &mut buf, theme);
        (0..2).map(|y| (0..4).map(|x| buf[(x, y)].symbol()).collect()).collect()
    }

    #[test]
    fn a_strip_that_is_cut_says_so() {
        assert_eq!(drawn(&[1.0; 8], Theme::PLAIN), ["████", "████"]);
        assert_eq!(drawn(&[1.0; 17], Theme::PLAIN), ["████", "███…"]);
        assert_eq!(drawn(&[1.0; 9], Theme::ASCII), ["####", "###~"]);
    }

    #[test]
    fn two_values_share_a_cell_where_they_are_too_many() {
        let values =
            [0.0, 0.0, 0.0, 0.5, 0.0, 1.0, 0.5, 1.0, 1.0, 0.5, 0.5, 0.5, f32::NAN, 1.0, 1.0];
        assert_eq!(drawn(&values, Theme::PLAIN), ["▁▗▐▟", "▙▄?█"]);
        let scale = Scale { low: 0.0, high: 1.0 };
        assert_eq!(pair(0.0, 1.0, scale, Theme::FULL).1, Theme::FULL.heat(0.5));
    }
}
