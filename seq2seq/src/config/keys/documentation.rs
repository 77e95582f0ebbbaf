//! The documentation of a key: its meaning and its accepted values.

use super::{Config, Key};
use crate::config::on_resume::OnResume;
use crate::range::Range;

/// Maximum width of a line of a key's documentation.
pub(super) const DOC_WIDTH: usize = 100;

impl Key {
    /// Returns the key's meaning, its accepted values (from "Takes" on), and whether `--resume` may
    /// change it.
    pub fn doc(&self) -> String {
        let mut doc: String = self.raw_doc.lines().flat_map(|line| [line.trim(), "\n"]).collect();
        let explained = (self.explained)();
        if !explained.is_empty() {
            doc.push_str(&textwrap::fill(&explained, DOC_WIDTH));
            doc.push('\n');
        }
        let mut last = format!("Takes {}.", self.allowed());
        if self.on_resume == OnResume::Changes {
            last.push_str(" May change when a run is resumed.");
        }
        doc.push_str(&textwrap::fill(&last, DOC_WIDTH));
        doc
    }

    /// Returns a description of the accepted values.
    pub fn allowed(&self) -> String {
        match self.range {
            Some(range) => format!("{} {range}", (self.kind)()),
            None => (self.kind)(),
        }
    }

    /// Returns the accepted range if the values are numbers.
    pub fn range(&self) -> Option<Range> {
        self.range
    }

    /// Returns the key's range if the value in `config` is a number outside it.
    pub(crate) fn out_of_range(&self, config: &Config) -> Option<Range> {
        self.range.filter(|range| !(self.number)(config).is_some_and(|n| range.contains(n)))
    }
}
