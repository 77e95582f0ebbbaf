//! What the dashboard shows of a run that this process trains: its events, and the list of the runs
//! beside it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use seq2seq::{Command, RUNS};

use crate::dashboard::{RunRequest, Source, SourceUpdate};
use crate::runs_lister::{RunsLister, folder_of, stop};
use crate::trainer::Trainer;

/// Time between two looks at the folder; training needs the machine.
const LOOK: Duration = Duration::from_secs(5);

/// A run in training, and the list of its folder once it is wanted.
#[derive(Debug)]
pub(crate) struct TrainingSource<'a> {
    trainer: &'a mut Trainer,
    folder: PathBuf,
    list: Option<RunsLister>,
    notice: Option<String>,
    resumed: Option<Vec<(String, String)>>,
}

impl<'a> TrainingSource<'a> {
    /// Creates the source of a run, which is in the folder `run_dir` if that was chosen.
    pub(crate) fn new(trainer: &'a mut Trainer, run_dir: Option<&Path>) -> Self {
        let folder = run_dir.map_or_else(|| PathBuf::from(RUNS), folder_of);
        Self { trainer, folder, list: None, notice: None, resumed: None }
    }

    /// Returns the folder whose runs are listed.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the settings with which the run is to be resumed, if it is.
    pub(crate) fn resumed(self) -> Option<Vec<(String, String)>> {
        self.resumed
    }
}

impl Source for TrainingSource<'_> {
    fn news(&mut self) -> SourceUpdate {
        let mut news = self.trainer.news();
        match self.list.as_ref().and_then(RunsLister::news) {
            Some(Ok(runs)) => news.runs = Some(runs),
            Some(Err(trouble)) => news.notice = Some(trouble),
            None => {}
        }
        if self.notice.is_some() {
            news.notice = self.notice.take();
        }
        news
    }

    fn send(&mut self, command: Command) {
        self.trainer.send(command);
    }

    fn run_dir(&self) -> Option<PathBuf> {
        self.trainer.run_dir()
    }

    fn list_runs(&mut self) {
        if self.list.is_none() {
            match RunsLister::start(&self.folder, LOOK) {
                Ok(list) => self.list = Some(list),
                Err(error) => self.notice = Some(format!("the runs cannot be listed: {error}")),
            }
        }
    }

    fn request(&mut self, request: RunRequest) {
        match request {
            RunRequest::Stop(run) => self.notice = Some(stop(&run)),
            RunRequest::ResumeWith(set) => self.resumed = Some(set),
            // The list of a run in training opens and resumes no other.
            RunRequest::Open(_) | RunRequest::Resume(_) => {}
        }
    }
}
