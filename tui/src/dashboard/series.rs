//! A curve of any length in bounded memory: neighbouring points are merged, extremes are kept.

/// Maximum number of buckets; a screen has far fewer columns.
const CAPACITY: usize = 2048;
/// Maximum number of marks of values that are not finite.
const MARKS: usize = 256;

/// Neighbouring points merged into one: their positions, their range and their last value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Position of the first point.
    pub first: f64,
    /// Position of the last point.
    pub last: f64,
    /// Least value.
    pub low: f64,
    /// Greatest value.
    pub high: f64,
    /// Value of the last point.
    pub close: f64,
}

impl Bucket {
    fn of(x: f64, y: f64) -> Self {
        Self { first: x, last: x, low: y, high: y, close: y }
    }

    fn merge(self, next: Self) -> Self {
        Self {
            first: self.first,
            last: next.last,
            low: self.low.min(next.low),
            high: self.high.max(next.high),
            close: next.close,
        }
    }
}

/// The content of one column: the range of its points and the last value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// Least value.
    pub low: f64,
    /// Greatest value.
    pub high: f64,
    /// Last value.
    pub close: f64,
}

/// A curve over steps. It contains only finite values; each other value adds a mark.
#[derive(Debug, Clone, Default)]
pub struct Series {
    buckets: Vec<Bucket>,
    /// Points that a full bucket holds.
    stride: usize,
    /// Points in the last bucket.
    filled: usize,
    marks: Vec<f64>,
    /// The right end of the curve, until the next one replaces it.
    tail: Option<(f64, f64)>,
}

impl Series {
    /// Appends a point at the right end.
    pub fn push(&mut self, x: f64, y: f64) {
        if !x.is_finite() {
            return;
        }
        if !y.is_finite() {
            self.mark(x);
            return;
        }
        let point = Bucket::of(x, y);
        match self.buckets.last_mut() {
            Some(last) if self.filled < self.stride => {
                *last = last.merge(point);
                self.filled += 1;
            }
            _ => {
                if self.buckets.len() >= CAPACITY {
                    self.halve();
                }
                self.buckets.push(point);
                self.filled = 1;
            }
        }
    }

    /// Draws the curve up to this point, until the next call.
    pub fn set_tail(&mut self, x: f64, y: f64) {
        self.tail = Some((x, y)).filter(|(x, y)| x.is_finite() && y.is_finite());
    }

    fn mark(&mut self, x: f64) {
        if self.marks.len() >= MARKS {
            let mut keep = false;
            self.marks.retain(|_| {
                keep = !keep;
                keep
            });
        }
        self.marks.push(x);
    }

    /// Merges buckets in pairs.
    fn halve(&mut self) {
        self.stride = self.stride.max(1) * 2;
        self.buckets = self
            .buckets
            .chunks(2)
            .filter_map(|pair| pair.iter().copied().reduce(Bucket::merge))
            .collect();
    }

    /// Removes everything to the right of `x`: a resumed run repeats those steps.
    pub fn rewind(&mut self, x: f64) {
        self.buckets.retain(|bucket| bucket.first <= x);
        if let Some(last) = self.buckets.last_mut() {
            last.last = last.last.min(x);
        }
        self.marks.retain(|&mark| mark <= x);
        self.tail = self.tail.filter(|(at, _)| *at <= x);
        self.filled = self.stride;
    }

    /// Returns the merged points.
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// Returns the positions of values that are not finite.
    pub fn marks(&self) -> &[f64] {
        &self.marks
    }

    /// Returns true if there is neither a point nor a mark.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty() && self.marks.is_empty()
    }

    /// Returns the positions of the first and the last point or mark.
    pub fn reach(&self) -> Option<(f64, f64)> {
        let points = self.buckets.first().zip(self.buckets.last()).map(|(a, b)| (a.first, b.last));
        let marks = self.marks.first().zip(self.marks.last()).map(|(&a, &b)| (a, b));
        let tail = self.tail.map(|(x, _)| (x, x));
        let both = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.max(b.1));
        [points, marks, tail].into_iter().flatten().reduce(both)
    }

    /// Returns the curve in `columns` columns that span `range`; a column without points is `None`.
    pub fn columns(&self, range: (f64, f64), columns: usize) -> Vec<Option<Column>> {
        let mut result: Vec<Option<Column>> = vec![None; columns];
        let tail = self.tail.map(|(x, y)| Bucket::of(x, y));
        for bucket in self.buckets.iter().chain(&tail) {
            // A bucket is as narrow as a step or, in a long run, narrower than a column.
            let Some(place) = column_of(bucket.last, range, columns) else { continue };
            let Some(column) = result.get_mut(place) else { continue };
            let Bucket { low, high, close, .. } = *bucket;
            *column = Some(match *column {
                None => Column { low, high, close },
                Some(old) => Column { low: old.low.min(low), high: old.high.max(high), close },
            });
        }
        result
    }
}

/// Returns the column that contains `x`, out of `columns`.
pub(super) fn column_of(x: f64, range: (f64, f64), columns: usize) -> Option<usize> {
    let last = columns.checked_sub(1)?;
    let span = range.1 - range.0;
    let share = if span > 0.0 { (x - range.0) / span } else { 0.0 };
    if !(0.0..=1.0).contains(&share) {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to `last`
    Some((share * last as f64).round() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_keeps_spikes_and_bounds_memory() {
        let mut series = Series::default();
        for i in 0..1_000_000u32 {
            let y = if i == 123_456 { 50.0 } else { 1.0 + f64::from(i % 7) * 0.01 };
            series.push(f64::from(i), y);
        }
        assert!(series.buckets().len() <= CAPACITY);
        assert_eq!(series.reach(), Some((0.0, 999_999.0)));
        let columns = series.columns((0.0, 999_999.0), 100);
        let highest = columns.iter().flatten().map(|column| column.high).fold(0.0, f64::max);
        let spiky = columns.iter().flatten().filter(|column| column.high > 2.0).count();
        assert_eq!((highest, spiky), (50.0, 1));
        assert_eq!(columns.iter().flatten().count(), 100);
    }

    #[test]
    fn what_is_not_finite_leaves_marks_only() {
        let mut series = Series::default();
        for (i, y) in [f64::NAN, 1.0, f64::INFINITY, 2.0, f64::NEG_INFINITY].iter().enumerate() {
            series.push(i as f64, *y);
        }
        assert_eq!(series.buckets().len(), 2);
        assert_eq!(series.marks(), [0.0, 2.0, 4.0]);
        assert_eq!(series.reach(), Some((0.0, 4.0)));
        for i in 0..10_000 {
            series.push(f64::from(i), f64::NAN);
        }
        assert!(series.marks().len() <= MARKS);
    }

    #[test]
    fn a_single_point_has_a_column() {
        let mut series = Series::default();
        assert_eq!(series.reach(), None);
        series.push(5.0, 1.0);
        assert_eq!(series.columns((5.0, 5.0), 10).iter().flatten().count(), 1);
        assert!(series.columns((5.0, 5.0), 0).is_empty());
        assert_eq!(series.columns((9.0, 12.0), 10).iter().flatten().count(), 0);
    }

    #[test]
    fn a_tail_is_the_end_until_the_next_one() {
        let mut series = Series::default();
        series.push(1.0, 4.0);
        series.set_tail(3.0, 4.0);
        series.push(2.0, 3.0);
        series.set_tail(5.0, 3.0);
        assert_eq!(series.reach(), Some((1.0, 5.0)));
        let closes: Vec<Option<f64>> = series
            .columns((1.0, 5.0), 5)
            .iter()
            .map(|column| column.map(|column| column.close))
            .collect();
        assert_eq!(closes, [Some(4.0), Some(3.0), None, None, Some(3.0)]);
        series.rewind(2.0);
        assert_eq!(series.reach(), Some((1.0, 2.0)));
    }

    #[test]
    fn rewinding_forgets_the_steps_done_again() {
        let mut series = Series::default();
        for i in 0..100 {
            series.push(f64::from(i), 1.0);
        }
        series.push(60.0, f64::NAN);
        series.rewind(50.0);
        assert_eq!(series.reach(), Some((0.0, 50.0)));
        series.push(51.0, 2.0);
        assert_eq!(series.reach(), Some((0.0, 51.0)));
    }
}
