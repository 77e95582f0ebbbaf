//! The ranks of one machine.

use sysinfo::System;
use tensor::Ranks;

use super::gather;
use crate::Result;

/// The place of a rank among those of its machine, which share its processor and its devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its number on the machine, from 0.
    pub(crate) number: usize,
    /// The number of ranks there.
    pub(crate) count: usize,
}

impl Default for Place {
    fn default() -> Self {
        Self { number: 0, count: 1 }
    }
}

impl Place {
    /// Returns the place of this rank. Every rank calls this.
    ///
    /// # Errors
    /// A rank has ended or does not answer.
    pub(crate) fn of(ranks: &Ranks) -> Result<Self> {
        if ranks.is_alone() {
            return Ok(Self::default());
        }
        let hosts = gather(ranks, &host())?;
        let (before, rest) = hosts.split_at(ranks.rank().min(hosts.len()));
        let here = |hosts: &[String]| hosts.iter().filter(|host| **host == self::host()).count();
        Ok(Self { number: here(before), count: here(before) + here(rest) })
    }

    /// Returns the number of threads of this rank if the user gave none: its share of the processors
    /// that the process may use; `None` for all of them.
    pub(crate) fn threads(&self) -> Option<usize> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        (self.count > 1).then(|| (processors / self.count).max(1))
    }
}

/// Returns the name of this machine.
pub(crate) fn host() -> String {
    System::host_name().unwrap_or_else(|| "localhost".to_owned())
}
