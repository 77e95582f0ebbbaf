//! The header of the dashboard: state, progress, key metrics.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use seq2seq::event::{Ranks, Start};

use super::{loss, now};
use crate::dashboard::mode::Role;
use crate::dashboard::model::Model;
use crate::dashboard::page::Page;
use crate::dashboard::theme::Theme;
use crate::dashboard::widgets::bars::{MetricLine, columns, progress, put_line};
use crate::format::{brief, count, duration, fit, number, percent, setting, several};
use crate::headless::ranks_words;
use crate::run_state::State;

/// Rows of a screen from which on the header has a line for training and one for validation.
const TALL: u16 = 30;
/// Rows of a screen from which on it has a line for the ranks, if there are several.
const MEDIUM: u16 = 20;

/// Columns from which on the number of warnings has a noun.
const WIDE: usize = 100;
/// Rows of the header with all metrics.
const FULL: u16 = 5;

/// Returns the rows of the header on a screen of this height, without the title row. The page of
/// the loss has all metrics on every screen.
pub(in crate::dashboard) fn rows(model: &Model, height: u16) -> u16 {
    let ranks = u16::from(height >= MEDIUM && model.run_state.ranks.is_some());
    ranks + if height >= TALL || model.page == Page::Curves { FULL } else { FULL - 1 }
}

/// Draws the header into an area of [`rows`] rows.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let wide = columns(area);
    let mut lines = vec![identity(model, wide), advance(model, wide)];
    let ranks = model.run_state.ranks.as_ref();
    if area.height >= FULL + u16::from(ranks.is_some()) {
        lines.extend([training(model, wide), held_out(model, wide)]);
    } else {
        lines.push(numbers(model, wide));
    }
    lines.extend(ranks.filter(|_| area.height >= FULL).map(|ranks| of_ranks(ranks, model, wide)));
    lines.push(now::line(model, wide));
    for (y, line) in (0..).zip(&lines) {
        put_line(buf, area, y, line);
    }
}

/// Returns the number of warnings with the key of the page that shows them.
pub(in crate::dashboard) fn warnings_span(model: &Model, wide: usize) -> Option<Span<'static>> {
    let number = model.run_state.warning_count();
    let text = if wide >= WIDE {
        format!("! {} (key {})", several(number, "warning"), Page::Log.number())
    } else {
        format!("!{}: key {}", count(number), Page::Log.number())
    };
    (number > 0).then(|| Span::styled(text, model.theme.bad()))
}

/// Returns the sign, word and style of the state.
pub(in crate::dashboard) fn state_span(model: &Model) -> Span<'static> {
    let theme = model.theme;
    let state = model.run_state.state();
    Span::styled(format!("{} {}", sign(state, theme), state.word()), style(state, theme))
}

/// Returns the sign of a state. Its word is always beside it, except on a screen of one cell.
pub(in crate::dashboard) fn sign(state: State, theme: Theme) -> char {
    match state {
        State::Preparing => theme.pick('…', '~'),
        State::Training => theme.pick('▶', '>'),
        State::Paused => theme.pick('‖', '='),
        State::Stopping | State::Stopped => theme.pick('■', '#'),
        State::Finished | State::EarlyStopped => theme.pick('✓', '*'),
        State::Diverged | State::Failed | State::Crashed => theme.pick('✗', '!'),
    }
}

fn style(state: State, theme: Theme) -> Style {
    match state {
        State::Training | State::Finished | State::EarlyStopped => theme.good().bold(),
        State::Diverged | State::Failed | State::Crashed => theme.bad(),
        _ => theme.valid().bold(),
    }
}

/// Returns the line of state, warnings, preset, data, model, device and sizes.
fn identity(model: &Model, wide: usize) -> Line<'static> {
    let theme = model.theme;
    let run_state = &model.run_state;
    let mut metrics = MetricLine::new(theme, wide);
    metrics.add([state_span(model)]);
    if model.role == Role::Watching {
        metrics.add([Span::styled("(watching)", theme.faint())]);
    }
    metrics.add(warnings_span(model, wide));
    if let Some(start) = &run_state.start {
        let what = if start.data == start.preset {
            start.preset.clone()
        } else {
            format!("{} on {}", start.preset, start.data)
        };
        metrics.add([Span::raw(what)]);
        let model_columns = metrics.left().saturating_sub(2);
        let name = fit(&model_name(start), model_columns, theme.cut());
        metrics.add([Span::styled(name, theme.strong())]);
        metrics.add([Span::raw(start.device.clone())]);
        let pairs = brief(start.train_pairs as f64);
        metrics.number("size", brief(start.parameters as f64), Style::new());
        metrics.number("pairs", pairs, Style::new());
        metrics.number("seed", start.seed.to_string(), Style::new());
    }
    metrics.line()
}

/// Returns the model, and the values that differ from the preset.
fn model_name(start: &Start) -> String {
    if start.differences.is_empty() {
        return start.model.clone();
    }
    let changed = start.differences.iter().map(|change| format!("{} = {}", change.key, change.to));
    format!("{}; changed: {}", start.model, changed.collect::<Vec<_>>().join(", "))
}

/// Returns the line of progress: a bar for the run, a bar for the epoch, steps, elapsed time and
/// time left.
fn advance(model: &Model, wide: usize) -> Line<'static> {
    let theme = model.theme;
    let run_state = &model.run_state;
    let last = run_state.start.as_ref().and_then(|start| start.last_step);
    let steps = match last {
        Some(last) => format!("{}/{}", count(run_state.steps()), count(last)),
        None => count(run_state.steps()),
    };
    let eta = eta_words(model);
    let mut words = MetricLine::new(theme, wide);
    words.number("step", steps, theme.strong());
    if run_state.state().is_over() {
        words.number("in", duration(run_state.seconds()), theme.strong());
    } else {
        words.number("ETA", eta, theme.strong());
        words.number("spent", duration(run_state.seconds()), Style::new());
    }
    let epoch = run_state.epoch().map(|(epoch, epochs)| match epochs {
        Some(epochs) => format!("{epoch}/{epochs}"),
        None => epoch.to_string(),
    });
    let epoch_columns = epoch.as_ref().map_or(0, |text| text.len() + 8);
    let spare = words.left().saturating_sub(epoch_columns + 16);
    let run_bar = (spare * 3 / 5).min(40);
    let epoch_bar = (spare - run_bar).min(16);
    let mut line = MetricLine::new(theme, wide);
    if let Some(share) = run_state.share().filter(|_| run_bar >= 4) {
        let [filled, empty] = progress(share, run_bar, theme.good(), theme);
        let name = Span::styled("run ", theme.faint());
        line.add([name, filled, empty, Span::raw(format!(" {}", percent(share)))]);
    }
    line.add(words.line().spans);
    if let (Some(epoch), Some(share)) = (epoch, run_state.epoch_share()) {
        let name = Span::styled("epoch ", theme.faint());
        let mut pieces = vec![name, Span::raw(epoch)];
        if epoch_bar >= 4 {
            pieces.push(Span::raw(" "));
            pieces.extend(progress(share, epoch_bar, theme.train(), theme));
        }
        line.add(pieces);
    }
    line.line()
}

/// Returns the time left, or the reason why it is not known.
pub(in crate::dashboard) fn eta_words(model: &Model) -> String {
    match (model.run_state.eta(), model.run_state.state()) {
        (Some(eta), _) => duration(eta),
        (None, State::Preparing | State::Training) => "warming up".to_owned(),
        (None, _) => model.theme.pick('–', '-').to_string(),
    }
}

/// Formats a learning rate in few characters; one that follows a schedule has many digits.
fn rate_words(rate: f64) -> String {
    let exact = setting(rate);
    if exact.len() <= 6 { exact } else { number(rate) }
}

/// Returns the line of the ranks: how many there are, their speeds, and what they wait for.
fn of_ranks(ranks: &Ranks, model: &Model, wide: usize) -> Line<'static> {
    let mut metrics = MetricLine::new(model.theme, wide);
    metrics.number("ranks", ranks.ranks.len().to_string(), model.theme.strong());
    let [speeds, rest @ ..] = &ranks_words(ranks)[..] else { return metrics.line() };
    let others: usize = rest.iter().map(|words| words.len() + 2).sum();
    let room = metrics.left().saturating_sub(others + 2);
    metrics.add([Span::raw(fit(speeds, room, model.theme.cut()))]);
    for words in rest {
        metrics.add([Span::raw(words.clone())]);
    }
    metrics.line()
}

/// Returns the most important metrics of training and validation.
fn numbers(model: &Model, wide: usize) -> Line<'static> {
    let theme = model.theme;
    let mut metrics = MetricLine::new(theme, wide);
    let Some(step) = &model.run_state.step else { return held_out(model, wide) };
    if let Some((batch, smoothed)) = loss::words(model) {
        if step.loss.is_finite() {
            metrics.number("loss", smoothed, theme.train().bold());
        } else {
            metrics.number("batch", batch, theme.bad());
        }
    }
    if let Some(valid) = &model.run_state.validation {
        let style = if valid.metrics.loss.is_finite() { theme.valid().bold() } else { theme.bad() };
        metrics.number("held-out loss", number(valid.metrics.loss), style);
        if let Some(bleu) = valid.metrics.bleu {
            metrics.number("BLEU", format!("{bleu:.1}"), theme.valid());
        }
    }
    let speed = model.run_state.speed.value().unwrap_or(f64::NAN);
    metrics.number("tok/s", brief(speed), theme.strong());
    metrics.number("lr", rate_words(step.learning_rate), Style::new());
    if model.run_state.dropped > 0 {
        metrics.number("dropped", count(model.run_state.dropped), theme.valid());
    }
    if let Some(saved) = model.run_state.saved {
        metrics.number("saved", count(saved), Style::new());
    }
    metrics.line()
}

/// Returns the metrics of the newest step; all but the perplexity fit in 80 columns.
fn training(model: &Model, wide: usize) -> Line<'static> {
    let theme = model.theme;
    let mut metrics = MetricLine::new(theme, wide);
    let Some(step) = &model.run_state.step else { return metrics.line() };
    if let Some((batch, smoothed)) = loss::words(model) {
        let style = if step.loss.is_finite() { Style::new() } else { theme.bad() };
        metrics.number("loss", smoothed, theme.train().bold());
        metrics.number("batch", batch, style);
    }
    let arrow = theme.pick('→', '>');
    let norms = format!("{}{arrow}{}", number(step.gradient_norm), number(step.clipped_norm));
    let style = if step.gradient_norm.is_finite() { theme.gradient() } else { theme.bad() };
    metrics.number("grad", norms, style);
    let speed = model.run_state.speed.value().unwrap_or(f64::NAN);
    metrics.number("tok/s", brief(speed), theme.strong());
    metrics.number("lr", rate_words(step.learning_rate), Style::new());
    if model.run_state.has_perplexity() {
        let perplexity = model.run_state.loss.value().map_or(f64::NAN, f64::exp);
        metrics.number("ppl", number(perplexity), Style::new());
    }
    metrics.line()
}

/// Returns the metrics of the newest and the best validation, the checkpoint and dropped events.
fn held_out(model: &Model, wide: usize) -> Line<'static> {
    let theme = model.theme;
    let run_state = &model.run_state;
    let mut metrics = MetricLine::new(theme, wide);
    match (&run_state.validation, &run_state.start) {
        (Some(valid), _) => {
            let style =
                if valid.metrics.loss.is_finite() { theme.valid().bold() } else { theme.bad() };
            metrics.number("valid loss", number(valid.metrics.loss), style);
            if let Some(exact) = valid.metrics.exact_match {
                metrics.number("exact", percent(exact), theme.valid().bold());
            }
            if let Some(bleu) = valid.metrics.bleu {
                metrics.number("BLEU", format!("{bleu:.1}"), theme.valid());
            }
            if let Some(accuracy) = valid.metrics.token_accuracy {
                metrics.number("token", percent(accuracy), Style::new());
            }
        }
        (None, Some(start)) if start.valid_pairs == 0 => {
            metrics.add([Span::styled("nothing is held out", theme.faint())]);
        }
        (None, Some(Start { best: Some(best), .. })) => {
            metrics.add([Span::styled("not validated since the resume", theme.faint())]);
            metrics.number("best loss", number(best.loss), Style::new());
            if let Some(bleu) = best.bleu {
                metrics.number("BLEU", format!("{bleu:.1}"), Style::new());
            }
        }
        (None, _) => {
            metrics.add([Span::styled("not validated yet", theme.faint())]);
        }
    }
    if run_state.dropped > 0 {
        metrics.number("dropped", count(run_state.dropped), theme.valid());
    }
    if let Some(step) = run_state.best_step() {
        metrics.number("best at", count(step), Style::new());
    }
    if let Some(saved) = run_state.saved {
        metrics.number("saved", count(saved), Style::new());
    }
    if let Some(perplexity) =
        run_state.validation.as_ref().and_then(|valid| valid.metrics.perplexity)
    {
        metrics.number("ppl", number(perplexity), Style::new());
    }
    if let Some(start) = &run_state.start {
        // Shares of the held-out words; plain text has no target side.
        let (source, target) = (start.unknown_rate, start.unknown_target_rate);
        if target > 0.0 && start.task == seq2seq::config::TaskKind::Translation {
            let both = format!("{} > {}", percent(source), percent(target));
            metrics.number("unknown", both, Style::new());
        } else if source > 0.0 {
            metrics.number("unknown", percent(source), Style::new());
        }
    }
    metrics.line()
}
