//! The ranks of one machine.

use sysinfo::System;
#[cfg(feature = "mpi")]
use tensor::{Place, Ranks};

/// Returns the ranks with the place of this one on its machine. Every rank calls this.
///
/// # Errors
/// A rank has ended or does not answer.
#[cfg(feature = "mpi")]
pub(super) fn placed(ranks: Ranks) -> crate::Result<Ranks> {
    let own = host();
    let hosts: Vec<String> = super::gather(&ranks, &own)?;
    let (before, rest) = hosts.split_at(ranks.rank().min(hosts.len()));
    let here = |hosts: &[String]| hosts.iter().filter(|host| **host == own).count();
    Ok(ranks.with_place(Place { number: here(before), count: here(before) + here(rest) }))
}

/// Returns the name of this machine.
pub fn host() -> String {
    System::host_name().unwrap_or_else(|| "localhost".to_owned())
}
