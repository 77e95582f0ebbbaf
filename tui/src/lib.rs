//! The program of the workspace: train, watch and use recurrent encoder-decoders in a terminal.
//!
//! - [`run`] is the whole program: arguments in, exit status out.
//! - [`args`] defines every option; the help text is made from it.
//! - [`commands`] holds one file for each subcommand.
//! - [`dashboard`] is the live picture of a run: [`dashboard::Model`] is changed by events and
//!   keys and asks for [`dashboard::Effect`]s, [`dashboard::view`] draws it. Neither reads a
//!   clock or touches a terminal; [`dashboard::show`] does both.
//! - [`headless`] says the same in plain lines, for logs.
//! - [`run_state`] is what both know about a run; [`summary`] is what is said when it is over.
//! - [`terminal`], [`signals`] and [`output`] are the only places that touch the terminal, the
//!   process's signals, and the standard streams.
#![forbid(unsafe_code)]

mod advice;
pub mod args;
pub mod commands;
pub mod dashboard;
pub mod format;
pub mod headless;
pub mod output;
mod program;
mod refused;
pub mod run_state;
pub mod signals;
pub mod summary;
pub mod terminal;
pub mod trainer;

pub use program::run;
