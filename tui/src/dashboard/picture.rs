//! The picture of the screen that a key writes, with the plots of the page.

use std::collections::BTreeSet;
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
use crate::format::{count, several};

/// Name of the folder of pictures, in the run's folder or in the current one.
const FOLDER: &str = "figures";
/// Pixels of a PNG for each unit of an SVG.
const SCALE: f32 = 2.0;
/// Most files of the same name.
const MOST: usize = 1000;

/// Writes the screen and the plots of its page into the run's folder, or into the current one if that
/// cannot be written. Returns what to tell the user: the file, and the command that makes the plots
/// again.
pub(super) fn write(model: &Model, size: (u16, u16), run: Option<&Path>) -> String {
    let folders: Vec<PathBuf> =
        run.map(|run| run.join(FOLDER)).into_iter().chain([PathBuf::from(FOLDER)]).collect();
    let command = command(model, run);
    let mut all = vec![view_plot(model, size)];
    all.extend(plots(model));
    for plot in &mut all {
        plot.scene.about.clone_from(&command);
    }
    match write_first(&folders, &all) {
        Ok((path, missing)) => {
            let more = match all.len() - 1 {
                0 => String::new(),
                plots => format!(" and {}", several(plots as u64, "plot")),
            };
            let boxes = match missing.chars().count() {
                0 => String::new(),
                number => format!("; the PNG lacks {}", several(number as u64, "character")),
            };
            format!("{}.svg, .png{more}{boxes}; again: {command}", path.display())
        }
        Err(trouble) => format!("no picture was written: {trouble}"),
    }
}

/// Returns the screen as a figure.
fn view_plot(model: &Model, (width, height): (u16, u16)) -> Plot {
    let (page, step) = (model.page.name(), model.run_state.steps());
    let title = format!("{page} at step {}", count(step));
    let scene = screen(&view_of(model, width, height), &Palette::DARK, &title);
    Plot::new(format!("{}_step_{step}", page.to_lowercase()), scene)
}

/// Writes the figures into the first folder that can be written. Returns the path of the first one
/// without its ending, and the characters that no font has.
fn write_first(folders: &[PathBuf], plots: &[Plot]) -> Result<(PathBuf, String), String> {
    let mut trouble = String::new();
    for folder in folders {
        let written: io::Result<Vec<(PathBuf, String)>> = fs::create_dir_all(folder)
            .and_then(|()| plots.iter().map(|plot| write_both(folder, plot)).collect());
        match written {
            Ok(written) => {
                let path = written.first().map_or_else(PathBuf::new, |(path, _)| path.clone());
                let missing: BTreeSet<char> =
                    written.iter().flat_map(|(_, missing)| missing.chars()).collect();
                return Ok((path, missing.into_iter().collect()));
            }
            Err(error) => trouble = format!("{}: {error}", folder.display()),
        }
    }
    Err(trouble)
}

/// Writes a figure as `NAME.svg` and `NAME.png`; returns the path without ending, and the characters
/// that no font has. A number is added to a name that exists.
fn write_both(folder: &Path, plot: &Plot) -> io::Result<(PathBuf, String)> {
    for number in 1..MOST {
        let name = &plot.name;
        let name = if number == 1 { name.clone() } else { format!("{name}_{number}") };
        let file = folder.join(format!("{name}.svg"));
        match fs::File::create_new(&file) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        }
        fs::write(&file, svg(&plot.scene))?;
        let raster = png(&plot.scene, SCALE);
        fs::write(folder.join(format!("{name}.png")), raster.bytes)?;
        return Ok((folder.join(name), raster.missing));
    }
    Err(io::Error::other(format!("{}: there are {MOST} already", plot.name)))
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

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::KeyCode;

    use super::super::tests::fixture::{letter, press, training};
    use super::super::{Effect, Page};
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn every_page_is_written_with_its_plots_and_the_command() {
        let run = tempfile::tempdir().unwrap();
        let name = run.path().display().to_string();
        let mut model = training();
        for page in Page::ALL {
            let key = char::from_digit(page.number() as u32, 10).unwrap();
            press(&mut model, KeyCode::Char(key));
            assert_eq!(letter(&mut model, 'P'), [Effect::Picture]);
            let text = write(&model, (100, 30), Some(run.path()));
            assert!(text.starts_with(&format!("{name}/figures/")), "{text}");
            assert!(text.contains("; again: tui "), "{text}");
        }
        let found = names(&run.path().join(FOLDER));
        for name in [
            "overview_step_420",
            "curves_step_420",
            "loss",
            "gradients_step_420",
            "gradient_norm",
            "attention_step_420",
            "cell_step_420",
            "log_step_420",
        ] {
            assert!(found.contains(&format!("{name}.svg")), "{name}: {found:?}");
            assert!(found.contains(&format!("{name}.png")), "{name}: {found:?}");
        }
        let is_map = |name: &&String| name.starts_with("attention_1_step_");
        let map = found.iter().find(is_map).unwrap();
        let step = map.split('_').next_back().unwrap().split('.').next().unwrap();
        let file = run.path().join(FOLDER).join(map).with_extension("svg");
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains(&format!("--plots DIR --step {step}</desc>")), "{text}");
        // A second picture of the same page has a name of its own.
        let text = write(&model, (100, 30), Some(run.path()));
        assert!(text.contains("log_step_420_2.svg"), "{text}");
    }

    #[test]
    fn the_next_folder_is_taken_if_one_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let (file, good) = (folder.path().join("file"), folder.path().join("good"));
        fs::write(&file, "").unwrap();
        let plots = [view_plot(&training(), (40, 12))];
        let folders = [file.join(FOLDER), good.clone()];
        let (path, missing) = write_first(&folders, &plots).unwrap();
        assert!(path.starts_with(&good) && missing.is_empty(), "{path:?} {missing}");
        let error = write_first(&folders[..1], &plots).unwrap_err();
        assert!(error.contains("file"), "{error}");
    }
}
