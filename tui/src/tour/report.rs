//! The page that sums up: the learner's numbers beside the literature's, with the figures as SVG.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, WrapErr};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use seq2seq::shell_quoted;

use super::figure::Figure;
use super::model::Model;
use super::notebook::{Entry, Notebook};
use super::scene::scene;
use super::stop::Number;
use super::stops::STOPS;
use super::view::view_in;
use crate::dashboard::Theme;
use crate::figures::{Palette, Scene, screen, svg};
use crate::format::duration;

/// The folder of the page, within that of the tour.
pub(super) const FOLDER: &str = "page";
/// The file of the page.
const FILE: &str = "tour.md";
/// Columns and rows of the picture of a screen.
const SIZE: (u16, u16) = (110, 36);
/// Figures of a stop that are drawn at most.
const MOST: usize = 4;

/// Writes the page and its figures into a folder. Returns the path of the page.
///
/// # Errors
/// A file cannot be written.
pub(super) fn write(notebook: &Notebook, folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder).wrap_err_with(|| folder.display().to_string())?;
    let (text, figures) = page(notebook)?;
    let put = |name: String, scene: &Scene| {
        let path = folder.join(name);
        fs::write(&path, svg(scene)).wrap_err_with(|| path.display().to_string())
    };
    for (name, figure) in figures {
        put(name, &scene(&figure))?;
    }
    for (at, stop) in STOPS.iter().enumerate() {
        let entry = notebook.entry(*stop);
        if entry.outcome.is_some() {
            put(picture_name(at), &picture(at, entry))?;
        }
    }
    let path = folder.join(FILE);
    fs::write(&path, text).wrap_err_with(|| path.display().to_string())?;
    Ok(path)
}

/// Returns the name of the picture of a stop's screen.
fn picture_name(at: usize) -> String {
    format!("{:02}-{}.svg", at + 1, STOPS[at].text().name)
}

/// Draws the screen of a stop with its result.
fn picture(at: usize, entry: Entry) -> Scene {
    let mut model = Model::new(Theme::FULL, at);
    model.open(at, entry);
    model.is_revealed = true;
    let area = Rect::new(0, 0, SIZE.0, SIZE.1);
    let mut buffer = Buffer::empty(area);
    view_in(&model, area, &mut buffer);
    screen(&buffer, &Palette::DARK, &format!("stop {}: {}", at + 1, STOPS[at].text().title))
}

/// Returns the text of the page, and its figures by their files' names.
fn page(notebook: &Notebook) -> Result<(String, Vec<(String, Figure)>)> {
    let mut text = String::from(
        "# From the vanishing gradient to attention\n\nThe numbers of one tour (`tui tour`), beside \
         those that are expected and those of the literature.\n\n",
    );
    let entries: Vec<_> = STOPS.iter().map(|stop| notebook.entry(*stop)).collect();
    let done = entries.iter().filter(|entry| entry.outcome.is_some()).count();
    let asked = entries.iter().filter(|entry| entry.answer.is_some()).count();
    let right = STOPS.iter().zip(&entries);
    let right = right.filter(|(stop, e)| e.answer == Some(stop.text().question.right)).count();
    let seconds: f64 = entries.iter().map(|entry| entry.seconds).sum();
    let questions = match asked {
        0 => String::new(),
        _ => format!("; {right} of {asked} questions answered rightly"),
    };
    let time = duration(seconds);
    writeln!(text, "{done} of {} stops, {time} of experiments{questions}.\n", STOPS.len())?;
    let mut figures = Vec::new();
    for (at, (stop, entry)) in STOPS.iter().zip(&entries).enumerate() {
        let of = stop.text();
        writeln!(text, "## {}. {}\n\n{}\n", at + 1, of.title, of.expect)?;
        writeln!(text, "```text\n{}\n```\n", of.equation.join("\n"))?;
        writeln!(
            text,
            "*{}* {}, since {}.\n",
            of.question.text, of.question.choices[of.question.right], of.question.because
        )?;
        let Some(outcome) = &entry.outcome else {
            writeln!(text, "Not done yet: `tui tour {}`.\n", at + 1)?;
            continue;
        };
        writeln!(text, "| number | reached | expected | literature |\n|---|---|---|---|")?;
        for number in &outcome.numbers {
            writeln!(text, "{}", row(number))?;
        }
        let changed = entry.changed.iter().flat_map(|(change, outcome)| {
            let label = of.interventions.get(*change).map_or("", |change| change.label);
            outcome.numbers.last().map(|number| {
                row(&Number { name: format!("{label}: {}", number.name), ..number.clone() })
            })
        });
        for line in changed {
            writeln!(text, "{line}")?;
        }
        writeln!(text, "\nThe experiment took {}.\n", duration(entry.seconds.max(1.0)))?;
        writeln!(text, "![stop {}: {}]({})\n", at + 1, of.title, picture_name(at))?;
        let mut links = Vec::new();
        for (i, figure) in outcome.figures.iter().take(MOST).enumerate() {
            let name = format!("{:02}-{}-{}.svg", at + 1, of.name, i + 1);
            links.push(format!("[{}]({name})", figure.title().replace(['[', ']'], "")));
            figures.push((name, figure.clone()));
        }
        writeln!(text, "Figures: {}.\n", links.join("; "))?;
        if !outcome.runs.is_empty() {
            let run = |run: &String| format!("`tui watch {}`", shell_quoted(Path::new(run)));
            let runs: Vec<String> = outcome.runs.iter().map(run).collect();
            writeln!(text, "Its runs: {}.\n", runs.join(", "))?;
        }
        writeln!(text, "Read on: {}.\n", of.reading.join("; "))?;
    }
    Ok((text, figures))
}

fn row(number: &Number) -> String {
    let mark = if number.is_met() { "" } else { " (not met)" };
    format!(
        "| {} | {}{mark} | {} | {} |",
        number.name.replace('|', "\\|"),
        number.unit.text(number.reached),
        number.expected(),
        number.literature
    )
}
