//! Other runs beside this one.

use super::Model;
use crate::dashboard::beside::Beside;
use crate::dashboard::mode::Role;
use crate::dashboard::source::SourceUpdate;

impl Model {
    /// Returns whether the run is trained by this process.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Requests that another run is shown beside this one, once the dashboard opens.
    pub fn request_beside(&mut self, name: String) {
        self.requests.push(name);
    }

    /// Returns the requests, and forgets them.
    pub(in crate::dashboard) fn take_requests(&mut self) -> Vec<String> {
        std::mem::take(&mut self.requests)
    }

    /// Adds another run, of which nothing is known yet; returns false if it is shown already.
    pub(in crate::dashboard) fn add_beside(&mut self, name: &str) -> bool {
        let new = !self.beside.iter().any(|beside| beside.name == name);
        if new {
            let beside = Beside { name: name.to_owned(), share: Some(0.0), ..Beside::default() };
            self.beside.push(beside);
            self.tell(format!("beside this run: {name}"));
        }
        new
    }

    /// Returns true if a run of this name is shown beside the one that is open.
    pub(in crate::dashboard) fn is_beside(&self, name: &str) -> bool {
        self.beside.iter().any(|beside| beside.name == name)
    }

    /// Removes one other run.
    pub(super) fn close_one(&mut self, name: &str) {
        self.beside.retain(|beside| beside.name != name);
        self.tell(format!("no longer beside this run: {name}"));
    }

    /// Removes the other runs.
    pub(super) fn close_beside(&mut self) {
        self.beside.clear();
    }

    /// Applies new information about another run.
    pub(in crate::dashboard) fn update_beside(&mut self, name: &str, update: SourceUpdate) {
        let Some(beside) = self.beside.iter_mut().find(|beside| beside.name == name) else {
            return;
        };
        if update.is_quiet() && !update.restarted {
            return;
        }
        if update.restarted {
            *beside = Beside { name: name.to_owned(), share: Some(0.0), ..Beside::default() };
        }
        if let Some(part) = update.history {
            beside.share = beside.history.add(part);
        }
        update.events.iter().for_each(|event| beside.history.apply(event));
        self.dirty = true;
    }
}
