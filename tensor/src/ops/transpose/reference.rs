//! The swap of two dimensions in plain loops, for any element.

/// Returns the elements with two dimensions swapped, and their shape.
pub fn transpose<T: Copy>(
    x: &[T],
    dims: &[usize],
    first: usize,
    second: usize,
) -> (Vec<T>, Vec<usize>) {
    let mut out = dims.to_vec();
    out.swap(first, second);
    let element = |at: usize| {
        // The indices of the output's element, swapped, are those of x.
        let (mut rest, mut index) = (at, vec![0; out.len()]);
        for (i, n) in index.iter_mut().zip(&out).rev() {
            *i = rest % n;
            rest /= n;
        }
        index.swap(first, second);
        x[index.iter().zip(dims).fold(0, |at, (i, n)| at * n + i)]
    };
    ((0..x.len()).map(element).collect(), out)
}
