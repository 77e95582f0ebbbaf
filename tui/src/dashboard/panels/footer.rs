//! The last row: a prompt, the sentence being typed, a notice, or the keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::dashboard::keys::{self, Action};
use crate::dashboard::mode::{Mode, QUIT_CHOICES, QuitChoice, Role, RunRequest};
use crate::dashboard::model::Model;
use crate::dashboard::widgets::bars::{MetricLine, columns, put, put_line};
use crate::format::{plain, setting, width};

/// Draws the last row.
pub(in crate::dashboard) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let replaced;
    let prompt = match (model.mode(), &model.runs) {
        (Mode::Typing(text), _) => Some(("translate: ", text, "  Enter: go  ↑: earlier ones  Esc")),
        (Mode::HeldOut(text), _) => {
            Some(("held-out sentence: ", text, "  a number or a part of it  Enter: go  Esc"))
        }
        (Mode::Word(text), _) => Some(("units that follow: ", text, "  words  Enter: go  Esc")),
        (Mode::Replacing(text), _) => {
            replaced = format!("`{}` becomes: ", plain(model.replaced_word()));
            Some((replaced.as_str(), text, "  Enter: go  Esc: cancel"))
        }
        (Mode::Find(text), _) => Some(("filter: ", text, "  Enter: keep  Esc: show all")),
        (Mode::Filtering, Some(runs)) => {
            Some(("filter: ", &runs.filter, "  Enter: keep  Esc: show all"))
        }
        (Mode::Beside(text), _) => {
            Some(("run beside: ", text, "  the start of its name  Enter: open  Esc"))
        }
        _ => None,
    };
    if let Some((name, text, help)) = prompt {
        typing(model, (name, text, help), area, buf);
        return;
    }
    let text = match (model.mode(), model.notice()) {
        (Mode::Run(request), _) => Some(run_question(request, columns(area))),
        (Mode::LearningRate(rate), _) => Some(format!(
            " learning rate {}? y: use it, any other key: no ",
            setting((*rate).into())
        )),
        (Mode::Quit, _) => Some(question(columns(area))),
        (_, Some(notice)) => Some(format!(" {notice} ")),
        _ => None,
    };
    match text {
        Some(text) => {
            put(buf, area, (0, 0), &text, theme.reversed(), theme);
        }
        None => put_line(buf, area, 0, &hints(model, columns(area))),
    }
}

/// Returns the quit prompt in the longest form that fits.
fn question(wide: usize) -> String {
    let of = |text: fn(&QuitChoice) -> String, gap: &str| {
        format!(" quit? {} ", QUIT_CHOICES.iter().map(text).collect::<Vec<_>>().join(gap))
    };
    let long = of(|choice| format!("{}: {}", choice.label, choice.word), "  ");
    let letter = |choice: &QuitChoice| choice.label.split(' ').next().unwrap_or("").to_owned();
    if width(&long) <= wide { long } else { of(letter, " ") }
}

fn hints(model: &Model, wide: usize) -> Line<'static> {
    let theme = model.theme;
    let mut metrics = MetricLine::new(theme, wide);
    for binding in keys::hints(model.page, model.role == Role::Training) {
        let key = binding.label.split(' ').next().unwrap_or(binding.label);
        let hint = match binding.action {
            Action::Mouse if !model.takes_mouse() => "take the mouse",
            _ => binding.hint,
        };
        metrics.add([
            Span::styled(theme.arrows(key), theme.strong()),
            Span::raw(" "),
            Span::styled(hint, theme.faint()),
        ]);
    }
    metrics.line()
}

/// Returns the prompt about a run of the list, in the longest form that fits.
fn run_question(request: &RunRequest, wide: usize) -> String {
    let (short, what, path) = match request {
        RunRequest::Stop(path) => ("stop", "stop and save", path),
        RunRequest::Resume(path) => ("resume", "train on in this terminal", path),
        RunRequest::Open(path) => ("open", "open", path),
        // The form of the settings has its own prompt.
        RunRequest::ResumeWith(_) => return String::new(),
    };
    let name = plain(&path.file_name().unwrap_or_default().to_string_lossy());
    let long = format!(" {name}: {what}? y: yes, any other key: no ");
    if width(&long) <= wide { long } else { format!(" {short} it? y: yes ") }
}

/// Draws the text being typed, with its end visible, between its name and what the keys do.
fn typing(model: &Model, (name, text, help): (&str, &str, &str), area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let used = put(buf, area, (0, 0), name, theme.strong(), theme);
    let room = columns(area).saturating_sub(usize::from(used) + 1);
    let mut shown = text.to_owned();
    let mut rest = text;
    while width(&shown) > room && !rest.is_empty() {
        let mut letters = rest.chars();
        letters.next();
        rest = letters.as_str();
        shown = format!("{}{rest}", theme.cut());
    }
    let help = &theme.arrows(help);
    let end = used + put(buf, area, (used, 0), &shown, theme.train(), theme);
    put(buf, area, (end, 0), " ", theme.reversed(), theme);
    if columns(area) > usize::from(end) + width(help) {
        put(buf, area, (end + 1, 0), help, theme.faint(), theme);
    }
}
