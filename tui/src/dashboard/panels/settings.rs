//! The form of the settings that may change while a run trains.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::popup::Popup;
use crate::dashboard::keys::BINDINGS;
use crate::dashboard::mode::Role;
use crate::dashboard::model::Model;
use crate::dashboard::settings_form::{Entry, Setting, SettingsForm, SettingsUse};
use crate::dashboard::widgets::bars::columns;
use crate::format::{fit, width};

/// Columns of the form.
const WIDE: usize = 78;
/// Rows from which on the form explains the chosen setting and names the other commands.
const WITH_WORDS: usize = 16;

/// Returns the form for a screen.
pub(super) fn popup(model: &Model, form: &SettingsForm, screen: Rect) -> Popup {
    let theme = model.theme;
    let settings = model.settings();
    let wide = WIDE.min(columns(screen).saturating_sub(2));
    let room = usize::from(screen.height).saturating_sub(2);
    let words = if room >= WITH_WORDS { words(model, &settings, form, wide) } else { Vec::new() };
    let rows = settings.len().min(room.saturating_sub(words.len() + 1).max(1));
    let title = first_line(model, wide);
    let from = form.chosen.saturating_sub(rows / 2).min(settings.len() - rows.min(settings.len()));
    let shown = settings.iter().enumerate().skip(from).take(rows);
    let mut lines: Vec<Line> =
        shown.map(|(i, setting)| row(model, form, setting, i == form.chosen, wide)).collect();
    let below = settings.len() - (from + rows).min(settings.len());
    let (text, style) = match prompt(model, settings.get(form.chosen), form, wide) {
        (text, _) if text.is_empty() && below > 0 => {
            (format!("{} {below} more below", theme.cut()), theme.faint())
        }
        prompt => prompt,
    };
    lines.push(Line::from(vec![Span::raw(" "), Span::styled(text, style)]));
    lines.extend(words);
    Popup { title, wide, lines, scroll: 0 }
}

fn first_line(model: &Model, wide: usize) -> String {
    let (long, short) = match model.settings_use() {
        SettingsUse::Live => (
            " settings, from the next step on: Enter changes, Esc closes ",
            " settings: Enter changes ",
        ),
        SettingsUse::Resume => (
            " settings: Enter changes one and trains on, Esc closes ",
            " settings: Enter trains on ",
        ),
        SettingsUse::Elsewhere => (" settings of this run: Esc closes ", " settings: Esc closes "),
    };
    if width(long) <= wide { long.to_owned() } else { short.to_owned() }
}

/// Returns the row of a setting: its name, its value, and what it needs to have an effect.
fn row(
    model: &Model,
    form: &SettingsForm,
    setting: &Setting,
    chosen: bool,
    wide: usize,
) -> Line<'static> {
    let theme = model.theme;
    let mark = if chosen { theme.pick('▶', '>') } else { ' ' };
    let name = if chosen { theme.strong() } else { Style::new() };
    let value = match &form.sent {
        Some((key, value)) if key == setting.key.name => format!("{} ... {value}", setting.value),
        _ => setting.value.to_owned(),
    };
    let differs =
        model.history.run_state.start.as_ref().is_some_and(|start| {
            start.differences.iter().any(|change| change.key == setting.key.name)
        });
    let style = if differs { theme.valid().bold() } else { theme.strong() };
    let mut spans = vec![
        Span::styled(format!("{mark} {:<25}", setting.key.name), name),
        Span::styled(value, style),
    ];
    let used: usize = spans.iter().map(Span::width).sum();
    if let Some(needs) = setting.needs {
        let text = format!("  needs {needs}");
        spans.push(Span::styled(fit(&text, wide.saturating_sub(used), theme.cut()), theme.faint()));
    } else if differs {
        let text = "  not the preset's";
        spans.push(Span::styled(fit(text, wide.saturating_sub(used), theme.cut()), theme.faint()));
    }
    Line::from(spans)
}

/// Returns the line below the settings: the value being typed, a question, or why it was refused.
fn prompt(
    model: &Model,
    setting: Option<&Setting>,
    form: &SettingsForm,
    wide: usize,
) -> (String, Style) {
    let theme = model.theme;
    let name = setting.map_or("", |setting| setting.key.name);
    let wide = wide.saturating_sub(2);
    let cut = |text: &str| fit(text, wide, theme.cut());
    match (&form.entry, &form.refused, &form.sent) {
        (Entry::Typing(text), None, _) => (cut(&format!("{name} = {text}_")), theme.train().bold()),
        (Entry::Confirm(value), ..) => {
            let what = match model.settings_use() {
                SettingsUse::Resume => "and train on in this terminal",
                _ => "from the next step on",
            };
            let long = format!("{name} = {value} {what}? y: yes, any other key: no");
            let short = format!("{name} = {value}? y: yes");
            (cut(if width(&long) <= wide { &long } else { &short }), theme.reversed())
        }
        (_, Some(why), _) => (cut(why), theme.bad()),
        (Entry::None, None, Some((key, value))) => {
            (cut(&format!("{key} = {value}: after this step ...")), theme.valid())
        }
        (Entry::None, None, None) => (String::new(), Style::new()),
    }
}

/// Returns the meaning of the chosen setting, and the keys of the other commands.
fn words(
    model: &Model,
    settings: &[Setting],
    form: &SettingsForm,
    wide: usize,
) -> Vec<Line<'static>> {
    let theme = model.theme;
    let doc = settings.get(form.chosen).map(|setting| setting.key.doc().replace('\n', " "));
    let doc = doc.unwrap_or_default();
    let wrapped = textwrap::wrap(&doc, wide.saturating_sub(2).max(1));
    let mut lines: Vec<Line> = wrapped
        .iter()
        .take(5)
        .map(|line| Line::styled(format!(" {line}"), theme.faint()))
        .collect();
    lines.resize(5, Line::raw(""));
    if model.role == Role::Training {
        let mut keys = vec![Span::raw(" ")];
        for binding in BINDINGS.iter().filter(|binding| binding.commands) {
            let key = binding.label.split(' ').next().unwrap_or(binding.label);
            let word = binding.hint.split(' ').next().unwrap_or("");
            let word = if word.is_empty() { binding.help } else { word };
            let pair = [Span::styled(key, theme.strong()), Span::raw(format!(" {word}  "))];
            if keys.iter().chain(&pair).map(Span::width).sum::<usize>() <= wide {
                keys.extend(pair);
            }
        }
        lines.push(Line::from(keys));
    }
    lines
}
