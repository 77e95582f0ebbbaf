//! Histograms: the values divided by limits that grow by a tenth each, as TensorFlow divides them.

use super::message::Message;

/// The smallest and the largest limit.
const ENDS: (f64, f64) = (1e-12, 1e20);
/// Factor between two limits.
const FACTOR: f64 = 1.1;

/// Returns the message of a histogram; `None` if no value is finite.
pub(super) fn histogram(values: impl Iterator<Item = f64>) -> Option<Message> {
    let limits = limits();
    let mut counts = vec![0.0; limits.len()];
    let (mut number, mut sum, mut squares) = (0.0, 0.0, 0.0);
    let (mut least, mut greatest) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.filter(|value| value.is_finite()) {
        // A bucket holds the values below its limit and not below the one before.
        let place = limits.partition_point(|limit| *limit <= value);
        if let Some(count) = counts.get_mut(place) {
            *count += 1.0;
        }
        number += 1.0;
        sum += value;
        squares += value * value;
        least = least.min(value);
        greatest = greatest.max(value);
    }
    let first = counts.iter().position(|count| *count > 0.0)?;
    let last = counts.iter().rposition(|count| *count > 0.0)?;
    // With an empty bucket before the first one, whose limit is the lower end of that.
    let from = first.saturating_sub(1);
    Some(
        Message::default()
            .double(1, least)
            .double(2, greatest)
            .double(3, number)
            .double(4, sum)
            .double(5, squares)
            .doubles(6, limits.get(from..=last)?)
            .doubles(7, counts.get(from..=last)?),
    )
}

/// Returns the limits in increasing order.
fn limits() -> Vec<f64> {
    let mut positive = vec![ENDS.0];
    while positive.last().is_some_and(|last| *last < ENDS.1) {
        positive.push(positive.last().copied().unwrap_or(ENDS.1) * FACTOR);
    }
    let negative: Vec<f64> = positive.iter().rev().map(|limit| -limit).collect();
    let ends = [f64::MAX];
    negative.into_iter().chain([0.0]).chain(positive).chain(ends).collect()
}

#[cfg(test)]
mod tests {
    use super::super::message::{Field, fields};
    use super::*;

    fn doubles(field: Field<'_>) -> Vec<f64> {
        let Field::Bytes(bytes) = field else { panic!("{field:?}") };
        bytes.chunks_exact(8).map(|chunk| f64::from_le_bytes(chunk.try_into().unwrap())).collect()
    }

    #[test]
    fn every_value_is_in_the_bucket_of_its_size() {
        let values = [-2.0, 0.0, 0.5, 0.5, 3.0, f64::NAN, f64::INFINITY];
        let bytes = histogram(values.into_iter()).unwrap().into_bytes();
        let fields = fields(&bytes);
        let number = |place: usize| match fields[place].1 {
            Field::Number(bits) => f64::from_bits(bits),
            Field::Bytes(_) => panic!(),
        };
        assert_eq!([0, 1, 2, 3, 4].map(number), [-2.0, 3.0, 5.0, 2.0, 13.5]);
        let (limits, counts) = (doubles(fields[5].1), doubles(fields[6].1));
        assert_eq!(limits.len(), counts.len());
        assert!(limits.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(counts.iter().sum::<f64>(), 5.0);
        assert_eq!(counts[0], 0.0);
        for (value, times) in [(-2.0, 1.0), (0.0, 1.0), (0.5, 2.0), (3.0, 1.0)] {
            let place = limits.iter().position(|limit| *limit > value).unwrap();
            assert_eq!(counts[place], times, "{value}");
        }
        assert!(histogram([f64::NAN].into_iter()).is_none());
    }
}
