//! The live display of a run.
//!
//! [`Model`] holds everything that is displayed; [`Model::apply`], [`Model::key`] and
//! [`Model::tick`] update it, and [`view`] draws it. All depend only on their arguments. [`show`]
//! connects them to a [`Source`] of events, the keyboard, the clock and the terminal.

mod beside;
mod compact;
mod curves_view;
mod event_loop;
mod follow;
mod history;
mod inspect_key;
mod inspecting;
mod journal;
mod key_binding;
mod key_document;
mod keys;
mod layout;
mod look;
mod map_view;
mod metric;
mod mode;
mod model;
mod others;
mod page;
mod palette;
mod panels;
mod parameters;
mod parameters_view;
mod picture;
mod plots;
mod pointer;
mod runs;
mod series;
mod settings_form;
mod source;
mod target;
mod theme;
mod timeline;
mod view;
pub(crate) mod widgets;

#[cfg(test)]
mod tests;

pub use curves_view::CurvesKey;
pub use event_loop::{ExitReason, show};
pub use follow::LogFollower;
pub use history::{HistoryPart, RunHistory};
pub use inspect_key::InspectKey;
pub use key_document::markdown;
pub use keys::{Action, BINDINGS, Binding, Gesture, Key, action, hints, mouse_action};
pub use look::Look;
pub use mode::{Effect, Mode, Movement, QUIT_CHOICES, QuitAnswer, QuitChoice, Role, RunRequest};
pub use model::Model;
pub use page::Page;
pub use palette::Colours;
pub use plots::{Plot, RunPlots};
pub use series::{Bucket, Column, Series};
pub use source::{Source, SourceUpdate};
pub use theme::Theme;
pub use view::{view, view_in, view_of};
