//! One level of threads, started once.
//!
//! A job has parts, and a fixed number of threads means a fixed number of parts, hence the same
//! bits every time. Any thread can run any part. The caller runs the parts that no other thread has
//! begun, so it does not wait for a thread whose core is busy with another program. A job that is
//! too small to be shared, or whose sharing recently cost time, runs on the calling thread alone. A
//! waiting thread spins briefly, since the next job of a training step is microseconds away, then
//! sleeps. A call from inside a running job runs on the thread of that job: there is never a second
//! level.

mod policy;
mod team;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;
use std::thread;

use crate::CancellationToken;
use crate::ranks::Ranks;
use team::{Team, alone};

/// A fixed number of threads that work on one job at a time. Clones share the threads.
#[derive(Clone)]
pub struct Threads {
    count: usize,
    team: Option<Arc<Team>>,
    cancellation: Option<CancellationToken>,
    ranks: Ranks,
}

impl std::fmt::Debug for Threads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Threads({})", self.count)
    }
}

impl Threads {
    /// Uses the calling thread alone.
    pub fn single() -> Self {
        Self { count: 1, team: None, cancellation: None, ranks: Ranks::default() }
    }

    /// Creates `count` threads including the caller's; 0 means one per processor.
    ///
    /// No more threads are started than there are processors, because more would only wait for each
    /// other. Results are still those of `count` threads.
    pub fn new(count: usize) -> Self {
        let processors = thread::available_parallelism().map(usize::from);
        let count = match count {
            0 => processors.as_ref().map_or(1, |&n| n),
            n => n,
        };
        Self::with_workers(count, count.min(processors.unwrap_or(count)) - 1)
    }

    /// Creates jobs of `count` parts, with `workers` threads besides the caller's.
    fn with_workers(count: usize, workers: usize) -> Self {
        let team = (workers > 0).then(|| Arc::new(Team::new(count, workers)));
        let team = team.filter(|team| team.size() > 1);
        Self { count, team, cancellation: None, ranks: Ranks::default() }
    }

    /// Returns the same threads, for work that ends early once `token` is cancelled. Results do not
    /// depend on the token: a long loop must check [`is_cancelled`](Self::is_cancelled) itself.
    pub fn with_cancellation(&self, token: &CancellationToken) -> Self {
        Self { cancellation: Some(token.clone()), ..self.clone() }
    }

    /// Returns true if work on these threads should end early.
    pub fn is_cancelled(&self) -> bool {
        self.cancellation.as_ref().is_some_and(CancellationToken::is_cancelled)
    }

    /// Returns the same threads, for work that all ranks share. Every rank must do this work: a
    /// function that shares its work waits for them.
    pub fn with_ranks(&self, ranks: &Ranks) -> Self {
        Self { ranks: ranks.clone(), ..self.clone() }
    }

    /// Returns the ranks that share the work on these threads; by default there is only this one.
    pub fn ranks(&self) -> &Ranks {
        &self.ranks
    }

    /// Returns the number of threads that work on a job, which is its number of parts.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Calls `f(0, n)` to `f(n - 1, n)` for an n that it chooses; n is 1 inside another job and for
    /// work that is too small. The work must give the same bits for every n.
    ///
    /// `work` is the approximate time on one thread, in nanoseconds. Returns when all parts are
    /// done; if parts panic, the panic of the first of them is raised here.
    pub fn split(&self, work: usize, f: impl Fn(usize, usize) + Sync) {
        let shared = self.team.as_ref().is_some_and(|team| {
            let parts = team.size();
            team.share(work as u64, parts, &|i| f(i, parts))
        });
        if !shared {
            alone(1, |i| f(i, 1));
        }
    }

    /// Calls `f(i, &mut items[i])` for every item; items are assigned to the threads in turn.
    ///
    /// Each item should take a good part of a millisecond; otherwise use [`Threads::for_each_of`].
    pub fn for_each<T: Send>(&self, items: &mut [T], f: impl Fn(usize, &mut T) + Sync) {
        self.for_each_of(usize::MAX, items, f);
    }

    /// Calls [`Threads::for_each`] over items that together take one thread about `work`
    /// nanoseconds.
    pub fn for_each_of<T: Send>(
        &self,
        work: usize,
        items: &mut [T],
        f: impl Fn(usize, &mut T) + Sync,
    ) {
        struct Items<T>(*mut T);
        // SAFETY: threads take different items (below), and `T: Send`.
        unsafe impl<T: Send> Sync for Items<T> {}
        let (base, count) = (Items(items.as_mut_ptr()), items.len());
        let base = &base;
        let parts = count.min(self.count);
        let run = |part| {
            for i in (part..count).step_by(parts) {
                // SAFETY: i < count, and no other part has the same i modulo `parts`.
                f(i, unsafe { &mut *base.0.add(i) });
            }
        };
        // A single item cannot be shared.
        let team = self.team.as_ref().filter(|_| parts > 1);
        if !team.is_some_and(|team| team.share(work as u64, parts, &run)) {
            alone(parts, run);
        }
    }

    /// Returns the part of `0..n` for thread `index`; every part but the last is a multiple of
    /// `grain`.
    pub fn part(&self, n: usize, grain: usize, index: usize) -> Range<usize> {
        part(n, grain, self.count, index)
    }
}

/// Returns part `index` of `count` of `0..n`; every part but the last is a multiple of `grain`.
pub(crate) fn part(n: usize, grain: usize, count: usize, index: usize) -> Range<usize> {
    let grains = n.div_ceil(grain.max(1));
    let at = |i: usize| (grains * i / count * grain).min(n);
    at(index)..at(index + 1)
}
