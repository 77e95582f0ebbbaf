//! Inference over many examples: in groups of like lengths, shared out over the threads.

use tensor::{Params, Threads};

use crate::Result;

/// Examples that are scored side by side.
const GROUP: usize = 64;

/// An error once work on these threads is to end early.
pub(crate) fn check_cancelled(threads: &Threads) -> Result<()> {
    if threads.is_cancelled() { Err(crate::Error::Cancelled) } else { Ok(()) }
}

/// Examples, as indices, in groups of like lengths, the longest first.
#[derive(Debug, Clone)]
pub(crate) struct Groups(Vec<Vec<usize>>);

impl Groups {
    /// Groups of 64 at most, from the lengths of all examples. Those of length 0 are in none.
    pub(crate) fn new(lengths: &[usize]) -> Self {
        Self::of_size(lengths, GROUP, false)
    }

    /// The same, of equal lengths where `equal` asks for it: nothing is padded then.
    pub(crate) fn equal(lengths: &[usize], equal: bool) -> Self {
        Self::of_size(lengths, GROUP, equal)
    }

    /// The same, of another size at most.
    pub(crate) fn of_size(lengths: &[usize], size: usize, equal: bool) -> Self {
        let mut order: Vec<usize> = (0..lengths.len()).filter(|&i| lengths[i] > 0).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(lengths[i]));
        let parts = order.chunk_by(|&a, &b| !equal || lengths[a] == lengths[b]);
        Self(parts.flat_map(|part| part.chunks(size.max(1)).map(<[usize]>::to_vec)).collect())
    }

    /// Runs every group, on a thread each; a device takes one after the other. A single group is not
    /// shared out: its products are. Gives each group with what it gave, the longest first.
    ///
    /// # Errors
    /// The first error of a group; [`Error::Cancelled`](crate::Error::Cancelled) soon after the
    /// threads were cancelled; the device of `params` failed.
    pub(crate) fn run<T: Send>(
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

    /// Runs every group as [`run`](Self::run) does, and puts what came of each example into its place
    /// in `all`.
    pub(crate) fn run_each<T: Send>(
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
    use super::*;

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
