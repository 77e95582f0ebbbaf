//! The terminal program of the workspace: trains, monitors and applies recurrent encoder-decoders.
//!
//! - [`run`] is the whole program: it parses the arguments and returns the exit status.
//! - [`args`] defines every option; the help text is generated from it.
//! - [`commands`] has one file per subcommand.
//! - [`dashboard`] displays a run live: events and keys update [`dashboard::Model`], which returns
//!   [`dashboard::Effect`]s, and [`dashboard::view`] draws it. Neither reads a clock or accesses a
//!   terminal; [`dashboard::show`] does both.
//! - [`headless`] prints the same information as plain lines, for logs.
//! - [`figures`] draws charts, attention maps and screens as SVG and PNG; [`tensorboard`] writes event
//!   files.
//! - `tour` is the tour from the vanishing gradient to attention.
//! - [`run_state`] is the state of a run that both share; [`summary`] is the text printed at its
//!   end.
//! - [`recording`] writes what the terminal shows to a file.
//! - `ranks` joins the other processes that `mpirun` started.
//! - [`terminal`], [`signals`] and [`output`] are the only modules that access the terminal, the
//!   process's signals, and the standard streams.
#![forbid(unsafe_code)]

mod advice;
pub mod answerer;
pub mod args;
pub mod commands;
pub mod dashboard;
pub mod figures;
pub mod format;
pub mod headless;
#[cfg(all(feature = "mpi", unix))]
mod lent_terminal;
mod listing;
mod mouse_capture;
pub mod output;
mod program;
mod ranks;
pub mod recording;
mod refused;
pub mod run_state;
mod runs_lister;
pub mod signals;
pub mod summary;
pub mod tensorboard;
pub mod terminal;
mod ticks;
mod tour;
pub mod trainer;
mod training_source;

pub use program::run;

/// Runs the README's examples as doctests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
