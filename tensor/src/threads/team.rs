//! The threads behind [`Threads`](super::Threads): how a job is posted, claimed and waited for.
//!
//! A job has a fixed number of parts. Any thread can run any part: each begins with its own and
//! continues with unclaimed ones, so that no thread waits for one that is not running. A part is
//! claimed by one exchange on its word in `claims`, which holds the number of the last job in which
//! the part was taken: it succeeds once per job, and only while the job is unfinished.

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::{self, JoinHandle, Thread};
use std::time::Instant;

use super::policy::{Choice, LEAST, Outcome, Policy, Situation};

/// Nanoseconds for which a thread spins before it sleeps: the next job of a training step, or the
/// end of the current one, is usually nearer.
const SPIN: u64 = 50_000;
/// The same while threads do not run at the same time.
const SPIN_CROWDED: u64 = 2_000;
/// An iteration of a spin loop that takes this long was interrupted: the core ran another program.
const INTERRUPTED: u64 = 200_000;
/// How long an interruption counts as threads not running at the same time.
const CROWDED: u64 = 50_000_000;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Marks the thread as inside a job, so that a further job runs on it alone, until this is dropped.
struct Inside(bool);

impl Inside {
    fn enter() -> Self {
        Self(INSIDE.replace(true))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(self.0);
    }
}

/// Runs all parts on the calling thread.
pub(super) fn alone(parts: usize, f: impl Fn(usize)) {
    let _inside = Inside::enter();
    (0..parts).for_each(f);
}

/// Threads that work on one job at a time.
pub(super) struct Team {
    shared: Arc<Shared>,
    /// Held by the caller whose job is being shared.
    turn: Mutex<Policy>,
    workers: Vec<JoinHandle<()>>,
}

/// The function of a job: a pointer to a function that lives until all parts are done.
type Job = *const (dyn Fn(usize) + Sync);

struct Shared {
    /// The number of the last job that was posted; workers wait for it to change.
    posted: AtomicU64,
    /// For each part, the number of the last job in which it was taken.
    claims: Vec<AtomicU64>,
    job: UnsafeCell<Job>,
    /// Number of parts that are not done.
    left: AtomicUsize,
    /// For each worker, whether it sleeps.
    asleep: Vec<AtomicBool>,
    /// Whether the caller sleeps until `left` is zero.
    waiting: AtomicBool,
    caller: Mutex<Option<Thread>>,
    /// The panic of the first part that panicked.
    panic: Mutex<Option<(usize, Box<dyn Any + Send>)>>,
    quit: AtomicBool,
    since: Instant,
    /// Until when threads count as not running at the same time.
    crowded_until: AtomicU64,
}

// SAFETY: `job` is written by the holder of `turn` while no part can be claimed, and read only by
// threads that have claimed a part of it; the function behind the pointer is `Sync` and outlives
// all its parts.
unsafe impl Send for Shared {}
// SAFETY: the same.
unsafe impl Sync for Shared {}

impl Team {
    /// Starts `workers` threads besides the caller, for jobs of at most `parts` parts.
    pub(super) fn new(parts: usize, workers: usize) -> Self {
        let nothing: &'static (dyn Fn(usize) + Sync) = &|_| ();
        let shared = Arc::new(Shared {
            posted: AtomicU64::new(0),
            claims: (0..parts).map(|_| AtomicU64::new(0)).collect(),
            job: UnsafeCell::new(nothing),
            left: AtomicUsize::new(0),
            asleep: (0..workers).map(|_| AtomicBool::new(false)).collect(),
            waiting: AtomicBool::new(false),
            caller: Mutex::new(None),
            panic: Mutex::new(None),
            quit: AtomicBool::new(false),
            since: Instant::now(),
            crowded_until: AtomicU64::new(0),
        });
        let workers: Vec<_> = (0..workers)
            .map_while(|worker| {
                let shared = Arc::clone(&shared);
                let name = format!("tensor-{}", worker + 1);
                thread::Builder::new().name(name).spawn(move || shared.work(worker)).ok()
            })
            .collect();
        Self { shared, turn: Mutex::new(Policy::new()), workers }
    }

    /// Returns the number of threads that may work on a job, including the caller.
    pub(super) fn size(&self) -> usize {
        self.workers.len() + 1
    }

    /// Runs `f` for every part below `parts`; `work` is the approximate time on one thread, in
    /// nanoseconds. Returns false, without running anything, if the job should run on the calling
    /// thread.
    pub(super) fn share(&self, work: u64, parts: usize, f: &(dyn Fn(usize) + Sync)) -> bool {
        if work < LEAST || INSIDE.get() {
            return false;
        }
        let mut policy = match self.turn.try_lock() {
            Ok(policy) => policy,
            Err(TryLockError::Poisoned(policy)) => policy.into_inner(),
            // Another caller is using the threads.
            Err(TryLockError::WouldBlock) => return false,
        };
        let shared = &*self.shared;
        let begun = shared.now();
        let awake = shared.asleep[..self.workers.len()].iter().any(|s| !s.load(Ordering::Relaxed));
        let at = Situation { now: begun, work, awake, crowded: shared.crowded(begun) };
        let choice = policy.choose(at);
        if choice == Choice::Alone {
            return false;
        }
        let job = shared.post(parts, f);
        if choice == Choice::WithAll {
            for (asleep, worker) in shared.asleep.iter().zip(&self.workers) {
                if asleep.load(Ordering::SeqCst) {
                    worker.thread().unpark();
                }
            }
        }
        let posted = shared.now();
        let own_parts = {
            let _inside = Inside::enter();
            shared.take_parts(job, 0)
        };
        let done = shared.now();
        shared.wait();
        let now = shared.now();
        let lost = (posted - begun) + (now - done);
        let (own_time, other_parts) = (done - posted, parts - own_parts);
        if let Some(until) = policy.learn(Outcome { now, own_parts, own_time, other_parts, lost }) {
            shared.crowded_until.fetch_max(until, Ordering::Relaxed);
        }
        let panic = lock(&shared.panic).take();
        drop(policy);
        if let Some((_, panic)) = panic {
            resume_unwind(panic);
        }
        true
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.quit.store(true, Ordering::SeqCst);
        self.shared.posted.fetch_add(1, Ordering::SeqCst);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
            let _ = worker.join();
        }
    }
}

impl Shared {
    /// Returns the nanoseconds since the team began.
    fn now(&self) -> u64 {
        self.since.elapsed().as_nanos() as u64
    }

    fn crowded(&self, now: u64) -> bool {
        now < self.crowded_until.load(Ordering::Relaxed)
    }

    /// Makes a job's parts available and returns the job's number. Only the holder of `turn` may
    /// call it, and it must call `take_parts` and `wait` before it returns, in every case.
    fn post(&self, parts: usize, f: &(dyn Fn(usize) + Sync)) -> u64 {
        let number = self.posted.load(Ordering::Relaxed) + 1;
        // SAFETY: only the lifetime changes; the function is called only for claimed parts, and
        // `wait` returns when all parts are done.
        let job = unsafe {
            std::mem::transmute::<*const (dyn Fn(usize) + Sync + '_), Job>(std::ptr::from_ref(f))
        };
        // SAFETY: all parts of the last job are taken and done, so no thread reads it.
        unsafe { *self.job.get() = job };
        // Parts that this job does not have are marked as taken.
        for claim in &self.claims[parts..] {
            claim.store(number, Ordering::Relaxed);
        }
        self.left.store(parts, Ordering::Relaxed);
        self.posted.store(number, Ordering::SeqCst);
        number
    }

    /// Runs the unclaimed parts of a job, from `first` on with wrap-around, and returns their
    /// number.
    fn take_parts(&self, job: u64, first: usize) -> usize {
        let mut taken = 0;
        for part in (first..self.claims.len()).chain(0..first) {
            let claim = &self.claims[part];
            // All parts of the previous job were taken in it, so a job that is over cannot be
            // claimed.
            if claim.compare_exchange(job - 1, job, Ordering::AcqRel, Ordering::Relaxed).is_err() {
                continue;
            }
            taken += 1;
            // SAFETY: the part was unclaimed, so the job is not over and its function is alive.
            let run = AssertUnwindSafe(|| unsafe { (**self.job.get())(part) });
            if let Err(panic) = catch_unwind(run) {
                let mut first = lock(&self.panic);
                if first.as_ref().is_none_or(|(at, _)| part < *at) {
                    *first = Some((part, panic));
                }
            }
        }
        // The job is over with its last part: none of its data is touched after this.
        if taken > 0
            && self.left.fetch_sub(taken, Ordering::SeqCst) == taken
            && self.waiting.load(Ordering::SeqCst)
            && let Some(caller) = &*lock(&self.caller)
        {
            caller.unpark();
        }
        taken
    }

    /// Returns when all parts are done.
    fn wait(&self) {
        let mut spin = Spin::new(self);
        while self.left.load(Ordering::Acquire) > 0 {
            if spin.turn() {
                continue;
            }
            *lock(&self.caller) = Some(thread::current());
            self.waiting.store(true, Ordering::SeqCst);
            while self.left.load(Ordering::SeqCst) > 0 {
                thread::park();
            }
            self.waiting.store(false, Ordering::Relaxed);
        }
    }

    /// The loop of a worker.
    fn work(&self, worker: usize) {
        let _inside = Inside::enter();
        let first = (worker + 1) * self.claims.len() / (self.asleep.len() + 1);
        let asleep = &self.asleep[worker];
        let mut seen = 0;
        loop {
            let mut spin = Spin::new(self);
            while self.posted.load(Ordering::SeqCst) == seen {
                if spin.turn() {
                    continue;
                }
                asleep.store(true, Ordering::SeqCst);
                if self.posted.load(Ordering::SeqCst) == seen {
                    thread::park();
                }
                asleep.store(false, Ordering::SeqCst);
            }
            seen = self.posted.load(Ordering::SeqCst);
            if self.quit.load(Ordering::SeqCst) {
                return;
            }
            self.take_parts(seen, first);
        }
    }
}

/// A wait that releases the core after a short time, or at once if it notices that the core ran
/// another program.
struct Spin<'a> {
    shared: &'a Shared,
    end: u64,
    last: u64,
}

impl<'a> Spin<'a> {
    fn new(shared: &'a Shared) -> Self {
        let now = shared.now();
        let spin = if shared.crowded(now) { SPIN_CROWDED } else { SPIN };
        Self { shared, end: now + spin, last: now }
    }

    /// Performs one iteration; returns false if the thread should sleep instead.
    fn turn(&mut self) -> bool {
        if self.last >= self.end {
            return false;
        }
        std::hint::spin_loop();
        let now = self.shared.now();
        if now - self.last > INTERRUPTED {
            self.shared.crowded_until.fetch_max(now + CROWDED, Ordering::Relaxed);
            self.end = 0;
        }
        self.last = now;
        now < self.end
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
