//! The single pass that every optimizer makes over a parameter, its gradient and its state.

use std::ops::Range;

use crate::gradients::{Gradient, RowGradient};
use crate::simd::{Kernel, Simd, dispatch};
use crate::threads::{Threads, part};

/// The largest number of threads per parameter: the parts live on the stack.
const MOST_PARTS: usize = 32;
/// Elements below which waking another thread does not pay.
const LEAST_PART: usize = 8_192;
/// Elements whose squares are summed in f32 before they are added up in f64.
const BLOCK: usize = 4_096;

/// The update of one vector of elements by an optimizer with `N` state tensors.
pub(super) trait UpdateRule<const N: usize>: Copy + Sync {
    /// Returns the new value for value `p`, clipped gradient `g` and state `slots`, which it
    /// overwrites.
    ///
    /// Lanes must be independent: an element's result depends on that element alone.
    fn apply<S: Simd>(&self, s: S, p: S::V, g: S::V, slots: &mut [S::V; N]) -> S::V;

    /// Returns true if an element with g = 0 keeps its value and state bit for bit.
    fn rests_at_zero(&self) -> bool {
        false
    }
}

/// Squared norms computed during the pass.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sums {
    /// Of the change.
    pub(super) update: f64,
    /// Of the value before it.
    pub(super) value: f64,
}

impl Sums {
    /// Returns ||update|| / ||value||, or 0 if the value is 0.
    pub(super) fn ratio(self) -> f64 {
        if self.value > 0.0 { (self.update / self.value).sqrt() } else { 0.0 }
    }
}

/// A parameter's gradient, or the part of it that belongs to one thread.
#[derive(Clone, Copy)]
enum Source<'a> {
    Dense(&'a [f32]),
    /// Rows `ids`, counted from row `first` of the table; the others are zero.
    Rows {
        ids: &'a [u32],
        rows: &'a [f32],
        width: usize,
        first: usize,
        skip: bool,
    },
}

impl Default for Source<'_> {
    fn default() -> Self {
        Self::Dense(&[])
    }
}

/// Ranges of a part that share one gradient slice, or `None` if the gradient is zero.
struct Segments<'a> {
    source: Source<'a>,
    at: usize,
    len: usize,
}

impl<'a> Iterator for Segments<'a> {
    type Item = (Range<usize>, Option<&'a [f32]>);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        if at >= self.len {
            return None;
        }
        let (end, gradient) = match &mut self.source {
            Source::Dense(g) => (self.len, Some(*g)),
            Source::Rows { ids, rows, width, first, skip } => match ids.split_first() {
                None if *skip => return None,
                None => (self.len, None),
                Some((&id, others)) => {
                    let start = (id as usize - *first) * *width;
                    if at < start && !*skip {
                        (start, None)
                    } else {
                        let (row, behind) = rows.split_at(*width);
                        (*ids, *rows) = (others, behind);
                        self.at = start + *width;
                        return Some((start..self.at, Some(row)));
                    }
                }
            },
        };
        self.at = end;
        Some((at..end, gradient))
    }
}

/// The part of a parameter that one thread works on.
struct Part<'a, const N: usize> {
    value: &'a mut [f32],
    slots: [&'a mut [f32]; N],
    source: Source<'a>,
    sums: Sums,
}

impl<const N: usize> Default for Part<'_, N> {
    fn default() -> Self {
        Self {
            value: &mut [],
            slots: std::array::from_fn(|_| &mut [][..]),
            source: Source::default(),
            sums: Sums::default(),
        }
    }
}

/// Cuts off and returns the first `n` elements of a slice.
fn cut<'a>(slice: &mut &'a mut [f32], n: usize) -> &'a mut [f32] {
    let (head, tail) = std::mem::take(slice).split_at_mut(n);
    *slice = tail;
    head
}

/// Applies a rule to a whole parameter: one pass over the elements, divided among several threads.
///
/// The caller has checked that the gradient fits the value and that its ids are in rising order. A
/// parameter without a gradient is unchanged. The norms are computed only if `ratios` is true.
pub(super) fn run<const N: usize, R: UpdateRule<N>>(
    threads: &Threads,
    rule: R,
    factor: f32,
    mut value: &mut [f32],
    mut slots: [&mut [f32]; N],
    gradient: &Gradient,
    ratios: bool,
) -> Sums {
    // Norms of the value need every row; computing a row that rests at zero gives the same bits as
    // skipping it.
    let skip = rule.rests_at_zero() && !ratios;
    let len = value.len();
    let mut parts: [Part<'_, N>; MOST_PARTS] = std::array::from_fn(|_| Part::default());
    let work = match gradient {
        Gradient::None => return Sums::default(),
        Gradient::Rows(r) if skip => r.rows.len(),
        _ => len,
    };
    let count = threads.count().min(work / LEAST_PART).clamp(1, MOST_PARTS);
    let mut start = 0;
    for (i, slot) in parts[..count].iter_mut().enumerate() {
        let (end, source) = match gradient {
            Gradient::None => (start, Source::default()),
            Gradient::Dense(g) => {
                let range = part(len, BLOCK, count, i);
                (range.end, Source::Dense(&g.data()[range]))
            }
            Gradient::Rows(r) => rows_part(r, len, start, (i, count), skip),
        };
        slot.value = cut(&mut value, end - start);
        for (mine, whole) in slot.slots.iter_mut().zip(&mut slots) {
            *mine = cut(whole, end - start);
        }
        slot.source = source;
        start = end;
    }
    threads.for_each_of(work / 3, &mut parts[..count], |_, part| {
        if ratios {
            dispatch(Pass::<_, N, true> { rule, factor, part });
        } else {
            dispatch(Pass::<_, N, false> { rule, factor, part });
        }
    });
    parts[..count].iter().fold(Sums::default(), |sum, part| Sums {
        update: sum.update + part.sums.update,
        value: sum.value + part.sums.value,
    })
}

/// Returns the end and the gradient of part `i` of `count` of a table; the part begins at element
/// `start`.
fn rows_part(
    gradient: &RowGradient,
    len: usize,
    start: usize,
    (i, count): (usize, usize),
    skip: bool,
) -> (usize, Source<'_>) {
    let (ids, rows) = (&gradient.ids, gradient.rows.data());
    let width = gradient.rows.shape().width().max(1);
    let table = len / width;
    let first = start / width;
    // If rows without a gradient are skipped, the work lies in the other rows, else in all rows.
    let last = if i + 1 == count {
        table
    } else if skip {
        ids.get(part(ids.len(), 1, count, i).end).map_or(table, |&id| id as usize)
    } else {
        part(table, 1, count, i).end
    };
    let from = ids.partition_point(|&id| (id as usize) < first);
    let to = ids.partition_point(|&id| (id as usize) < last);
    let rows = &rows[from * width..to * width];
    (last * width, Source::Rows { ids: &ids[from..to], rows, width, first, skip })
}

struct Pass<'p, 'a, R, const N: usize, const NORMS: bool> {
    rule: R,
    factor: f32,
    part: &'p mut Part<'a, N>,
}

impl<R: UpdateRule<N>, const N: usize, const NORMS: bool> Kernel for Pass<'_, '_, R, N, NORMS> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Part { value, slots, source, sums } = self.part;
        let zero = s.splat(0.0);
        let segments = Segments { source: *source, at: 0, len: value.len() };
        for (range, gradient) in segments {
            for start in range.clone().step_by(BLOCK) {
                let end = (start + BLOCK).min(range.end);
                let value = &mut value[start..end];
                let slots = slots.each_mut().map(|slot| &mut slot[start..end]);
                let gradient = gradient.map(|g| &g[start - range.start..end - range.start]);
                let mut block = Block { value, slots, gradient, update: zero, norm: zero };
                let len = end - start;
                let full = len - len % S::LANES;
                for i in (0..full).step_by(S::LANES) {
                    block.vector::<S, R, NORMS>(s, self.rule, self.factor, i..i + S::LANES);
                }
                if full < len {
                    block.vector::<S, R, NORMS>(s, self.rule, self.factor, full..len);
                }
                if NORMS {
                    sums.update += f64::from(s.sum(block.update));
                    sums.value += f64::from(s.sum(block.norm));
                }
            }
        }
    }
}

/// Updates a block of a part, and sums the squares of its change and its value lane by lane.
struct Block<'a, V, const N: usize> {
    value: &'a mut [f32],
    slots: [&'a mut [f32]; N],
    gradient: Option<&'a [f32]>,
    update: V,
    norm: V,
}

impl<V: Copy, const N: usize> Block<'_, V, N> {
    /// Updates elements `at`, at most a vector.
    #[inline(always)]
    fn vector<S: Simd<V = V>, R: UpdateRule<N>, const NORMS: bool>(
        &mut self,
        s: S,
        rule: R,
        factor: f32,
        at: Range<usize>,
    ) {
        let g = match self.gradient {
            Some(g) => s.mul(s.load(&g[at.clone()]), s.splat(factor)),
            None => s.splat(0.0),
        };
        let p = s.load(&self.value[at.clone()]);
        let mut state: [V; N] = std::array::from_fn(|k| s.load(&self.slots[k][at.clone()]));
        let new = rule.apply(s, p, g, &mut state);
        s.store(&mut self.value[at.clone()], new);
        for (slot, v) in self.slots.iter_mut().zip(state) {
            s.store(&mut slot[at.clone()], v);
        }
        if NORMS {
            // Read again: lanes past the end may hold anything and must not be counted.
            let new = if at.len() == S::LANES { new } else { s.load(&self.value[at]) };
            let change = s.sub(new, p);
            self.update = s.fma(change, change, self.update);
            self.norm = s.fma(p, p, self.norm);
        }
    }
}
