//! The dashboard as a whole: a made-up run, keys pressed one after the other, pictures drawn.

mod answers;
mod curves;
pub(super) mod fixture;
mod inspected;
mod looks;
mod mouse;
mod pictures;
mod properties;
mod replay;
mod runs;
mod scripted;
mod settings;
mod speed;
mod strategy;
mod student;
mod timeline;
