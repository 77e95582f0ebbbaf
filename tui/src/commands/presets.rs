//! `tui presets`: the named configurations, and the keys of one.

use std::process::ExitCode;

use color_eyre::eyre::Result;
use seq2seq::{KeyInfo, Preset};

use crate::output;

/// Lists all presets, or the keys of one: those that differ from the defaults, or every one.
pub(super) fn run(name: Option<&str>, all: bool) -> Result<ExitCode> {
    match name {
        Some(name) => keys(name, all)?,
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
    let groups = seq2seq::preset_groups();
    let all = || groups.iter().flat_map(|(_, presets)| presets);
    let longest = all().map(|preset| preset.name.len()).max().unwrap_or(0);
    for (title, presets) in &groups {
        output::line(title)?;
        for preset in presets {
            output::line(&format!("  {:longest$}  {}", preset.name, preset.summary))?;
            let needs = preset.needs.as_ref();
            let needs =
                needs.map_or_else(String::new, |needs| format!("; needs --data {}", needs.data));
            output::line(&format!("  {:longest$}  after {}{needs}", "", preset.source))?;
        }
        output::line("")?;
    }
    output::line(
        "Each is at a size that trains on two cores in minutes, luong-2015 excepted, on the",
    )?;
    output::line(
        "corpus that it has; a larger one takes longer, as training says before it begins.",
    )?;
    output::line("NAME:full is the size of the work it follows, which is another for these:")?;
    let reduced: Vec<&str> =
        all().filter(|preset| !preset.full.is_empty()).map(|preset| preset.name.as_str()).collect();
    wrapped(&reduced)?;
    output::line("")?;
    output::line(
        "tui presets NAME lists the keys of one that differ from the defaults, and where",
    )?;
    output::line("their values come from; with --all every key. --set KEY=VALUE changes one.")?;
    Ok(())
}

fn keys(name: &str, all: bool) -> Result<()> {
    let preset = Preset::find(name)?;
    let keys = seq2seq::preset_keys(name)?;
    output::line(&format!("{}: {}", preset.name, preset.summary))?;
    output::line(&format!("after {}", preset.source))?;
    if let Some(needs) = &preset.needs {
        output::line(&format!("needs data, {}: --data {}", needs.what, needs.data))?;
    }
    let set = |pairs: &[(String, String)]| -> Vec<String> {
        pairs.iter().map(|(key, value)| format!("{key} = {value}")).collect()
    };
    if !preset.full.is_empty() && !name.ends_with(":full") {
        output::line(&format!("{}:full has", preset.name))?;
        wrapped(&set(&preset.full))?;
    }
    if !preset.own_data.is_empty() {
        output::line("with files of your own as data it has")?;
        wrapped(&set(&preset.own_data))?;
    }
    output::line("")?;
    output::line("Keys that differ from the defaults:")?;
    differences(&keys)?;
    let others = keys.iter().filter(|key| key.is_default).count();
    output::line("")?;
    if !all {
        output::line(&format!(
            "{others} more keys have their default: `tui presets {name} --all` lists every key with its \
             meaning."
        ))?;
        return Ok(());
    }
    sections(&keys)
}

/// Prints the keys whose values are not the defaults, a line each.
fn differences(keys: &[KeyInfo]) -> Result<()> {
    let changed: Vec<&KeyInfo> = keys.iter().filter(|key| !key.is_default).collect();
    let text = |key: &KeyInfo| format!("{} = {}", key.key, key.value);
    // A list of texts would move the origins of all others far to the right.
    let longest = changed.iter().map(|key| text(key).len()).filter(|&long| long < 40).max();
    let longest = longest.unwrap_or(0);
    for key in changed {
        output::line(&format!("  {:longest$}  # {}", text(key), key.from))?;
    }
    Ok(())
}

/// Prints every key with its meaning, by section.
fn sections(keys: &[KeyInfo]) -> Result<()> {
    for section in keys.chunk_by(|a, b| a.section == b.section) {
        let Some(first) = section.first() else { continue };
        output::line(&format!("== {} ==", first.section))?;
        for key in section {
            output::line(&format!("{} = {}  # {}", key.key, key.value, key.from))?;
            for line in key.doc.lines() {
                output::line(&format!("    {line}"))?;
            }
        }
        output::line("")?;
    }
    Ok(())
}
