//! The number of edits between a hypothesis and a reference.

use super::beam::Table;
use super::shift::{MOST_CANDIDATES, best_shift};

/// Counts the edits: moves as long as one reduces the edit distance, then the edit distance.
pub(super) fn edits(hypothesis: &[u32], reference: &[u32]) -> u32 {
    if reference.is_empty() {
        return hypothesis.len() as u32;
    }
    let mut words = hypothesis.to_vec();
    let (mut moves, mut checked) = (0, 0);
    while let Some(best) = best_shift(&words, reference, &mut checked) {
        // A search that ends at the limit does not use what it found, as in Tercom.
        if checked >= MOST_CANDIDATES || best.gain <= 0 {
            break;
        }
        moves += 1;
        words = best.words;
    }
    moves + Table::new(&words, reference).distance()
}
