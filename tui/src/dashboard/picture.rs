//! The picture of the screen that a key writes, with the plots of the page.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use seq2seq::shell_quoted;

use super::metric::Metric;
use super::model::Model;
use super::page::Page;
use super::plots::{self, Plot};
use super::view::view_of;
use crate::figures::{HeatMap, Palette, png, screen, svg};
use crate::format::count;

/// Name of the folder of pictures, in the run's folder or in the current one.
const FOLDER: &str = "figures";
/// Pixels of a PNG for each unit of an SVG.
const SCALE: f32 = 2.0;
/// Most files of the same name.
const MOST: usize = 1000;

/// Writes the screen and the plots of its page into the run's folder, or into the current one if that
/// cannot be written. Returns what to tell the user: the files, and the command that makes the plots
/// again.
pub(super) fn write(model: &Model, (width, height): (u16, u16), run: Option<&Path>) -> String {
    let command = command(model, run);
    let title = format!("{} at step {}", model.page.name(), count(model.run_state.steps()));
    let mut view = screen(&view_of(model, width, height), &Palette::DARK, &title);
    view.about.clone_from(&command);
    let name = format!("{}_step_{}", model.page.name().to_lowercase(), model.run_state.steps());
    let plots = plots(model);
    let all = || {
        [(name.as_str(), &view)]
            .into_iter()
            .chain(plots.iter().map(|p| (p.name.as_str(), &p.scene)))
    };
    let folders = run.map(|run| run.join(FOLDER)).into_iter().chain([PathBuf::from(FOLDER)]);
    let mut trouble = String::new();
    for folder in folders {
        let written: io::Result<Vec<PathBuf>> = fs::create_dir_all(&folder)
            .and_then(|()| all().map(|(name, scene)| write_both(&folder, name, scene)).collect());
        match written {
            Ok(paths) => {
                let names: Vec<String> =
                    paths.iter().map(|path| path.display().to_string()).collect();
                return format!("{} (.svg .png); again: {command}", names.join(", "));
            }
            Err(error) => trouble = format!("{}: {error}", folder.display()),
        }
    }
    format!("no picture was written: {trouble}")
}

/// Writes a figure as `NAME.svg` and `NAME.png`; returns the path without ending. A number is added
/// to a name that exists.
fn write_both(folder: &Path, name: &str, scene: &crate::figures::Scene) -> io::Result<PathBuf> {
    for number in 1..MOST {
        let name = if number == 1 { name.to_owned() } else { format!("{name}_{number}") };
        let path = folder.join(&name);
        let file = folder.join(format!("{name}.svg"));
        match fs::File::create_new(&file) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        }
        fs::write(&file, svg(scene))?;
        fs::write(folder.join(format!("{name}.png")), png(scene, SCALE).bytes)?;
        return Ok(path);
    }
    Err(io::Error::other(format!("{name}: there are {MOST} already")))
}

/// Returns the plots of the page.
fn plots(model: &Model) -> Vec<Plot> {
    match model.page {
        Page::Curves => vec![plots::metric(&model.history, model.curves_view.metric)],
        Page::Gradients => {
            let mut all = vec![plots::metric(&model.history, Metric::GradientNorm)];
            all.extend(plots::gradient_norm_of_modules(&model.history));
            all.extend(model.flow().map(plots::gradient_flow));
            all
        }
        Page::Attention => model
            .chosen()
            .filter(|sample| !sample.attention.is_empty())
            .map(|sample| {
                let number = model.selected + 1;
                let step = model.samples_step();
                let typed = model.selected >= model.samples().len();
                let (title, name) = if typed {
                    (
                        "Attention of a typed sentence".to_owned(),
                        format!("attention_typed_{number}"),
                    )
                } else {
                    let of = format!("sentence {number} of {}", model.samples().len());
                    (
                        format!("Attention at step {}, {of}", count(step)),
                        format!("attention_{number}_step_{step}"),
                    )
                };
                Plot::new(name, HeatMap::of_sample(sample, title).scene())
            })
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

/// Returns the command that makes the plots of the page again, or that shows the page.
fn command(model: &Model, run: Option<&Path>) -> String {
    let Some(run) = run else { return "tui watch".to_owned() };
    let name = shell_quoted(run);
    match model.page {
        Page::Attention => {
            format!("tui export {name} --plots DIR --step {}", model.samples_step())
        }
        Page::Gradients => match model.flow() {
            Some(_) if model.is_scrubbed() => {
                format!("tui export {name} --plots DIR --step {}", model.samples_step())
            }
            _ => format!("tui export {name} --plots DIR"),
        },
        Page::Curves => format!("tui export {name} --plots DIR"),
        page => format!("tui watch {name}, key {}", page.number()),
    }
}
