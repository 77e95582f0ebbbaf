//! `tui presets`: the named configurations, and all keys of one.

use std::process::ExitCode;

use color_eyre::eyre::Result;

use crate::output;

/// Lists all presets, or the keys of one.
pub(super) fn run(name: Option<&str>) -> Result<ExitCode> {
    match name {
        Some(name) => keys(name)?,
        None => names()?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints words separated by commas, indented, as many as fit on a line.
fn wrapped(words: &[impl AsRef<str>]) -> Result<()> {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let options = textwrap::Options::new(78)
        .initial_indent("  ")
        .subsequent_indent("  ")
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    Ok(output::lines(&textwrap::wrap(&words.join(", "), options))?)
}

fn names() -> Result<()> {
    let presets = seq2seq::presets();
    let longest = presets.iter().map(|preset| preset.name.len()).max().unwrap_or(0);
    let mut reduced = Vec::new();
    for preset in &presets {
        output::line(&format!("{:longest$}  {}", preset.name, preset.summary))?;
        output::line(&format!("{:longest$}  after {}", "", preset.source))?;
        if !preset.full.is_empty() {
            reduced.push(preset.name.as_str());
        }
    }
    output::line("")?;
    output::line("Each is at a size that trains on two cores in minutes, luong-2015 excepted.")?;
    output::line("NAME:full is the size of the work it follows, which is another for these:")?;
    wrapped(&reduced)?;
    output::line("")?;
    output::line("tui presets NAME lists every key of one, its value, and where that comes from;")?;
    output::line("--set KEY=VALUE changes it.")?;
    Ok(())
}

fn keys(name: &str) -> Result<()> {
    let preset = seq2seq::Preset::find(name)?;
    output::line(&format!("{}: {}", preset.name, preset.summary))?;
    output::line(&format!("after {}", preset.source))?;
    if !preset.full.is_empty() && !name.ends_with(":full") {
        let full: Vec<_> =
            preset.full.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        output::line(&format!("{}:full has", preset.name))?;
        wrapped(&full)?;
    }
    if !preset.own_data.is_empty() {
        let own: Vec<_> =
            preset.own_data.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        output::line("with files of your own as data it has")?;
        wrapped(&own)?;
    }
    output::line("")?;
    for key in seq2seq::preset_keys(name)? {
        output::line(&format!("{} = {}  # {}", key.key, key.value, key.from))?;
        for line in key.doc.lines() {
            output::line(&format!("    {line}"))?;
        }
    }
    Ok(())
}
