//! What the learner has reached: kept in the folder of the tour.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, WrapErr, eyre};
use serde::{Deserialize, Serialize};

use super::lab::Size;
use super::stop::{Outcome, Stop};
use super::stops::STOPS;

/// Version of the file's format.
const VERSION: u32 = 1;
/// The file's name.
const FILE: &str = "tour.json";

/// What was reached at one stop.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The answer to the question, if it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<usize>,
    /// The result of the experiment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Seconds that the experiment took.
    #[serde(default)]
    pub seconds: f64,
    /// The results of its interventions, by their index.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changed: BTreeMap<usize, Outcome>,
    /// The seed of the last repetition; 0 before the first.
    #[serde(default)]
    pub seed: u64,
}

/// The file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Kept {
    version: u32,
    /// True if the experiments had the reduced size.
    #[serde(default)]
    quick: bool,
    /// The name of the stop that was open last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<String>,
    stops: BTreeMap<String, Entry>,
}

/// What the learner has reached.
#[derive(Debug)]
pub(crate) struct Notebook {
    folder: PathBuf,
    kept: Kept,
}

impl Notebook {
    /// Opens the notebook of a folder; a new one if there is none.
    ///
    /// # Errors
    /// A file that cannot be read, or one of another version or size.
    pub(crate) fn open(folder: &Path, size: Size) -> Result<Self> {
        let path = folder.join(FILE);
        let quick = size == Size::Quick;
        let kept = if path.is_file() {
            let text = fs::read_to_string(&path).wrap_err_with(|| path.display().to_string())?;
            let kept: Kept = serde_json::from_str(&text).map_err(|e| {
                eyre!(
                    "{}, line {}: {e}; another --run-dir begins a new tour",
                    path.display(),
                    e.line()
                )
            })?;
            if kept.version != VERSION {
                return Err(eyre!(
                    "{}: version {} of the format, this program reads {VERSION}; another --run-dir \
                     begins a new tour",
                    path.display(),
                    kept.version
                ));
            }
            if kept.quick != quick {
                let (was, now) = if quick { ("without", "with") } else { ("with", "without") };
                return Err(eyre!(
                    "{}: the tour in this folder was begun {was} --quick and is now run {now} it; \
                     choose another --run-dir",
                    path.display()
                ));
            }
            kept
        } else {
            Kept { version: VERSION, quick, ..Kept::default() }
        };
        Ok(Self { folder: folder.to_owned(), kept })
    }

    /// Returns what was reached at a stop.
    pub(crate) fn entry(&self, stop: &dyn Stop) -> Entry {
        self.kept.stops.get(stop.text().name).cloned().unwrap_or_default()
    }

    /// Changes what was reached at a stop, and writes the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn change(
        &mut self,
        stop: &dyn Stop,
        change: impl FnOnce(&mut Entry),
    ) -> Result<()> {
        change(self.kept.stops.entry(stop.text().name.to_owned()).or_default());
        self.write()
    }

    /// Returns the index of the stop that was open last.
    pub(crate) fn last(&self) -> Option<usize> {
        STOPS.iter().position(|stop| Some(stop.text().name) == self.kept.last.as_deref())
    }

    /// Keeps which stop is open.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn set_last(&mut self, at: usize) -> Result<()> {
        self.kept.last = STOPS.get(at).map(|stop| stop.text().name.to_owned());
        self.write()
    }

    fn write(&self) -> Result<()> {
        fs::create_dir_all(&self.folder).wrap_err_with(|| self.folder.display().to_string())?;
        let (path, part) = (self.folder.join(FILE), self.folder.join("tour.json.part"));
        let text = serde_json::to_string_pretty(&self.kept)? + "\n";
        fs::write(&part, text).wrap_err_with(|| part.display().to_string())?;
        fs::rename(&part, &path).wrap_err_with(|| path.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reached_is_kept_and_other_sizes_and_versions_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tour");
        let mut notebook = Notebook::open(&path, Size::Quick).unwrap();
        assert_eq!(notebook.entry(STOPS[2]), Entry::default());
        notebook.change(STOPS[2], |entry| entry.answer = Some(1)).unwrap();
        let notebook = Notebook::open(&path, Size::Quick).unwrap();
        assert_eq!(notebook.entry(STOPS[2]).answer, Some(1));
        let refused = |size| format!("{:#}", Notebook::open(&path, size).unwrap_err());
        assert!(refused(Size::Full).contains("with --quick and is now run without it"));
        fs::write(path.join(FILE), "{\"version\": 9, \"stops\": {}}").unwrap();
        assert!(refused(Size::Full).contains("version 9"));
        fs::write(path.join(FILE), "{\n nonsense").unwrap();
        assert!(refused(Size::Full).contains("tour.json, line 2"));
    }
}
