//! The sum of gradients over ranks.

use super::gradient::{Gradient, RowGradient};
use crate::cpu::elementwise as kernels;
use crate::cpu::pooled_vec::PooledVec;
use crate::error::{Error, Result};
use crate::params::Params;
use crate::ranks::{Exchange, Ranks};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::threads::Threads;

/// Every dense gradient begins at a multiple of this number of elements, a cache line.
const ALIGNED: usize = 16;
/// Elements that a thread copies or adds at a time.
const CHUNK: usize = 1 << 16;

/// Replaces gradients on the host by their sums over all ranks, which are added in a fixed order. Every
/// rank gets the same bits.
///
/// A parameter whose gradients are rows on all ranks that have one keeps rows, unless they are more
/// than the table has. All others are summed in one piece of memory: block r of it is sent to rank
/// r, which adds the blocks of all ranks, and the sums are sent to all ranks (a reduce-scatter and
/// an all-gather). Returns the number of bytes that this rank sent.
pub(super) fn sum(
    gradients: &mut [Gradient],
    params: &Params,
    ranks: &Ranks,
    threads: &Threads,
) -> Result<usize> {
    let Some(exchange) = ranks.exchange() else { return Ok(0) };
    let forms = agree(gradients, params, ranks)?;
    let others = ranks.size() - 1;
    let rows = sum_rows(gradients, &forms, params, exchange)?;
    let sent = others * (4 * forms.len() + rows);
    let mut starts = PooledVec::with_capacity(forms.len());
    let mut total = 0;
    for (form, id) in forms.iter().zip(params.ids()) {
        starts.push(total);
        if *form == Form::Dense {
            total += params.shape(id).len().next_multiple_of(ALIGNED);
        }
    }
    if total == 0 {
        return Ok(sent);
    }
    let block = total.div_ceil(ranks.size()).next_multiple_of(ALIGNED);
    let mut all = Tensor::uninit([block * ranks.size()]);
    fill(&mut all, gradients, &forms, params, threads);
    exchange_sums(&mut all, block, exchange, threads)?;
    for (i, (gradient, id)) in gradients.iter_mut().zip(params.ids()).enumerate() {
        if forms[i] == Form::Dense {
            let shape = params.shape(id);
            *gradient = Gradient::Dense(all.flat(starts[i], shape.len()).shaped(shape));
        }
    }
    // A block of every other rank, and the sums of this one to every other rank.
    Ok(sent + others * 2 * 4 * block)
}

/// The form of a parameter's sum.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    None,
    Dense,
    /// Rows, with their number on each rank.
    Rows(PooledVec<usize>),
}

/// Returns the form of each sum, the same on all ranks.
fn agree(gradients: &[Gradient], params: &Params, ranks: &Ranks) -> Result<PooledVec<Form>> {
    // 0: none, 1: dense, 2 + n: n rows.
    let code = |gradient: &Gradient| match gradient {
        Gradient::None => 0_u32,
        Gradient::Dense(_) => 1,
        Gradient::Rows(rows) => 2 + rows.ids.len() as u32,
    };
    let mine: Vec<u8> = gradients.iter().flat_map(|g| code(g).to_le_bytes()).collect();
    let all = ranks.gather(&mine)?;
    if let Some(other) = all.iter().find(|other| other.len() != mine.len()) {
        let what = format!("{} parameters, expected {}", other.len() / 4, gradients.len());
        return Err(Error::Ranks(format!("another rank has {what}")));
    }
    let form = |i: usize, table: Shape| {
        let codes = all.iter().map(|codes| codes.as_chunks::<4>().0[i]).map(u32::from_le_bytes);
        let rows: PooledVec<usize> =
            codes.clone().map(|code| code.saturating_sub(2) as usize).collect();
        match codes.clone().max().unwrap_or(0) {
            0 => Form::None,
            1 => Form::Dense,
            _ if { codes }.any(|code| code == 1) || rows.iter().sum::<usize>() > table.rows() => {
                Form::Dense
            }
            _ => Form::Rows(rows),
        }
    };
    Ok(params.ids().enumerate().map(|(i, id)| form(i, params.shape(id))).collect())
}

/// Sums the gradients whose sums are rows. Returns the number of bytes that this rank sent to each
/// other rank.
///
/// Every rank has a block of one piece of memory: for each gradient the ids of its rows, as the bits of
/// f32 numbers, and then the rows. All blocks are as long as the longest.
fn sum_rows(
    gradients: &mut [Gradient],
    forms: &[Form],
    params: &Params,
    exchange: &dyn Exchange,
) -> Result<usize> {
    let size = exchange.size();
    let mut lengths = PooledVec::filled(0, size);
    for (form, id) in forms.iter().zip(params.ids()) {
        let Form::Rows(counts) = form else { continue };
        for (length, count) in lengths.iter_mut().zip(counts) {
            *length += count * (1 + params.shape(id).width());
        }
    }
    let block = lengths.iter().copied().max().unwrap_or(0).next_multiple_of(ALIGNED);
    let mut all = Tensor::uninit([block * size]);
    let mut rest = &mut all.data_mut()[exchange.rank() * block..][..block];
    for (gradient, form) in gradients.iter().zip(forms) {
        if let (Gradient::Rows(RowGradient { ids, rows }), Form::Rows(_)) = (gradient, form) {
            let (to, more) = rest.split_at_mut(ids.len() + rows.len());
            let (to_ids, to_rows) = to.split_at_mut(ids.len());
            to_ids.iter_mut().zip(ids).for_each(|(to, &id)| *to = f32::from_bits(id));
            to_rows.copy_from_slice(rows.data());
            rest = more;
        }
    }
    rest.fill(0.0);
    if block > 0 {
        exchange.all_gather(all.data_mut())?;
    }
    let mut starts: PooledVec<usize> = (0..size).map(|rank| rank * block).collect();
    for ((gradient, form), id) in gradients.iter_mut().zip(forms).zip(params.ids()) {
        let Form::Rows(counts) = form else { continue };
        let width = params.shape(id).width();
        let mut parts = PooledVec::with_capacity(size);
        for (start, &count) in starts.iter_mut().zip(counts) {
            let ids = all.data()[*start..][..count].iter().map(|id| id.to_bits()).collect();
            let rows = all.flat(*start + count, count * width).shaped([count, width].into());
            parts.push((ids, None, rows));
            *start += count * (1 + width);
        }
        *gradient = Gradient::Rows(RowGradient::gather(&parts, usize::MAX, width)?);
    }
    Ok(4 * block)
}

/// Copies the gradients whose sums are dense into one piece of memory, zeros where there is none.
fn fill(
    all: &mut Tensor,
    gradients: &[Gradient],
    forms: &[Form],
    params: &Params,
    threads: &Threads,
) {
    let mut rest = all.data_mut();
    let mut copies: PooledVec<(&mut [f32], &[f32])> = PooledVec::new();
    let mut copied = 0;
    for (i, id) in params.ids().enumerate().filter(|&(i, _)| forms[i] == Form::Dense) {
        let shape = params.shape(id);
        let (part, more) = rest.split_at_mut(shape.len().next_multiple_of(ALIGNED));
        rest = more;
        let (part, gap) = part.split_at_mut(shape.len());
        gap.fill(0.0);
        match &gradients[i] {
            Gradient::Dense(gradient) => {
                copied += gradient.len();
                copies.extend(part.chunks_mut(CHUNK).zip(gradient.data().chunks(CHUNK)));
            }
            Gradient::None => part.fill(0.0),
            Gradient::Rows(rows) => {
                part.fill(0.0);
                rows.add_to(part, shape.width());
            }
        }
    }
    rest.fill(0.0);
    threads.for_each_of(copied / 4, &mut copies, |_, (to, from)| to.copy_from_slice(from));
}

/// Replaces every rank's blocks by their sums: rank r adds the blocks r of all ranks, its own first and
/// then the others in their order.
fn exchange_sums(
    all: &mut Tensor,
    block: usize,
    exchange: &dyn Exchange,
    threads: &Threads,
) -> Result<()> {
    let mut received = Tensor::uninit([all.len() - block]);
    exchange.all_to_all(all.data(), received.data_mut())?;
    let others = received.data();
    {
        let sums = &mut all.data_mut()[exchange.rank() * block..][..block];
        let mut chunks: PooledVec<&mut [f32]> = sums.chunks_mut(CHUNK).collect();
        threads.for_each_of(others.len() / 4, &mut chunks, |i, sum| {
            for other in others.chunks_exact(block) {
                kernels::add(sum, &other[i * CHUNK..][..sum.len()]);
            }
        });
    }
    exchange.all_gather(all.data_mut())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gradients::ReducedGradients;
    use crate::ranks::in_process;

    /// Rank r has `of(r)`; returns the sums of every rank.
    fn summed(
        size: usize,
        shapes: &[Shape],
        of: impl Fn(usize) -> Vec<Gradient> + Sync,
    ) -> Vec<Vec<Gradient>> {
        let run = |ranks: Ranks| {
            let mut params = Params::new();
            for (i, &shape) in shapes.iter().enumerate() {
                params.add(format!("p{i}"), Tensor::zeros(shape)).unwrap();
            }
            let threads = Threads::new(2);
            let mine = of(ranks.rank()).into_iter().collect();
            let mut reduced = ReducedGradients::new(mine);
            reduced.sum_over(&ranks, &params, &threads).unwrap();
            let each: Vec<f64> = params.ids().map(|id| reduced.get(id).norm()).collect();
            let norms = reduced.norms(None).unwrap();
            assert_eq!(norms.each.iter().copied().collect::<Vec<_>>(), each);
            params.ids().map(|id| reduced.get(id).clone()).collect()
        };
        std::thread::scope(|scope| {
            let started: Vec<_> =
                in_process(size).into_iter().map(|ranks| scope.spawn(|| run(ranks))).collect();
            started.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    fn rows(ids: &[u32], value: f32) -> Gradient {
        let rows = Tensor::full([ids.len(), 3], value);
        Gradient::Rows(RowGradient { ids: ids.into(), rows })
    }

    #[test]
    fn the_sums_are_those_of_one_process_whatever_the_forms() {
        let shapes = [Shape::from([20, 3]), [1000, 71].into(), [7, 3].into(), [5].into()];
        let value = |rank: usize, i: usize| ((rank * 31 + i) % 17) as f32 * 0.25;
        let of = |rank: usize| {
            let dense = (0..71_000).map(|i| value(rank, i)).collect();
            let dense = Gradient::Dense(Tensor::from_vec([1000, 71], dense).unwrap());
            // Rows on all ranks; dense everywhere; rows and dense; on one rank only.
            let mixed = match rank {
                0 => rows(&[2], 4.0),
                _ => Gradient::Dense(Tensor::full([7, 3], rank as f32)),
            };
            let last = match rank {
                1 => Gradient::Dense(Tensor::full([5], 2.0)),
                _ => Gradient::None,
            };
            vec![rows(&[rank as u32, 5], 1.0), dense, mixed, last]
        };
        for size in 2..5 {
            for sums in summed(size, &shapes, of) {
                let [first, second, third, last] = sums.try_into().unwrap();
                let Gradient::Rows(RowGradient { ids, rows }) = first else { panic!("not rows") };
                assert_eq!(ids.len(), size + 1);
                assert_eq!(rows.data().last(), Some(&(size as f32)));
                let want = |i| (0..size).map(|rank| value(rank, i)).sum::<f32>();
                let second = second.to_dense(shapes[1]);
                assert!(second.data().iter().enumerate().all(|(i, &got)| got == want(i)));
                let dense: f32 = (1..size).map(|rank| rank as f32).sum();
                assert_eq!(
                    third.to_dense(shapes[2]).data()[5..9],
                    [dense, dense + 4.0, dense + 4.0, dense + 4.0]
                );
                assert_eq!(last.to_dense(shapes[3]).data(), [2.0; 5]);
            }
        }
    }

    #[test]
    fn more_rows_than_the_table_has_become_dense_and_none_stay_none() {
        let sums =
            summed(4, &[[7, 3].into(), [5].into()], |_| vec![rows(&[1, 6], 0.5), Gradient::None]);
        for sums in sums {
            let Gradient::Dense(dense) = &sums[0] else { panic!("not dense") };
            assert_eq!(dense.data().iter().sum::<f32>(), 4.0 * 6.0 * 0.5);
            assert!(matches!(sums[1], Gradient::None));
        }
    }
}
