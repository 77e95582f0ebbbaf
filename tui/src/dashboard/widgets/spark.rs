//! A curve in one row.

use crate::dashboard::series::Series;
use crate::dashboard::theme::Theme;

/// Glyphs of a sparkline.
const HEIGHTS: usize = 8;

/// Returns the glyph of a level from 0 to 1.
pub(crate) fn glyph(level: f64, theme: Theme) -> char {
    let glyphs: [char; HEIGHTS] = if theme.unicode {
        ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
    } else {
        ['.', ':', '-', '=', '+', '*', '#', '@']
    };
    let last = (HEIGHTS - 1) as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 7
    let place = (level.clamp(0.0, 1.0) * last).round() as usize;
    glyphs.get(place).copied().unwrap_or(' ')
}

/// Returns a curve of positive values in `columns` columns, on a logarithmic scale from the least to
/// the greatest value. A column without points repeats the one before it.
pub(crate) fn sparkline(series: &Series, columns: usize, theme: Theme) -> String {
    let Some(range) = series.reach() else { return String::new() };
    // A short curve is not stretched.
    let columns = columns.min(series.buckets().len() + series.marks().len());
    let mut values = vec![None; columns];
    for (place, column) in series.columns(range, columns).into_iter().enumerate() {
        if let (Some(value), Some(column)) = (values.get_mut(place), column) {
            *value = Some(column.close.max(f64::MIN_POSITIVE).log10());
        }
    }
    let known = || values.iter().flatten().copied();
    let (low, high) =
        (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    let mut last = ' ';
    values
        .iter()
        .map(|value| {
            if let Some(value) = value {
                let level = if high > low { (value - low) / (high - low) } else { 0.5 };
                last = glyph(level, theme);
            }
            last
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_is_logarithmic_and_as_wide_as_its_points() {
        let mut series = Series::default();
        (0..8).for_each(|i| series.push(f64::from(i), 10_f64.powi(-i)));
        assert_eq!(sparkline(&series, 20, Theme::PLAIN), "█▇▆▅▄▃▂▁");
        assert_eq!(sparkline(&series, 20, Theme::ASCII), "@#*+=-:.");
        assert_eq!(sparkline(&series, 4, Theme::PLAIN).chars().count(), 4);
        assert_eq!(sparkline(&Series::default(), 4, Theme::PLAIN), "");
        let mut flat = Series::default();
        flat.push(1.0, 0.0);
        flat.push(2.0, f64::NAN);
        assert_eq!(sparkline(&flat, 4, Theme::PLAIN).chars().count(), 2);
    }
}
