//! The dashboard as a whole: a made-up run, keys pressed one after the other, pictures drawn.

mod answers;
mod curves;
pub(super) mod fixture;
mod inspected;
mod pictures;
mod runs;
mod scripted;
mod settings;
mod student;
mod timeline;
