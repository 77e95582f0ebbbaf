use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::thread::ThreadId;

use super::*;

/// Two cores or twenty, one thread or more workers than parts: all must do the same.
fn teams() -> impl Iterator<Item = Threads> {
    [(1, 0), (2, 0), (2, 1), (3, 1), (3, 2), (5, 4), (8, 2)]
        .into_iter()
        .map(|(count, workers)| Threads::with_workers(count, workers))
}

/// Gives way a number of times that looks random, so that threads meet in all orders.
fn stumble(seed: usize) {
    for _ in 0..(seed.wrapping_mul(2_654_435_761) >> 7) % 4 {
        thread::yield_now();
    }
}

#[test]
fn every_item_is_visited_once() {
    for threads in teams() {
        let mut items = vec![0; 101];
        for _ in 0..50 {
            threads.for_each(&mut items, |i, x| *x += i);
        }
        assert!(items.iter().enumerate().all(|(i, &x)| x == 50 * i));
    }
}

#[test]
fn every_part_runs_once_whoever_runs_it() {
    for threads in teams() {
        for round in 0..2_000 {
            // Small work stays on the caller, middling work is shared with who is awake.
            let work = [0, 10_000, usize::MAX][round % 3];
            let runs: Vec<AtomicUsize> = (0..9).map(|_| AtomicUsize::new(0)).collect();
            let most = AtomicUsize::new(0);
            threads.split(work, |i, parts| {
                stumble(round + i);
                runs[i].fetch_add(1, Ordering::Relaxed);
                most.store(parts, Ordering::Relaxed);
            });
            let most = most.into_inner();
            let runs: Vec<usize> = runs.into_iter().map(AtomicUsize::into_inner).collect();
            assert!(runs[..most].iter().all(|&n| n == 1), "{runs:?}");
            assert!(runs[most..].iter().all(|&n| n == 0), "{runs:?}");
            if round % 3 == 0 {
                assert_eq!(most, 1);
            }
        }
    }
}

#[test]
fn results_do_not_depend_on_who_runs_a_part() {
    // Sums of f32 round differently in another order or another cut.
    let values: Vec<f32> = (0..10_000).map(|i| 1.0 / (i + 1) as f32).collect();
    for count in [2, 3, 8] {
        let want: Vec<f32> =
            (0..count).map(|i| values[part(values.len(), 1, count, i)].iter().sum()).collect();
        for workers in [0, 1, 2, count - 1] {
            let threads = Threads::with_workers(count, workers);
            for round in 0..200 {
                let mut sums = vec![0.0; count];
                threads.for_each(&mut sums, |i, sum| {
                    stumble(round * count + i);
                    *sum = values[threads.part(values.len(), 1, i)].iter().sum::<f32>();
                });
                assert_eq!(sums, want);
            }
        }
    }
}

#[test]
fn a_thread_that_never_comes_is_not_waited_for() {
    // The only worker holds part 1 of the first job until the second job is over.
    let threads = Threads::with_workers(2, 1);
    let (held, over) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            threads.for_each(&mut [0, 1], |_, _| {
                held.fetch_add(1, Ordering::SeqCst);
                while over.load(Ordering::SeqCst) == 0 {
                    thread::yield_now();
                }
            });
        });
        while held.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        let mut items = [0; 7];
        threads.for_each(&mut items, |i, x| *x = i);
        assert_eq!(items, [0, 1, 2, 3, 4, 5, 6]);
        over.store(1, Ordering::SeqCst);
    });
}

#[test]
fn other_threads_do_take_parts() {
    let threads = Threads::with_workers(2, 1);
    let mut ids: [Option<ThreadId>; 2] = [None; 2];
    let here = AtomicUsize::new(0);
    // Each part waits for the other, so that they must be on two threads. A job that was kept on one
    // would wait for ever: the first one never is.
    threads.for_each(&mut ids, |_, id| {
        here.fetch_add(1, Ordering::SeqCst);
        while here.load(Ordering::SeqCst) < 2 {
            thread::yield_now();
        }
        *id = Some(thread::current().id());
    });
    assert_ne!(ids[0], ids[1]);
    assert!(ids.contains(&Some(thread::current().id())));
}

#[test]
fn a_job_inside_a_job_runs_in_place() {
    for threads in teams() {
        let mut sums = vec![0; 4];
        threads.for_each(&mut sums, |_, sum| {
            let own = thread::current().id();
            let mut inner = [0; 3];
            threads.for_each(&mut inner, |i, x| {
                assert_eq!(thread::current().id(), own);
                *x = i;
            });
            threads.split(usize::MAX, |i, parts| {
                assert_eq!((thread::current().id(), i, parts), (own, 0, 1));
            });
            *sum = inner.iter().sum();
        });
        assert_eq!(sums, [3; 4]);
    }
}

#[test]
fn many_callers_share_the_threads() {
    for threads in teams() {
        thread::scope(|scope| {
            for caller in 0..4 {
                let threads = threads.clone();
                scope.spawn(move || {
                    for round in 0..300 {
                        let mut items = [0; 5];
                        threads.for_each(&mut items, |i, x| {
                            stumble(caller * 1_000 + round + i);
                            *x = caller * i;
                        });
                        assert_eq!(items, [0, 1, 2, 3, 4].map(|i| caller * i));
                    }
                });
            }
        });
    }
}

#[test]
fn the_first_parts_panic_reaches_the_caller_and_the_team_goes_on() {
    for threads in teams() {
        for bad in [0, 1] {
            let mut items = [0, 1];
            let run = || {
                threads.for_each(&mut items, |i, _| {
                    stumble(i);
                    assert!(i < bad, "part {i}");
                });
            };
            let panic = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
            assert_eq!(panic.downcast_ref::<String>().unwrap(), &format!("part {bad}"));
        }
        let mut items = [0; 4];
        threads.for_each(&mut items, |_, x| *x = 1);
        assert_eq!(items, [1; 4]);
    }
}

#[test]
fn idle_teams_end() {
    for round in 0..200 {
        let threads = Threads::with_workers(3, 2);
        if round % 2 == 0 {
            threads.for_each(&mut [0; 3], |i, _| stumble(round + i));
        }
        stumble(round);
    }
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
