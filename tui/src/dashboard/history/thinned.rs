//! A history of any length in bounded memory: as it grows, every other item is removed.

use serde::{Deserialize, Serialize};

/// Maximum number of items kept.
const MOST_ITEMS: usize = 200;
/// Maximum size of the items kept in bytes, as [`AtStep::bytes`] estimates it. At least two items
/// are kept.
const MOST_BYTES: usize = 8 << 20;

/// An item of a history.
pub(in crate::dashboard) trait AtStep {
    /// Returns the number of optimizer steps done.
    fn step(&self) -> u64;
    /// Returns an estimate of the memory used, in bytes.
    fn bytes(&self) -> usize;
}

/// The items of a history whose number is a multiple of a stride, and the newest one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::dashboard) struct Thinned<T> {
    /// The items with their numbers in the whole history.
    items: Vec<(u64, T)>,
    stride: u64,
}

impl<T> Default for Thinned<T> {
    fn default() -> Self {
        Self { items: Vec::new(), stride: 1 }
    }
}

impl<T: AtStep> Thinned<T> {
    /// Appends the newest item.
    pub(in crate::dashboard) fn push(&mut self, item: T) {
        let number = self.items.last().map_or(0, |(number, _)| number + 1);
        self.drop_newest_unless_even();
        self.items.push((number, item));
        self.thin();
    }

    /// Appends the items of a later history, of which those up to the end of this one are left out.
    pub(in crate::dashboard) fn append(&mut self, later: Self) {
        let end = self.newest().map(AtStep::step);
        let stride = later.stride;
        for (_, item) in later.items {
            if end.is_none_or(|end| item.step() > end) {
                // Between two items of the later history others were left out.
                let number = self.items.last().map_or(0, |(number, _)| number + stride);
                self.drop_newest_unless_even();
                self.items.push((number, item));
                self.thin();
            }
        }
    }

    /// Removes the items after a step, which a resumed run repeats.
    pub(in crate::dashboard) fn rewind(&mut self, step: u64) {
        self.items.retain(|(_, item)| item.step() <= step);
    }

    fn drop_newest_unless_even(&mut self) {
        if self.items.last().is_some_and(|(number, _)| !number.is_multiple_of(self.stride)) {
            self.items.pop();
        }
    }

    fn thin(&mut self) {
        let size = |items: &[(u64, T)]| items.iter().map(|(_, item)| item.bytes()).sum::<usize>();
        while self.items.len() > MOST_ITEMS
            || (self.items.len() > 2 && size(&self.items) > MOST_BYTES)
        {
            self.stride *= 2;
            let (stride, newest) = (self.stride, self.items.last().map(|(number, _)| *number));
            self.items
                .retain(|(number, _)| number.is_multiple_of(stride) || Some(*number) == newest);
        }
    }

    /// Returns the number of items kept.
    pub(in crate::dashboard) fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns the newest item.
    pub(in crate::dashboard) fn newest(&self) -> Option<&T> {
        self.items.last().map(|(_, item)| item)
    }

    /// Iterates over the items, the oldest first.
    pub(in crate::dashboard) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.items.iter().map(|(_, item)| item)
    }

    /// Returns an item by its place among those kept.
    pub(in crate::dashboard) fn get(&self, place: usize) -> Option<&T> {
        self.items.get(place).map(|(_, item)| item)
    }

    /// Returns the newest item that is not after a step, or else the first one.
    pub(in crate::dashboard) fn at(&self, step: u64) -> Option<&T> {
        let after = self.items.partition_point(|(_, item)| item.step() <= step);
        self.get(after.saturating_sub(1))
    }

    /// Returns the number of items before a step.
    pub(in crate::dashboard) fn before(&self, step: u64) -> usize {
        self.items.partition_point(|(_, item)| item.step() < step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Item(u64, usize);

    impl AtStep for Item {
        fn step(&self) -> u64 {
            self.0
        }

        fn bytes(&self) -> usize {
            self.1
        }
    }

    fn steps(history: &Thinned<Item>) -> Vec<u64> {
        history.iter().map(AtStep::step).collect()
    }

    #[test]
    fn a_long_history_is_thinned_evenly_and_the_newest_is_kept() {
        let mut history = Thinned::default();
        for i in 0..10_000 {
            history.push(Item(i * 50, 100));
            assert!(history.len() <= MOST_ITEMS);
            assert_eq!(history.newest(), Some(&Item(i * 50, 100)));
        }
        let steps = steps(&history);
        assert!(steps.len() > MOST_ITEMS / 2, "{}", steps.len());
        let gaps: Vec<u64> = steps.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let (last, even) = gaps.split_last().unwrap();
        assert!(even.iter().all(|gap| gap == &even[0]) && *last <= even[0], "{gaps:?}");
    }

    #[test]
    fn large_items_are_fewer() {
        let mut history = Thinned::default();
        (0..500).for_each(|i| history.push(Item(i, MOST_BYTES / 10)));
        assert!((3..=10).contains(&history.len()), "{}", history.len());
        (500..900).for_each(|i| history.push(Item(i, MOST_BYTES)));
        assert_eq!(history.len(), 2);
    }

    #[test]
    fn items_are_found_by_their_step() {
        let mut history = Thinned::default();
        assert_eq!(history.at(5), None);
        (1..=4).for_each(|i| history.push(Item(i * 10, 1)));
        for (step, found) in [(0, 10), (10, 10), (19, 10), (20, 20), (99, 40)] {
            assert_eq!(history.at(step), Some(&Item(found, 1)), "{step}");
        }
        assert_eq!((history.before(10), history.before(11), history.before(99)), (0, 1, 4));
        history.rewind(25);
        history.push(Item(30, 1));
        assert_eq!(steps(&history), [10, 20, 30]);
    }

    #[test]
    fn a_later_history_is_appended() {
        let (mut first, mut later) = (Thinned::default(), Thinned::default());
        (0..3000).for_each(|i| first.push(Item(i, 1)));
        (2900..4000).for_each(|i| later.push(Item(i, 1)));
        first.append(later);
        let steps = steps(&first);
        assert!(steps.len() <= MOST_ITEMS && steps.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(steps.last(), Some(&3999));
        first.push(Item(4000, 1));
        assert_eq!(first.newest(), Some(&Item(4000, 1)));
    }
}
