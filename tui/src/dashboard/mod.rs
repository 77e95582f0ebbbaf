//! The live picture of a run.
//!
//! [`Model`] is everything that is shown; [`Model::apply`], [`Model::key`] and [`Model::tick`]
//! change it, [`view`] draws it. All are plain functions of their arguments. [`show`] connects
//! them with a [`Source`] of events, the keyboard, the clock and the terminal.

mod compact;
mod event_loop;
mod keys;
mod mode;
mod model;
mod panels;
mod parameters;
mod series;
mod theme;
mod view;
mod widgets;

#[cfg(test)]
mod tests;

pub use event_loop::{ExitReason, Source, SourceUpdate, show};
pub use keys::{Action, BINDINGS, Binding, Key, Page, action, hints, markdown};
pub use mode::{Effect, Mode, QUIT_CHOICES, Role};
pub use model::Model;
pub use series::{Bucket, Column, Series};
pub use theme::Theme;
pub use view::view;
