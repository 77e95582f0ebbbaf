//! The suite of `ranks.rs` on processes that `mpirun` started.
//!
//! `cargo test` runs this program once, without `mpirun`: it then starts itself under `mpirun` with two
//! and with three processes.
// Helpers of a test are tests too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, clippy::print_stdout)]

#[path = "resume/corner.rs"]
mod corner;
#[path = "resume/runs.rs"]
mod runs;
#[path = "ranks/suite.rs"]
mod suite;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, ExitCode};

use seq2seq::ranks::of_first;
use seq2seq::{Mpi, Ranks, TrainOptions};
use suite::{World, on_rank};

/// A part of the suite.
type Test = fn(&World);

/// Set for the processes that `mpirun` starts.
const STARTED: &str = "RANKS_OF_TEST";

fn main() -> ExitCode {
    if env::var_os(STARTED).is_some() {
        return as_rank();
    }
    for size in [2, 3] {
        let mut mpirun = Command::new("mpirun");
        mpirun.args(["-n", &size.to_string()]).arg(env::current_exe().unwrap());
        // For Open MPI: more processes than processors, none bound to one, as any user.
        let settings = [
            ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
            ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
            ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
            ("OMPI_MCA_hwloc_base_binding_policy", "none"),
        ];
        match mpirun.env(STARTED, "1").envs(settings).status() {
            Ok(status) if status.success() => {}
            Ok(status) => panic!("{size} ranks: {status}"),
            Err(error) => {
                eprintln!("SKIPPED: the suite under mpirun: {error}");
                return ExitCode::SUCCESS;
            }
        }
    }
    ExitCode::SUCCESS
}

fn as_rank() -> ExitCode {
    let (mpi, ranks) = Mpi::start(|text| eprintln!("{text}")).unwrap();
    if !ranks.is_first() {
        follow(&ranks);
        drop(mpi);
        return ExitCode::SUCCESS;
    }
    let all = ranks.clone();
    let train = move |options: &TrainOptions| {
        of_first(&all, Some(&true)).unwrap();
        vec![on_rank(options, all.clone())]
    };
    let world = World { size: ranks.size(), train: Box::new(train) };
    let tests: &[(&str, Test)] = &[
        ("every_preset_trains_as_in_one_process", suite::every_preset_trains_as_in_one_process),
        ("every_kind_of_state_is_shared", suite::every_kind_of_state_is_shared),
        ("a_run_moves_between_numbers_of_ranks", suite::a_run_moves_between_numbers_of_ranks),
        #[cfg(feature = "opencl")]
        ("devices_train_as_one_device", suite::devices_train_as_one_device),
    ];
    for (name, test) in tests {
        if catch_unwind(AssertUnwindSafe(|| test(&world))).is_err() {
            println!("test {name} on {} ranks ... FAILED", ranks.size());
            Mpi::abort(101);
        }
        println!("test {name} on {} ranks ... ok", ranks.size());
    }
    of_first(&ranks, Some(&false)).unwrap();
    drop(mpi);
    ExitCode::SUCCESS
}

/// Trains whatever rank 0 trains.
fn follow(ranks: &Ranks) {
    while of_first::<bool>(ranks, None).unwrap() {
        on_rank(&TrainOptions::default(), ranks.clone()).unwrap();
    }
}
