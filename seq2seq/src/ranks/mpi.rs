//! Ranks that are processes started by `mpirun`.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mpi::Threading;
use mpi::datatype::PartitionMut;
use mpi::environment::{self, Universe};
use mpi::request::{LocalScope, Request, scope};
use mpi::topology::{Communicator, SimpleCommunicator};
use mpi::traits::{CommunicatorCollectives, Destination, Source};
use tensor::{Exchange, Ranks};

use super::place::placed;
use crate::{Error, Result};

/// How long a rank waits for the others before it gives up: longer than any of them prepares a run.
const PATIENCE: Duration = Duration::from_secs(3600);
/// How long a rank waits for the others after it was asked to end, besides twice the longest time from
/// one meeting to the next, in which they finish a step.
const LAST_PATIENCE: Duration = Duration::from_secs(10);
/// Number of the first meetings, between which a run is prepared: that may take long.
const PREPARATIONS: u32 = 8;
/// How long a rank polls without sleeping while gradients are exchanged.
const EXCHANGE: Duration = Duration::from_secs(5);
/// How long it does so while it waits for the others.
const BRIEFLY: Duration = Duration::from_millis(50);
/// The pause between two polls after that.
const PAUSE: Duration = Duration::from_micros(200);
/// Bytes that all ranks together send at a time; MPI counts in 32 bits.
const PIECE: usize = 1 << 30;

/// When this process was asked to end.
static ASKED: OnceLock<Instant> = OnceLock::new();

/// MPI, from its start to its end: when the value is dropped, the process waits for the other ranks to
/// end, too.
pub struct Mpi {
    _universe: Universe,
}

impl fmt::Debug for Mpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mpi({})", Self::library())
    }
}

impl Mpi {
    /// Starts MPI in a process that `mpirun` started, once, and returns the ranks.
    ///
    /// If another rank does not answer for an hour, or has ended, `on_silence` is called with a
    /// message, and then all ranks are ended: MPI has no way to go on.
    ///
    /// # Errors
    /// MPI was started before, or the library allows no other thread than the main one to call it.
    pub fn start(on_silence: fn(&str)) -> Result<(Self, Ranks)> {
        let started = environment::initialize_with_threading(Threading::Multiple);
        let Some((universe, threading)) = started else {
            return Err(Error::Other("MPI was started before in this process".into()));
        };
        let single = matches!(threading, Threading::Single | Threading::Funneled);
        if single {
            let what = format!("{} allows only the main thread to call it", Self::library());
            return Err(Error::Other(what));
        }
        let world = universe.world();
        let count = |n: i32| usize::try_from(n).unwrap_or_default();
        let exchange = Processes {
            rank: count(world.rank()),
            size: count(world.size()).max(1),
            meetings: Mutex::default(),
            on_silence,
        };
        let ranks = placed(Ranks::new(Arc::new(exchange)))?;
        Ok((Self { _universe: universe }, ranks))
    }

    /// Notes that the system asks this process to end, with a signal, as `mpirun` does if it is stopped or
    /// if a rank has died. The others are still waited for, to finish and save a step together, but not
    /// much longer than that takes.
    pub fn ask_to_end() {
        ASKED.get_or_init(Instant::now);
    }

    /// Returns true if this process was [asked to end](Self::ask_to_end). It should then end without
    /// dropping [`Mpi`], since `mpirun` no longer takes part in that.
    pub fn is_asked_to_end() -> bool {
        ASKED.get().is_some()
    }

    /// Ends all ranks at once, this one included.
    pub fn abort(status: u8) -> ! {
        SimpleCommunicator::world().abort(status.into())
    }

    /// Returns name and version of the MPI library.
    pub fn library() -> String {
        let all = environment::library_version().unwrap_or_default();
        let first = all.split([',', '\n', '\0']).next().unwrap_or_default();
        first.trim().to_owned()
    }
}

/// The exchange between processes.
struct Processes {
    rank: usize,
    size: usize,
    meetings: Mutex<Meetings>,
    on_silence: fn(&str),
}

/// When the ranks met.
#[derive(Default)]
struct Meetings {
    count: u32,
    last: Option<Instant>,
    /// The longest time from one meeting to the next, since the preparations.
    longest: Duration,
}

impl fmt::Debug for Processes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rank {} of {}", self.rank, self.size)
    }
}

impl Processes {
    /// Waits until a request is complete, polling for `busy` and then with pauses. Blocking calls of
    /// MPI would never give up.
    fn complete<'a, D: ?Sized>(
        &self,
        mut request: Request<'a, D, &LocalScope<'a>>,
        busy: Duration,
    ) {
        let begun = Instant::now();
        loop {
            request = match request.test() {
                Ok(_) => return,
                Err(request) => request,
            };
            let waited = begun.elapsed();
            if waited < busy {
                thread::yield_now();
                continue;
            }
            self.check_patience(waited);
            thread::sleep(PAUSE);
        }
    }

    /// Ends all ranks if the others have not answered for too long.
    fn check_patience(&self, waited: Duration) {
        let meetings = self.meetings.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = ASKED.get().map(|asked| asked.elapsed().min(waited));
        let last_patience = LAST_PATIENCE + 2 * meetings.longest;
        let rank = self.rank;
        let what = if asked.is_some_and(|asked| asked > last_patience) {
            format!("rank {rank}: another rank has ended")
        } else if waited > PATIENCE {
            let minutes = PATIENCE.as_secs() / 60;
            format!("rank {rank}: the others did not answer for {minutes} minutes")
        } else {
            return;
        };
        (self.on_silence)(&format!("{what}, so all end; a run goes on from its last checkpoint"));
        Mpi::abort(1);
    }

    /// Notes that all ranks have met.
    fn met(&self) {
        let mut meetings = self.meetings.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let since = meetings.last.replace(now).map_or(Duration::ZERO, |last| now - last);
        meetings.count = meetings.count.saturating_add(1);
        if meetings.count > PREPARATIONS {
            meetings.longest = meetings.longest.max(since);
        }
    }
}

impl Exchange for Processes {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn all_to_all(&self, blocks: &[f32], received: &mut [f32]) -> tensor::Result<()> {
        let world = SimpleCommunicator::world();
        let length = (blocks.len() / self.size).max(1);
        scope(|scope| {
            let others = (0..self.size).filter(|&rank| rank != self.rank);
            let into = others.clone().zip(received.chunks_mut(length)).map(|(rank, block)| {
                world.process_at_rank(rank as i32).immediate_receive_into(scope, block)
            });
            let into: Vec<_> = into.collect();
            let from = others.zip(blocks.chunks(length).enumerate().filter(|b| b.0 != self.rank));
            let from = from.map(|(rank, (_, block))| {
                world.process_at_rank(rank as i32).immediate_send(scope, block)
            });
            let from: Vec<_> = from.collect();
            into.into_iter().for_each(|request| self.complete(request, EXCHANGE));
            from.into_iter().for_each(|request| self.complete(request, EXCHANGE));
        });
        Ok(())
    }

    fn all_gather(&self, blocks: &mut [f32]) -> tensor::Result<()> {
        let world = SimpleCommunicator::world();
        let length = (blocks.len() / self.size).max(1);
        let (mut own, mut others) = (None, Vec::with_capacity(self.size));
        for (rank, block) in blocks.chunks_mut(length).enumerate() {
            if rank == self.rank {
                own = Some(&*block);
            } else {
                others.push((rank as i32, block));
            }
        }
        let ranks: Vec<i32> = others.iter().map(|(rank, _)| *rank).collect();
        scope(|scope| {
            let into = others.into_iter().map(|(rank, block)| {
                world.process_at_rank(rank).immediate_receive_into(scope, block)
            });
            let into: Vec<_> = into.collect();
            let from = own.into_iter().flat_map(|own| ranks.iter().map(move |&rank| (rank, own)));
            let from =
                from.map(|(rank, own)| world.process_at_rank(rank).immediate_send(scope, own));
            let from: Vec<_> = from.collect();
            into.into_iter().for_each(|request| self.complete(request, EXCHANGE));
            from.into_iter().for_each(|request| self.complete(request, EXCHANGE));
        });
        Ok(())
    }

    fn gather(&self, mine: &[u8]) -> tensor::Result<Vec<Vec<u8>>> {
        let world = SimpleCommunicator::world();
        let length = mine.len() as u64;
        let mut lengths = vec![0_u64; self.size];
        scope(|scope| {
            let request = world.immediate_all_gather_into(scope, &length, lengths.as_mut_slice());
            self.complete(request, BRIEFLY);
        });
        self.met();
        let mut all: Vec<Vec<u8>> = vec![Vec::new(); self.size];
        let longest = lengths.iter().copied().max().unwrap_or(0) as usize;
        let most = PIECE / self.size;
        for start in (0..longest).step_by(most) {
            let count = |&length: &u64| (length as usize).saturating_sub(start).min(most) as i32;
            let counts: Vec<i32> = lengths.iter().map(count).collect();
            let starts = counts.iter().scan(0, |end, count| {
                *end += count;
                Some(*end - count)
            });
            let starts: Vec<i32> = starts.collect();
            let mut received = vec![0_u8; counts.iter().map(|&count| count as usize).sum()];
            let piece = &mine[start.min(mine.len())..(start + most).min(mine.len())];
            let mut parts = PartitionMut::new(received.as_mut_slice(), counts.as_slice(), starts);
            scope(|scope| {
                let request = world.immediate_all_gather_varcount_into(scope, piece, &mut parts);
                self.complete(request, EXCHANGE);
            });
            let mut rest = received.as_slice();
            for (bytes, &count) in all.iter_mut().zip(&counts) {
                let (own, others) = rest.split_at(count as usize);
                bytes.extend_from_slice(own);
                rest = others;
            }
        }
        Ok(all)
    }
}
