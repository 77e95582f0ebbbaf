//! The distribution of a parameter's values and gradients.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;
use seq2seq::inspection::{Distribution, GradientKind};

use super::parameter_table::shortened;
use crate::dashboard::model::Model;
use crate::dashboard::theme::Theme;
use crate::dashboard::widgets::bars::{cell, columns, first_that_fits, put};
use crate::dashboard::widgets::spark;
use crate::format::{count, number, width};

/// Draws the panel: the values above the gradients.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(found) = &model.parameters_view.histogram else { return };
    let theme = model.theme;
    let shape: Vec<String> = found.shape.iter().map(ToString::to_string).collect();
    let (shape, step) = (shape.join(" x "), count(found.step));
    let wide = columns(area).saturating_sub(2);
    let short = shortened(&found.name, wide.saturating_sub(2), theme);
    let title = first_that_fits(
        [
            Line::raw(format!(" {} [{shape}] at step {step}; x closes ", found.name)),
            Line::raw(format!(" {} at step {step} ", found.name)),
            Line::raw(format!(" {short} ")),
        ],
        wide,
    );
    let block = theme.panel(title);
    let inner = block.inner(area);
    block.render(area, buf);
    let [upper, lower] = Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).areas(inner);
    draw_one("values", &found.values, theme, upper, buf);
    match &found.gradients {
        Some((kind, gradients)) => {
            let name = match kind {
                GradientKind::Batch => "gradients",
                GradientKind::Mean => "mean gradients (optimizer)",
            };
            draw_one(name, gradients, theme, lower, buf);
        }
        None => {
            let text = "the checkpoint has no gradients of this optimizer";
            put(buf, lower, (1, 0), text, theme.faint(), theme);
        }
    }
}

/// Draws one distribution: its numbers, a bar for each bin, and its ends.
fn draw_one(name: &str, found: &Distribution, theme: Theme, area: Rect, buf: &mut Buffer) {
    let wide = columns(area);
    if area.height < 3 || wide < 12 {
        return;
    }
    let mut parts = vec![
        format!(" {name}: mean {}", number(found.mean)),
        format!("deviation {}", number(found.deviation)),
    ];
    if found.zeros > 0 {
        parts.push(format!("{} are 0", count(found.zeros)));
    }
    if found.not_finite > 0 {
        parts.insert(1, format!("{} not finite", count(found.not_finite)));
    }
    while parts.len() > 1 && width(&parts.join(", ")) > wide {
        parts.pop();
    }
    let style = if found.not_finite > 0 { theme.bad() } else { theme.strong() };
    put(buf, area, (0, 0), &parts.join(", "), style, theme);
    let rows = usize::from(area.height) - 2;
    let bins = found.counts.len().max(1);
    let most = found.counts.iter().copied().max().unwrap_or(0).max(1);
    let shown = wide.min(bins * 3);
    for x in 0..shown {
        // A column has the largest of its bins.
        let (from, to) = (x * bins / shown, ((x + 1) * bins / shown).max(x * bins / shown + 1));
        let height = found.counts.get(from..to.min(bins)).unwrap_or(&[]).iter().max();
        let height = height.map_or(0.0, |&n| n as f64 / most as f64 * rows as f64);
        for row in 0..rows {
            let level = height - row as f64;
            // A bin with any value is seen.
            let least = if row == 0 && height > 0.0 { f64::MIN_POSITIVE } else { 0.25 };
            if level < least {
                break;
            }
            let glyph = spark::glyph(level.min(1.0), theme).to_string();
            put(buf, area, (cell(x), cell(rows - row)), &glyph, theme.gradient(), theme);
        }
    }
    let (low, high) = (number(found.low), number(found.high));
    let y = area.height - 1;
    put(buf, area, (0, y), &low, theme.faint(), theme);
    let x = shown.saturating_sub(width(&high));
    if x > width(&low) + 1 {
        put(buf, area, (cell(x), y), &high, theme.faint(), theme);
    }
    let middle = format!("most in a bin: {}", count(most));
    let at = shown.saturating_sub(width(&middle)) / 2;
    if at > width(&low) + 1 && at + width(&middle) + 1 < x {
        put(buf, area, (cell(at), y), &middle, theme.faint(), theme);
    }
}
