//! The logs that are read beside the events of the run: those of other runs, and the earlier part of
//! a resumed run.

use std::path::{Path, PathBuf};

use color_eyre::eyre::Result;
use seq2seq::{Event, RUNS, find_run};

use super::beside::MOST;
use super::follow::LogFollower;
use super::model::Model;
use super::source::Source;
use crate::output;

/// The logs that are read beside the events of the run.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// Other runs with their names.
    runs: Vec<(String, LogFollower)>,
    /// The part of this run before its resume.
    before: Option<LogFollower>,
    /// True once the first event of this process has been seen.
    begun: bool,
}

impl Others {
    /// Opens another run beside the one in `own`.
    pub(super) fn open(&mut self, name: &str, own: Option<&Path>, model: &mut Model) {
        if self.runs.len() >= MOST {
            model.tell(format!("at most {MOST} other runs are shown; B removes them"));
            return;
        }
        let opened = find(name, own).and_then(|dir| Ok((LogFollower::open(&dir)?, dir)));
        match opened {
            Ok((follower, dir)) => {
                let name = dir.file_name().unwrap_or(dir.as_os_str()).to_string_lossy();
                if model.add_beside(&name) {
                    self.runs.push((name.into_owned(), follower));
                }
            }
            Err(error) => model.tell(output::one_line(&error)),
        }
    }

    /// Closes one other run.
    pub(super) fn close_one(&mut self, name: &str) {
        self.runs.retain(|(other, _)| other != name);
    }

    /// Closes the other runs.
    pub(super) fn close(&mut self) {
        self.runs.clear();
    }

    /// Reads the earlier part of a run if `events` contain the one with which this process resumed it.
    pub(super) fn read_before(&mut self, run_dir: Option<&Path>, events: &[Event]) {
        if self.begun {
            return;
        }
        let start = events.iter().find_map(|event| match event {
            Event::Start(start) => Some(start),
            _ => None,
        });
        let (Some(start), Some(run_dir)) = (start, run_dir) else { return };
        self.begun = true;
        if start.step > 0 {
            // Without a thread for it, only what this process trains is shown.
            self.before = LogFollower::before(run_dir, (**start).clone()).ok();
        }
    }

    /// Passes new information to the model.
    pub(super) fn update(&mut self, model: &mut Model) {
        for (name, follower) in &mut self.runs {
            let known = follower.trouble().is_some();
            model.update_beside(name, follower.news());
            if let Some(trouble) = follower.trouble().filter(|_| !known) {
                model.tell(format!("{name}: {trouble}"));
            }
        }
        if let Some(part) = self.before.as_mut().and_then(|before| before.news().history) {
            model.add_history(part);
        }
    }
}

/// Returns the folder of a run: it is looked up in the folder of the run that is shown, then in the
/// folder of new runs.
fn find(name: &str, own: Option<&Path>) -> Result<PathBuf> {
    let name = Path::new(name.trim());
    let beside = own.and_then(Path::parent).map(|parent| {
        // The parent of a name alone is empty.
        if parent.as_os_str().is_empty() { Path::new(".") } else { parent }
    });
    let found = beside.and_then(|folder| find_run(name, folder).ok());
    found.map_or_else(|| find_run(name, Path::new(RUNS)).map_err(Into::into), Ok)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_run_is_found_by_path_and_by_the_beginning_of_its_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["own", "other-1", "another-2", "no-run"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for name in ["own", "other-1", "another-2"] {
            fs::write(folder.path().join(name).join("config.json"), "{}").unwrap();
        }
        let own = folder.path().join("own");
        let name = |text: &str| {
            find(text, Some(&own))
                .ok()
                .map(|path| path.strip_prefix(folder.path()).unwrap().to_owned())
        };
        assert_eq!(name("other-1"), Some("other-1".into()));
        assert_eq!(name("anoth"), Some("another-2".into()));
        assert_eq!(name(folder.path().join("own").to_str().unwrap()), Some("own".into()));
        assert_eq!((name("no-run"), name("x")), (None, None));
    }
}
