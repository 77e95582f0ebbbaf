//! `tui presets`: the named configurations, and every key of one.

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
    output::line("NAME:full is the work's own size, which is another for these:")?;
    for line in textwrap::wrap(&reduced.join(", "), 78) {
        output::line(&format!("  {line}"))?;
    }
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
        output::line(&format!("{name}:full has"))?;
        for line in textwrap::wrap(&full.join(", "), 78) {
            output::line(&format!("  {line}"))?;
        }
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
