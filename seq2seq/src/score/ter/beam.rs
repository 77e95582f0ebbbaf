//! Edit distance to a reference, searched in a beam around the diagonal of its table.

/// Cells searched on each side of the diagonal.
const BEAM: usize = 25;
/// The cost of a cell outside the beam.
const UNREACHED: u32 = u32::MAX / 2;

/// How a word of the hypothesis or of the reference is accounted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    /// The words are equal.
    Keep,
    /// The hypothesis' word is replaced by the reference's.
    Replace,
    /// The reference's word is missing in the hypothesis.
    Insert,
    /// The hypothesis' word is not in the reference.
    Delete,
}

/// The table of edit distances between the beginnings of a hypothesis and of a reference: a row per
/// word of the hypothesis, a column per word of the reference, and one more of each for none. Only
/// the cells within the beam are stored.
#[derive(Debug)]
pub(super) struct Table<'a> {
    hypothesis: &'a [u32],
    reference: &'a [u32],
    /// Where each row begins in `costs`, and where the last one ends.
    offsets: Vec<usize>,
    costs: Vec<u32>,
}

impl<'a> Table<'a> {
    /// Computes the table.
    pub(super) fn new(hypothesis: &'a [u32], reference: &'a [u32]) -> Self {
        let width = reference.len() + 1;
        let mut table = Self { hypothesis, reference, offsets: vec![0, width], costs: Vec::new() };
        table.costs.extend((0_u32..).take(width));
        let mut row = Vec::new();
        for (i, &word) in hypothesis.iter().enumerate() {
            fill(&mut row, table.row(i), word, reference, table.beam(i + 1));
            table.costs.extend_from_slice(&row);
            table.offsets.push(table.costs.len());
        }
        table
    }

    /// Returns the columns of row `i` that are searched.
    fn beam(&self, i: usize) -> Beam {
        Beam::new(i, self.hypothesis.len(), self.reference.len() + 1)
    }

    fn row(&self, i: usize) -> Row<'_> {
        let costs = &self.costs[self.offsets[i]..self.offsets[i + 1]];
        Row { start: self.beam(i).start, costs }
    }

    /// Returns the edit distance.
    pub(super) fn distance(&self) -> u32 {
        self.costs.last().copied().unwrap_or_default()
    }

    /// Returns the edit distance of another hypothesis of the same length, which equals this one
    /// outside `changed`. Rows before it are those of this table, and so are those after it if one
    /// row is.
    pub(super) fn distance_of(
        &self,
        other: &[u32],
        changed: std::ops::Range<usize>,
        rows: &mut [Vec<u32>; 2],
    ) -> u32 {
        let [above, row] = rows;
        above.clear();
        above.extend_from_slice(self.row(changed.start).costs);
        for (i, &word) in other.iter().enumerate().skip(changed.start) {
            let before = Row { start: self.beam(i).start, costs: above };
            fill(row, before, word, self.reference, self.beam(i + 1));
            if i + 1 >= changed.end && row == self.row(i + 1).costs {
                return self.distance();
            }
            std::mem::swap(above, row);
        }
        above.last().copied().unwrap_or_default()
    }

    /// Returns the edits that turn the hypothesis into the reference, in the order of the text.
    /// Among edits of equal cost, keeping and replacing precede deleting, and that inserting.
    pub(super) fn edits(&self) -> Vec<Edit> {
        let cost = |i: usize, j: usize| self.row(i).cost(j);
        let (mut i, mut j) = (self.hypothesis.len(), self.reference.len());
        let mut edits = Vec::with_capacity(i + j);
        while i > 0 || j > 0 {
            let here = cost(i, j);
            let is_equal = i > 0 && j > 0 && self.hypothesis[i - 1] == self.reference[j - 1];
            if i > 0 && j > 0 && here == cost(i - 1, j - 1) + u32::from(!is_equal) {
                edits.push(if is_equal { Edit::Keep } else { Edit::Replace });
                (i, j) = (i - 1, j - 1);
            } else if i > 0 && (j == 0 || here == cost(i - 1, j) + 1) {
                edits.push(Edit::Delete);
                i -= 1;
            } else {
                edits.push(Edit::Insert);
                j -= 1;
            }
        }
        edits.reverse();
        edits
    }
}

/// The cells of a row that are within its beam.
#[derive(Debug, Clone, Copy)]
struct Row<'a> {
    start: usize,
    costs: &'a [u32],
}

impl Row<'_> {
    /// Returns the cost of column `j`.
    fn cost(&self, j: usize) -> u32 {
        let at = j.checked_sub(self.start);
        at.and_then(|at| self.costs.get(at)).copied().unwrap_or(UNREACHED)
    }
}

/// The columns of a row that are searched.
#[derive(Debug, Clone, Copy)]
struct Beam {
    start: usize,
    end: usize,
}

impl Beam {
    /// Returns the columns of row `i` of a table of `rows` rows after the first, and `width`
    /// columns: all of those of row 0.
    fn new(i: usize, rows: usize, width: usize) -> Self {
        if i == 0 {
            return Self { start: 0, end: width };
        }
        let slope = (width - 1) as f64 / rows as f64;
        // Of lengths that are very different, two rows would not overlap otherwise.
        let (half, beam) = (slope / 2.0, BEAM as f64);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // positive and small
        let (beam, diagonal) = (
            if beam < half { (half + beam).ceil() as usize } else { BEAM },
            (i as f64 * slope).floor() as usize,
        );
        let end = if i == rows { width } else { width.min(diagonal + beam) };
        Self { start: diagonal.saturating_sub(beam), end }
    }
}

/// Computes the cells of a row from the row above it.
fn fill(row: &mut Vec<u32>, above: Row<'_>, word: u32, reference: &[u32], beam: Beam) {
    row.clear();
    let mut left = UNREACHED;
    if beam.start == 0 {
        left = above.cost(0) + 1;
        row.push(left);
    }
    let first = beam.start.max(1);
    let mut diagonal = above.cost(first - 1);
    for j in first..beam.end {
        let up = above.cost(j);
        let replaced = diagonal + u32::from(word != reference[j - 1]);
        left = replaced.min(up + 1).min(left + 1).min(UNREACHED);
        row.push(left);
        diagonal = up;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_have_the_cost_of_the_distance() {
        let (hypothesis, reference) = ([1, 2, 3, 9, 4], [1, 3, 5, 4, 6]);
        let table = Table::new(&hypothesis, &reference);
        assert_eq!(table.distance(), 3);
        use Edit::{Delete, Insert, Keep, Replace};
        assert_eq!(table.edits(), [Keep, Delete, Keep, Replace, Keep, Insert]);
        assert_eq!(Table::new(&[], &[1, 2]).edits(), [Insert, Insert]);
        assert_eq!(Table::new(&[1, 2], &[]).edits(), [Delete, Delete]);
    }

    #[test]
    fn the_distance_of_a_changed_hypothesis_is_that_of_its_own_table() {
        let hypothesis: Vec<u32> = (0..40).map(|i| i * 7 % 11).collect();
        let reference: Vec<u32> = (0..33).map(|i| i * 5 % 11).collect();
        let table = Table::new(&hypothesis, &reference);
        let mut rows = [Vec::new(), Vec::new()];
        for at in 0..39 {
            let mut other = hypothesis.clone();
            other.swap(at, at + 1);
            let expected = Table::new(&other, &reference).distance();
            assert_eq!(table.distance_of(&other, at..at + 2, &mut rows), expected);
        }
    }
}
