//! Ranks that are threads of one process, for tests.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Exchange, Place, Ranks};
use crate::error::{Error, Result};
use crate::le_bytes;

/// How long a rank waits for the others.
const PATIENCE: Duration = Duration::from_secs(120);

/// Creates `size` ranks of this process.
pub(crate) fn in_process(size: usize) -> Vec<Ranks> {
    let table = Arc::new(Table::default());
    let member = |rank| Member { rank, size, table: Arc::clone(&table) };
    let ranks =
        |rank| Ranks::new(Arc::new(member(rank))).with_place(Place { number: rank, count: size });
    (0..size).map(ranks).collect()
}

/// Where the ranks meet.
#[derive(Debug, Default)]
struct Table {
    round: Mutex<Round>,
    changed: Condvar,
}

/// What the ranks have brought to a meeting, and how many have read it.
#[derive(Debug, Default)]
struct Round {
    brought: Vec<Option<Vec<u8>>>,
    read: usize,
}

#[derive(Debug)]
struct Member {
    rank: usize,
    size: usize,
    table: Arc<Table>,
}

impl Member {
    /// Waits until `ready`, and calls `then`.
    fn when<T>(
        &self,
        ready: impl Fn(&Round) -> bool,
        then: impl FnOnce(&mut Round) -> T,
    ) -> Result<T> {
        let until = Instant::now() + PATIENCE;
        let mut round = self.table.round.lock().unwrap_or_else(PoisonError::into_inner);
        while !ready(&round) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::Ranks(format!("rank {}: the others did not come", self.rank)));
            }
            let waited = self.table.changed.wait_timeout(round, left);
            round = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let result = then(&mut round);
        self.table.changed.notify_all();
        Ok(result)
    }
}

impl Exchange for Member {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn all_to_all(&self, blocks: &[f32], received: &mut [f32]) -> Result<()> {
        let length = blocks.len() / self.size;
        let mut all = self.gather(&le_bytes::from_f32(blocks))?;
        all.remove(self.rank);
        for (block, bytes) in received.chunks_mut(length.max(1)).zip(all) {
            le_bytes::read(&bytes[self.rank * length * 4..], block);
        }
        Ok(())
    }

    fn all_gather(&self, blocks: &mut [f32]) -> Result<()> {
        let length = blocks.len() / self.size;
        let own = le_bytes::from_f32(&blocks[self.rank * length..][..length]);
        for (to, bytes) in blocks.chunks_mut(length.max(1)).zip(self.gather(&own)?) {
            le_bytes::read(&bytes, to);
        }
        Ok(())
    }

    fn gather(&self, mine: &[u8]) -> Result<Vec<Vec<u8>>> {
        let (rank, size) = (self.rank, self.size);
        // A rank that comes early waits until the last meeting has ended.
        let is_free = |round: &Round| round.brought.get(rank).is_none_or(Option::is_none);
        self.when(is_free, |round| {
            round.brought.resize(size, None);
            round.brought[rank] = Some(mine.to_vec());
        })?;
        let is_full = |round: &Round| round.brought.iter().flatten().count() == size;
        self.when(is_full, |round| {
            let all: Vec<Vec<u8>> = round.brought.iter().flatten().cloned().collect();
            round.read += 1;
            if round.read == size {
                *round = Round::default();
            }
            all
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rank_gets_what_the_others_brought_round_after_round() {
        let run = |ranks: Ranks| {
            let rank = ranks.rank();
            for round in 0..50_u8 {
                // Lengths differ.
                let mine = vec![round; rank + 1];
                let all = ranks.gather(&mine).unwrap();
                assert_eq!(all, [vec![round; 1], vec![round; 2], vec![round; 3]]);
                let exchange = ranks.exchange().unwrap();
                let blocks: Vec<f32> = (0..6).map(|i| (10 * rank + i) as f32).collect();
                let mut received = [0.0; 4];
                exchange.all_to_all(&blocks, &mut received).unwrap();
                let others = [[10, 11, 20, 21], [0, 1, 20, 21], [0, 1, 10, 11]][rank];
                assert_eq!(received, others.map(|v| (v + 2 * rank) as f32));
                let mut all = [9.0; 3];
                all[rank] = rank as f32;
                exchange.all_gather(&mut all).unwrap();
                assert_eq!(all, [0.0, 1.0, 2.0]);
            }
            let shared = ranks.with_parts(rank + 2).unwrap();
            assert_eq!(shared.parts(99), 9);
            assert_eq!(shared.parts_before(), [0, 2, 5][rank]);
        };
        std::thread::scope(|scope| {
            for ranks in in_process(3) {
                scope.spawn(move || run(ranks));
            }
        });
        let alone = Ranks::default().with_parts(4).unwrap();
        assert_eq!((alone.parts(7), alone.parts_before(), alone.size()), (7, 0, 1));
    }
}
