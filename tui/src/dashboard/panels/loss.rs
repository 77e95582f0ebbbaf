//! The loss curves: training loss, raw and smoothed, and loss on held-out pairs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::dashboard::model::Model;
use crate::dashboard::widgets::bars::{columns, first_that_fits};
use crate::dashboard::widgets::plot::{Curve, Dash, Plot, Shape, Window};
use crate::format::{number, several};

/// Draws the panel.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let mut block = theme.panel(title(model, columns(area)));
    if model.run_state.not_finite > 0 {
        let text = format!(
            " {} {} not finite, first at {} ",
            theme.not_finite(),
            several(model.run_state.not_finite, "step"),
            model.run_state.first_not_finite.unwrap_or_default()
        );
        block = block.title_bottom(Line::styled(text, theme.bad()));
    }
    let inner = block.inner(area);
    block.render(area, buf);
    plot(model).render(inner, buf);
}

/// Returns the name of the value axis and the legend, in the longest form that fits.
fn title(model: &Model, wide: usize) -> Line<'static> {
    let theme = model.theme;
    let (scale, unit) = match (model.is_logarithmic(), model.run_state.has_perplexity()) {
        (true, true) => ("log", "nats per token, "),
        (false, true) => ("linear", "nats per token, "),
        (true, false) => ("log", ""),
        (false, false) => ("linear", ""),
    };
    let of = |name: String, gap: &'static str, words: [&'static str; 3]| {
        let [batch, smoothed, valid] = words;
        Line::from(vec![
            Span::raw(name),
            Span::styled(format!("{} {batch}{gap}", theme.pick('⠿', '.')), theme.faint()),
            Span::styled(format!("{} {smoothed}{gap}", theme.pick('─', '*')), theme.train().bold()),
            Span::styled(format!("o {valid} "), theme.valid()),
        ])
    };
    let short = if model.is_logarithmic() { " loss, log " } else { " loss " }.to_owned();
    let words = ["batch", "smoothed", "held out"];
    first_that_fits(
        [
            of(format!(" loss, {unit}{scale} axis  "), "  ", words),
            of(format!(" loss, {scale} axis  "), "  ", words),
            of(short.clone(), " ", words),
            of(short, " ", ["batch", "mean", "valid"]),
        ],
        wide.saturating_sub(2),
    )
}

/// Returns the curves without a frame.
pub(in crate::dashboard) fn plot(model: &Model) -> Plot<'_> {
    let theme = model.theme;
    let curves = &model.curves;
    Plot {
        curves: vec![
            Curve {
                series: &curves.loss,
                shape: Shape::Band,
                style: theme.faint(),
                dash: Dash::None,
            },
            Curve {
                series: &curves.smoothed,
                shape: Shape::Line,
                style: theme.train().bold(),
                dash: Dash::None,
            },
            Curve {
                series: &curves.valid,
                shape: Shape::Points('o'),
                style: theme.valid().bold(),
                dash: Dash::None,
            },
        ],
        log: model.is_logarithmic(),
        steps: true,
        window: Window::default(),
        theme,
    }
}

/// Returns the newest values as text: `batch 0.3210, smoothed 0.3504`, as far as known.
pub(in crate::dashboard) fn words(model: &Model) -> Option<(String, String)> {
    let batch = model.run_state.step.as_ref()?.loss;
    let smoothed = model.run_state.loss.value().unwrap_or(f64::NAN);
    Some((number(batch), number(smoothed)))
}
