//! The page of curves: any metric of this run and of others, with zoom and crosshair.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::dashboard::history::{Axis, RunHistory};
use crate::dashboard::metric::Metric;
use crate::dashboard::model::Model;
use crate::dashboard::series::{Bucket, Series};
use crate::dashboard::theme::Theme;
use crate::dashboard::widgets::bars::{MetricLine, cell, columns, first_that_fits, put_line};
use crate::dashboard::widgets::plot::{Curve, Dash, Plot, Shape, Window};
use crate::format::{brief, count, duration, fit, number, percent, several, width};

/// Columns of the name of another run.
const NAME: usize = 24;
/// Rows from which on the pane has a legend.
const WITH_LEGEND: u16 = 6;

/// A curve of a run on the axes of the view.
struct RunCurve {
    name: &'static str,
    run: usize,
    /// Place among the curves of the run.
    place: usize,
    dense: bool,
    raw: Series,
    /// The mean over the smoothing window, of a dense curve.
    mean: Option<Series>,
}

/// The curves of all runs.
struct AllCurves {
    curves: Vec<RunCurve>,
    names: Vec<String>,
}

impl RunCurve {
    /// Returns the dash of the curve's line.
    fn dash(&self) -> Dash {
        if self.run == 0 && self.dense && self.place > 0 { Dash::Short } else { Dash::of(self.run) }
    }

    /// Returns the style of the curve's line or points.
    fn style(&self, theme: Theme) -> Style {
        if self.run == 0 && self.place > 0 {
            theme.valid().bold()
        } else {
            style(self.run, theme).bold()
        }
    }
}

impl AllCurves {
    fn of(model: &Model) -> Self {
        let view = &model.curves_view;
        let others = model.beside.iter().map(|beside| (&*beside.history, beside.name.clone()));
        let runs: Vec<(&RunHistory, String)> =
            std::iter::once((&*model.history, "this run".to_owned())).chain(others).collect();
        let mut curves = Vec::new();
        for (run, (history, _)) in runs.iter().enumerate() {
            let clock = &history.clock;
            let x = |step: f64| clock.at(step, view.axis);
            for (place, curve) in view.metric.curves(&history.curves).into_iter().enumerate() {
                // Of another run one dense curve is shown, so that the lines can be told apart.
                if curve.series.is_empty() || (run > 0 && place > 0 && curve.dense) {
                    continue;
                }
                let window = f64::from(view.window());
                let smooth = curve.dense && window > 0.0;
                let mean = smooth.then(|| curve.series.smoothed(window).map(x, curve.value));
                let raw = curve.series.map(x, curve.value);
                curves.push(RunCurve {
                    name: curve.name,
                    run,
                    place,
                    dense: curve.dense,
                    raw,
                    mean,
                });
            }
        }
        Self { curves, names: runs.into_iter().map(|(_, name)| name).collect() }
    }

    /// Returns the range of all curves on the horizontal axis.
    fn whole(&self) -> Option<(f64, f64)> {
        self.curves
            .iter()
            .filter_map(|curve| curve.raw.reach())
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }
}

/// What the page shows, with the rectangles of its parts.
struct Content<'a> {
    model: &'a Model,
    all: AllCurves,
    /// The visible range of the horizontal axis.
    range: Option<(f64, f64)>,
    cursor: Option<f64>,
    legend: Vec<Line<'static>>,
    values: Vec<Line<'static>>,
    /// Legend, plot, values.
    areas: [Rect; 3],
}

impl<'a> Content<'a> {
    fn new(model: &'a Model, inner: Rect) -> Self {
        let all = AllCurves::of(model);
        let whole = all.whole();
        let cursor = whole.and_then(|whole| model.curves_view.cursor(whole));
        let legend = legend(model, &all, columns(inner));
        let legend_rows = if inner.height >= WITH_LEGEND { legend.len() } else { 0 };
        let values = cursor.map_or_else(Vec::new, |at| values_at(model, &all, at, columns(inner)));
        let areas = Layout::vertical([
            Constraint::Length(cell(legend_rows)),
            Constraint::Min(3),
            Constraint::Length(cell(values.len())),
        ])
        .areas(inner);
        let range = whole.map(|whole| model.curves_view.range(whole));
        Self { model, all, range, cursor, legend, values, areas }
    }

    /// Returns what a point of the first curve stands for, if it stands for several values: the curve
    /// keeps their minimum and maximum. Where the screen has more columns than points, a larger zoom
    /// shows no more.
    fn merged(&self) -> Option<String> {
        let (left, right) = self.range?;
        let curve = self.all.curves.first()?;
        let visible = |bucket: &&Bucket| bucket.last >= left && bucket.first <= right;
        let seen: Vec<&Bucket> = curve.raw.buckets().iter().filter(visible).collect();
        let most = seen.iter().map(|bucket| bucket.count).fold(1.0, f64::max);
        let finest = seen.len() < columns(self.areas[1]);
        let steps = brief(most);
        (most > 1.0).then(|| match finest {
            true => format!("finest: min to max of {steps} steps"),
            false => format!("a point: min to max of {steps} steps"),
        })
    }

    fn plot(&self) -> Plot<'_> {
        plot_of(self.model, &self.all, self.range, self.cursor)
    }
}

/// Draws the page.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let mut block = model.theme.panel(title(model, columns(area)));
    let inner = block.inner(area);
    let content = Content::new(model, inner);
    if let Some(line) = foot(model, &content, columns(area)) {
        block = block.title_bottom(line);
    }
    block.render(area, buf);
    let [head, plot, foot] = content.areas;
    (0..head.height).zip(&content.legend).for_each(|(y, line)| put_line(buf, head, y, line));
    (0..foot.height).zip(&content.values).for_each(|(y, line)| put_line(buf, foot, y, line));
    content.plot().render(plot, buf);
}

/// Returns the position on the horizontal axis at a place of the screen.
pub(in crate::dashboard) fn at(model: &Model, area: Rect, place: (u16, u16)) -> Option<f64> {
    let content = Content::new(model, model.theme.panel("").inner(area));
    content.plot().position(content.areas[1], place)
}

/// Returns the unit of the labels of a visible range, and the axis's name with it.
fn unit(axis: Axis, range: Option<(f64, f64)>) -> (f64, &'static str) {
    let end = range.map_or(0.0, |range| range.1);
    match axis {
        Axis::Time if end >= 172_800.0 => (86_400.0, "days"),
        Axis::Time if end >= 7200.0 => (3600.0, "hours"),
        Axis::Time if end >= 120.0 => (60.0, "min"),
        Axis::Time => (1.0, "s"),
        other => (1.0, other.name()),
    }
}

fn style(run: usize, theme: Theme) -> Style {
    match run {
        0 => theme.train(),
        1 => theme.gradient(),
        2 => theme.good(),
        _ => theme.valid(),
    }
}

/// Returns the mark of the points of a run.
fn mark(run: usize) -> char {
    ['o', 'x', 'v', '#', '@'].get(run).copied().unwrap_or('@')
}

fn plot_of<'a>(
    model: &Model,
    all: &'a AllCurves,
    range: Option<(f64, f64)>,
    cursor: Option<f64>,
) -> Plot<'a> {
    let theme = model.theme;
    let mut curves = Vec::new();
    // Later curves are drawn over earlier ones: the ranges first, this run's lines last.
    for curve in &all.curves {
        if curve.dense && curve.run == 0 && curve.place == 0 && curve.mean.is_some() {
            let (shape, dash) = (Shape::Band, Dash::None);
            curves.push(Curve { series: &curve.raw, shape, style: theme.faint(), dash });
        }
    }
    for run in (0..all.names.len()).rev() {
        for curve in all.curves.iter().filter(|curve| curve.run == run) {
            let (series, shape) = match &curve.mean {
                Some(mean) => (mean, Shape::Line),
                None if curve.dense => (&curve.raw, Shape::Band),
                None => (&curve.raw, Shape::Points(mark(run))),
            };
            let style = curve.style(theme);
            curves.push(Curve { series, shape, style, dash: curve.dash() });
        }
    }
    let (unit, axis) = unit(model.curves_view.axis, range);
    let window = Window { range, values: None, axis, unit, cursor };
    Plot { curves, log: model.is_logarithmic(), steps: true, window, theme }
}

/// Returns the metric, its scale, the axis and the smoothing, in the longest form that fits.
fn title(model: &Model, wide: usize) -> Line<'static> {
    let view = &model.curves_view;
    let scale = if model.is_logarithmic() { "log" } else { "linear" };
    let name = view.metric.name();
    let unit = match view.metric {
        Metric::Loss if model.run_state.has_perplexity() => " in nats per token",
        _ => "",
    };
    let smooth = match view.window() {
        0 => "not smoothed".to_owned(),
        window => format!("mean of {}", several(window.into(), "step")),
    };
    let over = view.axis.plural();
    first_that_fits(
        [
            Line::raw(format!(" {name}{unit} over {over}, {scale} axis, {smooth} ")),
            Line::raw(format!(" {name} over {over}, {scale} axis, {smooth} ")),
            Line::raw(format!(" {name} over {over}, {scale}, {smooth} ")),
            Line::raw(format!(" {name} over {over}, {scale} ")),
            Line::raw(format!(" {name} ")),
        ],
        wide.saturating_sub(2),
    )
}

/// Returns the line on the lower edge: values that are not finite, zoom, what the keys do.
fn foot(model: &Model, content: &Content, wide: usize) -> Option<Line<'static>> {
    let theme = model.theme;
    let view = &model.curves_view;
    let mut line = MetricLine::new(theme, wide.saturating_sub(4));
    let run_state = &model.run_state;
    if run_state.not_finite > 0 {
        let text = format!(
            "{} {} not finite, first at {}",
            theme.not_finite(),
            several(run_state.not_finite, "step"),
            count(run_state.first_not_finite.unwrap_or_default())
        );
        line.add([Span::styled(text, theme.bad())]);
    }
    // What a point is comes before how far it is zoomed, which a small screen leaves out.
    if let Some(merged) = content.merged() {
        line.add([Span::styled(merged, theme.strong())]);
    }
    if view.zoom() > 1.0 {
        let follow = if view.follows() { ", following" } else { "; Home: whole" };
        let text = format!("zoom {}x{follow}", brief(view.zoom()));
        line.add([Span::styled(text, theme.strong())]);
    }
    for beside in model.beside.iter().filter(|beside| beside.share.is_some()) {
        let share = percent(beside.share.unwrap_or(0.0));
        let text = format!("reading {}: {share}", fit(&beside.name, NAME, theme.cut()));
        line.add([Span::styled(text, theme.faint())]);
    }
    let keys = "m: metric  x: axis  w W: smoothing  + -: zoom  b: another run";
    line.add([Span::styled(keys, theme.faint())]);
    let mut line = line.line();
    if line.spans.is_empty() {
        return None;
    }
    line.spans.insert(0, Span::raw(" "));
    line.spans.push(Span::raw(" "));
    Some(line)
}

/// Returns the legend: for each run its sign, dash or mark, beside its colour.
fn legend(model: &Model, all: &AllCurves, wide: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let mut lines = Vec::new();
    for (run, name) in all.names.iter().enumerate() {
        let mut line = MetricLine::new(theme, wide);
        let name = fit(name, NAME, theme.cut());
        if all.names.len() > 1 {
            line.add([Span::styled(name, style(run, theme))]);
        }
        let mut known = false;
        for curve in all.curves.iter().filter(|curve| curve.run == run) {
            known = true;
            let band = theme.pick('⠿', '.');
            let (sign, bold) = (curve.dash().sign(theme), curve.style(theme));
            if !curve.dense {
                line.add([Span::styled(format!("{} {}", mark(run), curve.name), bold)]);
            } else if curve.mean.is_none() {
                line.add([Span::styled(format!("{band} {}", curve.name), bold)]);
            } else if run == 0 && curve.place == 0 {
                line.add([Span::styled(format!("{band} {}", curve.name), theme.faint())]);
                line.add([Span::styled(format!("{sign} its mean"), bold)]);
            } else {
                line.add([Span::styled(format!("{sign} mean of {}", curve.name), bold)]);
            }
        }
        if !known {
            let what = format!("no {}", model.curves_view.metric.name());
            line.add([Span::styled(what, theme.faint())]);
        }
        lines.push(line.line());
    }
    lines
}

/// Returns the values at the crosshair: a line of the position, then one for each run.
fn values_at(model: &Model, all: &AllCurves, at: f64, wide: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let axis = model.curves_view.axis;
    let step = model.history.clock.step_at(at, axis);
    let mut line = MetricLine::new(theme, wide);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a step
    let whole = step.round().max(0.0) as u64;
    line.add([Span::styled(format!("at step {}", count(whole)), theme.strong())]);
    let clock = &model.history.clock;
    line.number("epoch", format!("{:.2}", clock.at(step, Axis::Epochs)), Style::new());
    line.number("time", duration(clock.at(step, Axis::Time)), Style::new());
    line.number("tokens", brief(clock.at(step, Axis::Tokens)), Style::new());
    let mut lines = Vec::new();
    for (run, name) in all.names.iter().enumerate() {
        let mut values = MetricLine::new(theme, wide);
        if run > 0 {
            values.add([Span::styled(fit(name, NAME, theme.cut()), style(run, theme))]);
        }
        for curve in all.curves.iter().filter(|curve| curve.run == run) {
            let Some(bucket) = curve.raw.at(at) else { continue };
            let text = if bucket.low < bucket.high {
                format!("{} to {}", number(bucket.low), number(bucket.high))
            } else {
                number(bucket.close)
            };
            values.number(curve.name, text, curve.style(theme));
            if let Some(mean) = curve.mean.as_ref().and_then(|mean| mean.at(at)) {
                values.number("mean", number(mean.close), curve.style(theme));
            }
        }
        lines.push(values.line());
    }
    // One line holds the position and the values of a single run if they fit.
    let first = line.line();
    if lines.len() == 1
        && let Some(values) = lines.first_mut()
        && first.width() + values.width() + 2 <= wide
    {
        let mut spans = first.spans;
        spans.push(Span::raw("  "));
        spans.append(&mut values.spans);
        return vec![Line::from(spans)];
    }
    lines.insert(0, first);
    let name_fits = |line: &Line| width(&line.to_string()) > 0;
    lines.retain(name_fits);
    lines
}
