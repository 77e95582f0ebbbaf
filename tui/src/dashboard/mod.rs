//! The live display of a run.
//!
//! [`Model`] holds everything that is displayed; [`Model::apply`], [`Model::key`] and
//! [`Model::tick`] update it, and [`view`] draws it. All depend only on their arguments. [`show`]
//! connects them to a [`Source`] of events, the keyboard, the clock and the terminal.

mod compact;
mod event_loop;
mod inspect_key;
mod inspecting;
mod journal;
mod keys;
mod mode;
mod model;
mod page;
mod panels;
mod parameters;
mod runs;
mod series;
mod theme;
mod view;
mod widgets;

#[cfg(test)]
mod tests;

pub use event_loop::{ExitReason, Source, SourceUpdate, show};
pub use inspect_key::InspectKey;
pub use keys::{Action, BINDINGS, Binding, Key, action, hints, markdown};
pub use mode::{Effect, Mode, QUIT_CHOICES, QuitAnswer, QuitChoice, Role, RunRequest};
pub use model::Model;
pub use page::Page;
pub use series::{Bucket, Column, Series};
pub use theme::Theme;
pub use view::view;
