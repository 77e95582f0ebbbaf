//! Whether a job is shared: by its size, and by the time that sharing saved recently.
//!
//! All times are nanoseconds. Nothing here reads a clock, so the tests need none.

/// Least work that is shared with an awake thread: posting a job, and the lines of its operands and
/// results that move between cores, cost one to three microseconds; a weight that both cores keep in their
/// caches, half of it each, gains as much.
pub(super) const LEAST: u64 = 1_800;
/// Least work for which a sleeping thread is woken: waking takes some tens of microseconds.
const LEAST_TO_WAKE: u64 = 60_000;
/// Smaller jobs wake a thread once they add up to [`LEAST_TO_WAKE`], if no two are further apart
/// than this.
const SERIES: u64 = 200_000;

/// Once the time saved and the time lost add up to this, both are halved.
const MEMORY: u64 = 20_000_000;
/// The least loss that counts: about the shortest time for which a scheduler takes a core away.
const LOSS: u64 = 1_000_000;
/// How long jobs stay on one thread after sharing lost time; doubled after each failed trial.
const FIRST_PAUSE: u64 = 10_000_000;
const LONGEST_PAUSE: u64 = 1_000_000_000;

/// The threads that work on a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// The caller alone.
    Alone,
    /// The caller and the threads that are awake.
    WithAwake,
    /// The caller and all threads.
    WithAll,
}

/// The facts known when a job is to be run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation {
    pub(super) now: u64,
    /// The time the job takes one thread.
    pub(super) work: u64,
    /// Whether another thread is awake.
    pub(super) awake: bool,
    /// Whether threads were found not to run at the same time.
    pub(super) crowded: bool,
}

/// The times of a shared job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub(super) now: u64,
    /// Parts that the caller ran, and their time.
    pub(super) own_parts: usize,
    pub(super) own_time: u64,
    /// Parts that other threads ran.
    pub(super) other_parts: usize,
    /// Time that the caller spent waking the others and waiting for them.
    pub(super) lost: u64,
}

/// Sharing pays while the caller waits for less time than it saves. It saves the time that the
/// others' parts would have taken the caller, estimated from the caller's own parts. If other
/// programs occupy the other cores, the caller may wait for a time slice of the scheduler in every
/// job; then jobs stay on one thread for a while, and sharing is tried again.
#[derive(Debug)]
pub(super) struct Policy {
    saved: u64,
    lost: u64,
    alone_until: u64,
    pause: u64,
    /// Work of jobs too small to wake a thread for, and the time of the last of them.
    small: u64,
    last_small: u64,
}

impl Policy {
    pub(super) fn new() -> Self {
        Self { saved: 0, lost: 0, alone_until: 0, pause: FIRST_PAUSE, small: 0, last_small: 0 }
    }

    pub(super) fn choose(&mut self, at: Situation) -> Choice {
        let Situation { now, work, awake, crowded } = at;
        if work < LEAST || now < self.alone_until {
            return Choice::Alone;
        }
        if work >= LEAST_TO_WAKE {
            return Choice::WithAll;
        }
        if awake {
            return Choice::WithAwake;
        }
        if crowded {
            return Choice::Alone;
        }
        if now > self.last_small.saturating_add(SERIES) {
            self.small = 0;
        }
        self.small += work;
        self.last_small = now;
        if self.small < LEAST_TO_WAKE {
            return Choice::Alone;
        }
        self.small = 0;
        Choice::WithAll
    }

    /// Records the times of a shared job. If sharing lost too much time, returns until when jobs
    /// stay on one thread.
    pub(super) fn learn(&mut self, of: Outcome) -> Option<u64> {
        let Outcome { now, own_parts, own_time, other_parts, lost } = of;
        // If the others ran all parts, there is no estimate of the time they would have taken the
        // caller.
        let part = own_time.checked_div(own_parts as u64)?;
        self.saved = self.saved.saturating_add(part.saturating_mul(other_parts as u64));
        self.lost = self.lost.saturating_add(lost);
        if self.lost > self.saved.saturating_add(LOSS) {
            (self.saved, self.lost) = (0, 0);
            self.alone_until = now.saturating_add(self.pause);
            self.pause = (2 * self.pause).min(LONGEST_PAUSE);
            return Some(self.alone_until);
        }
        if self.saved.saturating_add(self.lost) > MEMORY {
            if self.lost < self.saved / 2 {
                self.pause = FIRST_PAUSE;
            }
            self.saved /= 2;
            self.lost /= 2;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn at(now: u64, work: u64) -> Situation {
        Situation { now, work, awake: false, crowded: false }
    }

    fn outcome(now: u64, own_time: u64, lost: u64) -> Outcome {
        Outcome { now, own_parts: 1, own_time, other_parts: 1, lost }
    }

    #[test]
    fn small_jobs_stay_on_one_thread() {
        let mut policy = Policy::new();
        let awake = |work| Situation { awake: true, ..at(0, work) };
        assert_eq!(policy.choose(awake(LEAST - 1)), Choice::Alone);
        assert_eq!(policy.choose(awake(LEAST)), Choice::WithAwake);
        assert_eq!(policy.choose(at(0, LEAST)), Choice::Alone);
        assert_eq!(policy.choose(at(0, LEAST_TO_WAKE)), Choice::WithAll);
        assert_eq!(policy.choose(awake(u64::MAX)), Choice::WithAll);
    }

    #[test]
    fn a_series_of_small_jobs_wakes_once() {
        let mut policy = Policy::new();
        let work = LEAST_TO_WAKE / 4;
        let chosen: Vec<_> = (0..5).map(|i| policy.choose(at(i * work, work))).collect();
        use Choice::{Alone, WithAll};
        assert_eq!(chosen, [Alone, Alone, Alone, WithAll, Alone]);
        // Jobs far apart never do, nor jobs whose threads do not run at the same time.
        assert!((1..9).all(|i| policy.choose(at(i * MS, work)) == Alone));
        let crowded = |i| Situation { crowded: true, ..at(9 * MS + i * work, work) };
        assert!((0..9).all(|i| policy.choose(crowded(i)) == Alone));
    }

    #[test]
    fn sharing_that_loses_time_pauses_for_longer_and_longer() {
        let mut policy = Policy::new();
        let mut pauses = Vec::new();
        let mut now = 0;
        for _ in 0..9 {
            assert_eq!(policy.choose(at(now, MS)), Choice::WithAll);
            let until = policy.learn(outcome(now, MS, 3 * MS)).unwrap();
            assert_eq!(policy.choose(at(until - 1, MS)), Choice::Alone);
            pauses.push((until - now) / MS);
            now = until;
        }
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 1_000, 1_000]);
        // Once sharing gains again for a while, the next loss begins with the first pause.
        for _ in 0..100 {
            assert_eq!(policy.learn(outcome(now, MS, MS / 10)), None);
        }
        let until = policy.learn(outcome(now, MS, 100 * MS)).unwrap();
        assert_eq!(until - now, 10 * MS);
    }

    #[test]
    fn waiting_that_is_less_than_what_it_saves_is_borne() {
        let mut policy = Policy::new();
        for now in 0..1_000 {
            assert_eq!(policy.learn(outcome(now * MS, MS, MS * 9 / 10)), None);
        }
        // If the caller ran no part, nothing is known.
        let none = Outcome { own_parts: 0, ..outcome(0, 0, 99 * MS) };
        assert_eq!(policy.learn(none), None);
    }
}
