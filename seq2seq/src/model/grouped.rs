//! Inference over many examples, in groups of similar lengths that run on different threads.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tensor::{Params, Threads};

use crate::Result;
use crate::ranks::{gather_results, of_first};

/// Maximum number of examples that are scored together.
const GROUP: usize = 64;

/// Returns [`Error::Cancelled`](crate::Error::Cancelled) once `threads` were cancelled.
pub(crate) fn check_cancelled(threads: &Threads) -> Result<()> {
    if threads.is_cancelled() { Err(crate::Error::Cancelled) } else { Ok(()) }
}

/// Indices of examples, in groups of similar lengths, the longest first.
#[derive(Debug, Clone)]
pub(crate) struct Groups(Vec<Vec<usize>>);

impl Groups {
    /// Groups examples by their lengths, at most 64 per group. Examples of length 0 are left out.
    pub(crate) fn new(lengths: &[usize]) -> Self {
        Self::of_size(lengths, GROUP, false)
    }

    /// Groups examples like [`new`](Self::new). If `equal` is set, the lengths in a group are
    /// equal, so that no example is padded.
    pub(crate) fn equal(lengths: &[usize], equal: bool) -> Self {
        Self::of_size(lengths, GROUP, equal)
    }

    /// Groups examples like [`equal`](Self::equal), at most `size` per group.
    pub(crate) fn of_size(lengths: &[usize], size: usize, equal: bool) -> Self {
        let mut order: Vec<usize> = (0..lengths.len()).filter(|&i| lengths[i] > 0).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(lengths[i]));
        let parts = order.chunk_by(|&a, &b| !equal || lengths[a] == lengths[b]);
        Self(parts.flat_map(|part| part.chunks(size.max(1)).map(<[usize]>::to_vec)).collect())
    }

    /// Runs `each` on every group and returns the groups with their results, the longest first.
    ///
    /// Groups run in parallel, one per thread; on a device they run one after another. A single
    /// group runs on the calling thread, and its matrix products use the other threads. If the
    /// threads have [ranks](Threads::ranks), these share the groups, and all get all results.
    ///
    /// # Errors
    /// The first error of a group; [`Error::Cancelled`](crate::Error::Cancelled) soon after the
    /// threads were cancelled; a failure of the device of `params`.
    pub(crate) fn run<T: Send + Serialize + DeserializeOwned>(
        self,
        params: &Params,
        threads: &Threads,
        each: impl Fn(&[usize]) -> Result<T> + Sync,
    ) -> Result<Vec<(Vec<usize>, T)>> {
        let ranks = threads.ranks();
        if ranks.is_alone() {
            return self.run_here(params, threads, each);
        }
        // Ranks with other numbers of threads, or other devices, would form other groups.
        let groups = of_first(ranks, Some(&self.0))?;
        // The longest groups first, in turn: all ranks get similar work.
        let own = groups.iter().skip(ranks.rank()).step_by(ranks.size()).cloned().collect();
        let mine = Self(own).run_here(params, threads, each);
        let mine = mine.map(|done| done.into_iter().map(|(_, value)| value).collect::<Vec<T>>());
        let all = gather_results(ranks, mine)?;
        let mut all: Vec<_> = all.into_iter().map(Vec::into_iter).collect();
        let mut turns = (0..ranks.size()).cycle();
        let next = || turns.next().and_then(|rank| all.get_mut(rank)?.next());
        let found: Vec<_> = groups.into_iter().zip(std::iter::from_fn(next)).collect();
        Ok(found)
    }

    /// Runs `each` on every group on this rank.
    fn run_here<T: Send>(
        self,
        params: &Params,
        threads: &Threads,
        each: impl Fn(&[usize]) -> Result<T> + Sync,
    ) -> Result<Vec<(Vec<usize>, T)>> {
        let run = |group: &[usize]| check_cancelled(threads).and_then(|()| each(group));
        let mut groups: Vec<(Vec<usize>, Option<Result<T>>)> =
            self.0.into_iter().map(|group| (group, None)).collect();
        if let [(group, out)] = groups.as_mut_slice() {
            *out = Some(run(group));
        } else {
            let sharing = params.device_properties().data_parallel(threads);
            sharing.for_each(&mut groups, |_, (group, out)| *out = Some(run(group)));
        }
        let done = groups.into_iter().filter_map(|(group, out)| Some((group, out?)));
        let done: Result<Vec<_>> = done.map(|(group, out)| Ok((group, out?))).collect();
        Ok(params.checked(done?)?)
    }

    /// Runs every group like [`run`](Self::run), and stores the result of each example at its index
    /// in `all`.
    pub(crate) fn run_each<T: Send + Serialize + DeserializeOwned>(
        self,
        params: &Params,
        threads: &Threads,
        mut all: Vec<T>,
        each: impl Fn(&[usize]) -> Result<Vec<T>> + Sync,
    ) -> Result<Vec<T>> {
        for (group, out) in self.run(params, threads, each)? {
            for (i, value) in group.into_iter().zip(out) {
                all[i] = value;
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use tensor::Ranks;

    use super::*;

    #[test]
    fn ranks_share_the_groups_and_all_have_all_results() {
        let lengths: Vec<usize> = (1..=11).collect();
        let run = |ranks: Ranks| {
            let threads = Threads::new(2).with_ranks(&ranks);
            let groups = Groups::of_size(&lengths, 2, false);
            let found = groups.run_each(&Params::new(), &threads, vec![(0, 9); 11], |group| {
                Ok(group.iter().map(|&i| (lengths[i], ranks.rank())).collect())
            });
            let found = found.unwrap();
            assert!(found.iter().map(|one| one.0).eq(lengths.iter().copied()));
            // The longest two are the first group.
            assert!(found.iter().rev().map(|one| one.1).eq([0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2]));
            let broken = Groups::new(&lengths).run(&Params::new(), &threads, |_| {
                if ranks.is_first() { Err(crate::Error::Cancelled) } else { Ok(()) }
            });
            assert!(matches!(broken, Err(crate::Error::Cancelled)));
        };
        std::thread::scope(|scope| {
            for ranks in tensor::check::ranks(3) {
                scope.spawn(|| run(ranks));
            }
        });
    }

    #[test]
    fn groups_are_of_like_lengths_and_give_back_the_order() {
        let lengths = [3, 0, 9, 3, 1, 9, 9];
        assert_eq!(Groups::of_size(&lengths, 2, false).0, [vec![2, 5], vec![6, 0], vec![3, 4]]);
        let equal = Groups::of_size(&lengths, 2, true);
        assert_eq!(equal.0, [vec![2, 5], vec![6], vec![0, 3], vec![4]]);
        let (params, threads) = (Params::new(), Threads::new(2));
        let found = equal.run_each(&params, &threads, vec![0; 7], |group| {
            Ok(group.iter().map(|&i| lengths[i] * 10 + i).collect())
        });
        assert_eq!(found.unwrap(), [30, 0, 92, 33, 14, 95, 96]);
        let broken = Groups::new(&lengths)
            .run(&params, &threads, |_| -> Result<()> { Err(crate::Error::Cancelled) });
        assert!(matches!(broken, Err(crate::Error::Cancelled)));
    }
}
