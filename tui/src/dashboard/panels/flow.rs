//! The gradient flow: the norm of dL/dh at each time step, for each recurrent layer and direction.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;
use seq2seq::event::FlowSeries;

use crate::dashboard::model::Model;
use crate::dashboard::theme::Theme;
use crate::dashboard::widgets::bars::{cell, columns, first_that_fits, put, put_line};
use crate::format::{count, fit, number, width};

/// Glyphs of a bar; each is ten times the one before it.
const HEIGHTS: usize = 8;
/// Factor by which the far end must exceed the near one for the gradient to grow.
const GROWS: f32 = 10.0;

/// Returns the rows that the panel needs: its frame, the sentence, and a row for each series.
pub(in crate::dashboard) fn rows(model: &Model) -> u16 {
    model.flow().map_or(0, |flow| cell(flow.series.len()) + 3)
}

/// Draws the panel: a sentence, and one line of bars for each series.
///
/// The scale is the same in every run: a full bar is the largest norm of the series, each smaller
/// bar a tenth of the next larger one.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let Some(flow) = model.flow() else { return };
    if area.height < 3 {
        return;
    }
    let arrow = theme.pick('→', '>');
    let room = columns(area).saturating_sub(2);
    let title = first_that_fits(
        [
            Line::raw(format!(
                " gradient flow: |dL/dh| over time {arrow}, step {} ",
                count(flow.step)
            )),
            Line::raw(format!(" gradient flow, time {arrow} ")),
        ],
        room,
    );
    let block = theme.panel(title).title_bottom(legend(theme, room).right_aligned());
    let inner = block.inner(area);
    block.render(area, buf);
    put_line(buf, inner, 0, &sentence(&flow.series, columns(inner)));
    let rows = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let hidden = flow.series.len().saturating_sub(usize::from(rows.height));
    for (y, series) in (0..rows.height).zip(&flow.series) {
        if hidden > 0 && y + 1 == rows.height {
            let more = format!("{} {} more", theme.cut(), hidden + 1);
            put(buf, rows, (0, y), &more, theme.faint(), theme);
        } else {
            draw_series(
                series,
                &flow.series,
                theme,
                Rect { y: rows.y + y, height: 1, ..rows },
                buf,
            );
        }
    }
}

fn draw_series(
    series: &FlowSeries,
    all: &[FlowSeries],
    theme: Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let names = all.iter().map(|series| width(&series.name)).max().unwrap_or(0);
    let names = names.min(columns(area) / 3);
    let reach = reach(&series.norms, is_reversed(series), 0.5);
    let mut words = format!("half {}/{}", reach, series.norms.len().saturating_sub(1));
    if columns(area) >= 70
        && let (Some(first), Some(last)) = (series.norms.first(), series.norms.last())
    {
        let arrow = theme.pick('→', '>');
        words = format!("{words:<12} {first:.1e} {arrow} {last:.1e}");
    }
    let words_columns = if columns(area) >= 70 { 33 } else { 11 };
    let room = columns(area).saturating_sub(names + 1 + words_columns);
    put(buf, area, (0, 0), &fit(&series.name, names, theme.cut()), theme.faint(), theme);
    let largest = largest(&series.norms);
    let shown = if series.norms.is_empty() { 0 } else { room };
    let glyphs: String = (0..shown)
        .map(|column| {
            let from = column * series.norms.len() / room;
            let to = ((column + 1) * series.norms.len() / room).max(from + 1);
            let part = series.norms.get(from..to).unwrap_or(&[]);
            if part.iter().any(|norm| !norm.is_finite()) {
                return theme.not_finite();
            }
            bar(part.iter().copied().fold(0.0, f32::max) / largest, theme)
        })
        .collect();
    put(buf, area, (cell(names + 1), 0), &glyphs, theme.gradient(), theme);
    put(buf, area, (cell(names + 2 + room), 0), &words, theme.faint(), theme);
}

/// Returns the bars with their shares, as many as fit.
fn legend(theme: Theme, wide: usize) -> Line<'static> {
    let of = |end: &str| {
        let bars: Vec<String> = [(1.0, "1"), (1e-2, ".01"), (1e-4, "1e-4"), (1e-6, "1e-6")]
            .iter()
            .map(|(share, label)| format!("{} {label}", bar(*share, theme)))
            .collect();
        Line::styled(format!(" {}{end} ", bars.join("  ")), theme.faint())
    };
    first_that_fits([of(" of the largest of its row"), of(" of its largest"), of("")], wide)
}

/// Returns what the flow means, for the series through which the least of the gradient flows.
pub(in crate::dashboard) fn sentence(series: &[FlowSeries], wide: usize) -> Line<'static> {
    let Some(worst) = weakest(series) else { return Line::raw("no gradient reaches any state") };
    let steps = worst.norms.len().saturating_sub(1);
    let name = &worst.name;
    if let Some(factor) = growth(&worst.norms, is_reversed(worst)) {
        let factor = number(factor.into());
        let text = format!("the error grows {factor} times over {steps} steps back");
        return first_that_fits([Line::raw(format!("{text} in {name}")), Line::raw(text)], wide);
    }
    let of = |share| match reach(&worst.norms, is_reversed(worst), share) {
        back if back == steps => format!("all {steps}"),
        back => format!("{back} of {steps}"),
    };
    let half = format!("half of the error reaches {} steps back", of(0.5));
    first_that_fits(
        [
            Line::raw(format!("{half} in {name}, a hundredth {}", of(0.01))),
            Line::raw(format!("{half} in {name}")),
            Line::raw(half),
            Line::raw(format!("half the error: {} steps back", of(0.5))),
        ],
        wide,
    )
}

/// Returns the series through which the least of the gradient flows.
pub(super) fn weakest(series: &[FlowSeries]) -> Option<&FlowSeries> {
    let share = |series: &FlowSeries| {
        let steps = series.norms.len().saturating_sub(1).max(1);
        reach(&series.norms, is_reversed(series), 0.5) as f64 / steps as f64
    };
    series
        .iter()
        .filter(|series| largest(&series.norms) > 0.0)
        .min_by(|a, b| share(a).total_cmp(&share(b)))
}

/// Iterates over the norms from the end at which the gradient enters.
pub(in crate::dashboard) fn back(series: &FlowSeries) -> Box<dyn Iterator<Item = f32> + '_> {
    let norms = series.norms.iter().copied();
    if is_reversed(series) { Box::new(norms) } else { Box::new(norms.rev()) }
}

/// Returns true if the gradient flows towards the end of the sentence.
fn is_reversed(series: &FlowSeries) -> bool {
    series.name.ends_with(".reverse")
}

/// Returns the largest finite norm.
pub(in crate::dashboard) fn largest(norms: &[f32]) -> f32 {
    norms.iter().copied().filter(|norm| norm.is_finite()).fold(0.0, f32::max)
}

/// Returns the number of steps back, from the end at which the gradient enters, to the farthest
/// state whose gradient norm is at least `share` of the largest.
fn reach(norms: &[f32], reversed: bool, share: f32) -> usize {
    let least = share * largest(norms);
    let reaches = |norm: &f32| *norm >= least && *norm > 0.0;
    if reversed {
        norms.iter().rposition(reaches).unwrap_or(0)
    } else {
        norms.iter().position(reaches).map_or(0, |first| norms.len() - 1 - first)
    }
}

/// Returns the factor by which the gradient grows from the near half to the far quarter of the
/// states, if it does.
fn growth(norms: &[f32], reversed: bool) -> Option<f32> {
    let (quarter, half) = (norms.len() / 4, norms.len() / 2);
    let (far, near) = if reversed {
        (norms.get(norms.len() - quarter..)?, norms.get(..half)?)
    } else {
        (norms.get(..quarter)?, norms.get(norms.len() - half..)?)
    };
    let factor = largest(far) / largest(near);
    (factor.is_finite() && factor > GROWS).then_some(factor)
}

/// Returns the bar of a share of the largest norm; a blank for zero.
fn bar(share: f32, theme: Theme) -> char {
    let glyphs: [char; HEIGHTS] = if theme.unicode {
        ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
    } else {
        ['.', ':', '-', '=', '+', '*', '#', '@']
    };
    let log = share.log10();
    if !log.is_finite() {
        return ' ';
    }
    let last = (HEIGHTS - 1) as f32;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 7
    let level = (last + log).round().clamp(0.0, last) as usize;
    glyphs.get(level).copied().unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, norms: &[f32]) -> FlowSeries {
        FlowSeries { name: name.into(), norms: norms.to_vec() }
    }

    /// Returns norms that fall by a factor per step back from the end of the sentence.
    fn falling(factor: f32, steps: i32) -> Vec<f32> {
        (0..steps).map(|t| 0.02 * factor.powi(steps - 1 - t)).collect()
    }

    #[test]
    fn a_bar_depends_on_the_share_alone() {
        let bars = |norms: &[f32]| -> String {
            norms.iter().map(|norm| bar(norm / largest(norms), Theme::PLAIN)).collect()
        };
        // An LSTM that keeps its gradient and an Elman network that loses it.
        assert_eq!(bars(&falling(0.9, 12)), "▇███████████");
        assert_eq!(bars(&falling(0.1, 8)), "▁▂▃▄▅▆▇█");
        assert_eq!(bars(&[0.0, 1e-30, 1.0]), " ▁█");
        assert_eq!(bar(f32::NAN, Theme::ASCII), ' ');
    }

    #[test]
    fn the_reach_is_counted_from_the_end_where_the_gradient_enters() {
        let forward = falling(0.8, 13);
        let backward: Vec<f32> = forward.iter().rev().copied().collect();
        assert_eq!(reach(&forward, false, 0.5), 3);
        assert_eq!(reach(&backward, true, 0.5), 3);
        assert_eq!(reach(&forward, false, 0.01), 12);
        assert_eq!(reach(&[], false, 0.5), 0);
        assert_eq!(reach(&[0.0, 0.0], true, 0.5), 0);
    }

    #[test]
    fn the_sentence_is_about_the_weakest_series() {
        let text = |all: &[FlowSeries], wide| sentence(all, wide).to_string();
        let all = [series("encoder", &falling(0.99, 13)), series("decoder", &falling(0.5, 13))];
        assert_eq!(
            text(&all, 99),
            "half of the error reaches 1 of 12 steps back in decoder, a hundredth 6 of 12"
        );
        assert_eq!(text(&all[..1], 50), "half of the error reaches all 12 steps back");
        assert_eq!(text(&all, 36), "half the error: 1 of 12 steps back");
        assert!(text(&[series("a", &falling(2.0, 13))], 99).starts_with("the error grows"));
        assert_eq!(text(&[series("a", &[0.0; 4])], 99), "no gradient reaches any state");
    }
}
