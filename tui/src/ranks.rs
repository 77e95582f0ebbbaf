//! The ranks of this program, if `mpirun` started several processes.
//!
//! Rank 0 alone reads the terminal and prints. The others run the same command on the same arguments,
//! so that work that is shared meets, and say nothing.

use std::process::ExitCode;
use std::sync::OnceLock;
#[cfg(feature = "mpi")]
use std::{thread, time::Duration};

use color_eyre::eyre::{Report, Result};
use seq2seq::Ranks;

#[cfg(feature = "mpi")]
use crate::{output, terminal};

/// The ranks, once MPI was started.
static RANKS: OnceLock<Ranks> = OnceLock::new();

/// Names of the variables in which an MPI library tells a process its rank and the number of ranks.
const VARIABLES: [(&str, &str); 2] =
    [("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("PMI_RANK", "PMI_SIZE")];
/// How long a rank that failed waits for rank 0, which may print the same error, to end it.
#[cfg(feature = "mpi")]
const LEAVE_TO_FIRST: Duration = Duration::from_secs(2);

/// Returns the ranks that share the work of this process; alone, there is only this one.
pub(crate) fn all() -> Ranks {
    RANKS.get().cloned().unwrap_or_default()
}

/// Ends all ranks at once, if there are others: one of them may be waiting for this one.
pub(crate) fn abort_others(status: u8) {
    #[cfg(feature = "mpi")]
    if !all().is_alone() {
        seq2seq::Mpi::abort(status);
    }
    let _ = status;
}

/// Notes that a signal asks this process to end: the other ranks are then not waited for without limit.
pub(crate) fn ask_to_end() {
    #[cfg(feature = "mpi")]
    seq2seq::Mpi::ask_to_end();
}

/// The number of a process among those that `mpirun` started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Launched {
    pub(crate) rank: usize,
    pub(crate) size: usize,
}

impl Launched {
    /// Returns the number of this process, if `mpirun` started it.
    pub(crate) fn find() -> Option<Self> {
        Self::from(|name| std::env::var(name).ok())
    }

    fn from(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let number = |name: &str| variable(name)?.parse::<usize>().ok();
        let of =
            |&(rank, size): &(&str, &str)| Some(Self { rank: number(rank)?, size: number(size)? });
        VARIABLES.iter().find_map(of)
    }

    /// Returns true for rank 0.
    pub(crate) fn is_first(self) -> bool {
        self.rank == 0
    }
}

/// The membership of this process in a group of ranks.
pub(crate) struct Membership {
    #[cfg(feature = "mpi")]
    mpi: Option<seq2seq::Mpi>,
}

impl Membership {
    /// Joins the other ranks.
    ///
    /// # Errors
    /// This build has no MPI; MPI does not start.
    #[cfg(feature = "mpi")]
    pub(crate) fn join(_: Launched) -> Result<Self> {
        let on_silence = |text: &str| {
            terminal::give_back();
            output::note(text);
        };
        let (mpi, ranks) = seq2seq::Mpi::start(on_silence)?;
        if let Some((own, share)) = ranks.place().bound_below_share() {
            output::note(&format!(
                "mpirun bound each process to {own} of the processors; with --bind-to none it uses {share}"
            ));
        }
        // The number of sentences that are decoded together depends on it.
        let threads = ranks.place().threads().unwrap_or(1);
        let _ = RANKS.set(ranks.with_parts(threads)?);
        Ok(Self { mpi: Some(mpi) })
    }

    /// Returns an error: this build has no MPI.
    #[cfg(not(feature = "mpi"))]
    pub(crate) fn join(Launched { size, .. }: Launched) -> Result<Self> {
        Err(color_eyre::eyre::eyre!(
            "mpirun started {size} processes, but this build cannot share work between them: each \
             would do all of it. Build with --features mpi, or start the program without mpirun"
        ))
    }

    /// Leaves the other ranks, and returns the exit status. After an error all ranks are ended, since
    /// the others may wait for this one.
    #[cfg(feature = "mpi")]
    pub(crate) fn leave(self, status: ExitCode, error: Option<&Report>) -> ExitCode {
        if let Some(error) = error.filter(|_| !all().is_alone()) {
            if !all().is_first() {
                // Rank 0 prints its error and ends all; it may have the same.
                thread::sleep(LEAVE_TO_FIRST);
                if !is_of_other_rank(error) {
                    output::note_of_rank(&format!(
                        "rank {} of {}: error: {}",
                        all().rank(),
                        all().size(),
                        output::one_line(error)
                    ));
                }
            }
            seq2seq::Mpi::abort(1);
        }
        if seq2seq::Mpi::is_asked_to_end() {
            std::mem::forget(self.mpi);
        }
        status
    }

    /// Returns the exit status.
    #[cfg(not(feature = "mpi"))]
    pub(crate) fn leave(self, status: ExitCode, _: Option<&Report>) -> ExitCode {
        status
    }
}

/// Returns true if another rank reports the error, too.
#[cfg(feature = "mpi")]
fn is_of_other_rank(error: &Report) -> bool {
    let is = |cause: &(dyn std::error::Error + 'static)| {
        matches!(cause.downcast_ref(), Some(seq2seq::Error::OtherRank { .. }))
    };
    error.chain().any(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_finds_its_number_in_the_variables_of_its_library() {
        let of = |set: &[(&str, &str)]| {
            Launched::from(|name| {
                set.iter().find(|pair| pair.0 == name).map(|pair| pair.1.to_owned())
            })
        };
        let second = Some(Launched { rank: 1, size: 4 });
        assert_eq!(of(&[("OMPI_COMM_WORLD_RANK", "1"), ("OMPI_COMM_WORLD_SIZE", "4")]), second);
        assert_eq!(of(&[("PMI_SIZE", "4"), ("PMI_RANK", "1")]), second);
        assert_eq!(of(&[("PMI_RANK", "1")]), None);
        assert_eq!(of(&[("PMI_RANK", "x"), ("PMI_SIZE", "4")]), None);
    }
}
