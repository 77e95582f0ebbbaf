//! The gradient flow of a layer: over the steps back, and as a heat strip over training, beside that
//! of other runs.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use seq2seq::event::{Flow, FlowSeries};

use super::flow::{back, largest, sentence, weakest};
use crate::dashboard::history::RunHistory;
use crate::dashboard::model::Model;
use crate::dashboard::series::Series;
use crate::dashboard::theme::Theme;
use crate::dashboard::widgets::bars::{cell, columns, first_that_fits, put, put_line};
use crate::dashboard::widgets::plot::{Curve, Dash, Plot, Shape, Window};
use crate::format::{count, fit, width};

/// The ends of the scale: shares of the largest norm of the series.
const SCALE: (f64, f64) = (1e-8, 1.5);
/// Powers of ten of a share, and the weights of their glyphs in between.
const POWERS: [(f32, f32); 5] = [(-8.0, 0.05), (-6.0, 0.2), (-4.0, 0.45), (-2.0, 0.7), (0.0, 1.0)];
/// Columns from which on curve and strips are side by side.
const SIDE_BY_SIDE: u16 = 70;
/// Columns of the name of a run.
const NAME: usize = 24;

/// Columns from which on a run's model is named beside it.
const WITH_MODEL: usize = 70;

/// A run with its gradient flow at the shown step, or its newest one.
struct RunFlow<'a> {
    name: &'a str,
    history: &'a RunHistory,
    flow: &'a Flow,
}

/// Draws the panel.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let runs = runs(model);
    let Some(own) = runs.first() else {
        let block = theme.panel(" gradient flow ");
        let inner = block.inner(area);
        block.render(area, buf);
        put(buf, inner, (1, 0), "nothing yet", theme.faint(), theme);
        return;
    };
    let Some(layer) = layer(model, &own.flow.series) else { return };
    let wide = columns(area).saturating_sub(2);
    let step = count(own.flow.step);
    let title = first_that_fits(
        [
            Line::raw(format!(
                " gradient flow of {layer} at step {step}, of its largest; r: layer "
            )),
            Line::raw(format!(" gradient flow of {layer}, step {step}; r: layer ")),
            Line::raw(format!(" flow of {layer} ")),
        ],
        wide,
    );
    let block = theme.panel(title).title_bottom(legend(theme, wide).right_aligned());
    let inner = block.inner(area);
    block.render(area, buf);
    let [words, body] =
        Layout::vertical([Constraint::Length(cell(runs.len())), Constraint::Min(0)]).areas(inner);
    for (y, (run, it)) in (0..words.height).zip(runs.iter().enumerate()) {
        put_line(
            buf,
            words,
            y,
            &run_sentence(run, it, layer, runs.len() > 1, columns(words), theme),
        );
    }
    let (left, right) = if inner.width >= SIDE_BY_SIDE {
        let halves = [Constraint::Percentage(45), Constraint::Percentage(55)];
        let [left, right] = Layout::horizontal(halves).spacing(1).areas(body);
        (left, right)
    } else {
        let [left, right] =
            Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).areas(body);
        (left, right)
    };
    draw_curves(&runs, layer, theme, left, buf);
    draw_strips(&runs, layer, theme, right, buf);
}

fn runs(model: &Model) -> Vec<RunFlow<'_>> {
    let own = model.flow().map(|flow| RunFlow { name: "this run", history: &model.history, flow });
    let others = model.beside.iter().filter_map(|beside| {
        let flows = &beside.history.flows;
        // The same step as that of this run, as far as the other run has it.
        let flow =
            if model.is_scrubbed() { flows.at(model.samples_step()) } else { flows.newest() };
        Some(RunFlow { name: &beside.name, history: &beside.history, flow: flow? })
    });
    own.into_iter().chain(others).collect()
}

/// Returns the layer that is shown: the chosen one, or the one through which least flows.
fn layer<'a>(model: &Model, series: &'a [FlowSeries]) -> Option<&'a str> {
    let chosen = model.parameters_view.layer.and_then(|layer| series.get(layer));
    chosen.or_else(|| weakest(series)).or(series.first()).map(|series| series.name.as_str())
}

fn named<'a>(flow: &'a Flow, layer: &str) -> Option<&'a FlowSeries> {
    flow.series.iter().find(|series| series.name == layer)
}

/// Returns what the flow of a run means, with the run's sign if there are several.
fn run_sentence(
    run: usize,
    it: &RunFlow,
    layer: &str,
    several: bool,
    wide: usize,
    theme: Theme,
) -> Line<'static> {
    let model = it.history.run_state.start.as_ref().map_or("", |start| start.model.as_str());
    let model = model.split(',').next().filter(|model| !model.is_empty() && wide >= WITH_MODEL);
    let model = model.map_or_else(String::new, |model| format!(" ({model})"));
    let sign = Dash::of(run).sign(theme);
    let name = format!("{sign} {}{model}: ", fit(it.name, NAME, theme.cut()));
    let name = if several { name } else { String::new() };
    let text = match named(it.flow, layer) {
        Some(series) => {
            sentence(std::slice::from_ref(series), wide.saturating_sub(width(&name))).to_string()
        }
        None => format!("no layer {layer}"),
    };
    Line::from(vec![Span::styled(name, theme.strong()), Span::raw(text)])
}

/// Returns the shares of the largest norm, from the end at which the gradient enters.
fn shares(series: &FlowSeries) -> Vec<f32> {
    let largest = largest(&series.norms);
    back(series).map(|norm| norm / largest).collect()
}

fn draw_curves(runs: &[RunFlow], layer: &str, theme: Theme, area: Rect, buf: &mut Buffer) {
    let all: Vec<(usize, Series)> = runs
        .iter()
        .enumerate()
        .filter_map(|(run, it)| {
            let mut series = Series::default();
            for (back, share) in shares(named(it.flow, layer)?).into_iter().enumerate() {
                // A share below the scale is drawn at its lower edge.
                series.push(back as f64, f64::from(share).max(SCALE.0));
            }
            Some((run, series))
        })
        .collect();
    let curves = all
        .iter()
        .rev()
        .map(|(run, series)| {
            let style = if *run == 0 { theme.gradient() } else { theme.train() };
            Curve { series, shape: Shape::Line, style: style.bold(), dash: Dash::of(*run) }
        })
        .collect();
    let window = Window { values: Some(SCALE), axis: "steps back", ..Window::default() };
    Plot { curves, log: true, steps: true, window, theme }.render(area, buf);
}

/// Draws a heat strip for each run: steps back from the top, training from left to right.
fn draw_strips(runs: &[RunFlow], layer: &str, theme: Theme, area: Rect, buf: &mut Buffer) {
    let number = runs.len().min(usize::from(area.height / 4)).max(1);
    let rows = Layout::vertical(vec![Constraint::Fill(1); number]).split(area);
    for ((run, it), area) in runs.iter().enumerate().zip(rows.iter()) {
        draw_strip(run, it, layer, theme, *area, buf);
    }
}

fn draw_strip(run: usize, it: &RunFlow, layer: &str, theme: Theme, area: Rect, buf: &mut Buffer) {
    let flows: Vec<(u64, Vec<f32>)> = it
        .history
        .flows
        .iter()
        .filter_map(|flow| Some((flow.step, shares(named(flow, layer)?))))
        .collect();
    let deepest = flows.iter().map(|(_, shares)| shares.len()).max().unwrap_or(0);
    let label = width(&deepest.to_string()) + 1;
    if area.height < 3 || columns(area) < label + 4 || flows.is_empty() {
        return;
    }
    let name = format!("{} {}", Dash::of(run).sign(theme), fit(it.name, NAME, theme.cut()));
    let long = format!("{name}: steps back (down) over training");
    let head = if width(&long) <= columns(area) { long } else { name };
    put(buf, area, (0, 0), &head, theme.strong(), theme);
    let (room, high) = (columns(area) - label, usize::from(area.height) - 2);
    let high = high.min(deepest);
    let shown = room.min(flows.len() * 4);
    let place = |x: usize| x * flows.len() / shown;
    // Two parts in a row where the rows are too few for all steps.
    let halves = if theme.has_half_blocks() && deepest > high { 2 } else { 1 };
    let parts = high * halves;
    let part = |shares: &[f32], at: usize| -> Heat {
        let from = at * deepest / parts;
        let to = ((at + 1) * deepest / parts).max(from + 1);
        heat(shares.get(from..to.min(shares.len())).unwrap_or(&[]), theme)
    };
    for y in 0..high {
        let from = y * deepest / high;
        let text = format!("{from:>width$}", width = label - 1);
        put(buf, area, (0, cell(y + 1)), &text, theme.faint(), theme);
        for x in 0..shown {
            let Some((_, shares)) = flows.get(place(x)) else { continue };
            let (glyph, style) = match halves {
                2 => half_blocks(part(shares, 2 * y), part(shares, 2 * y + 1)),
                _ => part(shares, y),
            };
            let at = (cell(label + x), cell(y + 1));
            put(buf, area, at, &glyph.to_string(), style, theme);
        }
    }
    draw_training(
        &flows,
        (label, shown),
        it.flow.step,
        theme,
        Rect { y: area.y + cell(high + 1), height: 1, ..area },
        buf,
    );
}

/// Draws the steps of a heat strip below it, with a mark at the shown one.
fn draw_training(
    flows: &[(u64, Vec<f32>)],
    (label, shown): (usize, usize),
    step: u64,
    theme: Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let axis = |x: usize| flows.get(x * flows.len() / shown).map_or(0, |(step, _)| *step);
    let (first, last) = (format!("step {}", count(axis(0))), count(axis(shown - 1)));
    let at = (0..shown).rev().find(|x| axis(*x) <= step).unwrap_or(0);
    let marked = at + 1 < shown;
    // The mark stands before a label that would be at its place.
    let from = if marked && at <= width(&first) { at + 2 } else { 0 };
    let end = shown.saturating_sub(width(&last));
    put(buf, area, (cell(label + from), 0), &first, theme.faint(), theme);
    if end > from + width(&first) + 1 && !(marked && at >= end) {
        put(buf, area, (cell(label + end), 0), &last, theme.faint(), theme);
    }
    if marked {
        let mark = theme.pick('▲', '^').to_string();
        put(buf, area, (cell(label + at), 0), &mark, theme.strong(), theme);
    }
}

/// A glyph and its style.
type Heat = (char, Style);

/// Returns the glyph and style of two parts in one cell: half blocks in two colours, or the glyph of
/// both if it is the same.
fn half_blocks(upper: Heat, lower: Heat) -> Heat {
    let blank = |half: Heat| half.0 == ' ';
    match (upper.1.fg, lower.1.fg) {
        _ if upper.0 == lower.0 => upper,
        (Some(_), _) if blank(lower) => ('▀', upper.1),
        (_, Some(_)) if blank(upper) => ('▄', lower.1),
        (Some(_), Some(colour)) => ('▀', upper.1.bg(colour)),
        _ => upper,
    }
}

/// Returns the glyph and style of the largest of some shares; a blank where the sentence has ended.
fn heat(shares: &[f32], theme: Theme) -> Heat {
    if shares.is_empty() {
        return (' ', theme.faint());
    }
    if shares.iter().any(|share| !share.is_finite()) {
        return (theme.not_finite(), theme.bad());
    }
    theme.weight(weight(shares.iter().copied().fold(0.0, f32::max)))
}

/// Returns the weight whose glyph stands for a share: full from a hundredth on, then one glyph less
/// for each hundredth of it.
fn weight(share: f32) -> f32 {
    let power = share.log10();
    if !power.is_finite() {
        return 0.0;
    }
    let (mut before, mut after) = (POWERS[0], POWERS[0]);
    for point in POWERS {
        (before, after) = (after, point);
        if power <= point.0 {
            break;
        }
    }
    let span = after.0 - before.0;
    let part = if span > 0.0 { ((power - before.0) / span).clamp(0.0, 1.0) } else { 0.0 };
    before.1 + part * (after.1 - before.1)
}

/// Returns the glyphs of the heat strips with the least share of each.
fn legend(theme: Theme, wide: usize) -> Line<'static> {
    let glyph = |share: f32| theme.weight(weight(share)).0;
    let text = format!(
        "{} .01 {} 1e-4 {} 1e-6 {} less",
        glyph(1.0),
        glyph(1e-3),
        glyph(1e-5),
        glyph(1e-7)
    );
    first_that_fits(
        [
            Line::styled(format!(" share of the largest, at least: {text} "), theme.faint()),
            Line::styled(format!(" {text} "), theme.faint()),
            Line::raw(""),
        ],
        wide,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_parts_share_a_cell_in_two_colours() {
        let heat = |share: f32| heat(&[share], Theme::FULL);
        let (strong, weak, none) = (heat(1.0), heat(1e-5), heat(0.0));
        assert_eq!(half_blocks(strong, strong), strong);
        let (glyph, style) = half_blocks(strong, weak);
        assert_eq!((glyph, style.fg, style.bg), ('▀', strong.1.fg, weak.1.fg));
        assert_eq!(half_blocks(strong, none), ('▀', strong.1));
        assert_eq!(half_blocks(none, weak), ('▄', weak.1));
        assert_eq!(half_blocks(none, none).0, ' ');
    }

    #[test]
    fn a_glyph_stands_for_a_hundredth() {
        let glyphs = |shares: &[f32]| -> String {
            shares.iter().map(|share| Theme::PLAIN.weight(weight(*share)).0).collect()
        };
        assert_eq!(glyphs(&[1.0, 0.011, 9e-3, 1.1e-4, 9e-5, 1.1e-6, 9e-7, 0.0]), "██▓▓▒▒░ ");
        assert_eq!(glyphs(&[1e-30]), "░");
        assert_eq!(heat(&[], Theme::PLAIN).0, ' ');
        assert_eq!(heat(&[f32::NAN], Theme::PLAIN).0, '×');
    }
}
