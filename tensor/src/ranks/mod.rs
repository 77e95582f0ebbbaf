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

    /// Sends block r of `blocks` to rank r, for every r; `received` gets the blocks that the ranks
    /// sent to this one, in their order. All blocks have the same length.
    ///
    /// MPI: `MPI_Alltoall`.
    ///
    /// # Errors
    /// A rank has ended or does not answer.
    fn all_to_all(&self, blocks: &[f32], received: &mut [f32]) -> Result<()>;

    /// Fills `all` with the blocks of all ranks, in their order. All blocks have the same length.
    ///
    /// MPI: `MPI_Allgather`.
    ///
    /// # Errors
    /// A rank has ended or does not answer.
    fn all_gather(&self, block: &[f32], all: &mut [f32]) -> Result<()>;

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
}

impl Ranks {
    /// Creates the handle of one rank. Every rank has one part of a batch.
    pub fn new(exchange: Arc<dyn Exchange>) -> Self {
        let (before, parts) = (exchange.rank(), exchange.size());
        let exchange = Some(exchange).filter(|exchange| exchange.size() > 1);
        Self { exchange, before, parts }
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
