//! Processes that work on one model together.
//!
//! Each process is a *rank*, numbered from 0, as in MPI. All ranks call the same functions in the
//! same order, and a function that needs the others waits for them.

mod in_process;

use std::fmt::Debug;
use std::sync::Arc;

use crate::error::{Error, Result};

pub(crate) use in_process::in_process;

/// The exchange of data between ranks. A call returns once all ranks have made it.
pub trait Exchange: Debug + Send + Sync {
    /// Returns the number of this rank, from 0.
    fn rank(&self) -> usize;

    /// Returns the number of ranks.
    fn size(&self) -> usize;

    /// Sends block r of `blocks` to every other rank r; `received` gets the blocks that the other ranks
    /// sent to this one, in their order. All blocks have the same length, and there are as many as
    /// ranks: the block of this rank is not sent.
    ///
    /// MPI: `MPI_Alltoall`.
    ///
    /// # Errors
    /// A rank has ended or does not answer.
    fn all_to_all(&self, blocks: &[f32], received: &mut [f32]) -> Result<()>;

    /// Sends the block of this rank to all others, and replaces the other blocks by theirs. All blocks
    /// have the same length, and there are as many as ranks.
    ///
    /// MPI: `MPI_Allgather` in place.
    ///
    /// # Errors
    /// A rank has ended or does not answer.
    fn all_gather(&self, blocks: &mut [f32]) -> Result<()>;

    /// Returns the bytes of all ranks, in their order. Their lengths may differ.
    ///
    /// MPI: `MPI_Allgatherv`.
    ///
    /// # Errors
    /// A rank has ended or does not answer.
    fn gather(&self, mine: &[u8]) -> Result<Vec<Vec<u8>>>;
}

/// This process as one of several ranks; by default it is alone. Clones are the same rank.
///
/// A batch is shared out over the threads of all ranks exactly as over the threads of one process:
/// each thread takes one of [`parts`](Self::parts) parts.
#[derive(Debug, Clone, Default)]
pub struct Ranks {
    exchange: Option<Arc<dyn Exchange>>,
    /// Number of parts of the ranks before this one.
    before: usize,
    /// Number of parts of all ranks, if there are several.
    parts: usize,
    place: Place,
}

/// The place of a rank among those of its machine, which share its processor and its devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its number on the machine, from 0.
    pub number: usize,
    /// The number of ranks there.
    pub count: usize,
}

impl Place {
    /// Returns the number of threads of this rank if the user gave none: its share of the processors
    /// that the process may use; `None` for all of them.
    pub fn threads(&self) -> Option<usize> {
        let own = std::thread::available_parallelism().map_or(1, usize::from);
        let share = match bound() {
            // Other ranks are bound to other processors.
            Some(all) => own.min(all / self.count),
            None => own / self.count,
        };
        (self.count > 1).then(|| share.max(1))
    }
}

impl Place {
    /// Returns the number of processors that this process is bound to and its share of those of the
    /// machine, if it is bound to fewer: Open MPI binds each of two processes to one processor.
    pub fn bound_below_share(&self) -> Option<(usize, usize)> {
        let own = std::thread::available_parallelism().map_or(1, usize::from);
        let share = bound()? / self.count;
        (own < share).then_some((own, share))
    }
}

/// Returns the number of processors of the machine if this process is bound to some of them, as
/// `mpirun` binds its processes. `None` if it is not, or on other systems than Linux.
fn bound() -> Option<usize> {
    // Lists such as 0-3,8.
    let count = |list: &str| -> Option<usize> {
        let range = |range: &str| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            Some(last.trim().parse::<usize>().ok()? + 1 - first.trim().parse::<usize>().ok()?)
        };
        list.split(',').map(range).sum()
    };
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    let online = std::fs::read_to_string("/sys/devices/system/cpu/online").ok()?;
    let (allowed, online) = (count(allowed)?, count(&online)?);
    (allowed < online).then_some(online)
}

impl Default for Place {
    fn default() -> Self {
        Self { number: 0, count: 1 }
    }
}

/// Two handles are equal if they are the same rank of as many.
impl PartialEq for Ranks {
    fn eq(&self, other: &Self) -> bool {
        (self.rank(), self.size()) == (other.rank(), other.size())
    }
}

impl Ranks {
    /// Creates the handle of one rank. Every rank has one part of a batch.
    pub fn new(exchange: Arc<dyn Exchange>) -> Self {
        let (before, parts) = (exchange.rank(), exchange.size());
        let exchange = Some(exchange).filter(|exchange| exchange.size() > 1);
        Self { exchange, before, parts, place: Place::default() }
    }

    /// Returns the same ranks; this one has a place among those of its machine. By default it has its
    /// machine for itself.
    #[must_use]
    pub fn with_place(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// Returns the place of this rank on its machine.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Returns the same ranks, of which this one has `parts` parts of a batch. Every rank calls
    /// this.
    ///
    /// # Errors
    /// A rank has ended or does not answer.
    pub fn with_parts(&self, parts: usize) -> Result<Self> {
        if self.is_alone() {
            return Ok(Self { before: 0, parts, ..self.clone() });
        }
        let all = self.gather(&(parts as u64).to_le_bytes())?;
        let number = |bytes: &Vec<u8>| match bytes.as_slice().try_into() {
            Ok(bytes) => Ok(u64::from_le_bytes(bytes) as usize),
            Err(_) => Err(Error::Ranks("a number of parts is not 8 bytes".into())),
        };
        let all = all.iter().map(number).collect::<Result<Vec<usize>>>()?;
        let before = all.iter().take(self.rank()).sum();
        Ok(Self { before, parts: all.iter().sum(), ..self.clone() })
    }

    /// Returns the number of this rank, from 0.
    pub fn rank(&self) -> usize {
        self.exchange.as_ref().map_or(0, |exchange| exchange.rank())
    }

    /// Returns the number of ranks.
    pub fn size(&self) -> usize {
        self.exchange.as_ref().map_or(1, |exchange| exchange.size())
    }

    /// Returns true if there is no other rank.
    pub fn is_alone(&self) -> bool {
        self.exchange.is_none()
    }

    /// Returns true for rank 0, which alone reads commands and writes files.
    pub fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// Returns the number of parts of the ranks before this one.
    pub fn parts_before(&self) -> usize {
        if self.is_alone() { 0 } else { self.before }
    }

    /// Returns the number of parts of a batch of which this rank has `own`.
    pub fn parts(&self, own: usize) -> usize {
        if self.is_alone() { own } else { self.parts }
    }

    /// Returns the bytes of all ranks, in their order. Every rank calls this.
    ///
    /// # Errors
    /// A rank has ended or does not answer.
    pub fn gather(&self, mine: &[u8]) -> Result<Vec<Vec<u8>>> {
        match &self.exchange {
            Some(exchange) => exchange.gather(mine),
            None => Ok(vec![mine.to_vec()]),
        }
    }

    /// Returns how the ranks exchange data, if there are several.
    pub(crate) fn exchange(&self) -> Option<&dyn Exchange> {
        self.exchange.as_deref()
    }
}
