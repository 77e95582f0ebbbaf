//! Presets: named configurations, as data.

/// A preset, in brief.
#[derive(Debug, Clone)]
pub struct PresetInfo {
    /// Its name.
    pub name: String,
    /// One line: what it is.
    pub summary: String,
    /// The work it follows.
    pub source: String,
}

/// One key of a preset.
#[derive(Debug, Clone)]
pub struct KeyInfo {
    /// The key, as `--set` takes it.
    pub key: String,
    /// Its value in this preset.
    pub value: String,
    /// What it means and which values it takes.
    pub doc: String,
}

/// All presets.
pub fn presets() -> Vec<PresetInfo> {
    Vec::new()
}

/// Every key of a preset with its value and meaning.
///
/// # Errors
/// An unknown name, answered with the nearest one.
pub fn preset_keys(name: &str) -> crate::Result<Vec<KeyInfo>> {
    let _ = name;
    Ok(Vec::new())
}
