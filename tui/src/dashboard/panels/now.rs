//! One line in words: what is happening, and what the health checks found.

use ratatui::text::{Line, Span};
use seq2seq::event::Validation;
use seq2seq::health;

use crate::dashboard::model::Model;
use crate::dashboard::page::Page;
use crate::dashboard::widgets::bars::first_that_fits;
use crate::format::{fit, number, percent, plain, several, width};
use crate::run_state::State;

/// Difference of two shares below which they count as equal.
const SAME_SHARE: f64 = 0.005;
/// Relative difference of two losses below which they count as equal.
const SAME_LOSS: f64 = 0.01;

/// Returns the line in the longest form that fits.
pub(in crate::dashboard) fn line(model: &Model, wide: usize) -> Line<'static> {
    let theme = model.theme;
    let what = happening(model);
    let of = |health: String| {
        Line::from(vec![
            Span::raw(what.clone()),
            Span::raw("   "),
            Span::styled(health, theme.faint()),
        ])
    };
    let run_state = &model.run_state;
    let number = run_state.warning_count();
    let Some((_, newest)) = run_state.warnings.last() else {
        let early = run_state.steps() < health::EARLY && !run_state.state().is_over();
        let health = if early {
            format!("health: checked from step {} on", health::EARLY)
        } else {
            "health: no warnings".to_owned()
        };
        return first_that_fits([of(health), cut(&what, wide, model)], wide);
    };
    let some = format!("health: {} (key {})", several(number, "warning"), Page::Log.number());
    let room = wide.saturating_sub(width(&what) + 5 + width(&some));
    let text = if room >= 20 {
        let text = fit(&plain(newest), room, theme.cut());
        of(format!("{some}: {text}"))
    } else {
        of(some)
    };
    first_that_fits([text, cut(&what, wide, model)], wide)
}

fn cut(what: &str, wide: usize, model: &Model) -> Line<'static> {
    Line::raw(fit(what, wide, model.theme.cut()))
}

/// Returns what is happening: the stage, and how the newest metrics compare with those before.
fn happening(model: &Model) -> String {
    let run_state = &model.run_state;
    let place = match run_state.epoch() {
        Some((epoch, Some(epochs))) => format!("epoch {epoch} of {epochs}"),
        Some((epoch, None)) => format!("epoch {epoch}"),
        None => "training".to_owned(),
    };
    let stage = match run_state.state() {
        State::Preparing => {
            return run_state
                .phase
                .as_deref()
                .map_or_else(|| "preparing the run".to_owned(), plain);
        }
        State::Training => place,
        State::Paused => format!("paused in {place}"),
        State::Stopping => "stopping after this step".to_owned(),
        state => state.word().to_owned(),
    };
    format!("{stage}: {}", progress(model))
}

/// Reads a metric.
type Read = fn(&Validation) -> Option<f64>;

fn progress(model: &Model) -> String {
    let run_state = &model.run_state;
    let Some(validation) = &run_state.validation else {
        let loss = run_state.loss.value().map_or_else(|| "not known".to_owned(), number);
        return format!("training loss {loss}, not validated yet");
    };
    let candidates: [(&str, Read); 3] = [
        ("exact match", |v| v.metrics.exact_match),
        ("accuracy", |v| v.metrics.token_accuracy),
        ("loss", |v| Some(v.metrics.loss)),
    ];
    let known = candidates.into_iter().find_map(|(name, of)| Some((name, of, of(validation)?)));
    let Some((name, of, value)) = known else { return String::new() };
    let text = if name == "loss" { number(value) } else { percent(value) };
    let same = if name == "loss" { SAME_LOSS * value.abs() } else { SAME_SHARE };
    let trend = match run_state.previous.as_ref().and_then(of) {
        Some(before) if value > before + same => ", rising",
        Some(before) if value < before - same => ", falling",
        Some(_) => ", steady",
        None => "",
    };
    format!("held-out {name} {text}{trend}")
}
