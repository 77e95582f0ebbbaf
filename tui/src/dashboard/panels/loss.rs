//! The loss curves: training loss, raw and smoothed, and loss on held-out pairs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::dashboard::model::Model;
use crate::dashboard::widgets::plot::{Curve, Plot, Shape};
use crate::format::{number, several};

/// Draws the panel.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let mark = theme.pick('o', 'o');
    let mut title = vec![
        Span::raw(" loss  "),
        Span::styled(format!("{} batch  ", theme.pick('⠿', '.')), theme.faint()),
        Span::styled(format!("{} smoothed  ", theme.pick('─', '*')), theme.train().bold()),
        Span::styled(format!("{mark} valid "), theme.valid()),
    ];
    if model.log {
        title.push(Span::raw(" log "));
    }
    let mut block = theme.panel(Line::from(title));
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

/// Returns the curves without a frame.
pub(in crate::dashboard) fn plot(model: &Model) -> Plot<'_> {
    let theme = model.theme;
    let curves = &model.curves;
    Plot {
        curves: vec![
            Curve { series: &curves.loss, shape: Shape::Band, style: theme.faint() },
            Curve { series: &curves.smoothed, shape: Shape::Line, style: theme.train().bold() },
            Curve { series: &curves.valid, shape: Shape::Points('o'), style: theme.valid().bold() },
        ],
        log: model.log,
        steps: true,
        theme,
    }
}

/// Returns the newest values as text: `batch 0.3210, smoothed 0.3504`, as far as known.
pub(in crate::dashboard) fn words(model: &Model) -> Option<(String, String)> {
    let batch = model.run_state.step.as_ref()?.loss;
    let smoothed = model.run_state.loss.value().unwrap_or(f64::NAN);
    Some((number(batch), number(smoothed)))
}
