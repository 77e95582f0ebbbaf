//! `tui export --plots`.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

use color_eyre::eyre::{Result, WrapErr, eyre};
use seq2seq::score::LengthBucket;
use seq2seq::{EvaluateOptions, HeldOut, evaluate_held_out, shell_quoted};

use super::new_file::{NewFile, check};
use crate::args::ExportArguments;
use crate::dashboard::{Plot, RunPlots};
use crate::figures::{Axis, Bar, Bars, png, svg};
use crate::format::{count, plain, several};
use crate::output;

/// Pixels of a PNG for each unit of an SVG.
const SCALE: f32 = 2.0;

/// Writes the plots of a run into a folder, and prints their names.
pub(super) fn write(run: &Path, folder: &Path, arguments: &ExportArguments) -> Result<()> {
    let name = || format!("--plots {}", folder.display());
    if folder.exists() && !folder.is_dir() {
        return Err(eyre!("{}: it is a file; give a folder", name()));
    }
    let found = RunPlots::read(run, arguments.step)?;
    let (mut plots, mut left_out) = found.plots();
    // Before the held-out pairs are translated, which may take long.
    for plot in &plots {
        check_both(folder, &plot.name, arguments.overwrite).wrap_err_with(name)?;
    }
    match length_buckets(run, arguments.no_scores) {
        Ok(plot) => plots.push(plot),
        Err(why) => left_out.push(format!("scores_by_length: {}", output::one_line(&why))),
    }
    // The name without its folder: figures are passed on.
    let own = shell_quoted(Path::new(run.file_name().unwrap_or(run.as_os_str())));
    let step = found.step().map_or_else(String::new, |step| format!(" --step {step}"));
    for plot in &mut plots {
        plot.scene.about = format!("tui export {own} --plots DIR{step}");
    }
    fs::create_dir_all(folder).wrap_err_with(name)?;
    let mut missing = BTreeSet::new();
    for plot in &plots {
        check_both(folder, &plot.name, arguments.overwrite).wrap_err_with(name)?;
        let raster = png(&plot.scene, SCALE);
        missing.extend(raster.missing.chars());
        for (ending, bytes) in [("svg", svg(&plot.scene).into_bytes()), ("png", raster.bytes)] {
            let path = folder.join(format!("{}.{ending}", plot.name));
            let mut file = NewFile::begin(&path, arguments.overwrite).wrap_err_with(name)?;
            file.write_all(&bytes).wrap_err_with(|| path.display().to_string())?;
            file.finish()?;
        }
    }
    let step =
        found.step().map_or_else(String::new, |step| format!(", samples of step {}", count(step)));
    output::line(&format!(
        "{}: {}, each as SVG and PNG{step}",
        folder.display(),
        several(plots.len() as u64, "plot")
    ))?;
    for plot in &plots {
        output::line(&format!("  {}", plot.name))?;
    }
    for text in left_out {
        output::note(&format!("left out: {text}"));
    }
    if !missing.is_empty() {
        let letters: String = missing.iter().collect();
        output::note(&format!(
            "no font on this machine has {} ({}): the PNG files have boxes in their place, the SVG files \
             the characters; install a font that has them",
            several(missing.len() as u64, "character"),
            plain(&letters)
        ));
    }
    Ok(())
}

fn check_both(folder: &Path, name: &str, overwrite: bool) -> Result<()> {
    // A folder that does not exist yet is made.
    let exists = folder.is_dir();
    ["svg", "png"]
        .iter()
        .filter(|_| exists)
        .try_for_each(|ending| check(&folder.join(format!("{name}.{ending}")), overwrite))
}

/// Translates the held-out pairs, and plots the scores by the length of the source.
fn length_buckets(run: &Path, skipped: bool) -> Result<Plot> {
    if skipped {
        return Err(eyre!("--no-scores"));
    }
    let held_out = HeldOut::of(run)?;
    let what = several(held_out.len() as u64, held_out.noun());
    output::note(&format!("translating {what} held out, for the scores by length ..."));
    let found = evaluate_held_out(&[run.to_owned()], &held_out, &EvaluateOptions::default())?;
    let buckets = found.evaluation.outputs.map(|outputs| outputs.by_length).unwrap_or_default();
    if buckets.is_empty() {
        return Err(eyre!("the model gives no texts with a source"));
    }
    let bar = |bucket: &LengthBucket| Bar {
        label: bucket.range(),
        remark: format!("n = {}", count(bucket.sentences)),
        values: vec![bucket.bleu, bucket.chrf, bucket.exact_match * 100.0],
    };
    let bars = Bars {
        title: "Scores by the length of the source".into(),
        subtitle: format!("{what} of {}, greedy", plain(held_out.origin())),
        x_label: "words of the source (n: number of sentences)".into(),
        y: Axis::linear("score (0 to 100)").with_ends(0.0, 105.0),
        series: ["BLEU", "chrF", "exact match (%)"].map(String::from).to_vec(),
        bars: buckets.iter().map(bar).collect(),
    };
    Ok(Plot::new("scores_by_length", bars.scene()))
}
