//! Numbers as little-endian bytes, the form in which files store them.
//!
//! The loops are here, not beside their callers, because this workspace builds this crate at the full
//! level of optimisation in every profile.

/// Writes `values` to the beginning of `bytes` and returns what was written.
///
/// If `bytes` has fewer than four bytes per value, only the values that fit are written.
///
/// ```
/// let mut bytes = [0; 12];
/// assert_eq!(tensor::le_bytes::write(&[1.0, -2.0], &mut bytes), [0, 0, 128, 63, 0, 0, 0, 192]);
/// ```
pub fn write<'a>(values: &[f32], bytes: &'a mut [u8]) -> &'a [u8] {
    let (fours, _) = bytes.as_chunks_mut();
    for (four, value) in fours.iter_mut().zip(values) {
        *four = value.to_le_bytes();
    }
    let written = values.len().min(fours.len());
    &bytes[..4 * written]
}

/// Returns `values` as bytes.
pub fn from_f32(values: &[f32]) -> Vec<u8> {
    let mut bytes = vec![0; size_of_val(values)];
    write(values, &mut bytes);
    bytes
}

/// Appends the numbers in `bytes` to `values`, and returns the bytes that are left: none if their
/// number is a multiple of four.
///
/// ```
/// let mut values = vec![0.5];
/// assert!(tensor::le_bytes::append(&[0, 0, 128, 63], &mut values).is_empty());
/// assert_eq!(values, [0.5, 1.0]);
/// ```
pub fn append<'a>(bytes: &'a [u8], values: &mut Vec<f32>) -> &'a [u8] {
    let (fours, rest) = bytes.as_chunks();
    values.extend(fours.iter().map(|&four| f32::from_le_bytes(four)));
    rest
}

/// Reads numbers from the beginning of `bytes` into `values`, as many as both have.
///
/// ```
/// let mut values = [0.5, 0.5];
/// tensor::le_bytes::read(&[0, 0, 128, 63], &mut values);
/// assert_eq!(values, [1.0, 0.5]);
/// ```
pub fn read(bytes: &[u8], values: &mut [f32]) {
    let (fours, _) = bytes.as_chunks();
    for (value, &four) in values.iter_mut().zip(fours) {
        *value = f32::from_le_bytes(four);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bits_survive_both_ways(bits: Vec<u32>, more in 0_usize..4) {
            let values: Vec<f32> = bits.iter().map(|&bits| f32::from_bits(bits)).collect();
            let mut bytes = from_f32(&values);
            prop_assert_eq!(bytes.len(), 4 * bits.len());
            bytes.extend(std::iter::repeat_n(7, more));
            let mut read = Vec::new();
            prop_assert_eq!(append(&bytes, &mut read).len(), more);
            let read: Vec<u32> = read.into_iter().map(f32::to_bits).collect();
            prop_assert_eq!(read, bits);
        }
    }

    #[test]
    fn values_that_do_not_fit_are_left_out() {
        let mut bytes = [9; 6];
        assert_eq!(write(&[1.0, 2.0], &mut bytes), 1_f32.to_le_bytes());
        assert_eq!(bytes[4..], [9, 9]);
    }
}
