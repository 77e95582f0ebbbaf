//! Work shared by several processes: their ranks, what they tell each other, and MPI.
//!
//! Rank 0 alone reads commands and writes the run's folder; before each step it tells the others what
//! to do. Whatever all ranks compute is the same on all of them, since the sums that they compute it
//! from are.

mod begin;
#[cfg(feature = "mpi")]
mod mpi;
mod order;
mod place;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tensor::Ranks;

pub(crate) use self::begin::{Beginning, Given};
#[cfg(feature = "mpi")]
pub use self::mpi::Mpi;
pub(crate) use self::order::Order;
pub use self::place::host;
use crate::{Error, Result};

/// A failure as the other ranks hear of it.
#[derive(Debug, Serialize, Deserialize)]
enum Failure {
    Cancelled,
    Other(String),
}

/// Returns the values of all ranks, in their order. Every rank calls this.
///
/// # Errors
/// A rank has ended or does not answer.
pub fn gather<T: Serialize + DeserializeOwned>(ranks: &Ranks, mine: &T) -> Result<Vec<T>> {
    let all = ranks.gather(&encode(mine)?)?;
    all.iter().map(|bytes| decode(bytes)).collect()
}

/// Returns the results of all ranks, in their order, or the first error of any of them: on rank 0 its
/// own, and otherwise [`Error::OtherRank`]. Every rank calls this, so that all go on
/// or none.
///
/// # Errors
/// Those of the ranks; [`Error::Cancelled`] if the work of any of them was cancelled.
pub(crate) fn gather_results<T: Serialize + DeserializeOwned>(
    ranks: &Ranks,
    mine: Result<T>,
) -> Result<Vec<T>> {
    let (told, own) = match mine {
        Ok(value) => (Ok(value), None),
        Err(Error::Cancelled) => (Err(Failure::Cancelled), None),
        Err(error) => (Err(Failure::Other(error.to_string())), Some(error)),
    };
    let all = gather(ranks, &told);
    if let Some(error) = own {
        return Err(match ranks.is_first() {
            true => error,
            false => Error::OtherRank { rank: ranks.rank(), what: error.to_string() },
        });
    }
    let result = |(rank, told)| match told {
        Ok(value) => Ok(value),
        Err(Failure::Cancelled) => Err(Error::Cancelled),
        Err(Failure::Other(what)) => Err(Error::OtherRank { rank, what }),
    };
    all?.into_iter().enumerate().map(result).collect()
}

/// Returns the value of rank 0. Every rank calls this; the values of the others are not used.
///
/// # Errors
/// A rank has ended or does not answer.
pub fn of_first<T: Serialize + DeserializeOwned>(ranks: &Ranks, mine: Option<&T>) -> Result<T> {
    let bytes = match mine.filter(|_| ranks.is_first()) {
        Some(value) => encode(value)?,
        None => Vec::new(),
    };
    decode(ranks.gather(&bytes)?.first().map_or(&[], Vec::as_slice))
}

fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let encoded = bincode::serde::encode_to_vec(value, bincode::config::standard());
    encoded.map_err(|error| Error::Other(format!("cannot encode for the other ranks: {error}")))
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let decoded = bincode::serde::decode_from_slice(bytes, bincode::config::standard());
    let decoded = decoded.map(|(value, _)| value);
    decoded.map_err(|error| {
        Error::Other(format!(
            "what another rank sent cannot be decoded ({error}): all ranks should run the same program"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_ranks<T: Send>(size: usize, run: impl Fn(Ranks) -> T + Sync) -> Vec<T> {
        std::thread::scope(|scope| {
            let run = &run;
            let all: Vec<_> = tensor::check::ranks(size)
                .into_iter()
                .map(|ranks| scope.spawn(move || run(ranks)))
                .collect();
            all.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    #[test]
    fn a_failure_of_one_rank_is_one_of_all() {
        let all = on_ranks(3, |ranks| {
            let mine = match ranks.rank() {
                2 => Err(Error::Other("the disk is gone".into())),
                rank => Ok(rank),
            };
            gather_results(&ranks, mine).unwrap_err().to_string()
        });
        assert_eq!(all, vec!["rank 2: the disk is gone"; 3]);
        let all = on_ranks(2, |ranks| {
            let mine = if ranks.is_first() { Err(Error::Cancelled) } else { Ok(1) };
            matches!(gather_results(&ranks, mine), Err(Error::Cancelled))
        });
        assert_eq!(all, [true; 2]);
        let all = on_ranks(2, |ranks| gather_results(&ranks, Ok(ranks.rank())).unwrap());
        assert_eq!(all, [[0, 1]; 2]);
    }

    #[test]
    fn all_ranks_have_the_value_of_the_first() {
        let all = on_ranks(3, |ranks| {
            let mine = format!("of rank {}", ranks.rank());
            of_first(&ranks, Some(&mine)).unwrap()
        });
        assert_eq!(all, ["of rank 0"; 3]);
    }
}
