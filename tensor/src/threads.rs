//! One level of threads, started once.
//!
//! [`Threads::run`] calls a function once on each thread, the caller's own included, and returns
//! when all are done. A worker that has nothing to do spins briefly, since the next job of a
//! training step is microseconds away, then parks: it never holds a core hostage. A call from
//! inside a running job runs on the calling thread alone, so there is never a second level.

use std::any::Any;
use std::cell::Cell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Thread};

use crate::CancellationToken;

/// Turns of a spin loop before parking: some tens of microseconds.
const SPINS: u32 = 4_000;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// A fixed number of threads that work on one job at a time. Clones share the threads.
#[derive(Clone)]
pub struct Threads {
    count: usize,
    team: Option<Arc<Team>>,
    cancellation: Option<CancellationToken>,
}

struct Team {
    shared: Arc<Shared>,
    /// Held by the caller whose job runs.
    turn: Mutex<()>,
    workers: Vec<JoinHandle<()>>,
}

/// A job: a pointer to a function that lives until every worker has counted down `left`.
type Job = *const (dyn Fn(usize) + Sync);

struct Shared {
    /// Raised once for each job; workers wait for it to change.
    epoch: AtomicU64,
    job: Mutex<Option<SendJob>>,
    left: AtomicUsize,
    parked: Vec<AtomicBool>,
    caller: Mutex<Option<Thread>>,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    quit: AtomicBool,
}

#[derive(Clone, Copy)]
struct SendJob(Job);
// SAFETY: the function behind the pointer is `Sync`, and `Threads::run` keeps it alive.
unsafe impl Send for SendJob {}

impl std::fmt::Debug for Threads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Threads({})", self.count)
    }
}

impl Threads {
    /// The calling thread alone.
    pub fn single() -> Self {
        Self { count: 1, team: None, cancellation: None }
    }

    /// `count` threads, the caller's included; 0 asks for one a processor.
    pub fn new(count: usize) -> Self {
        let count = match count {
            0 => thread::available_parallelism().map_or(1, usize::from),
            n => n,
        };
        if count == 1 {
            return Self::single();
        }
        let shared = Arc::new(Shared {
            epoch: AtomicU64::new(0),
            job: Mutex::new(None),
            left: AtomicUsize::new(0),
            parked: (1..count).map(|_| AtomicBool::new(false)).collect(),
            caller: Mutex::new(None),
            panic: Mutex::new(None),
            quit: AtomicBool::new(false),
        });
        let workers: Vec<_> = (1..count)
            .map_while(|index| {
                let shared = Arc::clone(&shared);
                let name = format!("tensor-{index}");
                thread::Builder::new().name(name).spawn(move || shared.work(index)).ok()
            })
            .collect();
        let count = workers.len() + 1;
        let team = Arc::new(Team { shared, turn: Mutex::new(()), workers });
        Self { count, team: Some(team), cancellation: None }
    }

    /// The same threads, for work that ends early once `token` is cancelled. What is computed
    /// with them does not depend on it: whoever runs a long loop looks at
    /// [`is_cancelled`](Self::is_cancelled).
    pub fn with_cancellation(&self, token: &CancellationToken) -> Self {
        Self { cancellation: Some(token.clone()), ..self.clone() }
    }

    /// True once work on these threads is to end early.
    pub fn is_cancelled(&self) -> bool {
        self.cancellation.as_ref().is_some_and(CancellationToken::is_cancelled)
    }

    /// How many threads work on a job.
    pub fn count(&self) -> usize {
        self.count
    }

    /// True inside a job: a further `run` there stays on its own thread.
    pub fn inside() -> bool {
        INSIDE.get()
    }

    /// Calls `f(0)` to `f(count - 1)`, each on its own thread where this is not inside a job
    /// already, and returns when all are done. A panic of any is raised here.
    pub fn run(&self, f: impl Fn(usize) + Sync) {
        let Some(team) = self.team.as_ref().filter(|_| !INSIDE.get()) else {
            (0..self.count).for_each(f);
            return;
        };
        let turn = team.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = &team.shared;
        let job: &(dyn Fn(usize) + Sync) = &f;
        // SAFETY: only the lifetime changes. The pointer is used by workers until `left` is zero,
        // which this function waits for before it returns, by whatever way.
        let job: Job = unsafe { std::mem::transmute(std::ptr::from_ref(job)) };
        *lock(&shared.caller) = Some(thread::current());
        *lock(&shared.job) = Some(SendJob(job));
        shared.left.store(team.workers.len(), Ordering::Relaxed);
        shared.epoch.fetch_add(1, Ordering::SeqCst);
        for (parked, worker) in shared.parked.iter().zip(&team.workers) {
            if parked.load(Ordering::SeqCst) {
                worker.thread().unpark();
            }
        }
        INSIDE.set(true);
        let mine = catch_unwind(AssertUnwindSafe(|| f(0)));
        INSIDE.set(false);
        let mut spins = 0;
        while shared.left.load(Ordering::Acquire) > 0 {
            spins += 1;
            if spins < SPINS {
                std::hint::spin_loop();
            } else {
                thread::park();
            }
        }
        *lock(&shared.job) = None;
        let theirs = lock(&shared.panic).take();
        drop(turn);
        if let Some(panic) = mine.err().or(theirs) {
            resume_unwind(panic);
        }
    }

    /// Calls `f(i, &mut items[i])` for every item, items shared out to the threads in turn.
    pub fn for_each<T: Send>(&self, items: &mut [T], f: impl Fn(usize, &mut T) + Sync) {
        struct Items<T>(*mut T);
        // SAFETY: threads take different items (below), and `T: Send`.
        unsafe impl<T: Send> Sync for Items<T> {}
        let (base, count, step) = (Items(items.as_mut_ptr()), items.len(), self.count);
        let base = &base;
        self.run(|thread| {
            for i in (thread..count).step_by(step) {
                // SAFETY: i < count, and no other thread has the same i modulo `step`.
                f(i, unsafe { &mut *base.0.add(i) });
            }
        });
    }

    /// The part of `0..n` for thread `index`, a multiple of `grain` but for the last.
    pub fn part(&self, n: usize, grain: usize, index: usize) -> Range<usize> {
        part(n, grain, self.count, index)
    }
}

/// The part of `0..n` for one of `count`, a multiple of `grain` but for the last.
pub(crate) fn part(n: usize, grain: usize, count: usize, index: usize) -> Range<usize> {
    let grains = n.div_ceil(grain.max(1));
    let at = |i: usize| (grains * i / count * grain).min(n);
    at(index)..at(index + 1)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn work(&self, index: usize) {
        INSIDE.set(true);
        let parked = &self.parked[index - 1];
        let mut seen = 0;
        loop {
            let mut spins = 0;
            while self.epoch.load(Ordering::SeqCst) == seen {
                spins += 1;
                if spins < SPINS {
                    std::hint::spin_loop();
                    continue;
                }
                parked.store(true, Ordering::SeqCst);
                if self.epoch.load(Ordering::SeqCst) == seen {
                    thread::park();
                }
                parked.store(false, Ordering::SeqCst);
            }
            seen = self.epoch.load(Ordering::SeqCst);
            if self.quit.load(Ordering::SeqCst) {
                return;
            }
            let job = *lock(&self.job);
            if let Some(SendJob(job)) = job {
                // SAFETY: `run` keeps the function alive until `left` is zero.
                let result = catch_unwind(AssertUnwindSafe(|| unsafe { (*job)(index) }));
                if let Err(panic) = result {
                    *lock(&self.panic) = Some(panic);
                }
            }
            let caller = lock(&self.caller).clone();
            if self.left.fetch_sub(1, Ordering::AcqRel) == 1
                && let Some(caller) = caller
            {
                caller.unpark();
            }
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.quit.store(true, Ordering::SeqCst);
        self.shared.epoch.fetch_add(1, Ordering::SeqCst);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
            let _ = worker.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_visited_once() {
        for count in [1, 2, 3, 5] {
            let threads = Threads::new(count);
            let mut items = vec![0; 101];
            for _ in 0..50 {
                threads.for_each(&mut items, |i, x| *x += i);
            }
            assert!(items.iter().enumerate().all(|(i, &x)| x == 50 * i));
        }
    }

    #[test]
    fn a_job_inside_a_job_runs_in_place() {
        let threads = Threads::new(3);
        let sum = AtomicUsize::new(0);
        threads.run(|_| {
            threads.run(|i| {
                sum.fetch_add(i, Ordering::Relaxed);
            });
        });
        assert_eq!(sum.into_inner(), 9);
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_team_goes_on() {
        let threads = Threads::new(2);
        for bad in [0, 1] {
            let run = || threads.run(|i| assert_ne!(i, bad));
            assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
        }
        let mut items = [0; 4];
        threads.for_each(&mut items, |_, x| *x = 1);
        assert_eq!(items, [1; 4]);
    }

    #[test]
    fn parts_cover_the_range_in_grains() {
        for (n, grain, count) in [(0, 1, 2), (7, 4, 3), (100, 16, 2), (5, 8, 4)] {
            let mut end = 0;
            for i in 0..count {
                let p = part(n, grain, count, i);
                assert_eq!(p.start, end);
                assert!(p.start.is_multiple_of(grain) || p.start == n);
                end = p.end;
            }
            assert_eq!(end, n);
        }
    }
}
