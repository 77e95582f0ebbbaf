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
    for preset in &presets {
        output::line(&format!("{:longest$}  {}", preset.name, preset.summary))?;
        if !preset.source.is_empty() {
            output::line(&format!("{:longest$}  after {}", "", preset.source))?;
        }
    }
    output::line("")?;
    output::line("tui presets NAME lists every key of one; --set KEY=VALUE changes it.")?;
    Ok(())
}

fn keys(name: &str) -> Result<()> {
    for key in seq2seq::preset_keys(name)? {
        output::line(&format!("{} = {}", key.key, key.value))?;
        for line in key.doc.lines() {
            output::line(&format!("    {line}"))?;
        }
    }
    Ok(())
}
