//! A curve of any length in bounded memory: neighbouring points are merged, extremes are kept.

use serde::{Deserialize, Serialize};

/// Maximum number of buckets unless another one is given; a screen has far fewer columns.
const CAPACITY: usize = 2048;
/// Maximum number of marks of values that are not finite.
const MARKS: usize = 256;

/// The smoothing window at a step is at most one of this many steps, as in the header's mean.
const SHARE: f64 = 10.0;

/// Neighbouring points merged into one: their positions, their range, their last value and mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 7]", into = "[f64; 7]")]
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
    /// Sum of the values.
    pub sum: f64,
    /// Number of points.
    pub count: f64,
}

impl From<[f64; 7]> for Bucket {
    fn from([first, last, low, high, close, sum, count]: [f64; 7]) -> Self {
        Self { first, last, low, high, close, sum, count }
    }
}

impl From<Bucket> for [f64; 7] {
    fn from(bucket: Bucket) -> Self {
        let Bucket { first, last, low, high, close, sum, count } = bucket;
        [first, last, low, high, close, sum, count]
    }
}

impl Bucket {
    fn of(x: f64, y: f64) -> Self {
        Self { first: x, last: x, low: y, high: y, close: y, sum: y, count: 1.0 }
    }

    /// Returns the position of the middle.
    pub fn centre(&self) -> f64 {
        f64::midpoint(self.first, self.last)
    }

    /// Returns the mean of the points.
    pub fn mean(&self) -> f64 {
        self.sum / self.count
    }

    fn merge(self, next: Self) -> Self {
        Self {
            first: self.first,
            last: next.last,
            low: self.low.min(next.low),
            high: self.high.max(next.high),
            close: next.close,
            // An infinite sum has no form in JSON.
            sum: (self.sum + next.sum).clamp(f64::MIN, f64::MAX),
            count: self.count + next.count,
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
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Series {
    buckets: Vec<Bucket>,
    /// Maximum number of buckets, if it is not [`CAPACITY`].
    capacity: Option<usize>,
    /// Points that a full bucket holds.
    stride: usize,
    /// Points in the last bucket.
    filled: usize,
    marks: Vec<f64>,
    /// The right end of the curve, until the next one replaces it.
    tail: Option<(f64, f64)>,
}

impl Series {
    /// Creates a curve of at most `capacity` buckets.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { capacity: Some(capacity.max(2)), ..Self::default() }
    }

    /// Appends a point at the right end. A point before the end replaces what comes after it, as the
    /// steps that a resumed run repeats.
    pub fn push(&mut self, x: f64, y: f64) {
        if !x.is_finite() {
            return;
        }
        let points = self.buckets.last().map(|bucket| bucket.last);
        if [points, self.marks.last().copied()].into_iter().flatten().any(|end| x < end) {
            self.rewind(x);
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
                if self.buckets.len() >= self.capacity.unwrap_or(CAPACITY) {
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

    /// Appends the points of a later curve, of which those up to the end of this one are left out.
    pub fn append(&mut self, later: &Self) {
        let end = self.reach().map_or(f64::NEG_INFINITY, |reach| reach.1);
        self.stride = self.stride.max(later.stride);
        for bucket in later.buckets.iter().filter(|bucket| bucket.first > end) {
            if self.buckets.len() >= self.capacity.unwrap_or(CAPACITY) {
                self.halve();
            }
            self.buckets.push(*bucket);
        }
        self.filled = later.filled;
        later.marks.iter().filter(|mark| **mark > end).for_each(|mark| self.mark(*mark));
        self.tail = later.tail.or(self.tail);
    }

    /// Returns the curve with other positions and values. Both functions must be increasing.
    pub fn map(&self, x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) -> Self {
        let mut mapped = Self {
            buckets: Vec::with_capacity(self.buckets.len()),
            marks: self.marks.iter().map(|mark| x(*mark)).collect(),
            tail: self.tail.map(|(at, value)| (x(at), y(value))),
            ..self.clone_empty()
        };
        for bucket in &self.buckets {
            let at = (x(bucket.first), x(bucket.last));
            let (low, high, close) = (y(bucket.low), y(bucket.high), y(bucket.close));
            if [low, high, close].iter().all(|value| value.is_finite()) {
                let sum = y(bucket.mean()) * bucket.count;
                let new = Bucket { first: at.0, last: at.1, low, high, close, sum, ..*bucket };
                mapped.buckets.push(new);
            } else {
                // A value too large for the other form is marked, as one that is not finite.
                mapped.mark(at.1);
            }
        }
        mapped
    }

    fn clone_empty(&self) -> Self {
        let Self { capacity, stride, filled, .. } = *self;
        Self { capacity, stride, filled, ..Self::default() }
    }

    /// Returns the mean of the points around each position: over `min(window, x / 10)` of the axis,
    /// half of it on each side.
    ///
    /// A window narrower than a bucket is the bucket. The points of a mean lie on both sides of it,
    /// so the curve does not lag behind its points.
    pub fn smoothed(&self, window: f64) -> Self {
        let buckets = &self.buckets;
        let mut curve = self.clone_empty();
        let (mut from, mut to) = (0, 0);
        for bucket in buckets {
            let centre = bucket.centre();
            let half = window.min(centre / SHARE).max(0.0) / 2.0;
            while buckets.get(to).is_some_and(|next| next.centre() <= centre + half) {
                to += 1;
            }
            while buckets.get(from).is_some_and(|old| old.centre() < centre - half) {
                from += 1;
            }
            // Summed anew: a running sum would keep the rounding of a value that is much larger.
            let part = buckets.get(from..to).unwrap_or(&[]);
            let (sum, count) = part
                .iter()
                .fold((0.0, 0.0), |(sum, count), part| (sum + part.sum, count + part.count));
            let mean = sum / count;
            if mean.is_finite() {
                curve.buckets.push(Bucket::of(centre, mean));
            }
        }
        if let (Some(last), Some((_, end))) = (curve.buckets.last(), self.reach()) {
            curve.tail = Some((end, last.close));
        }
        curve
    }

    /// Returns the bucket that contains `x`, or else the nearest one.
    pub fn at(&self, x: f64) -> Option<&Bucket> {
        let after = self.buckets.partition_point(|bucket| bucket.last < x);
        let distance = |bucket: &Bucket| (bucket.first - x).max(x - bucket.last).max(0.0);
        let candidates = [after.checked_sub(1), Some(after)];
        candidates
            .into_iter()
            .flatten()
            .filter_map(|i| self.buckets.get(i))
            .min_by(|a, b| distance(a).total_cmp(&distance(b)))
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
    fn a_smoothed_curve_does_not_lag() {
        let mut series = Series::default();
        let loss = |x: f64| 6.0 * (-x / 170.0).exp();
        for i in 1..=1000 {
            let noise = if i % 2 == 0 { 0.1 } else { -0.1 };
            series.push(f64::from(i), loss(f64::from(i)) + noise);
        }
        let smooth = series.smoothed(50.0);
        for bucket in smooth.buckets().iter().filter(|bucket| bucket.first > 60.0) {
            let error = bucket.close - loss(bucket.first);
            assert!(error.abs() < 0.06, "{bucket:?} {error}");
        }
        assert_eq!(smooth.reach(), Some((1.0, 1000.0)));
        // Without a window each point is its own mean.
        assert_eq!(
            series.smoothed(0.0).at(500.0).map(|b| b.close),
            series.at(500.0).map(|b| b.close)
        );
    }

    #[test]
    fn a_later_curve_is_appended_and_the_memory_stays_bounded() {
        let (mut first, mut later) = (Series::with_capacity(64), Series::default());
        (0..1000).for_each(|i| first.push(f64::from(i), 1.0));
        (900..1100).for_each(|i| later.push(f64::from(i), 2.0));
        later.push(1100.0, f64::NAN);
        first.append(&later);
        assert!(first.buckets().len() <= 64);
        assert_eq!(first.reach(), Some((0.0, 1100.0)));
        assert_eq!(first.at(500.0).map(|bucket| bucket.high), Some(1.0));
        assert_eq!(first.at(1095.0).map(|bucket| bucket.low), Some(2.0));
        assert_eq!(first.marks(), [1100.0]);
    }

    #[test]
    fn a_mapped_curve_has_other_units_and_survives_json() {
        let mut series = Series::default();
        [1.0, 2.0, 900.0].iter().enumerate().for_each(|(i, y)| series.push(i as f64, *y));
        let mapped = series.map(|x| x / 2.0, f64::exp);
        assert_eq!(mapped.reach(), Some((0.0, 1.0)));
        assert_eq!(mapped.buckets()[1].high, 2_f64.exp());
        assert_eq!((mapped.buckets().len(), mapped.marks()), (2, &[1.0][..]));
        let text = serde_json::to_string(&series).unwrap();
        let back: Series = serde_json::from_str(&text).unwrap();
        assert_eq!(back.buckets(), series.buckets());
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
